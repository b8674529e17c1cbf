//! Workload identities: tokens of GitHub Actions, Kubernetes and the like, which have neither scopes nor roles.

use std::sync::{Arc, Mutex};

use mock_entra::{MockEntra, SigningAlgorithm};
use serde_json::{Value, json};
use tower_entra::{Authority, Claims, ConfigError, Requirement, Verifier, authority::Workload, policy::ClaimRule};

use crate::support::{START, authorities, clock_of, code};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";
const AUDIENCE: &str = "https://api.contoso.example";
const SUBJECT: &str = "repo:contoso/deploy:ref:refs/heads/main";

/// A provider that signs with the keys of a mock, at this issuer.
fn platform(issuer: &str) -> MockEntra {
    let origin_end = issuer[8..].find('/').map_or(issuer.len(), |at| at + 8);
    let (origin, path) = issuer.split_at(origin_end);
    let mock = MockEntra::okta().hosted_at(origin);
    let metadata = json!({"issuer": issuer, "jwks_uri": format!("{origin}/oauth2/default/v1/keys")});
    mock.replace_document(format!("{path}/.well-known/openid-configuration"), metadata.to_string());
    mock
}

fn github_claims() -> Value {
    json!({
        "jti": "11111111-2222-3333-4444-555555555555", "sub": SUBJECT, "aud": AUDIENCE, "iss": GITHUB,
        "ref": "refs/heads/main", "sha": "0123456789", "repository": "contoso/deploy", "repository_owner": "contoso",
        "repository_owner_id": "4242", "repository_id": "123456789", "run_id": "1", "actor": "ada", "actor_id": "7",
        "workflow": "deploy", "event_name": "push", "job_workflow_ref": "contoso/deploy/.github/workflows/d.yml@refs/heads/main",
        "environment": "prod", "runner_environment": "github-hosted", "enterprise": "contoso",
        "nbf": START - 10, "iat": START, "exp": START + 300,
    })
}

fn kubernetes_claims() -> Value {
    json!({
        "aud": [AUDIENCE], "exp": START + 3600, "iat": START, "nbf": START, "iss": CLUSTER, "jti": "a",
        "kubernetes.io": {
            "namespace": "prod", "node": {"name": "node-1", "uid": "n"}, "pod": {"name": "billing-0", "uid": "p"},
            "serviceaccount": {"name": "billing", "uid": "99999999-8888-7777-6666-555555555555"},
        },
        "sub": "system:serviceaccount:prod:billing",
    })
}

fn with(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn sign(mock: &MockEntra, claims: &Value) -> String {
    mock.token().raw_payload(claims.to_string()).build()
}

fn verifier(mock: &MockEntra, authority: impl Into<Authority>) -> Verifier {
    let clock = clock_of(mock);
    Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock).build().unwrap()
}

fn github() -> Workload {
    Authority::github_actions().audience(AUDIENCE)
}

fn kubernetes() -> Workload {
    Authority::kubernetes(CLUSTER).audience(AUDIENCE)
}

