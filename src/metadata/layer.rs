use tower_layer::Layer;

use super::{Metadata, ProtectedResource};

/// Wraps services in [`Metadata`]. See the [module](crate::metadata) for examples.
#[derive(Clone, Debug)]
#[must_use]
pub struct MetadataLayer {
    resource: ProtectedResource,
}

impl MetadataLayer {
    /// A layer that serves the document of `resource`. It belongs outside of
    /// [`AuthenticateLayer`](crate::AuthenticateLayer): whoever needs the document has no token yet.
    pub fn new(resource: ProtectedResource) -> Self {
        Self { resource }
    }
}

impl<S> Layer<S> for MetadataLayer {
    type Service = Metadata<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Metadata::new(inner, self.resource.clone())
    }
}
