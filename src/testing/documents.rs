use bytes::Bytes;
use serde_json::{Value, json};

use super::{answer::Answer, provider::Found, state::State};

impl State {
    /// The document at `path`, or the error that stands there instead.
    pub(super) fn body_at(&self, path: &str, query: &str, no_keys: bool) -> Result<Bytes, Box<Answer>> {
        if let Some(body) = self.replaced.get(path) {
            return Ok(body.clone());
        }
        let body = match self.provider.find(self, path, query)? {
            Found::Metadata(mut document) => {
                for (name, value) in &self.metadata {
                    match value {
                        Some(value) => document.insert(name.clone(), value.clone()),
                        None => document.remove(name),
                    };
                }
                document.into()
            }
            Found::Keys(_) if no_keys => json!({ "keys": [] }),
            Found::Keys(set) => {
                let keys: Vec<Value> = self.published.iter().filter_map(|spec| spec.entry(&set)).collect();
                json!({ "keys": keys })
            }
            Found::Other(value) => value,
        };
        Ok(body.to_string().into())
    }
}

/// The value of `name` in a query or a form (`application/x-www-form-urlencoded`).
pub(super) fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find_map(|(key, value)| {
        let found = form_decoded(key).is_some_and(|key| key == name);
        if found { form_decoded(value) } else { None }
    })
}

/// A text of a form without its `+` and `%`; `None` where these are wrong.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
