use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;

use super::{
    Fault, KeySpec, MockKey,
    key::Pool,
    site::{Owner, Site, Version},
};
use crate::{
    clock::{Clock, SystemClock},
    tenant::TenantId,
};

/// What can be changed about a look-alike, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) site: Site,
    pub(super) tenants: BTreeSet<TenantId>,
    pub(super) domains: BTreeMap<String, TenantId>,
    pub(super) published: Vec<KeySpec>,
    pub(super) current: MockKey,
    wrong: Option<MockKey>,
    pairs_taken: usize,
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
}

/// What is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) everywhere: Fault,
    /// Addresses that contain the text.
    pub(super) at: Vec<(String, Fault)>,
    /// The next requests, before anything else.
    pub(super) next: (usize, Fault),
}

/// A client application that may ask for tokens.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// `None`: any will do.
    pub(super) secret: Option<String>,
    pub(super) roles: Vec<String>,
}

/// An API under a name of its own.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) version: Version,
    pub(super) audience: String,
}

impl State {
    pub(super) fn new(site: Site, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let current = MockKey::fresh(site.cloud, 0);
        Self {
            has_v1: site.has_v1,
            site,
            tenants: tenants.into_iter().collect(),
            domains: BTreeMap::new(),
            published: vec![KeySpec::new(&current)],
            current,
            wrong: None,
            pairs_taken: 1,
            tokens: 0,
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
        }
    }

    /// A key with a pair that no other key of this look-alike has.
    pub(super) fn new_key(&mut self) -> MockKey {
        let pool: Pool = self.site.cloud;
        let key = MockKey::fresh(pool, self.pairs_taken);
        self.pairs_taken += 1;
        key
    }

    /// The key of [`wrong_key`](super::TokenBuilder::wrong_key): it is never published.
    pub(super) fn wrong_key(&mut self) -> MockKey {
        if let Some(key) = &self.wrong {
            return key.clone();
        }
        let key = self.new_key();
        self.wrong.insert(key).clone()
    }

    /// The number of a token that is about to be described.
    pub(super) fn next_token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// The owner that the first segment of a path names, if there is one.
    pub(super) fn owner(&self, segment: &str) -> Option<Owner> {
        match segment {
            "common" | "organizations" => return Some(Owner::shared(segment)),
            "consumers" => return Some(Owner::tenant(TenantId::PERSONAL_ACCOUNTS)),
            _ => {}
        }
        let by_id = segment.parse().ok().filter(|id| self.tenants.contains(id) || *id == TenantId::PERSONAL_ACCOUNTS);
        let tenant = by_id.or_else(|| self.domains.get(&segment.to_ascii_lowercase()).copied());
        tenant.map(Owner::tenant)
    }
}

impl Faults {
    /// What is to happen to the request for `url` that comes now.
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
