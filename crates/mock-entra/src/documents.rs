use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{
    Fault, MockEntra,
    answer::{Answer, Question},
    provider::{Found, Provider},
    state::State,
};

impl MockEntra {
    /// The response to one request; of `fault` only what changes the response. Delays and broken connections are the
    /// caller's.
    pub(super) fn answer(&self, question: &Question<'_>, fault: &Fault) -> Answer {
        let (path, query) = question.target.split_once('?').unwrap_or((question.target, ""));
        let answer = self.issue(question, path);
        let answer = answer.unwrap_or_else(|| self.document(question, path, query, *fault == Fault::EmptyKeySet));
        answer.after(fault)
    }

    fn document(&self, question: &Question<'_>, path: &str, query: &str, no_keys: bool) -> Answer {
        let (provider, state) = (self.provider(), self.lock());
        if question.method != Method::GET && question.method != Method::HEAD {
            return state.error(405, "invalid_request", 900_561, "The endpoint only accepts GET requests.");
        }
        match body_at(&*provider, &state, path, query, no_keys) {
            Ok(body) => state.document(body, question.if_none_match),
            Err(answer) => *answer,
        }
    }
}

/// The document at `path`, or an error response.
fn body_at(
    provider: &dyn Provider,
    state: &State,
    path: &str,
    query: &str,
    no_keys: bool,
) -> Result<Bytes, Box<Answer>> {
    if let Some(body) = state.replaced.get(path) {
        return Ok(body.clone());
    }
    let body = match provider.find(state, path, query)? {
        Found::Metadata(mut document) => {
            for (name, value) in &state.metadata {
                match value {
                    Some(value) => document.insert(name.clone(), value.clone()),
                    None => document.remove(name),
                };
            }
            document.into()
        }
        Found::Keys(_) if no_keys => json!({ "keys": [] }),
        Found::Keys(set) => {
            let keys: Vec<Value> = state.published.iter().filter_map(|spec| spec.entry(&set)).collect();
            json!({ "keys": keys })
        }
        Found::Other(value) => value,
    };
    Ok(body.to_string().into())
}
