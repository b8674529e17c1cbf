use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{rejection::Rejection, tenant::TenantId};

/// The operator's decision which tenants are accepted. It is made after the signature was verified.
#[derive(Clone)]
pub(crate) enum TenantFilter {
    /// Decided at once.
    Matching(Arc<dyn Fn(TenantId) -> bool + Send + Sync>),
    /// Decided by an asynchronous lookup.
    Lookup(Arc<dyn TenantLookup>),
}

/// Looks up whether a tenant is accepted, for example in the operator's table of customers.
///
/// It is called after the signature and every other rule, so only a genuine token can cause a lookup. There is one lookup in
/// flight for each tenant, in a separate tokio task. All requests that wait for it share its result, including a failure. It
/// continues when the request that started it is dropped, and is cancelled when no request waits for it any more. A lookup that
/// panics, or takes longer than 30 s, rejects those requests with [`keys_unavailable`](crate::RejectionKind::KeysUnavailable).
///
/// Results are cached for five minutes, for up to 10,000 tenants, and failures for one second.
/// [`Verifier::forget_tenant`](crate::Verifier::forget_tenant) makes the next request look up again. Closures that
/// return a future are lookups.
///
/// ```
/// use tower_entra::{Authority, Rejection, RejectionKind, TenantId};
///
/// async fn is_customer(_tenant: TenantId) -> Result<bool, std::io::Error> {
///     Ok(true)
/// }
///
/// let customers = Authority::tenants_from_lookup(|tenant| async move {
///     is_customer(tenant).await.map_err(|_| Rejection::new(RejectionKind::KeysUnavailable))
/// });
/// assert_eq!(customers.to_string(), "https://login.microsoftonline.com/organizations");
/// ```
pub trait TenantLookup: Send + Sync + 'static {
    /// Whether tokens of this tenant are accepted. `Err` rejects the requests that wait for this lookup, and those of the next
    /// second.
    fn is_allowed(&self, tenant: TenantId) -> Pin<Box<dyn Future<Output = Result<bool, Rejection>> + Send + '_>>;
}

impl<F, R> TenantLookup for F
where
    F: Fn(TenantId) -> R + Send + Sync + 'static,
    R: Future<Output = Result<bool, Rejection>> + Send + 'static,
{
    fn is_allowed(&self, tenant: TenantId) -> Pin<Box<dyn Future<Output = Result<bool, Rejection>> + Send + '_>> {
        Box::pin(self(tenant))
    }
}

impl PartialEq for TenantFilter {
    /// Closures are equal if they are the same object.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Matching(one), Self::Matching(other)) => Arc::ptr_eq(one, other),
            (Self::Lookup(one), Self::Lookup(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for TenantFilter {}

impl fmt::Debug for TenantFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matching(_) => "Matching",
            Self::Lookup(_) => "Lookup",
        })
    }
}
