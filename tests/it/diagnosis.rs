//! Broken tokens and set-ups: each is told by its root cause, in the user's own values.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use mock_entra::{Fault, KeySpec, ManualClock, MockEntra, SigningAlgorithm, TokenBuilder};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower_entra::{
    Authority, Cloud, Config, Rejection, RejectionKind, Requirement, TenantId, Verifier,
    authority::Entra,
    claims::TokenVersion,
    diagnosis::{Cause, CauseKind, Diagnosis, Outcome},
    jwt::Algorithm,
    policy::ClaimRule,
};

use crate::support::{Bench, START, clock_of, encode, parts, tenant};

/// A set-up, what is sent there, and what is to be said of it.
struct Row {
    /// The row of the table of frequent problems (`docs/entra.md`, "Frequent problems") that it plays; 0 for none of
    /// them.
    problem: u8,
    /// The set-up, before the first key.
    bench: fn() -> Bench,
    /// What is sent.
    text: fn(&Bench) -> String,
    cause: CauseKind,
    code: RejectionKind,
    /// What its explanation and remedy have in them.
    says: &'static [&'static str],
}

fn usual() -> Bench {
    Bench::cold(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT))
}

fn ours() -> Entra {
    Authority::tenant(tenant()).client_id(MockEntra::CLIENT_ID)
}

fn of(authority: impl Into<Authority>) -> Bench {
    Bench::alone(MockEntra::new(), authority)
}

/// Another provider, whose tokens have the audience that it gives them.
fn of_provider(mock: MockEntra) -> Bench {
    let audience = mock.token().claims().get("aud").and_then(|aud| aud.as_str().or(aud[0].as_str()).map(str::to_owned));
    let audience = audience.filter(|audience| audience != "account").unwrap_or(MockEntra::CLIENT_ID.to_owned());
    let authority = Authority::openid_connect(mock.issuer()).audience(audience);
    Bench::alone(mock, authority)
}

fn requires(requirement: Requirement) -> Bench {
    of(ours().require(requirement))
}

fn with_audience(audience: &str) -> Bench {
    of(Authority::tenant(tenant()).audience(audience))
}

fn good(bench: &Bench) -> String {
    bench.token().build()
}

/// The identity provider's clock is this far from ours, which stands at [`START`].
fn with_their_clock(seconds: i64) -> Bench {
    let bench = usual();
    bench.mock.set_clock(ManualClock::at(UNIX_EPOCH + Duration::from_secs((START + seconds).unsigned_abs())));
    bench
}

/// A token of another look-alike, dated by our clock.
fn from(mock: MockEntra, change: fn(TokenBuilder) -> TokenBuilder) -> String {
    clock_of(&mock);
    change(mock.token()).build()
}

fn b2c() -> MockEntra {
    MockEntra::b2c("contoso", "B2C_1_susi")
}

const READERS: &str = "99999999-0000-1111-2222-333333333333";

