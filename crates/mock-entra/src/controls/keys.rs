use crate::{KeySpec, MockEntra, MockKey, SigningAlgorithm};

/// Signing keys.
impl MockEntra {
    /// The key that signs tokens.
    #[must_use]
    pub fn current_key(&self) -> MockKey {
        self.lock().keys.current.clone()
    }

    /// The key id of the key that signs tokens.
    #[must_use]
    pub fn current_kid(&self) -> String {
        self.current_key().kid().to_owned()
    }

    /// Publishes a new key and signs with it from now on. The previous keys stay published.
    #[expect(clippy::must_use_candidate, reason = "called for its side effect")]
    pub fn rotate(&self) -> MockKey {
        self.rotate_to(self.current_key().algorithm().clone())
    }

    /// Like [`rotate`](Self::rotate), with a new key for `algorithm`: RSA, ECDSA or Ed25519.
    #[expect(clippy::must_use_candidate, reason = "called for its side effect")]
    pub fn rotate_to(&self, algorithm: SigningAlgorithm) -> MockKey {
        let key = self.new_key_for(algorithm);
        self.publish(KeySpec::new(&key));
        self.sign_with(&key);
        key
    }

    /// Signs with `key` from now on, whether it is published or not.
    pub fn sign_with(&self, key: &MockKey) {
        self.lock().keys.current = key.clone();
    }

    /// Publishes a new key. The key that signs tokens stays the same.
    #[expect(clippy::must_use_candidate, reason = "called for its side effect")]
    pub fn add_key(&self) -> MockKey {
        let key = self.new_key();
        self.publish(KeySpec::new(&key));
        key
    }

    /// An unpublished key for the algorithm of the current key. No other key of this mock has the same key pair.
    #[must_use]
    pub fn new_key(&self) -> MockKey {
        self.new_key_for(self.current_key().algorithm().clone())
    }

    /// Like [`new_key`](Self::new_key), for `algorithm`.
    #[must_use]
    pub fn new_key_for(&self, algorithm: SigningAlgorithm) -> MockKey {
        self.lock().keys.new_key(algorithm)
    }

    /// Publishes a key as `spec` describes, in addition to the keys that are already published.
    pub fn publish(&self, spec: KeySpec) {
        self.lock().keys.published.push(spec);
    }

    /// Removes all entries with this key id from all key sets. Returns whether there were any.
    ///
    /// The current key continues to sign, as with Entra when a key is missing for some hours ([keys that disappear and
    /// return](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#keys-that-disappear-and-return)).
    pub fn drop_key(&self, kid: impl AsRef<str>) -> bool {
        let published = &mut self.lock().keys.published;
        let before = published.len();
        published.retain(|spec| spec.kid() != Some(kid.as_ref()));
        published.len() < before
    }

    /// Removes all keys from all key sets.
    pub fn drop_all_keys(&self) {
        self.lock().keys.published.clear();
    }
}
