//! What is made of the documents, and made anew when they have said something new.

use std::sync::{Arc, Mutex, PoisonError};

use super::{epoch::Epoch, shared::Shared};

/// A value with the revision it was made from. One thread makes the next value, and all others read.
#[derive(Debug)]
pub(crate) struct Renewed<T> {
    made: Shared<Made<T>>,
    issuer_revision: Arc<Epoch>,
    making: Mutex<()>,
}

#[derive(Debug)]
struct Made<T> {
    issuer_revision: u64,
    value: T,
}

impl<T> Renewed<T> {
    /// `issuer_revision` counts the changes of issuers and tenants.
    pub(crate) fn new(issuer_revision: Arc<Epoch>, make: impl FnOnce() -> T) -> Self {
        Self { made: Shared::new(Made::new(&issuer_revision, make)), issuer_revision, making: Mutex::default() }
    }

    /// Reads the value, made anew by `make` if the revision has changed.
    pub(crate) fn read<R>(&self, make: impl FnOnce() -> T, look: impl FnOnce(&T) -> R) -> R {
        let is_old = || self.made.read(|made| made.issuer_revision) != self.issuer_revision.current();
        if is_old() {
            let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            if is_old() {
                self.made.store(Made::new(&self.issuer_revision, make));
            }
        }
        self.read_last(look)
    }

    /// Looks at the value as it was last made.
    pub(crate) fn read_last<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.made.read(|made| look(&made.value))
    }
}

impl<T> Made<T> {
    fn new(issuer_revision: &Epoch, make: impl FnOnce() -> T) -> Self {
        // Read before the documents: what they say in between is read next time.
        let issuer_revision = issuer_revision.current();
        Self { issuer_revision, value: make() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_anew_when_something_was_learnt_and_only_then() {
        let issuer_revision = Arc::new(Epoch::default());
        let renewed = Renewed::new(Arc::clone(&issuer_revision), || 1);
        let read = |make: u8| renewed.read(|| make, |value| *value);
        assert_eq!((read(2), read(3)), (1, 1));
        issuer_revision.advance();
        assert_eq!(renewed.read_last(|value| *value), 1);
        assert_eq!((read(4), read(5)), (4, 4));
    }

    #[test]
    fn what_is_learnt_while_it_is_made_is_read_next_time() {
        let issuer_revision = Arc::new(Epoch::default());
        let make = || issuer_revision.advance();
        let renewed = Renewed::new(Arc::clone(&issuer_revision), make);
        let mut made = 0;
        renewed.read(|| made += 1, |()| ());
        assert_eq!(made, 1);
    }
}
