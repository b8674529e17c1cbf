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
