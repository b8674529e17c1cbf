#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use http::HeaderValue;
use http_body::Body as _;
use http_body_util::BodyExt;

use super::*;
use crate::rejection::RejectionKind;

fn detailed() -> ResponseContext {
    ResponseContext::new(Challenge::new(), true)
}

fn plain() -> ResponseContext {
    ResponseContext::default()
}

/// One rejection for each status, and one of each further shape of challenge.
fn samples() -> Vec<Rejection> {
    vec![
        Rejection::new(RejectionKind::MissingToken),
        Rejection::new(RejectionKind::Expired).verified(),
        Rejection::new(RejectionKind::WrongTenant).got("eyJsecret"),
        Rejection::new(RejectionKind::InsufficientScope).verified().scopes("Files.Read Files.Write"),
        Rejection::new(RejectionKind::MalformedHeader),
        Rejection::new(RejectionKind::KeysUnavailable).retry_after(Duration::from_millis(1001)),
        Rejection::new(RejectionKind::LayerMissing),
    ]
}

/// Status, headers in alphabetical order, an empty line, body.
fn shown(response: &Response<Bytes>) -> String {
    let mut lines: Vec<_> =
        response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    let body = str::from_utf8(response.body()).unwrap();
    format!("{}\n{}\n\n{body}", response.status().as_u16(), lines.join("\n"))
}

fn answers(responder: &dyn Responder, context: &ResponseContext) -> Vec<String> {
    samples().iter().map(|rejection| shown(&responder.respond(rejection, context))).collect()
}

#[test]
fn api_management_byte_for_byte() {
    let expected = [
        "401\ncontent-type: application/json\nwww-authenticate: Bearer\n\n\
         {\"statusCode\":401,\"message\":\"Unauthorized. Access token is missing or invalid.\"}",
        "401\ncontent-type: application/json\n\
         www-authenticate: Bearer error=\"invalid_token\", error_description=\"the token has expired\"\n\n\
         {\"statusCode\":401,\"message\":\"Unauthorized. Access token is missing or invalid.\"}",
        "401\ncontent-type: application/json\nwww-authenticate: Bearer error=\"invalid_token\", \
         error_description=\"the access token is not valid for this API\"\n\n\
         {\"statusCode\":401,\"message\":\"Unauthorized. Access token is missing or invalid.\"}",
        "403\ncontent-type: application/json\nwww-authenticate: Bearer error=\"insufficient_scope\", \
         error_description=\"the token lacks the scope that this operation needs\", \
         scope=\"Files.Read Files.Write\"\n\n\
         {\"statusCode\":403,\"message\":\"Forbidden. The access token lacks a required permission.\"}",
        "400\ncontent-type: application/json\nwww-authenticate: Bearer error=\"invalid_request\", \
         error_description=\"the request has more than one Authorization header\"\n\n\
         {\"statusCode\":400,\"message\":\"Bad request. There is more than one Authorization header.\"}",
        "503\ncontent-type: application/json\nretry-after: 2\n\n\
         {\"statusCode\":503,\"message\":\"Service unavailable. Access tokens cannot be checked at the moment.\"}",
        "500\ncontent-type: application/json\n\n{\"statusCode\":500,\"message\":\"Internal server error.\"}",
    ];
    assert_eq!(answers(&ApiManagement::new(), &plain()), expected);
}

#[test]
fn api_management_has_settings_for_401_alone() {
    let responder = ApiManagement::new().status(StatusCode::NOT_FOUND).message("No \"such\" thing.");
    let answers = answers(&responder, &plain());
    assert!(answers[0].starts_with("404\n"));
    assert!(answers[0].ends_with(r#"{"statusCode":404,"message":"No \"such\" thing."}"#));
    assert!(answers[0].contains("www-authenticate: Bearer\n"));
    assert!(answers[3].starts_with("403\n"));
}

#[test]
fn api_management_detailed() {
    let rejection = Rejection::new(RejectionKind::WrongAudience).verified().expected("api://me").got("api://\"you\"");
    let response = ApiManagement::new().respond(&rejection, &detailed());
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["statusCode"], 401);
    assert_eq!(body["code"], "wrong_audience");
    assert_eq!(body["hint"], rejection.hint());
    assert_eq!(body["expected"], "api://me");
    assert_eq!(body["got"], "api://\"you\"");

    let unverified = Rejection::new(RejectionKind::WrongAudience).expected("api://me").got("api://you");
    let response = ApiManagement::new().respond(&unverified, &detailed());
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["code"], "wrong_audience");
    assert_eq!((body.get("expected"), body.get("got")), (None, None));
}

