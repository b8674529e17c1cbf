//! Who may issue tokens: tenants of Entra, Azure AD B2C, External ID, any OpenID Connect issuer, or a platform whose
//! workloads call.
//!
//! An [`Authority`] is given to the [builder](crate::VerifierBuilder::authority), as many as there are. Each may have
//! audiences, algorithms and demands of its own; what it leaves open is as the rest of the configuration says.
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
//! Keys that are at hand, where nothing can be fetched:
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

mod directory;
mod document;
mod entra;
mod gate;
mod issuers;
mod kinds;
mod owners;
mod ownership;
mod settings;
mod trusted;
mod workload;

use std::fmt;

pub(crate) use directory::{directory_claims, subject_space};
pub(crate) use document::{DocumentOwner, DocumentSpec};
pub(crate) use entra::{Entra, Tenants};
pub(crate) use gate::Gate;
pub use gate::TenantLookup;
pub(crate) use issuers::{Form, Issuers, Listed};
pub(crate) use kinds::{B2c, ExternalId, Keys, Kind, MappedClaim, OpenIdConnect, Settings, Workload};
pub(crate) use owners::IssuerOwners;
pub(crate) use ownership::{ForeignIssuer, Ownership, is_at_microsoft, is_listed, origin_of};
pub(crate) use trusted::{Source, Trusted};
pub(crate) use workload::WorkloadProblem;

use crate::tenant::{Instance, TenantId};

/// Somebody whose tokens are accepted: tenants of one instance of Entra, or another issuer.
///
/// ```
/// use tower_entra::Authority;
///
/// let one = Authority::tenant("11111111-2222-3333-4444-555555555555".parse()?);
/// assert_eq!(one.to_string(), "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555");
/// # Ok::<(), tower_entra::tenant::InvalidTenantId>(())
/// ```
///
/// In another cloud, and every organisation of it:
///
/// ```
/// use tower_entra::{Authority, Cloud};
///
/// let any = Authority::danger_any_organization().in_instance(Cloud::UsGovernment.into());
/// assert_eq!(any.to_string(), "https://login.microsoftonline.us/organizations");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub(crate) kind: Kind,
    pub(crate) settings: Settings,
}

impl Authority {
    fn new(kind: Kind) -> Self {
        Self { kind, settings: Settings::default() }
    }

    pub(crate) fn entra(tenants: Tenants) -> Self {
        Self::new(Kind::Entra(Entra::new(tenants)))
    }

    /// One tenant of Entra.
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Self {
        Self::entra(Tenants::One(tenant))
    }

    /// One tenant by a verified domain such as `contoso.example`. Its id is asked for once, with the first keys; a later
    /// answer that is another is refused.
    #[must_use]
    pub fn domain(domain: impl Into<String>) -> Self {
        Self::entra(Tenants::Domain(domain.into().to_ascii_lowercase()))
    }

    /// These tenants and no others, with one key set for all of them.
    #[must_use]
    pub fn tenants(ids: impl IntoIterator<Item = TenantId>, domains: impl IntoIterator<Item = String>) -> Self {
        Self::entra(Tenants::listed(ids, domains))
    }

    /// Every organisation there is. Whoever can make a tenant can then make tokens that are accepted: decide about
    /// [`Claims::tenant_id`](crate::Claims::tenant_id) yourself.
    #[must_use]
    pub fn danger_any_organization() -> Self {
        Self::entra(Tenants::AnyOrganization)
    }

    /// Every organisation, and every personal account: anybody at all.
    #[must_use]
    pub fn danger_any_account() -> Self {
        Self::entra(Tenants::AnyAccount)
    }

    /// Personal accounts alone: anybody at all.
    #[must_use]
    pub fn danger_personal_accounts() -> Self {
        Self::entra(Tenants::PersonalAccounts)
    }

