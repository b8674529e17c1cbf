//! Loading keys before the first request, and whether the service is ready.

use std::{pin::Pin, task::Poll};

use super::{
    configured_authority::ConfiguredAuthority,
    state::{Verifier, VerifierState},
};
use crate::{
    keys::{store::Load, waiter::Waiter},
    rejection::Rejection,
    sync::{Mutex, lock, runtime::Handle, time::timeout},
};

const MAX_CONCURRENT_REFRESHES: usize = 10;

impl Verifier {
    /// Fetches all keys that are not loaded yet, so that no request has to wait for them.
    ///
    /// It loads metadata and keys of all authorities, of listed domains, and, with
    /// [`app_specific_keys`](crate::VerifierBuilder::app_specific_keys), of each listed tenant, at most ten at once. It takes
    /// at most [`KeySettings::warm_up_timeout`](crate::keys::KeySettings::warm_up_timeout); refreshes that are
    /// still running then go on in the background. A tenant whose own metadata cannot be fetched is a warning in the log, and
    /// so is an authority that is [not required for readiness](crate::Authority::not_required_for_readiness).
    ///
    /// # Errors
    ///
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) for the first authority that is required for readiness
    /// and whose keys cannot be fetched.
    pub async fn warm_up(&self) -> Result<(), Rejection> {
        let state = self.snapshot();
        state.load_missing().await;
        state.ready()
    }

    /// Whether every authority has usable keys, except those that are
    /// [not required for readiness](crate::Authority::not_required_for_readiness). For readiness probes: it does not wait.
    /// Missing keys are fetched in the background, so that a service without traffic becomes ready when it is probed.
    ///
    /// ```
    /// use mock_entra::{Fault, MockEntra};
    /// use tower_entra::{Authority, Verifier};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let entra = MockEntra::new();
    /// # entra.set_fault_at("partner", Fault::Down);
    /// let partner = Authority::openid_connect("https://partner.example").audience("api://orders").named("partner");
    /// let verifier = Verifier::builder()
    ///     .tenant(MockEntra::TENANT)
    ///     .client_id(MockEntra::CLIENT_ID)
    ///     .authority(partner.not_required_for_readiness())
    /// #   .fetch(entra)
    ///     .build()?;
    /// verifier.warm_up().await?; // though the partner is down
    /// assert!(verifier.ready().is_ok());
    /// assert!(verifier.authority_ready("partner").is_some_and(|ready| ready.is_err()));
    /// assert!(verifier.authority_ready("another").is_none(), "there is no such authority");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) for the first of them without keys.
    pub fn ready(&self) -> Result<(), Rejection> {
        self.state().ready()
    }

    /// Whether one authority has usable keys, by its configured name, its issuer, or its name in
    /// [`Claims::authority`](crate::Claims::authority). `None` if there is no such authority. Missing keys are fetched in the
    /// background, as by [`ready`](Self::ready). All policies of an Azure AD B2C authority must have keys.
    ///
    /// # Errors
    ///
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) if it has none.
    #[must_use]
    pub fn authority_ready(&self, name: &str) -> Option<Result<(), Rejection>> {
        let state = self.state();
        let named: Vec<&ConfiguredAuthority> =
            state.authorities.iter().filter(|authority| authority.is_named(name)).collect();
        if named.is_empty() {
            return None;
        }
        state.fetch_missing(named.iter().copied());
        let missing = named.into_iter().find(|authority| !authority.keys.has_keys());
        Some(missing.map_or(Ok(()), |authority| Err(authority.unavailable())))
    }
}

impl VerifierState {
    fn ready(&self) -> Result<(), Rejection> {
        self.fetch_missing(self.authorities.iter());
        let mut required = self.authorities.iter().filter(|authority| authority.resolved.is_required_for_readiness);
        required.find(|authority| !authority.keys.has_keys()).map_or(Ok(()), |authority| Err(authority.unavailable()))
    }

    /// Loads the main documents that are not loaded yet.
    pub(crate) async fn load_authorities(&self) {
        let missing = self.authorities.iter().filter(|authority| !authority.keys.has_keys());
        if let Some(waiter) = Waiter::all(missing.filter_map(|authority| authority.keys.refresh()).collect()) {
            waiter.wait(self.max_wait).await;
        }
    }

    /// Starts a refresh for each authority without keys, without waiting.
    fn fetch_missing<'a>(&self, authorities: impl Iterator<Item = &'a ConfiguredAuthority>) {
        if Handle::try_current().is_ok() {
            authorities
                .filter(|authority| !authority.keys.has_keys())
                .for_each(|authority| drop(authority.keys.refresh()));
        }
    }

    /// Every document that is not loaded yet, those required for readiness first.
    fn missing(&self) -> Vec<(&ConfiguredAuthority, Load)> {
        let all = self
            .authorities
            .iter()
            .flat_map(|authority| authority.keys.missing().into_iter().map(move |load| (authority, load)));
        let mut all: Vec<(&ConfiguredAuthority, Load)> = all.collect();
        all.sort_by_key(|(authority, load)| {
            (!matches!(load, Load::Main), !authority.resolved.is_required_for_readiness)
        });
        all
    }

    /// Loads every document that is not loaded yet, until all are loaded or have failed, or the timeout has passed.
    async fn load_missing(&self) {
        let missing = self.missing();
        let Some((first, _)) = missing.first() else { return };
        if Handle::try_current().is_err() {
            // Nothing can be awaited without a runtime; this logs it.
            return drop(first.keys.refresh());
        }
        // Always in the same order, so that concurrent warm-ups join each other's refreshes.
        let remaining = Mutex::new(missing.into_iter());
        let next = || lock(&remaining).next();
        let lane = async || {
            while let Some((authority, load)) = next() {
                authority.keys.load(load, self.max_wait).await;
            }
        };
        let load = all((0..MAX_CONCURRENT_REFRESHES).map(|_| lane()).collect());
        let _ = timeout(self.warm_up_timeout, load).await;
    }
}

/// Waits for all futures.
async fn all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl ConfiguredAuthority {
    fn is_named(&self, name: &str) -> bool {
        **self.name() == *name || self.keys.has_issuer(name)
    }
}
