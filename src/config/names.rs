//! Names in a section that are not settings: those of Microsoft that do not matter here, those that are answered with a
//! setting of ours, and unknown ones.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    key::{self, Key, SETTINGS},
    value::fold,
};

/// A name in the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Setting(Key),
    /// Known and ignored, for this reason.
    Ignored(&'static str),
    /// Known and not supported, since ignoring it would change which tokens are accepted.
    Unsupported(&'static str),
    /// Not a setting; the setting to use instead.
    Instead(&'static str),
    Unknown,
}

/// What an unknown name may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// Too near to a known name to be an accident.
    Misspelled(&'static str),
    /// It sounds like a restriction; perhaps it is this setting.
    Restriction(Option<&'static str>),
    Harmless,
}

/// Settings of Microsoft.Identity.Web and of the handlers and libraries below it that change nothing about which tokens are
/// accepted, or for which ignoring them is the stricter choice; and why.
const IGNORED: [(&str, &[&str]); 15] = [
    (
        "for sign-in",
        &[
            "AccessDeniedPath",
            "AutomaticAuthenticate",
            "AutomaticChallenge",
            "CallbackPath",
            "Challenge",
            "ErrorPath",
            "ForwardDefaultSelector",
            "GetClaimsFromUserInfoEndpoint",
            "MaxAge",
            "PostLogoutRedirectUri",
            "Prompt",
            "RedirectUri",
            "RemoteAuthenticationTimeout",
            "RemoteSignOutPath",
            "ResetPasswordPath",
            "ResponseMode",
            "ResponseType",
            "ReturnUrlParameter",
            "SaveToken",
            "SaveTokens",
            "SignedOutCallbackPath",
            "SignedOutRedirectUri",
            "SkipUnrecognizedRequests",
            "UsePkce",
            "UseTokenLifetime",
            "WithSpaAuthCode",
        ],
    ),
    (
        "for requesting tokens",
        &[
            "AppHomeTenantId",
            "AuthenticationMethod",
            "AzureRegion",
            "CacheOptions",
            "ClientCapabilities",
            "ClientCertificates",
            "ClientCredentials",
            "ClientCredentialsUsingManagedIdentity",
            "ClientName",
            "ClientSecret",
            "ClientVersion",
            "ExtraQueryParameters",
            "InstanceDiscovery",
            "KerberosServicePrincipalName",
            "LegacyCacheCompatibilityEnabled",
            "ManagedIdentityClientId",
            "SendX5C",
            "UserAssignedManagedIdentityClientId",
            "EnableCacheSynchronization",
        ],
    ),
    (
        "for logging and telemetry",
        &["DisableTelemetry", "EnablePiiLogging", "IsDefaultPlatformLoggingEnabled", "LogLevel", "ShowPII"],
    ),
    ("scopes are required with a `RequireLayer`", &["Scope", "Scopes"]),
    ("app permissions are required with a `RequireLayer`", &["AppPermissions"]),
    ("HTTPS is always required, except on loopback", &["RequireHttpsMetadata"]),
    ("the setting here is DetailedErrors", &["IncludeErrorDetails"]),
    ("claims always keep their names", &["MapInboundClaims"]),
    ("keys are always refreshed for an unknown `kid`", &["RefreshOnIssuerKeyNotFound"]),
    (
        "refresh intervals and timeouts are set in code, with KeySettings",
        &["AutomaticRefreshInterval", "BackchannelTimeout", "RefreshInterval"],
    ),
    ("metadata is always discovered", &["Configuration"]),
    (
        "tokens of this user flow are rejected unless it is in Policies",
        &["EditProfilePolicyId", "ResetPasswordPolicyId"],
    ),
    ("the user flow is SignUpSignInPolicyId", &["DefaultUserFlow"]),
    ("encrypted tokens are rejected", &["TokenDecryptionCertificates", "TokenDecryptionCredentials"]),
    ("only Azure AD B2C has one", &["Domain"]),
];

const UNSUPPORTED: [(&str, &str); 2] = [
    ("AzureCloudInstance", "is not supported; name the cloud in Instance, such as https://login.microsoftonline.us"),
    ("AadAuthorityAudience", "is not supported; use TenantId"),
];

/// Answers that are more than the name of a setting.
const INSTEAD: [(&str, &str); 12] = [
    ("RequiredScope", "scopes are required with a `RequireLayer`"),
    ("RequiredScopes", "scopes are required with a `RequireLayer`"),
    ("AllowedScopes", "scopes are required with a `RequireLayer`"),
    ("ValidScopes", "scopes are required with a `RequireLayer`"),
    ("RequiredRole", "roles are required with RequiredClaims or a `RequireLayer`"),
    ("RequiredRoles", "roles are required with RequiredClaims or a `RequireLayer`"),
    ("AllowedRoles", "roles are required with RequiredClaims or a `RequireLayer`"),
    ("RequiredGroups", "groups are required with RequiredClaims or a `RequireLayer`"),
    ("AllowedGroups", "groups are required with RequiredClaims or a `RequireLayer`"),
    ("ClientIds", "write AllowedClients for the applications that may call, Audiences for this API"),
    ("ValidAlgorithms", "write Algorithms"),
    ("AllowedAlgorithms", "write Algorithms"),
];

/// Words that sound like a restriction of who gets in.
const RESTRICTING: [&str; 19] = [
    "allow", "deny", "denied", "block", "require", "valid", "restrict", "role", "group", "scope", "tenant", "issuer",
    "audience", "client", "claim", "user", "guest", "mfa", "cert",
];

/// Names with one of these are for sign-in and for requesting tokens, whatever else they contain.
const HARMLESS: [&str; 4] = ["secret", "redirect", "callback", "path"];

/// Looks up a name in the section, ignoring case and underscores.
pub(super) fn meaning(name: &str) -> Meaning {
    static BY_FOLDED_NAME: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
        let ignored = IGNORED.iter().flat_map(|(why, names)| names.iter().map(|name| (*name, Meaning::Ignored(why))));
        let unsupported = UNSUPPORTED.iter().map(|(name, why)| (*name, Meaning::Unsupported(why)));
        let of_row = |row: &'static key::Setting| {
            row.instead_of.iter().map(|name| (*name, Meaning::Instead(row.name))).collect::<Vec<_>>()
        };
        let instead = INSTEAD.iter().map(|(name, answer)| (*name, Meaning::Instead(answer)));
        // Settings last: they win.
        let settings = SETTINGS.iter().map(|row| (row.name, Meaning::Setting(row.key)));
        let all = ignored.chain(unsupported).chain(SETTINGS.iter().flat_map(of_row)).chain(instead).chain(settings);
        all.map(|(name, meaning)| (fold(name), meaning)).collect()
    });
    BY_FOLDED_NAME.get(&fold(name)).cloned().unwrap_or(Meaning::Unknown)
}

