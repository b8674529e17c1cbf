//! The documents of one authority: the main one, which has the keys of all or most of its tenants, and those of listed
//! tenants and domains.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    document::{Document, RefreshContext},
    domains::Domains,
    previous::PreviousDocuments,
    queue::RefreshQueue,
    revoked::Revoked,
    snapshot::{SigningKey, Snapshot},
    stats::Event,
    waiter::Waiter,
};
use crate::{
    authority::{DocumentOwner, EntraSpec, IssuerForm, KeySource, ResolvedAuthority, Tenants},
    error::FetchError,
    rejection::{Detail, KeyMismatch},
    signature::PublicKey,
    sync::{Guard, RwLock, read, time::Instant},
    tenant::TenantId,
};

/// The keys of one authority.
pub(crate) struct KeyStore {
    pub(super) authority: Arc<ResolvedAuthority>,
    pub(super) context: RefreshContext,
    pub(super) main: Arc<Document>,
    /// The documents of listed domains; that of a single domain is the main one.
    pub(super) domains: Option<Box<Domains>>,
    /// Documents of listed tenants, created for a `kid` that the main document does not have.
    pub(super) tenant_documents: RwLock<HashMap<TenantId, TenantDocument>>,
    /// The rate limit for refreshes of tenant documents, shared by all authorities.
    pub(super) queue: Arc<RefreshQueue>,
    revoked: Arc<Revoked>,
}

/// The document of a listed tenant.
pub(super) enum TenantDocument {
    Document(Arc<Document>),
    /// The main document had all of its keys, so it is not fetched again before this time.
    Redundant {
        until: Duration,
    },
}

/// The refreshes that a request has waited for, so that it waits for each once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuthorityAttempts {
    main: bool,
    domains: bool,
    /// When a token of a listed tenant began to wait: the main document and the tenant's have one time limit together.
    pub(super) since: Option<Instant>,
    /// The number of finished refreshes of the tenant's document before the request waited for one.
    pub(super) finished_before: Option<u64>,
}

/// The next step for a token with an unknown `kid`.
pub(crate) enum Next {
    /// Wait, then look for the key again.
    Wait(Waiter),
    /// The tenant's document could not be refreshed in time, so it is not known whether it has the key.
    TenantUnavailable { retry_after: Duration, cause: Detail },
    /// No document has the key.
    Unknown,
}

/// A document that a warm-up fetches.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Main,
    Domain(usize),
    Tenant(TenantId),
}

/// Whether a tenant is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TenantMatch {
    Yes,
    No,
    /// Depends on a domain that is not resolved yet.
    Unresolved,
}

/// A key that may have signed a token.
#[derive(Clone)]
pub(crate) struct CandidateKey {
    pub(crate) key: Arc<PublicKey>,
    /// Whether the key is authorized for the tenant of the token, or why not (JWKS members `issuer` and `cloud_instance_name`).
    pub(crate) authorization: Result<(), KeyMismatch>,
}

impl KeyStore {
    pub(crate) fn new(
        authority: Arc<ResolvedAuthority>,
        context: RefreshContext,
        queue: Arc<RefreshQueue>,
        revoked: Arc<Revoked>,
        previous: &mut PreviousDocuments,
    ) -> Self {
        let ResolvedAuthority { source, algorithms, .. } = &*authority;
        let mut document = |spec| {
            previous
                .take(&spec, algorithms, &context)
                .unwrap_or_else(|| Arc::new(Document::new(spec, Arc::clone(algorithms), context.clone())))
        };
        let main = document(source.main_document());
        let domains = match source {
            KeySource::Entra(entra @ EntraSpec { tenants: Tenants::List { domains, .. }, .. }) => {
                let spec = |domain: &String| entra.document(DocumentOwner::Domain(domain.clone()));
                domains.iter().map(|domain| document(spec(domain))).collect()
            }
            _ => Vec::new(),
        };
        let domains = Domains::new(domains, Arc::clone(&context.revision));
        let tenant_documents = match source {
            KeySource::Entra(entra @ EntraSpec { tenants: Tenants::List { ids, .. }, .. }) if !previous.is_empty() => {
                let spec = |id: &TenantId| entra.document(DocumentOwner::Tenant(*id));
                let kept = |id: &TenantId| previous.take(&spec(id), algorithms, &context).map(|kept| (*id, kept));
                ids.iter().filter_map(kept).map(|(id, kept)| (id, TenantDocument::Document(kept))).collect()
            }
            _ => HashMap::new(),
        };
        let tenant_documents = RwLock::new(tenant_documents);
        Self { authority, context, main, domains, tenant_documents, queue, revoked }
    }

    /// All documents that exist now.
    pub(crate) fn documents(&self) -> Vec<Arc<Document>> {
        let all = read(&self.tenant_documents);
        let of_tenants = all.values().filter_map(|document| match document {
            TenantDocument::Document(document) => Some(document),
            TenantDocument::Redundant { .. } => None,
        });
        std::iter::once(&self.main).chain(self.domain_documents()).chain(of_tenants).map(Arc::clone).collect()
    }

