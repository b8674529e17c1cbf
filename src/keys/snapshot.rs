//! An immutable snapshot of one document, and the transition to the next one.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use foldhash::fast::RandomState;

use super::{
    KeySettings,
    constraint::{Change, Constraints, GracePeriod},
    discovery::{self, ProviderMetadata},
    notice::Notice,
};
use crate::{
    authority::{DocumentSpec, Issuers},
    error::{DocumentFault, InvalidDocument},
    jwk::{Jwk, KeySet, Material, Public, Skipped},
    jwt::Algorithm,
    rejection::KeyMismatch,
    signature::PublicKey,
    tenant::{Cloud, IssuerTemplate, TenantId},
};

/// The maximum number of keys of one document, including those in their grace period.
const MAX_KEYS: usize = 1_000;

/// One key of one document.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pub(crate) public: Arc<PublicKey>,
    material: Material,
    /// The JWKS member `issuer`.
    issuers: Constraints,
    /// The issuers, parsed; `None` for one that is not a template.
    templates: Vec<Option<IssuerTemplate>>,
    /// The JWKS member `cloud_instance_name`.
    clouds: Constraints,
    /// How long documents have omitted the key; `None` if the newest one has it.
    missing_for: Option<Duration>,
}

/// Keys by `kid`. Only the provider controls the contents of the map, so its hash need not resist chosen keys.
type KeyMap = HashMap<Box<str>, Vec<Arc<SigningKey>>, RandomState>;

/// The keys and issuers of a document. Immutable: a refresh replaces it.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    spec: Arc<DocumentSpec>,
    /// Incremented when issuers or tenant change.
    pub(crate) issuer_version: u64,
    pub(crate) issuers: Issuers,
    /// The issuers, for messages; `None` if there are none.
    pub(crate) issuers_text: Option<Arc<str>>,
    /// The tenant of the document; `None` if it is shared, or if it is that of a domain and not loaded yet.
    pub(crate) tenant: Option<TenantId>,
    /// The name of the cloud, if it is known.
    cloud: Option<String>,
    /// How long metadata has omitted the name of the cloud; `None` if the newest has it, or if it is known without metadata.
    cloud_omitted_for: Option<Duration>,
    /// A key of the newest document has a `cloud_instance_name`, so all must have one.
    demands_cloud: bool,
    /// Public keys whose private half was published in a document. They stay rejected until the process ends.
    leaked: Arc<HashSet<Public>>,
    keys: KeyMap,
    /// When the newest document was fetched, in monotonic time; `None` before the first.
    pub(crate) loaded_at: Option<Duration>,
}

/// The documents that one refresh fetched.
pub(crate) struct Fetched {
    pub(crate) v1: Option<ProviderMetadata>,
    pub(crate) v2: Option<ProviderMetadata>,
    pub(crate) keys: Arc<KeySet>,
}

/// A successful refresh.
pub(crate) struct Update<'a> {
    pub(crate) fetched: &'a Fetched,
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) settings: &'a KeySettings,
    /// In monotonic time.
    pub(crate) at: Duration,
    /// Refreshes have failed since the last document.
    pub(crate) outage: bool,
}

impl Snapshot {
    /// Before the first document: no keys, and the issuers as far as they are known (`docs/entra.md`, "Issuers").
    pub(crate) fn empty(spec: &Arc<DocumentSpec>) -> Self {
        let issuers = spec.issuers();
        Self {
            spec: Arc::clone(spec),
            issuer_version: 0,
            issuers_text: issuers.to_text(),
            issuers,
            tenant: spec.tenant(),
            cloud: spec.cloud().and_then(Cloud::instance_name).map(str::to_owned),
            cloud_omitted_for: None,
            demands_cloud: false,
            leaked: Arc::default(),
            keys: HashMap::default(),
            loaded_at: None,
        }
    }

    /// The empty snapshot, except that keys whose private half was published stay rejected.
    pub(crate) fn without_keys(&self) -> Self {
        Self { leaked: Arc::clone(&self.leaked), ..Self::empty(&self.spec) }
    }

    /// The snapshot without the keys whose private half a document has published, even if that document is otherwise invalid.
    /// `None` if there are no new ones.
    pub(crate) fn without_leaked(&self, published: &HashSet<Public>) -> Option<Self> {
        let room = MAX_KEYS.saturating_sub(self.leaked.len());
        let new: Vec<&Public> = published.difference(&self.leaked).take(room).collect();
        if new.is_empty() {
            return None;
        }
        let leaked: HashSet<Public> = self.leaked.iter().chain(new).cloned().collect();
        let mut next = self.clone();
        next.keys.retain(|_, all| {
            all.retain(|key| !leaked.contains(&key.material.public));
            !all.is_empty()
        });
        next.leaked = Arc::new(leaked);
        Some(next)
    }

