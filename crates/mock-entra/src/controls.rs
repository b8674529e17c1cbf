use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;

use super::{
    Fault, KeySpec, MockEntra, MockKey, SigningAlgorithm,
    state::{Api, Client},
    token_spec::Version,
};
use tower_entra::clock::Clock;

/// Keys.
impl MockEntra {
    /// The key that signs tokens.
    #[must_use]
    pub fn current_key(&self) -> MockKey {
        self.lock().current.clone()
    }

    /// The id of the key that signs tokens.
    #[must_use]
    pub fn current_kid(&self) -> String {
        self.current_key().kid().to_owned()
    }

    /// Signs with a new key from now on. It is published, and the old ones still are.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it changes")]
    pub fn rotate(&self) -> MockKey {
        self.rotate_to(self.current_key().algorithm().clone())
    }

    /// Signs with a new key for this algorithm from now on: of RSA, on a curve, or of Ed25519, as it needs. It is
    /// published, and the old ones still are.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it changes")]
    pub fn rotate_to(&self, algorithm: SigningAlgorithm) -> MockKey {
        let key = self.new_key_for(algorithm);
        self.publish(KeySpec::new(&key));
        self.sign_with(&key);
        key
    }

    /// Signs with this key from now on, published or not.
    pub fn sign_with(&self, key: &MockKey) {
        self.lock().current = key.clone();
    }

    /// Publishes a new key. Tokens are signed as before.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it changes")]
    pub fn add_key(&self) -> MockKey {
        let key = self.new_key();
        self.publish(KeySpec::new(&key));
        key
    }

    /// A key that is published nowhere, with a pair that no other key of this look-alike has. It is for the algorithm of
    /// the current one.
    #[must_use]
    pub fn new_key(&self) -> MockKey {
        self.new_key_for(self.current_key().algorithm().clone())
    }

    /// The same for this algorithm.
    #[must_use]
    pub fn new_key_for(&self, algorithm: SigningAlgorithm) -> MockKey {
        self.lock().new_key(algorithm)
    }

    /// Publishes a key as the specification says, besides all that are published already.
    pub fn publish(&self, spec: KeySpec) {
        self.lock().published.push(spec);
    }

    /// Takes all entries of this key id out of all key sets; whether there was one. If it was the current key, it still
    /// signs, as Entra does when a key is missing for some hours ([keys that disappear and
    /// return](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#keys-that-disappear-and-return)).
    pub fn drop_key(&self, kid: impl AsRef<str>) -> bool {
        let mut state = self.lock();
        let before = state.published.len();
        state.published.retain(|spec| spec.kid() != Some(kid.as_ref()));
        state.published.len() < before
    }

    /// Takes all keys out of all key sets.
    pub fn drop_all_keys(&self) {
        self.lock().published.clear();
    }
}

/// Documents.
impl MockEntra {
    /// Whether there are v1 documents.
    pub fn set_v1_documents(&self, present: bool) {
        self.lock().has_v1 = present;
    }

    /// Whether there are v2 documents.
    pub fn set_v2_documents(&self, present: bool) {
        self.lock().has_v2 = present;
    }

    /// The `cloud_instance_name` in metadata and keys; `None` for none.
    pub fn set_cloud_instance_name(&self, name: Option<&str>) {
        self.lock().cloud_instance_name = name.map(str::to_owned);
    }

    /// Puts a member into all metadata documents, over any that is there; `None` leaves it out.
    pub fn set_metadata(&self, name: impl Into<String>, value: Option<Value>) {
        self.lock().metadata.push((name.into(), value));
    }

    /// Answers this body at this path (`/common/discovery/v2.0/keys`, without the query), whatever would be there.
    pub fn replace_document(&self, path: impl Into<String>, body: impl Into<Bytes>) {
        self.lock().replaced.insert(path.into(), body.into());
    }

    /// Takes back [`replace_document`](Self::replace_document).
    pub fn restore_document(&self, path: impl AsRef<str>) {
        self.lock().replaced.remove(path.as_ref());
    }

    /// Whether documents have an `ETag`, and are answered with 304 to who has them. By default they have none.
    pub fn set_etags(&self, present: bool) {
        self.lock().etags = present;
    }

    /// The `max-age` of documents; `None`, the default, for none.
    pub fn set_max_age(&self, max_age: Option<Duration>) {
        self.lock().max_age = max_age;
    }

    /// The clock by which tokens and answers are dated; by default that of the machine.
    pub fn set_clock(&self, clock: impl Clock) {
        self.lock().clock = Arc::new(clock);
    }
}

/// Who may ask for tokens, and for what.
impl MockEntra {
    /// Registers a client application with its secret and the app roles it was given. One that is there already is
    /// replaced.
    pub fn register_app<R: Into<String>>(
        &self,
        client_id: impl Into<String>,
        secret: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) {
        let roles = roles.into_iter().map(Into::into).collect();
        let client_id = client_id.into().to_ascii_lowercase();
        self.lock().clients.insert(client_id, Client { secret: Some(secret.into()), roles });
    }

    /// Registers an API under its App ID URI (`api://files.example`) with its client id. It gets v2 tokens, whose audience
    /// is the client id. An API whose URI is `api://` and its client id needs no registration.
    pub fn register_api(&self, app_id_uri: impl Into<String>, client_id: impl Into<String>) {
        let api = Api { version: Version::V2, audience: client_id.into() };
        self.lock().apis.insert(app_id_uri.into(), api);
    }

    /// Registers an API that gets v1 tokens, whose audience is the App ID URI ([token
    /// versions](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#token-versions)).
    pub fn register_v1_api(&self, app_id_uri: impl Into<String>) {
        let app_id_uri = app_id_uri.into();
        self.lock().apis.insert(app_id_uri.clone(), Api { version: Version::V1, audience: app_id_uri });
    }
}

/// Faults, and what was asked.
impl MockEntra {
    /// What goes wrong from now on; [`Fault::None`] mends it.
    pub fn set_fault(&self, fault: Fault) {
        self.lock().faults.everywhere = fault;
    }

    /// What goes wrong from now on at addresses that contain `part`, instead of what goes wrong elsewhere. The last one
    /// that was set for an address counts.
    pub fn set_fault_at(&self, part: impl Into<String>, fault: Fault) {
        self.lock().faults.at.push((part.into(), fault));
    }

    /// The next `requests` are [`Fault::Down`].
    pub fn fail_next(&self, requests: usize) {
        self.fail_next_with(requests, Fault::Down);
    }

    /// The next `requests` have this fault.
    pub fn fail_next_with(&self, requests: usize, fault: Fault) {
        self.lock().faults.next = (requests, fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.lock().faults = super::state::Faults::default();
    }

    /// How many requests came, those that failed too.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.lock().requested.len()
    }

    /// How many requests came for addresses that contain `part`, such as `/discovery/v2.0/keys`.
    #[must_use]
    pub fn fetches_of(&self, part: impl AsRef<str>) -> usize {
        self.lock().requested.iter().filter(|url| url.contains(part.as_ref())).count()
    }

    /// The addresses that were asked, in their order.
    #[must_use]
    pub fn requested(&self) -> Vec<String> {
        self.lock().requested.clone()
    }

    /// Forgets what was asked.
    pub fn reset_fetches(&self) {
        self.lock().requested.clear();
    }
}
