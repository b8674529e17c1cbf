use tower_entra::{
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use super::MockEntra;

/// Several mock providers as one [`Fetch`], for an API that accepts tokens of more than one issuer. Each provider receives
/// the requests for its own addresses.
///
/// A request for any other address fails like a request to an unreachable host.
///
/// ```
/// use mock_entra::{MockEntra, MockNetwork};
/// use tower_entra::{Authority, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (entra, keycloak) = (MockEntra::new(), MockEntra::keycloak());
/// let verifier = Verifier::builder()
///     .tenant(MockEntra::TENANT)
///     .client_id(MockEntra::CLIENT_ID)
///     .authority(Authority::openid_connect(keycloak.issuer()).audience(MockEntra::CLIENT_ID).named("partner"))
///     .fetch(MockNetwork::new([entra.clone(), keycloak.clone()]))
///     .build()?;
/// assert!(verifier.verify(&entra.token().build()).await.is_ok());
/// assert_eq!(verifier.verify(&keycloak.token().build()).await?.authority(), "partner");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MockNetwork {
    providers: Vec<MockEntra>,
}

impl MockNetwork {
    /// A network of these providers. If two have the same address, the first one receives the request.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = MockEntra>) -> Self {
        Self { providers: providers.into_iter().collect() }
    }
}

impl Fetch for MockNetwork {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        match self.providers.iter().find(|provider| provider.has_address(&request.url)) {
            Some(provider) => provider.fetch(request),
            None => Box::pin(async move {
                let cause = "this MockNetwork has no provider at this address".to_owned();
                Err(FetchError::new(request.url, FetchFailure::Connection { cause }))
            }),
        }
    }
}