#[test]
fn nothing_is_shown_without_detailed_errors() {
    let rejection =
        Rejection::new(RejectionKind::WrongAudience).verified().expected("our-own").got("their-own").detail("deep");
    let responders: [&dyn Responder; 4] = [&ApiManagement::new(), &Problem, &Empty, &Grpc];
    for responder in responders {
        let answer = shown(&responder.respond(&rejection, &plain()));
        for secret in ["our-own", "their-own", "deep", "wrong_audience"] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
    for responder in responders {
        for rejection in samples() {
            for context in [plain(), detailed()] {
                assert!(!shown(&responder.respond(&rejection, &context)).contains("eyJsecret"));
            }
        }
    }
}

#[test]
fn problem() {
    let answers = answers(&Problem, &plain());
    assert_eq!(
        answers[3],
        "403\ncontent-type: application/problem+json\nwww-authenticate: Bearer error=\"insufficient_scope\", \
         error_description=\"the token lacks the scope that this operation needs\", \
         scope=\"Files.Read Files.Write\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403}"
    );
    assert!(answers[5].contains("retry-after: 2\n"));
    let rejection = Rejection::new(RejectionKind::Expired).verified();
    let response = Problem.respond(&rejection, &detailed());
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["detail"], rejection.hint());
    assert_eq!(body["code"], "expired");
}

#[test]
fn empty() {
    let answers = answers(&Empty, &plain());
    assert_eq!(answers[0], "401\nwww-authenticate: Bearer\n\n");
    assert_eq!(answers[5], "503\nretry-after: 2\n\n");
}

#[test]
fn grpc_is_read_by_tonic() {
    use tonic::Code::{Internal, InvalidArgument, PermissionDenied, Unauthenticated, Unavailable};
    let codes =
        [Unauthenticated, Unauthenticated, Unauthenticated, PermissionDenied, InvalidArgument, Unavailable, Internal];
    for (rejection, code) in samples().iter().zip(codes) {
        let response = Grpc.respond(rejection, &plain());
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &HeaderValue::from_static("application/grpc"))
        );
        assert!(response.body().is_empty());
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), code);
        if code != Internal {
            assert_eq!(status.message(), rejection.public_description());
        }
    }
    let rejection =
        Rejection::new(RejectionKind::WrongAudience).verified().expected("100 %\r\n").got("\u{e9}\0~ \u{1f980}");
    let response = Grpc.respond(&rejection, &detailed());
    let status = tonic::Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.message(), format!("wrong_audience: {}", rejection.hint()));
    assert!(response.headers()["grpc-message"].to_str().unwrap().contains("100 %25%0D%0A"));
}

#[test]
fn retry_after_is_whole_seconds_rounded_up() {
    for (wait, expected) in [(None, "1"), (Some(0), "1"), (Some(1), "1"), (Some(1000), "1"), (Some(30_001), "31")] {
        let mut rejection = Rejection::new(RejectionKind::KeysUnavailable);
        if let Some(wait) = wait {
            rejection = rejection.retry_after(Duration::from_millis(wait));
        }
        let response = Empty.respond(&rejection, &plain());
        assert_eq!(response.headers()["retry-after"], expected, "{wait:?}");
    }
    let forever = Rejection::new(RejectionKind::KeysUnavailable).retry_after(Duration::MAX);
    assert_eq!(Empty.respond(&forever, &plain()).headers()["retry-after"], u64::MAX.to_string());
}

