//! The documents of one authority: the one that holds the keys of all or most of its tenants, and those that listed
//! tenants have of their own.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    document::{Document, Surroundings},
    domains::Domains,
    previous::PreviousDocuments,
    queue::RefreshQueue,
    revoked::Revoked,
    snapshot::{Key, Snapshot},
    stats::Event,
    waiter::Waiter,
};
use crate::{
    authority::{DocumentOwner, EntraSpec, IssuerForm, KeySource, ResolvedAuthority, Tenants},
    error::FetchError,
    rejection::{Detail, KeyMismatch},
    signature::PublicKey,
    tenant::TenantId,
};

/// The keys of one authority.
#[derive(Debug)]
pub(crate) struct KeyStore {
    pub(super) authority: Arc<ResolvedAuthority>,
    pub(super) around: Around,
    pub(super) main: Arc<Document>,
    /// The documents of listed domains; for a single domain it is the main one.
    pub(super) domains: Option<Box<Domains>>,
    /// Own documents of listed tenants that were fetched for a key that the main one does not have.
    pub(super) own: RwLock<HashMap<TenantId, Own>>,
    /// The rate limit for refreshes of tenants' own documents, of all authorities together.
    pub(super) queue: Arc<RefreshQueue>,
    revoked: Arc<Revoked>,
}

pub(super) struct Around(pub(super) Surroundings);

impl std::fmt::Debug for Around {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.settings.fmt(f)
    }
}

#[derive(Debug)]
pub(super) enum Own {
    Document(Arc<Document>),
    /// It had nothing of its own; it is not fetched again before this time.
    Nothing {
        until: Duration,
    },
}

/// Which steps a request has waited for, so that it waits for each once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuthorityAttempts {
    main: bool,
    domains: bool,
    /// When a token of a listed tenant began to wait: for both the shared document and the tenant's own it has one limit.
    pub(super) since: Option<Instant>,
    /// How many refreshes of the tenant's own document had ended before it waited for one.
    pub(super) own: Option<u64>,
}

/// What follows for a token whose key is not here.
pub(crate) enum Next {
    /// It waits, and then looks again.
    Wait(Waiter),
    /// The tenant's own document could not be refreshed in time, so whether its key is good cannot be told.
    TenantUnavailable { retry_after: Duration, cause: Detail },
    /// Nobody has the key.
    Unknown,
}

/// A document that a warm-up loads.
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
    /// A domain is not resolved yet, and might be this tenant.
    Unresolved,
}

/// A key that may have signed a token.
#[derive(Clone)]
pub(crate) struct CandidateKey {
    pub(crate) key: Arc<PublicKey>,
    /// Whether it is authorized for the tenant of the token, or why not.
    pub(crate) authorization: Result<(), KeyMismatch>,
}

impl KeyStore {
    pub(crate) fn new(
        authority: Arc<ResolvedAuthority>,
        around: Surroundings,
        queue: Arc<RefreshQueue>,
        revoked: Arc<Revoked>,
        previous: &mut PreviousDocuments,
    ) -> Self {
        let ResolvedAuthority { source, algorithms, .. } = &*authority;
        let mut document = |spec| {
            previous
                .take(&spec, algorithms, &around)
                .unwrap_or_else(|| Arc::new(Document::new(spec, Arc::clone(algorithms), around.clone())))
        };
        let main = document(source.main_document());
        let domains = match source {
            KeySource::Entra(entra @ EntraSpec { tenants: Tenants::List { domains, .. }, .. }) => {
                let spec = |domain: &String| entra.document(DocumentOwner::Domain(domain.clone()));
                domains.iter().map(|domain| document(spec(domain))).collect()
            }
            _ => Vec::new(),
        };
        let domains = Domains::new(domains, Arc::clone(&around.issuer_revision));
        let own = match source {
            KeySource::Entra(entra @ EntraSpec { tenants: Tenants::List { ids, .. }, .. }) if !previous.is_empty() => {
                let spec = |id: &TenantId| entra.document(DocumentOwner::Tenant(*id));
                let kept = |id: &TenantId| previous.take(&spec(id), algorithms, &around).map(|kept| (*id, kept));
                ids.iter().filter_map(kept).map(|(id, kept)| (id, Own::Document(kept))).collect()
            }
            _ => HashMap::new(),
        };
        Self { authority, around: Around(around), main, domains, own: RwLock::new(own), queue, revoked }
    }

    /// All documents that there are now.
    pub(crate) fn documents(&self) -> Vec<Arc<Document>> {
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        let own = own.values().filter_map(|own| match own {
            Own::Document(document) => Some(document),
            Own::Nothing { .. } => None,
        });
        std::iter::once(&self.main).chain(self.of_domains()).chain(own).map(Arc::clone).collect()
    }

