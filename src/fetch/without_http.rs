//! Stand-ins for what needs the feature `reqwest`.

use std::sync::Arc;

use super::Fetch;

const NO_REQWEST: &str = "the feature reqwest is needed for this; switch it on";

/// Checks the certificates of [`trusting_only`].
///
/// # Errors
///
/// Always.
pub(crate) fn check_certificates(_: &str) -> Result<(), String> {
    Err(NO_REQWEST.to_owned())
}

/// A [`Fetch`] that trusts only these CA certificates.
///
/// # Errors
///
/// Always.
pub(crate) fn trusting_only(_: &str) -> Result<Arc<dyn Fetch>, String> {
    Err(NO_REQWEST.to_owned())
}
