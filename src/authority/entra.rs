use std::{collections::HashSet, fmt};

use super::{
    DocumentOwner, DocumentSpec, ListedIssuers, TenantFilter,
    settings::{Settings, common_methods, user_methods},
};
use crate::{
    claims::TokenVersion,
    tenant::{Instance, TenantId},
};

/// Tenants of Entra ID in one instance: a Microsoft cloud, or another host with the same interface. Made by
/// [`Authority::tenant`](super::Authority::tenant), [`domain`](super::Authority::domain),
/// [`tenants`](super::Authority::tenants), [`tenants_matching`](super::Authority::tenants_matching),
/// [`tenants_from_lookup`](super::Authority::tenants_from_lookup) and the `danger_…` constructors of
/// [`Authority`](super::Authority).
///
/// ```
/// use tower_entra::{Authority, Cloud, Verifier, claims::TokenVersion};
///
/// let tenant = Authority::tenant("11111111-2222-3333-4444-555555555555".parse()?)
///     .in_instance(Cloud::UsGovernment.into())
///     .version(TokenVersion::V2)
///     .client_id("66666666-7777-8888-9999-000000000000");
/// assert_eq!(tenant.to_string(), "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555");
/// let verifier = Verifier::builder().authority(tenant).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What does not apply to Entra does not compile:
///
/// ```compile_fail,E0599
/// # use tower_entra::Authority;
/// let authority = Authority::danger_any_organization().policy("B2C_1_susi");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entra {
    pub(crate) spec: EntraSpec,
    pub(crate) settings: Settings,
}

common_methods!(Entra);
user_methods!(Entra);

impl Entra {
    pub(super) fn new(tenants: Tenants) -> Self {
        Self { spec: EntraSpec::new(tenants), settings: Settings::default() }
    }

    pub(super) fn filtered(tenant_filter: TenantFilter) -> Self {
        let spec = EntraSpec { tenant_filter: Some(tenant_filter), ..EntraSpec::new(Tenants::AnyOrganization) };
        Self { spec, settings: Settings::default() }
    }

    /// Accepts only tokens of this [version](crate::guide::entra#token-versions). Default: both. The last call counts.
    #[must_use]
    pub fn version(mut self, version: TokenVersion) -> Self {
        self.spec.version = Some(version);
        self
    }

    /// The instance of its tenants: a cloud, or the base URL of another host with the same interface. Default: the public
    /// cloud. The last call counts.
    #[must_use]
    pub fn in_instance(mut self, instance: Instance) -> Self {
        self.spec.instance = instance;
        self
    }

    /// Fetches the [signing keys of this application](crate::guide::entra#application-specific-signing-keys): its client id
    /// is added as `?appid=` to the URL of a tenant's own document. A document that tenants share is fetched without it: the
    /// holder of such a key must not sign for other tenants. The last call counts.
    #[must_use]
    pub fn app_specific_keys(mut self, client_id: impl Into<String>) -> Self {
        self.spec.app_id = Some(client_id.into());
        self
    }
}

/// An instance of Entra, and the tenants in it that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntraSpec {
    pub(crate) instance: Instance,
    pub(crate) tenants: Tenants,
    pub(crate) app_id: Option<String>,
    /// The one version of tokens that is accepted; `None`: both.
    pub(crate) version: Option<TokenVersion>,
    /// The operator's decision about tenants.
    pub(crate) tenant_filter: Option<TenantFilter>,
    /// Issuers that its documents may name, beside those at their own origin.
    pub(crate) listed: ListedIssuers,
}

/// The accepted tenants of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tenants {
    /// One tenant by its id.
    One(TenantId),
    /// One tenant by a verified domain, which metadata resolves to its id once.
    Domain(String),
    /// The listed tenants alone.
    List { ids: HashSet<TenantId>, domains: Vec<String> },
    /// Every organization, without personal accounts.
    AnyOrganization,
    /// Every organization, and personal accounts.
    AnyAccount,
    /// Personal accounts alone.
    PersonalAccounts,
}

