use std::sync::Arc;

use tower_layer::Layer;

use super::service::Require;
use crate::policy::Requirement;

/// Wraps services in [`Require`]. See the [module](crate::require) for examples.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer {
    requirement: Arc<Requirement>,
}

impl RequireLayer {
    /// A layer that lets through what meets `requirement`.
    pub fn new(requirement: Requirement) -> Self {
        Self { requirement: Arc::new(requirement) }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Require::new(inner, Arc::clone(&self.requirement))
    }
}
