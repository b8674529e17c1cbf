//! What is known of one document at one moment, and how the next one is made of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use foldhash::fast::RandomState;

use super::KeySettings;
use crate::{
    authority::{DocumentSpec, Issuers},
    discovery::{self, Metadata},
    jwk::{Jwk, KeySet, Material},
    jwt::Algorithm,
    signature::PublicKey,
    tenant::{Cloud, IssuerTemplate, TenantId},
};

/// The most keys that are kept of one document, those in their grace included.
const MAX_KEYS: usize = 1_000;
/// The most different constraints that are remembered of one key; one more, and it speaks for nobody.
const MAX_CONSTRAINTS: usize = 4;

/// One key of one document.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) public: Arc<PublicKey>,
    material: Material,
    /// Everything its documents ever said of its issuer. All of it must hold.
    issuers: Vec<Box<str>>,
    /// The same, read; `None` where that is no issuer at all.
    templates: Vec<Option<IssuerTemplate>>,
    /// The same of its cloud.
    clouds: Vec<Box<str>>,
    /// How long it has been missing from the documents; `None` if the newest has it.
    missing_for: Option<Duration>,
}

/// A document's keys and issuers. Never changed, only replaced.
#[derive(Debug)]
pub(crate) struct Snapshot {
    spec: Arc<DocumentSpec>,
    /// Counts the replacements.
    pub(crate) generation: u64,
    pub(crate) issuers: Issuers,
    /// The same for a message; `None` if there are none.
    pub(crate) issuers_text: Option<Arc<str>>,
    /// The tenant whose own document it is; `None` for a shared one, and for a domain's before its first document.
    pub(crate) tenant: Option<TenantId>,
    /// The cloud's name, where it is known.
    cloud: Option<String>,
    /// A key of the document has had a cloud's name, so that all must have one.
    demands_cloud: bool,
    /// The provider chooses them; whoever sends a token only looks them up.
    keys: HashMap<Box<str>, Vec<Arc<Key>>, RandomState>,
    /// When the newest document came; `None` before the first.
    pub(crate) loaded_at: Option<Duration>,
}

/// What one refresh brought.
pub(crate) struct Fetched {
    pub(crate) v1: Option<Metadata>,
    pub(crate) v2: Option<Metadata>,
    pub(crate) keys: Arc<KeySet>,
}

impl Snapshot {
    /// Before the first document: no keys, and the issuers as far as they are known (§1.2).
    pub(crate) fn empty(spec: &Arc<DocumentSpec>) -> Self {
        let issuers = spec.issuers();
        Self {
            spec: Arc::clone(spec),
            generation: 0,
            issuers_text: issuers.to_text(),
            issuers,
            tenant: spec.tenant(),
            cloud: spec.cloud().and_then(Cloud::instance_name).map(str::to_owned),
            demands_cloud: false,
            keys: HashMap::default(),
            loaded_at: None,
        }
    }

