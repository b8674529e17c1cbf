//! What `RequireLayer` and handlers answer, as a client sees it.

use std::convert::Infallible;

use axum::{Router, routing::get};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use mock_entra::{MockEntra, TokenBuilder};
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Claims, Cloud, Rejection, RejectionKind, RequireLayer, Requirement,
    claims::ClientProof,
    policy::ClaimRule,
    response::{Challenge, Empty},
};

use crate::support::Bench;

const GROUP: &str = "22222222-3333-4444-5555-666666666666";

async fn bench() -> Bench {
    Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await
}

/// Status, code and challenge of a request with this token to a service that demands `requirement`.
async fn ask(bench: &Bench, requirement: Requirement, token: &TokenBuilder) -> (StatusCode, &'static str, String) {
    answer(bench, AuthenticateLayer::new(bench.verifier.clone()), requirement, token).await
}

async fn answer(
    _: &Bench,
    layer: AuthenticateLayer,
    requirement: Requirement,
    token: &TokenBuilder,
) -> (StatusCode, &'static str, String) {
    let inside =
        service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("inside")))) });
    let service = ServiceBuilder::new().layer(layer).layer(RequireLayer::new(requirement)).service(inside);
    let header = format!("Bearer {}", token.build());
    told(&service.oneshot(Request::builder().header("authorization", header).body(()).unwrap()).await.unwrap())
}

fn told<B>(response: &Response<B>) -> (StatusCode, &'static str, String) {
    let code = response.extensions().get::<Rejection>().map_or("accepted", Rejection::code);
    let challenge = response.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap());
    (response.status(), code, challenge.to_owned())
}

