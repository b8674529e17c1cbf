use std::{borrow::Cow, fmt, sync::Arc};

use crate::error::FetchError;

/// The particular reason for a rejection. Code matches the variant; [`Display`](fmt::Display) is for people only.
///
/// No variant holds data of the token. All but [`Fetch`](Self::Fetch) may be shown to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// A sentence that no code depends on: a rule's, or one that the application gave to
    /// [`Rejection::detail`](super::Rejection::detail).
    Text(Cow<'static, str>),
    Malformed(Malformed),
    /// Two configured authorities accept the issuer and tenant of the token.
    AmbiguousIssuer,
    TenantMissing,
    TenantNotGuid,
    /// `iss` and `tid` name different tenants.
    TenantMismatch,
    /// `iss` and `ver` name different versions.
    VersionMismatch,
    /// The operator's tenant lookup rejected the tenant.
    TenantRejected,
    /// Azure AD B2C: the token names a policy that is not configured.
    PolicyNotAccepted,
    /// Azure AD B2C: the token names no policy.
    PolicyMissing,
    /// The signature is valid, but the key must not sign tokens of this issuer and tenant.
    KeyNotAuthorized(KeyMismatch),
    /// A requirement on a directory claim that the authority of the token cannot state.
    CannotState(Unstated),
    /// A requirement that the token does not meet, or that no token can.
    Unmet(Unmet),
    /// No keys could be fetched.
    Fetch(Arc<FetchError>),
    /// The tenant's own metadata and keys were not refreshed while the request waited.
    RefreshTimedOut,
}

/// What the authority of a token cannot state, so that a requirement on it is unknown whatever the token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unstated {
    Tenant,
    /// Member or guest.
    Membership,
    Groups,
    /// Directory roles and authentication contexts.
    Assignments,
    /// Scopes and roles, of a workload.
    Grants,
}

/// Why a requirement is not met, where the code does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmet {
    OtherAuthority,
    /// Several authorities have the required name.
    SharedAuthorityName,
    /// No authority has the required name.
    UnknownAuthority,
    /// The client did not prove its identity as strongly as required.
    WeakClientProof,
    Group,
    DirectoryRole,
    /// The token has no claim `groups`.
    NoGroups,
    /// The token has no claim `wids`.
    NoDirectoryRoles,
    /// The token has no claim `acct`, which tells members and guests apart.
    NoAccountKind,
    /// A member or a guest is required, and the token is an application's own.
    NoUser,
    IsGuest,
    IsMember,
    /// The token has what the requirement excludes.
    Excluded,
}

/// Why a token is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    OnlyPadding,
    SchemeTwice,
    Whitespace,
    Quotes,
    Comma,
    Placeholder,
    OtherCharacters,
    NoDots,
    NotThreeParts,
    HeaderEncoding,
    HeaderJson(&'static str),
    /// `alg`, `typ` or `kid` is not a string.
    HeaderMemberType,
    NoAlgorithm,
    /// `typ` is not that of an access token.
    OtherType,
    /// `crit` (RFC 7515, section 4.1.11).
    CriticalExtension,
    NoKeyId,
    PayloadEncoding,
    PayloadJson(&'static str),
    SignatureEncoding,
    /// A claim has another JSON type than Entra's tokens have.
    ClaimType,
    /// The same for a claim whose name the authority configures.
    MappedClaimType,
}

/// Why a key is not authorized for the tenant of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyMismatch {
    OtherTenant,
    SharedWithoutIssuer,
    TooManyChanges,
    OtherIssuer,
    WithoutCloud,
    OtherCloud,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(text) => text,
            Self::Malformed(malformed) => return malformed.fmt(f),
            Self::AmbiguousIssuer => "two of the configured authorities accept this issuer and tenant",
            Self::TenantMissing => "the claim tid is missing",
            Self::TenantNotGuid => "the claim tid is not a GUID in lower case",
            Self::TenantMismatch => "iss and tid name different tenants",
            Self::VersionMismatch => "ver is not the version of the issuer",
            Self::TenantRejected => "the operator of this API does not accept this tenant",
            Self::PolicyNotAccepted => "the policy (tfp, acr) is not one of those that this API accepts",
            Self::PolicyMissing => {
                "it names no policy (tfp, acr), as tokens of applications do: AcceptAppTokensWithoutPolicy (in code, \
                 accept_app_tokens_without_policy()) accepts those"
            }
            Self::KeyNotAuthorized(mismatch) => return mismatch.fmt(f),
            Self::CannotState(unstated) => return unstated.fmt(f),
            Self::Unmet(unmet) => return unmet.fmt(f),
            Self::Fetch(error) => return error.fmt(f),
            Self::RefreshTimedOut => "the tenant's own metadata and keys could not be refreshed in time",
        })
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherAuthority => "the token is from another authority than this operation is for",
            Self::SharedAuthorityName => "the requirement names an authority by a name that several have: use named()",
            Self::UnknownAuthority => "the requirement names an authority that the verifier does not have",
            Self::WeakClientProof => "the application has not proved who it is as strongly as this operation needs",
            Self::Group => "the user is not known to be in the group",
            Self::DirectoryRole => "the user does not have the directory role",
            Self::NoGroups => "groups: add the groups claim to access tokens",
            Self::NoDirectoryRoles => "wids: add the groups claim with directory roles to access tokens",
            Self::NoAccountKind => "acct: add this optional claim to access tokens",
            Self::NoUser => "the token has no user",
            Self::IsGuest => "the user is a guest",
            Self::IsMember => "the user is a member",
            Self::Excluded => "the token has what this operation excludes",
        })
    }
}