impl Tenants {
    pub(crate) fn listed(ids: impl IntoIterator<Item = TenantId>, domains: impl IntoIterator<Item = String>) -> Self {
        let ids: HashSet<TenantId> = ids.into_iter().collect();
        let mut domains: Vec<String> = domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect();
        domains.sort_unstable();
        domains.dedup();
        match (ids.len(), domains.len()) {
            (1, 0) => ids.into_iter().next().map_or(Self::AnyOrganization, Self::One),
            (0, 1) => domains.pop().map_or(Self::AnyOrganization, Self::Domain),
            _ => Self::List { ids, domains },
        }
    }

    /// Whether `id` is one of the tenants that are known by their id.
    pub(crate) fn names(&self, id: TenantId) -> bool {
        match self {
            Self::One(one) => *one == id,
            Self::PersonalAccounts => id == TenantId::PERSONAL_ACCOUNTS,
            Self::List { ids, .. } => ids.contains(&id),
            Self::Domain(_) | Self::AnyOrganization | Self::AnyAccount => false,
        }
    }

    /// The tenants that are known by their id.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TenantId> {
        let (one, many) = match self {
            Self::One(id) => (Some(*id), None),
            Self::PersonalAccounts => (Some(TenantId::PERSONAL_ACCOUNTS), None),
            Self::List { ids, .. } => (None, Some(ids)),
            Self::Domain(_) | Self::AnyOrganization | Self::AnyAccount => (None, None),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }
}

impl EntraSpec {
    pub(crate) fn new(tenants: Tenants) -> Self {
        Self {
            instance: Instance::default(),
            tenants,
            app_id: None,
            version: None,
            tenant_filter: None,
            listed: ListedIssuers::default(),
        }
    }

    /// Whether personal accounts are accepted.
    pub(crate) fn accepts_personal_accounts(&self) -> bool {
        matches!(self.tenants, Tenants::AnyAccount) || self.tenants.names(TenantId::PERSONAL_ACCOUNTS)
    }

    /// The document with the keys of all or most of the tenants.
    pub(crate) fn main_document(&self) -> DocumentSpec {
        self.document(match &self.tenants {
            Tenants::One(tenant) => DocumentOwner::Tenant(*tenant),
            Tenants::Domain(domain) => DocumentOwner::Domain(domain.clone()),
            Tenants::PersonalAccounts => DocumentOwner::Tenant(TenantId::PERSONAL_ACCOUNTS),
            Tenants::List { .. } if self.accepts_personal_accounts() => DocumentOwner::Shared("common"),
            Tenants::AnyAccount => DocumentOwner::Shared("common"),
            Tenants::List { .. } | Tenants::AnyOrganization => DocumentOwner::Shared("organizations"),
        })
    }

    /// The document of `owner` in the same instance.
    pub(crate) fn document(&self, owner: DocumentOwner) -> DocumentSpec {
        // In a shared document, an application's own key would not name its tenant.
        let app_id = self.app_id.clone().filter(|_| !matches!(owner, DocumentOwner::Shared(_)));
        let (instance, listed) = (self.instance.clone(), self.listed.clone());
        DocumentSpec::Entra { instance, owner, app_id, version: self.version, listed }
    }
}

impl fmt::Display for EntraSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.instance.base();
        match &self.tenants {
            Tenants::One(tenant) => write!(f, "{base}/{tenant}"),
            Tenants::Domain(domain) => write!(f, "{base}/{domain}"),
            Tenants::List { ids, domains } => write!(f, "{base} ({} tenants)", ids.len() + domains.len()),
            Tenants::AnyOrganization => write!(f, "{base}/organizations"),
            Tenants::AnyAccount => write!(f, "{base}/common"),
            Tenants::PersonalAccounts => write!(f, "{base}/consumers"),
        }
    }
}
