use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use super::stats::{SHARDS, shard};

/// A value that is read all the time and seldom replaced. Each thread reads a copy of the pointer that few others use, so
/// that reading is no meeting point.
pub(crate) struct Shared<T>([Copy<T>; SHARDS]);

/// On cache lines of its own.
#[repr(align(128))]
struct Copy<T>(RwLock<Arc<T>>);

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        let value = Arc::new(value);
        Self(std::array::from_fn(|_| Copy(RwLock::new(Arc::clone(&value)))))
    }

    /// Looks at the value without holding on to it. `look` must not read the same value again: with a writer waiting in
    /// between, the second read would wait for ever. Builds with debug assertions panic instead.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let copy = &self.0[shard()].0;
        #[cfg(debug_assertions)]
        let _reading = nested::Reading::new(std::ptr::from_ref(copy) as usize);
        look(&copy.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        Arc::clone(&self.0[shard()].0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Once this is done, every thread reads `value`.
    pub(crate) fn store(&self, value: T) {
        let value = Arc::new(value);
        for Copy(copy) in &self.0 {
            *copy.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&value);
        }
    }
}

/// Finds reads of a value inside a read of the same value.
#[cfg(debug_assertions)]
mod nested {
    use std::cell::RefCell;

    thread_local! {
        static READING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) struct Reading;

    impl Reading {
        pub(super) fn new(address: usize) -> Self {
            READING.with_borrow_mut(|reading| {
                assert!(!reading.contains(&address), "a read inside a read of the same value");
                reading.push(address);
            });
            Self
        }
    }

    impl Drop for Reading {
        fn drop(&mut self) {
            READING.with_borrow_mut(Vec::pop);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|value| value.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_reads_what_was_stored() {
        let shared = Shared::new(0);
        for number in 1..=3 {
            shared.store(number);
            std::thread::scope(|scope| {
                for _ in 0..2 * SHARDS {
                    scope.spawn(|| assert_eq!((shared.read(|value| *value), *shared.load()), (number, number)));
                }
            });
        }
    }
}
