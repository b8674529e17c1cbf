//! The documents of listed tenants: when one is fetched, and what a warm-up loads.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    document::Document,
    store::{AuthorityAttempts, KeyStore, Load, Next, Own, TenantMatch},
    waiter::Waiter,
};
use crate::{
    authority::{DocumentOwner, EntraSpec, KeySource, Tenants},
    rejection::Detail,
    tenant::TenantId,
};

/// How many cooldowns it is remembered that a tenant has no keys of its own.
const NEGATIVE_MEMORY: u32 = 10;

impl KeyStore {
    /// Whether `tenant` is one of a list, each of which may have a document of its own.
    pub(super) fn is_listed(&self, tenant: Option<TenantId>) -> bool {
        matches!(self.tenants(), Some(Tenants::List { .. })) && self.accepts(tenant) == TenantMatch::Yes
    }

    /// How long a token of a listed tenant waits for the shared document: half of its time, so that a shared document that
    /// stalls does not keep out a tenant with keys of its own.
    pub(super) fn wait_for_main(&self, attempts: &mut AuthorityAttempts) -> Duration {
        attempts.since.get_or_insert_with(Instant::now);
        self.around.0.settings.tenant_refresh_wait / 2
    }

    /// What is left of the time that a token of a listed tenant may wait.
    fn time_left(&self, attempts: &mut AuthorityAttempts) -> Duration {
        let since = *attempts.since.get_or_insert_with(Instant::now);
        self.around.0.settings.tenant_refresh_wait.saturating_sub(since.elapsed())
    }

    /// Asks a listed tenant's own document, each with a cooldown of its own, all of them within one rate limit.
    pub(super) fn ask_own(&self, tenant: TenantId, attempts: &mut AuthorityAttempts) -> Next {
        if self.forget_covered(tenant) {
            return Next::Unknown;
        }
        let Some(document) = self.document_to_ask(tenant) else { return Next::Unknown };
        // Before it enters the queue: a refresh may end at once.
        let (ended_before, waiter) = (document.ended(), document.waiter());
        if self.queue.enter(&document) {
            attempts.own = Some(ended_before);
            return Next::Wait(self.or_main(waiter).within(self.time_left(attempts)));
        }
        if document.is_failing() { self.tenant_unavailable(&document) } else { Next::Unknown }
    }

    /// The shared document may still bring the key.
    fn or_main(&self, waiter: Waiter) -> Waiter {
        waiter.or(self.main.is_running().then(|| self.main.waiter()))
    }

    /// After the wait for a tenant's own document, or for the shared one in the meantime.
    pub(super) fn asked_own(&self, tenant: TenantId, ended_before: u64, attempts: &mut AuthorityAttempts) -> Next {
        let document = self.tenant_document(tenant);
        if let Some(document) = &document {
            // Before the count is read: the refresh may end in between.
            let waiter = document.waiter();
            let time_left = self.time_left(attempts);
            if document.ended() == ended_before && time_left > Duration::ZERO {
                return Next::Wait(self.or_main(waiter).within(time_left));
            }
        }
        match document {
            Some(document) if document.ended() == ended_before || document.is_failing() => {
                self.tenant_unavailable(&document)
            }
            _ => {
                self.forget_covered(tenant);
                Next::Unknown
            }
        }
    }

    fn tenant_unavailable(&self, document: &Document) -> Next {
        let retry_after = document.retry_after().max(self.queue.time_to_turn(document));
        let failure = document.failure().filter(|_| document.is_failing());
        let cause = failure.map_or(Detail::RefreshTimedOut, Detail::Fetch);
        Next::TenantUnavailable { retry_after, cause }
    }

    /// The document of a listed tenant, if it has been requested.
    fn tenant_document(&self, tenant: TenantId) -> Option<Arc<Document>> {
        let of_domain = || self.domains.as_ref().and_then(|domains| domains.first_of(tenant));
        self.own_document(tenant).or_else(of_domain)
    }

