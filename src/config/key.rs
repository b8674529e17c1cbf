//! The table of settings, for the readers, suggestions, the README and the JSON Schema.

use std::{collections::HashMap, sync::LazyLock};

pub(super) use super::setting::{Key, Setting, Type};
use super::value::fold;

/// All settings.
pub(super) const SETTINGS: [Setting; 41] = [
    Setting::new(
        Key::Instance,
        "Instance",
        Type::Text,
        "The cloud: its sign-in host or its name, such as `UsGovernment`; the host of a B2C or External ID tenant.",
    )
    .variable("ENTRA_AUTHORITY_HOST")
    .instead_of(&["AuthorityHost", "Cloud"]),
    Setting::new(
        Key::TenantId,
        "TenantId",
        Type::Text,
        "The tenant: a GUID, a verified domain, or `organizations`. The variable takes several, separated by commas.",
    )
    .variable("ENTRA_TENANT_ID")
    .instead_of(&["Tenant", "DirectoryId"]),
    Setting::new(Key::TenantIds, "TenantIds", Type::Texts, "Several tenants.").restricts().instead_of(&[
        "Tenants",
        "AllowedTenants",
        "AllowedTenantIds",
        "ValidTenants",
        "ValidTenantIds",
        "ValidIssuer",
        "ValidIssuers",
        "AllowedIssuers",
    ]),
    Setting::new(Key::ClientId, "ClientId", Type::Text, "The application (client) ID of this API.")
        .variable("ENTRA_CLIENT_ID")
        .instead_of(&["ApplicationId", "AppId"]),
    Setting::new(Key::Audience, "Audience", Type::Text, "An audience in addition to those of the client ID.")
        .instead_of(&["ValidAudience", "AppIdUri", "ApplicationIdUri"]),
    Setting::new(Key::Audiences, "Audiences", Type::Texts, "Several audiences.")
        .variable("ENTRA_AUDIENCES")
        .instead_of(&["ValidAudiences", "AllowedAudiences", "AcceptedAudiences"]),
    Setting::new(
        Key::StrictAudiences,
        "StrictAudiences",
        Type::Boolean,
        "Whether `Audience` and `Audiences` replace the audiences of the client ID.",
    )
    .restricts(),
    Setting::new(
        Key::Authority,
        "Authority",
        Type::Text,
        "The address of one authority: a tenant, a B2C user flow, External ID, or an OpenID Connect issuer.",
    )
    .instead_of(&["Issuer", "AuthorityUrl"]),
    Setting::new(
        Key::AllowWithoutRole,
        "AllowWebApiToBeAuthorizedByACL",
        Type::Boolean,
        "Whether app-only tokens without an app role are accepted.",
    )
    .global(),
    Setting::new(
        Key::AppSpecificKeys,
        "AppSpecificKeys",
        Type::Boolean,
        "Whether the application has its own signing keys (`?appid=`).",
    )
    .global(),
    Setting::new(
        Key::AllowedClients,
        "AllowedClients",
        Type::Texts,
        "Client applications whose tokens are accepted; without it, those of all applications.",
    )
    .variable("ENTRA_ALLOWED_CLIENTS")
    .restricts()
    .instead_of(&[
        "AllowedClientIds",
        "AllowedClientApplications",
        "AllowedClientApplicationIds",
        "AllowedApplications",
        "AllowedAppIds",
        "AuthorizedClients",
        "KnownClientApplications",
        "ValidClients",
        "ValidClientIds",
        "ClientIds",
    ]),
    Setting::new(Key::RequiredClaims, "RequiredClaims", Type::ClaimRules, "Claims that every token must have.")
        .restricts(),
    Setting::new(
        Key::ClockSkewSeconds,
        "ClockSkewSeconds",
        Type::Seconds,
        "The clock skew that is tolerated, 0 to 300. Default: 60.",
    )
    .global()
    .instead_of(&["ClockSkew", "ClockSkewInSeconds", "Leeway", "ClockTolerance"]),
    Setting::new(
        Key::TokenValidationParameters,
        "TokenValidationParameters",
        Type::TokenValidationParameters,
        "Microsoft.Identity.Web's, as far as they mean the same here: `ValidAudience(s)`, `ClockSkew` and others.",
    )
    .global(),
    Setting::new(
        Key::Resource,
        "Resource",
        Type::Text,
        "The identifier of this API in its protected-resource metadata (RFC 9728).",
    )
    .global(),
    Setting::new(Key::RevokedKeys, "RevokedKeys", Type::Texts, "Signing keys to reject, by `kid`.")
        .variable("ENTRA_REVOKED_KEYS")
        .restricts()
        .global(),
    Setting::new(
        Key::DetailedErrors,
        "DetailedErrors",
        Type::Boolean,
        "Whether the body of a 401 has a code and a hint, which any caller can read.",
    )
    .variable("ENTRA_DETAILED_ERRORS")
    .global()
    .common_word(),
    Setting::new(
        Key::Authorities,
        "Authorities",
        Type::Authorities,
        "Further authorities, each an object with the settings of one.",
    )
    .global(),
    Setting::new(Key::Kind, "Kind", Type::AuthorityKind, "The kind of the authority, where the addresses do not tell.")
        .common_word(),
    Setting::new(Key::Domain, "Domain", Type::Text, "The domain of a B2C tenant.").common_word(),
    Setting::new(Key::Policy, "SignUpSignInPolicyId", Type::Text, "The user flow or custom policy of Azure AD B2C.")
        .instead_of(&["SignUpSignInPolicy", "SignInPolicyId"]),
    Setting::new(Key::Policies, "Policies", Type::Texts, "Several user flows or custom policies of Azure AD B2C.")
        .restricts()
        .common_word(),
    Setting::new(
        Key::AcceptTfpIssuers,
        "AcceptTfpIssuers",
        Type::Boolean,
        "Whether issuers of the form `/tfp/` of Azure AD B2C are accepted.",
    ),
    Setting::new(
        Key::AcceptAppTokens,
        "AcceptAppTokensWithoutPolicy",
        Type::Boolean,
        "Whether app-only tokens of Azure AD B2C, which name no policy, are accepted; needs `AllowedClients`.",
    ),
    Setting::new(Key::Issuers, "Issuers", Type::Texts, "Further forms of the issuer, exactly as in `iss`.")
        .common_word(),
    Setting::new(Key::Name, "Name", Type::Text, "The name of the authority in logs and in code.").common_word(),
    Setting::new(Key::Version, "Version", Type::Version, "The only token version that is accepted: `1.0` or `2.0`.")
        .common_word(),
    Setting::new(Key::Algorithms, "Algorithms", Type::Algorithms, "Signature algorithms. Default: `RS256`.")
        .common_word(),
    Setting::new(Key::ScopeClaim, "ScopeClaim", Type::Text, "The claim with the scopes (OpenID Connect)."),
    Setting::new(Key::RoleClaim, "RoleClaim", Type::Text, "The claim with the roles (OpenID Connect)."),
    Setting::new(Key::GroupClaim, "GroupClaim", Type::Text, "The claim with the groups (OpenID Connect)."),
    Setting::new(Key::SubjectClaim, "SubjectClaim", Type::Text, "The claim with the subject (OpenID Connect)."),
    Setting::new(Key::ClientClaim, "ClientClaim", Type::Text, "The claim with the client ID (OpenID Connect)."),
    Setting::new(Key::AudienceClaim, "AudienceClaim", Type::Text, "The claim with the audience (OpenID Connect)."),
    Setting::new(Key::MetadataAddress, "MetadataAddress", Type::Text, "The metadata document (OpenID Connect)."),
    Setting::new(Key::JwksUri, "JwksUri", Type::Text, "The key set's address (OpenID Connect).").instead_of(&[
        "JwksUrl",
        "JwksEndpoint",
        "KeySetUri",
    ]),
    Setting::new(
        Key::FileOfKeys,
        "KeyFile",
        Type::File,
        "A file with a key set, or public keys in PEM (OpenID Connect).",
    )
    .common_word(),
    Setting::new(Key::StaticKeys, "StaticKeys", Type::StaticKeys, "The same keys in the configuration itself."),
    Setting::new(
        Key::CaFile,
        "CaFile",
        Type::File,
        "A file with CA certificates in PEM: the only ones that are trusted for the authority's metadata and keys.",
    )
    .common_word(),
    Setting::new(
        Key::TrustDirectoryClaims,
        "TrustDirectoryClaims",
        Type::Boolean,
        "Whether roles and groups of an authority outside of Entra are trusted like Entra's.",
    ),
    Setting::new(
        Key::RequiredForReadiness,
        "RequiredForReadiness",
        Type::Boolean,
        "Whether readiness waits for the keys of this authority. Default: true.",
    ),
];

