//! The owner's own decision about tenants, and its memory.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quick_cache::{UnitWeighter, sync::Cache};

use super::{Inner, Trust};
use crate::{
    authority::Gate,
    claims::Claims,
    clock::Clock,
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// For how long a look-up is remembered.
const MEMORY: Duration = Duration::from_secs(300);
/// How many tenants are remembered.
const MOST_TENANTS: usize = 10_000;

/// A tenant at one of the authorities.
type Key = (usize, TenantId);

/// What look-ups of tenants have said.
pub(super) struct Memory {
    tenants: Cache<Key, Remembered, UnitWeighter>,
    /// Counts how often something was forgotten: what was looked up before is not remembered after.
    forgotten: Mutex<u64>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy)]
struct Remembered {
    is_allowed: bool,
    until: Duration,
}

impl Memory {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { tenants: Cache::new(MOST_TENANTS), forgotten: Mutex::default(), clock }
    }

    fn forgotten(&self) -> MutexGuard<'_, u64> {
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: Key) -> Option<bool> {
        let at = self.clock.elapsed();
        self.tenants.get(&key).filter(|remembered| at < remembered.until).map(|remembered| remembered.is_allowed)
    }

    /// What is remembered, or what `look_up` says: one look-up for all who ask at once. Nothing is remembered of one that
    /// failed, or during which something was forgotten.
    async fn get_or_look_up<F>(&self, key: Key, look_up: impl FnOnce() -> F) -> Result<bool, Rejection>
    where
        F: Future<Output = Result<bool, Rejection>>,
    {
        loop {
            match self.tenants.get_value_or_guard_async(&key).await {
                Ok(known) if self.clock.elapsed() < known.until => return Ok(known.is_allowed),
                Ok(_) => drop(self.tenants.remove(&key)),
                Err(place) => {
                    let since = *self.forgotten();
                    let is_allowed = look_up().await?;
                    let forgotten = self.forgotten();
                    if *forgotten == since {
                        let until = self.clock.elapsed().saturating_add(MEMORY);
                        // Its place may be gone: then it is asked for again.
                        let _ = place.insert(Remembered { is_allowed, until });
                    }
                    return Ok(is_allowed);
                }
            }
        }
    }

    /// Forgets one tenant, or all.
    pub(super) fn forget(&self, tenant: Option<TenantId>) {
        let mut forgotten = self.forgotten();
        *forgotten += 1;
        self.tenants.retain(|(_, known), _| tenant.is_some_and(|tenant| tenant != *known));
    }
}

impl Inner {
    /// Whether the owner lets the tenant in, if that is known at once.
    pub(super) fn admits(&self, claims: &Claims) -> Option<Result<(), Rejection>> {
        let trust = &self.authorities[claims.facts().number];
        let (Some(gate), Some(tenant)) = (&trust.gate, claims.tenant_id()) else {
            // Only Entra's authorities have a gate, and all tokens of theirs a tenant.
            return Some(if trust.gate.is_none() { Ok(()) } else { Err(trust.put_out(None)) });
        };
        let is_allowed = match gate {
            Gate::If(allows) => Some(allows(tenant)),
            Gate::By(_) => self.memory.get((claims.facts().number, tenant)),
        };
        is_allowed.map(|is_allowed| if is_allowed { Ok(()) } else { Err(trust.put_out(Some(tenant))) })
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
        let look_up = async || {
            let answer = lookup.is_allowed(tenant).await;
            answer.map_err(|rejection| rejection.verified().at_authority(&trust.name))
        };
        let is_allowed = self.memory.get_or_look_up((number, tenant), look_up).await?;
        if is_allowed { Ok(()) } else { Err(trust.put_out(Some(tenant))) }
    }
}

impl Trust {
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