    /// The same, created if necessary; `None` if the tenant is not listed, or had no keys of its own a short while ago.
    fn document_to_ask(&self, tenant: TenantId) -> Option<Arc<Document>> {
        if let Some(document) = self.tenant_document(tenant) {
            return Some(document);
        }
        let KeySource::Entra(entra) = &self.authority.source else { return None };
        if !matches!(&entra.tenants, Tenants::List { ids, .. } if ids.contains(&tenant)) {
            return None;
        }
        let at = self.around.0.clock.elapsed();
        let has_nothing = |own: Option<&Own>| matches!(own, Some(Own::Nothing { until }) if at < *until);
        if has_nothing(self.own.read().unwrap_or_else(PoisonError::into_inner).get(&tenant)) {
            return None;
        }
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        match own.get(&tenant) {
            Some(Own::Document(document)) => Some(Arc::clone(document)),
            known if has_nothing(known) => None,
            _ => {
                let spec = entra.document(DocumentOwner::Tenant(tenant));
                let document =
                    Arc::new(Document::new(spec, Arc::clone(&self.authority.algorithms), self.around.0.clone()));
                own.insert(tenant, Own::Document(Arc::clone(&document)));
                Some(document)
            }
        }
    }

    /// Whether a tenant's document was loaded a short while ago and has no keys of its own, so that it is not fetched yet.
    /// The document itself is dropped then; that of a domain is kept, since it says which tenant the domain is. One that
    /// could not be fetched is kept too, with its backoff.
    fn forget_covered(&self, tenant: TenantId) -> bool {
        let Some(document) = self.tenant_document(tenant) else { return false };
        let (snapshot, clock) = (document.snapshot(), &self.around.0.clock);
        let Some(loaded_at) = snapshot.loaded_at else { return false };
        let memory = self.around.0.settings.cool_down.saturating_mul(NEGATIVE_MEMORY);
        let until = loaded_at.saturating_add(memory);
        if clock.elapsed() >= until || document.is_failing() || !snapshot.is_covered_by(&self.main.snapshot()) {
            return false;
        }
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        // Not while others wait for it.
        let is_idle = !document.is_running() && document.ticket() == 0;
        if is_idle && matches!(own.get(&tenant), Some(Own::Document(known)) if Arc::ptr_eq(known, &document)) {
            own.insert(tenant, Own::Nothing { until });
            drop(own);
            self.around.0.epoch.advance();
        }
        true
    }

    /// The documents that are not loaded yet, the main one first: also those of domains, which say which tenants are meant,
    /// and those of listed tenants where keys are the application's own and so in none that is shared.
    pub(crate) fn missing(&self) -> Vec<Load> {
        let is_missing = |document: &Document| document.read(|snapshot| snapshot.loaded_at).is_none();
        let mut missing = Vec::new();
        if !self.has_keys() {
            missing.push(Load::Main);
        }
        let domains = self.of_domains().enumerate().filter(|(_, document)| is_missing(document));
        missing.extend(domains.map(|(number, _)| Load::Domain(number)));
        if let KeySource::Entra(EntraSpec { app_id: Some(_), tenants: Tenants::List { ids, .. }, .. }) =
            &self.authority.source
        {
            let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
            let is_missing = |id: &&TenantId| match own.get(id) {
                Some(Own::Document(document)) => is_missing(document),
                Some(Own::Nothing { .. }) => false,
                None => true,
            };
            missing.extend(ids.iter().filter(is_missing).copied().map(Load::Tenant));
        }
        missing
    }

    /// Loads a document if its own budget allows, whatever the rate limit of tenants' documents says.
    pub(crate) async fn load(&self, load: Load, patience: Duration) {
        let document = match load {
            Load::Main => None,
            Load::Domain(number) => self.of_domains().nth(number).cloned(),
            Load::Tenant(tenant) => self.document_to_ask(tenant),
        };
        let waiter = match (load, &document) {
            (Load::Main, _) => self.main.request(),
            (_, Some(document)) => document.request(),
            (_, None) => None,
        };
        if let Some(waiter) = waiter {
            waiter.ended(patience).await;
        }
        if let Load::Tenant(tenant) = load {
            self.forget_covered(tenant);
        }
    }
}
