use std::collections::HashMap;

use super::{
    KeySpec, MockKey, SigningAlgorithm,
    key_pair::{KeyKind, Pool},
};

/// The signing keys of a mock and the entries of its key sets.
#[derive(Debug)]
pub(super) struct KeyRing {
    pool: Pool,
    pub(super) published: Vec<KeySpec>,
    /// The key that signs tokens.
    pub(super) current: MockKey,
    /// Never published, one of each kind.
    wrong: HashMap<KeyKind, MockKey>,
    /// The number of pairs of the pool in use.
    pairs_in_use: HashMap<KeyKind, usize>,
}

impl KeyRing {
    /// One key, which signs and is published.
    pub(super) fn new(pool: Pool) -> Self {
        let current = MockKey::generate(pool, SigningAlgorithm::default(), 0);
        Self {
            pool,
            published: vec![KeySpec::new(&current)],
            current,
            wrong: HashMap::new(),
            pairs_in_use: HashMap::from([(KeyKind::default(), 1)]),
        }
    }

    /// A new key whose pair no other key of this mock has.
    pub(super) fn new_key(&mut self, algorithm: SigningAlgorithm) -> MockKey {
        let in_use = self.pairs_in_use.entry(algorithm.key_kind().unwrap_or_default()).or_default();
        let key = MockKey::generate(self.pool, algorithm, *in_use);
        *in_use += 1;
        key
    }

    /// The unpublished key that signs tokens with a [wrong key](super::TokenBuilder::wrong_key).
    pub(super) fn wrong_key(&mut self, algorithm: &SigningAlgorithm) -> MockKey {
        let kind = algorithm.key_kind().unwrap_or_default();
        if let Some(key) = self.wrong.get(&kind) {
            return key.clone();
        }
        let key = self.new_key(algorithm.clone());
        self.wrong.insert(kind, key.clone());
        key
    }
}
