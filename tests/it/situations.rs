//! Situations of operators and clients that no cause was written for: a configuration, an input, and words that the cause and
//! its first remedy must contain.

use http::{HeaderValue, Request};
use mock_entra::{Fault, MockEntra, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{Config, Requirement, Verifier, VerifierBuilder, diagnosis::Diagnosis};

use crate::{
    log::Lines,
    support::{Bench, clock_of},
};

struct Situation {
    story: &'static str,
    mock: fn() -> MockEntra,
    config: fn() -> Value,
    token: fn(TokenBuilder) -> TokenBuilder,
    wrap: fn(String) -> String,
    requirement: Option<fn() -> Requirement>,
    cause: &'static [&'static str],
    remedy: &'static [&'static str],
}

const C: &str = MockEntra::CLIENT_ID;
const T: &str = MockEntra::TENANT;

fn entra() -> Value {
    json!({ "TenantId": T, "ClientId": C })
}

macro_rules! situations {
    ($($story:literal, $mock:expr, $config:expr, $token:expr, $wrap:expr, [$($cause:literal),+], [$($remedy:literal),+];)+) => {
        &[$(Situation { story: $story, mock: $mock, config: $config, token: $token, wrap: $wrap, requirement: None, cause: &[$($cause),+], remedy: &[$($remedy),+] },)+]
    };
}

/// The same for an operation with a requirement.
macro_rules! operations {
    ($($story:literal, $mock:expr, $config:expr, $token:expr, $requirement:expr, [$($cause:literal),+], [$($remedy:literal),+];)+) => {
        &[$(Situation { story: $story, mock: $mock, config: $config, token: $token, wrap: |text| text, requirement: Some(|| $requirement), cause: &[$($cause),+], remedy: &[$($remedy),+] },)+]
    };
}

#[rustfmt::skip]
const SITUATIONS: &[Situation] = situations! {
    "the object id of the service principal is configured as the client id", MockEntra::new, || json!({ "TenantId": T, "ClientId": MockEntra::USER }), |token| token.claim("oid", MockEntra::USER), |text| text, ["(oid)"], ["\"ClientId\":\"66666666"];
    "the object id of the caller is on the list of clients", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "AllowedClients": [MockEntra::USER] }), |token| token.claim("oid", MockEntra::USER), |text| text, ["(oid)", "77777777"], ["\"AllowedClients\":[\"77777777"];
    "the tenant is on the list of clients", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "AllowedClients": [T] }), |token| token, |text| text, ["(tid)"], ["\"AllowedClients\":[\"77777777"];
    "the caller's client id is configured as the tenant", MockEntra::new, || json!({ "TenantId": MockEntra::CALLER, "ClientId": C }), |token| token, |text| text, ["(azp)"], ["\"TenantId\":\"11111111"];
    "the audience is the App ID URI in capitals", MockEntra::new, || json!({ "TenantId": T, "Audience": "api://ORDERS" }), |token| token.audience("api://orders"), |text| text, ["upper and lower case"], ["\"Audiences\":["];
    "a scope is configured as the audience", MockEntra::new, || json!({ "TenantId": T, "Audience": "api://orders/Files.Read" }), |token| token.audience("api://orders"), |text| text, ["by a path"], ["api://orders"];
    "a required claim names the v1 claim of the client", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "RequiredClaims": [{ "Name": "appid", "Values": [MockEntra::CALLER] }] }), |token| token, |text| text, ["azp"], ["\"Name\":\"azp\""];
    "a required role is granted as a scope", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "RequiredClaims": [{ "Name": "roles", "Values": ["Files.Read"] }] }), |token| token, |text| text, ["scp"], ["\"Name\":\"scp\"", "\"Separator\":\" \""];
    "a rule about the client contradicts the list of clients", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "AllowedClients": [MockEntra::CALLER], "RequiredClaims": [{ "Name": "azp", "Values": [MockEntra::OTHER_CALLER] }] }), |token| token, |text| text, ["only other clients are allowed"], ["In RequiredClaims", "remove the rule"];
    "API Management calls with its own identity", MockEntra::new, entra, |token| token.app().audience("api://backend").claim("xms_mirid", "/subscriptions/x/resourcegroups/g/providers/Microsoft.ApiManagement/service/gateway1"), |text| text, ["gateway1"], ["after validate-jwt"];
    "Keycloak in a container under an internal name", MockEntra::keycloak, || json!({ "Authority": "http://localhost:8080/realms/main", "Audience": C }), |token| token, |text| text, ["two names"], ["\"Authority\":\"https://id.contoso.example/realms/main\""];
    "Keycloak without an audience mapper", MockEntra::keycloak, || json!({ "Authority": MockEntra::keycloak().issuer(), "Audience": "orders" }), |token| token.without_claim("aud"), |text| text, ["has no aud"], ["Audience", "client scope"];
    "Auth0 without an audience in the request", MockEntra::auth0, || json!({ "Authority": MockEntra::auth0().issuer(), "Audience": "https://api.contoso.example" }), |token| token, |_| "madeUpOpaqueTokenOfAuth0".into(), ["no audience was requested"], ["audience=https://api.contoso.example"];
    "Okta's token for another authorization server", MockEntra::okta, || json!({ "Authority": MockEntra::okta().issuer(), "Audience": "api://orders" }), |token| token, |text| text, ["api://orders"], ["authorization server"];
    "an ID token of Cognito", MockEntra::cognito, || json!({ "Authority": MockEntra::cognito().issuer(), "Audience": MockEntra::CALLER }), TokenBuilder::id_token, |text| text, ["ID token"], ["access_token", "Cognito"];
    "another user flow of B2C", || MockEntra::b2c("contoso", "B2C_1_susi"), || json!({ "Instance": "https://contoso.b2clogin.com/", "Domain": "contoso.onmicrosoft.com", "SignUpSignInPolicyId": "B2C_1_susi", "ClientId": C }), |token| token.policy("B2C_1_reset"), |text| text, ["B2C_1_reset", "tfp"], ["sign in"];
    "a whole request with a token that was cut", MockEntra::new, entra, |token| token, |token| format!("GET /orders HTTP/1.1\r\nHost: api.contoso.example\r\nAuthorization: Bearer {}\r\nAccept: */*\r\n\r\n", &token[..token.len() - 60]), ["end of the token is missing"], ["Copy it whole"];
    "a curl command with an expired token", MockEntra::new, entra, TokenBuilder::expired, |token| format!("curl -s 'https://api.contoso.example/' \\\n  -H 'authorization: Bearer {token}' --compressed"), ["expired", "1 h ago"], ["Get a new token"];
};

