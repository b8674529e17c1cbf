//! Dispatches requests to the documents of the provider and to the token endpoint.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{
    Fault, MockEntra,
    message::{MockRequest, MockResponse},
    provider::{Document, Provider},
    state::State,
};

impl MockEntra {
    /// The response to a request, with the faults that change the response itself. The caller applies delays and broken
    /// connections.
    pub(super) fn respond(&self, request: &MockRequest<'_>, fault: &Fault) -> MockResponse {
        let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
        self.token_response(request, path)
            .unwrap_or_else(|| self.document_response(request, path, query, *fault == Fault::EmptyKeySet))
            .with_fault(fault)
    }

    fn document_response(
        &self,
        request: &MockRequest<'_>,
        path: &str,
        query: &str,
        without_keys: bool,
    ) -> MockResponse {
        let (provider, state) = (self.provider(), self.lock());
        if request.method != Method::GET && request.method != Method::HEAD {
            return state.error(405, "invalid_request", 900_561, "The endpoint only accepts GET requests.");
        }
        match document_body(&*provider, &state, path, query, without_keys) {
            Ok(body) => state.documents.response(body, request.if_none_match),
            Err(response) => *response,
        }
    }
}

/// The document at `path`, or an error response.
fn document_body(
    provider: &dyn Provider,
    state: &State,
    path: &str,
    query: &str,
    without_keys: bool,
) -> Result<Bytes, Box<MockResponse>> {
    if let Some(body) = state.documents.replaced.get(path) {
        return Ok(body.clone());
    }
    let body = match provider.document(state, path, query)? {
        Document::Metadata(mut metadata) => {
            state.documents.metadata.apply(&mut metadata);
            metadata.into()
        }
        Document::Keys(_) if without_keys => json!({ "keys": [] }),
        Document::Keys(set) => {
            let keys: Vec<Value> = state.keys.published.iter().filter_map(|spec| spec.entry(&set)).collect();
            json!({ "keys": keys })
        }
        Document::Other(value) => value,
    };
    Ok(body.to_string().into())
}