    /// The configured tenants, for Entra.
    pub(crate) fn tenants(&self) -> Option<&Tenants> {
        match &self.authority.source {
            KeySource::Entra(entra) => Some(&entra.tenants),
            KeySource::Document(_) => None,
        }
    }

    pub(super) fn domain_documents(&self) -> impl Iterator<Item = &Arc<Document>> + Clone {
        self.domains.iter().flat_map(|domains| domains.iter())
    }

    /// The tenant of each domain; `None` for one that is not resolved yet.
    pub(crate) fn resolved_domains(&self) -> impl Iterator<Item = Option<TenantId>> + Clone {
        let single = matches!(self.tenants(), Some(Tenants::Domain(_))).then_some(&*self.main);
        single
            .into_iter()
            .chain(self.domain_documents().map(|document| &**document))
            .map(|document| document.snapshot().tenant)
    }

    /// The `kid` to look for: that of the token's header, or the empty one for a key without `kid`. `None` if no key can be
    /// found.
    pub(crate) fn key_id<'a>(&self, named: Option<&'a str>) -> Option<&'a str> {
        let accepts_keys_without_id =
            matches!(&self.authority.source, KeySource::Document(spec) if spec.accepts_nameless_keys());
        let has_nameless = || accepts_keys_without_id && self.main.snapshot().has_nameless_key();
        match named {
            // A static key without a `kid` verifies all tokens of its issuer.
            _ if self.main.is_static() && has_nameless() => Some(""),
            Some(named) => Some(named),
            // A document that is not loaded yet may have one.
            None => (accepts_keys_without_id && (has_nameless() || !self.has_keys())).then_some(""),
        }
    }

    /// The snapshot of the main document.
    pub(crate) fn snapshot(&self) -> Guard<Snapshot> {
        self.main.snapshot()
    }

    /// A number that increases with every change of issuers or tenants in the main document and those of domains.
    pub(crate) fn issuer_version(&self) -> u64 {
        self.main.snapshot().issuer_version + self.domains.as_ref().map_or(0, |domains| domains.issuer_version())
    }

    /// Whether the authority accepts `tenant`.
    pub(crate) fn accepts(&self, tenant: Option<TenantId>) -> TenantMatch {
        let yes = |truth| if truth { TenantMatch::Yes } else { TenantMatch::No };
        let (Some(tenants), Some(tenant)) = (self.tenants(), tenant) else {
            return yes(self.tenants().is_none() && self.main.snapshot().tenant == tenant);
        };
        match tenants {
            Tenants::AnyOrganization => yes(tenant != TenantId::PERSONAL_ACCOUNTS),
            Tenants::AnyAccount => TenantMatch::Yes,
            listed if listed.names(tenant) => TenantMatch::Yes,
            Tenants::Domain(_) => self.main.snapshot().tenant.map_or(TenantMatch::Unresolved, |id| yes(id == tenant)),
            _ => match &self.domains {
                Some(domains) => domains.contains(tenant).map_or(TenantMatch::Unresolved, yes),
                None => TenantMatch::No,
            },
        }
    }

    /// The keys with this `kid` that may have signed a token of `tenant`: those of the main document and of that tenant's.
    /// Documents of other tenants do not count. Starts a refresh that is due.
    pub(crate) fn find(&self, key_id: &str, tenant: Option<TenantId>) -> Vec<CandidateKey> {
        let mut found = Vec::new();
        self.for_each_key(key_id, tenant, |snapshot, key| {
            found.push(CandidateKey {
                key: Arc::clone(&key.public),
                authorization: snapshot.check_authorized(key, tenant),
            });
        });
        found
    }

    /// Confirms that `key`, which has verified a token of `tenant`, is still authorized for it. Returns the time until which
    /// the confirmation is valid unless the [revision](super::revision::Revision) changes. Starts a refresh that is due.
    pub(crate) fn confirm(&self, key_id: &str, key: &Arc<PublicKey>, tenant: Option<TenantId>) -> Option<Duration> {
        let mut is_authorized = false;
        let until = self.for_each_key(key_id, tenant, |snapshot, found| {
            is_authorized |= Arc::ptr_eq(&found.public, key) && snapshot.check_authorized(found, tenant).is_ok();
        });
        (is_authorized && self.accepts(tenant) == TenantMatch::Yes).then_some(until)
    }

    /// Calls `each` for every key with this `kid` for `tenant`. Returns the time until which the result is valid.
    fn for_each_key(
        &self,
        key_id: &str,
        tenant: Option<TenantId>,
        mut each: impl FnMut(&Snapshot, &SigningKey),
    ) -> Duration {
        let mut until = Duration::MAX;
        if self.revoked.contains(key_id) {
            return until;
        }
        let at = self.context.clock.elapsed();
        let mut visit = |document: &Document, refresh: &dyn Fn()| {
            if document.is_due(at) {
                refresh();
            }
            let snapshot = document.snapshot();
            let mut is_missing = false;
            for key in snapshot.find(key_id, at, document.is_failing(), &self.context.settings) {
                each(&snapshot, key);
                is_missing |= key.is_missing();
            }
            if is_missing {
                // A key in its grace period may return or lapse with the next document.
                refresh();
                until = Duration::ZERO;
            }
            until = until.min(document.revalidate_at());
        };
        visit(&self.main, &|| drop(self.main.request()));
        if let Some(tenant) = tenant {
            let mut visit = |document: &Arc<Document>| visit(document, &|| _ = self.queue.enter(document));
            if let Some(domains) = &self.domains {
                domains.for_each_of(tenant, &mut visit);
            }
            if let Some(document) = self.listed_document(tenant) {
                visit(&document);
            }
        }
        until
    }

    /// The document of a tenant that is listed by its GUID.
    pub(super) fn listed_document(&self, tenant: TenantId) -> Option<Arc<Document>> {
        if !matches!(self.tenants(), Some(Tenants::List { .. })) {
            return None;
        }
        match read(&self.tenant_documents).get(&tenant)? {
            TenantDocument::Document(document) => Some(Arc::clone(document)),
            TenantDocument::Redundant { .. } => None,
        }
    }

    /// Whether the keys are static.
    pub(crate) fn is_static(&self) -> bool {
        self.main.is_static()
    }

    /// Whether the main document has usable keys.
    pub(crate) fn has_keys(&self) -> bool {
        self.main.snapshot().is_usable(self.context.clock.elapsed(), &self.context.settings)
    }

    /// When the main document was last fetched, in monotonic time.
    pub(crate) fn loaded_at(&self) -> Option<Duration> {
        self.main.snapshot().loaded_at
    }

    /// Whether its tokens have this issuer, which is that of a provider without tenants, or of its only tenant.
    pub(crate) fn has_issuer(&self, issuer: &str) -> bool {
        let snapshot = self.main.snapshot();
        snapshot.issuers.accepted().any(|known| match &known.form {
            IssuerForm::Exact { text, .. } => **text == *issuer,
            IssuerForm::Template(form) => snapshot.tenant.is_some_and(|tenant| form.matches(issuer, tenant)),
        })
    }

    /// The error of the last refresh of the main document.
    pub(crate) fn failure(&self) -> Option<Arc<FetchError>> {
        self.main.failure()
    }

    /// The provider's time and the local time at the last response with a `Date` header.
    pub(crate) fn clocks(&self) -> Option<(SystemTime, SystemTime)> {
        self.main.clocks()
    }

    /// The time until a refresh may start again.
    pub(crate) fn retry_after(&self) -> Duration {
        self.main.retry_after()
    }

    /// For a token of `tenant` with an unknown `kid`: refreshes the documents that may have it, if cooldowns and rate limit
    /// allow.
    pub(crate) fn refresh_for_unknown_key(
        &self,
        tenant: Option<TenantId>,
        revision: u64,
        attempts: &mut AuthorityAttempts,
    ) -> Next {
        if let Some(waiter) = self.refresh_main_once(revision, attempts) {
            // Without any keys, only the main document is refreshed.
            let may_have_document = self.has_keys() && self.is_listed(tenant);
            return Next::Wait(if may_have_document { waiter.within(self.wait_for_main(attempts)) } else { waiter });
        }
        match (tenant.filter(|_| self.accepts(tenant) == TenantMatch::Yes), attempts.finished_before) {
            (None, _) => Next::Unknown,
            (Some(tenant), None) => self.refresh_tenant_document(tenant, attempts),
            (Some(tenant), Some(finished_before)) => self.after_tenant_refresh(tenant, finished_before, attempts),
        }
    }

    /// Starts or joins the refresh of the main document, unless the request has waited for one already. `revision` was loaded
    /// before the request read the keys.
    pub(crate) fn refresh_main_once(&self, revision: u64, attempts: &mut AuthorityAttempts) -> Option<Waiter> {
        if std::mem::replace(&mut attempts.main, true) { None } else { self.main.request_since(revision) }
    }

    /// For a token whose tenant may belong to an unresolved domain: refreshes the documents of such domains, unless the request
    /// has waited for that already.
    pub(crate) fn refresh_domains_once(&self, revision: u64, attempts: &mut AuthorityAttempts) -> Option<Waiter> {
        if std::mem::replace(&mut attempts.domains, true) {
            return None;
        }
        if matches!(self.tenants(), Some(Tenants::Domain(_))) {
            return self.refresh_main_once(revision, attempts);
        }
        let unresolved = self.domain_documents().filter(|document| document.snapshot().tenant.is_none());
        let waiters: Vec<Waiter> = unresolved.filter_map(|document| document.request_since(revision)).collect();
        Waiter::all(waiters)
    }

    /// Counts a token that was rejected with an unknown `kid`.
    pub(crate) fn count_unknown_key(&self) {
        self.context.counters.count(Event::UnknownKey);
    }

    /// Starts or joins the refresh of the main document. `None` during cooldown or backoff.
    pub(crate) fn refresh(&self) -> Option<Waiter> {
        self.main.request()
    }
}