#[rustfmt::skip]
const MISTAKES: &[Situation] = situations! {
    "tenant and client id are swapped", MockEntra::new, || json!({ "TenantId": C, "ClientId": T }), |token| token, |text| text, ["swapped", "11111111-2222-3333-4444-555555555555 is the tenant"], ["\"ClientId\":\"66666666", "\"TenantId\":\"11111111"];
    "tenant and client id are swapped, and the tenant cannot be found", || without_tenant(C), || json!({ "Instance": LOCAL, "TenantId": C, "ClientId": T }), |token| token, |text| text, ["swapped"], ["\"ClientId\":\"66666666", "\"TenantId\":\"11111111"];
    "the client id is the tenant too, and cannot be found", || without_tenant(C), || json!({ "Instance": LOCAL, "TenantId": C, "ClientId": C }), |token| token, |text| text, ["The tenant is configured as 66666666", "(aud)"], ["\"TenantId\":\"11111111"];
    "strict audiences leave out the client id", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "Audience": "https://orders.contoso.example", "StrictAudiences": true }), |token| token, |text| text, ["StrictAudiences", "ClientId"], ["Delete StrictAudiences"];
    "a valid audience leaves out the client id", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "TokenValidationParameters": { "ValidAudience": "https://orders.contoso.example" } }), |token| token, |text| text, ["https://orders.contoso.example"], ["https://orders.contoso.example/.default"];
    "a required role that the application does not have", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "RequiredClaims": [{ "Name": "roles", "Values": ["Orders.Admin"] }] }), |token| token.app().roles(["Orders.Read"]), |text| text, ["Its claim roles has the values: Orders.Read."], ["Assign the app role"];
    "a required scope that the token does not have", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "RequiredClaims": [{ "Name": "scp", "Values": ["Orders.Write"], "Separator": " " }] }), |token| token, |text| text, ["Its claim scp is Files.Read."], ["request the scope"];
    "a workflow of GitHub sends its own token", MockEntra::new, entra, |token| token.claim("iss", "https://token.actions.githubusercontent.com").audience("https://github.com/contoso").without_claim("scp").without_claim("tid"), |text| text, ["GitHub Actions workflow"], ["workload identity federation", "azure/login"];
    "another app client of Cognito", MockEntra::cognito, || json!({ "Authority": MockEntra::cognito().issuer(), "Audience": "7abcmadeupclient", "AudienceClaim": "client_id" }), |token| token, |text| text, ["The client_id of the token is 77777777", "7abcmadeupclient"], ["app client 7abcmadeupclient"];
    "the org authorization server of Okta behind an own name", || MockEntra::okta().hosted_at("https://login.contoso.example"), || json!({ "Authority": "https://login.contoso.example/oauth2/default", "Audience": "api://orders" }), |token| token.claim("iss", "https://login.contoso.example"), |text| text, ["org authorization server", "no other API can verify"], ["sign in at https://login.contoso.example/oauth2/default", "custom authorization server"];
    "the API is on the list of clients", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "AllowedClients": [C] }), |token| token, |text| text, ["The list of allowed clients has 66666666-7777-8888-9999-000000000000. In the token, that is the API"], ["\"AllowedClients\":[\"77777777"];
    "an ID token of Keycloak", MockEntra::keycloak, || json!({ "Authority": MockEntra::keycloak().issuer(), "Audience": C }), TokenBuilder::id_token, |text| text, ["ID token"], ["Send the field access_token of the token response, not id_token."];
    "another issuer than B2C", || MockEntra::b2c("contoso", "B2C_1_susi"), || json!({ "Instance": "https://contoso.b2clogin.com/", "Domain": "contoso.onmicrosoft.com", "SignUpSignInPolicyId": "B2C_1_susi", "ClientId": C }), |token| token.claim("iss", format!("https://login.microsoftonline.com/{T}/v2.0")), |text| text, ["accepted is https://contoso.b2clogin.com/11111111-2222-3333-4444-555555555555/v2.0/"], ["sign in"];
};