/// Why `Domain` is ignored where the authority is not of Azure AD B2C.
pub(super) fn domain_is_ignored() -> &'static str {
    IGNORED[IGNORED.len() - 1].0
}

/// What an unknown name may be.
pub(super) fn suspicion(name: &str) -> Suspicion {
    const LONGEST: usize = 64;
    // Invisible characters and whitespace do not make a name harmless.
    let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let words = words(&plain);
    let is_harmless = HARMLESS.iter().any(|word| plain.to_ascii_lowercase().contains(word));
    let nearest = (name.len() <= LONGEST && !plain.is_empty()).then(|| nearest(&plain, known_names())).flatten();
    match nearest {
        _ if is_harmless => Suspicion::Harmless,
        Some((known, distance)) if distance <= plain.len() / 4 => Suspicion::Misspelled(known),
        _ if is_restricting(&words) => Suspicion::Restriction(nearest.map(|(known, _)| known)),
        _ => Suspicion::Harmless,
    }
}

/// Whether a name sounds like a restriction by one of the words in it.
fn is_restricting(words: &[String]) -> bool {
    // A name without capitals has no words that could be told apart.
    let is_one_word = words.len() == 1;
    words.iter().any(|word| {
        let has = |part: &&str| word.starts_with(*part) || (part.len() > 4 || is_one_word) && word.contains(*part);
        let is_near = |part: &&str| part.len() > 5 && strsim::osa_distance(word, part) <= 1;
        word == "key" || word == "keys" || RESTRICTING.iter().any(|part| has(part) || is_near(part))
    })
}

