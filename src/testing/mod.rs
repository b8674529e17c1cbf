//! [`MockEntra`]: an Entra look-alike for your own tests and for ours. Never for production: it gives tokens to whoever
//! asks.
//!
//! It is a [`Fetch`](crate::fetch::Fetch) that answers for `https://login.microsoftonline.com` without any socket, and it
//! makes tokens of every kind, good and bad:
//!
//! ```
//! use tower_entra::{fetch::{Fetch, FetchRequest}, testing::MockEntra};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entra = MockEntra::new();
//!
//! let user = entra.token().scopes("Files.Read").build();
//! let application = entra.token().app().roles(["Files.Read.All"]).build();
//! let graph = entra.token().graph().build();
//! let expired = entra.token().expired().build();
//! let foreign = entra.token().tenant(MockEntra::OTHER_TENANT).build();
//! let forged = entra.token().wrong_key().build();
//! let odd = entra.token().claim("roles", "a text").without_claim("nbf").header("crit", "b64").build();
//! # for token in [user, application, graph, expired, foreign, forged, odd] { assert_eq!(token.split('.').count(), 3); }
//!
//! entra.rotate(); // a new key signs, the old one is still published
//! let keys = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
//! let answer = entra.fetch(FetchRequest::new(keys, 100_000)).await?;
//! assert_eq!(answer.status, 200);
//! assert_eq!(entra.fetches_of("/discovery/v2.0/keys"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! It is also an HTTP server, for tests with real clients, and can be out of order in every way that a network knows:
//!
//! ```
//! use std::time::Duration;
//! use tower_entra::testing::{Fault, KeySpec, ManualClock, MockEntra};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MockEntra::serve("127.0.0.1:0").await?;
//! let entra = server.entra();
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(entra.v2_issuer(MockEntra::TENANT), format!("{}/{}/v2.0", server.url(), MockEntra::TENANT));
//!
//! // Who may ask at POST {url}/{tenant}/oauth2/v2.0/token
//! entra.register_app("99999999-0000-1111-2222-333333333333", "a secret", ["Files.Read.All"]);
//!
//! // The clock by which tokens are dated
//! let clock = ManualClock::new();
//! entra.set_clock(clock.clone());
//! clock.advance(Duration::from_secs(3600));
//!
//! // A key of one tenant alone
//! let key = entra.new_key();
//! entra.publish(KeySpec::new(&key).only_in(MockEntra::OTHER_TENANT));
//! let token = entra.token().tenant(MockEntra::OTHER_TENANT).signed_with(&key).build();
//! # assert!(!token.is_empty());
//!
//! entra.set_fault(Fault::Slow(Duration::from_secs(5)));
//! entra.set_fault_at("/discovery/", Fault::Garbage);
//! entra.mend();
//! # Ok(())
//! # }
//! ```
//!
//! # What it serves
//!
//! | address | what |
//! |---|---|
//! | `GET /{tenant}/.well-known/openid-configuration` | v1 metadata |
//! | `GET /{tenant}/v2.0/.well-known/openid-configuration` | v2 metadata |
//! | `GET /{tenant}/discovery/keys` | v1 key set: keys without `issuer` |
//! | `GET /{tenant}/discovery/v2.0/keys` | v2 key set: keys with `issuer` and `cloud_instance_name` |
//! | `POST /{tenant}/oauth2/v2.0/token` | a token by client credentials; over HTTP alone |
//! | `GET /common/discovery/instance` | the hosts that belong together |
//!
//! `{tenant}` is `common`, `organizations`, `consumers`, the id of a tenant that is known, or a domain of it. `?appid=` is
//! carried over from the metadata to the keys.

mod answer;
mod clock;
mod documents;
mod drip;
mod facts;
mod fault;
mod fetch;
mod key;
mod key_spec;
mod mock;
mod pair;
mod presets;
mod provider;
mod server;
mod settings;
mod signing;
mod site;
mod state;
mod token;
mod token_endpoint;

pub use clock::ManualClock;
pub use fault::Fault;
pub use key::MockKey;
pub use key_spec::KeySpec;
pub use mock::MockEntra;
pub use server::MockServer;
pub use signing::SigningAlgorithm;
pub use token::TokenBuilder;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