const OTHER: &str = MockEntra::OTHER_TENANT;

#[rustfmt::skip]
const OPERATIONS: &[Situation] = operations! {
    "a tenant is required that the API does not accept", MockEntra::new, entra, |token| token, Requirement::tenant(OTHER.parse().unwrap()), ["requires tenant 22222222", "of the tenant 11111111", "No token can meet that"], ["in the requirement", "11111111-2222-3333-4444-555555555555", "no setting"];
    "another tenant of the API is required", MockEntra::new, || json!({ "TenantIds": [T, OTHER], "ClientId": C }), |token| token, Requirement::tenant(OTHER.parse().unwrap()), ["requires tenant 22222222", "of the tenant 11111111"], ["sign in at https://login.microsoftonline.com/22222222"];
    "an authority is required that does not exist", MockEntra::new, entra, |token| token, Requirement::authority("partner"), ["requires authority partner", "there is no authority of that name", "The authorities are: https://login.microsoftonline.com/11111111"], ["Name an authority that exists", "https://login.microsoftonline.com/11111111"];
    "a guest where members are required", MockEntra::new, entra, |token| token.claim("acct", 1), Requirement::member(), ["requires member", "guests are rejected"], ["account that is a member"];
    "an application where members are required", MockEntra::new, entra, TokenBuilder::app, Requirement::member(), ["no user"], ["Let a user sign in"];
    "another client is required", MockEntra::new, entra, |token| token, Requirement::client(MockEntra::OTHER_CALLER), ["requires client 88888888", "the client is 77777777"], ["Let the client 88888888"];
    "an application where a scope is required", MockEntra::new, entra, TokenBuilder::app, Requirement::scope("Orders.Read"), ["An application cannot get a scope"], ["Let a user sign in", "api://66666666-7777-8888-9999-000000000000/Orders.Read"];
    "a scope is missing", MockEntra::new, entra, |token| token, Requirement::scope("Orders.Read"), ["scope Orders.Read"], [" api://66666666-7777-8888-9999-000000000000/Orders.Read,"];
    "a scope is missing, and an App ID URI is configured", MockEntra::new, || json!({ "TenantId": T, "ClientId": C, "Audience": "https://orders.contoso.example" }), |token| token, Requirement::scope("Orders.Read"), ["scope Orders.Read"], [" https://orders.contoso.example/Orders.Read,"];
    "a group of the only provider", MockEntra::okta, || json!({ "Authority": MockEntra::okta().issuer(), "Audience": format!("api://{C}") }), |token| token, Requirement::group("readers"), ["group readers"], ["Require a scope or an app role"];
};

/// An instance whose issuers are known by its metadata alone.
const LOCAL: &str = "http://127.0.0.1:4000";

/// An instance without this tenant.
fn without_tenant(tenant: &str) -> MockEntra {
    let mock = MockEntra::at(LOCAL);
    mock.set_fault_at(tenant, Fault::Status(400));
    mock
}

fn all() -> impl Iterator<Item = &'static Situation> {
    [SITUATIONS, MISTAKES, OPERATIONS].into_iter().flatten()
}

async fn diagnosis(situation: &Situation) -> Diagnosis {
    let mock = (situation.mock)();
    let verifier = verifier(&mock, &(situation.config)());
    let text = (situation.wrap)((situation.token)(mock.token()).build());
    match situation.requirement {
        Some(requirement) => verifier.diagnose_for(&text, &requirement()).await,
        None => verifier.diagnose(&text).await,
    }
}