    /// The tenants, of Entra.
    pub(crate) fn tenants(&self) -> Option<&Tenants> {
        match &self.authority.source {
            KeySource::Entra(entra) => Some(&entra.tenants),
            KeySource::Document(_) => None,
        }
    }

    pub(super) fn of_domains(&self) -> impl Iterator<Item = &Arc<Document>> + Clone {
        self.domains.iter().flat_map(|domains| domains.iter())
    }

    /// The tenants that domains turned out to be.
    pub(crate) fn resolved(&self) -> impl Iterator<Item = Option<TenantId>> + Clone {
        let single = matches!(self.tenants(), Some(Tenants::Domain(_))).then_some(&*self.main);
        single
            .into_iter()
            .chain(self.of_domains().map(|document| &**document))
            .map(|document| document.read(|snapshot| snapshot.tenant))
    }

    /// The id under which the key of a token is to be looked for: the one that its header names, or the empty one of a key
    /// without `kid`. `None` if there is no such key.
    pub(crate) fn key_id<'a>(&self, named: Option<&'a str>) -> Option<&'a str> {
        let accepts_keys_without_id =
            matches!(&self.authority.source, KeySource::Document(spec) if spec.accepts_nameless_keys());
        let has_nameless = || accepts_keys_without_id && self.main.read(Snapshot::has_nameless_key);
        match named {
            // Who configures a key without a name means it for all tokens of its issuer.
            _ if self.main.is_static() && has_nameless() => Some(""),
            Some(named) => Some(named),
            // Before the first document, it may turn out to have one.
            None => (accepts_keys_without_id && (has_nameless() || !self.has_keys())).then_some(""),
        }
    }

    /// The main document as it is known now: the issuers of the instance, as far as they are known.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.main.snapshot()
    }

    /// Whether `tenant` is one of those that the authority names.
    pub(crate) fn accepts(&self, tenant: Option<TenantId>) -> TenantMatch {
        let yes = |truth| if truth { TenantMatch::Yes } else { TenantMatch::No };
        let (Some(tenants), Some(tenant)) = (self.tenants(), tenant) else {
            return yes(self.tenants().is_none() && self.main.read(|snapshot| snapshot.tenant) == tenant);
        };
        match tenants {
            Tenants::AnyOrganization => yes(tenant != TenantId::PERSONAL_ACCOUNTS),
            Tenants::AnyAccount => TenantMatch::Yes,
            listed if listed.names(tenant) => TenantMatch::Yes,
            Tenants::Domain(_) => {
                self.main.read(|snapshot| snapshot.tenant).map_or(TenantMatch::Unresolved, |id| yes(id == tenant))
            }
            _ => match &self.domains {
                Some(domains) => domains.have(tenant).map_or(TenantMatch::Unresolved, yes),
                None => TenantMatch::No,
            },
        }
    }

    /// The keys of this `kid` that a token of `tenant` may have been signed with: of the main document, and of that
    /// tenant's own. Other tenants' own documents are never looked into. A refresh that is due is started.
    pub(crate) fn find(&self, key_id: &str, tenant: Option<TenantId>) -> Vec<CandidateKey> {
        let mut found = Vec::new();
        self.look(key_id, tenant, |snapshot, key| {
            found.push(CandidateKey {
                key: Arc::clone(&key.public),
                authorization: snapshot.check_authorized(key, tenant),
            });
        });
        found
    }

    /// Whether a token of `tenant` that `key` has verified is still to be accepted, and until when that needs no other look
    /// if nothing changes ([`Epoch`](super::epoch::Epoch)). A refresh that is due is started.
    pub(crate) fn confirm(&self, key_id: &str, key: &Arc<PublicKey>, tenant: Option<TenantId>) -> Option<Duration> {
        let mut counts = false;
        let until = self.look(key_id, tenant, |snapshot, found| {
            counts |= Arc::ptr_eq(&found.public, key) && snapshot.check_authorized(found, tenant).is_ok();
        });
        (counts && self.accepts(tenant) == TenantMatch::Yes).then_some(until)
    }

    /// Calls `each` with the keys of this `kid` for `tenant`. Gives back when to look again at the latest.
    fn look(&self, key_id: &str, tenant: Option<TenantId>, mut each: impl FnMut(&Snapshot, &Key)) -> Duration {
        let mut until = Duration::MAX;
        if self.revoked.contains(key_id) {
            return until;
        }
        let at = self.around.0.clock.elapsed();
        let mut look_into = |document: &Document, refresh: &dyn Fn()| {
            if document.is_due(at) {
                refresh();
            }
            let is_missing = document.read(|snapshot| {
                let keys = snapshot.find(key_id, at, document.is_failing(), &self.around.0.settings);
                keys.fold(false, |is_missing, key| {
                    each(snapshot, key);
                    is_missing | key.is_missing()
                })
            });
            if is_missing {
                // A key in its grace: the next document may say that it is back, or gone.
                refresh();
                until = Duration::ZERO;
            }
            until = until.min(document.next_look());
        };
        look_into(&self.main, &|| drop(self.main.request()));
        if let Some(tenant) = tenant {
            let mut look_into = |document: &Arc<Document>| look_into(document, &|| _ = self.queue.enter(document));
            if let Some(domains) = &self.domains {
                domains.for_each_of(tenant, &mut look_into);
            }
            if let Some(document) = self.own_document(tenant) {
                look_into(&document);
            }
        }
        until
    }

    pub(super) fn own_document(&self, tenant: TenantId) -> Option<Arc<Document>> {
        if !matches!(self.tenants(), Some(Tenants::List { .. })) {
            return None;
        }
        match self.own.read().unwrap_or_else(PoisonError::into_inner).get(&tenant)? {
            Own::Document(document) => Some(Arc::clone(document)),
            Own::Nothing { .. } => None,
        }
    }

    /// Whether the keys are static.
    pub(crate) fn is_static(&self) -> bool {
        self.main.is_static()
    }

    /// Whether the main document has keys that can be used.
    pub(crate) fn has_keys(&self) -> bool {
        self.main.read(|snapshot| snapshot.is_usable(self.around.0.clock.elapsed(), &self.around.0.settings))
    }

    /// When the newest main document came, by the clock that never leaps.
    pub(crate) fn loaded_at(&self) -> Option<Duration> {
        self.main.read(|snapshot| snapshot.loaded_at)
    }

    /// Whether this is an issuer of its tokens: of a provider without tenants, or of the one tenant that it is.
    pub(crate) fn has_issuer(&self, issuer: &str) -> bool {
        self.main.read(|snapshot| {
            snapshot.issuers.accepted().any(|known| match &known.form {
                IssuerForm::Exact { text, .. } => **text == *issuer,
                IssuerForm::Template(form) => snapshot.tenant.is_some_and(|tenant| form.matches(issuer, tenant)),
            })
        })
    }

    /// Why there are no newer keys.
    pub(crate) fn failure(&self) -> Option<Arc<FetchError>> {
        self.main.failure()
    }

    /// The provider's time and ours, when it last told its own.
    pub(crate) fn clocks(&self) -> Option<(SystemTime, SystemTime)> {
        self.main.clocks()
    }

    /// The time until a refresh may start again.
    pub(crate) fn retry_after(&self) -> Duration {
        self.main.retry_after()
    }

    /// For a token of `tenant` whose key is not here: what follows, as far as the budgets allow anything.
    pub(crate) fn ask(&self, tenant: Option<TenantId>, attempts: &mut AuthorityAttempts) -> Next {
        if let Some(waiter) = self.ask_main(attempts) {
            // Without any keys there is nothing else to ask for.
            let may_have_own = self.has_keys() && self.is_listed(tenant);
            return Next::Wait(if may_have_own { waiter.within(self.wait_for_main(attempts)) } else { waiter });
        }
        match (tenant.filter(|_| self.accepts(tenant) == TenantMatch::Yes), attempts.own) {
            (None, _) => Next::Unknown,
            (Some(tenant), None) => self.ask_own(tenant, attempts),
            (Some(tenant), Some(ended_before)) => self.asked_own(tenant, ended_before, attempts),
        }
    }

    /// The refresh of the main document, if this was not waited for yet and the budget allows it.
    pub(crate) fn ask_main(&self, attempts: &mut AuthorityAttempts) -> Option<Waiter> {
        if std::mem::replace(&mut attempts.main, true) { None } else { self.main.request() }
    }

    /// For a token whose tenant may be one that a domain stands for: what to wait for, if the budgets allow anything.
    pub(crate) fn ask_domains(&self, attempts: &mut AuthorityAttempts) -> Option<Waiter> {
        if std::mem::replace(&mut attempts.domains, true) {
            return None;
        }
        if matches!(self.tenants(), Some(Tenants::Domain(_))) {
            return self.ask_main(attempts);
        }
        let unresolved = self.of_domains().filter(|document| document.read(|snapshot| snapshot.tenant).is_none());
        let waiters: Vec<Waiter> = unresolved.filter_map(|document| document.request()).collect();
        Waiter::all(waiters)
    }

    /// Counts a token whose key was not here.
    pub(crate) fn count_unknown_key(&self) {
        self.around.0.counters.count(Event::UnknownKey);
    }

    /// Starts or joins the refresh of the main document, budget permitting.
    pub(crate) fn refresh(&self) -> Option<Waiter> {
        self.main.request()
    }
}
