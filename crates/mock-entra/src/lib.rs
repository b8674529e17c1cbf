//! A mock of Microsoft Entra ID, and of [other identity providers](#providers), for tests.
//!
//! Never use it in production: it issues tokens to anyone.
//!
//! [`MockEntra`] builds tokens, valid and invalid, and implements [`Fetch`](tower_entra::fetch::Fetch), so that a
//! [`Verifier`](tower_entra::Verifier) loads metadata and signing keys from it without a network:
//!
//! ```
//! use mock_entra::MockEntra;
//! use tower_entra::Verifier;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entra = MockEntra::new();
//! let verifier = Verifier::builder()
//!     .tenant(MockEntra::TENANT)
//!     .client_id(MockEntra::CLIENT_ID)
//!     .fetch(entra.clone())
//!     .build()?;
//!
//! for valid in [entra.token().scopes("Files.Read"), entra.token().app().roles(["Files.Read.All"])] {
//!     assert!(verifier.verify(&valid.build()).await.is_ok());
//! }
//! for invalid in [
//!     entra.token().expired(),
//!     entra.token().tenant(MockEntra::OTHER_TENANT),
//!     entra.token().wrong_key(),
//!     entra.token().claim("exp", "tomorrow").header("crit", "b64"),
//! ] {
//!     assert!(verifier.verify(&invalid.build()).await.is_err());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Tests control its keys, its clock and its failures, and count its requests:
//!
//! ```
//! use std::time::Duration;
//! use mock_entra::{Fault, KeySpec, ManualClock, MockEntra};
//!
//! let entra = MockEntra::new();
//! let clock = ManualClock::new();
//! entra.set_clock(clock.clone());
//! clock.advance(Duration::from_secs(3600));
//!
//! entra.rotate(); // the previous key stays published
//! let key = entra.new_key();
//! entra.publish(KeySpec::new(&key).only_in(MockEntra::OTHER_TENANT));
//! let token = entra.token().tenant(MockEntra::OTHER_TENANT).signed_with(&key).build();
//! # assert_eq!(token.split('.').count(), 3);
//!
//! entra.set_fault(Fault::Slow(Duration::from_secs(5)));
//! entra.set_fault_at("/discovery/", Fault::Garbage);
//! entra.clear_faults();
//! assert_eq!(entra.fetches_of("/discovery/v2.0/keys"), 0);
//! ```
//!
//! Over HTTP or HTTPS it serves real clients, and issues tokens for client credentials:
//!
//! ```
//! use mock_entra::MockEntra;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = MockEntra::serve("127.0.0.1:0").await?;
//! let entra = server.entra();
//! assert_eq!(entra.v2_issuer(MockEntra::TENANT), format!("{}/{}/v2.0", server.url(), MockEntra::TENANT));
//!
//! // A client for POST {url}/{tenant}/oauth2/v2.0/token
//! entra.register_app("99999999-0000-1111-2222-333333333333", "a secret", ["Files.Read.All"]);
//! # Ok(())
//! # }
//! ```
//!
//! The program `mock-entra` (feature `cli`, on by default) is such a server for other processes.
//!
//! # Endpoints
//!
//! | request | response |
//! |---|---|
//! | `GET /{tenant}/.well-known/openid-configuration` | v1 metadata document |
//! | `GET /{tenant}/v2.0/.well-known/openid-configuration` | v2 metadata document |
//! | `GET /{tenant}/discovery/keys` | v1 key set: keys without `issuer` |
//! | `GET /{tenant}/discovery/v2.0/keys` | v2 key set: keys with `issuer` and `cloud_instance_name` |
//! | `POST /{tenant}/oauth2/v2.0/token` | token for client credentials, only over HTTP(S) |
//! | `GET /common/discovery/instance` | instance discovery: the equivalent login hosts |
//!
//! `{tenant}` is `common`, `organizations`, `consumers`, or the id or a domain of a registered tenant. The metadata document
//! repeats an `?appid=` parameter in its `jwks_uri`.
//!
//! # Providers
//!
//! Each has a metadata document and a key set. Only Entra and External ID have a token endpoint.
//! [`serve_at`](MockEntra::serve_at) serves them over HTTP.
//!
//! | | issuer (`{tid}` is [`TENANT`](MockEntra::TENANT)) | keys |
//! |---|---|---|
//! | [`b2c("contoso", …)`](MockEntra::b2c) | `https://contoso.b2clogin.com/{tid}/v2.0/` | without `issuer`, `alg` and `x5t` |
//! | [`external_id("contoso")`](MockEntra::external_id) | `https://{tid}.ciamlogin.com/{tid}/v2.0` | same as Entra |
//! | [`okta()`](MockEntra::okta) | `https://contoso.okta.example/oauth2/default` | with `alg` |
//! | [`auth0()`](MockEntra::auth0) | `https://contoso.auth0.example/` | with `alg` and `x5t` |
//! | [`keycloak()`](MockEntra::keycloak) | `https://id.contoso.example/realms/main` | with `alg` and `x5t`; also an encryption key |
//! | [`cognito()`](MockEntra::cognito) | `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1` | with `alg` |
//!
//! The metadata document is at `{issuer}/.well-known/openid-configuration`, except for B2C and External ID:
//!
//! - `https://contoso.b2clogin.com/{tenant}/{policy}/v2.0/.well-known/openid-configuration`. The policy may also be the
//!   parameter `?p=`, and its letter case does not matter. An unknown policy or tenant is status 404.
//! - `https://contoso.ciamlogin.com/{tenant}/v2.0/.well-known/openid-configuration`.
//!
//! There, `{tenant}` is the tenant id or `contoso.onmicrosoft.com`.
//!
//! # Token claims
//!
//! External ID has the claims of Entra. The other providers have neither `tid` nor `oid`.
//!
//! | access token | B2C | Okta | Auth0 | Keycloak | Cognito |
//! |---|---|---|---|---|---|
//! | audience | client id | `api://{client id}` | list: API identifier, `…/userinfo` | list: `account`, client id | none |
//! | client | `azp` | `cid` | `azp` | `azp` | `client_id` |
//! | user | `sub` | `sub` (login name), `uid` | `sub` (`auth0\|…`) | `sub`, `preferred_username` | `sub`, `username` |
//! | scopes | `scp`, string | `scp`, list | `scope` | `scope` | `scope` |
//! | roles | `roles` | `groups` | `permissions` | `realm_access.roles` | `cognito:groups` |
//! | type | `ver` `"1.0"`, `tfp` | `ver` 1 | | `typ` `"Bearer"` | `token_use` `"access"` |
//! | app-only | roles in `scp` | `sub` is the client | `sub` `{client}@clients`, `gty`, one audience | `client_id`, `preferred_username` `service-account-…` | `sub` is the client, no `username` |
//! | header | `typ` | no `typ` | `typ` | `typ` | no `typ` |
//! | lifetime | 60 minutes | 60 minutes | 24 hours | 5 minutes | 60 minutes |
//!
//! The audience of an ID token is the client, and it has a `nonce`. ID tokens of Okta, Keycloak and Cognito have an
//! `at_hash`, those of Keycloak `typ` `"ID"`, and those of Cognito `token_use` `"id"`.

mod base_url;
mod claims;
mod clock;
mod compact;
mod controls;
mod directory;
mod documents;
mod fault;
mod fetch;
mod form;
mod host_guard;
mod ids;
mod key;
mod key_pair;
mod key_ring;
mod key_spec;
mod message;
mod mock;
mod network;
mod overrides;
mod presets;
mod provider;
mod server;
mod signing;
mod slow_body;
mod state;
mod token;
mod token_endpoint;
mod token_spec;

pub use clock::ManualClock;
pub use fault::Fault;
pub use key::MockKey;
pub use key_spec::KeySpec;
pub use mock::MockEntra;
pub use network::MockNetwork;
pub use server::MockServer;
pub use signing::SigningAlgorithm;
pub use token::TokenBuilder;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
mod readme {}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
