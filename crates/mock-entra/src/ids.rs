//! Fixed ids, which are public as constants of [`MockEntra`](super::MockEntra).

/// The default tenant of tokens.
pub(super) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
/// A second registered tenant.
pub(super) const OTHER_TENANT: &str = "22222222-3333-4444-5555-666666666666";
/// The client id of the API, which is the default audience of tokens.
pub(super) const CLIENT_ID: &str = "66666666-7777-8888-9999-000000000000";
/// The client application to which tokens are issued by default.
pub(super) const CALLER: &str = "77777777-8888-9999-0000-111111111111";
/// A client application without app roles.
pub(super) const OTHER_CALLER: &str = "88888888-9999-0000-1111-222222222222";
/// The object id of the user.
pub(super) const USER: &str = "aaaaaaaa-1111-2222-3333-444444444444";
