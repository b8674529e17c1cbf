//! The operator's tenant lookup: one in flight for each tenant, and a cache of the results.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Weak},
    time::Duration,
};

use quick_cache::{UnitWeighter, sync::Cache};
use tracing::Instrument;

use crate::{
    clock::Clock,
    rejection::{Rejection, RejectionKind},
    sync::{Mutex, MutexGuard, lock, runtime::Handle, task, time::timeout, watch},
    tenant::TenantId,
};

/// How long a result is cached.
const TTL: Duration = Duration::from_secs(300);
/// How long a failure is cached, so that a service that is down gets one request per tenant in this time.
const FAILURE_TTL: Duration = Duration::from_secs(1);
/// Without a timeout, a lookup that hangs would block every later request of its tenant, since they share it.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CACHED_TENANTS: usize = 10_000;

/// A tenant of one authority.
pub(super) type Key = (usize, TenantId);
pub(super) type LookupResult = Result<bool, Rejection>;

/// The lookups in flight, and the results of earlier ones.
pub(super) struct TenantLookups {
    tenants: Cache<Key, CachedResult, UnitWeighter>,
    /// Bounded by the number of waiting requests: an entry is removed with the last of them.
    in_flight: Mutex<HashMap<Key, Weak<Lookup>>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct CachedResult {
    result: LookupResult,
    until: Duration,
}

/// One lookup in its own task, so that a request that is cancelled does not cancel it for the others. It is aborted when no
/// request waits for it any more.
struct Lookup {
    task: task::AbortHandle,
    result: watch::Receiver<Option<LookupResult>>,
}

impl Lookup {
    fn start(lookup: impl Future<Output = LookupResult> + Send + 'static) -> Self {
        let (sender, result) = watch::channel(None);
        let lookup = async move {
            let result = timeout(LOOKUP_TIMEOUT, lookup).await;
            sender.send_replace(Some(result.unwrap_or_else(|_| Err(failed("the tenant lookup timed out after 30 s")))));
        };
        // With the span of the request that started it, so that the lookup's own events are in its trace.
        Self { task: task::spawn(lookup.in_current_span()).abort_handle(), result }
    }

    async fn result(&self) -> LookupResult {
        let mut result = self.result.clone();
        match result.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(result)) => result.clone(),
            // It panicked, or its runtime was shut down.
            _ => Err(failed("the tenant lookup was cancelled")),
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A lookup without a result.
fn failed(detail: &'static str) -> Rejection {
    Rejection::new(RejectionKind::KeysUnavailable).detail(detail).retry_after(FAILURE_TTL)
}

/// A request that waits for a lookup.
struct LookupWaiter<'a> {
    lookups: &'a TenantLookups,
    key: Key,
    lookup: Arc<Lookup>,
}

impl Drop for LookupWaiter<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.lookups.in_flight();
        // No request can join under the lock, so no other one holds it.
        if Arc::strong_count(&self.lookup) == 1 && TenantLookups::is_current(&in_flight, self.key, &self.lookup) {
            in_flight.remove(&self.key);
        }
    }
}

impl TenantLookups {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { tenants: Cache::new(MAX_CACHED_TENANTS), in_flight: Mutex::default(), clock }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<Key, Weak<Lookup>>> {
        lock(&self.in_flight)
    }

    fn is_current(in_flight: &HashMap<Key, Weak<Lookup>>, key: Key, lookup: &Arc<Lookup>) -> bool {
        in_flight.get(&key).is_some_and(|current| std::ptr::eq(current.as_ptr(), Arc::as_ptr(lookup)))
    }

    pub(super) fn get(&self, key: Key) -> Option<LookupResult> {
        let at = self.clock.elapsed();
        self.tenants.get(&key).filter(|cached| at < cached.until).map(|cached| cached.result)
    }

    /// The cached result, or that of the lookup in flight. Starts one if there is none.
    pub(super) async fn get_or_look_up<F>(&self, key: Key, lookup: impl FnOnce() -> F) -> LookupResult
    where
        F: Future<Output = LookupResult> + Send + 'static,
    {
        if Handle::try_current().is_err() {
            // Without a runtime, lookups cannot be shared.
            return match self.get(key) {
                Some(known) => known,
                None => lookup().await,
            };
        }
        let waiter = {
            let mut in_flight = self.in_flight();
            // Under the lock: the result of a lookup is cached before its entry is removed.
            if let Some(known) = self.get(key) {
                return known;
            }
            let lookup = in_flight.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
                let lookup = Arc::new(Lookup::start(lookup()));
                in_flight.insert(key, Arc::downgrade(&lookup));
                lookup
            });
            LookupWaiter { lookups: self, key, lookup }
        };
        let result = waiter.lookup.result().await;
        self.insert(key, &waiter.lookup, &result);
        result
    }

    /// Caches the result of a lookup, unless another request has, or the tenant was forgotten while it was in flight.
    fn insert(&self, key: Key, lookup: &Arc<Lookup>, result: &LookupResult) {
        let mut in_flight = self.in_flight();
        if Self::is_current(&in_flight, key, lookup) {
            in_flight.remove(&key);
            let ttl = if result.is_ok() { TTL } else { FAILURE_TTL };
            let until = self.clock.elapsed().saturating_add(ttl);
            self.tenants.insert(key, CachedResult { result: result.clone(), until });
        }
    }

    /// Forgets one tenant, or all: results, failures, and lookups in flight, whose results then go only to the requests that
    /// wait already.
    pub(super) fn forget(&self, tenant: Option<TenantId>) {
        let is_kept = |known: TenantId| tenant.is_some_and(|tenant| tenant != known);
        let mut in_flight = self.in_flight();
        in_flight.retain(|(_, known), _| is_kept(*known));
        self.tenants.retain(|(_, known), _| is_kept(*known));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    /// Anyone can create tenants and get genuine tokens from them.
    #[tokio::test]
    async fn number_of_cached_tenants_is_bounded() {
        const MANY: u128 = 3 * MAX_CACHED_TENANTS as u128;
        let lookups = TenantLookups::new(Arc::new(SystemClock::default()));
        let tenant = |number: u128| {
            let digits = format!("{number:032x}");
            let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            parts.join("-").parse::<TenantId>().unwrap()
        };
        for number in 0..MANY {
            assert!(lookups.get_or_look_up((0, tenant(number)), async || Ok(true)).await.unwrap());
        }
        let cached = (0..MANY).filter(|number| lookups.get((0, tenant(*number))).is_some()).count();
        assert!((MAX_CACHED_TENANTS / 2..=MAX_CACHED_TENANTS).contains(&cached), "{cached}");
        assert!(lookups.tenants.len() <= MAX_CACHED_TENANTS);
        lookups.forget(None);
        assert_eq!(lookups.tenants.len(), 0);
    }

    #[tokio::test]
    async fn lookup_that_nobody_waits_for_leaves_no_entry() {
        let lookups = TenantLookups::new(Arc::new(SystemClock::default()));
        let key = (0, TenantId::PERSONAL_ACCOUNTS);
        let given_up = lookups.get_or_look_up(key, std::future::pending);
        assert!(tokio::time::timeout(std::time::Duration::ZERO, given_up).await.is_err());
        assert!(lookups.in_flight().is_empty(), "given up");
        assert!(lookups.get_or_look_up(key, async || Ok(true)).await.unwrap());
        assert!(lookups.in_flight().is_empty(), "ended");
    }
}
