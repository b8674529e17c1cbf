//! Stand-in, replaced when the real one is merged.
#![allow(missing_docs)]

use crate::{Claims, Rejection, RejectionKind};

#[derive(Clone, Debug)]
pub struct Requirement(String);

impl Requirement {
    pub fn scope(scope: impl Into<String>) -> Self {
        Self(scope.into())
    }

    #[allow(clippy::missing_errors_doc)]
    pub fn check(&self, claims: &Claims) -> Result<(), Rejection> {
        if claims.has_scope(&self.0) {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::InsufficientScope).verified().forbidden().scopes(self.0.clone()))
    }
}
