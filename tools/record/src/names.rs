//! Made-up tenants, applications and addresses.

pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub const OTHER_TENANT: &str = "22222222-3333-4444-5555-666666666666";
pub const THIRD_TENANT: &str = "33333333-4444-5555-6666-777777777777";
/// A tenant that no configuration accepts by name.
pub const STRANGER: &str = "44444444-5555-6666-7777-888888888888";
/// The tenant of all personal accounts, as Microsoft documents it.
pub const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
pub const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
pub const CALLER: &str = "77777777-8888-9999-0000-111111111111";
pub const OTHER_CALLER: &str = "88888888-9999-0000-1111-222222222222";
pub const USER: &str = "aaaaaaaa-1111-2222-3333-444444444444";
pub const GROUP: &str = "99999999-0000-1111-2222-333333333333";
pub const DIRECTORY_ROLE: &str = "62e90394-69f5-4237-9190-012177145e10";
pub const B2C_DOMAIN: &str = "contoso.onmicrosoft.com";
/// Issuers beside Entra.
pub const OPENID: &str = "https://id.contoso.example/main";
pub const KIDLESS: &str = "https://kidless.contoso.example";
pub const AUDIENCE: &str = "api://orders";
