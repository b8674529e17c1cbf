use serde_json::{Map, Value};

/// Members to set or to remove in a JSON object, applied in the order of the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides(Vec<(String, Option<Value>)>);

impl Overrides {
    /// Sets the member, or removes it if `value` is `None`.
    pub(super) fn put(&mut self, name: impl Into<String>, value: Option<Value>) {
        self.0.push((name.into(), value));
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.put(name, Some(value.into()));
    }

    pub(super) fn remove(&mut self, name: impl Into<String>) {
        self.put(name, None);
    }

    /// The value of the member in `object` after the overrides.
    pub(super) fn value_in<'a>(&'a self, object: &'a Value, name: &str) -> Option<&'a Value> {
        let overridden = self.0.iter().rev().find(|(changed, _)| changed == name);
        overridden.map_or_else(|| object.get(name), |(_, value)| value.as_ref())
    }

    pub(super) fn apply(&self, object: &mut Map<String, Value>) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => object.insert(name.clone(), value.clone()),
                None => object.remove(name),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_last_override_of_a_member_wins() {
        let mut object = json!({ "kept": 1, "kid": "original", "removed": 1 });
        let mut overrides = Overrides::default();
        overrides.remove("kid");
        overrides.set("kid", "first");
        overrides.set("kid", "last");
        overrides.set("removed", 2);
        overrides.remove("removed");
        assert_eq!(overrides.value_in(&object, "kid"), Some(&json!("last")));
        assert_eq!(overrides.value_in(&object, "kept"), Some(&json!(1)));
        assert_eq!(overrides.value_in(&object, "removed"), None);
        overrides.apply(object.as_object_mut().unwrap());
        assert_eq!(object, json!({ "kept": 1, "kid": "last" }));
    }
}