macro_rules! rows {
    ($($problem:literal $cause:ident $code:ident, $bench:expr, $text:expr, [$($says:literal),+];)+) => {
        &[$(Row { problem: $problem, bench: $bench, text: $text, cause: CauseKind::$cause, code: RejectionKind::$code, says: &[$($says),+] },)+]
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = rows! {
    0 NoToken MissingToken, usual, |_| String::new(), ["There is no token", "Authorization: Bearer"];
    14 BearerInToken MalformedToken, usual, |bench| format!("Authorization: Bearer Bearer {}", good(bench)), ["The word Bearer", "in a header of the application"];
    13 Quoted MalformedToken, usual, |bench| format!("\"{}\"", good(bench)), ["in quotes", "jq, use -r"];
    13 WhitespaceInToken MalformedToken, usual, |bench| good(bench).replacen('.', ".\n", 1), ["a line break, a space"];
    0 WhitespaceInToken MalformedToken, usual, |bench| good(bench) + "\t", ["a line break, a space"];
    0 UrlEncoded MalformedToken, usual, |bench| good(bench).replace('.', "%2E"), ["%2E"];
    0 TwoTokens MalformedToken, usual, |bench| format!("{} {}", good(bench), good(bench)), ["Two tokens"];
    0 TokenResponse MalformedToken, usual, |bench| json!({ "token_type": "Bearer", "access_token": good(bench) }).to_string(), ["jq -r .access_token"];
    17 NoAccessToken MalformedToken, usual, |bench| json!({ "id_token": bench.token().id_token().build() }).to_string(), ["has no access_token", "Request a scope of this API"];
    0 TokenResponse MalformedToken, usual, |bench| json!({ "Token": good(bench), "Type": "Bearer" }).to_string(), ["(Get-AzAccessToken …).Token"];
    0 ErrorResponse MalformedToken, usual, |_| json!({ "error": "invalid_resource", "error_description": "AADSTS500011: The resource principal was not found.\r\nTrace ID: 1" }).to_string(), ["invalid_resource: AADSTS500011: The resource principal was not found. Trace ID: 1.", "Fix the token request first"];
    0 DecodedContent MalformedToken, usual, |_| "{\"typ\":\"JWT\",\"alg\":\"RS256\"}.{\"aud\":\"api://orders\"}.[Signature]".into(), ["decoded content", "Paste the token itself"];
    0 WebPage MalformedToken, usual, |_| "<!DOCTYPE html><html><title>Sign in</title></html>".into(), ["web page", "token endpoint"];
    0 Surrounded MalformedToken, usual, |bench| format!("https://app.contoso.example/#access_token={}&expires_in=3599", good(bench)), ["an address", "begins with eyJ"];
    0 Surrounded MalformedToken, usual, |bench| format!("access_token={}&token_type=Bearer", good(bench)), ["a form"];
    0 Placeholder MalformedToken, usual, |_| "<token>".into(), ["placeholder", "must be set in this shell"];
    0 Placeholder MalformedToken, usual, |_| "$TOKEN".into(), ["placeholder"];
    0 Placeholder MalformedToken, usual, |_| "{{access_token}}".into(), ["placeholder"];
    0 Placeholder MalformedToken, usual, |_| "undefined".into(), ["placeholder"];
    0 Opaque MalformedToken, usual, |_| "0.AXoAmadeUpRefreshTokenOfNobody".into(), ["a refresh token", "not refresh_token"];
    0 Opaque EncryptedToken, usual, |_| "M.C5xx_BAY.0.U.-CmadeUpRefreshTokenOfAPersonalAccountOfNobody".into(), ["a refresh token", "not refresh_token"];
    0 Truncated MalformedToken, usual, |bench| good(bench).split_at(300).0.into(), ["A piece of the token is missing"];
    0 Truncated MalformedToken, usual, |bench| good(bench).rsplit_once('.').unwrap().0.into(), ["A piece of the token is missing"];
    0 Malformed MalformedToken, usual, |bench| bench.token().raw_payload("{}").build(), ["exp is missing"];
    0 Malformed MalformedToken, usual, |bench| bench.token().claim("roles", 7).build(), ["must be a string"];
    0 Malformed MalformedToken, usual, |bench| bench.token().without_header("kid").build(), ["has no kid"];
    0 Malformed MalformedToken, usual, |bench| good(bench) + "+/8=", ["another alphabet of base64"];
    0 Malformed MalformedToken, usual, |_| "a.b.c.d".into(), ["three parts"];
    0 OtherKindOfJwt MalformedToken, usual, |bench| bench.token().header("typ", "dpop+jwt").build(), ["dpop+jwt"];
    0 OtherKindOfJwt MalformedToken, usual, |bench| bench.token().header("crit", json!(["b64"])).build(), ["crit"];
    0 TooLarge TokenTooLarge, usual, |bench| bench.token().claim("groups", vec![READERS; 600]).build(), ["600 groups", "16384 bytes", "max_token_bytes"];
    24 Encrypted EncryptedToken, usual, |_| format!("{}.YQ.Yg.Yw.ZA", encode(r#"{"alg":"RSA-OAEP","enc":"A256CBC-HS512"}"#)), ["five parts", "tokenEncryptionKeyId", "66666666-7777"];
    0 Unsigned UnsupportedAlgorithm, usual, |bench| bench.token().header("alg", "none").build(), ["no signature"];
    0 Unsigned UnsupportedAlgorithm, usual, |bench| { let token = bench.token().header("alg", "none").build(); token[..token.len() - 41].to_owned() }, ["no signature"];
    0 OtherAlgorithm UnsupportedAlgorithm, usual, |bench| bench.token().algorithm(SigningAlgorithm::Rs512).build(), ["RS512", "accepted is RS256", "login.microsoftonline.com/11111111"];
    0 OtherAlgorithm UnsupportedAlgorithm, usual, |bench| bench.token().header("alg", "HS256").build(), ["HS256"];
    1 GraphToken MicrosoftApiToken, usual, |bench| bench.token().graph().build(), ["Microsoft Graph", "It is genuine", "66666666-7777-8888-9999-000000000000/.default"];
    0 GraphToken MicrosoftApiToken, usual, |bench| bench.token().graph().wrong_key().build(), ["Microsoft Graph", "Its signature is wrong, even with the nonce hashed"];
    0 GraphToken MicrosoftApiToken, usual, |bench| bench.token().graph().tenant(MockEntra::OTHER_TENANT).build(), ["Its header has a nonce"];
    6 ArmToken MicrosoftApiToken, usual, |bench| bench.token().v1().app().audience("https://management.azure.com/").build(), ["Azure Resource Manager (https://management.azure.com/)", "az account get-access-token --scope 66666666"];
    0 MicrosoftToken MicrosoftApiToken, usual, |bench| bench.token().audience("https://contoso.sharepoint.com").build(), ["SharePoint", "66666666"];
    2 V1Token UnknownIssuer, || of(ours().version(TokenVersion::V2)), |bench| bench.token().v1().build(), ["sts.windows.net/11111111", "requestedAccessTokenVersion", "this API (66666666"];
    3 CachedVersion UnknownIssuer, || of(ours().version(TokenVersion::V2)), |bench| bench.token().v1().issued_at(START - 3000).build(), ["50 min ago", "Get a new token"];
    0 V2Token UnknownIssuer, || of(ours().version(TokenVersion::V1)), good, ["issuer of v2 tokens", "If both versions may be accepted: Delete Version"];
    0 OtherIssuer UnknownIssuer, || of(ours().version(TokenVersion::V2)), |bench| bench.token().claim("iss", "https://id.contoso.example/").build(), ["https://id.contoso.example/"];
    8 B2cToken UnknownIssuer, usual, |_| from(b2c(), |token| token), ["contoso.b2clogin.com", "\"SignUpSignInPolicyId\":\"B2C_1_susi\"", "\"Domain\":\"contoso.onmicrosoft.com\""];
    0 B2cToken UnknownIssuer, || of(ours().version(TokenVersion::V1)), |_| from(b2c(), |token| token), ["contoso.b2clogin.com"];
    9 ExternalIdToken UnknownIssuer, usual, |_| from(MockEntra::external_id("contoso"), |token| token), ["ciamlogin.com", "\"Authority\":\"https://"];
    19 OtherCloud UnknownIssuer, usual, |_| from(MockEntra::us_government(), |token| token), ["login.microsoftonline.us/11111111", "\"Instance\":\"https://login.microsoftonline.us/\""];
    19 OtherCloud UnknownIssuer, usual, |_| from(MockEntra::china(), TokenBuilder::v1), ["sts.chinacloudapi.cn/11111111"];
    0 OtherCloud UnknownIssuer, || of(ours().version(TokenVersion::V2)), |_| from(MockEntra::china(), TokenBuilder::v1), ["login.partner.microsoftonline.cn"];
    0 OtherCloud UnknownIssuer, || Bench::cold(MockEntra::us_government(), |builder| builder.cloud(Cloud::UsGovernment).tenant(MockEntra::TENANT)), |_| from(MockEntra::new(), |token| token), ["https://login.microsoftonline.com/11111111"];
    0 OtherIssuer UnknownIssuer, || Bench::alone(MockEntra::okta(), Authority::openid_connect(MockEntra::okta().issuer()).audience("api://orders")), |_| from(MockEntra::new(), |token| token), ["contoso.okta.example", "login.microsoftonline.com"];
    10 PlaceholderIssuer UnknownIssuer, usual, |bench| bench.token().tenant("{tenantid}").build(), ["{tenantid}", "put the tenant's id (tid)"];
    0 OtherIssuer UnknownIssuer, usual, |bench| bench.token().claim("iss", "https://id.contoso.example/").build(), ["https://id.contoso.example/", "two layers, one behind the other"];
    0 OtherIssuer UnknownIssuer, usual, |bench| bench.token().without_claim("iss").build(), ["has no iss"];
    0 DisputedIssuer UnknownIssuer, || { let mock = MockEntra::new(); mock.add_domain("contoso.example", tenant()); Bench::cold(mock, |builder| builder.authority(ours()).authority(Authority::domain("contoso.example"))) }, good, ["Two of the configured authorities", "contoso.example"];
    0 OtherPolicy WrongIssuer, || Bench::alone(b2c(), Authority::b2c("contoso", "B2C_1_susi").client_id(MockEntra::CLIENT_ID)), |bench| bench.token().policy("B2C_1_edit").build(), ["B2C_1_edit", "B2C_1_susi"];
    0 NoPolicy WrongIssuer, || Bench::alone(b2c(), Authority::b2c("contoso", "B2C_1_susi").client_id(MockEntra::CLIENT_ID)), |bench| bench.token().app().without_claim("tfp").build(), ["neither tfp nor acr", "AcceptAppTokensWithoutPolicy", "AllowedClients"];
    18 PersonalAccount WrongTenant, usual, |bench| bench.token().tenant(TenantId::PERSONAL_ACCOUNTS).build(), ["personal Microsoft account", "https://login.microsoftonline.com/11111111"];
    18 OtherTenant WrongTenant, usual, |bench| bench.token().tenant(MockEntra::OTHER_TENANT).build(), ["from tenant 22222222", "accepted is 11111111", "\"TenantIds\":[\"11111111-2222-3333-4444-555555555555\",\"22222222"];
    0 NoTenant WrongTenant, usual, |bench| bench.token().without_claim("tid").build(), ["tid is missing", "login.microsoftonline.com/11111111"];
    0 TenantRejected WrongTenant, || of(Authority::tenants_matching(|_| false).client_id(MockEntra::CLIENT_ID)), good, ["11111111-2222", "does not accept its tenant"];
    7 OwnSigningKey UnknownKey, usual, |bench| bench.token().kid("its-own-key").build(), ["its-own-key", "\"AppSpecificKeys\":true", "?appid="];
    11 StaleKeys UnknownKey, usual, |bench| { bench.mock.rotate(); bench.mock.set_fault(Fault::Down); bench.clock.advance(Duration::from_secs(600)); good(bench) }, ["cannot be refreshed", "https://login.microsoftonline.com/11111111"];
    0 UnknownKey UnknownKey, || of(Authority::danger_any_organization().client_id(MockEntra::CLIENT_ID)), |bench| bench.token().kid("never-seen").build(), ["never-seen"];
    12 NoSuchTenant KeysUnavailable, || { let bench = usual(); bench.mock.remove_tenant(tenant()); bench }, good, ["status 400", "11111111-2222", "Compare the tenant"];
    12 NoMetadata KeysUnavailable, || { let bench = usual(); bench.mock.set_fault(Fault::Down); bench }, good, ["https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration", "HTTPS_PROXY"];
    0 NoMetadata KeysUnavailable, || { let bench = usual(); bench.mock.set_fault(Fault::Status(503)); bench }, good, ["status 503"];
    0 NoMetadata KeysUnavailable, || { let bench = usual(); bench.mock.set_fault(Fault::Redirect("https://proxy.contoso.example/login".into())); bench }, good, ["status 302", "Redirects are not followed", "sign-in page"];
    0 WrongMetadata KeysUnavailable, || { let bench = usual(); bench.mock.set_fault(Fault::Garbage); bench }, good, ["a sign-in page"];
    0 PolicyInIssuer KeysUnavailable, || Bench::alone(b2c().tfp_issuer(), Authority::b2c("contoso", "B2C_1_susi").client_id(MockEntra::CLIENT_ID)), good, ["has the policy in it", "AcceptTfpIssuers", "/tfp/"];
    0 ForeignIssuer KeysUnavailable, || Bench::alone(MockEntra::external_id_at("https://login.contoso.example"), Authority::external_id_at("https://login.contoso.example", "contoso.onmicrosoft.com").client_id(MockEntra::CLIENT_ID)), good, ["an issuer it does not own", "Configure the tenant's GUID"];
    0 ForeignIssuer KeysUnavailable, || { let mock = MockEntra::at("http://127.0.0.1:4000"); mock.set_metadata("issuer", Some(format!("http://entra:4000/{}/v2.0", MockEntra::TENANT).into())); Bench::alone(mock, ours().in_instance(tower_entra::tenant::Instance::parse("http://127.0.0.1:4000").unwrap())) }, good, ["http://entra:4000/{tenantid}/v2.0", "Issuers"];
    0 ForeignIssuer UnknownIssuer, || { let mock = MockEntra::at("http://127.0.0.1:4000"); mock.set_metadata("issuer", Some(format!("http://entra:4000/{}/v2.0", MockEntra::TENANT).into())); Bench::alone(mock, ours().in_instance(tower_entra::tenant::Instance::parse("http://127.0.0.1:4000").unwrap())) }, |bench| bench.token().claim("iss", format!("http://entra:4000/{}/v2.0", MockEntra::TENANT)).build(), ["an issuer it does not own", "\"Issuers\":[\"http://entra:4000/11111111-2222-3333-4444-555555555555/v2.0\"]"];
    0 BadSignature BadSignature, usual, |bench| bench.token().wrong_key().build(), ["the signature does not fit"];
    0 Truncated BadSignature, usual, |bench| { let token = good(bench); token[..token.len() - 42].to_owned() }, ["The end of the token is missing", "256 bytes"];
    0 Truncated MalformedToken, usual, |bench| { let token = good(bench); token[..token.len() - 41].to_owned() }, ["The end of the token is missing"];
    0 Truncated MalformedToken, usual, |bench| good(bench)[20..].to_owned(), ["one of them is cut"];
    0 Opaque MalformedToken, usual, |_| "1.AXoAmadeUpRefreshToken.AgABAwEAAAmadeUp".into(), ["not refresh_token"];
    0 ForeignKey WrongIssuer, || { let bench = usual(); let key = bench.mock.new_key(); bench.mock.publish(KeySpec::new(&key).issuer(bench.mock.v2_issuer(MockEntra::OTHER_TENANT))); bench.mock.sign_with(&key); bench }, good, ["The signature is genuine", "login.microsoftonline.com/11111111"];
    0 Contradiction WrongIssuer, usual, |bench| bench.token().claim("tid", MockEntra::OTHER_TENANT).build(), ["iss and tid name different tenants", "22222222", "11111111"];
    0 Contradiction WrongIssuer, usual, |bench| bench.token().claim("ver", "1.0").build(), ["ver 2.0", "found 1.0"];
    15 ClockExpired Expired, || with_their_clock(-7200), good, ["ahead of the issuer's", "2 h", "NTP"];
    20 Expired Expired, usual, |bench| bench.token().expired().build(), ["has expired: 1 h ago, at 2027-01-15T", "This machine's clock agrees with the issuer's", "MSAL"];
    0 NotYetValid NotYetValid, || with_their_clock(3600), |bench| bench.token().not_before(START + 3600).build(), ["1 h", "behind the issuer's", "NTP"];
    0 NotYetValid NotYetValid, usual, |bench| bench.token().not_before(START + 3600).build(), ["2027-01-15", "Wait until then"];
    0 Malformed MalformedToken, usual, |bench| bench.token().not_before(253_402_300_800).claim("iat", u64::MAX).build(), ["a date is not a number of seconds"];
    4 AudienceForm WrongAudience, || with_audience("api://66666666-7777-8888-9999-000000000000"), good, ["aud is 66666666-7777-8888-9999-000000000000", "api://66666666", "client_id()"];
    5 AudienceNearMiss WrongAudience, || with_audience("https://orders.contoso.example"), |bench| bench.token().audience("http://orders.contoso.example").build(), ["http, https, api", "http://orders.contoso.example"];
    5 AudienceNearMiss WrongAudience, || with_audience("api://Orders"), |bench| bench.token().audience("api://orders").build(), ["upper and lower case", "api://Orders", "api://orders"];
    5 AudienceNearMiss WrongAudience, || with_audience("api://orders"), |bench| bench.token().audience("api://orders//").build(), ["by slashes at the end"];
    0 AudienceNearMiss WrongAudience, || with_audience("api://orders"), |bench| bench.token().audience("api://orders/Files.Read").build(), ["by a path"];
    22 ManagedIdentity WrongAudience, usual, |bench| bench.token().app().audience("api://backend").claim("xms_mirid", "/subscriptions/made-up").build(), ["api://backend", "authentication-managed-identity"];
    21 ForwardedToken WrongAudience, usual, |bench| bench.token().audience("api://orders").build(), ["api://orders", "on-behalf-of", "Files.Read", "77777777"];
    0 OtherAudience WrongAudience, usual, |bench| bench.token().app().audience("api://orders\nok\u{1b}[2J").build(), ["api://orders\\nok\\u{1b}[2J; expected"];
    0 NoAudience WrongAudience, usual, |bench| bench.token().without_claim("aud").build(), ["no aud"];
    0 OtherAudience WrongAudience, usual, |bench| bench.token().app().audience("api://orders").build(), ["api://orders", "66666666-7777-8888-9999-000000000000/.default"];
    17 IdToken WrongAudience, usual, |bench| bench.token().id_token().build(), ["It is an ID token", "access_token", "66666666"];
    0 IdToken NotAnAccessToken, usual, |bench| bench.token().id_token().audience(MockEntra::CLIENT_ID).build(), ["It is an ID token"];
    0 IdToken Expired, usual, |bench| bench.token().id_token().expired().build(), ["It is an ID token"];
    16 AppWithoutRole NotAnAccessToken, usual, |bench| bench.token().app().roles([""; 0]).client(MockEntra::OTHER_CALLER).build(), ["application 88888888", "admin consent", "this API (66666666"];
    16 NoScopeNoRole NotAnAccessToken, usual, |bench| bench.token().without_claim("scp").build(), ["neither a scope (scp)", "66666666-7777-8888-9999-000000000000/.default"];
    0 AppWithoutRole NotAnAccessToken, usual, |bench| bench.token().app().roles([""; 0]).claim("scp", "/").build(), ["application 77777777"];
    0 BoundToken ProofRequired, usual, |bench| bench.token().claim("cnf", json!({ "jkt": "x" })).build(), ["cnf"];
    0 OtherClient ClientNotAllowed, || of(ours().allowed_client(MockEntra::CALLER)), |bench| bench.token().client(MockEntra::OTHER_CALLER).build(), ["88888888-9999"];
    0 ClaimMissing ClaimMissing, || of(ours().required_claim(ClaimRule::present("department"))), good, ["claim department"];
    0 UnstatedClaim ClaimNotAllowed, || Bench::alone(MockEntra::okta(), Authority::openid_connect(MockEntra::okta().issuer()).named("partner").audience(format!("api://{}", MockEntra::CLIENT_ID)).require(Requirement::group(READERS))), |bench| bench.token().claim("groups", json!([READERS])).build(), ["group 99999999", "the operator of partner could put", "TrustDirectoryClaims", "Require a scope or an app role"];
    0 UnstatedTenant WrongTenant, || Bench::alone(MockEntra::okta(), Authority::openid_connect(MockEntra::okta().issuer()).named("partner").audience(format!("api://{}", MockEntra::CLIENT_ID)).require(Requirement::tenant(tenant()))), |bench| bench.token().claim("tid", MockEntra::TENANT).build(), ["tenant 11111111", "this authority cannot state the tenant"];
    0 ClaimValue ClaimNotAllowed, || of(ours().required_claim(ClaimRule::any("department", ["support"]))), |bench| bench.token().claim("department", "sales").build(), ["support", "sales"];
    0 NoScope InsufficientScope, || requires(Requirement::scope("Files.Write")), good, ["Files.Write", "has the scopes: Files.Read"];
    0 NoRole InsufficientRole, || requires(Requirement::app_permission("Files.Write.All")), |bench| bench.token().app().build(), ["Files.Write.All", "has the roles: Files.Read.All"];
    0 GroupsOverage GroupsOverage, || requires(Requirement::group(READERS)), |bench| bench.token().claim("hasgroups", true).build(), ["99999999", "so many groups"];
    23 ChallengeNotUnderstood InsufficientClaims, || requires(Requirement::auth_context("c1")), good, ["c1", "cp1", "again and again"];
    0 StrongerSignIn InsufficientClaims, || requires(Requirement::auth_context("c1")), |bench| bench.token().claim("xms_cc", json!(["CP1"])).build(), ["c1", "sign in again"];
    0 OwnersCheck WrongTenant, || Bench::cold(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).check(|_| async { Err(Rejection::new(RejectionKind::WrongTenant).detail("the subscription of this customer has ended")) })), good, ["subscription of this customer has ended", "check()"];
    0 OwnersCheck ClaimNotAllowed, || Bench::cold(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).check(|_| async { Err(Rejection::new(RejectionKind::ClaimNotAllowed).detail("the account owner is suspended")) })), good, ["the account owner is suspended", "check()"];
    0 OwnersCheck KeysUnavailable, || of(Authority::tenants_from_lookup(|_| async { Err(Rejection::new(RejectionKind::KeysUnavailable).detail("the table of customers is down")) }).client_id(MockEntra::CLIENT_ID)), good, ["the table of customers is down", "tenants_from_lookup()"];
    0 WrongMetadata KeysUnavailable, || { let bench = usual(); bench.mock.set_metadata("issuer", Some("https://proxy.example/status 404/22222222-3333-4444-5555-666666666666/v2.0".into())); bench }, good, ["status 404", "Configure the issuer and the tenant"];
    0 Malformed MalformedToken, usual, |bench| bench.token().header("kid", 7).build(), ["is not a string"];
    0 EncryptedForIssuer EncryptedToken, usual, |_| format!("{}.YQ.Yg.Yw.ZA", encode(r#"{"alg":"dir","enc":"A256GCM"}"#)), ["alg dir", "66666666-7777-8888-9999-000000000000/.default"];
    0 EncryptedForIssuer EncryptedToken, || of_provider(MockEntra::auth0()), |_| format!("{}.YQ.Yg.Yw.ZA", encode(r#"{"alg":"dir","enc":"A256GCM"}"#)), ["parameter audience=https://api.contoso.example"];
    0 Opaque MalformedToken, || of_provider(MockEntra::auth0()), |_| "madeUpOpaqueToken".into(), ["Auth0", "parameter audience=https://api.contoso.example"];
    0 IssuerNearMiss UnknownIssuer, || Bench::alone(MockEntra::keycloak(), Authority::openid_connect("https://id.contoso.example/auth/realms/main").audience(MockEntra::CLIENT_ID)), |_| from(MockEntra::keycloak(), |token| token), ["in /auth", "\"Authority\":\"https://id.contoso.example/realms/main\""];
    0 IssuerNearMiss UnknownIssuer, || of_provider(MockEntra::okta()), |bench| bench.token().claim("iss", "https://contoso.okta.example").build(), ["org authorization server", "sign in at https://contoso.okta.example/oauth2/default"];
    0 MisplacedTenant WrongTenant, || of(Authority::tenant(MockEntra::CLIENT_ID.parse().unwrap()).client_id(MockEntra::TENANT)), good, ["the API that the token is for (aud)", "\"ClientId\":\"66666666-7777-8888-9999-000000000000\"", "\"TenantId\":\"11111111-2222-3333-4444-555555555555\""];
    0 MisplacedClientId WrongAudience, || of(Authority::tenant(tenant()).client_id(MockEntra::CALLER)), good, ["the client application (azp)", "\"ClientId\":\"66666666-7777-8888-9999-000000000000\""];
    0 MisplacedClientId WrongAudience, || of(Authority::tenant(tenant()).client_id(MockEntra::TENANT)), good, ["the tenant (tid)", "\"ClientId\":\"66666666-7777-8888-9999-000000000000\""];
    0 MetadataAsKeySet KeysUnavailable, || { let mock = MockEntra::okta(); let authority = Authority::openid_connect(mock.issuer()).jwks_uri(mock.metadata_url()).audience("api://orders"); Bench::alone(mock, authority) }, |bench| bench.token().audience("api://orders").build(), ["metadata document", "\"MetadataAddress\":\"https://contoso.okta.example/oauth2/default/.well-known/openid-configuration\"", "delete JwksUri"];
    0 WorkloadToken NotAnAccessToken, || of_provider(MockEntra::okta().hosted_at("https://token.actions.githubusercontent.com")), |bench| bench.token().without_claim("scp").claim("repository_owner_id", "42").build(), ["GitHub Actions", "\"Kind\":\"Workload\"", "42"];
    0 MisplacedClient ClientNotAllowed, || of(ours().allowed_client(MockEntra::CLIENT_ID)), good, ["the API that the token is for (aud)", "\"AllowedClients\":[\"77777777"];
    0 ImpossibleRule ClaimNotAllowed, || of(ours().required_claim(ClaimRule::any("scp", ["Files.Read"]))), |bench| bench.token().scopes("Files.Read User.Read").build(), ["separated by spaces", "\"Separator\":\" \""];
    0 ImpossibleRule ClaimNotAllowed, || of(ours().required_claim(ClaimRule::any("tid", [MockEntra::OTHER_TENANT]))), good, ["only other tenants are configured"];
    0 ClaimElsewhere ClaimMissing, || of(ours().required_claim(ClaimRule::any("appid", [MockEntra::CALLER]))), good, ["in the claim azp", "\"Name\":\"azp\""];
    0 UnmetRequirement ClaimNotAllowed, || requires(Requirement::member()), |bench| bench.token().claim("acct", 1).build(), ["This API requires member", "guests are rejected"];
    0 ScopeWithResource InsufficientScope, || requires(Requirement::scope("api://66666666-7777-8888-9999-000000000000/Files.Read")), good, ["their short name", "Requirement::scope(\"Files.Read\")"];
    0 ScopeAmongRoles InsufficientScope, || requires(Requirement::scope("Files.Read.All")), |bench| bench.token().app().build(), ["as a role, not as a scope", "never scopes"];
    0 RoleOfOtherKind InsufficientRole, || requires(Requirement::user_role("Files.Read.All")), |bench| bench.token().app().build(), ["of a user", "Let a user sign in", "Requirement::any_role(\"Files.Read.All\")"];
    0 RoleAmongScopes InsufficientRole, || requires(Requirement::app_permission("Files.Read")), good, ["as a scope, not as a role", "Requirement::scope(\"Files.Read\")"];
    0 ImpossibleContext InsufficientClaims, || requires(Requirement::auth_context("mfa")), good, ["\"mfa\"", "c1 to c99"];
    0 ChallengeWithoutUser InsufficientClaims, || requires(Requirement::auth_context("c1")), |bench| bench.token().app().build(), ["no user can sign in again"];
    0 GroupsOverage ClaimMissing, || of(ours().required_claim(ClaimRule::any("groups", [READERS]))), |bench| bench.token().claim("hasgroups", true).build(), ["so many groups"];
    0 NoAudience WrongAudience, || of_provider(MockEntra::cognito()), |bench| bench.token().build(), ["Access tokens of Cognito", "\"AudienceClaim\":\"client_id\""];
    0 OtherAudience WrongAudience, || Bench::alone(MockEntra::keycloak(), Authority::openid_connect(MockEntra::keycloak().issuer()).audience("orders")), |bench| bench.token().claim("aud", "account").build(), ["mapper of the type Audience", "orders", "client scope"];
    0 OtherAudience WrongAudience, || Bench::alone(MockEntra::auth0(), Authority::openid_connect(MockEntra::auth0().issuer()).audience("https://orders.example")), |bench| bench.token().build(), ["parameter audience=https://orders.example"];
    0 AudienceForm WrongAudience, usual, |bench| bench.token().audience(format!("api://app.contoso.example/{}", MockEntra::CLIENT_ID)).build(), ["\"Audiences\":[\"api://app.contoso.example/66666666"];
    0 NoSuchTenant KeysUnavailable, || { let bench = of_provider(MockEntra::keycloak()); bench.mock.set_fault(Fault::Status(404)); bench }, good, ["Compare the realm"];
};

/// Played by tests of their own: a set-up that is refused at build, and two layers.
const PLAYED_ELSEWHERE: [u8; 2] = [10, 25];

/// Where a refusal of this kind may be seen first.
fn fits(kind: RejectionKind, check: &str) -> bool {
    use RejectionKind as Kind;
    let checks: &[&str] = match kind {
        Kind::TokenTooLarge => &["size"],
        Kind::MissingToken | Kind::EncryptedToken => &["form"],
        Kind::MalformedToken => &["form", "header", "payload", "signature_encoding", "key_id", "types", "kind"],
        Kind::UnsupportedAlgorithm => &["header", "algorithm"],
        Kind::MicrosoftApiToken => &["not_microsoft"],
        Kind::UnknownIssuer => &["issuer"],
        Kind::WrongTenant => &["tenant", "origin", "requirement"],
        Kind::WrongIssuer => &["tenant", "key_authorization", "origin"],
        Kind::UnknownKey => &["key"],
        Kind::KeysUnavailable => &["issuer", "tenant", "key"],
        Kind::BadSignature => &["signature"],
        // Nothing is fetched for a token that expired long ago, before its claims are checked.
        Kind::Expired => &["origin", "types", "dates"],
        Kind::NotYetValid => &["dates"],
        Kind::WrongAudience => &["audience"],
        Kind::NotAnAccessToken => &["kind"],
        Kind::ProofRequired => &["binding"],
        Kind::ClientNotAllowed => &["client", "requirement"],
        Kind::ClaimMissing | Kind::ClaimNotAllowed => &["claims", "requirement"],
        _ => &["requirement"],
    };
    check == "application" || check == "tenant_lookup" || checks.contains(&check)
}

const NAMES: [&str; 24] = [
    "size",
    "form",
    "header",
    "payload",
    "signature_encoding",
    "algorithm",
    "key_id",
    "not_microsoft",
    "issuer",
    "tenant",
    "key",
    "signature",
    "key_authorization",
    "origin",
    "types",
    "dates",
    "audience",
    "kind",
    "binding",
    "client",
    "claims",
    "requirement",
    "tenant_lookup",
    "application",
];

/// What holds of every diagnosis of a text.
async fn assert_sound(verifier: &Verifier, text: &str, diagnosis: &Diagnosis) {
    assert_eq!(diagnosis.checks().iter().map(|check| check.name).collect::<Vec<_>>(), NAMES);
    // The blanks that HTTP takes away around a header's value, and the line break at the end of a file.
    let verdict = verifier.verify(text.trim_matches([' ', '\r', '\n'])).await;
    if diagnosis.notes().is_empty() {
        assert_eq!(diagnosis.is_accepted(), verdict.is_ok(), "{text}\n{diagnosis}");
    }
    // What is not accepted alone is not accepted in a header, a request or a command.
    assert!(diagnosis.cause().is_none_or(|cause| !cause.remedies().is_empty()), "{diagnosis}");
    assert_eq!(diagnosis.is_accepted(), diagnosis.cause().is_none(), "{diagnosis}");
    assert_eq!(diagnosis.is_accepted(), diagnosis.code().is_none(), "{diagnosis}");
    let outcome = |name: &str| diagnosis.checks().iter().find(|check| check.name == name).unwrap().outcome;
    let is_verified = outcome("signature") == Outcome::Passed && outcome("key_authorization") == Outcome::Passed;
    for check in diagnosis.checks() {
        let is_about_claims =
            !["size", "form", "signature_encoding", "key_id", "key", "signature"].contains(&check.name);
        let is_reached = check.outcome != Outcome::NotReached;
        assert_eq!(check.verified, is_verified && is_about_claims && is_reached, "{}\n{diagnosis}", check.name);
        match check.outcome {
            Outcome::Failed => assert_ne!(check.found.as_deref(), Some(check.title), "{}\n{diagnosis}", check.name),
            Outcome::Passed => assert!(check.found.as_ref().is_none_or(|found| found.chars().count() <= 301)),
            Outcome::NotReached => assert_eq!((&check.expected, &check.found), (&None, &None), "{}", check.name),
        }
    }
    let failed: Vec<&str> =
        diagnosis.checks().iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.name).collect();
    match (diagnosis.rejection(), diagnosis.code()) {
        (_, None) => assert!(failed.is_empty(), "{diagnosis}"),
        // What is around it is told before what is in it.
        (rejection, Some(code)) if rejection.is_none_or(|rejection| rejection.code() != code) => {
            assert!(failed.contains(&"form"), "{diagnosis}");
        }
        (Some(rejection), _) => match failed.first() {
            Some(first) => assert!(fits(rejection.kind(), first), "{}: {first}\n{diagnosis}", rejection.code()),
            None => panic!("{rejection}: no check has failed\n{diagnosis}"),
        },
        (None, Some(code)) => panic!("{code}"),
    }
    assert_secret(text, diagnosis);
    // Nothing of a token begins a line of its own, or steers a terminal.
    let said = diagnosis
        .cause()
        .into_iter()
        .chain(diagnosis.further())
        .flat_map(|cause| cause.remedies().iter().map(|remedy| remedy.text()).chain([cause.explanation()]));
    let shown =
        diagnosis.checks().iter().flat_map(|check| check.expected.iter().chain(&check.found)).map(|text| &**text);
    for text in said.chain(shown) {
        assert!(!text.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{text:?}");
    }
}

/// The signature, and what is no JWT, stands in no form of the diagnosis.
fn assert_secret(text: &str, diagnosis: &Diagnosis) {
    const PIECE: usize = 12;
    let shown = [diagnosis.to_string(), format!("{diagnosis:?}"), serde_json::to_string(diagnosis).unwrap()];
    let dots = text.matches('.').count();
    let skipped = if dots < 2 { 0 } else { 2 };
    for secret in text.split(['.', '"', ' ']).skip(skipped).filter(|part| part.len() > 3 * PIECE) {
        if secret.starts_with("eyJ") {
            continue;
        }
        for piece in secret.as_bytes().chunks_exact(PIECE).filter_map(|piece| str::from_utf8(piece).ok()) {
            for shown in &shown {
                assert!(!shown.contains(piece), "{piece} in {shown}");
            }
        }
    }
}

/// Every text alone is to be understood: whole sentences, none of them empty.
fn assert_readable(diagnosis: &Diagnosis) {
    for cause in diagnosis.cause().into_iter().chain(diagnosis.further()) {
        let remedies = cause.remedies();
        for (at, remedy) in remedies.iter().enumerate() {
            let is_alternative = at > 0 && !remedy.text().starts_with("In the manifest");
            assert!(!is_alternative || remedy.condition().is_some(), "an alternative needs a condition\n{diagnosis}");
        }
        for text in remedies.iter().map(|remedy| remedy.text()).chain([cause.explanation()]) {
            let starts_well = text.starts_with(|first: char| first.is_ascii_uppercase())
                || text.starts_with("https://")
                || text.starts_with("aud ")
                || text.starts_with("claim ");
            assert!(starts_well && text.ends_with('.') && !text.ends_with(".."), "{text}\n{diagnosis}");
            for odd in ["  ", " ()", ": .", " ,", "\n", "Some(", "unwrap"] {
                assert!(!text.contains(odd), "{odd:?} in {text}");
            }
        }
    }
}

#[tokio::test]
async fn every_row_is_told_by_its_root_cause() {
    let mut wrong = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let bench = (row.bench)();
        let _ = bench.verifier.warm_up().await;
        let text = (row.text)(&bench);
        let diagnosis = bench.verifier.diagnose(&text).await;
        println!("# {number}\n{diagnosis}");
        let Some(cause) = diagnosis.cause() else {
            wrong.push(format!("{number} ({}) is accepted", row.cause.code()));
            continue;
        };
        if (cause.kind(), diagnosis.code()) != (row.cause, Some(row.code.code())) {
            wrong.push(format!("{number}, to be {} ({}): {diagnosis}", row.cause.code(), row.code.code()));
        }
        let said = format!("{} {}", cause.explanation(), cause.remedy());
        wrong.extend(
            row.says
                .iter()
                .filter(|says| !said.contains(**says))
                .map(|says| format!("{number} ({}): {says:?} is not in: {said}", row.cause.code())),
        );
        let shown = diagnosis.to_string();
        for name in cause.kind().known_as() {
            assert!(shown.contains(name), "{number}: {name} is not in {shown}");
        }
        assert_readable(&diagnosis);
        assert_sound(&bench.verifier, &text, &diagnosis).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is sent, the cause and what is said of it.
type RequestRow = (fn(&Bench) -> (HeaderMap, &'static str), Option<CauseKind>, &'static [&'static str]);

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[rustfmt::skip]
const REQUESTS: &[RequestRow] = &[
    (|bench| (headers(&[("authorization", &format!("Bearer {}", good(bench)))]), "/"), None, &[]),
    (|bench| (headers(&[("authorization", &format!("bearer   {} ", good(bench)))]), "/"), None, &[]),
    (|_| (headers(&[]), "/files"), Some(CauseKind::NoToken), &["There is no token"]),
    (|_| (headers(&[("authorization", "Bearer")]), "/"), Some(CauseKind::NoToken), &["There is no token"]),
    (|_| (headers(&[("authorization", " ")]), "/"), Some(CauseKind::NoToken), &["There is no token"]),
    (|_| (headers(&[("authorization", ""), ("cookie", "a=made-up")]), "/"), Some(CauseKind::TokenInCookie), &["a cookie"]),
    (|_| (headers(&[("cookie", "session=made-up-session")]), "/"), Some(CauseKind::TokenInCookie), &["a cookie", "MSAL.js"]),
    (|_| (headers(&[]), "/files?a=b&access_token=made-up-token"), Some(CauseKind::TokenInQuery), &["in the query", "token_from()"]),
    (|_| (headers(&[("authorization", "Basic bWFkZTp1cA==")]), "/"), Some(CauseKind::OtherScheme), &["scheme Basic", "a name and a password"]),
    (|_| (headers(&[("authorization", "DPoP eyJh.e30.c2ln")]), "/"), Some(CauseKind::OtherScheme), &["scheme DPoP", "bound to a key"]),
    (|bench| (headers(&[("authorization", &good(bench))]), "/"), Some(CauseKind::OtherScheme), &["the token itself"]),
    (|_| (headers(&[("authorization", "madeUpApiKeyOfNobody")]), "/"), Some(CauseKind::OtherScheme), &["does not begin with a scheme"]),
    (|bench| (headers(&[("authorization", &format!("Bearer {}", good(bench))), ("authorization", "Basic bWFkZTp1cA==")]), "/"), Some(CauseKind::TwoHeaders), &["two Authorization headers"]),
    (|_| (headers(&[("x-ms-token-aad-access-token", "made-up-token")]), "/"), Some(CauseKind::TokenInOtherHeader), &["x-ms-token-aad-access-token", "Authorization: Bearer"]),
    (|_| (headers(&[("access-control-request-method", "GET"), ("origin", "https://app.contoso.example")]), "/"), Some(CauseKind::CorsPreflight), &["CORS layer outside"]),
    (|bench| (headers(&[("authorization", &format!("Bearer Bearer {}", good(bench)))]), "/"), Some(CauseKind::BearerInToken), &["twice"]),
    (|bench| (headers(&[("authorization", &format!("Bearer \"{}\"", good(bench)))]), "/"), Some(CauseKind::Quoted), &["quotes"]),
    (|bench| (headers(&[("authorization", &format!("Bearer\t{}", good(bench)))]), "/"), Some(CauseKind::WhitespaceInToken), &["a space"]),
    (|bench| (headers(&[("authorization", &format!("Bearer {}\t", good(bench)))]), "/"), Some(CauseKind::WhitespaceInToken), &["a space"]),
];

#[tokio::test]
async fn a_request_is_told_where_its_token_is_instead() {
    for (number, (request, kind, says)) in REQUESTS.iter().enumerate() {
        let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
        let (headers, uri) = request(&bench);
        let diagnosis = bench.verifier.diagnose_request(&headers, &Uri::from_static(uri)).await;
        assert_eq!(diagnosis.cause().map(|cause| cause.kind()), *kind, "{number}: {diagnosis}");
        let said = diagnosis.cause().map(|cause| format!("{} {}", cause.explanation(), cause.remedy()));
        for says in *says {
            assert!(said.as_ref().unwrap().contains(says), "{number}: {said:?}");
        }
        assert_readable(&diagnosis);
        for (_, value) in &headers {
            assert_secret(value.to_str().unwrap(), &diagnosis);
        }
        let shown = format!("{diagnosis} {diagnosis:?} {}", serde_json::to_string(&diagnosis).unwrap());
        for secret in ["made-up-session", "made-up-token", "bWFkZTp1cA", "madeUpApiKey"] {
            assert!(!shown.contains(secret), "{number}: {secret} in {shown}");
        }
        // The layer says the same.
        let mut sent = Request::new(());
        *sent.headers_mut() = headers;
        let answer = bench.send(sent).await;
        assert_eq!(answer.status == StatusCode::OK, diagnosis.is_accepted(), "{number}");
        assert_eq!(answer.kind().map(RejectionKind::code), diagnosis.code(), "{number}");
    }
}

#[test]
fn every_cause_code_and_frequent_problem_has_a_row() {
    let causes = ROWS.iter().map(|row| row.cause).chain(REQUESTS.iter().filter_map(|row| row.1));
    let causes: BTreeSet<CauseKind> = causes.collect();
    // No token leads to it: the server lacks a layer.
    let missing: Vec<_> = CauseKind::ALL
        .iter()
        .filter(|kind| !causes.contains(kind) && ![CauseKind::LayerMissing, CauseKind::PastedRequest].contains(kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let codes: BTreeSet<RejectionKind> =
        ROWS.iter().map(|row| row.code).chain(causes.iter().map(|cause| cause.rejection())).collect();
    let missing: Vec<_> = RejectionKind::ALL
        .iter()
        .filter(|kind| !codes.contains(kind) && **kind != RejectionKind::LayerMissing)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let problems: BTreeSet<u8> = ROWS.iter().map(|row| row.problem).chain(PLAYED_ELSEWHERE).collect();
    assert!((0..=25).all(|problem| problems.contains(&problem)), "{problems:?}");
    assert!(ROWS.len() >= 60, "{}", ROWS.len());
}

/// Every setting of a remedy is one of the configuration file.
#[tokio::test]
async fn settings_in_remedies_exist() {
    let is_known = |name: &str| {
        let config = Config::from_json(&format!(r#"{{"AzureAd":{{"{name}":{{}}}}}}"#)).unwrap();
        !config.validate().unwrap_err().to_string().contains("is not a setting")
    };
    assert!(!is_known("Audiences2"), "the message for unknown names");
    let mut named = BTreeSet::new();
    for row in ROWS {
        let bench = (row.bench)();
        let diagnosis = bench.verifier.diagnose(&(row.text)(&bench)).await;
        for setting in diagnosis.cause().unwrap().remedies().iter().filter_map(|remedy| remedy.setting()) {
            named.extend(setting["AzureAd"].as_object().unwrap().keys().cloned());
        }
    }
    assert!(named.len() >= 12, "{named:?}");
    for name in named {
        assert!(is_known(&name), "{name}");
    }
}

/// One remedy alone needs no condition.
#[tokio::test]
async fn each_alternative_begins_with_its_condition() {
    let mut diagnoses = crate::remedies::diagnoses().await;
    for row in ROWS {
        let bench = (row.bench)();
        diagnoses.push(bench.verifier.diagnose(&(row.text)(&bench)).await);
    }
    let mut wrong = BTreeSet::new();
    for cause in diagnoses.iter().flat_map(|diagnosis| diagnosis.cause().into_iter().chain(diagnosis.further())) {
        let remedies = cause.remedies();
        assert!(!remedies.is_empty(), "{cause}");
        let lacks = remedies.len() > 1 && remedies.iter().any(|remedy| remedy.condition().is_none());
        if lacks {
            wrong.insert(cause.kind().code());
        }
        for remedy in remedies {
            assert!(
                remedy.condition().is_none_or(|condition| condition.starts_with("If ") || condition == "Otherwise")
            );
            assert!(!remedy.text().contains('\n'), "{remedy}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// For each two causes whose conditions hold at once: which is reported, and the more general ones that it comes before.
const PRIORITIES: &[(&str, &[&str])] = &[
    ("app_without_role", &["no_scope_no_role"]),
    ("arm_token", &["microsoft_token"]),
    ("audience_form", &["audience_near_miss", "forwarded_token", "other_audience"]),
    ("audience_near_miss", &["forwarded_token", "other_audience"]),
    ("b2c_token", &["other_issuer"]),
    ("cached_version", &["other_issuer", "v1_token"]),
    ("challenge_without_user", &["challenge_not_understood"]),
    ("claim_elsewhere", &["claim_missing"]),
    ("clock_expired", &["expired"]),
    ("encrypted_for_issuer", &["encrypted"]),
    ("external_id_token", &["other_issuer"]),
    ("foreign_issuer", &["no_metadata", "other_issuer", "wrong_metadata"]),
    ("foreign_key", &["contradiction"]),
    ("forwarded_token", &["other_audience"]),
    ("graph_token", &["microsoft_token"]),
    ("groups_overage", &["claim_missing"]),
    ("id_token", &["expired", "no_audience", "no_scope_no_role", "other_audience"]),
    ("impossible_context", &["challenge_not_understood"]),
    ("impossible_rule", &["claim_value"]),
    ("issuer_near_miss", &["other_issuer"]),
    ("malformed", &["truncated"]),
    ("managed_identity", &["other_audience"]),
    ("metadata_as_key_set", &["no_metadata", "wrong_metadata"]),
    ("misplaced_client", &["other_client"]),
    ("misplaced_client_id", &["forwarded_token", "other_audience"]),
    ("misplaced_tenant", &["no_metadata", "no_such_tenant", "other_tenant"]),
    ("no_audience", &["forwarded_token", "misplaced_client_id", "other_audience"]),
    ("no_policy", &["contradiction"]),
    ("no_such_tenant", &["no_metadata"]),
    ("no_tenant", &["other_tenant"]),
    ("opaque", &["encrypted", "malformed"]),
    ("other_cloud", &["other_issuer"]),
    ("other_kind_of_jwt", &["malformed"]),
    ("other_policy", &["contradiction"]),
    ("own_signing_key", &["unknown_key"]),
    ("owners_check", &["claim_value", "no_metadata", "other_tenant"]),
    ("personal_account", &["other_tenant"]),
    ("placeholder", &["malformed", "opaque"]),
    ("placeholder_issuer", &["other_issuer"]),
    ("policy_in_issuer", &["no_metadata", "wrong_metadata"]),
    ("role_among_scopes", &["no_role"]),
    ("role_of_other_kind", &["no_role"]),
    ("scope_among_roles", &["no_scope"]),
    ("scope_with_resource", &["no_scope"]),
    ("stale_keys", &["own_signing_key", "unknown_key"]),
    ("stronger_sign_in", &["challenge_not_understood"]),
    ("tenant_rejected", &["other_tenant"]),
    ("no_access_token", &["other_audience"]),
    ("truncated", &["bad_signature", "malformed"]),
    ("unmet_requirement", &["claim_value", "other_client", "other_tenant"]),
    ("unsigned", &["other_algorithm"]),
    ("unstated_claim", &["claim_value"]),
    ("unstated_tenant", &["other_tenant", "unstated_claim"]),
    ("v1_token", &["other_issuer"]),
    ("v2_token", &["other_issuer"]),
    ("workload_token", &["no_scope_no_role", "other_issuer"]),
    ("wrong_metadata", &["no_metadata"]),
];

#[tokio::test]
async fn of_causes_that_match_together_the_more_specific_one_is_reported() {
    let mut diagnoses = crate::remedies::diagnoses().await;
    diagnoses.extend(crate::situations::diagnoses().await);
    for row in ROWS {
        let bench = (row.bench)();
        let _ = bench.verifier.warm_up().await;
        diagnoses.push(bench.verifier.diagnose(&(row.text)(&bench)).await);
    }
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for diagnosis in &diagnoses {
        // The last row of the table holds always, and causes in the input come before the table.
        let is_of_the_token = |cause: &&Cause| diagnosis.rejection().is_some() && !is_in_the_input(cause.kind());
        let Some(cause) = diagnosis.cause().filter(is_of_the_token) else { continue };
        let others = diagnosis.shadowed().iter().filter(|kind| ![CauseKind::LayerMissing, cause.kind()].contains(kind));
        found.entry(cause.kind().code()).or_default().extend(others.map(|kind| kind.code()));
    }
    found.retain(|_, others| !others.is_empty());
    let expected: BTreeMap<&str, BTreeSet<&str>> =
        PRIORITIES.iter().map(|(winner, others)| (*winner, others.iter().copied().collect())).collect();
    let lines = found.iter().map(|(winner, others)| {
        format!(
            "    ({winner:?}, &[{}]),\n",
            others.iter().map(|other| format!("{other:?}")).collect::<Vec<_>>().join(", ")
        )
    });
    assert!(found == expected, "what is found:\n{}", lines.collect::<String>());
    // No two causes are each before the other.
    for (winner, others) in &found {
        // `malformed` is the most specific cause of a token in another alphabet, and the most general one of its code.
        for other in others.iter().filter(|other| ![*winner, **other].contains(&"malformed")) {
            assert!(!found.get(other).is_some_and(|back| back.contains(winner)), "{winner} and {other}");
        }
    }
}

/// Causes in how the token was given, which come before those of the token itself.
fn is_in_the_input(kind: CauseKind) -> bool {
    use CauseKind as Is;
    matches!(
        kind,
        Is::NoToken
            | Is::BearerInToken
            | Is::Quoted
            | Is::WhitespaceInToken
            | Is::UrlEncoded
            | Is::TwoTokens
            | Is::TwoHeaders
            | Is::TokenResponse
            | Is::ErrorResponse
            | Is::Surrounded
    )
}

#[test]
fn every_cause_has_a_code_and_a_title_of_its_own() {
    let codes: BTreeSet<&str> = CauseKind::ALL.iter().map(|kind| kind.code()).collect();
    let titles: BTreeSet<&str> = CauseKind::ALL.iter().map(|kind| kind.title()).collect();
    assert_eq!((codes.len(), titles.len()), (CauseKind::ALL.len(), CauseKind::ALL.len()));
    assert!(titles.iter().all(|title| !title.ends_with('.') && !title.contains("  ")));
}

/// What people search for: the reasons of API Management, and the frequent numbers of .NET's (`docs/entra.md`, "API
/// Management failure reasons", "Error codes in .NET" and "Authorization requirements").
#[test]
fn names_of_others_lead_to_a_cause() {
    let reasons = [
        "TokenNotPresent",
        "TokenSignatureInvalid",
        "TokenAudienceNotAllowed",
        "TokenIssuerNotAllowed",
        "TokenExpired",
        "TokenSignatureKeyNotFound",
        "TokenClaimNotFound",
        "TokenClaimValueNotAllowed",
        "JwtInvalid",
    ];
    let numbers = [
        10205, 10206, 10209, 10214, 10222, 10223, 10257, 10501, 10503, 10504, 10511, 10603, 10609, 10618, 10634, 10696,
        12709, 12741, 14100, 20803, 20804, 20806, 20807, 20810, 40001, 40003, 40004, 40005, 40009, 40012,
    ];
    let numbers = numbers.iter().map(|number| format!("IDX{number}"));
    let others = ["IDW10201", "IDW10202", "IDW10203"].map(str::to_owned).into_iter().chain(numbers);
    for name in reasons.map(str::to_owned).into_iter().chain(others) {
        assert!(CauseKind::ALL.iter().any(|kind| kind.known_as().contains(&&*name)), "{name}");
    }
}

/// `docs/entra.md`, "Frequent problems", row 10: the literal `{tenantid}` of the metadata of `common`.
#[test]
fn a_placeholder_in_an_issuer_is_told_at_build() {
    for issuer in ["https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common/v2.0"]
    {
        let builder = Verifier::builder().authority(Authority::openid_connect(issuer).audience("api://orders"));
        let error = builder.fetch(MockEntra::new()).build().unwrap_err().to_string();
        assert!(error.contains("Authority::tenant") && error.contains(issuer), "{error}");
    }
}

/// `docs/entra.md`, "Frequent problems", row 25: two layers, one behind the other, refuse each other's tokens; one with
/// both does not.
#[tokio::test]
async fn two_authorities_of_one_layer_instead_of_two_layers() {
    let okta = MockEntra::okta();
    clock_of(&okta);
    let partner = || Authority::openid_connect(MockEntra::okta().issuer()).audience(MockEntra::CLIENT_ID);
    let token = okta.token().audience(MockEntra::CLIENT_ID).build();
    let outer = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let diagnosis = outer.verifier.diagnose(&token).await;
    let cause = diagnosis.cause().unwrap();
    assert_eq!(cause.kind(), CauseKind::OtherIssuer);
    assert!(cause.explanation().contains(&okta.issuer()), "{diagnosis}");
    assert!(cause.remedy().contains("as an authority of this same layer"), "{diagnosis}");
    let both = Bench::cold(okta, |builder| builder.authority(partner()).tenant(MockEntra::TENANT));
    let diagnosis = both.verifier.diagnose(&token).await;
    assert!(diagnosis.is_accepted(), "{diagnosis}");
}

/// All of the table (`docs/entra.md`, "Audiences of Microsoft APIs").
#[tokio::test]
async fn apis_of_microsofts_are_called_by_their_names() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    for (name, kind, audiences) in [
        (
            "Microsoft Graph",
            CauseKind::GraphToken,
            vec![
                "00000003-0000-0000-c000-000000000000",
                "https://graph.microsoft.com",
                "https://graph.microsoft.us/",
                "https://dod-graph.microsoft.us",
                "https://microsoftgraph.chinacloudapi.cn/",
            ],
        ),
        (
            "Azure AD Graph (retired)",
            CauseKind::MicrosoftToken,
            vec!["00000002-0000-0000-c000-000000000000", "https://graph.windows.net/"],
        ),
        (
            "Azure Resource Manager",
            CauseKind::ArmToken,
            vec![
                "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                "https://management.azure.com/",
                "https://management.core.windows.net/",
                "https://management.core.chinacloudapi.cn",
                "https://management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net/",
            ],
        ),
        (
            "Exchange Online",
            CauseKind::MicrosoftToken,
            vec!["00000002-0000-0ff1-ce00-000000000000", "https://outlook.office365.com"],
        ),
        (
            "SharePoint",
            CauseKind::MicrosoftToken,
            vec!["00000003-0000-0ff1-ce00-000000000000", "https://contoso.sharepoint.com"],
        ),
        (
            "Microsoft Teams",
            CauseKind::MicrosoftToken,
            vec!["00000004-0000-0ff1-ce00-000000000000", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"],
        ),
        ("Power BI", CauseKind::MicrosoftToken, vec!["00000009-0000-0000-c000-000000000000"]),
        ("Dataverse", CauseKind::MicrosoftToken, vec!["00000007-0000-0000-c000-000000000000"]),
        ("Dynamics ERP", CauseKind::MicrosoftToken, vec!["00000015-0000-0000-c000-000000000000"]),
        (
            "Azure Key Vault",
            CauseKind::MicrosoftToken,
            vec!["cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "https://vault.azure.net"],
        ),
        ("Azure SQL Database", CauseKind::MicrosoftToken, vec!["022907d3-0f1b-48f7-badc-1ba6abab6d66"]),
        (
            "Azure Storage",
            CauseKind::MicrosoftToken,
            vec!["e406a681-f3d4-42a8-90b6-c2b029497af1", "https://storage.azure.com/"],
        ),
        ("Azure DevOps", CauseKind::MicrosoftToken, vec!["499b84ac-1321-427f-aa17-267ca6975798"]),
        ("Azure Data Lake", CauseKind::MicrosoftToken, vec!["e9f49c6b-5ce5-44c8-925d-015017e9f7ad"]),
    ] {
        for audience in audiences {
            let diagnosis = bench.verifier.diagnose(&bench.token().audience(audience).build()).await;
            let cause = diagnosis.cause().unwrap();
            assert_eq!(cause.kind(), kind, "{audience}");
            assert!(cause.explanation().contains(&format!("for {name} ({audience})")), "{diagnosis}");
            assert_eq!(diagnosis.token().audience(), Some(name));
        }
    }
}

/// What was expected and found is told of the checks that pass too.
#[tokio::test]
async fn what_a_good_token_has_is_told() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let diagnosis = bench.verifier.diagnose(&bench.token().build()).await;
    let issuer = bench.mock.v2_issuer(MockEntra::TENANT);
    let kid = bench.mock.current_kid();
    for (name, expected, found) in [
        ("size", None, " bytes"),
        ("algorithm", None, "RS256"),
        ("issuer", Some("https://login.microsoftonline.com/11111111-"), &*issuer),
        ("tenant", Some("https://login.microsoftonline.com/11111111-"), MockEntra::TENANT),
        ("key", None, &kid),
        ("dates", None, "from 2027-01-15T"),
        ("audience", Some("or api://66666666-"), MockEntra::CLIENT_ID),
        ("kind", None, "Files.Read"),
        ("client", None, MockEntra::CALLER),
    ] {
        let check = diagnosis.checks().iter().find(|check| check.name == name).unwrap();
        assert_eq!((check.outcome, check.expected.is_some()), (Outcome::Passed, expected.is_some()), "{check}");
        assert!(check.expected.as_ref().is_none_or(|text| text.contains(expected.unwrap())), "{check}");
        assert!(check.found.as_ref().unwrap().contains(found), "{check}");
        assert!(check.to_string().contains(found), "{check}");
    }
    let app = bench.verifier.diagnose(&bench.token().app().build()).await;
    assert_eq!(
        app.checks().iter().find(|check| check.name == "kind").unwrap().found.as_deref(),
        Some("Files.Read.All")
    );
}

/// What follows the root cause: an old id token for another API.
#[tokio::test]
async fn what_else_is_wrong_is_told_after_it() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    for (token, kinds) in [
        (bench.token(), vec![]),
        (bench.token().id_token().expired(), vec![CauseKind::IdToken, CauseKind::Expired]),
        (bench.token().expired().audience("api://orders"), vec![CauseKind::Expired, CauseKind::ForwardedToken]),
        (bench.token().wrong_key().audience("api://orders"), vec![CauseKind::BadSignature, CauseKind::ForwardedToken]),
        (bench.token().wrong_key().without_claim("scp"), vec![CauseKind::BadSignature]),
        (bench.token().algorithm(SigningAlgorithm::Rs512), vec![CauseKind::OtherAlgorithm]),
        (bench.token().tenant(MockEntra::OTHER_TENANT).expired(), vec![CauseKind::OtherTenant]),
        (bench.token().claim("cnf", "x").without_claim("scp"), vec![CauseKind::NoScopeNoRole, CauseKind::BoundToken]),
    ] {
        let diagnosis = bench.verifier.diagnose(&token.build()).await;
        let found: Vec<_> =
            diagnosis.cause().into_iter().chain(diagnosis.further()).map(|cause| cause.kind()).collect();
        assert_eq!(found, kinds, "{diagnosis}");
    }
}

/// A genuine Graph token is proven by its hashed nonce; any change to it is seen.
#[tokio::test]
async fn a_graph_token_is_proven_and_a_tampered_one_is_not() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let token = bench.token().graph().build();
    let [header, _, signature] = parts(&token);
    let mut claims = bench.token().graph().claims();
    claims.insert("oid".into(), "somebody else".into());
    let other = encode(Value::from(claims).to_string());
    for (token, is_genuine) in [(token.clone(), true), (format!("{header}.{other}.{signature}"), false)] {
        let diagnosis = bench.verifier.diagnose(&token).await;
        let cause = diagnosis.cause().unwrap();
        assert_eq!(cause.kind(), CauseKind::GraphToken);
        assert_eq!(cause.explanation().contains("It is genuine"), is_genuine, "{diagnosis}");
        assert!(diagnosis.checks().iter().all(|check| !check.verified), "never as good as verified");
    }
}

#[tokio::test]
async fn the_shape_of_its_json() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let json = |diagnosis: &Diagnosis| serde_json::to_value(diagnosis).unwrap();
    let all = names(&["accepted", "code", "cause", "further", "notes", "checks", "token"]);

    let good = json(&bench.verifier.diagnose(&bench.token().build()).await);
    assert_eq!(keys(&good), all);
    assert_eq!((&good["accepted"], &good["code"], &good["cause"]), (&json!(true), &Value::Null, &Value::Null));

    let bad = json(&bench.verifier.diagnose(&bench.token().audience("api://orders").expired().build()).await);
    assert_eq!(keys(&bad), all);
    assert_eq!((&bad["accepted"], &bad["code"]), (&json!(false), &json!("expired")));
    for cause in [&bad["cause"], &bad["further"][0]] {
        assert_eq!(keys(cause), names(&["kind", "title", "explanation", "remedy", "remedies", "known_as"]));
    }
    assert_eq!(bad["cause"]["kind"], "expired");
    assert_eq!(bad["cause"]["known_as"], json!(["IDX10223", "TokenExpired"]));
    assert_eq!(bad["further"][0]["kind"], "forwarded_token");
    for check in bad["checks"].as_array().unwrap() {
        assert_eq!(keys(check), names(&["name", "title", "outcome", "expected", "found", "verified", "follows_from"]));
    }
    let check = |name: &str| bad["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(
        (&check("audience")["outcome"], &check("audience")["found"]),
        (&json!("failed"), &json!("api://orders"))
    );
    assert_eq!(check("audience")["verified"], true);
    assert_eq!(check("application")["outcome"], "not_reached");
    assert_eq!(bad["checks"][0]["outcome"], "passed");
    assert_eq!(keys(&bad["token"]), names(&["header", "claims", "kind", "audience", "issuer", "dates"]));
    assert_eq!(keys(&bad["token"]["dates"][0]), names(&["claim", "seconds", "date", "relative"]));
    assert_eq!(bad["token"]["claims"]["aud"], "api://orders");
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A verifier that all cases share, and a good token of its.
static SHARED: LazyLock<(Bench, String)> = LazyLock::new(|| {
    let bench = run(Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)));
    let token = bench.token().build();
    (bench, token)
});

const PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";

/// Several authorities: two of which no document can be had, and one with a key at hand and an algorithm of its own.
static SEVERAL: LazyLock<Bench> = LazyLock::new(|| {
    let plant = Authority::openid_connect("https://plant.example")
        .pem_key(PEM)
        .algorithms([Algorithm::EdDSA])
        .audience("api://plant");
    let bench = Bench::cold(MockEntra::new(), |builder| {
        builder
            .authority(ours().version(TokenVersion::V2))
            .authority(Authority::domain("nowhere.example"))
            .authority(Authority::b2c("contoso", "B2C_1_susi"))
            .authority(plant)
    });
    let _ = run(bench.verifier.warm_up());
    bench
});

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![
            Value::Null,
            json!(0),
            json!(-1),
            json!(1e300),
            json!(0.5),
            json!(u64::MAX),
            json!(253_402_300_800_u64),
            json!([]),
            json!({}),
            json!([null, 7, "x"]),
            json!(""),
            json!("/"),
            json!("app"),
            json!("{tenantid}"),
            json!("https://login.microsoftonline.us/x/v2.0"),
            json!("https://contoso.b2clogin.com/"),
            json!("https://plant.example"),
            json!("EdDSA"),
            json!("api://orders\n  To fix: \u{1b}[2J\u{202e}"),
            json!("https://graph.microsoft.com"),
            json!(MockEntra::OTHER_TENANT),
            json!(MockEntra::CLIENT_ID),
        ]),
        "(?s).{0,12}".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn any_text_has_a_sound_diagnosis(text in "(?s).{0,200}") {
        let (bench, _) = &*SHARED;
        let diagnosis = run(bench.verifier.diagnose(&text));
        prop_assert!(!diagnosis.is_accepted());
        run(assert_sound(&bench.verifier, &text, &diagnosis));
    }

    #[test]
    fn a_changed_token_has_a_sound_diagnosis(
        at in any::<prop::sample::Index>(), cut in 0..6_usize, new in "[A-Za-z0-9._=%\"{}, \n\t-]{0,6}",
    ) {
        let (bench, token) = &*SHARED;
        let start = at.index(token.len());
        let text = format!("{}{new}{}", &token[..start], &token[(start + cut).min(token.len())..]);
        let diagnosis = run(bench.verifier.diagnose(&text));
        run(assert_sound(&bench.verifier, &text, &diagnosis));
    }

    #[test]
    fn any_claims_and_headers_have_a_sound_diagnosis(
        claims in prop::collection::vec((select(vec![
            "iss", "aud", "exp", "nbf", "iat", "tid", "ver", "scp", "roles", "azp", "appid", "oid", "sub", "idtyp",
            "nonce", "cnf", "tfp", "xms_mirid", "xms_cc", "groups", "typ",
        ]), prop_oneof![any_value().prop_map(Some), Just(None)]), 0..3),
        headers in prop::collection::vec((select(vec!["alg", "kid", "typ", "crit", "nonce"]), any_value()), 0..2),
        kind in 0..5, is_one_of_several in any::<bool>(),
    ) {
        let bench = if is_one_of_several { &*SEVERAL } else { &SHARED.0 };
        let token = bench.token();
        let token = match kind { 0 => token.v1(), 1 => token.app(), 2 => token.id_token(), 3 => token.graph(), _ => token };
        let token = claims.into_iter().fold(token, |token, (name, value)| match value {
            Some(value) => token.claim(name, value),
            None => token.without_claim(name),
        });
        let text = headers.into_iter().fold(token, |token, (name, value)| token.header(name, value)).build();
        let diagnosis = run(bench.verifier.diagnose(&text));
        run(assert_sound(&bench.verifier, &text, &diagnosis));
    }
}
