//! Trusted token issuers: tenants of Entra ID, Azure AD B2C and External ID, other OpenID Connect issuers, and platforms that
//! issue workload identities.
//!
//! Each kind of authority has a builder type with the settings that apply to it: [`Entra`], [`B2c`], [`ExternalId`],
//! [`OpenIdConnect`], [`Workload`]. The constructors are on [`Authority`], the form that all of them convert to. Any number of
//! them can be given to [`VerifierBuilder::authority`](crate::VerifierBuilder::authority). Anything an authority omits is
//! inherited from the rest of the configuration. A mistake in a value, such as an empty audience, is reported by
//! [`VerifierBuilder::build`](crate::VerifierBuilder::build), together with all others.
//!
//! An API for its own tenant, for customers in External ID, and for a partner's Okta:
//!
//! ```
//! use tower_entra::{Authority, Requirement, Verifier};
//!
//! let verifier = Verifier::builder()
//!     .tenant("11111111-2222-3333-4444-555555555555")
//!     .client_id("66666666-7777-8888-9999-000000000000")
//!     .authority(Authority::external_id("contoso"))
//!     .authority(
//!         Authority::openid_connect("https://partner.okta.example/oauth2/default")
//!             .audience("api://orders")
//!             .require(Requirement::scope("orders.read")),
//!     )
//!     .build()?;
//! # Ok::<(), tower_entra::ConfigError>(())
//! ```
//!
//! Static keys, where nothing can be fetched:
//!
//! ```
//! use tower_entra::{Authority, Verifier, jwt::Algorithm};
//!
//! # let pem = "-----BEGIN PUBLIC KEY-----
//! # MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
//! # -----END PUBLIC KEY-----";
//! let verifier = Verifier::builder()
//!     .authority(
//!         Authority::openid_connect("https://plant.example")
//!             .pem_key(pem)
//!             .algorithms([Algorithm::EdDSA])
//!             .audience("https://api.plant.example"),
//!     )
//!     .build()?;
//! # Ok::<(), tower_entra::ConfigError>(())
//! ```

mod b2c;
mod directory;
mod document;
mod entra;
mod external_id;
mod issuers;
mod openid_connect;
mod ownership;
mod resolved;
mod settings;
mod tenant_filter;
mod workload;

use std::{fmt, sync::Arc};

pub use b2c::B2c;
pub(crate) use b2c::B2cSpec;
pub(crate) use directory::{directory_claims, subject_space};
pub(crate) use document::{DocumentOwner, DocumentSpec, WELL_KNOWN};
pub use entra::Entra;
pub(crate) use entra::{EntraSpec, Tenants};
pub use external_id::ExternalId;
pub(crate) use external_id::ExternalIdSpec;
pub(crate) use issuers::{IssuerForm, Issuers, ListedIssuers};
pub use openid_connect::OpenIdConnect;
pub(crate) use openid_connect::{ClaimNames, Keys, MappedClaim, OpenIdConnectSpec};
pub(crate) use ownership::{
    ExpectedIssuer, ForeignIssuer, IssuerOwners, Ownership, UnlistableIssuer, forms, is_at_microsoft, is_listed,
};
pub(crate) use resolved::{KeySource, ResolvedAuthority};
pub(crate) use settings::Settings;
pub(crate) use tenant_filter::TenantFilter;
pub use tenant_filter::TenantLookup;
pub use workload::Workload;
pub(crate) use workload::{WorkloadProblem, WorkloadSpec};

use crate::tenant::{Instance, TenantId};

/// A trusted token issuer: tenants of one Entra cloud, or another OpenID Connect provider. Its constructors return the builder
/// type of each kind, which converts into an `Authority`. An `Authority` itself has only the settings that apply to every kind.
///
/// ```
/// use tower_entra::{Authority, Verifier};
///
/// let one = Authority::tenant("11111111-2222-3333-4444-555555555555".parse()?);
/// assert_eq!(one.to_string(), "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555");
///
/// // Authorities of several kinds in one list.
/// let all: [Authority; 2] = [one.into(), Authority::external_id("contoso").into()];
/// let builder = Verifier::builder().client_id("66666666-7777-8888-9999-000000000000");
/// let verifier = all.into_iter().fold(builder, |builder, authority| builder.authority(authority)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every organization in another cloud:
///
/// ```
/// use tower_entra::{Authority, Cloud};
///
/// let any = Authority::danger_any_organization().in_instance(Cloud::UsGovernment.into());
/// assert_eq!(any.to_string(), "https://login.microsoftonline.us/organizations");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub(crate) spec: AuthoritySpec,
    pub(crate) settings: Settings,
}

/// The kind of an authority, with the settings that only this kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthoritySpec {
    Entra(EntraSpec),
    B2c(B2cSpec),
    ExternalId(ExternalIdSpec),
    OpenIdConnect(OpenIdConnectSpec),
    Workload(WorkloadSpec),
}

