//! The documents of listed tenants: when they are refreshed, and which documents a warm-up loads.

use std::{sync::Arc, time::Duration};

use super::{
    document::Document,
    store::{AuthorityAttempts, KeyStore, Load, Next, TenantDocument, TenantMatch},
    waiter::Waiter,
};
use crate::{
    authority::{DocumentOwner, EntraSpec, KeySource, Tenants},
    rejection::Detail,
    sync::{read, time::Instant, write},
    tenant::TenantId,
};

/// How many cooldowns pass before a redundant tenant document is fetched again.
const REDUNDANT_COOLDOWNS: u32 = 10;

impl KeyStore {
    /// Whether `tenant` is one of several listed ones, which may have documents with more keys than the main one.
    pub(super) fn is_listed(&self, tenant: Option<TenantId>) -> bool {
        matches!(self.tenants(), Some(Tenants::List { .. })) && self.accepts(tenant) == TenantMatch::Yes
    }

    /// How long a token of a listed tenant waits for the main document. It is half of its time limit, so that a tenant with its
    /// own keys still has time for its document if the main one stalls.
    pub(super) fn wait_for_main(&self, attempts: &mut AuthorityAttempts) -> Duration {
        attempts.since.get_or_insert_with(Instant::now);
        self.context.settings.tenant_refresh_wait / 2
    }

    /// The rest of the time that a token of a listed tenant may wait.
    fn time_left(&self, attempts: &mut AuthorityAttempts) -> Duration {
        let since = *attempts.since.get_or_insert_with(Instant::now);
        self.context.settings.tenant_refresh_wait.saturating_sub(since.elapsed())
    }

    /// Refreshes the document of a listed tenant. Each has its own cooldown, and all have one rate limit.
    pub(super) fn refresh_tenant_document(&self, tenant: TenantId, attempts: &mut AuthorityAttempts) -> Next {
        if self.drop_redundant_document(tenant) {
            return Next::Unknown;
        }
        let Some(document) = self.document_to_refresh(tenant) else { return Next::Unknown };
        // Before the document is queued, since its refresh may finish at once.
        let (finished_before, waiter) = (document.finished(), document.waiter());
        if self.queue.enter(&document) {
            attempts.finished_before = Some(finished_before);
            return Next::Wait(self.or_main(waiter).within(self.time_left(attempts)));
        }
        if document.is_failing() { self.tenant_unavailable(&document) } else { Next::Unknown }
    }

    /// A refresh of the main document that is in flight may bring the key too.
    fn or_main(&self, waiter: Waiter) -> Waiter {
        waiter.or(self.main.is_running().then(|| self.main.waiter()))
    }

