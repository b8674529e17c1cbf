//! The configurations. All that differs between versions of the library's builder is here and in `special.rs`.

use std::{fmt, sync::Arc, time::Duration};

use tower_entra::{
    Authority, Cloud, Config, ConfigError, Rejection, RejectionKind, Requirement, Verifier, VerifierBuilder,
    authority::{Entra, OpenIdConnect},
    cache::CacheSettings,
    keys::KeySettings,
    policy::ClaimRule,
    tenant::Instance,
};

use crate::{
    documents::{Documents, Fault, StillClock, openid_set},
    names::{AUDIENCE, CALLER, CLIENT, GROUP, OPENID, OTHER_TENANT, TENANT},
    special,
    tokens::{Issuer, Token},
};

type Build = dyn Fn(VerifierBuilder) -> VerifierBuilder + Send + Sync;

/// How requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Default,
    Detailed,
    Problem,
    DetailedProblem,
    Grpc,
    Empty,
}

impl Answer {
    const ALL: [Self; 6] =
        [Self::Default, Self::Detailed, Self::Problem, Self::DetailedProblem, Self::Grpc, Self::Empty];

    pub fn is_detailed(self) -> bool {
        matches!(self, Self::Detailed | Self::DetailedProblem)
    }
}

/// The layers around the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    #[default]
    Usual,
    /// A challenge with everything that can be in it.
    Challenge,
    Optional,
    /// The token is taken from `x-access-token`.
    OtherHeader,
    /// A requirement, and nothing that authenticates.
    RequirementAlone,
}

pub struct Configuration {
    pub name: String,
    /// Whose valid tokens it is sent.
    pub issuers: Vec<Issuer>,
    /// A file, to which `build` adds.
    pub json: Option<String>,
    pub build: Arc<Build>,
    pub fault: Fault,
    pub layers: Layers,
    pub answer: Answer,
    /// What the layer behind the authentication requires.
    pub requirement: Option<Requirement>,
    /// Changes valid tokens so that they are valid here.
    pub adapt: fn(&mut Token),
    pub weight: u64,
}

impl Configuration {
    pub fn new(
        name: impl Into<String>,
        issuers: impl IntoIterator<Item = Issuer>,
        build: impl Fn(VerifierBuilder) -> VerifierBuilder + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            issuers: issuers.into_iter().collect(),
            json: None,
            build: Arc::new(build),
            fault: Fault::None,
            layers: Layers::Usual,
            answer: Answer::Default,
            requirement: None,
            adapt: |_| (),
            weight: 10,
        }
    }

    pub fn json(name: &str, issuers: impl IntoIterator<Item = Issuer>, section: &str) -> Self {
        let json = format!(r#"{{"AzureAd":{section}}}"#);
        Self { json: Some(json), ..Self::new(name, issuers, |builder| builder) }
    }

    pub fn fault(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    pub fn layers(self, layers: Layers) -> Self {
        Self { layers, ..self }
    }

    pub fn requires(self, requirement: Requirement) -> Self {
        Self { requirement: Some(requirement), ..self }
    }

    pub fn adapt(self, adapt: fn(&mut Token)) -> Self {
        Self { adapt, ..self }
    }

    pub fn weight(self, weight: u64) -> Self {
        Self { weight, ..self }
    }

    /// # Errors
    ///
    /// If the library refuses the configuration, which is an outcome too.
    pub fn verifier(&self, documents: Documents, clock: StillClock) -> Result<Verifier, ConfigError> {
        let builder = match &self.json {
            Some(json) => VerifierBuilder::from(Config::from_json(json)?),
            None => Verifier::builder(),
        };
        // Waiting for a turn is nothing to compare.
        let keys = KeySettings { tenant_refresh_interval: Duration::ZERO, ..KeySettings::default() };
        let builder = builder.keys(keys).detailed_errors(self.answer.is_detailed());
        (self.build)(builder).fetch(documents).clock(clock).build()
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, issuers, json, fault, layers, answer, weight, .. } = self;
        write!(f, "{name} {issuers:?} {json:?} {fault:?} {layers:?} {answer:?} {weight}")
    }
}

/// Every configuration, in the order that a record has.
pub fn all() -> Vec<Configuration> {
    let mut all = crossed();
    all.extend(special::all());
    for (number, configuration) in all.iter_mut().enumerate() {
        configuration.answer = Answer::ALL[number % Answer::ALL.len()];
    }
    all
}