    /// The next snapshot: keys of the new document, and those in their grace period (`docs/entra.md`, "Keys that disappear and
    /// return"). What the operator should know is added to `notices`, also if there is an error.
    ///
    /// # Errors
    ///
    /// If the document has no usable key, or belongs to another tenant than before. The current snapshot stays then.
    pub(crate) fn next(&self, update: &Update<'_>, notices: &mut Vec<Notice>) -> Result<Self, InvalidDocument> {
        let Update { fetched, algorithms, settings, at, .. } = *update;
        let grace = GracePeriod::new(self.counted_time(update), settings);
        let set = &*fetched.keys;
        let known = |jwk: &Jwk| {
            let known = self.keys.get(&jwk.key_id)?.iter().find(|key| key.material == jwk.material)?;
            Some(Arc::clone(&known.public))
        };
        let usable = set.usable(algorithms, self.spec.accepts_nameless_keys(), MAX_KEYS, known);
        notices.extend(set.skipped.iter().chain(&usable.skipped).cloned().map(Notice::Skipped));
        notices.extend(set.oddly_encoded.iter().cloned().map(|key_id| Notice::OddlyEncoded { key_id }));
        let tenant = self.next_tenant(fetched)?;
        let mut keys = KeyMap::default();
        for (jwk, public) in usable.keys.into_iter().take(MAX_KEYS) {
            if self.leaked.contains(&jwk.material.public) {
                notices.push(Notice::Skipped(Skipped::published(&jwk.key_id)));
                continue;
            }
            let key = self.next_key(jwk, public, grace, notices);
            keys.entry(jwk.key_id.clone()).or_default().push(Arc::new(key));
        }
        if keys.is_empty() {
            let reason = match set.skipped.iter().chain(&usable.skipped).next() {
                Some(skipped) => format!("its key set has no usable key: {skipped}"),
                None => "its key set has no usable key".to_owned(),
            };
            return Err(InvalidDocument::with_fault(DocumentFault::NoUsableKey, reason));
        }
        self.add_missing_keys(&mut keys, update, grace);
        let (cloud, cloud_omitted_for) = self.next_cloud(fetched, grace);
        let demands_cloud = set.keys.iter().any(|jwk| jwk.cloud.is_some());
        notices.extend(self.cloud_rule_change(demands_cloud, &keys));
        let issuers = discovery::issuers(&self.spec, fetched.v1.as_ref(), fetched.v2.as_ref());
        let is_changed = issuers != self.issuers || tenant != self.tenant;
        Ok(Self {
            spec: Arc::clone(&self.spec),
            issuer_version: self.issuer_version + u64::from(is_changed),
            issuers_text: issuers.to_text(),
            issuers,
            tenant,
            cloud,
            cloud_omitted_for,
            demands_cloud,
            leaked: Arc::clone(&self.leaked),
            keys,
            loaded_at: Some(at),
        })
    }

    /// Adds the keys in their grace period: those that the new document does not have.
    fn add_missing_keys(&self, keys: &mut KeyMap, update: &Update<'_>, grace: GracePeriod) {
        let mut kept: usize = keys.values().map(Vec::len).sum();
        for (key_id, key) in self.keys.iter().flat_map(|(key_id, all)| all.iter().map(move |key| (key_id, key))) {
            let is_present = keys.get(key_id).is_some_and(|new| new.iter().any(|new| new.material == key.material));
            let missing_for = grace.omitted_for(key.missing_for);
            // Without a `kid`, a key cannot be distinguished from its successor.
            let has_grace = !grace.is_over(missing_for)
                && !key_id.is_empty()
                && !self.leaked.contains(&key.material.public)
                && !update.fetched.keys.leaked.contains(&key.material.public)
                && !update.settings.revoked.contains(&**key_id);
            if !is_present && has_grace && kept < MAX_KEYS {
                keys.entry(key_id.clone()).or_default().push(Arc::new(key.missing(missing_for)));
                kept += 1;
            }
        }
    }

    /// A notice if keys without a `cloud_instance_name` are no longer authorized, or are authorized again.
    fn cloud_rule_change(&self, demands_cloud: bool, keys: &KeyMap) -> Option<Notice> {
        let is_first = self.loaded_at.is_none();
        let without = keys.values().flatten().filter(|key| key.clouds.is_empty()).count();
        if is_first || demands_cloud == self.demands_cloud || without == 0 {
            return None;
        }
        let with_cloud = if demands_cloud { keys } else { &self.keys };
        let mut all = with_cloud.iter();
        let key_id = all.find(|(_, keys)| keys.iter().any(|key| !key.clouds.is_empty()));
        let key_id = key_id.map(|(key_id, _)| key_id.clone()).unwrap_or_default();
        Some(Notice::CloudRule { key_id, is_required: demands_cloud, without })
    }

    /// The name of the cloud after this document, and how long metadata has omitted it.
    fn next_cloud(&self, fetched: &Fetched, grace: GracePeriod) -> (Option<String>, Option<Duration>) {
        let found = fetched.v2.as_ref().or(fetched.v1.as_ref()).and_then(|metadata| metadata.cloud.clone());
        let is_known_without = self.spec.cloud().and_then(Cloud::instance_name).is_some();
        if found.is_some() || is_known_without || self.cloud.is_none() {
            return (found.or_else(|| self.cloud.clone()), None);
        }
        let omitted_for = grace.omitted_for(self.cloud_omitted_for);
        if grace.is_over(omitted_for) { (None, None) } else { (self.cloud.clone(), Some(omitted_for)) }
    }

