//! Row 22: what is nobody's business is in no log, at no level, and in no `Debug`.

use std::{
    convert::Infallible,
    fmt::Debug,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use http::{HeaderMap, Request, Uri};
use mock_entra::{Fault, KeySpec, MockEntra, TokenBuilder};
use tower::ServiceExt;
use tower_entra::{
    AuthenticateLayer, Authority, Claims, Cloud, Config, Rejection, RejectionKind, RequireLayer, Requirement, Verifier,
    cache::CacheSettings,
    extract::ClaimsRejection,
    fetch::{Fetch, FetchRequest},
    keys::KeySettings,
    policy::ClaimRule,
    response::{ApiManagement, Challenge, Problem, Responder, ResponseContext},
    tenant::{Instance, IssuerTemplate},
};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Bench, parts};

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Logs everything of this thread, at every level, until the guard is dropped.
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_writer(self.clone())
            .with_ansi(false)
            .finish();
        // While there is one subscriber alone, a call site that a thread without it reaches first stays switched off.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        guard
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const PERSONAL: [&str; 9] = [
    "Ada Example",
    "ada@contoso.example",
    "ada.private@contoso.example",
    "Ada",
    "203.0.113.7",
    "+41 44 000 00 00",
    "Street of Ada",
    "made-up-nonce-of-the-client",
    "AXQAi/8TAAAAmade",
];

/// A person with everything that a token can say of one.
fn personal(token: TokenBuilder) -> TokenBuilder {
    token
        .claim("email", PERSONAL[2])
        .claim("upn", PERSONAL[1])
        .claim("unique_name", PERSONAL[1])
        .claim("given_name", PERSONAL[3])
        .claim("family_name", "Example")
        .claim("nickname", "Ada")
        .claim("ipaddr", PERSONAL[4])
        .claim("phone_number", PERSONAL[5])
        .claim("address", serde_json::json!({ "street_address": PERSONAL[6] }))
}

/// Nothing personal and no part of a token is in `text`, nor a piece of one that could be searched for.
fn assert_silent(place: &str, text: &str, tokens: &[String]) {
    const PIECE: usize = 24;
    for personal in PERSONAL {
        assert!(!text.contains(personal), "{place}: {personal} in {text}");
    }
    for token in tokens {
        let Some((_, rest)) = token.split_once('.') else { continue };
        for part in rest.split('.').filter(|part| part.len() >= PIECE) {
            let pieces = (0..=part.len() - PIECE).step_by(PIECE / 2).map(|at| &part[at..at + PIECE]);
            assert_eq!(pieces.into_iter().find(|piece| text.contains(piece)), None, "{place}: {text}");
        }
    }
}

/// Tokens of Ada's, good and bad in every way.
fn tokens(bench: &Bench) -> Vec<String> {
    let token = || personal(bench.token());
    let mut tokens: Vec<String> = [
        token(),
        token().v1(),
        token().app(),
        token().scopes("Other"),
        token().id_token(),
        token().id_token().audience(MockEntra::CLIENT_ID),
        token().graph(),
        token().expired(),
        token().not_before(crate::support::START + 1000),
        token().wrong_key(),
        token().kid("unknown"),
        token().without_header("kid"),
        token().audience("api://another"),
        token().tenant(MockEntra::OTHER_TENANT),
        token().claim("tid", MockEntra::OTHER_TENANT),
        token().claim("iss", "https://evil.example/"),
        token().claim("ver", "3.0"),
        token().claim("cnf", "x"),
        token().client(MockEntra::OTHER_CALLER),
        token().claim("email", "another.ada@contoso.example").claim("department", "Street of Ada"),
        token().without_claim("department"),
        token().claim("exp", PERSONAL[0]),
        token().claim("sub", serde_json::json!([PERSONAL[1]])),
        token().claim("ISS", PERSONAL[1]),
        token().header("crit", PERSONAL[1]),
        token().raw_payload(PERSONAL[1]),
        token().claim("roles", serde_json::json!({ "x": PERSONAL[1] })),
    ]
    .iter()
    .map(TokenBuilder::build)
    .collect();
    let good = tokens[0].clone();
    tokens.extend([
        format!("{good}=="),
        format!("{good}.x.y"),
        format!("{good}.x"),
        good.replace('.', ""),
        format!("{good} {good}"),
    ]);
    tokens
}

async fn bench() -> Bench {
    Bench::of(MockEntra::new(), |builder| {
        builder.tenant(MockEntra::TENANT).allowed_client(MockEntra::CALLER).detailed_errors(true).check(
            |claims: Claims| async move {
                tracing::trace!(?claims, "an owner's check");
                Ok(())
            },
        )
    })
    .await
}