    /// The next snapshot: keys of the new document, and those in their grace (§3.4).
    ///
    /// `at` is the time by the clock that never leaps; `outage` says whether refreshes failed since the last document.
    ///
    /// # Errors
    ///
    /// If the document says nothing usable, or is of another tenant than before. Then nothing is to change.
    pub(crate) fn next(
        &self,
        fetched: &Fetched,
        algorithms: &[Algorithm],
        settings: &KeySettings,
        at: Duration,
        outage: bool,
    ) -> Result<Self, String> {
        let tenant = self.next_tenant(fetched)?;
        let mut keys: HashMap<Box<str>, Vec<Arc<Key>>, RandomState> = HashMap::default();
        let mut kept = 0;
        for jwk in &fetched.keys.keys {
            if kept == MAX_KEYS {
                continue;
            }
            if let Some(key) = self.renewed(jwk, algorithms) {
                keys.entry(jwk.key_id.clone()).or_default().push(Arc::new(key));
                kept += 1;
            }
        }
        if kept == 0 {
            return Err(match fetched.keys.skipped.first() {
                Some(skipped) => format!("it has no usable key: {skipped}"),
                None => "it has no usable key".to_owned(),
            });
        }
        let passed = self.passed_until(at, settings, outage);
        for (key_id, old) in &self.keys {
            for key in old {
                let is_there = keys.get(key_id).is_some_and(|new| new.iter().any(|new| new.material == key.material));
                let missing_for = self.missing_for(key, passed, settings);
                if !is_there && missing_for < settings.grace && kept < MAX_KEYS && !settings.revoked.contains(&**key_id)
                {
                    keys.entry(key_id.clone()).or_default().push(Arc::new(key.missing(missing_for)));
                    kept += 1;
                }
            }
        }
        let metadata_cloud = fetched.v2.as_ref().or(fetched.v1.as_ref()).and_then(|metadata| metadata.cloud.clone());
        let issuers = discovery::issuers(&self.spec, fetched.v1.as_ref(), fetched.v2.as_ref());
        Ok(Self {
            spec: Arc::clone(&self.spec),
            generation: self.generation + 1,
            issuers_text: issuers.to_text(),
            issuers,
            tenant,
            cloud: metadata_cloud.or_else(|| self.cloud.clone()),
            demands_cloud: self.demands_cloud || fetched.keys.keys.iter().any(|jwk| jwk.cloud.is_some()),
            keys,
            loaded_at: Some(at),
        })
    }

    /// The tenant of the new document, which must be that of the old (a domain's answer is pinned).
    fn next_tenant(&self, fetched: &Fetched) -> Result<Option<TenantId>, String> {
        if self.spec.is_shared() {
            return Ok(None);
        }
        let found = fetched.v2.as_ref().or(fetched.v1.as_ref()).and_then(Metadata::tenant);
        match (self.tenant, found) {
            (Some(pinned), Some(found)) if pinned != found => {
                Err(format!("it is of tenant {found}, and was of tenant {pinned}: the change is refused"))
            }
            (pinned, found) => Ok(pinned.or(found)),
        }
    }

    /// A key of the new document, with what was ever said of it; prepared anew only if it is new.
    fn renewed(&self, jwk: &Jwk, algorithms: &[Algorithm]) -> Option<Key> {
        let known =
            self.keys.get(&jwk.key_id).into_iter().flatten().filter(|key| key.material.is_same_key(&jwk.material));
        let public = match known.clone().find(|key| key.material == jwk.material) {
            Some(known) => Arc::clone(&known.public),
            None => Arc::new(jwk.material.prepare(algorithms)?),
        };
        // What was ever said of this public key holds on, also where the document names another algorithm for it now.
        let with = |before: Vec<&Box<str>>, now: &Option<Box<str>>| {
            let mut all: Vec<Box<str>> = Vec::new();
            for constraint in before.into_iter().chain(now) {
                if !all.contains(constraint) && all.len() <= MAX_CONSTRAINTS {
                    all.push(constraint.clone());
                }
            }
            all
        };
        let issuers = with(known.clone().flat_map(|key| &key.issuers).collect(), &jwk.issuer);
        let clouds = with(known.flat_map(|key| &key.clouds).collect(), &jwk.cloud);
        Some(Key {
            public,
            material: jwk.material.clone(),
            templates: issuers.iter().map(|issuer| IssuerTemplate::parse(issuer)).collect(),
            issuers,
            clouds,
            missing_for: None,
        })
    }

    /// The time since the last document that counts towards a key's grace.
    fn passed_until(&self, at: Duration, settings: &KeySettings, outage: bool) -> Duration {
        let passed = at.saturating_sub(self.loaded_at.unwrap_or(at));
        // Nobody saw when in a long gap a document would have changed: of an outage one interval counts.
        if outage { passed.min(settings.refresh_interval.saturating_mul(2)) } else { passed }
    }