macro_rules! from_builders {
    ($($builder:ident),+) => {
        $(impl From<$builder> for Authority {
            fn from($builder { spec, settings }: $builder) -> Self {
                Self { spec: AuthoritySpec::$builder(spec), settings }
            }
        })+
    };
}

from_builders!(Entra, B2c, ExternalId, OpenIdConnect, Workload);

settings::common_methods!(Authority);

impl Authority {
    /// One tenant of Entra.
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Entra {
        Entra::new(Tenants::One(tenant))
    }

    /// One tenant by a verified domain such as `contoso.example`. It is resolved to the tenant's id once, with the first keys;
    /// a later change is rejected.
    #[must_use]
    pub fn domain(domain: impl Into<String>) -> Entra {
        Entra::new(Tenants::Domain(domain.into().to_ascii_lowercase()))
    }

    /// Only these tenants, with one key set for all of them.
    #[must_use]
    pub fn tenants(ids: impl IntoIterator<Item = TenantId>, domains: impl IntoIterator<Item = String>) -> Entra {
        Entra::new(Tenants::listed(ids, domains))
    }

    /// Every organization. Anyone can create a tenant and get accepted tokens: authorize by
    /// [`Claims::tenant_id`](crate::Claims::tenant_id).
    #[must_use]
    pub fn danger_any_organization() -> Entra {
        Entra::new(Tenants::AnyOrganization)
    }

    /// Every organization and every personal account, that is, anyone.
    #[must_use]
    pub fn danger_any_account() -> Entra {
        Entra::new(Tenants::AnyAccount)
    }

    /// Only personal accounts, of anyone.
    #[must_use]
    pub fn danger_personal_accounts() -> Entra {
        Entra::new(Tenants::PersonalAccounts)
    }

    /// The organizations for which `matches` returns true. It is called on every request, after the signature; personal
    /// accounts are rejected before.
    ///
    /// ```
    /// use std::{collections::HashSet, sync::{Arc, RwLock}};
    /// use tower_entra::{Authority, TenantId};
    ///
    /// let customers: Arc<RwLock<HashSet<TenantId>>> = Arc::default();
    /// let authority =
    ///     Authority::tenants_matching(move |tenant| customers.read().is_ok_and(|known| known.contains(&tenant)));
    /// # let _ = authority;
    /// ```
    #[must_use]
    pub fn tenants_matching(matches: impl Fn(TenantId) -> bool + Send + Sync + 'static) -> Entra {
        Entra::filtered(TenantFilter::Matching(Arc::new(matches)))
    }

    /// The organizations that `lookup` accepts; see [`TenantLookup`]. Personal accounts are rejected before.
    #[must_use]
    pub fn tenants_from_lookup(lookup: impl TenantLookup) -> Entra {
        Entra::filtered(TenantFilter::Lookup(Arc::new(lookup)))
    }

    /// A tenant of [Azure AD B2C](crate::guide::entra#azure-ad-b2c) by its name (`contoso` of `contoso.b2clogin.com`), and a
    /// user flow or custom policy such as `B2C_1_susi`. [`policy`](B2c::policy) adds more.
    #[must_use]
    pub fn b2c(name: impl fmt::Display, policy: impl Into<String>) -> B2c {
        Self::b2c_at(format!("https://{name}.b2clogin.com"), format!("{name}.onmicrosoft.com"), policy)
    }

    /// Azure AD B2C at a custom domain such as `https://login.contoso.example`; `tenant` is the tenant's GUID or its
    /// `onmicrosoft.com` domain. With the GUID, only that tenant is accepted; with a domain, the operator of that host
    /// determines the tenant. Either way its issuers must be at that origin, or be [listed](B2c::issuers).
    #[must_use]
    pub fn b2c_at(address: impl Into<String>, tenant: impl Into<String>, policy: impl Into<String>) -> B2c {
        B2c::new(address.into(), tenant.into(), policy.into())
    }

    /// A tenant of [External ID](crate::guide::entra#external-id) by its name (`contoso` of `contoso.ciamlogin.com`). Its
    /// metadata names its issuer.
    #[must_use]
    pub fn external_id(name: impl fmt::Display) -> ExternalId {
        Self::external_id_at(format!("https://{name}.ciamlogin.com"), format!("{name}.onmicrosoft.com"))
    }

    /// External ID at a custom domain; `tenant` is the tenant's GUID or its `onmicrosoft.com` domain. Configure the GUID: then
    /// the usual issuer `https://{GUID}.ciamlogin.com/{GUID}/v2.0` is accepted too. With a domain, the operator of that host
    /// determines the tenant, so that its issuers must be at that origin, or be [listed](ExternalId::issuers).
    ///
    /// ```
    /// use tower_entra::Authority;
    ///
    /// let authority =
    ///     Authority::external_id_at("https://login.contoso.example", "11111111-2222-3333-4444-555555555555");
    /// assert_eq!(authority.to_string(), "https://login.contoso.example/11111111-2222-3333-4444-555555555555");
    /// ```
    #[must_use]
    pub fn external_id_at(address: impl Into<String>, tenant: impl Into<String>) -> ExternalId {
        ExternalId::new(address.into(), tenant.into())
    }