/// The words of a CamelCase name in lower case: `allow`, `mfa`, `users` of `AllowMFAUsers`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let is_upper = |at: usize| letters.get(at).is_some_and(|letter| letter.is_uppercase());
        let is_lower = |at: usize| letters.get(at).is_some_and(|letter| letter.is_lowercase());
        let begins = at == 0 || is_upper(at) && (!is_upper(at - 1) || is_lower(at + 1));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

fn known_names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|row| row.name).chain(IGNORED.iter().flat_map(|(_, names)| names.iter().copied()))
}

/// The known name that takes the fewest changes to get to, and their number, if they are few enough for a typing error. The
/// first of several, so settings come before ignored names.
pub(super) fn nearest(name: &str, known: impl IntoIterator<Item = &'static str>) -> Option<(&'static str, usize)> {
    let name = fold(name);
    let most = (name.len() / 2).clamp(1, 4);
    known
        .into_iter()
        .filter(|known| known.len().abs_diff(name.len()) <= most + 1)
        .map(|known| (known, strsim::osa_distance(&name, &fold(known))))
        .filter(|(_, distance)| *distance <= most)
        .min_by_key(|(_, distance)| *distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_have_their_meaning() {
        assert_eq!(meaning("TenantId"), Meaning::Setting(Key::TenantId));
        assert_eq!(meaning("Domain"), Meaning::Setting(Key::Domain));
        assert_eq!(meaning("client_secret"), Meaning::Ignored("for requesting tokens"));
        assert_eq!(meaning("SendX5C"), Meaning::Ignored("for requesting tokens"));
        assert_eq!(meaning("ValidIssuers"), Meaning::Instead("TenantIds"));
        assert!(matches!(meaning("AzureCloudInstance"), Meaning::Unsupported(_)));
        assert_eq!(meaning("Colour"), Meaning::Unknown);
    }

    #[test]
    fn unknown_names_are_suspected_by_what_they_resemble() {
        use Suspicion::{Harmless, Misspelled, Restriction};
        for (name, suspicion) in [
            ("CleintId", Misspelled("ClientId")),
            ("Cleint", Restriction(Some("ClientId"))),
            ("Client", Restriction(Some("ClientId"))),
            ("TennantId", Misspelled("TenantId")),
            ("Audiance", Misspelled("Audience")),
            ("AllowedClient", Misspelled("AllowedClients")),
            ("AllowedClients ", Misspelled("AllowedClients")),
            ("Allowed\u{200b}Clients", Misspelled("AllowedClients")),
            ("RevokedKey", Misspelled("RevokedKeys")),
            ("DenyGuests", Restriction(None)),
            ("DeniedPeople", Restriction(None)),
            ("RequireMFA", Restriction(None)),
            ("MfaOnly", Restriction(None)),
            ("SigningKeys", Restriction(None)),
            ("TrustedCerts", Restriction(None)),
            ("DisallowedIps", Restriction(None)),
            ("blockedusers", Restriction(None)),
            ("AllowUsingClientSecret", Harmless),
            ("UserRedirect", Harmless),
            ("ClientSecrt", Misspelled("ClientSecret")),
            ("Colour", Harmless),
            ("Note", Harmless),
            ("Comment", Harmless),
            ("Environment", Harmless),
            ("Keyboard", Harmless),
            ("Monkey", Harmless),
            ("", Harmless),
            ("é", Harmless),
        ] {
            assert_eq!(super::suspicion(name), suspicion, "{name}");
        }
    }
}