impl fmt::Display for Unstated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tenant => {
                "this authority cannot state the tenant: configure its tenants by their GUIDs, or, for an issuer that has none, \
                 require the authority by its name (in code, Requirement::authority())"
            }
            Self::Membership => {
                "this authority cannot state who is a guest: only Entra and External ID can, at Microsoft's hosts or with the \
                 tenant configured by its GUID"
            }
            Self::Groups => {
                "groups in tokens of this authority count only with TrustDirectoryClaims (in code, trust_directory_claims()), or, \
                 if they are its own, with GroupClaim (in code, group_claim())"
            }
            Self::Assignments => {
                "groups, directory roles and authentication contexts in tokens of this authority count only with \
                 TrustDirectoryClaims (in code, trust_directory_claims())"
            }
            Self::Grants => {
                "workload identities have neither scopes nor roles: require the authority and a claim that identifies the \
                 workload (in code, Requirement::authority() and Requirement::claim())"
            }
        })
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyPadding => "it has only padding",
            Self::SchemeTwice => "it starts with the word Bearer a second time",
            Self::Whitespace => "it contains whitespace",
            Self::Quotes => "it is in quotes",
            Self::Comma => "it has a comma: two values were joined into one",
            Self::Placeholder => "a placeholder was not filled in",
            Self::OtherCharacters => "it has characters that are not allowed in a token",
            Self::NoDots => "it has no dots: it is an opaque token, or not a token",
            Self::NotThreeParts => "it does not have three parts",
            Self::HeaderEncoding => "its header is not base64url of UTF-8",
            Self::HeaderJson(fault) => return write!(f, "its header: {fault}"),
            Self::HeaderMemberType => "alg, typ or kid of its header is not a string",
            Self::NoAlgorithm => "its header has no alg",
            Self::OtherType => "its header's typ is not that of an access token (JWT, at+jwt)",
            Self::CriticalExtension => "its header requires an extension (crit), and none is supported",
            Self::NoKeyId => "its header has no kid, so no key can be looked up",
            Self::PayloadEncoding => "its payload is not base64url of UTF-8",
            Self::PayloadJson(fault) => return write!(f, "its payload: {fault}"),
            Self::SignatureEncoding => "its signature is not base64url",
            Self::ClaimType => "a claim that must be a string, or a list of strings, has another type",
            Self::MappedClaimType => "a claim with a configured name is neither a string nor a list of strings",
        })
    }
}

impl fmt::Display for KeyMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherTenant => "the key is from the key set of another tenant",
            Self::SharedWithoutIssuer => "the key is from a shared key set and has no issuer",
            Self::TooManyChanges => "the key's issuer or cloud has changed too often",
            Self::OtherIssuer => "the key has another issuer",
            Self::WithoutCloud => "the key has no cloud_instance_name, and other keys of its key set have one",
            Self::OtherCloud => "the key is from another cloud",
        })
    }
}

impl From<Malformed> for Detail {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
