//! One refresh: it fetches metadata, then keys. The schedule is in `document.rs`.

use std::{fmt, sync::Arc, time::SystemTime};

use super::{
    KeySettings,
    discovery::{MetadataError, ProviderMetadata},
    snapshot::Fetched,
    stats::{Counters, Event},
};
use crate::{
    authority::{DocumentOwner, DocumentSpec, ForeignIssuer, Ownership},
    claims::TokenVersion,
    error::{DocumentFault, FetchError, FetchFailure, InvalidDocument},
    fetch::{Fetch, FetchRequest, FetchResponse},
    jwk::KeySet,
};

/// The last response for each document with an `ETag`, so that unchanged documents are not sent again.
#[derive(Clone, Debug, Default)]
pub(crate) struct PreviousResponses {
    v1: Option<PreviousResponse<ProviderMetadata>>,
    v2: Option<PreviousResponse<ProviderMetadata>>,
    keys: Option<PreviousResponse<Arc<KeySet>>>,
}

#[derive(Clone, Debug)]
struct PreviousResponse<T> {
    url: String,
    etag: String,
    document: T,
}

/// Fetches the documents of `spec`.
pub(crate) struct Refresh<'a> {
    pub(crate) spec: &'a DocumentSpec,
    pub(crate) fetch: &'a dyn Fetch,
    pub(crate) settings: &'a KeySettings,
    pub(crate) counters: &'a Counters,
    /// The issuers that the documents may name.
    pub(crate) ownership: &'a Ownership,
    /// Issuers that the documents named although the authority does not own them.
    pub(crate) foreign: Vec<ForeignIssuer>,
    pub(crate) previous: PreviousResponses,
    /// The shortest `max-age` of the responses.
    pub(crate) max_age: Option<std::time::Duration>,
    /// The `Date` of the last response.
    pub(crate) date: Option<SystemTime>,
}

