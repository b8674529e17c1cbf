//! What people paste instead of a token: each form is read, or has its cause.

use mock_entra::MockEntra;
use tower_entra::{Verifier, diagnosis::CauseKind};

use crate::support::clock_of;

fn verifier(mock: &MockEntra) -> Verifier {
    let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
    builder.fetch(mock.clone()).clock(clock_of(mock)).build().unwrap()
}

/// The form, the text with a token, the cause or `None` if it is accepted with a note, and whether the API accepts the token
/// in it.
type Form = (&'static str, fn(&str) -> String, Option<CauseKind>, bool);

const ACCEPTED: Option<CauseKind> = None;

#[rustfmt::skip]
const FORMS: &[Form] = &[
    ("quoted e-mail", |token| format!("On Monday, A wrote:\n> {}\n> {}\n", &token[..300], &token[300..]), Some(CauseKind::WhitespaceInToken), true),
    ("decoder page", |_| "{\n  \"typ\": \"JWT\",\n  \"alg\": \"RS256\"\n}.{\n  \"aud\": \"api://orders\"\n}.[Signature]".into(), Some(CauseKind::DecodedContent), false),
    ("decoded claims", |_| r#"{"aud":"api://orders","iss":"https://id.contoso.example"}"#.into(), Some(CauseKind::DecodedContent), false),
    ("decoded claims with a token", |token| format!(r#"{{"aud":"x","iss":"y","idp_access_token":"{token}"}}"#), Some(CauseKind::DecodedContent), false),
    ("cookie", |_| "Cookie: session=made-up-session; theme=dark".into(), Some(CauseKind::TokenInCookie), false),
    ("request with a cookie", |_| "GET / HTTP/1.1\r\nHost: api.contoso.example\r\nCookie: session=made-up-session\r\n\r\n".into(), Some(CauseKind::TokenInCookie), false),
    ("Go log", |token| format!("Authorization:[Bearer {token}]"), ACCEPTED, true),
    ("Go log of a header map", |token| format!("map[Accept:[*/*] Authorization:[Bearer {token}] Host:[x]]"), ACCEPTED, true),
    ("header map as JSON", |token| format!(r#"{{"headers":{{"Accept":["*/*"],"Authorization":["Bearer {token}"]}}}}"#), ACCEPTED, true),
    ("placeholder in brackets", |_| "<token>".into(), Some(CauseKind::Placeholder), false),
    ("placeholder of a template", |_| "{{token}}".into(), Some(CauseKind::Placeholder), false),
    ("shell variable", |_| "$TOKEN".into(), Some(CauseKind::Placeholder), false),
    ("shell variable in braces", |_| "${TOKEN}".into(), Some(CauseKind::Placeholder), false),
    ("variable of cmd", |_| "%TOKEN%".into(), Some(CauseKind::Placeholder), false),
    ("words in place of a token", |_| "your-token-here".into(), Some(CauseKind::Placeholder), false),
    ("dots", |_| "...".into(), Some(CauseKind::Placeholder), false),
    ("command with an unset variable", |_| "curl -H \"Authorization: Bearer $TOKEN\" https://api.contoso.example/".into(), Some(CauseKind::Placeholder), false),
    ("text with braces", |_| "no{placeholder".into(), Some(CauseKind::Opaque), false),
    ("text with a bracket", |_| "a<b".into(), Some(CauseKind::Opaque), false),
    ("binary data", |_| "\u{fffd}\u{1}\u{2}<\u{fffd}PNG".into(), Some(CauseKind::Malformed), false),
    ("password", |_| "Authorization: Basic bWFkZTp1cA==".into(), Some(CauseKind::OtherScheme), false),
    ("header without a scheme", |token| format!("Authorization: {token}"), Some(CauseKind::OtherScheme), true),
    ("password and token", |token| format!("Authorization: Basic bWFkZTp1cA==\nAuthorization: Bearer {token}"), Some(CauseKind::TwoHeaders), true),
    ("password of a proxy", |token| format!("Proxy-Authorization: Basic bWFkZTp1cA==\nAuthorization: Bearer {token}"), ACCEPTED, true),
    ("sign-in page", |_| "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>".into(), Some(CauseKind::WebPage), false),
    ("response with a page", |_| "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html></html>".into(), Some(CauseKind::WebPage), false),
    ("response with an ID token", |token| format!(r#"{{"token_type":"Bearer","id_token":"{token}"}}"#), Some(CauseKind::NoAccessToken), true),
    ("response without tokens", |_| r#"{"token_type":"Bearer","expires_in":3599}"#.into(), Some(CauseKind::NoAccessToken), false),
    ("option of curl", |token| format!("curl --oauth2-bearer {token} https://api.contoso.example/"), ACCEPTED, true),
    ("quoted option of curl", |token| format!("curl --oauth2-bearer '{token}' https://api.contoso.example/"), ACCEPTED, true),
    ("PowerShell", |token| format!("Invoke-RestMethod -Headers @{{Authorization=\"Bearer {token}\"}} $uri"), ACCEPTED, true),
    (".http file", |token| format!("GET https://api.contoso.example/\nAuthorization: Bearer {token}\nAccept: */*\n\n###\n"), ACCEPTED, true),
    (".http file with a variable", |token| format!("@token = {token}\n\nGET https://api.contoso.example/\nAuthorization: Bearer {{{{token}}}}\n"), ACCEPTED, true),
    ("Azure CLI", |token| format!(r#"{{"accessToken":"{token}","expiresOn":"2026-11-27 00:00:00","tokenType":"Bearer"}}"#), Some(CauseKind::TokenResponse), true),
    ("JSON with a token", |token| format!(r#"{{"token":"{token}"}}"#), Some(CauseKind::TokenResponse), true),
    ("encoded scheme", |token| format!("Authorization=Bearer%20{token}"), ACCEPTED, true),
    ("encoded scheme and token", |token| format!("Authorization=Bearer%20{}", token.replace('.', "%2E")), Some(CauseKind::UrlEncoded), true),
    ("HAR entry", |token| format!(r#"{{"request":{{"headers":[{{"name":"Accept","value":"*/*"}},{{"name":"Authorization","value":"Bearer {token}"}},{{"name":"Cookie","value":"a=b"}}]}}}}"#), ACCEPTED, true),
];

#[tokio::test]
async fn every_form_is_read_or_has_its_cause() {
    let mock = MockEntra::new();
    let verifier = verifier(&mock);
    let token = mock.token().build();
    let mut wrong = Vec::new();
    for (form, text, cause, is_found) in FORMS {
        let text = text(&token);
        let diagnosis = verifier.diagnose(&text).await;
        let found = diagnosis.cause().map(|cause| cause.kind());
        let is_noted = diagnosis.notes().iter().any(|note| note.kind() == CauseKind::PastedRequest);
        if found != *cause || diagnosis.rejection().is_none() && diagnosis.token().claims().is_some() != *is_found {
            wrong.push(format!("{form}: {found:?}\n{diagnosis}"));
        }
        if cause.is_none() && !(diagnosis.is_accepted() && is_noted) {
            wrong.push(format!("{form}: accepted without a note\n{diagnosis}"));
        }
        let shown = format!("{diagnosis} {}", serde_json::to_string(&diagnosis).unwrap());
        if ["bWFkZTp1cA", "made-up-session"].iter().any(|secret| shown.contains(secret)) {
            wrong.push(format!("{form}: shows a secret\n{diagnosis}"));
        }
        // Only a token alone is accepted: no form is read for a decision.
        if verifier.verify(&text).await.is_ok() {
            wrong.push(format!("{form}: verified"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The longest text that is searched, of pieces that each may cost a search of the rest. Quadratic work would take minutes.
#[tokio::test]
async fn long_texts_of_repeated_forms_are_rejected() {
    const LENGTH: usize = 256 * 1024;
    let mock = MockEntra::new();
    let verifier = verifier(&mock);
    for piece in [
        "authorization: a b",
        "authorization:[",
        "authorization=",
        "\"authorization\",",
        "--oauth2-bearer ",
        "cookie:",
        "cookie",
        "> eyJ\n",
        ">",
        "{\"alg\":",
        "{}",
        "<html",
        "[]string{",
        "bearer%20",
        "\u{fffd}",
        "$",
        "%",
        "your-token-",
    ] {
        let text = piece.repeat(LENGTH / piece.len());
        let diagnosis = verifier.diagnose(&text).await;
        assert!(!diagnosis.is_accepted(), "{piece}");
    }
}
