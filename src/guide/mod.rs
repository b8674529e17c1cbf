//! How-to pages by topic. The documentation of each type and method is with the type itself.
//!
//! - [`troubleshooting`]: why was this token rejected? A section per code, with causes and remedies.
//! - [`authorities`]: trusted issuers: Entra, Azure AD B2C, External ID, any OpenID Connect issuer, workloads.
//! - [`first_token`]: a real token for your own API, with the Azure CLI, Postman and MSAL.
//! - [`testing`]: tests of your API with a mock of Entra.
//! - [`security`]: what is guaranteed, and what is not.
//! - [`operations`]: readiness, outages, events and counters, memory, several replicas.
//! - [`entra`]: the facts about Entra ID that the rules rely on, with sources.
//!
//! Migrating from other products:
//!
//! - [`from_api_management`]: `validate-jwt` and `validate-azure-ad-token`.
//! - [`from_microsoft_identity_web`]: `appsettings.json`, and measured differences.
//! - [`from_jwt_authorizer`] and [`from_tower_oauth2_resource_server`]: code before and after.

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("authorities.md")]
pub mod authorities {}

#[doc = include_str!("first_token.md")]
pub mod first_token {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("../../docs/entra.md")]
pub mod entra {}

#[doc = include_str!("from_api_management.md")]
pub mod from_api_management {}

#[doc = include_str!("from_microsoft_identity_web.md")]
pub mod from_microsoft_identity_web {}

#[doc = include_str!("from_jwt_authorizer.md")]
pub mod from_jwt_authorizer {}

#[doc = include_str!("from_tower_oauth2_resource_server.md")]
pub mod from_tower_oauth2_resource_server {}