#[test]
fn challenge_has_its_settings_in_every_shape() {
    let challenge = Challenge::new().realm("files").resource_metadata("https://api.example/.well-known/x");
    let shown: Vec<_> = samples().iter().map(|rejection| challenge.header(rejection)).collect();
    let text = |at: usize| shown[at].as_ref().unwrap().to_str().unwrap();
    assert_eq!(text(0), r#"Bearer realm="files", resource_metadata="https://api.example/.well-known/x""#);
    assert_eq!(
        text(1),
        r#"Bearer realm="files", error="invalid_token", error_description="the token has expired", resource_metadata="https://api.example/.well-known/x""#
    );
    assert_eq!((&shown[5], &shown[6]), (&None, &None));
}

#[test]
fn prepared_headers_are_those_that_would_be_made() {
    use crate::rejection::PublicCause;

    let challenge = Challenge::new().realm("files");
    let context = ResponseContext::new(challenge.clone(), false);
    for &kind in RejectionKind::ALL {
        for cause in [PublicCause::None, PublicCause::Expired, PublicCause::MicrosoftApi("Microsoft Graph")] {
            let plain = Rejection::new(kind).with_public_cause(cause).scopes("a b");
            for rejection in
                [plain.clone(), plain.clone().verified(), plain.clone().forbidden(), plain.verified().forbidden()]
            {
                let mut headers = HeaderMap::new();
                context.set_headers(&rejection, &mut headers);
                assert_eq!(headers.get("www-authenticate"), challenge.header(&rejection).as_ref(), "{rejection:?}");
            }
        }
    }
}

#[test]
fn a_role_refused_with_403_names_no_scope() {
    let rejection = Rejection::new(RejectionKind::InsufficientRole).verified();
    let header = Challenge::new().header(&rejection).unwrap();
    assert!(header.to_str().unwrap().starts_with(r#"Bearer error="insufficient_scope", error_description="#));
    assert!(!header.to_str().unwrap().contains("scope=\""));
}

#[test]
fn a_claims_challenge_has_an_error_of_its_own() {
    let header = Challenge::new().header(&Rejection::new(RejectionKind::InsufficientClaims).verified()).unwrap();
    assert!(header.to_str().unwrap().starts_with(r#"Bearer error="insufficient_claims", "#));
}

#[test]
fn nothing_breaks_out_of_a_parameter() {
    let long = "x".repeat(10_000);
    let table = [
        ("a\"b", "a'b"),
        ("a\\\"b", "a'b"),
        ("a\\", "a"),
        ("a\r\nSet-Cookie: b=c", "a  Set-Cookie: b=c"),
        ("a\0b\x7fc\x1bd", "abcd"),
        ("\u{e9}\u{2028}\u{1f980}\u{ff02}", ""),
        ("\", error=\"none", "', error='none"),
        ("a\tb", "a b"),
        (long.as_str(), long.as_str()),
    ];
    for (value, expected) in table {
        let realm = Challenge::new().realm(value).header(&Rejection::new(RejectionKind::MissingToken)).unwrap();
        assert_eq!(realm.to_str().unwrap(), format!("Bearer realm=\"{expected}\""));
        let metadata = Challenge::new().resource_metadata(value).header(&samples()[0]).unwrap();
        assert_eq!(metadata.to_str().unwrap(), format!("Bearer resource_metadata=\"{expected}\""));
        let scope = Rejection::new(RejectionKind::InsufficientScope).verified().scopes(value);
        let scope = Challenge::new().header(&scope).unwrap();
        assert!(scope.to_str().unwrap().ends_with(&format!(", scope=\"{expected}\"")));
    }
    for character in (0..=0x2fff).filter_map(char::from_u32) {
        let header = Challenge::new().realm(character.to_string()).header(&samples()[0]).unwrap();
        let inside = header.to_str().unwrap().strip_prefix("Bearer realm=\"").unwrap().strip_suffix('"').unwrap();
        assert!(inside.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{character:?}");
    }
}

#[test]
fn a_closure_is_free_but_for_the_challenge_of_401() {
    let mark = |status: u16| {
        let responder = move |rejection: &Rejection| {
            Response::builder().status(status).header("x-code", rejection.code()).body("mine").unwrap()
        };
        Mark::new(std::sync::Arc::new(responder), ResponseContext::new(Challenge::new().realm("r"), false))
    };
    let refuse = |status, rejection: &Rejection| mark(status).refuse::<String>(rejection);

    let response = refuse(401, &samples()[1]);
    assert_eq!(response.headers()["x-code"], "expired");
    assert_eq!(
        response.headers()["www-authenticate"],
        r#"Bearer realm="r", error="invalid_token", error_description="the token has expired""#
    );
    assert_eq!(refuse(401, &samples()[5]).headers()["www-authenticate"], r#"Bearer realm="r""#);
    assert!(!refuse(302, &samples()[1]).headers().contains_key("www-authenticate"));
    assert!(!refuse(403, &samples()[3]).headers().contains_key("www-authenticate"));

    let own =
        |_: &Rejection| Response::builder().status(401).header("www-authenticate", "DPoP").body(vec![1u8]).unwrap();
    let response = Mark::new(std::sync::Arc::new(own), plain()).refuse::<String>(&samples()[1]);
    assert_eq!(response.headers().get_all("www-authenticate").iter().collect::<Vec<_>>(), ["DPoP"]);
    assert_eq!(response.extensions().get::<Rejection>().unwrap().kind(), RejectionKind::Expired);
}

#[tokio::test]
async fn the_body_comes_once_and_tells_its_length() {
    let mut body = ResponseBody::<http_body_util::Full<Bytes>>::refusal(Bytes::from_static(b"four"));
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "four");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    assert!(body.frame().await.is_none());

    let mut none = ResponseBody::<http_body_util::Full<Bytes>>::refusal(Bytes::new());
    assert!(none.is_end_stream());
    assert!(none.frame().await.is_none());

    let inner = ResponseBody::inner(http_body_util::Full::new(Bytes::from_static(b"inner")));
    assert_eq!((inner.size_hint().exact(), inner.is_end_stream()), (Some(5), false));
    assert_eq!(inner.collect().await.unwrap().to_bytes(), "inner");
    assert!(ResponseBody::<http_body_util::Empty<Bytes>>::default().is_end_stream());
}
