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
    let responders: [&dyn Responder; 4] = [&ApiManagement::new(), &Problem::new(), &Empty, &Grpc];
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
    let answers = answers(&Problem::new(), &plain());
    assert_eq!(
        answers[3],
        "403\ncontent-type: application/problem+json\nwww-authenticate: Bearer error=\"insufficient_scope\", \
         error_description=\"the token lacks the scope that this operation needs\", \
         scope=\"Files.Read Files.Write\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403}"
    );
    assert!(answers[5].contains("retry-after: 2\n"));
    let rejection = Rejection::new(RejectionKind::Expired).verified();
    let body = str::from_utf8(Problem::new().respond(&rejection, &detailed()).body()).unwrap().to_owned();
    assert_eq!(
        body,
        format!(
            r#"{{"type":"https://docs.rs/tower-entra/latest/tower_entra/guide/troubleshooting/index.html#expired","title":"the token has expired","status":401,"detail":"{}","code":"expired"}}"#,
            rejection.hint()
        )
    );
    let own = Problem::new().guide("/refused").respond(&rejection, &detailed());
    assert!(own.body().starts_with(br#"{"type":"/refused#expired","#));
    assert!(
        Problem::new().guide("/refused").respond(&rejection, &plain()).body().starts_with(br#"{"type":"about:blank","#)
    );
}

/// What each responder shows: code and hint with detailed errors alone, the values of verified tokens alone.
#[test]
fn every_responder_keeps_to_detailed_errors() {
    use tonic_types::StatusExt;

    let verified = Rejection::new(RejectionKind::WrongTenant).verified().expected("our-own").got("their-own");
    let unverified = Rejection::new(RejectionKind::WrongTenant).got("their-own");
    let shown = |rejection: &Rejection, context: &ResponseContext| {
        let grpc = Grpc.respond(rejection, context);
        let status = tonic::Status::from_header_map(grpc.headers()).unwrap();
        let info = status.get_details_error_info().unwrap();
        [
            shown(&ApiManagement::new().respond(rejection, context)),
            shown(&Problem::new().respond(rejection, context)),
            format!("{} {} {:?}", status.message(), info.reason.to_lowercase(), info.metadata),
            shown(&Empty.respond(rejection, context)),
        ]
    };
    for (rejection, context, texts) in [
        (&verified, plain(), [false; 4]),
        (&unverified, plain(), [false; 4]),
        (&verified, detailed(), [true; 4]),
        (&unverified, detailed(), [true, true, false, false]),
    ] {
        let [api_management, problem, grpc, empty] = shown(rejection, &context);
        for (at, text) in ["wrong_tenant", "sign in at a tenant", "our-own", "their-own"].iter().enumerate() {
            // A verified token is told its code by the challenge, and by the reason of gRPC too.
            let is_reason = at == 0 && rejection.is_verified();
            assert_eq!(api_management.contains(text), texts[at], "{text}: {api_management}");
            assert_eq!(problem.contains(text), texts[at], "{text}: {problem}");
            assert_eq!(grpc.contains(text), texts[at] || is_reason, "{text}: {grpc}");
            assert!(!empty.contains(text), "{empty}");
        }
    }
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

/// Read back with tonic-types: reason, domain, metadata. What may not be told apart has one reason.
#[test]
fn grpc_details_are_read_by_tonic() {
    use crate::rejection::PublicCause;
    use tonic_types::StatusExt;

    /// The rejection, its reason without and with detailed errors, and all metadata.
    type Row = (Rejection, &'static str, &'static str, Vec<(&'static str, String)>);

    let new = Rejection::new;
    let graph = PublicCause::MicrosoftApi("Microsoft Graph");
    let table: Vec<Row> = vec![
        (new(RejectionKind::MissingToken), "MISSING_TOKEN", "MISSING_TOKEN", vec![]),
        (new(RejectionKind::UnknownIssuer), "INVALID_TOKEN", "UNKNOWN_ISSUER", vec![]),
        (new(RejectionKind::WrongTenant).got("x"), "INVALID_TOKEN", "WRONG_TENANT", vec![]),
        (new(RejectionKind::UnknownKey), "INVALID_TOKEN", "UNKNOWN_KEY", vec![]),
        (new(RejectionKind::BadSignature).expected("y"), "INVALID_TOKEN", "BAD_SIGNATURE", vec![]),
        (new(RejectionKind::Expired), "INVALID_TOKEN", "EXPIRED", vec![]),
        (new(RejectionKind::Expired).verified(), "EXPIRED", "EXPIRED", vec![]),
        (new(RejectionKind::BadSignature).with_public_cause(PublicCause::Expired), "EXPIRED", "BAD_SIGNATURE", vec![]),
        (
            new(RejectionKind::MicrosoftApiToken).with_public_cause(graph),
            "MICROSOFT_API_TOKEN",
            "MICROSOFT_API_TOKEN",
            vec![],
        ),
        (new(RejectionKind::MalformedHeader), "MALFORMED_HEADER", "MALFORMED_HEADER", vec![]),
        (new(RejectionKind::KeysUnavailable), "KEYS_UNAVAILABLE", "KEYS_UNAVAILABLE", vec![]),
        (new(RejectionKind::LayerMissing), "INTERNAL", "LAYER_MISSING", vec![]),
        (
            new(RejectionKind::InsufficientScope).verified().scopes("A B").expected("scope A").got("C"),
            "INSUFFICIENT_SCOPE",
            "INSUFFICIENT_SCOPE",
            vec![("scope", "A B".into()), ("expected", "scope A".into()), ("got", "C".into())],
        ),
        (
            new(RejectionKind::WrongAudience)
                .verified()
                .expected("x".to_owned() + &"\u{e9}".repeat(500))
                .got("\u{1f980}\0\n"),
            "WRONG_AUDIENCE",
            "WRONG_AUDIENCE",
            // 800 bytes at most, and no half character.
            vec![("expected", "x".to_owned() + &"\u{e9}".repeat(399)), ("got", "\u{1f980}\0\n".into())],
        ),
    ];
    for (rejection, public, detailed_reason, metadata) in table {
        for (context, reason) in [(plain(), public), (detailed(), detailed_reason)] {
            let response = Grpc.respond(&rejection, &context);
            let header = response.headers()["grpc-status-details-bin"].to_str().unwrap();
            assert!(!header.contains('='), "gRPC wants no padding");
            let status = tonic::Status::from_header_map(response.headers()).unwrap();
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "tower-entra"), "{rejection:?}");
            let expected = metadata.iter().filter(|(name, _)| context.detailed() || *name == "scope");
            let expected = expected.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            assert_eq!(info.metadata, expected, "{rejection:?}");
            let google = <tonic_types::pb::Status as prost::Message>::decode(status.details()).unwrap();
            assert_eq!((google.code, google.message.as_str()), (status.code() as i32, status.message()));
        }
    }
}

/// Around the lengths at which the encoding of a length grows.
#[test]
fn grpc_details_of_every_length() {
    use tonic_types::StatusExt;

    for length in (0..400).chain([799, 800]) {
        let text = "x".repeat(length);
        let rejection = Rejection::new(RejectionKind::WrongAudience).verified().expected(&text);
        let response = Grpc.respond(&rejection, &detailed());
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        let info = status.check_error_details().unwrap().error_info().cloned().unwrap();
        assert_eq!(info.metadata["expected"], text);
    }
}

/// Clients and proxies refuse more than 8 KiB of headers.
#[test]
fn grpc_headers_stay_short() {
    let long = "\u{1f980}".repeat(5_000);
    let rejection = Rejection::new(RejectionKind::WrongAudience).verified().expected(&long).got(&long);
    let response = Grpc.respond(&rejection, &detailed());
    let total: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(total < 8 * 1024, "{total}");
    tonic::Status::from_header_map(response.headers()).unwrap();
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

/// RFC 6750 §3.1: which answer says which `error`, and `scope`.
#[test]
fn challenge_by_status() {
    let challenge = Challenge::new().scope("api://a/One api://a/Two");
    for (rejection, expected) in samples().iter().zip([
        Some(r#"Bearer scope="api://a/One api://a/Two""#),
        Some(r#"Bearer error="invalid_token", error_description="the token has expired", scope="api://a/One api://a/Two""#),
        Some(
            r#"Bearer error="invalid_token", error_description="the access token is not valid for this API", scope="api://a/One api://a/Two""#,
        ),
        Some(
            r#"Bearer error="insufficient_scope", error_description="the token lacks the scope that this operation needs", scope="Files.Read Files.Write""#,
        ),
        Some(
            r#"Bearer error="invalid_request", error_description="the request has more than one Authorization header""#,
        ),
        None,
        None,
    ]) {
        assert_eq!(challenge.header(rejection).as_ref().map(|header| header.to_str().unwrap()), expected);
        // Of every responder that is HTTP.
        let context = ResponseContext::new(challenge.clone(), false);
        for responder in [&ApiManagement::new() as &dyn Responder, &Problem::new(), &Empty, &Grpc] {
            let response = responder.respond(rejection, &context);
            assert_eq!(response.headers().get("www-authenticate").map(|header| header.to_str().unwrap()), expected);
        }
    }
}

/// Entra takes a scope without its resource as one of Microsoft Graph's.
#[test]
fn a_required_scope_is_told_in_full() {
    let known = Challenge::new().scope("api://orders/Read api://orders/Orders.Write ReadAll");
    for (challenge, required, told) in [
        (&known, "Read", "api://orders/Read"),
        (&known, "Read Write", "api://orders/Read Write"),
        (&known, "Orders.Write Other", "api://orders/Orders.Write Other"),
        (&known, "api://orders/Read", "api://orders/Read"),
        (&known, "All", "All"),
        (&Challenge::new(), "Read", "Read"),
    ] {
        let header = challenge.header(&Rejection::new(RejectionKind::InsufficientScope).verified().scopes(required));
        let header = header.unwrap().to_str().unwrap().to_owned();
        assert!(header.ends_with(&format!("scope=\"{told}\"")), "{header}");
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
fn a_closure_is_free_but_for_the_challenge() {
    let log = || std::sync::Arc::new(Log::every());
    let mark = |status: u16| {
        let responder = move |rejection: &Rejection| {
            Response::builder().status(status).header("x-code", rejection.code()).body("mine").unwrap()
        };
        LayerMarker::new(
            std::sync::Arc::new(responder),
            ResponseContext::new(Challenge::new().realm("r"), false),
            log(),
            None,
        )
    };
    let refuse = |status, rejection: &Rejection| mark(status).refuse(rejection, None);

    let response = refuse(401, &samples()[1]);
    assert_eq!(response.headers()["x-code"], "expired");
    assert_eq!(
        response.headers()["www-authenticate"],
        r#"Bearer realm="r", error="invalid_token", error_description="the token has expired""#
    );
    assert_eq!(refuse(401, &samples()[5]).headers()["www-authenticate"], r#"Bearer realm="r""#);
    assert!(!refuse(302, &samples()[1]).headers().contains_key("www-authenticate"));
    // The status is another than the rejection's: what is meant by it is the responder's to say.
    assert!(!refuse(403, &samples()[1]).headers().contains_key("www-authenticate"));
    let poor = Rejection::new(RejectionKind::InsufficientScope).verified().scopes("Files.Read");
    assert_eq!(
        refuse(403, &poor).headers()["www-authenticate"],
        r#"Bearer realm="r", error="insufficient_scope", error_description="the token lacks the scope that this operation needs", scope="Files.Read""#
    );
    let twice = Rejection::new(RejectionKind::MalformedHeader);
    assert!(refuse(400, &twice).headers()["www-authenticate"].to_str().unwrap().contains("invalid_request"));
    assert!(!refuse(503, &Rejection::new(RejectionKind::KeysUnavailable)).headers().contains_key("www-authenticate"));

    let own =
        |_: &Rejection| Response::builder().status(401).header("www-authenticate", "DPoP").body(vec![1u8]).unwrap();
    let response = LayerMarker::new(std::sync::Arc::new(own), plain(), log(), None).refuse(&samples()[1], None);
    assert_eq!(response.headers().get_all("www-authenticate").iter().collect::<Vec<_>>(), ["DPoP"]);
    assert_eq!(response.extensions().get::<Rejection>().unwrap().kind(), RejectionKind::Expired);
}

#[tokio::test]
async fn the_body_comes_once_and_tells_its_length() {
    let mut body = ResponseBody::<http_body_util::Full<Bytes>>::own(Bytes::from_static(b"four"));
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "four");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    assert!(body.frame().await.is_none());

    let mut none = ResponseBody::<http_body_util::Full<Bytes>>::own(Bytes::new());
    assert!(none.is_end_stream());
    assert!(none.frame().await.is_none());

    let inner = ResponseBody::inner(http_body_util::Full::new(Bytes::from_static(b"inner")));
    assert_eq!((inner.size_hint().exact(), inner.is_end_stream()), (Some(5), false));
    assert_eq!(inner.collect().await.unwrap().to_bytes(), "inner");
    assert!(ResponseBody::<http_body_util::Empty<Bytes>>::default().is_end_stream());
}
