use std::fmt::Display;

use serde_json::Value;

use super::{MockKey, overrides::Overrides};
use tower_entra::tenant::TenantId;

/// A key to publish: its JWK, and the key sets that contain it.
///
/// By default it is in every key set, with the `issuer`, `cloud_instance_name`, `alg` and `x5t` of the other keys there.
/// [`MockEntra::publish`](super::MockEntra::publish) publishes it.
///
/// ```
/// use mock_entra::{KeySpec, MockEntra};
///
/// let entra = MockEntra::new();
/// let key = entra.new_key();
/// entra.publish(KeySpec::new(&key).only_in(MockEntra::OTHER_TENANT).without_issuer());
/// entra.publish(KeySpec::raw("not an object"));
/// ```
#[derive(Clone, Debug)]
pub struct KeySpec {
    jwk: Value,
    /// The `alg` in key sets that have it. `None` for a raw entry.
    algorithm: Option<&'static str>,
    sets: Sets,
    app: Option<String>,
    issuer: Member,
    cloud_instance_name: Member,
    overrides: Overrides,
}

/// The key sets that contain a key.
#[derive(Clone, Debug)]
enum Sets {
    All,
    Shared,
    OfTenant(String),
}

/// A member whose default value depends on the key set.
#[derive(Clone, Debug)]
enum Member {
    Default,
    Absent,
    Value(String),
}

impl Member {
    fn or_default(&self, default: Option<&str>) -> Option<Value> {
        match self {
            Self::Default => default.map(Value::from),
            Self::Absent => None,
            Self::Value(value) => Some(value.as_str().into()),
        }
    }
}

/// A key set and the format of its entries.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    /// The tenant of the key set. `None` if it is shared.
    pub(super) tenant: Option<TenantId>,
    /// The `appid` parameter of the query.
    pub(super) app: Option<String>,
    /// The `issuer` of the keys, if they have one.
    pub(super) issuer: Option<String>,
    /// The `cloud_instance_name` of the keys. Ignored if they have no `issuer`.
    pub(super) cloud_instance_name: Option<String>,
    /// Whether the keys have `x5t`.
    pub(super) x5t: bool,
    /// Whether the keys have `alg`.
    pub(super) alg: bool,
}

impl KeySpec {
    /// The default entry of `key`.
    #[must_use]
    pub fn new(key: &MockKey) -> Self {
        Self { algorithm: Some(key.algorithm().name()), ..Self::from_jwk(key.jwk()) }
    }

    /// Exactly this entry, without additions such as `issuer`, for malformed keys and other key types. It does not have to
    /// be an object.
    #[must_use]
    pub fn raw(entry: impl Into<Value>) -> Self {
        Self { issuer: Member::Absent, cloud_instance_name: Member::Absent, ..Self::from_jwk(entry.into()) }
    }

    fn from_jwk(jwk: Value) -> Self {
        Self {
            jwk,
            algorithm: None,
            sets: Sets::All,
            app: None,
            issuer: Member::Default,
            cloud_instance_name: Member::Default,
            overrides: Overrides::default(),
        }
    }

    /// Publishes it only in the key sets of this tenant.
    #[must_use]
    pub fn only_in(mut self, tenant: impl Display) -> Self {
        self.sets = Sets::OfTenant(tenant.to_string().to_ascii_lowercase());
        self
    }

    /// Publishes it only in the shared key sets, `common` and `organizations`.
    #[must_use]
    pub fn only_shared(mut self) -> Self {
        self.sets = Sets::Shared;
        self
    }

    /// Publishes it only in responses to `?appid={client_id}` ([application-specific signing
    /// keys](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#application-specific-signing-keys)).
    #[must_use]
    pub fn for_app(mut self, client_id: impl Into<String>) -> Self {
        self.app = Some(client_id.into());
        self
    }

    /// Sets the `issuer` of its entries in v2 key sets. It may contain `{tenantid}`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Member::Value(issuer.into());
        self
    }

    /// Omits the `issuer`.
    #[must_use]
    pub fn without_issuer(mut self) -> Self {
        self.issuer = Member::Absent;
        self
    }

    /// Sets the `cloud_instance_name`, which differs for keys of the US Government cloud in the public key set ([signing
    /// keys](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#signing-keys-jwks)).
    #[must_use]
    pub fn cloud_instance_name(mut self, name: impl Into<String>) -> Self {
        self.cloud_instance_name = Member::Value(name.into());
        self
    }

    /// Omits the `cloud_instance_name`.
    #[must_use]
    pub fn without_cloud_instance_name(mut self) -> Self {
        self.cloud_instance_name = Member::Absent;
        self
    }

    /// Sets a member, replacing any default value.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.overrides.set(name, value);
        self
    }

    /// Omits a member.
    #[must_use]
    pub fn without_member(mut self, name: impl Into<String>) -> Self {
        self.overrides.remove(name);
        self
    }

    /// The `kid` of its entries.
    pub(super) fn kid(&self) -> Option<&str> {
        self.overrides.value_in(&self.jwk, "kid").and_then(Value::as_str)
    }

    /// Its entry in `set`, if it is published there.
    pub(super) fn entry(&self, set: &KeySet) -> Option<Value> {
        let is_in_set = match &self.sets {
            Sets::All => true,
            Sets::Shared => set.tenant.is_none(),
            Sets::OfTenant(only) => set.tenant.is_some_and(|tenant| tenant.to_string() == *only),
        };
        let is_for_app = self.app.is_none() || self.app == set.app;
        if !(is_in_set && is_for_app) {
            return None;
        }
        let Value::Object(mut entry) = self.jwk.clone() else {
            return Some(self.jwk.clone());
        };
        if let Some(algorithm) = self.algorithm {
            if set.alg {
                entry.insert("alg".into(), algorithm.into());
            }
            if !set.x5t {
                entry.remove("x5t");
            }
        }
        if set.issuer.is_some() {
            entry.extend(self.issuer.or_default(set.issuer.as_deref()).map(|issuer| ("issuer".into(), issuer)));
            let name = self.cloud_instance_name.or_default(set.cloud_instance_name.as_deref());
            entry.extend(name.map(|name| ("cloud_instance_name".into(), name)));
        }
        self.overrides.apply(&mut entry);
        Some(entry.into())
    }
}