#[tokio::test]
async fn each_rule_through_the_layers() {
    let bench = bench().await;
    let group = || Requirement::group(GROUP);
    let user = || bench.token();
    for (requirement, token, code) in [
        (group(), user().claim("groups", json!([GROUP])), "accepted"),
        (group(), user().claim("groups", json!([])), "claim_not_allowed"),
        (group(), user(), "claim_missing"),
        (group(), user().claim("hasgroups", true), "groups_overage"),
        (group(), user().claim("groups", "src1").claim("_claim_names", json!({"groups": "src1"})), "groups_overage"),
        (group().or(Requirement::scope("Files.Read")), user().claim("hasgroups", true), "accepted"),
        (Requirement::not(group()), user().claim("hasgroups", true), "groups_overage"),
        (Requirement::not(group()), user(), "claim_missing"),
        (Requirement::directory_role(GROUP), user().claim("wids", json!([GROUP])), "accepted"),
        (Requirement::directory_role(GROUP), user(), "claim_missing"),
        (Requirement::member(), user(), "accepted"),
        (Requirement::member(), user().v1().claim("idp", "live.com"), "claim_not_allowed"),
        (Requirement::guest(), user().claim("idp", "live.com"), "accepted"),
        (Requirement::guest(), user().claim("acct", 0), "claim_not_allowed"),
        (Requirement::not(Requirement::guest()), bench.token().app(), "claim_not_allowed"),
        (
            Requirement::member(),
            user().v1().claim("idp", format!("https://sts.windows.net/{}/", MockEntra::TENANT)),
            "accepted",
        ),
        (Requirement::confidential_client(MockEntra::CALLER), user(), "accepted"),
        (Requirement::confidential_client(MockEntra::CALLER), user().claim("azpacr", "0"), "client_not_allowed"),
        (Requirement::confidential_client(MockEntra::CALLER), user().v1().claim("appidacr", "0"), "client_not_allowed"),
        (Requirement::client_with(MockEntra::CALLER, ClientProof::Certificate), user(), "client_not_allowed"),
        (Requirement::not(Requirement::client(MockEntra::CALLER)), user(), "client_not_allowed"),
        (Requirement::claim(ClaimRule::any("ctry", ["DE"])), user().claim("ctry", "DE"), "accepted"),
        (Requirement::not(Requirement::claim(ClaimRule::any("ctry", ["DE"]))), user(), "claim_missing"),
        (Requirement::auth_context("c1"), user().claim("acrs", json!(["c1"])), "accepted"),
        (Requirement::auth_context("c1"), user(), "insufficient_claims"),
        (Requirement::auth_context("c1"), bench.token().app().claim("acrs", json!(["c1"])), "insufficient_claims"),
    ] {
        let text = requirement.to_string();
        let (status, found, challenge) = ask(&bench, requirement, &token).await;
        assert_eq!(found, code, "{text}");
        assert_eq!(status, if code == "accepted" { 200 } else { 403 }, "{text}");
        assert_eq!(challenge.contains(r#"error="insufficient_scope""#), code != "accepted", "{text}: {challenge}");
    }
}

#[tokio::test]
async fn a_stronger_sign_in_is_asked_for() {
    let context = || Requirement::auth_context("c1");
    let claims = STANDARD.encode(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
    let expected = |host: &str, id: &str| {
        format!(
            "Bearer realm=\"\", authorization_uri=\"https://{host}/common/oauth2/authorize\", {id}\
             error=\"insufficient_claims\", claims=\"{claims}\", cc_type=\"authcontext\""
        )
    };
    let id = format!("client_id=\"{}\", ", MockEntra::CLIENT_ID);
    let bench = bench().await;
    let able = || bench.token().claim("xms_cc", json!(["cp1"]));
    let (status, code, challenge) = ask(&bench, context(), &able()).await;
    assert_eq!((status.as_u16(), code), (401, "insufficient_claims"));
    assert_eq!(challenge, expected("login.microsoftonline.com", &id));
    let (status, _, challenge) = ask(&bench, context(), &able().v1()).await;
    assert_eq!((status.as_u16(), challenge), (401, expected("login.microsoftonline.com", "")));

    for (requirement, token, status) in [
        (context(), bench.token(), 403),
        (context(), bench.token().claim("xms_cc", json!(["protapp"])), 403),
        (context(), able().app(), 403),
        (context().and(Requirement::user_role("Admin")), able(), 403),
        (Requirement::user_role("Admin").and(context()), able().roles(["Admin"]), 401),
        (Requirement::scope("Other").or(context()), able(), 401),
        (Requirement::auth_context("c100"), able(), 403),
        (context(), able().claim("acrs", json!(["c1"])), 200),
    ] {
        let text = requirement.to_string();
        let (found, _, challenge) = ask(&bench, requirement, &token).await;
        assert_eq!(found.as_u16(), status, "{text}");
        assert_eq!(challenge.contains("claims="), status == 401, "{text}: {challenge}");
    }
    let layer = AuthenticateLayer::new(bench.verifier.clone()).realm("files").responder(Empty::new());
    let (_, _, challenge) = answer(&bench, layer, context(), &able()).await;
    assert!(challenge.starts_with(r#"Bearer realm="files", authorization_uri="#), "{challenge}");
    let own = |_: &Rejection| {
        let mut response = Response::new("no");
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response
    };
    let layer = AuthenticateLayer::new(bench.verifier.clone()).responder(own);
    let (_, _, challenge) = answer(&bench, layer, context(), &able()).await;
    assert_eq!(challenge, expected("login.microsoftonline.com", &id), "whoever builds the answer");
}

#[tokio::test]
async fn another_cloud_signs_in_elsewhere() {
    let bench = Bench::of(MockEntra::for_cloud(Cloud::UsGovernment), |builder| {
        builder.cloud(Cloud::UsGovernment).tenant(MockEntra::TENANT)
    })
    .await;
    for token in [bench.token(), bench.token().v1()] {
        let token = token.claim("xms_cc", json!(["cp1"]));
        let (status, _, challenge) = ask(&bench, Requirement::auth_context("c1"), &token).await;
        assert_eq!(status, 401);
        let uri = r#"authorization_uri="https://login.microsoftonline.us/common/oauth2/authorize""#;
        assert!(challenge.contains(uri), "{challenge}");
    }
}

const REVOKED: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
const CONSENT: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=66666666&scope=a%20b";

async fn revoked(_: Claims) -> Result<&'static str, Rejection> {
    Err(Rejection::claims_challenge(REVOKED))
}

async fn unconsented(_: Claims) -> Result<&'static str, Rejection> {
    Err(Rejection::consent(CONSENT, ["User.Read", "Mail.Read"]))
}

#[tokio::test]
async fn handlers_send_challenges_of_their_own() {
    let bench = bench().await;
    let app = Router::new()
        .route("/revoked", get(revoked))
        .route("/unconsented", get(unconsented))
        .layer(AuthenticateLayer::new(bench.verifier.clone()));
    let get = async |path: &str| {
        let header = format!("Bearer {}", bench.token().build());
        let request = Request::builder().uri(path).header("authorization", header).body(axum::body::Body::empty());
        told(&app.clone().oneshot(request.unwrap()).await.unwrap())
    };
    let (status, code, challenge) = get("/revoked").await;
    assert_eq!((status.as_u16(), code), (401, "insufficient_claims"));
    let claims = STANDARD.encode(REVOKED);
    assert_eq!(
        challenge,
        format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             error=\"insufficient_claims\", claims=\"{claims}\""
        )
    );
    let (status, code, challenge) = get("/unconsented").await;
    assert_eq!((status.as_u16(), code), (403, "insufficient_scope"));
    assert_eq!(
        challenge,
        format!(r#"Bearer consentUri="{CONSENT}", scopes="User.Read,Mail.Read", proposedAction="consent""#)
    );
}

#[test]
fn no_challenge_breaks_the_header() {
    let challenge = Challenge::new();
    for (json, is_challenge) in [
        (r#"{"access_token":{"nbf":{"essential":true,"value":"\"\r\nSet-Cookie: a=b"}}}"#, true),
        ("{\n  \"access_token\": {\"x\": \"é\\u0000\"}\n}", true),
        ("{}", true),
        ("", false),
        ("[]", false),
        ("\"{}\"", false),
        ("{\"a\":1,\"a\":2}", false),
        ("{}\r\nSet-Cookie: a=b", false),
    ] {
        let rejection = Rejection::claims_challenge(json);
        assert_eq!(rejection.kind(), RejectionKind::InsufficientClaims);
        assert_eq!(rejection.challenged_claims(), Some(json).filter(|_| is_challenge), "{json}");
        assert_eq!(rejection.status().as_u16(), if is_challenge { 401 } else { 403 }, "{json}");
        let header = challenge.header(&rejection).unwrap();
        let header = header.to_str().unwrap();
        let sent = header.split_once("claims=\"").map(|(_, rest)| rest.split_once('"').unwrap().0);
        assert_eq!(sent.map(|sent| STANDARD.decode(sent).unwrap()), is_challenge.then(|| json.into()), "{header}");
        assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header}");
    }
    let hostile = "x\", error=\"none\\\r\nSet-Cookie: a=b é";
    let consent = Rejection::consent(hostile, [hostile]);
    let header = challenge.header(&consent).unwrap();
    let clean = "x', error='none  Set-Cookie: a=b ";
    assert_eq!(
        header.to_str().unwrap(),
        format!(r#"Bearer consentUri="{clean}", scopes="{clean}", proposedAction="consent""#)
    );
    let uri = Rejection::claims_challenge("{}").authorization_uri(hostile);
    assert!(
        challenge.header(&uri).unwrap().to_str().unwrap().contains(&format!("authorization_uri=\"{clean}\", error="))
    );
}

#[test]
fn a_changed_status_takes_the_challenge_back() {
    let forbidden = Rejection::claims_challenge(REVOKED).forbidden();
    assert_eq!((forbidden.status().as_u16(), forbidden.challenged_claims()), (403, None));
    let header = Challenge::new().header(&forbidden).unwrap();
    assert!(header.to_str().unwrap().starts_with(r#"Bearer error="insufficient_scope""#));
    let bare = Challenge::new().header(&Rejection::new(RejectionKind::InsufficientClaims).verified()).unwrap();
    assert!(bare.to_str().unwrap().starts_with(r#"Bearer error="insufficient_claims", error_description="#));
    let expired = Rejection::new(RejectionKind::Expired).authorization_uri("https://login.example/");
    let plain = Rejection::new(RejectionKind::Expired);
    assert_eq!(Challenge::new().header(&expired), Challenge::new().header(&plain));
}
