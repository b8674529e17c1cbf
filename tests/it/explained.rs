//! The log event and the detailed error response of a rejection have the cause and the remedy of the diagnosis.

use http::{Request, StatusCode};
use mock_entra::{KeySpec, MockEntra, TokenBuilder};
use serde_json::{Value, json};
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{AuthenticateLayer, Rejection, RequireLayer, Requirement, diagnosis::CauseKind};

use crate::{
    log::Lines,
    support::{Bench, START},
};

async fn bench() -> Bench {
    Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).detailed_errors(true)).await
}

fn hint(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body).unwrap()["hint"].as_str().unwrap().to_owned()
}

/// A token, whether its signature is verified when it is rejected, and the cause.
type Row = (fn(TokenBuilder) -> TokenBuilder, bool, CauseKind);

const ROWS: &[Row] = &[
    (|token| token.graph(), false, CauseKind::GraphToken),
    (|token| token.tenant(MockEntra::OTHER_TENANT), false, CauseKind::OtherTenant),
    (|token| token.wrong_key(), false, CauseKind::BadSignature),
    (|token| token.header("alg", "none"), false, CauseKind::Unsigned),
    (|token| token.kid("unknown"), false, CauseKind::OwnSigningKey),
    (|token| token.expired(), true, CauseKind::Expired),
    (|token| token.not_before(START + 3600), true, CauseKind::NotYetValid),
    (|token| token.audience("api://orders"), true, CauseKind::ForwardedToken),
    (|token| token.audience("https://66666666-7777-8888-9999-000000000000"), true, CauseKind::AudienceForm),
    (|token| token.id_token(), true, CauseKind::IdToken),
    (|token| token.app().roles([""; 0]), true, CauseKind::AppWithoutRole),
    (|token| token.claim("cnf", json!({ "jkt": "x" })), true, CauseKind::BoundToken),
];

#[tokio::test(flavor = "current_thread")]
async fn log_and_detailed_response_have_the_cause_and_remedy_of_the_diagnosis() {
    let bench = bench().await;
    let lines = Lines::default();
    let _guard = lines.listen();
    for (change, is_verified, kind) in ROWS {
        // Each code is logged once in a while.
        bench.clock.advance(std::time::Duration::from_secs(11));
        let token = change(bench.token()).build();
        let diagnosis = bench.verifier.diagnose(&token).await;
        let cause = diagnosis.cause().unwrap();
        assert_eq!(cause.kind(), *kind, "{diagnosis}");
        lines.take_all();
        let answer = bench.send_token(&token).await;
        let (rejection, log) = (answer.rejection.unwrap(), lines.take_all());
        assert_eq!(rejection.is_verified(), *is_verified, "{}", kind.code());
        let remedy = cause.remedies()[0].text();
        assert!(log.contains(&format!(" cause={:?} remedy={remedy:?}", kind.code())), "{log}\n{remedy}");
        let hint = hint(&answer.body);
        assert_eq!(hint, rejection.hint());
        assert!(hint.starts_with(kind.title()), "{hint}");
        assert!(hint.ends_with(&format!(" To fix: {}.", remedy.trim_end_matches('.'))), "{hint}\n{remedy}");
    }
}

