use std::sync::Arc;

use super::{directory::DirectoryClaims, subject_key::SubjectSpace};
use crate::tenant::Cloud;

/// What all tokens of one authority have in common. Their claims share it.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityFacts {
    pub(crate) name: Arc<str>,
    /// Of all authorities of the verifier, this one included.
    pub(crate) names: Arc<[Arc<str>]>,
    /// The cloud of Microsoft's whose tokens these are.
    pub(crate) cloud: Option<Cloud>,
    pub(crate) directory: DirectoryClaims,
    pub(crate) subjects: SubjectSpace,
}

#[cfg(test)]
impl AuthorityFacts {
    /// One of this name, alone, of Microsoft's public cloud.
    pub(crate) fn of_entra(name: &str) -> Self {
        use super::directory::DirectoryKind;
        let name: Arc<str> = name.into();
        Self {
            names: [Arc::clone(&name)].into(),
            name,
            cloud: None,
            directory: DirectoryClaims::of(DirectoryKind::Microsoft, false, false),
            subjects: SubjectSpace::Entra { host: "login.microsoftonline.com".into() },
        }
    }
}
