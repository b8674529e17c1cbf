//! The operator's own decision about tenants: lookups, one in flight for each tenant, and the memory of their results.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use quick_cache::{UnitWeighter, sync::Cache};
use tokio::{sync::watch, task::AbortHandle};
use tracing::Instrument;

use super::{Inner, Trust};
use crate::{
    authority::Gate,
    claims::Claims,
    clock::Clock,
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// How long an answer is remembered.
const MEMORY: Duration = Duration::from_secs(300);
/// How long a failure is remembered: a source of answers that is down is asked once in this time for each tenant.
const FAILURE_MEMORY: Duration = Duration::from_secs(1);
/// How long a lookup may take. Without a limit, one that hangs would hold up every later request of its tenant, since they
/// share it.
const LONGEST_LOOKUP: Duration = Duration::from_secs(30);
/// How many tenants are remembered.
const MOST_TENANTS: usize = 10_000;

/// A tenant at one of the authorities.
type Key = (usize, TenantId);
type Answer = Result<bool, Rejection>;

/// The lookups in flight, and the results of earlier ones.
pub(super) struct Memory {
    tenants: Cache<Key, Remembered, UnitWeighter>,
    /// No longer than the list of requests that wait: an entry is removed with the last of them.
    flights: Mutex<HashMap<Key, Weak<Flight>>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Remembered {
    answer: Answer,
    until: Duration,
}

/// One lookup, on a task of its own: a request that goes away does not cancel it for the others. It ends with the last
/// request that waits for it.
struct Flight {
    task: AbortHandle,
    answer: watch::Receiver<Option<Answer>>,
}

impl Flight {
    fn start(lookup: impl Future<Output = Answer> + Send + 'static) -> Self {
        let (sender, answer) = watch::channel(None);
        let lookup = async move {
            let result = tokio::time::timeout(LONGEST_LOOKUP, lookup).await;
            sender.send_replace(Some(result.unwrap_or_else(|_| Err(failed("the tenant lookup timed out after 30 s")))));
        };
        // With the span of the request that started it, so that the lookup's own events are in its trace.
        Self { task: tokio::spawn(lookup.in_current_span()).abort_handle(), answer }
    }

    async fn answer(&self) -> Answer {
        let mut answer = self.answer.clone();
        match answer.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(answer)) => answer.clone(),
            // It panicked, or its runtime was shut down.
            _ => Err(failed("the tenant lookup was cancelled")),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A lookup that gave no answer.
fn failed(detail: &'static str) -> Rejection {
    Rejection::new(RejectionKind::KeysUnavailable).detail(detail).retry_after(FAILURE_MEMORY)
}

/// A request that waits for a lookup.
struct Waiting<'a> {
    memory: &'a Memory,
    key: Key,
    flight: Arc<Flight>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut flights = self.memory.flights();
        // Under the lock nobody can join, so nobody else has it.
        if Arc::strong_count(&self.flight) == 1 && Memory::is_current(&flights, self.key, &self.flight) {
            flights.remove(&self.key);
        }
    }
}

impl Memory {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { tenants: Cache::new(MOST_TENANTS), flights: Mutex::default(), clock }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Weak<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_current(flights: &HashMap<Key, Weak<Flight>>, key: Key, flight: &Arc<Flight>) -> bool {
        flights.get(&key).is_some_and(|current| std::ptr::eq(current.as_ptr(), Arc::as_ptr(flight)))
    }

    fn get(&self, key: Key) -> Option<Answer> {
        let at = self.clock.elapsed();
        self.tenants.get(&key).filter(|remembered| at < remembered.until).map(|remembered| remembered.answer)
    }

    /// The answer that is remembered, or that of the lookup in flight, which `lookup` starts if there is none.
    async fn get_or_look_up<F>(&self, key: Key, lookup: impl FnOnce() -> F) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        if tokio::runtime::Handle::try_current().is_err() {
            // Without a runtime nothing can be shared: each request asks for itself.
            return match self.get(key) {
                Some(known) => known,
                None => lookup().await,
            };
        }
        let waiting = {
            let mut flights = self.flights();
            // Under the lock: a lookup that ends is remembered before it leaves the list.
            if let Some(known) = self.get(key) {
                return known;
            }
            let flight = flights.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
                let flight = Arc::new(Flight::start(lookup()));
                flights.insert(key, Arc::downgrade(&flight));
                flight
            });
            Waiting { memory: self, key, flight }
        };
        let answer = waiting.flight.answer().await;
        self.remember(key, &waiting.flight, &answer);
        answer
    }

    /// Remembers the answer of a lookup, unless this has been done, or the tenant was forgotten while it was in flight.
    fn remember(&self, key: Key, flight: &Arc<Flight>, answer: &Answer) {
        let mut flights = self.flights();
        if Self::is_current(&flights, key, flight) {
            flights.remove(&key);
            let memory = if answer.is_ok() { MEMORY } else { FAILURE_MEMORY };
            let until = self.clock.elapsed().saturating_add(memory);
            self.tenants.insert(key, Remembered { answer: answer.clone(), until });
        }
    }

    /// Forgets one tenant, or all: answers, failures, and the lookups in flight, whose answers are for those only who wait
    /// for them already.
    pub(super) fn forget(&self, tenant: Option<TenantId>) {
        let is_kept = |known: TenantId| tenant.is_some_and(|tenant| tenant != known);
        let mut flights = self.flights();
        flights.retain(|(_, known), _| is_kept(*known));
        self.tenants.retain(|(_, known), _| is_kept(*known));
    }
}

