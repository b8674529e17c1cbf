use std::{collections::HashSet, fmt};

use super::{DocumentOwner, DocumentSpec, Gate, Listed};
use crate::{
    claims::TokenVersion,
    tenant::{Instance, TenantId},
};

/// An instance of Entra, and the tenants in it that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entra {
    pub(crate) instance: Instance,
    pub(crate) tenants: Tenants,
    pub(crate) app_id: Option<String>,
    /// The one version of tokens that is accepted; `None`: both.
    pub(crate) version: Option<TokenVersion>,
    pub(crate) gate: Option<Gate>,
    /// Issuers that its documents may name, beside those at their own origin.
    pub(crate) listed: Listed,
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

    /// Whether `id` is one of those that are known by their id.
    pub(crate) fn names(&self, id: TenantId) -> bool {
        match self {
            Self::One(one) => *one == id,
            Self::PersonalAccounts => id == TenantId::PERSONAL_ACCOUNTS,
            Self::List { ids, .. } => ids.contains(&id),
            Self::Domain(_) | Self::AnyOrganization | Self::AnyAccount => false,
        }
    }

    /// Those that are known by their id.
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

impl Entra {
    pub(crate) fn new(tenants: Tenants) -> Self {
        Self {
            instance: Instance::default(),
            tenants,
            app_id: None,
            version: None,
            gate: None,
            listed: Listed::default(),
        }
    }

    /// Whether personal accounts get in.
    pub(crate) fn lets_personal_accounts_in(&self) -> bool {
        matches!(self.tenants, Tenants::AnyAccount) || self.tenants.names(TenantId::PERSONAL_ACCOUNTS)
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
        let (instance, listed) = (self.instance.clone(), self.listed.clone());
        DocumentSpec::Entra { instance, owner, app_id, version: self.version, listed }
    }
}

impl fmt::Display for Entra {
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
