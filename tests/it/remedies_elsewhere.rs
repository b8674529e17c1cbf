//! First remedies that change a request, code of the API, a second provider or the surroundings: carried out, they make the API
//! accept. The others are in `remedies`.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use mock_entra::{Fault, MockEntra};
use serde_json::{Value, json};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Authority, Config, Rejection, RejectionKind, RequireLayer, Requirement, Verifier,
    VerifierBuilder,
    clock::Clock,
    diagnosis::{Action, Cause, CauseKind, Diagnosis},
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use crate::{
    remedies::merge,
    support::{Bench, START, clock_of, tenant},
};

/// The causes whose remedies are carried out here.
pub(crate) const CAUSES: [CauseKind; 18] = [
    CauseKind::TokenInCookie,
    CauseKind::TokenInQuery,
    CauseKind::TokenInOtherHeader,
    CauseKind::CorsPreflight,
    CauseKind::OtherScheme,
    CauseKind::TwoHeaders,
    CauseKind::LayerMissing,
    CauseKind::DisputedIssuer,
    CauseKind::B2cToken,
    CauseKind::ExternalIdToken,
    CauseKind::UnstatedTenant,
    CauseKind::UnstatedClaim,
    CauseKind::TenantRejected,
    CauseKind::StaleKeys,
    CauseKind::ForeignIssuer,
    CauseKind::PolicyInIssuer,
    CauseKind::WorkloadToken,
    CauseKind::OwnersCheck,
];

fn cause_of(diagnosis: &Diagnosis, kind: CauseKind) -> &Cause {
    let cause = diagnosis.cause().unwrap_or_else(|| panic!("{} is accepted", kind.code()));
    assert_eq!(cause.kind(), kind, "{diagnosis}");
    cause
}

fn assert_accepted(diagnosis: &Diagnosis) {
    assert!(diagnosis.is_accepted(), "{diagnosis}");
}

fn built(config: &Value, fetch: impl Fetch, clock: impl Clock) -> Verifier {
    let config = Config::from_json(&json!({ "AzureAd": config }).to_string()).unwrap();
    VerifierBuilder::from(config).fetch(fetch).clock(clock).build().unwrap_or_else(|error| panic!("{error}"))
}

/// Merges the settings of the first remedy into the configuration.
fn configure(config: &mut Value, cause: &Cause) {
    match cause.remedies()[0].action() {
        Action::Configure { settings, delete } => merge(config, settings, delete),
        other => panic!("not a setting: {other}"),
    }
}

/// Two providers, told apart by the host.
#[derive(Clone, Debug)]
struct Two(MockEntra, MockEntra);

impl Fetch for Two {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let Self(ours, theirs) = self;
        // External ID is reached by the tenant's GUID as well as by its name.
        let by_guid = format!("https://{}.ciamlogin.com", MockEntra::TENANT);
        let url = request.url.replace(&by_guid, "https://contoso.ciamlogin.com");
        let mock = if url.starts_with(&theirs.base()) { theirs } else { ours };
        mock.fetch(FetchRequest::new(url, request.max_bytes))
    }
}

