use std::sync::Arc;

use super::{DocumentSpec, EntraSpec, TenantFilter};
use crate::{
    claims::directory::DirectoryClaims,
    jwt::Algorithm,
    policy::{Policy, Requirement},
};

/// A validated authority: where its keys are, and the rules for its tokens. One of Azure AD B2C with several policies is
/// several of these.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedAuthority {
    pub(crate) name: Arc<str>,
    pub(crate) source: KeySource,
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) policy: Policy,
    /// For all of its tokens.
    pub(crate) requirement: Option<Requirement>,
    /// The policy of Azure AD B2C, in lower case.
    pub(crate) b2c_policy: Option<String>,
    pub(crate) directory: DirectoryClaims,
    pub(crate) is_required_for_readiness: bool,
    /// CA certificates in PEM, the only ones that are trusted for its key servers.
    pub(crate) ca_certificates: Option<Arc<str>>,
}

impl ResolvedAuthority {
    /// Whether its keys are fetched.
    pub(crate) fn fetches(&self) -> bool {
        !matches!(self.source, KeySource::Document(DocumentSpec::Static { .. }))
    }

    /// Whether it accepts tenants of Entra.
    pub(crate) fn is_entra(&self) -> bool {
        matches!(self.source, KeySource::Entra(_))
    }

    /// The operator's decision about tenants.
    pub(crate) fn tenant_filter(&self) -> Option<&TenantFilter> {
        match &self.source {
            KeySource::Entra(entra) => entra.tenant_filter.as_ref(),
            KeySource::Document(_) => None,
        }
    }
}

/// The documents with the keys of an authority.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// The document of an instance of Entra, and those of its tenants.
    Entra(EntraSpec),
    /// This one.
    Document(DocumentSpec),
}

impl KeySource {
    /// The document that holds all or most of the keys.
    pub(crate) fn main_document(&self) -> DocumentSpec {
        match self {
            Self::Entra(entra) => entra.main_document(),
            Self::Document(spec) => spec.clone(),
        }
    }
}
