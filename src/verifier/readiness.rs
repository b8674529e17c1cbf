//! Loading keys before the first request, and whether the service is ready.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::Poll,
};

use super::{Inner, Trust, Verifier};
use crate::{
    keys::{store::Load, waiter::Waiter},
    rejection::Rejection,
};

/// How many refreshes a warm-up has under way at once.
const AT_ONCE: usize = 10;

impl Verifier {
    /// Fetches the keys now, so that no request has to wait for them; where they are loaded already it does nothing.
    ///
    /// It loads the documents of all authorities, of listed domains, and, with
    /// [`app_specific_keys`](crate::VerifierBuilder::app_specific_keys), of each listed tenant, ten at once. It takes no
    /// longer than [`KeySettings::warm_up_timeout`](crate::keys::KeySettings::warm_up_timeout); what has not arrived by then
    /// goes on in the background. A tenant whose own document cannot be fetched is a warning in the log, and so is an
    /// authority that is [not required for readiness](crate::Authority::not_required_for_readiness).
    ///
    /// # Errors
    ///
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) for the first authority that readiness counts and whose
    /// keys cannot be fetched.
    pub async fn warm_up(&self) -> Result<(), Rejection> {
        self.0.load_missing().await;
        self.ready()
    }

    /// Whether every authority that readiness counts has keys that can be used, without waiting: for a readiness probe. These
    /// are all authorities but those that are
    /// [not required for readiness](crate::Authority::not_required_for_readiness). Missing keys are fetched in the
    /// background, so that a service without traffic gets ready by being probed.
    ///
    /// ```
    /// use tower_entra::{Authority, Verifier, testing::{Fault, MockEntra}};
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
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) for the first of them that has none.
    pub fn ready(&self) -> Result<(), Rejection> {
        self.0.fetch_missing(self.0.authorities.iter());
        let mut required = self.0.authorities.iter().filter(|trust| trust.is_required_for_readiness);
        required.find(|trust| !trust.keys.has_keys()).map_or(Ok(()), |trust| Err(trust.unavailable()))
    }

    /// Whether one authority has keys that can be used, by its name: the configured one, else its issuer, or its address as
    /// [`Claims::authority`](crate::Claims::authority) shows it. `None` if no authority has this name. It does not matter
    /// whether readiness counts it. Missing keys are fetched in the background, as by [`ready`](Self::ready). Of Azure AD
    /// B2C with several policies, all must have keys.
    ///
    /// # Errors
    ///
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) if it has none.
    #[must_use]
    pub fn authority_ready(&self, name: &str) -> Option<Result<(), Rejection>> {
        let named: Vec<&Trust> = self.0.authorities.iter().filter(|trust| trust.is_named(name)).collect();
        if named.is_empty() {
            return None;
        }
        self.0.fetch_missing(named.iter().copied());
        let missing = named.into_iter().find(|trust| !trust.keys.has_keys());
        Some(missing.map_or(Ok(()), |trust| Err(trust.unavailable())))
    }

    /// Loads the main documents that are missing.
    pub(crate) async fn load_authorities(&self) {
        let missing = self.0.authorities.iter().filter(|trust| !trust.keys.has_keys());
        if let Some(waiter) = Waiter::all(missing.filter_map(|trust| trust.keys.refresh()).collect()) {
            waiter.ended(self.0.patience).await;
        }
    }
}

impl Inner {
    /// Starts refreshes of those that have no keys. Nobody waits for them here.
    fn fetch_missing<'a>(&self, authorities: impl Iterator<Item = &'a Trust>) {
        if tokio::runtime::Handle::try_current().is_ok() {
            authorities.filter(|trust| !trust.keys.has_keys()).for_each(|trust| drop(trust.keys.refresh()));
        }
    }

    /// Every document that is not loaded yet, those that readiness counts first.
    fn missing(&self) -> Vec<(&Trust, Load)> {
        let all =
            self.authorities.iter().flat_map(|trust| trust.keys.missing().into_iter().map(move |load| (trust, load)));
        let mut all: Vec<(&Trust, Load)> = all.collect();
        all.sort_by_key(|(trust, load)| (!matches!(load, Load::Main), !trust.is_required_for_readiness));
        all
    }

    /// Loads every document that is missing, some at once, until all have come or failed, or time is up.
    async fn load_missing(&self) {
        let missing = self.missing();
        let Some((first, _)) = missing.first() else { return };
        if tokio::runtime::Handle::try_current().is_err() {
            // There is nothing to wait for; this writes it to the log.
            return drop(first.keys.refresh());
        }
        // In one order for all warm-ups, so that one that runs beside another joins its refreshes and adds none.
        let left = Mutex::new(missing.into_iter());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let lane = async || {
            while let Some((trust, load)) = next() {
                trust.keys.load(load, self.patience).await;
            }
        };
        let load = all((0..AT_ONCE).map(|_| lane()).collect());
        let _ = tokio::time::timeout(self.warm_up_timeout, load).await;
    }
}

/// Waits for all of these.
async fn all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Trust {
    fn is_named(&self, name: &str) -> bool {
        *self.name == *name || self.keys.has_issuer(name)
    }
}