#[tokio::test]
async fn tokens_of_b2c_and_external_id_are_accepted_with_the_setting() {
    for (theirs, kind) in [
        (MockEntra::b2c("contoso", "B2C_1_susi"), CauseKind::B2cToken),
        (MockEntra::external_id("contoso"), CauseKind::ExternalIdToken),
    ] {
        let ours = MockEntra::new();
        let clock = clock_of(&ours);
        theirs.set_clock(clock.clone());
        let both = Two(ours.clone(), theirs.clone());
        let mut config = json!({ "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID });
        let token = theirs.token().build();
        let diagnosis = built(&config, both.clone(), clock.clone()).diagnose(&token).await;
        configure(&mut config, cause_of(&diagnosis, kind));
        let verifier = built(&config, both, clock);
        assert_accepted(&verifier.diagnose(&token).await);
        assert_accepted(&verifier.diagnose(&ours.token().build()).await);
    }
}

#[tokio::test]
async fn stale_keys_are_refreshed_once_the_provider_is_reached() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    bench.mock.rotate();
    bench.mock.set_fault(Fault::Down);
    bench.clock.advance(Duration::from_secs(600));
    let token = bench.token().build();
    let diagnosis = bench.verifier.diagnose(&token).await;
    let cause = cause_of(&diagnosis, CauseKind::StaleKeys);
    assert!(matches!(cause.remedies()[0].action(), Action::ChangeSurroundings { .. }));
    bench.mock.clear_faults();
    bench.clock.advance(Duration::from_secs(60));
    assert_accepted(&bench.verifier.diagnose(&token).await);
}

#[tokio::test]
async fn foreign_issuer_of_an_instance_is_accepted_with_the_setting() {
    const BASE: &str = "http://127.0.0.1:4000";
    let mock = MockEntra::at(BASE);
    let clock = clock_of(&mock);
    let issuer = format!("http://entra:4000/{}/v2.0", MockEntra::TENANT);
    mock.set_metadata("issuer", Some(issuer.clone().into()));
    let mut config = json!({ "Instance": BASE, "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID });
    let key = mock.current_key();
    mock.replace_document(
        format!("/{}/discovery/v2.0/keys", MockEntra::TENANT),
        json!({ "keys": [key.jwk()] }).to_string(),
    );
    let token = mock.token().claim("iss", &*issuer).build();
    let diagnosis = built(&config, mock.clone(), clock.clone()).diagnose(&token).await;
    configure(&mut config, cause_of(&diagnosis, CauseKind::ForeignIssuer));
    assert_accepted(&built(&config, mock, clock).diagnose(&token).await);
}

/// An issuer at a Microsoft host belongs to Entra, whatever a metadata document names.
#[tokio::test]
async fn issuer_of_another_authority_is_never_offered() {
    const BASE: &str = "http://127.0.0.1:4000";
    let mock = MockEntra::at(BASE);
    let clock = clock_of(&mock);
    let issuer = format!("https://login.microsoftonline.com/{}/v2.0", MockEntra::TENANT);
    mock.set_metadata("issuer", Some(issuer.clone().into()));
    let config = json!({ "Instance": BASE, "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID });
    let verifier = built(&config, mock.clone(), clock);
    for token in [mock.token(), mock.token().claim("iss", &*issuer)] {
        let diagnosis = verifier.diagnose(&token.build()).await;
        assert!(!diagnosis.is_accepted());
        for remedy in diagnosis.cause().into_iter().chain(diagnosis.further()).flat_map(Cause::remedies) {
            assert!(remedy.setting().is_none_or(|setting| setting["AzureAd"].get("Issuers").is_none()), "{remedy}");
        }
    }
}

#[tokio::test]
async fn foreign_issuer_of_external_id_is_accepted_with_the_tenant_as_a_guid() {
    const BASE: &str = "https://login.contoso.example";
    let bench = |tenant: &str| {
        let authority = Authority::external_id_at(BASE, tenant).client_id(MockEntra::CLIENT_ID);
        Bench::alone(MockEntra::external_id_at(BASE), authority)
    };
    let by_domain = bench("contoso.onmicrosoft.com");
    let diagnosis = by_domain.verifier.diagnose(&by_domain.token().build()).await;
    let cause = cause_of(&diagnosis, CauseKind::ForeignIssuer);
    assert!(cause.remedies()[0].text().contains("GUID"), "{cause}");
    let by_guid = bench(MockEntra::TENANT);
    assert_accepted(&by_guid.verifier.diagnose(&by_guid.token().build()).await);
}

#[tokio::test]
async fn issuer_with_a_policy_is_accepted_with_the_setting() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi").tfp_issuer();
    let clock = clock_of(&mock);
    let mut config = json!({
        "Instance": "https://contoso.b2clogin.com/", "Domain": "contoso.onmicrosoft.com",
        "SignUpSignInPolicyId": "B2C_1_susi", "ClientId": MockEntra::CLIENT_ID,
    });
    let token = mock.token().build();
    let diagnosis = built(&config, mock.clone(), clock.clone()).diagnose(&token).await;
    configure(&mut config, cause_of(&diagnosis, CauseKind::PolicyInIssuer));
    assert_accepted(&built(&config, mock, clock).diagnose(&token).await);
}

#[tokio::test]
async fn workload_token_is_accepted_with_the_setting() {
    let issuer = "https://token.actions.githubusercontent.com";
    let mock = MockEntra::okta().hosted_at(issuer);
    let metadata = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/oauth2/default/v1/keys") });
    mock.replace_document("/.well-known/openid-configuration", metadata.to_string());
    let clock = clock_of(&mock);
    // A file that names this issuer without a rule is refused; code may be wrong in this way.
    let authority = Authority::openid_connect(issuer).audience("https://api.contoso.example");
    let builder = Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock.clone());
    let verifier = builder.build().unwrap();
    let mut config = json!({ "Authority": issuer, "Audience": "https://api.contoso.example" });
    let payload = json!({
        "iss": issuer, "aud": "https://api.contoso.example", "sub": "repo:contoso/deploy:ref:refs/heads/main",
        "repository_owner_id": "42", "iat": START, "exp": START + 300,
    });
    let token = mock.token().raw_payload(payload.to_string()).build();
    let diagnosis = verifier.diagnose(&token).await;
    configure(&mut config, cause_of(&diagnosis, CauseKind::WorkloadToken));
    assert_accepted(&built(&config, mock, clock).diagnose(&token).await);
}

/// Remedies in code of the application, which a switch stands for.
#[tokio::test]
async fn tenant_and_token_are_accepted_once_the_application_accepts_them() {
    for kind in [CauseKind::TenantRejected, CauseKind::OwnersCheck] {
        let accepts = Arc::new(AtomicBool::new(false));
        let (of_tenants, of_check) = (Arc::clone(&accepts), Arc::clone(&accepts));
        let bench = Bench::cold(MockEntra::new(), |builder| match kind {
            CauseKind::TenantRejected => {
                builder.authority(Authority::tenants_matching(move |_| of_tenants.load(Ordering::SeqCst)))
            }
            _ => builder.tenant(MockEntra::TENANT).check(move |_| {
                let accepts = of_check.load(Ordering::SeqCst);
                async move { if accepts { Ok(()) } else { Err(Rejection::new(RejectionKind::ClaimNotAllowed)) } }
            }),
        });
        let token = bench.token().build();
        let diagnosis = bench.verifier.diagnose(&token).await;
        let cause = cause_of(&diagnosis, kind);
        assert!(matches!(cause.remedies()[0].action(), Action::ChangeCode { .. }), "{cause}");
        accepts.store(true, Ordering::SeqCst);
        assert_accepted(&bench.verifier.diagnose(&token).await);
    }
}

#[tokio::test]
async fn claims_that_a_provider_cannot_state_are_replaced_by_its_name() {
    for mock in [MockEntra::okta(), MockEntra::auth0(), MockEntra::keycloak()] {
        let clock = clock_of(&mock);
        let authority = Authority::openid_connect(mock.issuer()).audience("api://orders");
        let verifier = Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock).build().unwrap();
        let token = mock.token().claim("aud", "api://orders").claim("scp", json!(["Orders.Read"])).build();
        // Only groups, directory roles and authentication contexts can be trusted by a setting.
        for (requirement, kind, has_setting) in [
            (Requirement::tenant(tenant()), CauseKind::UnstatedTenant, false),
            (Requirement::group("readers"), CauseKind::UnstatedClaim, true),
            (Requirement::guest(), CauseKind::UnstatedClaim, false),
            (Requirement::auth_context("c1"), CauseKind::UnstatedClaim, true),
        ] {
            let diagnosis = verifier.diagnose_for(&token, &requirement).await;
            let cause = cause_of(&diagnosis, kind);
            let first = if has_setting { "Require a scope or an app role" } else { "Requirement::authority()" };
            assert!(cause.remedies()[0].text().contains(first), "{cause}");
            assert_eq!(cause.remedies().iter().any(|remedy| remedy.setting().is_some()), has_setting, "{cause}");
        }
        let named = Requirement::authority(mock.issuer());
        for requirement in [named, Requirement::scope("Orders.Read")] {
            assert_accepted(&verifier.diagnose_for(&token, &requirement).await);
        }
    }
}

#[tokio::test]
async fn disputed_issuer_is_accepted_without_one_of_the_authorities() {
    let mock = MockEntra::new();
    mock.add_domain("contoso.example", tenant());
    let by_id = || Authority::tenant(tenant()).client_id(MockEntra::CLIENT_ID);
    let by_domain = Authority::domain("contoso.example").client_id(MockEntra::CLIENT_ID);
    let both = Bench::cold(mock.clone(), |builder| builder.authority(by_id()).authority(by_domain));
    let _ = both.verifier.warm_up().await;
    let diagnosis = both.verifier.diagnose(&both.token().build()).await;
    cause_of(&diagnosis, CauseKind::DisputedIssuer);
    let one = Bench::cold(mock, |builder| builder.authority(by_id()));
    assert_accepted(&one.verifier.diagnose(&one.token().build()).await);
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// The remedy is always the same: one header `Authorization: Bearer` with the token.
#[tokio::test]
async fn requests_are_accepted_with_the_token_in_the_header() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let token = bench.token().build();
    let bearer = format!("Bearer {token}");
    let query = format!("/files?access_token={token}");
    for (all, uri, kind) in [
        (headers(&[]), "/", CauseKind::NoToken),
        (headers(&[("cookie", "session=made-up")]), "/", CauseKind::TokenInCookie),
        (headers(&[]), &*query, CauseKind::TokenInQuery),
        (headers(&[("x-forwarded-access-token", &token)]), "/", CauseKind::TokenInOtherHeader),
        (headers(&[("x-amzn-oidc-accesstoken", &token)]), "/", CauseKind::TokenInOtherHeader),
        (headers(&[("authorization", "Basic bWFkZTp1cA==")]), "/", CauseKind::OtherScheme),
        (headers(&[("authorization", &token)]), "/", CauseKind::OtherScheme),
        (headers(&[("authorization", &bearer), ("authorization", &bearer)]), "/", CauseKind::TwoHeaders),
    ] {
        let diagnosis = bench.verifier.diagnose_request(&all, &uri.parse::<Uri>().unwrap()).await;
        cause_of(&diagnosis, kind);
        let mut request = Request::builder().uri(uri).body(()).unwrap();
        *request.headers_mut() = all.clone();
        assert_ne!(bench.send(request).await.status, StatusCode::OK, "{}", kind.code());
        let mut request = Request::builder().uri(uri).body(()).unwrap();
        *request.headers_mut() = all;
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        assert_eq!(bench.send(request).await.status, StatusCode::OK, "{}", kind.code());
    }
}

async fn inside(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::default()))
}

