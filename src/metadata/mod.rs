//! Protected-resource metadata (RFC 9728): where clients that know nothing but this API's address read who issues tokens
//! for it. MCP clients need it.
//!
//! [`MetadataLayer`] serves the document and stands **outside** of the [`AuthenticateLayer`](crate::AuthenticateLayer), so
//! that no token is needed; [`AuthenticateLayer::protected_resource`](crate::AuthenticateLayer::protected_resource) has
//! refusals point to it:
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower_entra::{AuthenticateLayer, Cloud, TenantId, Verifier};
//! use tower_entra::metadata::{MetadataLayer, ProtectedResource};
//!
//! fn app(tenant: TenantId, verifier: Verifier) -> Result<Router, tower_entra::ConfigError> {
//!     let resource = ProtectedResource::builder("https://mcp.contoso.example/mcp")
//!         .tenant(Cloud::Public, tenant)
//!         .scope("https://mcp.contoso.example/mcp/Tools.Call")
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/mcp", post(async || "…"))
//!         .layer(AuthenticateLayer::new(verifier).protected_resource(&resource))
//!         .layer(MetadataLayer::new(resource)))
//! }
//! ```
//!
//! The resource may come from the verifier's configuration. In a router of one's own the document is a text:
//!
//! ```
//! use axum::{Router, http::header::CONTENT_TYPE, routing::get};
//! use tower_entra::{Cloud, TenantId, Verifier, metadata::{PATH, ProtectedResource}};
//!
//! # fn app(tenant: TenantId) -> Result<Router, tower_entra::ConfigError> {
//! let verifier = Verifier::builder()
//!     .tenant(tenant.to_string())
//!     .client_id("66666666-7777-8888-9999-000000000000")
//!     .resource("api://66666666-7777-8888-9999-000000000000")
//!     .build()?;
//! let resource = ProtectedResource::of(&verifier)
//!     .address("https://orders.contoso.example") // an App ID URI does not tell it
//!     .tenant(Cloud::Public, tenant)
//!     .build()?;
//! assert_eq!(resource.metadata_url(), "https://orders.contoso.example/.well-known/oauth-protected-resource");
//! let document = async move || ([(CONTENT_TYPE, "application/json")], resource.json());
//! Ok(Router::new().route(PATH, get(document)))
//! # }
//! # app("11111111-2222-3333-4444-555555555555".parse().unwrap()).unwrap();
//! ```
//!
//! # The resource is no audience
//!
//! Entra's v2 tokens have the client id as `aud`, whatever `resource` the client asked with ([protected resource
//! metadata and MCP](crate::guide::entra#protected-resource-metadata-and-mcp)): set
//! [`client_id`](crate::VerifierBuilder::client_id) as always. The client sends `resource` on to Entra, which wants an
//! App ID URI of the registration, character for character, without a slash at its end (`AADSTS9010010`). Clients that
//! follow RFC 9728, section 3.3, also want it to be the address that they call, so make that address the App ID URI where
//! you can.
//!
//! # What is served
//!
//! `GET` and `HEAD` of [`PATH`], and of the same with the path of the API's address behind it, which is where RFC 9728 §3.1
//! puts it: `/.well-known/oauth-protected-resource/mcp` for `https://mcp.contoso.example/mcp`. Scripts of any origin may read
//! it, and a browser's preflight is answered; other methods get 405. Everything else goes to the inner service untouched. (That
//! a script may read the challenge is for the API's own CORS layer: `access-control-expose-headers: www-authenticate`.)

mod builder;
mod future;
mod layer;
mod resource;
mod service;

pub use builder::ProtectedResourceBuilder;
pub use future::ResponseFuture;
pub use layer::MetadataLayer;
pub use resource::ProtectedResource;
pub use service::Metadata;

/// Where the document is, before the path of the resource (RFC 9728 §3).
pub const PATH: &str = "/.well-known/oauth-protected-resource";

#[cfg(test)]
mod tests;