#[tokio::test]
async fn tokens_by_their_outcomes() {
    let by = |name: &str, value: &str| ClaimRule::any(name, [value]);
    let verified = || by("email_verified", "true");
    let google = "https://accounts.google.example";
    let email = "deploy@contoso.iam.example";
    let google_claims = || {
        json!({"iss": google, "aud": AUDIENCE, "azp": "112233", "sub": "112233", "email": email, "email_verified": true,
            "iat": START, "exp": START + 3600})
    };
    let by_email =
        || Authority::workload(google).audience(AUDIENCE).required_claim(by("email", email)).required_claim(verified());
    let uid = "99999999-8888-7777-6666-555555555555";
    let gh = |changes: Value| with(github_claims(), changes);
    let k8s = |changes: Value| with(kubernetes_claims(), changes);
    let rows: Vec<(Authority, Value, &str)> = vec![
        (github().subject(SUBJECT).into(), gh(json!({})), "accepted"),
        (github().subject("repo:contoso/other:ref:refs/heads/main").subject(SUBJECT).into(), gh(json!({})), "accepted"),
        (github().subject("repo:contoso/other:ref:refs/heads/main").into(), gh(json!({})), "claim_not_allowed"),
        (
            github().subject(SUBJECT).into(),
            gh(json!({"sub": "repo:contoso/deploy:ref:refs/heads/main2"})),
            "claim_not_allowed",
        ),
        (
            github().subject(SUBJECT).into(),
            gh(json!({"sub": "Repo:contoso/deploy:ref:refs/heads/main"})),
            "claim_not_allowed",
        ),
        (github().required_claim(by("repository_owner_id", "4242")).into(), gh(json!({})), "accepted"),
        (
            github().required_claim(by("repository_owner_id", "4242")).into(),
            gh(json!({"repository_owner_id": "4243"})),
            "claim_not_allowed",
        ),
        (
            github().required_claim(by("repository_owner_id", "4242")).into(),
            gh(json!({"repository_owner_id": null})),
            "claim_missing",
        ),
        (
            github()
                .required_claim(by("repository_id", "123456789"))
                .required_claim(by("ref", "refs/heads/main"))
                .into(),
            gh(json!({"ref": "refs/heads/evil"})),
            "claim_not_allowed",
        ),
        (github().danger_claim_prefix("sub", "repo:contoso/").into(), gh(json!({})), "accepted"),
        (
            github().danger_claim_prefix("sub", "repo:contoso/").into(),
            gh(json!({"sub": "repo:contoso-evil/deploy:ref:refs/heads/main"})),
            "claim_not_allowed",
        ),
        (github().danger_claim_prefix("sub", "repo:contoso/").subject(SUBJECT).into(), gh(json!({})), "accepted"),
        (
            github().danger_claim_prefix("sub", "repo:contoso/").subject(SUBJECT).into(),
            gh(json!({"sub": "repo:contoso/other"})),
            "claim_not_allowed",
        ),
        (github().subject(SUBJECT).into(), gh(json!({"aud": "https://github.com/contoso"})), "wrong_audience"),
        (github().subject(SUBJECT).into(), gh(json!({"aud": null})), "wrong_audience"),
        (github().subject(SUBJECT).into(), gh(json!({"exp": START - 61})), "expired"),
        (github().subject(SUBJECT).into(), gh(json!({"nbf": START + 61})), "not_yet_valid"),
        (github().subject(SUBJECT).into(), gh(json!({"exp": null})), "malformed_token"),
        (github().subject(SUBJECT).into(), gh(json!({"iss": format!("{GITHUB}/contoso")})), "unknown_issuer"),
        (github().subject(SUBJECT).into(), gh(json!({"iss": format!("{GITHUB}.evil.example")})), "unknown_issuer"),
        (
            github().required_claim(by("repository_id", "123456789")).into(),
            gh(json!({"sub": null})),
            "not_an_access_token",
        ),
        (
            github().required_claim(by("repository_id", "123456789")).into(),
            gh(json!({"sub": ""})),
            "not_an_access_token",
        ),
        (
            github().required_claim(by("repository_id", "123456789")).into(),
            gh(json!({"sub": ["a"]})),
            "malformed_token",
        ),
        (github().subject(SUBJECT).into(), gh(json!({"nonce": "n"})), "not_an_access_token"),
        (github().subject(SUBJECT).into(), gh(json!({"at_hash": "h"})), "not_an_access_token"),
        (github().subject(SUBJECT).into(), gh(json!({"typ": "ID"})), "not_an_access_token"),
        (github().subject(SUBJECT).into(), gh(json!({"token_use": "id"})), "not_an_access_token"),
        (github().subject(SUBJECT).into(), gh(json!({"cnf": {"jkt": "x"}})), "proof_required"),
        (github().subject(SUBJECT).allowed_client("112233").into(), gh(json!({})), "client_not_allowed"),
        (
            github().subject(SUBJECT).require(Requirement::claim(by("environment", "staging"))).into(),
            gh(json!({})),
            "claim_not_allowed",
        ),
        // Mistyped by the rules of Entra, which are not those of others.
        (github().subject(SUBJECT).into(), gh(json!({"roles": 7, "scp": {"a": 1}, "groups": true})), "accepted"),
        (kubernetes().subject("system:serviceaccount:prod:billing").into(), k8s(json!({})), "accepted"),
        (kubernetes().subject("system:serviceaccount:prod:bill").into(), k8s(json!({})), "claim_not_allowed"),
        (kubernetes().required_claim(by("/kubernetes.io/serviceaccount/uid", uid)).into(), k8s(json!({})), "accepted"),
        (
            kubernetes().required_claim(by("/kubernetes.io/serviceaccount/uid", uid)).into(),
            k8s(json!({"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "billing", "uid": "other"}}})),
            "claim_not_allowed",
        ),
        (
            kubernetes().required_claim(by("/kubernetes.io/serviceaccount/uid", uid)).into(),
            k8s(json!({"kubernetes.io": {"namespace": "prod"}, "/kubernetes.io/serviceaccount/uid": uid})),
            "claim_missing",
        ),
        (kubernetes().required_claim(by("/kubernetes.io/namespace", "prod")).into(), k8s(json!({})), "accepted"),
        (kubernetes().danger_claim_prefix("sub", "system:serviceaccount:prod:").into(), k8s(json!({})), "accepted"),
        (
            kubernetes().danger_claim_prefix("sub", "system:serviceaccount:prod:").into(),
            k8s(json!({"sub": "system:serviceaccount:prod-2:billing"})),
            "claim_not_allowed",
        ),
        (by_email().into(), google_claims(), "accepted"),
        (by_email().into(), with(google_claims(), json!({"email_verified": false})), "claim_not_allowed"),
        (by_email().into(), with(google_claims(), json!({"email_verified": null})), "claim_missing"),
        (by_email().into(), with(google_claims(), json!({"email": "eve@contoso.iam.example"})), "claim_not_allowed"),
        (by_email().allowed_client("112233").into(), google_claims(), "accepted"),
    ];
    for (authority, claims, expected) in rows {
        let name = format!("{authority:?} {claims}");
        let mock = platform(&authority.to_string());
        let verifier = verifier(&mock, authority);
        let token = sign(&mock, &claims);
        let found = code(verifier.verify(&token).await);
        assert_eq!(found, expected, "{name}");
        let diagnosis = verifier.diagnose(&token).await;
        assert_eq!(diagnosis.code().unwrap_or("accepted"), expected, "{name}");
        assert_eq!(diagnosis.is_accepted(), diagnosis.cause().is_none(), "{name}");
    }
}

#[tokio::test]
async fn signature_is_verified() {
    let mock = platform(GITHUB);
    let verifier = verifier(&mock, github().subject(SUBJECT));
    let claims = github_claims().to_string();
    for (token, expected) in [
        (mock.token().raw_payload(claims.clone()), "accepted"),
        (mock.token().raw_payload(claims.clone()).wrong_key(), "bad_signature"),
        (mock.token().raw_payload(claims.clone()).kid("other"), "unknown_key"),
        (mock.token().raw_payload(claims).algorithm(SigningAlgorithm::Rs512), "unsupported_algorithm"),
    ] {
        assert_eq!(code(verifier.verify(&token.build()).await), expected);
    }
}

/// Claims that would mean something in a token of Entra mean nothing here, for a requirement and for its opposite.
#[tokio::test]
async fn requirements_on_grants_and_directories_are_never_met() {
    let mock = platform(GITHUB);
    let verifier = verifier(&mock, github().subject(SUBJECT).named("deployments"));
    let tenant = MockEntra::TENANT;
    let group = "99999999-8888-7777-6666-555555555555";
    let claims = with(
        github_claims(),
        json!({"scp": "Files.Read", "scope": "Files.Read", "roles": ["Files.Read.All"], "tid": tenant, "groups": [group],
            "wids": [group], "acrs": ["c1"], "acct": 0, "oid": "x", "idtyp": "app", "azp": "client"}),
    );
    let claims: Claims = verifier.verify(&sign(&mock, &claims)).await.unwrap();
    assert_eq!((claims.scopes().count(), claims.roles().count(), claims.tenant_id()), (0, 0, None));
    assert_eq!((claims.is_app_only(), claims.is_guest(), claims.authority()), (true, None, "deployments"));
    assert_eq!(
        claims.subject_key().unwrap().to_string(),
        "oidc/https%3A%2F%2Ftoken.actions.githubusercontent.com/repo%3Acontoso%2Fdeploy%3Aref%3Arefs%2Fheads%2Fmain"
    );
    for (requirement, kind) in [
        (Requirement::scope("Files.Read"), "insufficient_scope"),
        (Requirement::app_permission("Files.Read.All"), "insufficient_role"),
        (Requirement::user_role("Files.Read.All"), "insufficient_role"),
        (Requirement::any_role("Files.Read.All"), "insufficient_role"),
        (Requirement::tenant(tenant.parse().unwrap()), "wrong_tenant"),
        (Requirement::group(group), "claim_not_allowed"),
        (Requirement::directory_role(group), "claim_not_allowed"),
        (Requirement::member(), "claim_not_allowed"),
        (Requirement::guest(), "claim_not_allowed"),
        (Requirement::claim(ClaimRule::any("roles", ["Files.Read.All"])), "claim_not_allowed"),
        (Requirement::claim(ClaimRule::any("/roles", ["Files.Read.All"])), "claim_not_allowed"),
        (Requirement::claim(ClaimRule::any("/groups", [group])), "claim_not_allowed"),
        (Requirement::claim(ClaimRule::any("/tid", [tenant])), "claim_not_allowed"),
    ] {
        let rejection = requirement.check(&claims).unwrap_err();
        assert_eq!(rejection.code(), kind, "{requirement}");
        assert!(Requirement::not(requirement.clone()).check(&claims).is_err(), "not {requirement}");
    }
    for requirement in [
        Requirement::authority("deployments"),
        Requirement::claim(ClaimRule::any("environment", ["prod"])),
        Requirement::client("client"),
    ] {
        assert!(requirement.check(&claims).is_ok(), "{requirement}");
    }
}

fn build(authority: impl Into<Authority>) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
    builder.audience(AUDIENCE).authority(authority).build()
}

#[test]
fn configurations_by_their_problems() {
    let any = |name: &str, value: &str| ClaimRule::any(name, [value]);
    let no_rule = "has no rule that says which workloads may call";
    let no_audience = "has no audience of its own";
    let at_github = |issuer: &str| Authority::workload(issuer).audience(AUDIENCE);
    let rows: Vec<(Workload, &str)> = vec![
        (github().subject(SUBJECT), ""),
        (Authority::github_actions().subject(SUBJECT), no_audience),
        (github(), no_rule),
        (github().required_claim(ClaimRule::present("sub")), no_rule),
        (github().required_claim(any("ref", "refs/heads/main")), no_rule),
        (github().required_claim(any("environment", "prod")), no_rule),
        // Any repository can call a public workflow, and anybody can start one in a repository of his own.
        (github().required_claim(any("job_workflow_ref", "contoso/a/.github/workflows/b.yml@main")), no_rule),
        (github().required_claim(any("actor_id", "7")), no_rule),
        (github().required_claim(any("aud", AUDIENCE)), no_rule),
        (github().required_claim(any("iss", GITHUB)), no_rule),
        (github().required_claim(any("email", "a@contoso.example")), no_rule),
        (
            github().required_claim(any("email", "a@contoso.example")).required_claim(any("email_verified", "false")),
            no_rule,
        ),
        (
            github()
                .required_claim(any("email", "a@contoso.example"))
                .required_claim(ClaimRule::any("email_verified", ["true", "false"])),
            no_rule,
        ),
        (github().required_claim(any("sub", "contoso").separated_by("/")), no_rule),
        (github().required_claim(ClaimRule::any("sub", Vec::<String>::new())), "has no values"),
        (github().required_claim(any("repository_id", "1")), ""),
        (github().required_claim(any("repository", "contoso/deploy")), ""),
        (kubernetes().required_claim(any("/kubernetes.io/serviceaccount/name", "billing")), no_rule),
        (kubernetes().required_claim(any("/kubernetes.io//uid", "x")), "JSON Pointer"),
        (kubernetes().required_claim(any("/kubernetes.io/serviceaccount/uid", "x")), ""),
        (github().subject("repo:contoso/*"), "wildcard"),
        (github().required_claim(any("repository", "contoso/*")), "wildcard"),
        (github().subject(" "), "is empty"),
        (github().subject("environment:prod"), "identifies nobody"),
        (github().subject("environment:prod:repository_owner:contoso"), ""),
        // What looks like a part may be in a name that everybody can give.
        (github().subject("environment:myrepo:x"), "identifies nobody"),
        (github().subject("environment:myrepository_owner:contoso"), "identifies nobody"),
        // The same issuer in another spelling, or beside another one.
        (at_github("https://token.actions.githubusercontent.com/").subject("environment:prod"), "identifies nobody"),
        (at_github("https://Token.Actions.GitHubUserContent.com").subject("environment:prod"), "identifies nobody"),
        (at_github("https://token.actions.githubusercontent.com/").subject(SUBJECT), ""),
        (
            at_github("https://token.actions.githubusercontent.com/").danger_claim_prefix("sub", "environment:prod:"),
            "identifies nobody",
        ),
        (at_github("https://ci.contoso.example").issuers([GITHUB]).subject("environment:prod"), "identifies nobody"),
        (
            at_github("https://ci.contoso.example").issuers([GITHUB]).danger_claim_prefix("sub", "environment:prod:"),
            "identifies nobody",
        ),
        (at_github("https://ci.contoso.example").issuers([GITHUB]).subject(SUBJECT), ""),
        (at_github("https://ci.contoso.example").subject("environment:prod"), ""),
        (github().danger_claim_prefix("sub", "repo:contoso/"), ""),
        (github().danger_claim_prefix("repository", "contoso/"), ""),
        (github().danger_claim_prefix("sub", "repo:contoso"), "must end with"),
        (github().danger_claim_prefix("sub", ""), "must end with"),
        (github().danger_claim_prefix("sub", "repo:"), "identifies nobody"),
        (github().danger_claim_prefix("sub", "repo:/"), "identifies nobody"),
        (github().danger_claim_prefix("sub", "/"), "identifies nobody"),
        (github().danger_claim_prefix("repository", "/"), "identifies nobody"),
        (github().danger_claim_prefix("sub", "environment:prod:"), "identifies nobody"),
        (github().danger_claim_prefix("sub", "repo:*/"), "wildcard"),
        (github().danger_claim_prefix("ref", "refs/heads/release/"), no_rule),
        (github().subject(SUBJECT).danger_claim_prefix("ref", "refs/heads/release/"), ""),
        (kubernetes().danger_claim_prefix("sub", "system:serviceaccount:"), "identifies nobody"),
        (kubernetes().danger_claim_prefix("sub", "system:serviceaccount:prod:"), ""),
        // As for OpenID Connect.
        (Authority::workload("https://login.microsoftonline.com/x").audience("a").subject("x"), "Entra"),
        (Authority::workload("https://sts.windows.net/x/").audience("a").subject("x"), "Entra"),
        (Authority::workload("https://contoso.ciamlogin.com/x").audience("a").subject("x"), "External ID"),
        (Authority::workload("http://ci.contoso.example").audience("a").subject("x"), "https"),
        (github().subject(SUBJECT).audience("*"), "not a wildcard"),
    ];
    for (authority, problem) in rows {
        let name = format!("{authority:?}");
        match build(authority) {
            Ok(_) => assert_eq!(problem, "", "{name}"),
            Err(error) => {
                assert!(!problem.is_empty() && error.to_string().contains(problem), "{name}: {error}");
            }
        }
    }
    // All at once.
    let error = build(Authority::github_actions()).unwrap_err().to_string();
    assert!(error.contains(no_rule) && error.contains(no_audience), "{error}");
}

/// No issuer belongs to two authorities, whatever their kinds.
#[test]
fn issuer_belongs_to_one_authority() {
    let builder = || Verifier::builder().authority(github().subject(SUBJECT));
    for other in authorities![
        github().subject(SUBJECT).named("again"),
        Authority::openid_connect(GITHUB).audience("api://orders"),
        Authority::openid_connect("https://id.contoso.example").audience("a").issuers([GITHUB]),
    ] {
        let error = builder().authority(other.clone()).build().unwrap_err();
        assert!(error.to_string().contains("accepts too"), "{other}: {error}");
    }
}

/// The allowed clients and audiences of the rest of the configuration are about its own tokens; its required claims are not.
#[tokio::test]
async fn inherited_settings() {
    let mock = platform(GITHUB);
    let clock = clock_of(&mock);
    let builder = || {
        let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
        builder
            .audience("api://inherited")
            .authority(github().subject(SUBJECT))
            .fetch(mock.clone())
            .clock(clock.clone())
    };
    let token = sign(&mock, &github_claims());
    let verifier = builder().allowed_client(MockEntra::CALLER).build().unwrap();
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    for audience in [MockEntra::CLIENT_ID, "api://inherited"] {
        let inherited = sign(&mock, &with(github_claims(), json!({ "aud": audience })));
        assert_eq!(code(verifier.verify(&inherited).await), "wrong_audience");
    }
    let verifier = builder().required_claim(ClaimRule::any("environment", ["staging"])).build().unwrap();
    assert_eq!(code(verifier.verify(&token).await), "claim_not_allowed");
}

#[test]
fn allowed_clients_that_do_not_apply_are_a_warning() {
    let log = Log::default();
    tracing::subscriber::with_default(log.subscriber(), || {
        let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
        builder.allowed_client(MockEntra::CALLER).authority(github().subject(SUBJECT)).build().unwrap();
    });
    assert!(log.text().contains("the allowed clients do not apply to workload identities"), "{}", log.text());
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + use<> {
        let log = self.clone();
        tracing_subscriber::fmt().with_writer(move || log.clone()).with_ansi(false).finish()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
