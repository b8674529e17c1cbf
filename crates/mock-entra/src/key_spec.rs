use std::fmt::Display;

use serde_json::Value;

use super::MockKey;
use tower_entra::tenant::TenantId;

/// Where a key is published, and what its entry says.
///
/// By default in every key set, with the `issuer`, `cloud_instance_name`, `alg` and `x5t` that keys have there. To be handed to
/// [`MockEntra::publish`](super::MockEntra::publish).
#[derive(Clone, Debug)]
pub struct KeySpec {
    entry: Value,
    /// What `alg` says where entries have it; `None` for an entry that is to be as it is written.
    algorithm: Option<&'static str>,
    place: Place,
    app: Option<String>,
    issuer: Member,
    cloud_instance_name: Member,
    overrides: Vec<(String, Option<Value>)>,
}

#[derive(Clone, Debug)]
enum Place {
    Everywhere,
    Shared,
    Tenant(String),
}

#[derive(Clone, Debug)]
enum Member {
    Usual,
    Absent,
    Text(String),
}

impl Member {
    fn value(&self, usual: Option<&str>) -> Option<Value> {
        match self {
            Self::Usual => usual.map(Value::from),
            Self::Absent => None,
            Self::Text(text) => Some(text.as_str().into()),
        }
    }
}

/// The key set into which an entry is to be put.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    /// The tenant whose own set it is; `None` for a shared one.
    pub(super) tenant: Option<TenantId>,
    /// The `appid` of the query.
    pub(super) app: Option<String>,
    /// The `issuer` its keys have, `None` in sets whose keys have none.
    pub(super) issuer: Option<String>,
    /// The `cloud_instance_name` its keys have. It counts in sets whose keys have an `issuer`.
    pub(super) cloud_instance_name: Option<String>,
    /// Whether its keys have `x5t`.
    pub(super) x5t: bool,
    /// Whether its keys have `alg`.
    pub(super) alg: bool,
}

impl KeySpec {
    /// The usual entry of `key`.
    #[must_use]
    pub fn new(key: &MockKey) -> Self {
        Self { algorithm: Some(key.algorithm().name()), ..Self::of(key.jwk()) }
    }

    /// An entry exactly as it is written here, without `issuer` or anything else added; for keys that are broken or of
    /// another kind. It need not even be an object.
    pub fn raw(entry: impl Into<Value>) -> Self {
        Self { issuer: Member::Absent, cloud_instance_name: Member::Absent, ..Self::of(entry.into()) }
    }

    fn of(entry: Value) -> Self {
        Self {
            entry,
            algorithm: None,
            place: Place::Everywhere,
            app: None,
            issuer: Member::Usual,
            cloud_instance_name: Member::Usual,
            overrides: Vec::new(),
        }
    }

    /// Only in this tenant's own key sets.
    #[must_use]
    pub fn only_in(mut self, tenant: impl Display) -> Self {
        self.place = Place::Tenant(tenant.to_string().to_ascii_lowercase());
        self
    }

    /// Only in the shared key sets, `common` and `organizations`.
    #[must_use]
    pub fn only_shared(mut self) -> Self {
        self.place = Place::Shared;
        self
    }

    /// Only where the query has `?appid=` with this application ([application-specific signing
    /// keys](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#application-specific-signing-keys)).
    #[must_use]
    pub fn for_app(mut self, client_id: impl Into<String>) -> Self {
        self.app = Some(client_id.into());
        self
    }

    /// With this `issuer` (`{tenantid}` may be in it) wherever it is published in a v2 set.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Member::Text(issuer.into());
        self
    }

    /// Without `issuer`.
    #[must_use]
    pub fn without_issuer(mut self) -> Self {
        self.issuer = Member::Absent;
        self
    }

    /// With this `cloud_instance_name`, as the US Government's keys have in the public set ([signing
    /// keys](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#signing-keys-jwks)).
    #[must_use]
    pub fn cloud_instance_name(mut self, name: impl Into<String>) -> Self {
        self.cloud_instance_name = Member::Text(name.into());
        self
    }

    /// Without `cloud_instance_name`.
    #[must_use]
    pub fn without_cloud_instance_name(mut self) -> Self {
        self.cloud_instance_name = Member::Absent;
        self
    }

    /// With this member, over any that would be there.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.overrides.push((name.into(), Some(value.into())));
        self
    }

    /// Without this member.
    #[must_use]
    pub fn without_member(mut self, name: impl Into<String>) -> Self {
        self.overrides.push((name.into(), None));
        self
    }

    /// The `kid` of the entry, if it has one.
    pub(super) fn kid(&self) -> Option<&str> {
        let overridden = self.overrides.iter().rev().find(|(name, _)| name == "kid");
        overridden.map_or_else(|| self.entry.get("kid"), |(_, value)| value.as_ref()).and_then(Value::as_str)
    }

    /// The entry in `set`, if it belongs there.
    pub(super) fn entry(&self, set: &KeySet) -> Option<Value> {
        let here = match &self.place {
            Place::Everywhere => true,
            Place::Shared => set.tenant.is_none(),
            Place::Tenant(only) => set.tenant.is_some_and(|tenant| tenant.to_string() == *only),
        };
        let asked_for = self.app.is_none() || self.app == set.app;
        if !(here && asked_for) {
            return None;
        }
        let Value::Object(mut entry) = self.entry.clone() else {
            return Some(self.entry.clone());
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
            entry.extend(self.issuer.value(set.issuer.as_deref()).map(|issuer| ("issuer".into(), issuer)));
            let name = self.cloud_instance_name.value(set.cloud_instance_name.as_deref());
            entry.extend(name.map(|name| ("cloud_instance_name".into(), name)));
        }
        for (name, value) in &self.overrides {
            match value {
                Some(value) => entry.insert(name.clone(), value.clone()),
                None => entry.remove(name),
            };
        }
        Some(entry.into())
    }
}
