//! [`MockEntra`]: an Entra look-alike for your own tests and for ours, that also plays [other providers](#providers). Never
//! for production: it gives tokens to whoever asks.
//!
//! It is a [`Fetch`](tower_entra::fetch::Fetch) that answers for `https://login.microsoftonline.com` without any socket, and it
//! makes tokens of every kind, good and bad:
//!
//! ```
//! use mock_entra::MockEntra;
//! use tower_entra::fetch::{Fetch, FetchRequest};
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
//! use mock_entra::{Fault, KeySpec, ManualClock, MockEntra};
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
//!
//! # Providers
//!
//! Each plays its metadata and its key set; the token endpoint is Entra's and External ID's alone. Behind sockets with
//! [`serve_at`](MockEntra::serve_at).
//!
//! | | issuer, `{tid}` being [`TENANT`](MockEntra::TENANT) | keys |
//! |---|---|---|
//! | [`b2c("contoso", …)`](MockEntra::b2c) | `https://contoso.b2clogin.com/{tid}/v2.0/` | of their own, without `issuer`, `alg`, `x5t` |
//! | [`external_id("contoso")`](MockEntra::external_id) | `https://{tid}.ciamlogin.com/{tid}/v2.0` | as Entra's |
//! | [`okta()`](MockEntra::okta) | `https://contoso.okta.example/oauth2/default` | with `alg` |
//! | [`auth0()`](MockEntra::auth0) | `https://contoso.auth0.example/` | with `alg` and `x5t` |
//! | [`keycloak()`](MockEntra::keycloak) | `https://id.contoso.example/realms/main` | with `alg` and `x5t`, and one for encryption |
//! | [`cognito()`](MockEntra::cognito) | `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1` | with `alg` |
//!
//! Metadata is at `{issuer}/.well-known/openid-configuration`, but with B2C and External ID, which have it at
//!
//! - `https://contoso.b2clogin.com/{tenant}/{policy}/v2.0/.well-known/openid-configuration`, the policy also as `?p=` and in
//!   either letter case; a policy or tenant that does not exist is status 404,
//! - `https://contoso.ciamlogin.com/{tenant}/v2.0/.well-known/openid-configuration`,
//!
//! where `{tenant}` is the id or `contoso.onmicrosoft.com`.
//!
//! ```
//! use mock_entra::{MockEntra, SigningAlgorithm};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let b2c = MockEntra::b2c("contoso", "B2C_1_susi").add_policy("B2C_1_edit");
//! let edit = b2c.token().policy("B2C_1_edit").build();
//!
//! let keycloak = MockEntra::keycloak();
//! keycloak.rotate_to(SigningAlgorithm::Es256);
//! let service = keycloak.token().app().client("a-service").build();
//!
//! let okta = MockEntra::okta().serve_at("127.0.0.1:0").await?;
//! assert_eq!(okta.entra().issuer(), format!("{}/oauth2/default", okta.url()));
//! # for token in [edit, service] { assert_eq!(token.split('.').count(), 3); }
//! # Ok(())
//! # }
//! ```
//!
//! # What its tokens say
//!
//! Of External ID the same as of Entra. All others have neither `tid` nor `oid`.
//!
//! | access token | B2C | Okta | Auth0 | Keycloak | Cognito |
//! |---|---|---|---|---|---|
//! | audience | client id | `api://` and client id | list: the API's address, `…/userinfo` | list: `account`, client id | none |
//! | client | `azp` | `cid` | `azp` | `azp` | `client_id` |
//! | user | `sub` | `sub` (login), `uid` | `sub` (`auth0\|…`) | `sub`, `preferred_username` | `sub`, `username` |
//! | scopes | `scp`, text | `scp`, list | `scope` | `scope` | `scope` |
//! | roles | `roles` | `groups` | `permissions` | `realm_access.roles` | `cognito:groups` |
//! | marks | `ver` `"1.0"`, `tfp` | `ver` 1 | | `typ` `"Bearer"` | `token_use` `"access"` |
//! | of an application | its roles in `scp` | `sub` is the client | `sub` `…@clients`, `gty`, one audience | `client_id`, `preferred_username` `service-account-…` | `sub` is the client, no `username` |
//! | header | `typ` | no `typ` | `typ` | `typ` | no `typ` |
//! | valid for | 60 minutes | 60 minutes | 24 hours | 5 minutes | 60 minutes |
//!
//! An id token is for the client and has a `nonce`; with Okta and Keycloak an `at_hash`, with Keycloak `typ` `"ID"`, with
//! Cognito `token_use` `"id"`.

mod answer;
mod clock;
mod documents;
mod drip;
mod facts;
mod fault;
mod fetch;
mod form;
mod host_guard;
mod ids;
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

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
mod readme {}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
