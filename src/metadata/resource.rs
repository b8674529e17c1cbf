use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::PATH;
use crate::authenticate::AuthenticateLayer;

/// What is told of this API to clients that do not know it (RFC 9728 §2). A cheap clone.
///
/// ```
/// use tower_entra::{Cloud, metadata::ProtectedResource};
///
/// let resource = ProtectedResource::builder("https://mcp.contoso.example/mcp")
///     .tenant(Cloud::Public, "11111111-2222-3333-4444-555555555555".parse()?)
///     .build()?;
/// assert_eq!(
///     resource.metadata_url(),
///     "https://mcp.contoso.example/.well-known/oauth-protected-resource/mcp",
/// );
/// assert_eq!(
///     resource.json(),
///     concat!(
///         r#"{"resource":"https://mcp.contoso.example/mcp","#,
///         r#""authorization_servers":["https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"],"#,
///         r#""bearer_methods_supported":["header"]}"#,
///     ),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ProtectedResource(Arc<Inner>);

pub(super) struct Inner {
    pub(super) resource: String,
    pub(super) scopes: String,
    pub(super) json: Bytes,
    /// The path of the document that has the API's own path in it.
    pub(super) path: String,
    pub(super) url: String,
}

impl ProtectedResource {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The resource's identifier.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.0.resource
    }

    /// The scopes, separated by spaces; empty if there are none.
    #[must_use]
    pub fn scopes(&self) -> &str {
        &self.0.scopes
    }

    /// The document, `application/json`.
    #[must_use]
    pub fn json(&self) -> Bytes {
        self.0.json.clone()
    }

    /// Where clients find the document, for `resource_metadata` in challenges (RFC 9728 §5.1).
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        &self.0.url
    }

    /// Whether `path` is one of the two where clients look.
    pub(super) fn is_at(&self, path: &str) -> bool {
        path == PATH || path == self.0.path
    }
}

impl AuthenticateLayer {
    /// Points to `resource` in challenges: its address as `resource_metadata`, and with 401 its scopes as `scope`.
    ///
    /// For others than all its scopes, call [`challenge_scope`](Self::challenge_scope) after it.
    pub fn protected_resource(self, resource: &ProtectedResource) -> Self {
        let layer = self.resource_metadata(resource.metadata_url());
        if resource.scopes().is_empty() { layer } else { layer.challenge_scope(resource.scopes()) }
    }
}

impl fmt::Debug for ProtectedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedResource")
            .field("resource", &self.0.resource)
            .field("scopes", &self.0.scopes)
            .field("metadata_url", &self.0.url)
            .finish_non_exhaustive()
    }
}
