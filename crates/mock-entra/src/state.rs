use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;

use super::{
    Fault, KeySpec, MockKey, SigningAlgorithm, answer::Answer, clock::error_timestamp, facts::Version, pair::KeyKind,
    site::Site,
};
use tower_entra::{clock::{Clock, SystemClock}, tenant::TenantId};

/// Everything that can change about a mock, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) site: Site,
    pub(super) tenants: BTreeSet<TenantId>,
    pub(super) domains: BTreeMap<String, TenantId>,
    /// The policies of B2C in their own letter case; tokens are issued by the first one.
    pub(super) policies: Vec<String>,
    /// Whether the policy is in B2C's issuers.
    pub(super) tfp_issuer: bool,
    pub(super) cloud_instance_name: Option<String>,
    pub(super) published: Vec<KeySpec>,
    pub(super) current: MockKey,
    wrong: HashMap<KeyKind, MockKey>,
    pairs_taken: HashMap<KeyKind, usize>,
    tokens: u64,
    pub(super) has_v1: bool,
    pub(super) has_v2: bool,
    pub(super) metadata: Vec<(String, Option<Value>)>,
    pub(super) replaced: HashMap<String, Bytes>,
    pub(super) etags: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) requested: Vec<String>,
    pub(super) clients: HashMap<String, Client>,
    pub(super) apis: HashMap<String, Api>,
    /// Additional host names it may be served at.
    pub(super) allowed_hosts: Vec<String>,
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) everywhere: Fault,
    /// For addresses that contain this string.
    pub(super) at: Vec<(String, Fault)>,
    /// For the next requests, before all others.
    pub(super) next: (usize, Fault),
}

/// A client application that may ask for tokens.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// `None`: any secret is accepted.
    pub(super) secret: Option<String>,
    pub(super) roles: Vec<String>,
}

/// A registered API.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) version: Version,
    pub(super) audience: String,
}

impl State {
    pub(super) fn new(site: Site) -> Self {
        let current = MockKey::fresh(site.pool, SigningAlgorithm::default(), 0);
        Self {
            site,
            tenants: BTreeSet::new(),
            domains: BTreeMap::new(),
            policies: Vec::new(),
            tfp_issuer: false,
            cloud_instance_name: None,
            published: vec![KeySpec::new(&current)],
            current,
            wrong: HashMap::new(),
            pairs_taken: HashMap::from([(KeyKind::default(), 1)]),
            tokens: 0,
            has_v1: true,
            has_v2: true,
            metadata: Vec::new(),
            replaced: HashMap::new(),
            etags: false,
            max_age: None,
            clock: Arc::new(SystemClock::default()),
            faults: Faults::default(),
            requested: Vec::new(),
            clients: HashMap::new(),
            apis: HashMap::new(),
            allowed_hosts: Vec::new(),
        }
    }

    /// A key with a pair that no other key of this mock has.
    pub(super) fn new_key(&mut self, algorithm: SigningAlgorithm) -> MockKey {
        let taken = self.pairs_taken.entry(algorithm.key_kind().unwrap_or_default()).or_default();
        let key = MockKey::fresh(self.site.pool, algorithm, *taken);
        *taken += 1;
        key
    }

    /// The key of [`wrong_key`](super::TokenBuilder::wrong_key) for this algorithm, which is never published.
    pub(super) fn wrong_key(&mut self, algorithm: &SigningAlgorithm) -> MockKey {
        let kind = algorithm.key_kind().unwrap_or_default();
        if let Some(key) = self.wrong.get(&kind) {
            return key.clone();
        }
        let key = self.new_key(algorithm.clone());
        self.wrong.insert(kind, key.clone());
        key
    }

    /// The number of the next token.
    pub(super) fn next_token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// The response with a document: with an `ETag` and a `max-age` if they are switched on.
    pub(super) fn document(&self, body: Bytes, if_none_match: Option<&str>) -> Answer {
        Answer::document(body, self.etags, self.max_age, if_none_match)
    }

    /// The response with an error in Entra's form, dated by the clock.
    pub(super) fn error(&self, status: u16, error: &str, number: u32, text: &str) -> Answer {
        let timestamp = error_timestamp(self.clock.now());
        Answer::error(&self.site.base, &timestamp, status, error, number, text)
    }

    /// The known tenant that this id or domain names.
    pub(super) fn tenant(&self, name: &str) -> Option<TenantId> {
        let by_id = name.parse().ok().filter(|id| self.tenants.contains(id));
        by_id.or_else(|| self.domains.get(&name.to_ascii_lowercase()).copied())
    }
}

impl Faults {
    /// The fault for the current request for `url`.
    pub(super) fn take(&mut self, url: &str) -> Fault {
        let (left, fault) = &mut self.next;
        if *left > 0 {
            *left -= 1;
            return fault.clone();
        }
        let special = self.at.iter().rev().find(|(part, _)| url.contains(part.as_str()));
        special.map_or_else(|| self.everywhere.clone(), |(_, fault)| fault.clone())
    }
}