async fn answer(app: Router, path: &str, token: &str) -> String {
    let request = Request::builder().uri(path).header("authorization", format!("Bearer {token}"));
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let text = format!("{:?} {:?} {:?}", answer.status(), answer.headers(), answer.extensions().get::<Rejection>());
    let body = axum::body::to_bytes(answer.into_body(), 100_000).await.unwrap();
    text + std::str::from_utf8(&body).unwrap()
}

#[tokio::test]
async fn row_22_nothing_of_a_token_is_logged_or_answered() {
    let log = Log::default();
    let guard = log.listen();
    let bench = bench().await;
    let tokens = tokens(&bench);
    let layer = || AuthenticateLayer::new(bench.verifier.clone());
    let from_query =
        layer().token_from(|_: &HeaderMap, uri: &Uri| uri.query()?.strip_prefix("token=").map(str::to_owned));
    let app = Router::new()
        .route(
            "/me",
            get(async |claims: Claims, request: Request<Body>| {
                tracing::trace!(?claims, headers = ?request.headers(), extensions = ?request.extensions(), "inside");
                "me"
            }),
        )
        .route(
            "/maybe",
            get(async |claims: Option<Claims>| {
                tracing::trace!(?claims, "inside");
                "maybe"
            }),
        )
        .route("/files", get(async || "files").layer(RequireLayer::new(Requirement::scope("Files.Read"))))
        .route(
            "/rule",
            get(async || "rule").layer(RequireLayer::new(Requirement::claim(ClaimRule::any("email", ["x"])))),
        );
    let mut answers = String::new();
    for token in &tokens {
        for path in ["/me", "/maybe", "/files", "/rule"] {
            answers += &answer(app.clone().layer(layer()), path, token).await;
            answers += &answer(app.clone().layer(layer().responder(Problem::new())), path, token).await;
        }
        answers += &answer(app.clone().layer(layer().optional()), "/me", token).await;
        answers += &answer(app.clone(), "/me", token).await;
        if !token.contains(' ') {
            answers += &answer(app.clone().layer(from_query.clone()), &format!("/me?token={token}"), "x").await;
        }
        match bench.verifier.verify(token).await {
            Ok(claims) => tracing::trace!(?claims, "accepted"),
            Err(rejection) => {
                tracing::trace!(%rejection, debug = ?rejection, hint = rejection.hint(), "refused");
                tracing::trace!("{}", rejection.public_description());
            }
        }
    }
    for fault in [Fault::Down, Fault::Garbage, Fault::Status(500), Fault::EmptyKeySet] {
        bench.mock.set_fault(fault);
        bench.clock.advance(Duration::from_secs(7200));
        answers += &answer(app.clone().layer(layer()), "/me", &tokens[10]).await;
        let cold = Bench::cold(bench.mock.clone(), |builder| builder.tenant(MockEntra::TENANT));
        answers += &answer(app.clone().layer(AuthenticateLayer::new(cold.verifier)), "/me", &tokens[0]).await;
    }
    drop(guard);
    for part in ["200", "401", "403", "500", "503", "bad_signature", "insufficient_scope"] {
        assert!(answers.contains(part), "{part} is not answered: {answers}");
    }
    assert_silent("the answers", &answers, &tokens);
    let text = log.text();
    for event in ["refused", "bad_signature", "expired", "claim_not_allowed", "inside", "keys_refresh"] {
        assert!(text.contains(event), "{event} is not logged: {text}");
    }
    assert_silent("the log", &text, &tokens);
}

