//! Every first remedy is carried out: applied to the token, the configuration or the provider, it makes the API accept.

use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use mock_entra::{Fault, KeySpec, ManualClock, MockEntra, SigningAlgorithm, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{
    Config, Rejection, RejectionKind, Requirement, Verifier, VerifierBuilder,
    diagnosis::{Action, CauseKind, Diagnosis, Provider},
};

use crate::{
    remedies_elsewhere,
    support::{START, clock_of, encode},
};

const READERS: &str = "99999999-0000-1111-2222-333333333333";

/// What a remedy changes that the action does not say as data.
enum ByHand {
    Nothing,
    Token(fn(TokenBuilder) -> TokenBuilder),
    Mock(fn(&MockEntra, &ManualClock)),
    Requirement(fn() -> Requirement),
}

struct Case {
    cause: CauseKind,
    /// Changes the provider's usual configuration.
    config: fn(&mut Value),
    requirement: Option<fn() -> Requirement>,
    prepare: fn(&MockEntra, &ManualClock),
    token: fn(TokenBuilder) -> TokenBuilder,
    text: fn(String) -> String,
    by_hand: ByHand,
}

impl Case {
    fn new(cause: CauseKind, token: fn(TokenBuilder) -> TokenBuilder) -> Self {
        let by_hand = ByHand::Nothing;
        Self { cause, config: |_| {}, requirement: None, prepare: |_, _| {}, token, text: |token| token, by_hand }
    }

    fn config(self, config: fn(&mut Value)) -> Self {
        Self { config, ..self }
    }

    fn requires(self, requirement: fn() -> Requirement) -> Self {
        Self { requirement: Some(requirement), ..self }
    }

    fn prepare(self, prepare: fn(&MockEntra, &ManualClock)) -> Self {
        Self { prepare, ..self }
    }

    fn text(self, text: fn(String) -> String) -> Self {
        Self { text, ..self }
    }

    fn by_hand(self, by_hand: ByHand) -> Self {
        Self { by_hand, ..self }
    }
}

/// A provider and the usual configuration for it.
fn provider(provider: Provider) -> (MockEntra, Value) {
    let openid = |mock: MockEntra, audience: &str| {
        let config = json!({ "Authority": mock.issuer(), "Audience": audience });
        (mock, config)
    };
    match provider {
        Provider::B2c => (
            MockEntra::b2c("contoso", "B2C_1_susi"),
            json!({
                "Instance": "https://contoso.b2clogin.com/", "Domain": "contoso.onmicrosoft.com",
                "SignUpSignInPolicyId": "B2C_1_susi", "ClientId": MockEntra::CLIENT_ID,
            }),
        ),
        Provider::ExternalId => (
            MockEntra::external_id("contoso"),
            json!({ "Authority": "https://contoso.ciamlogin.com/", "ClientId": MockEntra::CLIENT_ID }),
        ),
        Provider::Okta => openid(MockEntra::okta(), &format!("api://{}", MockEntra::CLIENT_ID)),
        Provider::Auth0 => openid(MockEntra::auth0(), "https://api.contoso.example"),
        Provider::Keycloak => openid(MockEntra::keycloak(), MockEntra::CLIENT_ID),
        Provider::Cognito => {
            let (mock, mut config) = openid(MockEntra::cognito(), MockEntra::CALLER);
            config["AudienceClaim"] = "client_id".into();
            (mock, config)
        }
        _ => (MockEntra::new(), json!({ "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID })),
    }
}

const PROVIDERS: [Provider; 7] = [
    Provider::Entra,
    Provider::B2c,
    Provider::ExternalId,
    Provider::Okta,
    Provider::Auth0,
    Provider::Keycloak,
    Provider::Cognito,
];

fn built(config: &Value, mock: &MockEntra, clock: &ManualClock) -> Verifier {
    let config = Config::from_json(&json!({ "AzureAd": config }).to_string()).unwrap();
    let builder = VerifierBuilder::from(config).fetch(mock.clone()).clock(clock.clone());
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

async fn diagnose(verifier: &Verifier, text: &str, requirement: Option<fn() -> Requirement>) -> Diagnosis {
    match requirement {
        Some(requirement) => verifier.diagnose_for(text, &requirement()).await,
        None => verifier.diagnose(text).await,
    }
}

/// Merges the settings of a remedy into a configuration, as an operator does.
pub(crate) fn merge(config: &mut Value, settings: &Value, delete: &[&str]) {
    let config = config.as_object_mut().unwrap();
    for name in delete {
        config.remove(*name);
    }
    for (name, value) in settings["AzureAd"].as_object().unwrap() {
        config.insert(name.clone(), value.clone());
    }
}

/// The diagnoses of all cases, before their remedies.
pub(crate) async fn diagnoses() -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    for (kind, case) in cases() {
        let (mock, mut config) = provider(kind);
        let clock = clock_of(&mock);
        (case.config)(&mut config);
        (case.prepare)(&mock, &clock);
        let text = (case.text)((case.token)(mock.token()).build());
        diagnoses.push(diagnose(&built(&config, &mock, &clock), &text, case.requirement).await);
    }
    diagnoses
}

/// All cases with their providers.
fn cases() -> impl Iterator<Item = (Provider, Case)> {
    let common = PROVIDERS.into_iter().flat_map(|kind| common(kind).into_iter().map(move |case| (kind, case)));
    common.chain(of_entra().into_iter().map(|case| (Provider::Entra, case))).chain(of_others())
}

/// Carries out the first remedy. `Err` if the API still rejects.
async fn carry_out(case: &Case, kind: Provider) -> Result<Diagnosis, String> {
    let (mock, mut config) = provider(kind);
    let clock = clock_of(&mock);
    (case.config)(&mut config);
    (case.prepare)(&mock, &clock);
    let verifier = built(&config, &mock, &clock);
    let rejected = (case.token)(mock.token());
    let text = (case.text)(rejected.build());
    let diagnosis = diagnose(&verifier, &text, case.requirement).await;
    let cause = diagnosis.cause().ok_or("it is accepted")?;
    if cause.kind() != case.cause {
        return Err(format!("it is {}\n{diagnosis}", cause.kind().code()));
    }
    let mut requirement = case.requirement;
    let mut token = rejected.clone();
    let mut text = None;
    match cause.remedies()[0].action() {
        Action::SendToken { .. } => token = rejected,
        Action::SendAccessToken
        | Action::RenewToken { .. }
        | Action::SignIn { .. }
        | Action::StopEncryption
        | Action::Investigate { .. } => token = mock.token(),
        Action::RequestToken { audience, .. } if kind == Provider::Cognito => token = mock.token().client(audience),
        Action::RequestToken { audience, .. } => token = mock.token().audience(audience),
        Action::SetTokenVersion { version: 1 } => token = mock.token().v1(),
        Action::SetTokenVersion { .. } => token = mock.token().v2(),
        Action::Grant { claim, value, .. } => {
            token = match (claim.as_str(), value) {
                (_, None) if claim == "roles" => mock.token().app(),
                (_, None) => mock.token(),
                ("scp" | "scope", Some(scope)) => mock.token().scopes(scope),
                ("roles" | "groups" | "acrs", Some(value)) => {
                    token.without_claim("hasgroups").claim(claim, json!([value]))
                }
                (_, Some(value)) => token.claim(claim, value.as_str()),
            };
        }
        Action::Configure { settings, delete } => {
            merge(&mut config, settings, delete);
            text = Some((case.text)(rejected.build()));
        }
        _ => {}
    }
    match &case.by_hand {
        ByHand::Nothing => {}
        ByHand::Token(change) => token = change(mock.token()),
        ByHand::Mock(change) => change(&mock, &clock),
        ByHand::Requirement(other) => requirement = Some(*other),
    }
    let verifier = built(&config, &mock, &clock);
    let after = diagnose(&verifier, &text.unwrap_or_else(|| token.build()), requirement).await;
    match after.is_accepted() {
        true => Ok(diagnosis),
        false => Err(format!("after its first remedy it is still rejected:\n{diagnosis}\nAFTER\n{after}")),
    }
}

/// Causes that occur with every provider.
fn common(kind: Provider) -> Vec<Case> {
    use CauseKind as Is;
    let other_audience: fn(TokenBuilder) -> TokenBuilder = match kind {
        Provider::Cognito => |token| token.client(MockEntra::OTHER_CALLER),
        _ => |token| token.audience("api://orders.example"),
    };
    let wrong_audience = match kind {
        Provider::Entra | Provider::ExternalId => Is::ForwardedToken,
        _ => Is::OtherAudience,
    };
    let usual: fn(TokenBuilder) -> TokenBuilder = |token| token;
    let mut cases = vec![
        Case::new(wrong_audience, other_audience),
        Case::new(Is::Expired, TokenBuilder::expired),
        Case::new(Is::BadSignature, TokenBuilder::wrong_key),
        Case::new(Is::IdToken, TokenBuilder::id_token),
        Case::new(Is::OtherIssuer, |token| token.claim("iss", "https://id.fabrikam.example/")),
        Case::new(Is::Unsigned, |token| token.header("alg", "none")),
        Case::new(Is::OtherKindOfJwt, |token| token.header("typ", "dpop+jwt")).by_hand(ByHand::Token(|token| token)),
        Case::new(Is::Malformed, |token| token.raw_payload("{}")),
        Case::new(Is::NotYetValid, |token| token.not_before(START + 3600)),
        Case::new(Is::Truncated, usual).text(|token| token[..token.len() - 42].to_owned()),
        Case::new(Is::Quoted, usual).text(|token| format!("\"{token}\"")),
        Case::new(Is::WhitespaceInToken, usual).text(|token| token.replacen('.', ".\n", 1)),
        Case::new(Is::UrlEncoded, usual).text(|token| token.replace('.', "%2E")),
        Case::new(Is::TwoTokens, usual).text(|token| format!("{token} {token}")),
        Case::new(Is::Surrounded, usual).text(|token| format!("access_token={token}&token_type=Bearer")),
        Case::new(Is::TokenResponse, usual).text(|token| json!({ "access_token": token }).to_string()),
        Case::new(Is::BearerInToken, usual).text(|token| format!("Bearer Bearer {token}")),
        Case::new(Is::Placeholder, usual).text(|_| "$TOKEN".into()),
        Case::new(Is::NoToken, usual).text(|_| String::new()),
        Case::new(Is::NoAccessToken, usual).text(|token| json!({ "id_token": token }).to_string()),
        Case::new(Is::DecodedContent, usual).text(|_| json!({ "alg": "RS256", "typ": "JWT" }).to_string()),
        Case::new(Is::WebPage, usual).text(|_| "<html></html>".into()),
        Case::new(Is::ErrorResponse, usual).text(|_| json!({ "error": "invalid_scope" }).to_string()),
        Case::new(Is::Opaque, usual).text(|_| "madeUpOpaqueToken".into()),
        Case::new(Is::EncryptedForIssuer, usual)
            .text(|_| format!("{}.YQ.Yg.Yw.ZA", encode(r#"{"alg":"dir","enc":"A256GCM"}"#))),
        Case::new(Is::Encrypted, usual)
            .text(|_| format!("{}.YQ.Yg.Yw.ZA", encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#))),
        Case::new(Is::NoMetadata, usual)
            .prepare(|mock, _| mock.set_fault(Fault::Down))
            .by_hand(ByHand::Mock(|mock, _| mock.clear_faults())),
        Case::new(Is::NoMetadata, usual)
            .prepare(|mock, _| mock.set_fault(Fault::Redirect("https://proxy.contoso.example/login".into())))
            .by_hand(ByHand::Mock(|mock, _| mock.clear_faults())),
        Case::new(Is::NoSuchTenant, usual)
            .prepare(|mock, _| mock.set_fault(Fault::Status(404)))
            .by_hand(ByHand::Mock(|mock, _| mock.clear_faults())),
        Case::new(Is::WrongMetadata, usual)
            .prepare(|mock, _| mock.set_fault(Fault::Garbage))
            .by_hand(ByHand::Mock(|mock, _| mock.clear_faults())),
        Case::new(Is::WrongMetadata, usual)
            .prepare(|mock, _| mock.set_fault(Fault::EmptyKeySet))
            .by_hand(ByHand::Mock(|mock, _| mock.clear_faults())),
        Case::new(Is::ClockExpired, usual)
            .prepare(|mock, _| {
                let theirs = UNIX_EPOCH + Duration::from_secs((START - 100_000).unsigned_abs());
                mock.set_clock(ManualClock::at(theirs));
            })
            .by_hand(ByHand::Mock(|_, clock| {
                clock.set_wall(UNIX_EPOCH + Duration::from_secs((START - 100_000).unsigned_abs()))
            })),
        Case::new(Is::BoundToken, |token| token.claim("cnf", json!({ "jkt": "x" })))
            .by_hand(ByHand::Token(|token| token)),
        Case::new(Is::OtherClient, |token| {
            token.client(MockEntra::OTHER_CALLER).claim("client_id", MockEntra::OTHER_CALLER)
        })
        .config(|config| {
            config["AllowedClients"] = json!([MockEntra::CALLER]);
            if config.get("AudienceClaim").is_some() {
                config["Audience"] = json!(MockEntra::OTHER_CALLER);
                config["Audiences"] = json!([MockEntra::CALLER]);
            }
        })
        .by_hand(ByHand::Token(|token| token)),
        Case::new(Is::ClaimMissing, usual)
            .config(|config| config["RequiredClaims"] = json!([{ "Name": "department", "Values": ["sales"] }])),
        Case::new(Is::ClaimValue, |token| token.claim("department", "support"))
            .config(|config| config["RequiredClaims"] = json!([{ "Name": "department", "Values": ["sales"] }])),
        Case::new(Is::ClaimElsewhere, |token| token.claim("division", "sales"))
            .config(|config| config["RequiredClaims"] = json!([{ "Name": "department", "Values": ["sales"] }])),
        Case::new(Is::ImpossibleRule, |token| token.claim("teams", "red blue"))
            .config(|config| config["RequiredClaims"] = json!([{ "Name": "teams", "Values": ["red"] }])),
        Case::new(Is::NoScope, usual).requires(|| Requirement::scope("Files.Write")),
        Case::new(Is::ScopeWithResource, |token| token.scopes("Files.Write"))
            .requires(|| Requirement::scope("api://orders/Files.Write"))
            .by_hand(ByHand::Requirement(|| Requirement::scope("Files.Write"))),
    ];
    if kind != Provider::Cognito {
        cases.push(Case::new(Is::GraphToken, |token| token.audience("https://graph.microsoft.com")));
        cases.push(Case::new(Is::MicrosoftToken, |token| token.audience("https://vault.azure.net")));
    }
    cases
}

/// Causes that occur with Entra.
fn of_entra() -> Vec<Case> {
    use CauseKind as Is;
    let usual: fn(TokenBuilder) -> TokenBuilder = |token| token;
    vec![
        Case::new(Is::ArmToken, |token| token.v1().app().audience("https://management.azure.com/"))
            .by_hand(ByHand::Token(|token| token.app())),
        Case::new(Is::V1Token, TokenBuilder::v1).config(|config| config["Version"] = "2.0".into()),
        Case::new(Is::CachedVersion, |token| token.v1().issued_at(START - 3000))
            .config(|config| config["Version"] = "2.0".into()),
        Case::new(Is::V2Token, usual).config(|config| config["Version"] = "1.0".into()),
        Case::new(Is::OtherCloud, |token| {
            token
                .claim("iss", format!("https://login.microsoftonline.us/{}/v2.0", MockEntra::OTHER_TENANT))
                .claim("tid", MockEntra::OTHER_TENANT)
        }),
        Case::new(Is::PlaceholderIssuer, |token| token.tenant("{tenantid}")),
        Case::new(Is::PersonalAccount, |token| token.tenant("9188040d-6c67-4c5b-b112-36a304b66dad")),
        Case::new(Is::OtherTenant, |token| token.tenant(MockEntra::OTHER_TENANT)),
        Case::new(Is::NoTenant, |token| token.without_claim("tid")),
        Case::new(Is::Contradiction, |token| token.claim("ver", "1.0")),
        Case::new(Is::MisplacedTenant, usual).config(|config| {
            config["TenantId"] = MockEntra::CLIENT_ID.into();
            config["ClientId"] = MockEntra::TENANT.into();
        }),
        Case::new(Is::MisplacedTenant, usual)
            .config(|config| {
                config["TenantId"] = MockEntra::CLIENT_ID.into();
                config["ClientId"] = MockEntra::TENANT.into();
            })
            .prepare(|mock, _| mock.set_fault_at(MockEntra::CLIENT_ID, Fault::Status(400))),
        Case::new(Is::AudienceForm, usual).config(|config| {
            config["Audience"] = "https://orders.contoso.example".into();
            config["StrictAudiences"] = true.into();
        }),
        Case::new(Is::ForwardedToken, usual).config(|config| {
            config["TokenValidationParameters"] = json!({ "ValidAudience": "https://orders.contoso.example" });
        }),
        Case::new(Is::WorkloadToken, |token| {
            token.claim("iss", "https://token.actions.githubusercontent.com").audience("https://github.com/contoso")
        })
        .by_hand(ByHand::Token(TokenBuilder::app)),
        Case::new(Is::NoScope, |token| token.app()).requires(|| Requirement::scope("Orders.Read")),
        Case::new(Is::ClaimValue, |token| token.app().roles(["Orders.Read"]))
            .config(|config| config["RequiredClaims"] = json!([{ "Name": "roles", "Values": ["Orders.Admin"] }])),
        Case::new(Is::UnmetRequirement, usual)
            .requires(|| Requirement::tenant(MockEntra::OTHER_TENANT.parse().unwrap()))
            .by_hand(ByHand::Requirement(|| Requirement::tenant(MockEntra::TENANT.parse().unwrap()))),
        Case::new(Is::UnmetRequirement, usual).requires(|| Requirement::authority("partner")).by_hand(
            ByHand::Requirement(|| {
                Requirement::authority(format!("https://login.microsoftonline.com/{}", MockEntra::TENANT))
            }),
        ),
        Case::new(Is::UnmetRequirement, |token| token.claim("acct", 1))
            .requires(Requirement::member)
            .by_hand(ByHand::Token(|token| token.claim("acct", 0))),
        Case::new(Is::UnmetRequirement, usual)
            .requires(|| Requirement::client(MockEntra::OTHER_CALLER))
            .by_hand(ByHand::Token(|token| token.client(MockEntra::OTHER_CALLER))),
        Case::new(Is::MisplacedClientId, usual).config(|config| config["ClientId"] = MockEntra::CALLER.into()),
        Case::new(Is::MisplacedClientId, usual).config(|config| config["ClientId"] = MockEntra::TENANT.into()),
        Case::new(Is::MisplacedClient, usual).config(|config| config["AllowedClients"] = json!([MockEntra::CLIENT_ID])),
        Case::new(Is::AudienceForm, usual).config(|config| {
            *config = json!({ "TenantId": MockEntra::TENANT, "Audience": format!("api://{}", MockEntra::CLIENT_ID) });
        }),
        Case::new(Is::AudienceForm, |token| {
            token.audience(format!("api://app.contoso.example/{}", MockEntra::CLIENT_ID))
        }),
        Case::new(Is::AudienceNearMiss, |token| token.audience("https://Orders.contoso.example"))
            .config(|config| config["Audience"] = "https://orders.contoso.example".into()),
        Case::new(Is::ManagedIdentity, |token| {
            token.app().audience("api://backend").claim("xms_mirid", "/subscriptions/x/made-up")
        }),
        Case::new(Is::OtherAudience, |token| token.app().audience("api://orders")),
        Case::new(Is::NoAudience, |token| token.without_claim("aud")),
        Case::new(Is::AppWithoutRole, |token| token.app().roles([""; 0])),
        Case::new(Is::NoScopeNoRole, |token| token.without_claim("scp")),
        Case::new(Is::OtherAlgorithm, |token| token.algorithm(SigningAlgorithm::Rs512)),
        Case::new(Is::TooLarge, |token| token.claim("groups", vec![READERS; 600])),
        Case::new(Is::OwnSigningKey, usual).prepare(|mock, _| {
            let key = mock.new_key();
            mock.publish(KeySpec::new(&key).only_in(MockEntra::TENANT).for_app(MockEntra::CLIENT_ID));
            mock.sign_with(&key);
        }),
        Case::new(Is::GroupsOverage, |token| token.claim("hasgroups", true)).requires(|| Requirement::group(READERS)),
        Case::new(Is::NoRole, |token| token.app()).requires(|| Requirement::app_permission("Files.Write.All")),
        Case::new(Is::ScopeAmongRoles, |token| token.app()).requires(|| Requirement::scope("Files.Read.All")).by_hand(
            ByHand::Requirement(|| Requirement::scope("Files.Read.All").or(Requirement::any_role("Files.Read.All"))),
        ),
        Case::new(Is::RoleAmongScopes, usual)
            .requires(|| Requirement::app_permission("Files.Read"))
            .by_hand(ByHand::Requirement(|| Requirement::scope("Files.Read"))),
        Case::new(Is::RoleOfOtherKind, |token| token.app())
            .requires(|| Requirement::user_role("Files.Read.All"))
            .by_hand(ByHand::Token(|token| token.claim("roles", json!(["Files.Read.All"])))),
        Case::new(Is::StrongerSignIn, |token| token.claim("xms_cc", json!(["cp1"])))
            .requires(|| Requirement::auth_context("c1")),
        Case::new(Is::ChallengeNotUnderstood, usual).requires(|| Requirement::auth_context("c1")),
        Case::new(Is::ImpossibleContext, usual)
            .requires(|| Requirement::auth_context("mfa"))
            .by_hand(ByHand::Requirement(|| Requirement::scope("Files.Read"))),
        Case::new(Is::ChallengeWithoutUser, |token| token.app()).requires(|| Requirement::auth_context("c1")).by_hand(
            ByHand::Requirement(|| Requirement::auth_context("c1").or(Requirement::app_permission("Files.Read.All"))),
        ),
        Case::new(Is::ForeignKey, usual)
            .prepare(|mock, _| {
                let key = mock.new_key();
                mock.publish(KeySpec::new(&key).issuer(mock.v2_issuer(MockEntra::OTHER_TENANT)));
                mock.sign_with(&key);
            })
            .by_hand(ByHand::Mock(|mock, _| mock.sign_with(&mock.add_key()))),
    ]
}

/// Causes that occur with one other provider.
fn of_others() -> Vec<(Provider, Case)> {
    use CauseKind as Is;
    let usual: fn(TokenBuilder) -> TokenBuilder = |token| token;
    vec![
        (Provider::B2c, Case::new(Is::OtherPolicy, |token| token.policy("B2C_1_edit"))),
        (Provider::B2c, Case::new(Is::NoPolicy, |token| token.app().without_claim("tfp"))),
        (
            Provider::Cognito,
            Case::new(Is::NoAudience, usual).config(|config| {
                config.as_object_mut().unwrap().remove("AudienceClaim");
            }),
        ),
        (Provider::Keycloak, Case::new(Is::OtherAudience, |token| token.claim("aud", "account"))),
        (
            Provider::Auth0,
            Case::new(Is::OtherAudience, |token| token.claim("aud", "https://contoso.auth0.example/userinfo")),
        ),
        (
            Provider::Keycloak,
            Case::new(Is::IssuerNearMiss, usual).config(|config| {
                config["Authority"] = "https://id.contoso.example/auth/realms/main".into();
            }),
        ),
        (Provider::Okta, Case::new(Is::IssuerNearMiss, |token| token.claim("iss", "https://contoso.okta.example"))),
        (Provider::Okta, Case::new(Is::UnknownKey, |token| token.kid("another"))),
        (
            Provider::Okta,
            Case::new(Is::OtherAlgorithm, usual).prepare(|mock, _| {
                mock.rotate_to(SigningAlgorithm::Es256);
            }),
        ),
        (
            Provider::Okta,
            Case::new(Is::MetadataAsKeySet, usual).config(|config| {
                config["JwksUri"] = MockEntra::okta().metadata_url().into();
            }),
        ),
    ]
}

/// This is never a rejection, so that nothing is to be fixed.
const WITHOUT_REJECTION: CauseKind = CauseKind::PastedRequest;

#[tokio::test]
async fn first_remedy_makes_the_api_accept_for_every_cause_and_provider() {
    let mut wrong = Vec::new();
    let mut done = BTreeSet::new();
    for (kind, case) in cases() {
        match carry_out(&case, kind).await {
            Ok(_) => {
                done.insert(case.cause);
            }
            Err(why) => wrong.push(format!("== {} at {kind:?}: {why}", case.cause.code())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    done.extend(remedies_elsewhere::CAUSES);
    let missing: Vec<_> =
        CauseKind::ALL.iter().filter(|kind| !done.contains(kind) && **kind != WITHOUT_REJECTION).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Advice about app registrations, manifests and `.default` is for Microsoft's products alone.
#[tokio::test]
async fn other_providers_are_not_told_about_entra() {
    for kind in [Provider::Okta, Provider::Auth0, Provider::Keycloak, Provider::Cognito] {
        for case in common(kind) {
            let Ok(diagnosis) = carry_out(&case, kind).await else { continue };
            let cause = diagnosis.cause().unwrap();
            let advice: String = cause.remedies().iter().map(|remedy| remedy.text()).collect();
            for word in [".default", "manifest", "on-behalf-of", "registration", "Entra", "MSAL", "admin consent"] {
                assert!(!advice.contains(word), "{kind:?}, {}: {word} in {advice}", cause.kind().code());
            }
        }
    }
}

/// No remedy accepts an audience that tokens of other applications have.
#[tokio::test]
async fn no_remedy_accepts_a_shared_audience() {
    for (kind, audience) in [
        (Provider::Entra, "https://graph.microsoft.com"),
        (Provider::Entra, "00000003-0000-0000-c000-000000000000"),
        (Provider::Entra, MockEntra::CALLER),
        (Provider::Entra, MockEntra::TENANT),
        (Provider::Keycloak, "account"),
        (Provider::Auth0, "https://contoso.auth0.example/userinfo"),
        (Provider::Auth0, "https://contoso.auth0.example/api/v2/"),
        (Provider::Okta, "https://contoso.okta.example"),
        (Provider::Okta, "https://github.com/contoso"),
        (Provider::Okta, "https://kubernetes.default.svc"),
    ] {
        let (mock, config) = provider(kind);
        let clock = clock_of(&mock);
        let verifier = built(&config, &mock, &clock);
        for issuer in [None, Some("https://elsewhere.contoso.example/"), Some("https://contoso.b2clogin.com/x/v2.0/")] {
            let token = mock.token().claim("aud", audience).claim("azp", MockEntra::CALLER);
            let token = issuer.iter().fold(token, |token, issuer| token.claim("iss", *issuer));
            let diagnosis = verifier.diagnose(&token.build()).await;
            let causes = diagnosis.cause().into_iter().chain(diagnosis.further());
            for setting in causes.flat_map(|cause| cause.remedies()).filter_map(|remedy| remedy.setting()) {
                let setting = setting.to_string();
                assert!(
                    !setting.contains(audience.trim_end_matches('/')),
                    "{kind:?} {audience}: {setting}\n{diagnosis}"
                );
            }
        }
    }
}

/// Rejections by the application and two authorities are not undone by a setting.
#[tokio::test]
async fn a_check_of_the_application_offers_no_setting() {
    let mock = MockEntra::new();
    let clock = clock_of(&mock);
    let verifier = Verifier::builder()
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .check(|_| async { Err(Rejection::new(RejectionKind::ClientNotAllowed).detail("blocked")) })
        .fetch(mock.clone())
        .clock(clock)
        .build()
        .unwrap();
    let diagnosis = verifier.diagnose(&mock.token().build()).await;
    let cause = diagnosis.cause().unwrap();
    assert_eq!(cause.kind(), CauseKind::OwnersCheck);
    assert!(cause.remedies().iter().all(|remedy| remedy.setting().is_none()), "{diagnosis}");
}