type Kind = (&'static str, Vec<Issuer>, fn() -> Authority);
type Variation = (&'static str, fn(Authority) -> Authority, fn(VerifierBuilder) -> VerifierBuilder);

pub fn tenant(text: &str) -> tower_entra::TenantId {
    text.parse().expect("a GUID")
}

fn in_cloud(cloud: Cloud) -> Entra {
    Authority::tenant(tenant(TENANT)).in_instance(cloud.into())
}

/// A custom instance of Entra.
pub fn instance() -> Instance {
    Instance::parse("https://entra.contoso.example").expect("an address")
}

pub fn openid() -> OpenIdConnect {
    Authority::openid_connect(OPENID).audience(AUDIENCE).client_id(CLIENT)
}

/// Every kind of authority with every variation of rules.
fn crossed() -> Vec<Configuration> {
    let mut all = Vec::new();
    for (kind, issuers, authority) in kinds() {
        for (variation, of_authority, of_builder) in VARIATIONS {
            let build = move |builder: VerifierBuilder| {
                of_builder(builder.client_id(CLIENT).authority(of_authority(authority())))
            };
            all.push(Configuration::new(format!("{kind}, {variation}"), issuers.clone(), build));
        }
    }
    all
}

fn kinds() -> Vec<Kind> {
    vec![
        ("one tenant", vec![Issuer::PUBLIC], || Authority::tenant(tenant(TENANT)).into()),
        ("two tenants", vec![Issuer::PUBLIC, Issuer::OTHER], || {
            Authority::tenants([tenant(TENANT), tenant(OTHER_TENANT)], []).into()
        }),
        ("a domain", vec![Issuer::PUBLIC], || Authority::domain("contoso.example").into()),
        ("any organization", vec![Issuer::PUBLIC, Issuer::OTHER], || Authority::danger_any_organization().into()),
        ("any account", vec![Issuer::PUBLIC, Issuer::PERSONAL], || Authority::danger_any_account().into()),
        ("US Government", vec![Issuer::US], || in_cloud(Cloud::UsGovernment).into()),
        ("China", vec![Issuer::CHINA], || in_cloud(Cloud::China).into()),
        ("an instance", vec![Issuer::INSTANCE], || Authority::tenant(tenant(TENANT)).in_instance(instance()).into()),
        ("B2C", vec![Issuer::B2C], || Authority::b2c("contoso", "B2C_1_susi").into()),
        ("External ID", vec![Issuer::ExternalId], || Authority::external_id("contoso").into()),
        ("OpenID Connect", vec![Issuer::OPENID], || openid().into()),
        ("static keys", vec![Issuer::OPENID], || openid().static_keys(openid_set().to_string()).into()),
    ]
}

const VARIATIONS: [Variation; 11] = [
    ("plain", |authority| authority, |builder| builder),
    ("allowed client", |authority| authority.allowed_client(CALLER), |builder| builder),
    (
        "required claims",
        |authority| authority.required_claim(ClaimRule::any("department", ["sales"]).separated_by(",")),
        |builder| builder.required_claim(ClaimRule::present("sub")),
    ),
    (
        "required permission",
        |authority| {
            let read = Requirement::scope("Files.Read").or(Requirement::any_role("Admin"));
            authority.require(read.or(Requirement::app_permission("Files.Read.All")))
        },
        |builder| builder,
    ),
    (
        "required group",
        |authority| authority.require(Requirement::group(GROUP).or(Requirement::scope("Files.Read"))),
        |builder| builder,
    ),
    (
        "required context",
        |authority| authority.require(Requirement::auth_context("c1").or(Requirement::user_role("Admin"))),
        |builder| builder,
    ),
    ("access-control list", |authority| authority, |builder| builder.allow_web_api_to_be_authorized_by_acl(true)),
    ("bound tokens", |authority| authority, |builder| builder.danger_accept_bound_tokens(true).leeway(Duration::ZERO)),
    ("long leeway", |authority| authority, |builder| builder.leeway(Duration::from_secs(300))),
    (
        "a check",
        |authority| authority,
        |builder| {
            builder.cache(CacheSettings::off()).check(|claims| async move {
                match claims.get("acct").is_some() {
                    true => Err(Rejection::new(RejectionKind::ClaimNotAllowed).detail("made up")),
                    false => Ok(()),
                }
            })
        },
    ),
    ("a small cap", |authority| authority, |builder| builder.max_token_bytes(1024)),
];