    /// Those organisations for which `allows` says yes. It is asked on each request, after the signature; personal accounts
    /// are refused before.
    ///
    /// ```
    /// use std::{collections::HashSet, sync::{Arc, RwLock}};
    /// use tower_entra::{Authority, TenantId};
    ///
    /// let customers: Arc<RwLock<HashSet<TenantId>>> = Arc::default();
    /// let authority = Authority::tenants_if(move |tenant| customers.read().is_ok_and(|known| known.contains(&tenant)));
    /// # let _ = authority;
    /// ```
    #[must_use]
    pub fn tenants_if(allows: impl Fn(TenantId) -> bool + Send + Sync + 'static) -> Self {
        Self::gated(Gate::If(std::sync::Arc::new(allows)))
    }

    /// Those organisations that `lookup` finds; see [`TenantLookup`]. Personal accounts are refused before.
    #[must_use]
    pub fn tenants_by(lookup: impl TenantLookup) -> Self {
        Self::gated(Gate::By(std::sync::Arc::new(lookup)))
    }

    fn gated(gate: Gate) -> Self {
        Self::new(Kind::Entra(Entra { gate: Some(gate), ..Entra::new(Tenants::AnyOrganization) }))
    }

    /// A tenant of [Azure AD B2C](crate::guide::entra#azure-ad-b2c) by its name (`contoso` of `contoso.b2clogin.com`),
    /// and a user flow or policy such as `B2C_1_susi`. [`policy`](Self::policy) adds more.
    #[must_use]
    pub fn b2c(name: impl fmt::Display, policy: impl Into<String>) -> Self {
        Self::b2c_at(format!("https://{name}.b2clogin.com"), format!("{name}.onmicrosoft.com"), policy)
    }

    /// Azure AD B2C at a custom domain such as `https://login.contoso.example`; `tenant` is the tenant's GUID or its
    /// `onmicrosoft.com` domain. With the GUID, only that tenant is accepted; with a domain, the operator of that host
    /// decides which tenant it is. Either way its issuers must be at that address, or be [listed](Self::issuers).
    #[must_use]
    pub fn b2c_at(address: impl Into<String>, tenant: impl Into<String>, policy: impl Into<String>) -> Self {
        Self::new(Kind::B2c(B2c {
            address: address.into(),
            tenant: tenant.into(),
            policies: vec![policy.into()],
            accept_tfp: false,
            accept_app_tokens: false,
        }))
    }

    /// A tenant of [External ID](crate::guide::entra#external-id) by its name (`contoso` of `contoso.ciamlogin.com`).
    /// Its issuer is learnt from its metadata.
    #[must_use]
    pub fn external_id(name: impl fmt::Display) -> Self {
        Self::external_id_at(format!("https://{name}.ciamlogin.com"), format!("{name}.onmicrosoft.com"))
    }

    /// External ID at a custom domain; `tenant` is the tenant's GUID or its `onmicrosoft.com` domain. Configure the GUID: then
    /// the usual issuer `https://{GUID}.ciamlogin.com/{GUID}/v2.0` is accepted too. With a domain, the operator of that
    /// host decides which tenant it is, so that its issuers must be at that address, or be [listed](Self::issuers).
    ///
    /// ```
    /// use tower_entra::Authority;
    ///
    /// let authority =
    ///     Authority::external_id_at("https://login.contoso.example", "11111111-2222-3333-4444-555555555555");
    /// assert_eq!(authority.to_string(), "https://login.contoso.example/11111111-2222-3333-4444-555555555555");
    /// ```
    #[must_use]
    pub fn external_id_at(address: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self::new(Kind::ExternalId(ExternalId { address: address.into(), tenant: tenant.into(), version: None }))
    }

    /// Any OpenID Connect issuer, exactly as its tokens have it in `iss`: Okta, Auth0, Keycloak, AWS Cognito. Its metadata
    /// is at `/.well-known/openid-configuration` behind it (OpenID Connect Discovery §4).
    #[must_use]
    pub fn openid_connect(issuer: impl Into<String>) -> Self {
        Self::new(Kind::OpenIdConnect(OpenIdConnect { issuer: issuer.into(), ..OpenIdConnect::default() }))
    }

    /// The instance of Entra that it lives in; `None` for every other kind.
    #[must_use]
    pub fn instance(&self) -> Option<&Instance> {
        match &self.kind {
            Kind::Entra(entra) => Some(&entra.instance),
            _ => None,
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.settings.name {
            Some(name) => f.write_str(name),
            None => self.kind.fmt(f),
        }
    }
}
