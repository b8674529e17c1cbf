use std::{future::Future, pin::Pin};

use crate::{claims::Claims, rejection::Rejection};

/// A check of the owner's that may wait: revoked sessions, tenants that were put out.
///
/// It runs after the signature and every rule, on every request, cached or not. Closures that give back a future are
/// checks.
///
/// ```
/// use tower_entra::{Claims, Rejection, RejectionKind, verifier::Check};
///
/// async fn is_revoked(_session: Option<String>) -> bool {
///     false
/// }
///
/// let check = |claims: Claims| async move {
///     if is_revoked(claims.token_id()).await { Err(Rejection::new(RejectionKind::ClaimNotAllowed)) } else { Ok(()) }
/// };
/// fn takes(_: impl Check) {}
/// takes(check);
/// ```
pub trait Check: Send + Sync + 'static {
    /// Accepts the claims or refuses them.
    fn check(&self, claims: Claims) -> Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send + '_>>;
}

impl<F, R> Check for F
where
    F: Fn(Claims) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Rejection>> + Send + 'static,
{
    fn check(&self, claims: Claims) -> Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send + '_>> {
        Box::pin(self(claims))
    }
}
