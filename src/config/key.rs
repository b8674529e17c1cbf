//! The names of the settings, and what to say of a name that is none.

use std::{collections::HashMap, sync::LazyLock};

/// One setting of the section that Microsoft.Identity.Web reads too, or of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Instance,
    TenantId,
    TenantIds,
    ClientId,
    Audience,
    Audiences,
    Authority,
    Authorities,
    Kind,
    Domain,
    Policy,
    Policies,
    AcceptTfpIssuers,
    AcceptAppTokens,
    Issuers,
    Name,
    Version,
    Algorithms,
    ScopeClaim,
    RoleClaim,
    GroupClaim,
    SubjectClaim,
    ClientClaim,
    AudienceClaim,
    RequiredForReadiness,
    MetadataAddress,
    JwksUri,
    FileOfKeys,
    StaticKeys,
    TrustDirectoryClaims,
    AllowWithoutRole,
    AppSpecificKeys,
    AllowedClients,
    RequiredClaims,
    ClockSkewSeconds,
    Resource,
    RevokedKeys,
    DetailedErrors,
    StrictAudiences,
}

pub(super) const KEYS: [(&str, Key); 39] = [
    ("Instance", Key::Instance),
    ("TenantId", Key::TenantId),
    ("TenantIds", Key::TenantIds),
    ("ClientId", Key::ClientId),
    ("Audience", Key::Audience),
    ("Audiences", Key::Audiences),
    ("Authority", Key::Authority),
    ("AllowWebApiToBeAuthorizedByACL", Key::AllowWithoutRole),
    ("AppSpecificKeys", Key::AppSpecificKeys),
    ("AllowedClients", Key::AllowedClients),
    ("RequiredClaims", Key::RequiredClaims),
    ("ClockSkewSeconds", Key::ClockSkewSeconds),
    ("StrictAudiences", Key::StrictAudiences),
    ("Resource", Key::Resource),
    ("RevokedKeys", Key::RevokedKeys),
    ("DetailedErrors", Key::DetailedErrors),
    ("Authorities", Key::Authorities),
    ("Kind", Key::Kind),
    ("Domain", Key::Domain),
    ("SignUpSignInPolicyId", Key::Policy),
    ("Policies", Key::Policies),
    ("AcceptTfpIssuers", Key::AcceptTfpIssuers),
    ("AcceptAppTokensWithoutPolicy", Key::AcceptAppTokens),
    ("Issuers", Key::Issuers),
    ("Name", Key::Name),
    ("Version", Key::Version),
    ("Algorithms", Key::Algorithms),
    ("ScopeClaim", Key::ScopeClaim),
    ("RoleClaim", Key::RoleClaim),
    ("GroupClaim", Key::GroupClaim),
    ("SubjectClaim", Key::SubjectClaim),
    ("ClientClaim", Key::ClientClaim),
    ("AudienceClaim", Key::AudienceClaim),
    ("MetadataAddress", Key::MetadataAddress),
    ("JwksUri", Key::JwksUri),
    ("KeyFile", Key::FileOfKeys),
    ("StaticKeys", Key::StaticKeys),
    ("TrustDirectoryClaims", Key::TrustDirectoryClaims),
    ("RequiredForReadiness", Key::RequiredForReadiness),
];

/// Names that many a file has for something else: by them, nothing is taken for our settings.
const COMMON_WORDS: [Key; 8] =
    [Key::Kind, Key::Domain, Key::Policies, Key::Issuers, Key::Name, Key::Version, Key::Algorithms, Key::FileOfKeys];

impl Key {
    /// Whether it holds for all authorities, so that none can have it alone.
    pub(super) fn is_global(self) -> bool {
        matches!(
            self,
            Self::Authorities
                | Self::AllowWithoutRole
                | Self::AppSpecificKeys
                | Self::ClockSkewSeconds
                | Self::Resource
                | Self::RevokedKeys
                | Self::DetailedErrors
        )
    }