impl Key {
    /// Settings of which at least one is required.
    pub(super) const REQUIRED: [Self; 5] =
        [Self::TenantId, Self::Authority, Self::Instance, Self::ClientId, Self::Audience];

    /// Its row.
    pub(super) fn setting(self) -> &'static Setting {
        static ROWS: LazyLock<HashMap<Key, &'static Setting>> =
            LazyLock::new(|| SETTINGS.iter().map(|setting| (setting.key, setting)).collect());
        // A test ensures that the table is complete.
        ROWS.get(&self).copied().unwrap_or(&SETTINGS[0])
    }

    /// Its name in the section.
    pub(super) fn name(self) -> &'static str {
        self.setting().name
    }

    /// The setting that it is a spelling of: a source that names one of them replaces both.
    pub(super) fn slot(self) -> Self {
        match self {
            Self::TenantIds => Self::TenantId,
            Self::Audiences => Self::Audience,
            other => other,
        }
    }

    /// Whether the values of all sources add up, so that no source can lift what another revokes.
    pub(super) fn adds_up(self) -> bool {
        self == Self::RevokedKeys
    }

    /// The corresponding method of an [`Authority`](crate::Authority).
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

/// Looks a setting up by its name, ignoring case and underscores.
pub(super) fn setting(name: &str) -> Option<Key> {
    static BY_FOLDED_NAME: LazyLock<HashMap<String, Key>> =
        LazyLock::new(|| SETTINGS.iter().map(|setting| (fold(setting.name), setting.key)).collect());
    BY_FOLDED_NAME.get(&fold(name)).copied()
}

/// Looks a setting up by its environment variable.
pub(super) fn of_variable(variable: &str) -> Option<Key> {
    SETTINGS.iter().find(|setting| setting.variable == Some(variable)).map(|setting| setting.key)
}

/// The environment variables besides those in the .NET spelling.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter_map(|setting| setting.variable)
}

/// Whether a name identifies the section around it.
pub(super) fn is_distinctive(name: &str) -> bool {
    setting(name).is_some_and(|key| !key.setting().is_common_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_is_found_in_every_spelling() {
        for name in ["TenantId", "tenant_id", "TENANT_ID", "tenantid", "tenantID"] {
            assert_eq!(setting(name), Some(Key::TenantId), "{name}");
        }
    }

    #[test]
    fn every_key_has_one_row() {
        for row in &SETTINGS {
            assert_eq!(setting(row.name), Some(row.key), "{}", row.name);
            assert!(row.doc.ends_with('.'), "{}", row.name);
        }
        let last = Key::DetailedErrors as usize;
        let keys: std::collections::HashSet<Key> = SETTINGS.iter().map(|row| row.key).collect();
        assert_eq!((keys.len(), SETTINGS.len()), (last + 1, last + 1));
    }
}
