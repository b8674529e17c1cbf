//! Values that are computed from the documents.

use std::sync::Arc;

use super::revision::Revision;
use crate::sync::{
    ArcSwap, Guard, Mutex,
    atomic::{AtomicU64, Ordering},
    lock,
};

/// A value computed from the issuers and tenants of some documents.
///
/// The revision changes with every refresh, but issuers and tenants hardly ever do. So a new revision only leads to a
/// comparison of version numbers, one per document. Computing the issuer index each time would block the uncached requests
/// of 1,000 authorities at least 1,000 times an hour, and more often when unknown `kid`s trigger refreshes.
#[derive(Debug)]
pub(crate) struct Derived<T> {
    current: ArcSwap<Computed<T>>,
    revision: Arc<Revision>,
    /// Held while the value is compared or computed.
    computing: Mutex<()>,
}

/// A value with what it was computed from.
#[derive(Debug)]
pub(crate) struct Computed<T> {
    pub(crate) value: T,
    /// The sum of the documents' issuer versions. Since none of them ever decreases, it is equal only if none has changed.
    version: u64,
    /// The last revision at which the version was compared.
    compared_at: AtomicU64,
}

impl<T> Computed<T> {
    fn new(revision: &Revision, version: impl Fn() -> u64, compute: impl FnOnce() -> T) -> Self {
        // Loaded in this order, so that a change in between is noticed by the next call.
        let (compared_at, version) = (AtomicU64::new(revision.current()), version());
        Self { value: compute(), version, compared_at }
    }
}

impl<T> Derived<T> {
    pub(crate) fn new(revision: Arc<Revision>, version: impl Fn() -> u64, compute: impl FnOnce() -> T) -> Self {
        let current = ArcSwap::from_pointee(Computed::new(&revision, version, compute));
        Self { current, revision, computing: Mutex::default() }
    }

    /// The value, computed again if the sum of the documents' issuer versions has changed.
    pub(crate) fn get(&self, version: impl Fn() -> u64, compute: impl FnOnce() -> T) -> Guard<Computed<T>> {
        let current = self.current.load();
        if self.is_compared(&current) {
            return current;
        }
        let _computing = lock(&self.computing);
        let current = self.current.load();
        if self.is_compared(&current) {
            return current;
        }
        let revision = self.revision.current();
        if current.version == version() {
            current.compared_at.store(revision, Ordering::Release);
            return current;
        }
        self.current.store(Arc::new(Computed::new(&self.revision, version, compute)));
        self.current.load()
    }

    /// The value as it was last computed.
    pub(crate) fn last(&self) -> Guard<Computed<T>> {
        self.current.load()
    }

    fn is_compared(&self, computed: &Computed<T>) -> bool {
        computed.compared_at.load(Ordering::Acquire) == self.revision.current()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_computed_again_only_if_a_version_has_changed() {
        let revision = Arc::new(Revision::default());
        let derived = Derived::new(Arc::clone(&revision), || 0, || 1);
        let get = |version: u64, compute: u8| derived.get(|| version, || compute).value;
        assert_eq!(get(1, 2), 1, "same revision");
        revision.increment();
        assert_eq!(get(0, 3), 1, "same version");
        assert_eq!(get(1, 4), 1, "compared already");
        revision.increment();
        assert_eq!(derived.last().value, 1);
        assert_eq!((get(1, 5), get(1, 6)), (5, 5));
    }

    #[test]
    fn change_during_the_computation_is_noticed_by_the_next_call() {
        let revision = Arc::new(Revision::default());
        let derived = Derived::new(Arc::clone(&revision), || 0, || _ = revision.increment());
        let mut computed = 0;
        derived.get(|| 1, || computed += 1);
        assert_eq!(computed, 1);
    }
}