/// Compile-time list: what is public and has a `Debug` that could say something of a token, a person or a key.
#[tokio::test]
async fn row_22_no_debug_output_says_it() {
    let bench = bench().await;
    let tokens = tokens(&bench);
    let mut shown: Vec<(&str, String)> = Vec::new();
    let mut show = |name, value: &dyn Debug| {
        shown.push((name, format!("{value:?}")));
        shown.push((name, format!("{value:#?}")));
    };
    let claims = bench.verifier.verify(&tokens[0]).await.unwrap();
    assert_eq!(claims.name().as_deref(), Some(PERSONAL[0]), "it is there to be asked for");
    show("Claims", &claims);
    show("Option<Claims>", &Some(&claims));
    for token in &tokens {
        if let Err(rejection) = bench.verifier.verify(token).await {
            show("Rejection", &rejection);
            show("its text", &rejection.to_string());
            show("its hint", &rejection.hint());
            show("its source", &std::error::Error::source(&rejection).map(ToString::to_string));
            let context = ResponseContext::new(Challenge::new().realm("files"), true);
            show("its answer", &ApiManagement::new().respond(&rejection, &context));
            show("its other answer", &Problem::new().respond(&rejection, &context));
        }
        let answer = bench.send_token(token).await;
        show("an answer", &answer);
    }
    let rule = ClaimRule::any("email", [PERSONAL[2].replace("ada", "x")]);
    for requirement in [Requirement::claim(rule.clone()), Requirement::scope("x").and(Requirement::claim(rule))] {
        show("a requirement's refusal", &requirement.check(&claims));
    }
    show("Verifier", &bench.verifier);
    show("Stats", &bench.verifier.stats());
    show("AuthenticateLayer", &AuthenticateLayer::new(bench.verifier.clone()));
    show("RequireLayer", &RequireLayer::new(Requirement::scope("x")));
    show("VerifierBuilder", &Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID));
    show("KeySettings", &KeySettings::default());
    show("CacheSettings", &CacheSettings::default());
    show("Authority", &Authority::tenant(crate::support::tenant()));
    show("Instance", &Instance::from(Cloud::Public));
    show("IssuerTemplate", &IssuerTemplate::parse("https://sts.windows.net/{tenantid}/"));
    show("Challenge", &Challenge::new());
    show("RejectionKind", &RejectionKind::ALL);
    show("MockEntra", &bench.mock);
    show("MockKey", &bench.mock.current_key());
    show("KeySpec", &KeySpec::new(&bench.mock.current_key()));
    let url = format!("{}/common/discovery/v2.0/keys", bench.mock.base());
    show("FetchResponse", &bench.mock.fetch(FetchRequest::new(url, 100_000)).await);
    let service = tower::Layer::layer(
        &AuthenticateLayer::new(bench.verifier.clone()),
        tower::service_fn(|request: Request<Body>| async move {
            let none = <Claims as axum::extract::FromRequestParts<()>>::from_request_parts;
            let (mut parts, _) = request.into_parts();
            let claims = none(&mut parts, &()).await;
            let inside = format!("{parts:?} {parts:#?} {claims:?}");
            let (mut bare, _) = Request::new(()).into_parts();
            let rejection: ClaimsRejection = none(&mut bare, &()).await.unwrap_err();
            let inside = inside + &format!("{rejection:?} {rejection:#?} {rejection}");
            Ok::<_, Infallible>(http::Response::new(Body::from(inside)))
        }),
    );
    let request = Request::builder().header("authorization", format!("Bearer {}", tokens[0])).body(Body::empty());
    let answer = service.oneshot(request.unwrap()).await.unwrap();
    let inside = axum::body::to_bytes(Body::new(answer.into_body()), 1_000_000).await.unwrap();
    show("the request inside", &std::str::from_utf8(&inside).unwrap());
    for (name, text) in &shown {
        assert_silent(name, text, &tokens);
    }
    assert!(shown.len() > 100);
}

/// A section of `appsettings.json` may have the secrets of a web app in it. They are passed over, not kept.
#[test]
fn row_22_secrets_in_the_configuration() {
    let secrets = ["s3cret-of-the-client", "s3cret-of-the-certificate", "s3cret-of-nobody"];
    let good = format!(
        r#"{{"AzureAd":{{"Instance":"https://login.microsoftonline.com/","TenantId":"{}","ClientId":"{}",
        "ClientSecret":"{}","ClientCertificates":[{{"SourceType":"Path","CertificatePassword":"{}"}}]}}}}"#,
        MockEntra::TENANT,
        MockEntra::CLIENT_ID,
        secrets[0],
        secrets[1],
    );
    let log = Log::default();
    let guard = log.listen();
    let config = Config::from_json(&good).unwrap();
    let mut text = format!("{config:?} {config:#?}");
    let verifier = tower_entra::VerifierBuilder::from(config).fetch(MockEntra::new()).build().unwrap();
    text += &format!("{verifier:?}");
    for wrong in [
        good.replace("ClientSecret", "CleintSecret"),
        good.replace("\"TenantId\"", &format!("\"Tenant\":\"{}\",\"TenantId\"", secrets[2])),
        good.replace("\"ClientId\":\"", "\"ClientId\":1,\"X\":\""),
        good.replace("}]}}", "}]}"),
    ] {
        let config = Config::from_json(&wrong);
        text += &format!("{config:?}");
        match config.and_then(|config| tower_entra::VerifierBuilder::from(config).fetch(MockEntra::new()).build()) {
            Ok(verifier) => text += &format!("{verifier:?}"),
            Err(error) => text += &format!("{error} {error:?} {error:#?}"),
        }
    }
    drop(guard);
    text += &log.text();
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("ClientSecret") || text.contains("CleintSecret"));
}

/// The parts of a token are what the searches above look for.
#[tokio::test]
async fn the_search_finds_what_it_looks_for() {
    let bench = Bench::new().await;
    let token = bench.token().build();
    for part in &parts(&token)[1..] {
        let text = format!("a log with {} in it", &part[10..80]);
        let tokens = [token.clone()];
        assert!(std::panic::catch_unwind(|| assert_silent("", &text, &tokens)).is_err());
    }
    assert_silent("", "a log without", &[token]);
}
