//! Sets of issuers, which tell whether two authorities could have the same one.

use std::{collections::HashSet, sync::Arc};

use crate::{
    authority::{IssuerForm, Tenants},
    tenant::{IssuerTemplate, MicrosoftHost, TenantId},
};

/// One issuer, or those of one form, in lower case: two spellings of one address are taken for the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IssuerSet {
    Exact(String),
    Template {
        prefix: String,
        suffix: String,
        tenants: TenantSet,
    },
    /// The usual issuers of every tenant of External ID.
    AnyExternalId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TenantSet {
    Any,
    /// Shared by the issuers of one authority: a list may be long.
    These(Arc<HashSet<TenantId>>),
}

impl TenantSet {
    /// Domains may turn out to be any tenant.
    pub(super) fn of(tenants: &Tenants) -> Self {
        let has_domains = matches!(tenants, Tenants::List { domains, .. } if !domains.is_empty());
        // A domain alone has no id.
        let ids: HashSet<TenantId> = tenants.ids().collect();
        if has_domains || ids.is_empty() { Self::Any } else { Self::These(Arc::new(ids)) }
    }

    pub(super) fn one(tenant: Option<TenantId>) -> Self {
        tenant.map_or(Self::Any, |tenant| Self::These(Arc::new(HashSet::from([tenant]))))
    }

    fn contains(&self, tenant: TenantId) -> bool {
        match self {
            Self::Any => true,
            Self::These(ids) => ids.contains(&tenant),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::These(ids), other) | (other, Self::These(ids)) => ids.iter().any(|id| other.contains(*id)),
            (Self::Any, Self::Any) => true,
        }
    }
}

impl IssuerSet {
    fn exact(issuer: &str) -> Self {
        Self::Exact(issuer.to_ascii_lowercase())
    }

    /// The issuers that `text` stands for: a listed issuer, or one that a document names. `tenants` are those of the authority.
    pub(super) fn of_text(text: &str, tenants: &TenantSet) -> Self {
        match IssuerTemplate::parse(text) {
            Some(template) => Self::of_template(&template, tenants),
            None => Self::exact(text),
        }
    }

    pub(super) fn of_form(form: &IssuerForm, tenants: &TenantSet) -> Self {
        match form {
            IssuerForm::Template(template) => Self::of_template(template, tenants),
            IssuerForm::Exact { text, .. } => Self::exact(text),
        }
    }

    pub(super) fn of_template(template: &IssuerTemplate, tenants: &TenantSet) -> Self {
        if template.tenant().is_some() {
            return Self::exact(&template.to_string());
        }
        if let TenantSet::These(ids) = tenants
            && let (1, Some(only)) = (ids.len(), ids.iter().next())
        {
            return Self::exact(&template.for_tenant(*only).to_string());
        }
        let (prefix, suffix) = template.ends();
        let (prefix, suffix) = (prefix.to_ascii_lowercase(), suffix.to_ascii_lowercase());
        Self::Template { prefix, suffix, tenants: tenants.clone() }
    }

    /// Whether both contain the same issuer.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let tenant_in = |text: &str, prefix: &str, suffix: &str| {
            text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).and_then(TenantId::from_canonical)
        };
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => one == other,
            (Self::Exact(text), Self::Template { prefix, suffix, tenants })
            | (Self::Template { prefix, suffix, tenants }, Self::Exact(text)) => {
                tenant_in(text, prefix, suffix).is_some_and(|tenant| tenants.contains(tenant))
            }
            (
                Self::Template { prefix, suffix, tenants },
                Self::Template { prefix: other_prefix, suffix: other_suffix, tenants: others },
            ) => prefix == other_prefix && suffix == other_suffix && tenants.overlaps(others),
            (Self::AnyExternalId, Self::Exact(text) | Self::Template { prefix: text, .. })
            | (Self::Exact(text) | Self::Template { prefix: text, .. }, Self::AnyExternalId) => {
                MicrosoftHost::external_id_tenant(text).is_some()
            }
            (Self::AnyExternalId, Self::AnyExternalId) => true,
        }
    }

    /// Whether it contains every issuer of `other`.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Template { prefix, suffix, .. },
                Self::Template { prefix: other_prefix, suffix: other_suffix, .. },
            ) => prefix == other_prefix && suffix == other_suffix,
            (_, Self::Exact(_)) => self.overlaps(other),
            _ => false,
        }
    }
}