fn verifier(mock: &MockEntra, config: &Value) -> Verifier {
    let config = Config::from_json(&json!({ "AzureAd": config }).to_string()).unwrap();
    VerifierBuilder::from(config).fetch(mock.clone()).clock(clock_of(mock)).build().unwrap()
}

/// The diagnoses of all situations.
pub(crate) async fn diagnoses() -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    for situation in all() {
        diagnoses.push(diagnosis(situation).await);
    }
    diagnoses
}

#[tokio::test]
async fn situations_are_explained_with_a_remedy() {
    let mut wrong = Vec::new();
    for situation in all() {
        let diagnosis = diagnosis(situation).await;
        let Some(cause) = diagnosis.cause() else {
            wrong.push(format!("{}: accepted", situation.story));
            continue;
        };
        let first = cause.remedies()[0].text();
        for word in situation.cause.iter().filter(|word| !cause.explanation().contains(**word)) {
            wrong.push(format!("{}: {word:?} is not in the cause\n{diagnosis}", situation.story));
        }
        for word in situation.remedy.iter().filter(|word| !first.contains(**word)) {
            wrong.push(format!("{}: {word:?} is not in the first remedy\n{diagnosis}", situation.story));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all().count() >= 40);
}

#[tokio::test]
async fn good_token_in_a_header_request_or_command_is_accepted_with_a_note() {
    let mock = MockEntra::new();
    let verifier = verifier(&mock, &entra());
    let token = mock.token().build();
    for text in [
        format!("Bearer {token}"),
        format!("Authorization: Bearer {token}"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nauthorization: bearer {token}\r\n\r\n"),
        format!("curl https://api.contoso.example -H \"Authorization: Bearer {token}\""),
        format!(r#"{{"name":"Authorization","value":"Bearer {token}"}},{{"name":"Accept","value":"*/*"}}"#),
    ] {
        let diagnosis = verifier.diagnose(&text).await;
        assert!(diagnosis.is_accepted() && diagnosis.notes().len() == 1, "{text}\n{diagnosis}");
    }
}

/// A megabyte of anything is rejected, what is shown of it is bounded, and nothing of it is logged at any level.
#[tokio::test(flavor = "current_thread")]
async fn garbage_of_a_megabyte_is_rejected_and_never_logged() {
    const LENGTH: usize = 1 << 20;
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(T).detailed_errors(true)).await;
    let token = bench.token().build();
    let two = format!("{token} {}", bench.token().scopes("Mail.Read").build());
    let lines = Lines::default();
    let _guard = lines.listen();
    let binary: String = (0..LENGTH).map(|at| char::from((at % 251) as u8)).collect();
    for text in [
        "madeUpGarbage".repeat(LENGTH / 13),
        "eyJ".repeat(LENGTH / 3),
        ".".repeat(LENGTH),
        "%".repeat(LENGTH),
        "%2E".repeat(LENGTH / 3),
        "\"".repeat(LENGTH),
        "authorization: bearer ".repeat(LENGTH / 22),
        "eyJhIjoxfQ.e30.c2ln ".repeat(LENGTH / 20),
        "{".repeat(LENGTH),
        format!("{token} ").repeat(LENGTH / (token.len() + 1)),
        format!("{token}{}", "A".repeat(LENGTH)),
        binary,
        two,
    ] {
        let beginning: String = text.chars().take(20).collect();
        let diagnosis = bench.verifier.diagnose(&text).await;
        assert!(!diagnosis.is_accepted(), "{beginning}");
        for shown in [diagnosis.to_string(), format!("{diagnosis:#}"), serde_json::to_string(&diagnosis).unwrap()] {
            assert!(shown.len() < 20_000, "{beginning}: {} bytes", shown.len());
        }
        let mut bodies = String::new();
        // As a header too, where it can be one.
        if let Ok(header) = HeaderValue::from_bytes(format!("Bearer {text}").as_bytes()) {
            let mut request = Request::new(());
            request.headers_mut().insert("authorization", header);
            let answer = bench.send(request).await;
            assert!(answer.status.is_client_error(), "{beginning}: {}", answer.status);
            bodies = String::from_utf8(answer.body.to_vec()).unwrap();
        }
        let log = lines.take_all();
        for (name, shown) in [("log", &log), ("body", &bodies)] {
            assert!(shown.len() < 20_000, "{beginning}: {} bytes in the {name}", shown.len());
            let signature = token.rsplit('.').next().unwrap();
            for part in ["madeUpGarbage", "eyJeyJ", "e30.c2ln", "%2E%2E", &signature[..20], &token[..40]] {
                assert!(!shown.contains(part), "{beginning}: {part} in the {name}: {shown}");
            }
        }
    }
}