    /// Any OpenID Connect issuer, exactly as its tokens have it in `iss`: Okta, Auth0, Keycloak, AWS Cognito. Its metadata is
    /// at `/.well-known/openid-configuration` behind it (OpenID Connect Discovery 1.0, section 4).
    #[must_use]
    pub fn openid_connect(issuer: impl Into<String>) -> OpenIdConnect {
        OpenIdConnect::new(issuer.into())
    }

    /// An issuer of workload identities: programs that prove their identity by a token of the platform that runs them, such as
    /// GitHub Actions, GitLab, Kubernetes or Google's service accounts. Their tokens have neither scopes nor roles, and many of
    /// these issuers serve everyone. So both are required:
    ///
    /// - its own [audience](Workload::audience): audiences of the rest of the configuration do not apply;
    /// - a rule that identifies the accepted workloads: [`subject`](Workload::subject), or a
    ///   [`required_claim`](Workload::required_claim) with the values of `repository_id`, `repository_owner_id`, `project_id`,
    ///   `/kubernetes.io/serviceaccount/uid` or another claim that identifies a workload; for an `email`, together with
    ///   `ClaimRule::any("email_verified", ["true"])`.
    ///
    /// No [`Requirement`](crate::Requirement) on scopes, roles, tenants, groups or members is met by such a token: authorize by
    /// [`Requirement::authority`](crate::Requirement::authority) and [`Requirement::claim`](crate::Requirement::claim). The
    /// allowed clients of the rest of the configuration do not apply; its required claims do. ID tokens of signed-in users are
    /// rejected.
    ///
    /// ```
    /// use tower_entra::{Authority, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .tenant("11111111-2222-3333-4444-555555555555")
    ///     .client_id("66666666-7777-8888-9999-000000000000")
    ///     .authority(
    ///         Authority::workload("https://gitlab.example")
    ///             .audience("https://api.contoso.example")
    ///             .subject("project_path:contoso/deploy:ref_type:branch:ref:main"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    #[must_use]
    pub fn workload(issuer: impl Into<String>) -> Workload {
        Workload::new(issuer.into())
    }

    /// [Workload identities](Self::workload) of GitHub Actions
    /// ([About security hardening with OpenID Connect](https://docs.github.com/actions/concepts/security/openid-connect)).
    /// The issuer serves every account on GitHub. Prefer ids to names, which can change hands:
    ///
    /// ```
    /// use tower_entra::{Authority, policy::ClaimRule};
    ///
    /// let deployments = Authority::github_actions()
    ///     .audience("https://api.contoso.example")
    ///     .required_claim(ClaimRule::any("repository_id", ["123456789"]))
    ///     .required_claim(ClaimRule::any("ref", ["refs/heads/main"]));
    /// assert_eq!(deployments.to_string(), "https://token.actions.githubusercontent.com");
    /// ```
    #[must_use]
    pub fn github_actions() -> Workload {
        Workload::github_actions()
    }

    /// [Workload identities](Self::workload) of a Kubernetes cluster: service account tokens with an audience
    /// ([Service account token volume
    /// projection](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/)). `issuer` is the value
    /// of `--service-account-issuer` of the API server.
    ///
    /// ```
    /// use tower_entra::Authority;
    ///
    /// let jobs = Authority::kubernetes("https://kubernetes.default.svc.cluster.local")
    ///     .audience("orders")
    ///     .subject("system:serviceaccount:prod:billing");
    /// # let _ = jobs;
    /// ```
    #[must_use]
    pub fn kubernetes(issuer: impl Into<String>) -> Workload {
        Workload::new(issuer.into())
    }

    /// The instance of Entra of its tenants; `None` for every other kind.
    #[must_use]
    pub fn instance(&self) -> Option<&Instance> {
        match &self.spec {
            AuthoritySpec::Entra(entra) => Some(&entra.instance),
            _ => None,
        }
    }
}

impl AuthoritySpec {
    /// The issuer and the keys, of the kinds that are not Microsoft.
    pub(crate) fn openid(&self) -> Option<&OpenIdConnectSpec> {
        match self {
            Self::OpenIdConnect(openid) | Self::Workload(WorkloadSpec { openid, .. }) => Some(openid),
            Self::Entra(_) | Self::B2c(_) | Self::ExternalId(_) => None,
        }
    }
}

impl fmt::Display for AuthoritySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entra(entra) => entra.fmt(f),
            Self::B2c(b2c) => b2c.fmt(f),
            Self::ExternalId(external) => external.fmt(f),
            Self::OpenIdConnect(openid) => openid.fmt(f),
            Self::Workload(workload) => workload.fmt(f),
        }
    }
}
