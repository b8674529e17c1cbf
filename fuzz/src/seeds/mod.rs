//! Inputs from which fuzzing starts: one for each form that is accepted, and for each error that can be written by hand.

mod configuration;
mod header;
mod key_set;
mod metadata;
mod policy;
mod token;

pub use configuration::SETTINGS;
use serde_json::Value;

type Seeds = Vec<Vec<u8>>;

pub fn all() -> [(&'static str, Seeds); 6] {
    [
        ("token", token::all()),
        ("header", header::all()),
        ("key_set", key_set::all()),
        ("metadata", metadata::all()),
        ("configuration", configuration::all()),
        ("policy", policy::all()),
    ]
}

fn bytes(texts: impl IntoIterator<Item = impl Into<String>>) -> Seeds {
    texts.into_iter().map(|text| text.into().into_bytes()).collect()
}

/// The value with these members replaced; `null` removes one.
fn with(mut value: Value, changes: Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            _ => value[name] = change.clone(),
        }
    }
    value
}
