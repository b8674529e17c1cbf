use std::sync::Arc;

use super::{DocumentSpec, Entra, Gate};
use crate::{
    claims::directory::DirectoryClaims,
    jwt::Algorithm,
    policy::{Policy, Requirement},
};

/// An authority that is held to all rules, with those that all its tokens must keep. One of Azure AD B2C with several
/// policies is several.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub(crate) name: Arc<str>,
    pub(crate) source: Source,
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) policy: Policy,
    pub(crate) requirement: Option<Requirement>,
    pub(crate) gate: Option<Gate>,
    /// In lower case.
    pub(crate) b2c_policy: Option<String>,
    pub(crate) directory: DirectoryClaims,
    pub(crate) is_required_for_readiness: bool,
    /// Certificates in PEM of the only authorities that may vouch for its key servers.
    pub(crate) ca_certificates: Option<Arc<str>>,
}

impl Trusted {
    /// Whether its keys are to be fetched.
    pub(crate) fn fetches(&self) -> bool {
        !matches!(self.source, Source::One(DocumentSpec::Static { .. }))
    }
}

/// Where the keys of an authority are.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// In the document of an instance of Entra, and in those of its tenants.
    Entra(Entra),
    /// In this one.
    One(DocumentSpec),
}

impl Source {
    /// The document that holds all or most of them.
    pub(crate) fn main_document(&self) -> DocumentSpec {
        match self {
            Self::Entra(entra) => entra.main_document(),
            Self::One(spec) => spec.clone(),
        }
    }
}