    /// After waiting for the refresh of a tenant's document, or for the main one in the meantime.
    pub(super) fn after_tenant_refresh(
        &self,
        tenant: TenantId,
        finished_before: u64,
        attempts: &mut AuthorityAttempts,
    ) -> Next {
        let document = self.tenant_document(tenant);
        if let Some(document) = &document {
            // Before the count is read, since the refresh may finish in between.
            let waiter = document.waiter();
            let time_left = self.time_left(attempts);
            if document.finished() == finished_before && time_left > Duration::ZERO {
                return Next::Wait(self.or_main(waiter).within(time_left));
            }
        }
        match document {
            Some(document) if document.finished() == finished_before || document.is_failing() => {
                self.tenant_unavailable(&document)
            }
            _ => {
                self.drop_redundant_document(tenant);
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

    /// The document of a listed tenant, if there is one.
    fn tenant_document(&self, tenant: TenantId) -> Option<Arc<Document>> {
        let domain_document = || self.domains.as_ref().and_then(|domains| domains.first_of(tenant));
        self.listed_document(tenant).or_else(domain_document)
    }

    /// The document of a listed tenant, created if necessary; `None` if the tenant is not listed, or if its document was
    /// recently redundant.
    fn document_to_refresh(&self, tenant: TenantId) -> Option<Arc<Document>> {
        if let Some(document) = self.tenant_document(tenant) {
            return Some(document);
        }
        let KeySource::Entra(entra) = &self.authority.source else { return None };
        if !matches!(&entra.tenants, Tenants::List { ids, .. } if ids.contains(&tenant)) {
            return None;
        }
        let at = self.context.clock.elapsed();
        let is_redundant =
            |known: Option<&TenantDocument>| matches!(known, Some(TenantDocument::Redundant { until }) if at < *until);
        if is_redundant(read(&self.tenant_documents).get(&tenant)) {
            return None;
        }
        let mut all = write(&self.tenant_documents);
        match all.get(&tenant) {
            Some(TenantDocument::Document(document)) => Some(Arc::clone(document)),
            known if is_redundant(known) => None,
            _ => {
                let spec = entra.document(DocumentOwner::Tenant(tenant));
                let algorithms = Arc::clone(&self.authority.algorithms);
                let document = Arc::new(Document::new(spec, algorithms, self.context.clone()));
                all.insert(tenant, TenantDocument::Document(Arc::clone(&document)));
                Some(document)
            }
        }
    }

    /// Whether a tenant's document was recently loaded and has no keys that the main one lacks, so that it is not fetched again
    /// yet. The document is dropped then, except that of a domain, which resolves the domain, and one whose
    /// refresh failed, which has a backoff.
    fn drop_redundant_document(&self, tenant: TenantId) -> bool {
        let Some(document) = self.tenant_document(tenant) else { return false };
        let (snapshot, clock) = (document.snapshot(), &self.context.clock);
        let Some(loaded_at) = snapshot.loaded_at else { return false };
        let time = self.context.settings.cool_down.saturating_mul(REDUNDANT_COOLDOWNS);
        let until = loaded_at.saturating_add(time);
        if clock.elapsed() >= until || document.is_failing() || !snapshot.is_covered_by(&self.main.snapshot()) {
            return false;
        }
        let mut all = write(&self.tenant_documents);
        // Not while requests wait for its refresh.
        let is_idle = !document.is_running() && document.ticket() == 0;
        if is_idle && matches!(all.get(&tenant), Some(TenantDocument::Document(known)) if Arc::ptr_eq(known, &document))
        {
            all.insert(tenant, TenantDocument::Redundant { until });
            drop(all);
            self.context.revision.increment();
        }
        true
    }

    /// The documents that are not loaded yet, the main one first: also those of domains, which resolve them, and those of
    /// listed tenants if keys are app-specific, since shared documents do not have these.
    pub(crate) fn missing(&self) -> Vec<Load> {
        let is_missing = |document: &Document| document.snapshot().loaded_at.is_none();
        let mut missing = Vec::new();
        if !self.has_keys() {
            missing.push(Load::Main);
        }
        let domains = self.domain_documents().enumerate().filter(|(_, document)| is_missing(document));
        missing.extend(domains.map(|(number, _)| Load::Domain(number)));
        if let KeySource::Entra(EntraSpec { app_id: Some(_), tenants: Tenants::List { ids, .. }, .. }) =
            &self.authority.source
        {
            let all = read(&self.tenant_documents);
            let is_missing = |id: &&TenantId| match all.get(id) {
                Some(TenantDocument::Document(document)) => is_missing(document),
                Some(TenantDocument::Redundant { .. }) => false,
                None => true,
            };
            missing.extend(ids.iter().filter(is_missing).copied().map(Load::Tenant));
        }
        missing
    }

    /// Loads a document unless its cooldown or backoff forbids it. The rate limit for tenant documents does not apply.
    pub(crate) async fn load(&self, load: Load, max_wait: Duration) {
        let document = match load {
            Load::Main => None,
            Load::Domain(number) => self.domain_documents().nth(number).cloned(),
            Load::Tenant(tenant) => self.document_to_refresh(tenant),
        };
        let waiter = match (load, &document) {
            (Load::Main, _) => self.main.request(),
            (_, Some(document)) => document.request(),
            (_, None) => None,
        };
        if let Some(waiter) = waiter {
            waiter.wait(max_wait).await;
        }
        if let Load::Tenant(tenant) = load {
            self.drop_redundant_document(tenant);
        }
    }
}