    /// Its name in the section.
    pub(super) fn name(self) -> &'static str {
        KEYS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The method of an [`Authority`](crate::Authority) that says the same.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Audience | Self::Audiences => "audience()",
            Self::Policy | Self::Policies => "policy()",
            Self::Version => "version()",
            Self::Algorithms => "algorithms()",
            Self::ScopeClaim => "scope_claim()",
            Self::RoleClaim => "role_claim()",
            Self::GroupClaim => "group_claim()",
            Self::SubjectClaim => "subject_claim()",
            Self::ClientClaim => "client_claim()",
            Self::AudienceClaim => "audience_claim()",
            Self::StaticKeys => "static_keys()",
            Self::TrustDirectoryClaims => "trust_directory_claims()",
            Self::Issuers => "issuers()",
            Self::AcceptAppTokens => "accept_app_tokens_without_policy()",
            Self::AllowedClients => "allowed_client()",
            Self::StrictAudiences => "strict_audiences()",
            _ => "authority()",
        }
    }
}

pub(super) const VARIABLES: [(&str, Key); 7] = [
    ("ENTRA_TENANT_ID", Key::TenantId),
    ("ENTRA_CLIENT_ID", Key::ClientId),
    ("ENTRA_AUTHORITY_HOST", Key::Instance),
    ("ENTRA_AUDIENCES", Key::Audiences),
    ("ENTRA_ALLOWED_CLIENTS", Key::AllowedClients),
    ("ENTRA_REVOKED_KEYS", Key::RevokedKeys),
    ("ENTRA_DETAILED_ERRORS", Key::DetailedErrors),
];

/// Keys of Microsoft.Identity.Web, and of the handlers and libraries below it, that say how to sign in, to ask for tokens
/// or to log: they change nothing about which tokens are good, or leaving them out is the stricter choice.
const PASSED_OVER: [&str; 65] = [
    "AccessDeniedPath",
    "AppHomeTenantId",
    "AppPermissions",
    "AuthenticationMethod",
    "AutomaticAuthenticate",
    "AutomaticChallenge",
    "AutomaticRefreshInterval",
    "AzureRegion",
    "BackchannelTimeout",
    "CacheOptions",
    "CallbackPath",
    "Challenge",
    "ClientCapabilities",
    "ClientCertificates",
    "ClientCredentials",
    "ClientCredentialsUsingManagedIdentity",
    "ClientName",
    "ClientSecret",
    "ClientVersion",
    "Configuration",
    "DisableTelemetry",
    "EditProfilePolicyId",
    "EnableCacheSynchronization",
    "EnablePiiLogging",
    "ErrorPath",
    "ExtraQueryParameters",
    "ForwardDefaultSelector",
    "GetClaimsFromUserInfoEndpoint",
    "IncludeErrorDetails",
    "InstanceDiscovery",
    "IsDefaultPlatformLoggingEnabled",
    "KerberosServicePrincipalName",
    "LegacyCacheCompatibilityEnabled",
    "LogLevel",
    "ManagedIdentityClientId",
    "MapInboundClaims",
    "MaxAge",
    "PostLogoutRedirectUri",
    "Prompt",
    "RedirectUri",
    "RefreshInterval",
    "RefreshOnIssuerKeyNotFound",
    "RemoteAuthenticationTimeout",
    "RemoteSignOutPath",
    "RequireHttpsMetadata",
    "ResetPasswordPath",
    "ResetPasswordPolicyId",
    "ResponseMode",
    "ResponseType",
    "ReturnUrlParameter",
    "SaveToken",
    "SaveTokens",
    "Scope",
    "Scopes",
    "SendX5C",
    "ShowPII",
    "SignedOutCallbackPath",
    "SignedOutRedirectUri",
    "SkipUnrecognizedRequests",
    "TokenDecryptionCertificates",
    "TokenDecryptionCredentials",
    "UsePkce",
    "UserAssignedManagedIdentityClientId",
    "UseTokenLifetime",
    "WithSpaAuthCode",
];

/// Keys that do decide which tokens are good, and are not read here: passing them over would change the meaning.
const NOT_READ: [(&str, &str); 4] = [
    (
        "DefaultUserFlow",
        "it is not read, by Microsoft.Identity.Web neither; name the user flow as SignUpSignInPolicyId",
    ),
    (
        "TokenValidationParameters",
        "it is not read; use Audiences, TenantIds, ClockSkewSeconds and RequiredClaims, which are checked always",
    ),
    ("AzureCloudInstance", "it is not read; name the cloud by Instance, such as https://login.microsoftonline.us"),
    ("AadAuthorityAudience", "it is not read; use TenantId"),
];