impl Refresh<'_> {
    /// Fetches metadata of v2 (and of v1 if the issuers are not known), then the key set. Documents that name an issuer of
    /// another authority are rejected as a whole and logged once.
    pub(crate) async fn run(&mut self) -> Result<Fetched, FetchError> {
        let fetched = self.documents().await;
        if let [first, ..] = self.foreign.as_slice() {
            let issuers: Vec<&str> = self.foreign.iter().map(|foreign| &*foreign.issuer).collect();
            let owner = self.foreign.iter().find_map(|foreign| foreign.owner.as_deref());
            tracing::error!(target: "tower_entra", event = "issuer_refused", document = %self.spec.address(),
                authority = self.ownership.name(), owner = owner.unwrap_or("none that is configured"),
                issuer = ?issuers, "an authority's metadata names an issuer it does not own: {first}");
        }
        fetched
    }

    async fn documents(&mut self) -> Result<Fetched, FetchError> {
        let (v1, v2) = match self.spec {
            DocumentSpec::Static { keys, .. } => return Ok(Fetched { v1: None, v2: None, keys: Arc::clone(keys) }),
            DocumentSpec::OpenIdConnect { jwks_uri: Some(jwks_uri), .. } => {
                let keys = self.keys(jwks_uri.clone()).await?;
                return Ok(Fetched { v1: None, v2: None, keys });
            }
            DocumentSpec::Entra { instance, .. } if instance.cloud().is_none() => self.both_versions().await?,
            _ => (None, Some(self.metadata(TokenVersion::V2).await?)),
        };
        let jwks_uri = v2.as_ref().or(v1.as_ref()).map(|metadata| metadata.jwks_uri.clone()).unwrap_or_default();
        let keys = self.keys(jwks_uri).await?;
        Ok(Fetched { v1, v2, keys })
    }

    /// Metadata of an instance whose issuers are discovered, which may support one token version only.
    async fn both_versions(&mut self) -> Result<(Option<ProviderMetadata>, Option<ProviderMetadata>), FetchError> {
        let v2 = match self.metadata(TokenVersion::V2).await {
            Ok(metadata) => Some(metadata),
            Err(error) if is_not_found(&error) => None,
            Err(error) if !self.foreign.is_empty() => {
                // Both documents may need their issuers listed: report both at once.
                let _ = self.metadata(TokenVersion::V1).await;
                return Err(match self.foreign.as_slice() {
                    [v2, v1] => {
                        let both = InvalidDocument::with_fault(DocumentFault::ForeignIssuer, format!("{v2}; {v1}"));
                        let both = both.naming(v2.may_be_listed().into_iter().chain(v1.may_be_listed()));
                        FetchError::new(error.url(), FetchFailure::InvalidDocument(both))
                    }
                    _ => error,
                });
            }
            Err(error) => return Err(error),
        };
        let v1 = match self.metadata(TokenVersion::V1).await {
            Ok(metadata) => Some(metadata),
            Err(error) if v2.is_some() && is_not_found(&error) => None,
            Err(error) => return Err(error),
        };
        Ok((v1, v2))
    }

    async fn metadata(&mut self, version: TokenVersion) -> Result<ProviderMetadata, FetchError> {
        let (url, previous) = match version {
            TokenVersion::V1 => (self.spec.v1_address().unwrap_or_default(), self.previous.v1.take()),
            TokenVersion::V2 => (self.spec.address(), self.previous.v2.take()),
        };
        let spec = self.spec;
        let (ownership, mut foreign) = (self.ownership, None);
        let parse = |body: &[u8]| {
            ProviderMetadata::parse(body, spec, version, ownership).map_err(|refused| {
                let document = InvalidDocument::from(&refused);
                if let MetadataError::Foreign(issuer) = refused {
                    foreign = Some(issuer);
                }
                document
            })
        };
        let found = self.get(url, previous, parse).await;
        self.foreign.extend(foreign);
        let (metadata, entry) = found.map_err(|error| explained(error, spec))?;
        match version {
            TokenVersion::V1 => self.previous.v1 = entry,
            TokenVersion::V2 => self.previous.v2 = entry,
        }
        Ok(metadata)
    }

    async fn keys(&mut self, url: String) -> Result<Arc<KeySet>, FetchError> {
        let previous = self.previous.keys.take();
        let parse = |body: &[u8]| KeySet::parse(body).map(Arc::new).map_err(InvalidDocument::new);
        let (keys, entry) = self.get(url, previous, parse).await?;
        self.previous.keys = entry;
        Ok(keys)
    }

    async fn get<T: Clone>(
        &mut self,
        url: String,
        previous: Option<PreviousResponse<T>>,
        parse: impl FnOnce(&[u8]) -> Result<T, InvalidDocument>,
    ) -> Result<(T, Option<PreviousResponse<T>>), FetchError> {
        let previous = previous.filter(|entry| entry.url == url);
        let cap = self.settings.max_document_bytes;
        let request = FetchRequest::new(&url, cap).with_etag(previous.as_ref().map(|entry| entry.etag.clone()));
        self.counters.count(Event::Fetch);
        let FetchResponse { status, body, etag, max_age, date } = self.fetch.fetch(request).await?;
        self.date = date.and_then(|date| httpdate::parse_http_date(&date).ok());
        if let Some(max_age) = max_age {
            self.max_age = Some(self.max_age.map_or(max_age, |shortest| shortest.min(max_age)));
        }
        let failed = |failure| FetchError::new(&url, failure);
        match (status, previous) {
            (200, _) if body.len() > cap => Err(failed(FetchFailure::TooLarge { max_bytes: cap })),
            (200, _) => {
                let document = parse(&body).map_err(|document| failed(FetchFailure::InvalidDocument(document)))?;
                let entry = etag.map(|etag| PreviousResponse { url, etag, document: document.clone() });
                Ok((document, entry))
            }
            (304, Some(entry)) => Ok((entry.document.clone(), Some(entry))),
            (status, _) => Err(failed(FetchFailure::Status(status))),
        }
    }
}

