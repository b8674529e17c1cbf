//! Stub.
use crate::{authority::Authority, error::*, policy::*, tenant::Cloud};
use std::time::Duration;
/// Stub.
#[derive(Debug, Default)]
pub struct Config;
pub(crate) struct Plan {
    pub(crate) authorities: Vec<Authority>,
    pub(crate) policy: Policy,
    pub(crate) revoked: Vec<String>,
    pub(crate) detailed_errors: bool,
    pub(crate) max_token_bytes: usize,
    pub(crate) warnings: Vec<String>,
}
macro_rules! setters { ($($name:ident($($t:ty)?);)+) => { #[allow(missing_docs)] impl Config { $(pub fn $name(&mut self $(, _x: $t)?) {})+ } } }
setters! { tenant(impl Into<String>); client_id(impl Into<String>); audience(impl Into<String>); cloud(Cloud); instance(impl Into<String>); allowed_client(impl Into<String>); required_claim(ClaimRule); leeway(Duration); allow_web_api_to_be_authorized_by_acl(bool); danger_any_organization(); danger_any_account(); danger_personal_accounts(); danger_accept_bound_tokens(bool); revoke_key(impl Into<String>); detailed_errors(bool); app_specific_keys(bool); max_token_bytes(usize); }
impl Config {
    pub(crate) fn plan(&self) -> Result<Plan, ConfigError> {
        Err(ConfigError::from_problem(ConfigProblem::new("stub", None, "stub")))
    }
}
