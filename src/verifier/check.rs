use std::{future::Future, pin::Pin};

use crate::{claims::Claims, rejection::Rejection};

/// An asynchronous check of the application, of revoked sessions or blocked users for example.
///
/// It runs after the signature and all rules, on every request, cached or not. Closures that return a future are checks.
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
    /// Accepts or rejects the claims.
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
