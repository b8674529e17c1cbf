//! Who may issue tokens: an instance of Entra, and the tenants in it that are accepted.

use std::{collections::HashSet, fmt};

use crate::tenant::{Instance, TenantId};

/// The tenants of one instance whose tokens are accepted.
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
    instance: Instance,
    tenants: Tenants,
    app_id: Option<String>,
}

/// Which tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tenants {
    /// One by its id.
    One(TenantId),
    /// One by a verified domain; its id is learnt from its metadata, once.
    Domain(String),
    /// These alone.
    List { ids: HashSet<TenantId>, domains: Vec<String> },
    /// Every organisation, no personal accounts.
    AnyOrganization,
    /// Every organisation and personal accounts.
    AnyAccount,
    /// Personal accounts alone.
    PersonalAccounts,
}

/// The metadata document of one tenant, or one that several share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentSpec {
    pub(crate) instance: Instance,
    pub(crate) owner: DocumentOwner,
    /// The application whose own signing keys are asked for (§3.5).
    pub(crate) app_id: Option<String>,
}

/// For whom a document's keys may speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentOwner {
    /// A tenant's own document: for that tenant alone.
    Tenant(TenantId),
    /// A tenant's own document, addressed by a domain: for the tenant that it turns out to be.
    Domain(String),
    /// `organizations` or `common`: for the tenants that the keys' `issuer` names.
    Shared(&'static str),
}

impl Authority {
    fn new(tenants: Tenants) -> Self {
        Self { instance: Instance::default(), tenants, app_id: None }
    }

    /// One tenant.
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Self {
        Self::new(Tenants::One(tenant))
    }

    /// One tenant by a verified domain such as `contoso.example`. Its id is asked for once, with the first keys; a later
    /// answer that is another is refused.
    #[must_use]
    pub fn domain(domain: impl Into<String>) -> Self {
        Self::new(Tenants::Domain(domain.into().to_ascii_lowercase()))
    }

    /// These tenants and no others, with one key set for all of them.
    #[must_use]
    pub fn tenants(ids: impl IntoIterator<Item = TenantId>, domains: impl IntoIterator<Item = String>) -> Self {
        let ids: HashSet<TenantId> = ids.into_iter().collect();
        let mut domains: Vec<String> = domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect();
        domains.sort_unstable();
        domains.dedup();
        match (ids.len(), domains.len()) {
            (1, 0) => Self::new(ids.into_iter().next().map_or(Tenants::AnyOrganization, Tenants::One)),
            (0, 1) => Self::new(domains.pop().map_or(Tenants::AnyOrganization, Tenants::Domain)),
            _ => Self::new(Tenants::List { ids, domains }),
        }
    }

    /// Every organisation there is. Whoever can make a tenant can then make tokens that are accepted: decide about
    /// [`Claims::tenant_id`](crate::Claims::tenant_id) yourself.
    #[must_use]
    pub fn danger_any_organization() -> Self {
        Self::new(Tenants::AnyOrganization)
    }

    /// Every organisation, and every personal account: anybody at all.
    #[must_use]
    pub fn danger_any_account() -> Self {
        Self::new(Tenants::AnyAccount)
    }

    /// Personal accounts alone: anybody at all.
    #[must_use]
    pub fn danger_personal_accounts() -> Self {
        Self::new(Tenants::PersonalAccounts)
    }

    /// The same in another instance: a cloud, or the address of something that speaks like Entra.
    #[must_use]
    pub fn in_instance(mut self, instance: Instance) -> Self {
        self.instance = instance;
        self
    }

    /// The same with the keys that this application has for itself (§3.5): its client id is added as `?appid=` where a
    /// tenant's own document is asked for. A document that tenants share is asked for as it is: the holder of such a key
    /// must not speak for others.
    #[must_use]
    pub fn app_specific_keys(mut self, client_id: impl Into<String>) -> Self {
        self.app_id = Some(client_id.into());
        self
    }

    /// Where it lives.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    pub(crate) fn accepted(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether personal accounts get in.
    pub(crate) fn lets_personal_accounts_in(&self) -> bool {
        match &self.tenants {
            Tenants::One(tenant) => *tenant == TenantId::PERSONAL_ACCOUNTS,
            Tenants::List { ids, .. } => ids.contains(&TenantId::PERSONAL_ACCOUNTS),
            Tenants::AnyAccount | Tenants::PersonalAccounts => true,
            Tenants::Domain(_) | Tenants::AnyOrganization => false,
        }
    }

    /// The document that holds the keys, of all or most of the tenants.
    pub(crate) fn main_document(&self) -> DocumentSpec {
        self.document(match &self.tenants {
            Tenants::One(tenant) => DocumentOwner::Tenant(*tenant),
            Tenants::Domain(domain) => DocumentOwner::Domain(domain.clone()),
            Tenants::PersonalAccounts => DocumentOwner::Tenant(TenantId::PERSONAL_ACCOUNTS),
            Tenants::List { .. } if self.lets_personal_accounts_in() => DocumentOwner::Shared("common"),
            Tenants::AnyAccount => DocumentOwner::Shared("common"),
            Tenants::List { .. } | Tenants::AnyOrganization => DocumentOwner::Shared("organizations"),
        })
    }

    /// The document of one owner in the same instance.
    pub(crate) fn document(&self, owner: DocumentOwner) -> DocumentSpec {
        // Whose keys an application's own would be in a shared document is not said: they are asked for by tenant alone.
        let app_id = self.app_id.clone().filter(|_| !matches!(owner, DocumentOwner::Shared(_)));
        DocumentSpec { instance: self.instance.clone(), owner, app_id }
    }
}

impl fmt::Display for Authority {
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

impl DocumentSpec {
    /// The address of the v2 metadata (§1.3).
    pub(crate) fn v2_metadata(&self) -> String {
        self.metadata("/v2.0/.well-known/openid-configuration")
    }

    /// The address of the v1 metadata (§1.3).
    pub(crate) fn v1_metadata(&self) -> String {
        self.metadata("/.well-known/openid-configuration")
    }

    fn metadata(&self, path: &str) -> String {
        let base = self.instance.base();
        let query = self.app_id.as_ref().map(|id| format!("?appid={id}")).unwrap_or_default();
        match &self.owner {
            DocumentOwner::Tenant(TenantId::PERSONAL_ACCOUNTS) => format!("{base}/consumers{path}{query}"),
            DocumentOwner::Tenant(tenant) => format!("{base}/{tenant}{path}{query}"),
            DocumentOwner::Domain(domain) => format!("{base}/{domain}{path}{query}"),
            DocumentOwner::Shared(name) => format!("{base}/{name}{path}{query}"),
        }
    }
}