impl Inner {
    /// Whether the operator accepts the tenant, if that is known at once.
    pub(super) fn admits(&self, claims: &Claims) -> Option<Result<(), Rejection>> {
        let trust = &self.authorities[claims.facts().number];
        let (Some(gate), Some(tenant)) = (&trust.gate, claims.tenant_id()) else {
            // Only Entra's authorities have a gate, and all tokens of theirs a tenant.
            return Some(if trust.gate.is_none() { Ok(()) } else { Err(trust.put_out(None)) });
        };
        let is_allowed = match gate {
            Gate::If(allows) => Some(Ok(allows(tenant))),
            Gate::By(_) => self.memory.get((claims.facts().number, tenant)),
        };
        is_allowed.map(|answer| trust.admit(tenant, answer))
    }

    /// The same, looked up.
    pub(super) async fn look_up(&self, claims: &Claims) -> Result<(), Rejection> {
        let number = claims.facts().number;
        let trust = &self.authorities[number];
        if let Some(known) = self.admits(claims) {
            return known;
        }
        let (Some(Gate::By(lookup)), Some(tenant)) = (&trust.gate, claims.tenant_id()) else {
            return Err(trust.put_out(None));
        };
        let look_up = || {
            let lookup = Arc::clone(lookup);
            async move { lookup.is_allowed(tenant).await }
        };
        let answer = self.memory.get_or_look_up((number, tenant), look_up).await;
        trust.admit(tenant, answer)
    }
}

impl Trust {
    fn admit(&self, tenant: TenantId, answer: Answer) -> Result<(), Rejection> {
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.put_out(Some(tenant))),
            Err(rejection) => Err(rejection.verified().at_authority(&self.name)),
        }
    }

    /// The owner does not let the tenant in.
    fn put_out(&self, tenant: Option<TenantId>) -> Rejection {
        let rejection = Rejection::new(RejectionKind::WrongTenant).verified().at_authority(&self.name);
        let rejection = rejection.detail("the API's owner does not let this tenant in");
        match tenant {
            Some(tenant) => rejection.got(tenant.to_string()),
            None => rejection,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    /// Whoever makes tenants, and genuine tokens of them, fills no memory but this.
    #[tokio::test]
    async fn so_many_tenants_are_remembered_and_no_more() {
        const MANY: u128 = 3 * MOST_TENANTS as u128;
        let memory = Memory::new(Arc::new(SystemClock::default()));
        let tenant = |number: u128| {
            let digits = format!("{number:032x}");
            let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            parts.join("-").parse::<TenantId>().unwrap()
        };
        for number in 0..MANY {
            assert!(memory.get_or_look_up((0, tenant(number)), async || Ok(true)).await.unwrap());
        }
        let remembered = (0..MANY).filter(|number| memory.get((0, tenant(*number))).is_some()).count();
        assert!((MOST_TENANTS / 2..=MOST_TENANTS).contains(&remembered), "{remembered}");
        assert!(memory.tenants.len() <= MOST_TENANTS);
        memory.forget(None);
        assert_eq!(memory.tenants.len(), 0);
    }
}
