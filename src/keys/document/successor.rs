//! Documents across a reload of the configuration.

use std::sync::Arc;

use super::{Document, DocumentState, RefreshContext, Schedule};
use crate::{
    authority::DocumentSpec,
    jwt::Algorithm,
    keys::snapshot::Snapshot,
    sync::{
        ArcSwap, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        watch,
    },
};

impl Document {
    /// Whether a document of `spec` would be fetched from the same URL, in the same way, and checked by the same rules.
    pub(in crate::keys) fn fits(
        &self,
        spec: &DocumentSpec,
        algorithms: &[Algorithm],
        context: &RefreshContext,
    ) -> bool {
        *self.0.spec == *spec
            && *self.0.algorithms == *algorithms
            // It determines the trusted certificates of the key server.
            && Arc::ptr_eq(&self.0.context.fetch, &context.fetch)
    }

    /// Whether its metadata may name the same issuers as before a reload.
    pub(in crate::keys) fn has_same_ownership(&self, context: &RefreshContext) -> bool {
        self.0.spec.has_known_issuers() || self.0.context.ownership == context.ownership
    }

    /// The document after a reload that changed the issuers of other authorities. It keeps its keys, unless its metadata names
    /// an issuer that now belongs to another authority. A refresh in flight is not continued, since it checks the old
    /// ownership.
    pub(in crate::keys) fn successor(&self, context: RefreshContext) -> Self {
        let old = self.snapshot();
        let is_owned = old.loaded_at.is_none() || context.ownership.check_other_owners("", &old.issuers).is_ok();
        let schedule = match is_owned {
            true => {
                let schedule = self.0.schedule();
                Schedule {
                    not_before: schedule.not_before,
                    failures: schedule.failures,
                    failure: schedule.failure.clone(),
                    clocks: schedule.clocks,
                    has_succeeded: schedule.has_succeeded,
                    ..Schedule::default()
                }
            }
            false => Schedule::default(),
        };
        // A refresh in flight has set it to never: the successor is due now.
        let due = Some(self.0.due.load(Ordering::Relaxed)).filter(|due| is_owned && *due < u64::MAX);
        let due = if old.loaded_at.is_some() { due.unwrap_or(0) } else { u64::MAX };
        Self(Arc::new(DocumentState {
            spec: Arc::clone(&self.0.spec),
            algorithms: Arc::clone(&self.0.algorithms),
            context,
            snapshot: ArcSwap::from_pointee(if is_owned { Snapshot::clone(&old) } else { old.without_keys() }),
            schedule: Mutex::new(schedule),
            due: AtomicU64::new(due),
            failing: AtomicBool::new(is_owned && self.is_failing()),
            ticket: AtomicU64::new(0),
            finished: watch::channel(0).0,
        }))
    }

    /// The URL of its metadata.
    pub(in crate::keys) fn address(&self) -> String {
        self.0.spec.address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{DocumentOwner, Ownership},
        clock::SystemClock,
        fetch::{Fetch, FetchFuture, FetchRequest},
        tenant::Instance,
    };

    /// Never responds. It is not zero-sized, so that two of them have different addresses.
    #[derive(Debug)]
    struct Silent(#[expect(dead_code, reason = "only its address counts")] u8);

    impl Fetch for Silent {
        fn fetch(&self, _: FetchRequest) -> FetchFuture {
            Box::pin(std::future::pending())
        }
    }

    fn openid(issuer: &str) -> DocumentSpec {
        DocumentSpec::OpenIdConnect { issuer: issuer.into(), metadata: None, jwks_uri: None, listed: Arc::default() }
    }

    fn instance() -> DocumentSpec {
        let (owner, instance) = (DocumentOwner::Shared("organizations"), Instance::parse("http://127.0.0.1:4000"));
        let instance = instance.unwrap_or_default();
        DocumentSpec::Entra { instance, owner, app_id: None, version: None, listed: Arc::default() }
    }

    #[test]
    fn reload_keeps_documents_of_the_same_description_algorithms_and_fetch() {
        let (fetch, another): (Arc<dyn Fetch>, Arc<dyn Fetch>) = (Arc::new(Silent(1)), Arc::new(Silent(2)));
        let context = |fetch: &Arc<dyn Fetch>, authority| RefreshContext {
            fetch: Arc::clone(fetch),
            clock: Arc::new(SystemClock::default()),
            settings: Arc::default(),
            counters: Arc::default(),
            revision: Arc::default(),
            ownership: Ownership::new(&Arc::default(), authority),
        };
        let (rs256, es256) = ([Algorithm::RS256], [Algorithm::ES256]);
        let id = || openid("https://id.example");
        for (old, new, algorithms, fetches, authority, fits, has_same_ownership) in [
            (id(), id(), rs256, &fetch, 0, true, true),
            // Nothing in its metadata adds an issuer.
            (id(), id(), rs256, &fetch, 1, true, true),
            (id(), openid("https://id.example/"), rs256, &fetch, 0, false, true),
            (id(), id(), es256, &fetch, 0, false, true),
            // Other certificates are trusted.
            (id(), id(), rs256, &another, 0, false, true),
            (instance(), instance(), rs256, &fetch, 0, true, true),
            (instance(), instance(), rs256, &fetch, 1, true, false),
        ] {
            let document = Document::new(old.clone(), Arc::from(rs256), context(&fetch, 0));
            let context = context(fetches, authority);
            let found = (document.fits(&new, &algorithms, &context), document.has_same_ownership(&context));
            assert_eq!(found, (fits, has_same_ownership), "{old:?} {new:?} {algorithms:?} {authority}");
        }
    }
}