fn is_not_found(error: &FetchError) -> bool {
    matches!(error.status(), Some(400 | 404))
}

/// Explains a status that means that there is no metadata.
fn explained(error: FetchError, spec: &DocumentSpec) -> FetchError {
    let &FetchFailure::Status(status @ (400 | 404)) = error.failure() else { return error };
    let no_tenant = |tenant: &dyn fmt::Display| {
        format!("there is no tenant {tenant} in this cloud; compare tenant and cloud with those in the portal")
    };
    let reason = match spec {
        DocumentSpec::B2c { tenant, policy, .. } => {
            format!("{tenant} has no user flow or policy {policy}; compare the names with those in the portal")
        }
        DocumentSpec::ExternalId { tenant, .. } => {
            format!("there is no tenant {tenant}; configure its GUID or its onmicrosoft.com domain")
        }
        DocumentSpec::OpenIdConnect { issuer, .. } => {
            format!("{issuer:?} has no metadata; configure the issuer exactly as it is in the tokens")
        }
        // A custom instance may have metadata for one version only, so the status is kept as it is.
        DocumentSpec::Entra { owner, .. } if spec.cloud().is_some() => match owner {
            DocumentOwner::Tenant(tenant) => no_tenant(tenant),
            DocumentOwner::Domain(domain) => no_tenant(domain),
            DocumentOwner::Shared(_) => return error,
        },
        DocumentSpec::Entra { .. } | DocumentSpec::Static { .. } => return error,
    };
    FetchError::new(error.url(), FetchFailure::NotFound { status, reason })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::fetch::FetchFuture;

    /// Responds with one `ETag` for all documents, and records which requests send it. Each metadata document has another
    /// `jwks_uri`.
    #[derive(Debug, Default)]
    struct Moving(Mutex<Vec<(String, bool)>>);

    impl Fetch for Moving {
        fn fetch(&self, request: FetchRequest) -> FetchFuture {
            let mut requests = self.0.lock().unwrap();
            let body = match request.url.contains(".well-known") {
                true => format!(
                    r#"{{"issuer":"https://id.example","jwks_uri":"https://id.example/keys/{}"}}"#,
                    requests.len() / 2
                ),
                false => r#"{"keys":[]}"#.to_owned(),
            };
            requests.push((request.url, request.etag.is_some()));
            let response = FetchResponse { etag: Some("\"one\"".to_owned()), ..FetchResponse::new(200, body) };
            Box::pin(async move { Ok(response) })
        }
    }

    /// Otherwise a 304 response would restore the keys of the old URL.
    #[tokio::test]
    async fn etag_of_one_url_is_not_sent_to_another() {
        let spec = DocumentSpec::OpenIdConnect {
            issuer: "https://id.example".into(),
            metadata: None,
            jwks_uri: None,
            listed: Arc::default(),
        };
        let (fetch, settings, counters) = (Moving::default(), KeySettings::default(), Counters::default());
        let mut previous = PreviousResponses::default();
        for _ in 0..2 {
            let (spec, fetch, settings, counters) = (&spec, &fetch, &settings, &counters);
            let mut refresh = Refresh {
                spec,
                fetch,
                settings,
                counters,
                ownership: &Ownership::default(),
                foreign: Vec::new(),
                previous,
                max_age: None,
                date: None,
            };
            refresh.run().await.unwrap();
            previous = refresh.previous;
        }
        let requests = fetch.0.into_inner().unwrap();
        let metadata = "https://id.example/.well-known/openid-configuration";
        let expected = [(metadata, false), ("https://id.example/keys/0", false), (metadata, true)];
        assert_eq!(requests[..3], expected.map(|(url, has_etag)| (url.to_owned(), has_etag)));
        assert_eq!(requests[3], ("https://id.example/keys/1".to_owned(), false), "another address");
    }
}