#[tokio::test]
async fn cors_preflight_is_accepted_with_the_cors_layer_outside() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let preflight = || {
        Request::builder()
            .method(Method::OPTIONS)
            .header("origin", "https://app.contoso.example")
            .header("access-control-request-method", "GET")
            .body(())
            .unwrap()
    };
    let request = preflight();
    let diagnosis = bench.verifier.diagnose_request(request.headers(), request.uri()).await;
    let cause = cause_of(&diagnosis, CauseKind::CorsPreflight);
    assert!(cause.remedies()[0].text().contains("CORS layer outside"), "{cause}");
    let auth = || AuthenticateLayer::new(bench.verifier.clone());
    let cors = tower_http::cors::CorsLayer::permissive;
    let wrong = ServiceBuilder::new().layer(auth()).layer(cors()).service(service_fn(inside));
    assert_eq!(wrong.oneshot(preflight()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let right = ServiceBuilder::new().layer(cors()).layer(auth()).service(service_fn(inside));
    assert_eq!(right.oneshot(preflight()).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn missing_layer_is_no_cause_once_it_is_outside() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let request =
        || Request::builder().header("authorization", format!("Bearer {}", bench.token().build())).body(()).unwrap();
    let required = || RequireLayer::new(Requirement::scope("Files.Read")).layer(service_fn(inside));
    let response = required().oneshot(request()).await.unwrap();
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.code(), CauseKind::LayerMissing.rejection().code());
    assert!(rejection.hint().contains("add AuthenticateLayer outside"), "{}", rejection.hint());
    let layer = AuthenticateLayer::new(bench.verifier.clone());
    assert_eq!(layer.layer(required()).oneshot(request()).await.unwrap().status(), StatusCode::OK);
}