    /// How long `key` is missing if the document that comes now does not have it either.
    fn missing_for(&self, key: &Key, passed: Duration, settings: &KeySettings) -> Duration {
        match key.missing_for {
            Some(before) => before.saturating_add(passed),
            // It was there in the last document: of a long gap without traffic one interval counts at most.
            None => passed.min(settings.refresh_interval.saturating_mul(2)),
        }
    }

    /// Whether there are keys, and they are not too old to be used.
    pub(crate) fn is_usable(&self, at: Duration, settings: &KeySettings) -> bool {
        let is_fresh = |loaded_at| self.spec.is_static() || at.saturating_sub(loaded_at) <= settings.max_stale;
        self.loaded_at.is_some_and(is_fresh)
    }

    /// The keys of this `kid` that may still be used. `failing` says that refreshes fail, so that hours do not count.
    pub(crate) fn find(
        &self,
        key_id: &str,
        at: Duration,
        failing: bool,
        settings: &KeySettings,
    ) -> impl Iterator<Item = &Arc<Key>> {
        let usable = self.is_usable(at, settings);
        let since = at.saturating_sub(self.loaded_at.unwrap_or(at));
        let grace = settings.grace;
        self.keys
            .get(key_id)
            .filter(|_| usable)
            .into_iter()
            .flatten()
            .filter(move |key| key.missing_for.is_none_or(|missing| failing || missing.saturating_add(since) < grace))
    }

    /// Whether `key` may speak for `tenant` (§2.3, §2.4).
    ///
    /// # Errors
    ///
    /// Says why not.
    pub(crate) fn may_speak(&self, key: &Key, tenant: Option<TenantId>) -> Result<(), &'static str> {
        if !self.spec.is_shared() && self.tenant != tenant {
            return Err("the key is from the document of another tenant");
        }
        if self.spec.is_shared() && key.issuers.is_empty() {
            return Err("the key is from a shared document and has no issuer");
        }
        if key.issuers.len() > MAX_CONSTRAINTS || key.clouds.len() > MAX_CONSTRAINTS {
            return Err("the key's issuer or cloud has changed too often");
        }
        let mut issuers = key.issuers.iter().zip(&key.templates);
        if !issuers.all(|(text, template)| self.issuers.is_of_key(text, template.as_ref(), tenant)) {
            return Err("the key's issuer is another");
        }
        if self.demands_cloud && key.clouds.is_empty() {
            return Err("the key has no cloud_instance_name, and others of its document have one");
        }
        let is_ours = |name: &str| self.cloud.as_deref().is_none_or(|cloud| cloud == name);
        if !key.clouds.iter().all(|name| is_ours(name)) {
            return Err("the key is of another cloud");
        }
        Ok(())
    }

    /// The `kid` of the one key there is; `None` if there are several, or none.
    pub(crate) fn only_key_id(&self) -> Option<&str> {
        let mut key_ids = self.keys.keys();
        key_ids.next().filter(|_| key_ids.next().is_none()).map(|key_id| &**key_id)
    }

    /// Whether `other` has every key of this one.
    pub(crate) fn is_covered_by(&self, other: &Self) -> bool {
        self.keys.iter().all(|(key_id, keys)| {
            let others = other.keys.get(key_id);
            keys.iter()
                .all(|key| others.is_some_and(|others| others.iter().any(|other| other.material == key.material)))
        })
    }
}

impl Key {
    fn missing(&self, missing_for: Duration) -> Self {
        Self {
            public: Arc::clone(&self.public),
            material: self.material.clone(),
            issuers: self.issuers.clone(),
            templates: self.templates.clone(),
            clouds: self.clouds.clone(),
            missing_for: Some(missing_for),
        }
    }

    /// Whether it is not in the newest document any more.
    pub(crate) fn is_missing(&self) -> bool {
        self.missing_for.is_some()
    }
}