/// What a key of the section is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Setting(Key),
    PassedOver,
    /// Not to be had, and why.
    NotRead(&'static str),
    Unknown {
        nearest: Option<&'static str>,
    },
}

/// Looks a key of the section up, ignoring case and underscores.
pub(super) fn meaning(name: &str) -> Meaning {
    if let Some(meaning) = known(name) {
        return meaning;
    }
    let known = KEYS.iter().map(|(known, _)| *known).chain(PASSED_OVER).chain(NOT_READ.map(|(known, _)| known));
    Meaning::Unknown { nearest: nearest(name, known) }
}

/// The same for known names; `None` costs no search for the nearest one.
pub(super) fn known(name: &str) -> Option<Meaning> {
    static BY_FOLDED_NAME: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
        let passed_over = PASSED_OVER.iter().map(|name| (fold(name), Meaning::PassedOver));
        let not_read = NOT_READ.iter().map(|(name, why)| (fold(name), Meaning::NotRead(why)));
        let settings = KEYS.iter().map(|(name, key)| (fold(name), Meaning::Setting(*key)));
        passed_over.chain(not_read).chain(settings).collect()
    });
    BY_FOLDED_NAME.get(&fold(name)).cloned()
}

/// The setting of this very name.
pub(super) fn setting(name: &str) -> Option<Key> {
    match known(name)? {
        Meaning::Setting(key) => Some(key),
        _ => None,
    }
}

/// Whether a name is so much ours that whoever wrote it meant these settings.
pub(super) fn is_telling(name: &str) -> bool {
    setting(name).is_some_and(|key| !COMMON_WORDS.contains(&key))
}

/// A name without underscores, in lower case.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The known name that takes the fewest changes to get to, if they are few enough for a slip of the pen. The first of
/// several, so ours come before others.
pub(super) fn nearest(name: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    const LONGEST: usize = 64;
    let name: Vec<char> = fold(name).chars().collect();
    if name.len() > LONGEST {
        return None;
    }
    let most = (name.len() / 2).clamp(2, 4);
    known
        .into_iter()
        .map(|known| (distance(&name, &fold(known).chars().collect::<Vec<_>>()), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Letters to put in, leave out, change or swap with their neighbour to get from one to the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1; to.len() + 1];
        for (column, other) in to.iter().enumerate() {
            let change = above[column] + usize::from(letter != other);
            let mut least = change.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && from[row - 1] == *other && *letter == to[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            current[column + 1] = least;
        }
        before = std::mem::replace(&mut above, current);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_spelling() {
        for name in ["TenantId", "tenant_id", "TENANT_ID", "tenantid", "tenantID"] {
            assert_eq!(meaning(name), Meaning::Setting(Key::TenantId), "{name}");
        }
        assert_eq!(meaning("client_secret"), Meaning::PassedOver);
        assert_eq!(meaning("SendX5C"), Meaning::PassedOver);
        assert!(matches!(meaning("DefaultUserFlow"), Meaning::NotRead(_)));
    }

    #[test]
    fn the_nearest_name_is_the_one_meant() {
        for (name, meant) in [
            ("ClientID_", None),
            ("CleintId", Some("ClientId")),
            ("Cleint", Some("ClientId")),
            ("Client", Some("ClientId")),
            ("TennantId", Some("TenantId")),
            ("Tenant", Some("TenantId")),
            ("Audiance", Some("Audience")),
            ("Audiencs", Some("Audience")),
            ("AllowedClient", Some("AllowedClients")),
            ("RevokedKey", Some("RevokedKeys")),
            ("ClientSecrt", Some("ClientSecret")),
            ("Colour", None),
            ("", None),
            ("é", None),
        ] {
            match meaning(name) {
                Meaning::Unknown { nearest } => assert_eq!(nearest, meant, "{name}"),
                other => assert_eq!((name, other), ("ClientID_", Meaning::Setting(Key::ClientId))),
            }
        }
    }
}
