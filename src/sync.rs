//! Locks, atomics, tasks and time, for everything whose concurrency is model-checked. They are those of the standard library,
//! of tokio and of arc-swap. The models (`just models`, which sets `cfg(shuttle)`) run the same code on those of shuttle,
//! which tries many schedules.

#[cfg(not(all(test, shuttle)))]
mod primitives {
    pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};

    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use tokio::{runtime, sync::watch, task, time};

    /// What [`ArcSwap::load`] returns.
    pub(crate) type Guard<T> = arc_swap::Guard<std::sync::Arc<T>>;

    /// Spawns a task.
    pub(crate) fn spawn(
        runtime: &runtime::Handle,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> task::AbortHandle {
        runtime.spawn(future).abort_handle()
    }

    /// A number for the current thread.
    pub(super) fn thread_number() -> usize {
        use std::cell::Cell;

        use atomic::{AtomicUsize, Ordering};

        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
        }
        NUMBER.with(|number| {
            number.get().unwrap_or_else(|| {
                let next = NEXT.fetch_add(1, Ordering::Relaxed);
                number.set(Some(next));
                next
            })
        })
    }
}

#[cfg(all(test, shuttle))]
mod primitives {
    use std::{
        ops::Deref,
        sync::{Arc, PoisonError},
    };

    pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
    pub(crate) use shuttle_tokio::{runtime, sync::watch, task, time};

    /// What [`ArcSwap::load`] returns.
    pub(crate) struct Guard<T>(Arc<T>);

    impl<T> Deref for Guard<T> {
        type Target = Arc<T>;

        fn deref(&self) -> &Arc<T> {
            &self.0
        }
    }

    /// Stands in for arc-swap, whose atomics shuttle does not know: loads and stores are atomic here, as they are there.
    #[derive(Debug)]
    pub(crate) struct ArcSwap<T>(RwLock<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self(RwLock::new(Arc::new(value)))
        }

        pub(crate) fn load(&self) -> Guard<T> {
            Guard(self.load_full())
        }

        pub(crate) fn load_full(&self) -> Arc<T> {
            Arc::clone(&super::read(&self.0))
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            *super::write(&self.0) = value;
        }

        pub(crate) fn into_inner(self) -> Arc<T> {
            self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Spawns a task, which finishes some time after its last statement, as the tasks of a runtime do.
    pub(crate) fn spawn(
        runtime: &runtime::Handle,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> task::AbortHandle {
        let task = async {
            future.await;
            task::yield_now().await;
        };
        runtime.spawn(task).abort_handle()
    }

    /// A number for the current task of the model.
    pub(super) fn thread_number() -> usize {
        shuttle::current::try_get_current_task().map_or(0, usize::from)
    }
}

use std::sync::PoisonError;

pub(crate) use primitives::*;

/// Locks a mutex. All state behind the locks of this crate is valid after every statement, so a panic of another thread
/// does not spoil it.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for reading.
pub(crate) fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// The same for writing.
pub(crate) fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// A value for each of [`SHARDS`](Self::SHARDS) groups of threads, so that threads on different cores seldom write to one
/// cache line.
#[derive(Debug, Default)]
pub(crate) struct Sharded<T>([Shard<T>; SHARDS]);

const SHARDS: usize = 16;

/// On its own cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard<T>(T);

impl<T> Sharded<T> {
    /// The number of values.
    pub(crate) const SHARDS: usize = SHARDS;

    /// Creates the values.
    pub(crate) fn new(mut value: impl FnMut() -> T) -> Self {
        Self(std::array::from_fn(|_| Shard(value())))
    }

    /// The value of the current thread.
    pub(crate) fn get(&self) -> &T {
        &self.0[thread_number() % SHARDS].0
    }

    /// All values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shard| &shard.0)
    }
}