    /// The tenant of the new document, which must be that of the old one: the tenant of a domain is pinned.
    fn next_tenant(&self, fetched: &Fetched) -> Result<Option<TenantId>, InvalidDocument> {
        if self.spec.is_shared() {
            return Ok(None);
        }
        let found = fetched.v2.as_ref().or(fetched.v1.as_ref()).and_then(ProviderMetadata::tenant);
        match (self.tenant, found) {
            (Some(pinned), Some(found)) if pinned != found => {
                let reason =
                    format!("it belongs to tenant {found}, and belonged to tenant {pinned}: the change is rejected");
                Err(InvalidDocument::new(reason))
            }
            (pinned, found) => Ok(pinned.or(found)),
        }
    }

    /// A key of the new document, with the constraints of earlier documents.
    fn next_key(&self, jwk: &Jwk, public: Arc<PublicKey>, grace: GracePeriod, notices: &mut Vec<Notice>) -> SigningKey {
        // The constraints apply even if the document has another algorithm for this public key now. Those of a missing entry
        // were included when its successor was published.
        let same = self.keys.get(&jwk.key_id).into_iter().flatten();
        let same: Vec<&Arc<SigningKey>> = same.filter(|key| key.material.public == jwk.material.public).collect();
        let are_all_missing = same.iter().all(|key| key.is_missing());
        let known: Vec<&Arc<SigningKey>> =
            same.into_iter().filter(|key| are_all_missing || !key.is_missing()).collect();
        let mut next = |member: &'static str, now: &Option<Box<str>>, of: fn(&SigningKey) -> &Constraints| {
            let before = Constraints::union(known.iter().map(|key| of(key)));
            let (next, change) = before.next(now.as_deref(), grace);
            if !known.is_empty() && change != Change::default() {
                notices.push(Notice::Changed { key_id: jwk.key_id.clone(), member, change });
            }
            next
        };
        let issuers = next("issuer", &jwk.issuer, |key| &key.issuers);
        let clouds = next("cloud_instance_name", &jwk.cloud, |key| &key.clouds);
        SigningKey {
            public,
            material: jwk.material.clone(),
            templates: issuers.texts().map(IssuerTemplate::parse).collect(),
            issuers,
            clouds,
            missing_for: None,
        }
    }

    /// The time since the last document, as far as it counts towards the grace period.
    fn counted_time(&self, update: &Update<'_>) -> Duration {
        let passed = update.at.saturating_sub(self.loaded_at.unwrap_or(update.at));
        // The time of the change during an outage is unknown.
        if update.outage { passed.min(update.settings.refresh_interval.saturating_mul(2)) } else { passed }
    }

    /// Whether there are keys, and they are not stale.
    pub(crate) fn is_usable(&self, at: Duration, settings: &KeySettings) -> bool {
        let is_fresh = |loaded_at| self.spec.is_static() || at.saturating_sub(loaded_at) <= settings.max_stale;
        !self.keys.is_empty() && self.loaded_at.is_some_and(is_fresh)
    }

    /// The usable keys with this `kid`. While refreshes are `failing`, the grace period does not run.
    pub(crate) fn find(
        &self,
        key_id: &str,
        at: Duration,
        failing: bool,
        settings: &KeySettings,
    ) -> impl Iterator<Item = &Arc<SigningKey>> {
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

    /// Whether `key` is authorized to sign tokens of `tenant` (`docs/entra.md`, "Signing key issuer" and "Signing key cloud").
    ///
    /// # Errors
    ///
    /// The reason, if it is not.
    pub(crate) fn check_authorized(&self, key: &SigningKey, tenant: Option<TenantId>) -> Result<(), KeyMismatch> {
        if !self.spec.is_shared() && self.tenant != tenant {
            return Err(KeyMismatch::OtherTenant);
        }
        if self.spec.is_shared() && key.issuers.is_empty() {
            return Err(KeyMismatch::SharedWithoutIssuer);
        }
        if key.issuers.are_too_many() || key.clouds.are_too_many() {
            return Err(KeyMismatch::TooManyChanges);
        }
        let mut issuers = key.issuers.texts().zip(&key.templates);
        if !issuers.all(|(text, template)| self.issuers.is_of_key(text, template.as_ref(), tenant)) {
            return Err(KeyMismatch::OtherIssuer);
        }
        if self.demands_cloud && key.clouds.is_empty() {
            return Err(KeyMismatch::WithoutCloud);
        }
        let is_same_cloud = |name: &str| self.cloud.as_deref().is_none_or(|cloud| cloud == name);
        if !key.clouds.texts().all(is_same_cloud) {
            return Err(KeyMismatch::OtherCloud);
        }
        Ok(())
    }

    /// Whether there is a usable key without `kid`.
    pub(crate) fn has_nameless_key(&self) -> bool {
        self.keys.contains_key("")
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

impl SigningKey {
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

    /// Whether the newest document omits the key.
    pub(crate) fn is_missing(&self) -> bool {
        self.missing_for.is_some()
    }
}