/// Before its signature is verified, nothing of a token is in a response, whatever its cause and the remedy.
#[tokio::test]
async fn detailed_response_is_never_an_echo_of_an_unverified_token() {
    let bench = bench().await;
    let guid = "0badcafe-2222-3333-4444-555555555555";
    let changes: [fn(TokenBuilder, &str) -> TokenBuilder; 12] = [
        |token, _| token.claim("iss", "https://made-up.b2clogin.com/made-up/v2.0/").claim("tfp", "made-up"),
        |token, guid| token.claim("iss", format!("https://made-up.ciamlogin.com/{guid}/v2.0")).claim("tid", guid),
        |token, guid| token.claim("iss", format!("https://login.microsoftonline.us/{guid}/v2.0")).claim("tid", guid),
        |token, _| token.claim("iss", "https://made-up.example/").audience("api://made-up"),
        |token, guid| token.tenant(guid).claim("azp", "made-up"),
        |token, _| token.tenant("{tenantid}"),
        |token, _| token.kid("made-up"),
        |token, _| token.wrong_key().audience("api://made-up").claim("roles", json!(["made-up"])),
        |token, _| token.header("typ", "made-up+jwt"),
        |token, _| token.header("alg", "made-up"),
        |token, _| token.header("crit", json!(["made-up"])),
        |token, _| token.claim("aud", json!(["https://graph.microsoft.com", "made-up"])).scopes("made-up"),
    ];
    let mut causes = Vec::new();
    for change in changes {
        let token = change(bench.token(), guid).build();
        let answer = bench.send_token(&token).await;
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{body}");
        assert!(!answer.rejection.unwrap().is_verified(), "{body}");
        for text in [&body, &format!("{:?}", answer.headers)] {
            assert!(!text.contains("made-up") && !text.contains("0badcafe"), "{text}");
        }
        causes.push(bench.verifier.diagnose(&token).await.cause().unwrap().kind());
    }
    causes.sort_unstable();
    causes.dedup();
    assert!(causes.len() >= 9, "{causes:?}");
}

#[tokio::test]
async fn rejection_of_an_operation_is_explained_by_its_requirement() {
    let bench = bench().await;
    for (requirement, token, kind, remedy) in [
        (
            Requirement::app_permission("Files.Read.All"),
            bench.token().roles(["Files.Read.All"]),
            CauseKind::RoleOfOtherKind,
            "Let the application get a token for itself",
        ),
        (
            Requirement::scope("Files.Write"),
            bench.token(),
            CauseKind::NoScope,
            "Let the client request the scope api://",
        ),
        (
            Requirement::scope("api://orders/Files.Read"),
            bench.token().scopes("Files.Read"),
            CauseKind::ScopeWithResource,
            "Require the scope Files.Read (in code, Requirement::scope(\"Files.Read\"))",
        ),
    ] {
        let required = RequireLayer::new(requirement.clone()).layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(http::Response::new(http_body_util::Full::<bytes::Bytes>::default()))
        }));
        let request = Request::builder().header("authorization", format!("Bearer {}", token.build())).body(()).unwrap();
        let service = AuthenticateLayer::new(bench.verifier.clone()).layer(required);
        let response = service.oneshot(request).await.unwrap();
        let rejection = response.extensions().get::<Rejection>().unwrap();
        let diagnosis = bench.verifier.diagnose_for(&token.build(), &requirement).await;
        assert_eq!(diagnosis.cause().unwrap().kind(), kind);
        let hint = rejection.hint();
        assert!(hint.starts_with(kind.title()) && hint.contains(remedy), "{hint}");
    }
}

/// Explaining a rejection neither fetches keys nor runs the checks of the application.
#[tokio::test]
async fn explanation_has_no_effects() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let bench = Bench::of(MockEntra::new(), |builder| {
        builder.tenant(MockEntra::TENANT).detailed_errors(true).check(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Err(Rejection::new(tower_entra::RejectionKind::ClaimNotAllowed).detail("suspended")) }
        })
    })
    .await;
    let answer = bench.send_token(&bench.token().build()).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(hint(&answer.body).starts_with(CauseKind::OwnersCheck.title()), "{}", hint(&answer.body));

    let key = bench.mock.new_key();
    bench.mock.publish(KeySpec::new(&key).for_app("another"));
    bench.clock.advance(std::time::Duration::from_secs(60));
    let unknown = bench.token().signed_with(&key).build();
    let fetches = bench.mock.fetches();
    let answer = bench.send_token(&unknown).await;
    let of_request = bench.mock.fetches() - fetches;
    assert_eq!(answer.rejection.unwrap().code(), "unknown_key");
    let plain = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    plain.clock.advance(std::time::Duration::from_secs(60));
    let fetches = plain.mock.fetches();
    assert_eq!(plain.code(&plain.token().kid("unknown").build()).await, "unknown_key");
    assert_eq!(of_request, plain.mock.fetches() - fetches);
}
