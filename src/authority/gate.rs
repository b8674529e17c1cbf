use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{rejection::Rejection, tenant::TenantId};

/// Which tenants of any are let in: the owner's own decision, after the signature.
#[derive(Clone)]
pub(crate) enum Gate {
    /// Known at once.
    If(Arc<dyn Fn(TenantId) -> bool + Send + Sync>),
    /// To be looked up.
    By(Arc<dyn TenantLookup>),
}

/// Looks up whether a tenant is let in: in the owner's table of customers, say.
///
/// It is called after the signature and every other rule, so only a genuine token can cause a lookup. There is one lookup in
/// flight for each tenant, in a separate tokio task. All requests that wait for it share its result, also a failure. It goes
/// on when the request that started it goes away, and is cancelled when no request waits for it any more. A lookup that panics,
/// or takes longer than 30 s, rejects those requests with
/// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable).
///
/// Answers are cached for five minutes, of 10,000 tenants at most, and failures for one second.
/// [`Verifier::forget_tenant`](crate::Verifier::forget_tenant) makes the next request ask again. Closures that return a future
/// are lookups.
///
/// ```
/// use tower_entra::{Authority, Rejection, RejectionKind, TenantId};
///
/// async fn is_customer(_tenant: TenantId) -> Result<bool, std::io::Error> {
///     Ok(true)
/// }
///
/// let customers = Authority::tenants_by(|tenant| async move {
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

impl PartialEq for Gate {
    /// Closures are the same if they are one.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::If(one), Self::If(other)) => Arc::ptr_eq(one, other),
            (Self::By(one), Self::By(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Gate {}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::If(_) => "If",
            Self::By(_) => "By",
        })
    }
}
