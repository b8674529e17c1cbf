use std::fmt;

use super::Entra;
use crate::{
    claims::TokenVersion,
    jwt::Algorithm,
    policy::{ClaimRule, Mapping, Requirement},
};

/// What kind of issuer, with what only that kind has. Texts are as their owner wrote them, checked when the verifier is
/// built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Entra(Entra),
    B2c(B2c),
    ExternalId(ExternalId),
    OpenIdConnect(OpenIdConnect),
    Workload(Workload),
}

/// A tenant of Azure AD B2C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct B2c {
    pub(crate) address: String,
    pub(crate) tenant: String,
    pub(crate) policies: Vec<String>,
    /// Issuers with the policy in them.
    pub(crate) accept_tfp: bool,
    /// Tokens of applications, which name no policy.
    pub(crate) accept_app_tokens: bool,
}

/// A tenant of External ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalId {
    pub(crate) address: String,
    pub(crate) tenant: String,
    pub(crate) version: Option<TokenVersion>,
}

/// Any other issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenIdConnect {
    pub(crate) issuer: String,
    pub(crate) keys: Keys,
    pub(crate) names: Names,
}

/// An issuer of workload identities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) openid: OpenIdConnect,
    /// The values of `sub`, one of which a token must have.
    pub(crate) subjects: Vec<String>,
    /// Claims and how they must begin.
    pub(crate) prefixes: Vec<(String, String)>,
}

impl OpenIdConnect {
    /// Whether its keys are found by metadata, so that something is fetched from its issuer's address.
    pub(crate) fn needs_metadata(&self) -> bool {
        matches!(self.keys, Keys::Discovered | Keys::Metadata(_))
    }
}

/// Where its keys come from.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// From the metadata behind the issuer.
    #[default]
    Discovered,
    /// From the metadata at this address.
    Metadata(String),
    /// From this address.
    JwksUri(String),
    /// They are at hand, as a key set document.
    Static(String),
    /// They are at hand, as public keys in PEM.
    Pem(Vec<String>),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered => f.write_str("Discovered"),
            Self::Metadata(url) => write!(f, "Metadata({url:?})"),
            Self::JwksUri(url) => write!(f, "JwksUri({url:?})"),
            // Not the keys: one may be a private key by mistake.
            Self::Static(_) => f.write_str("Static(…)"),
            Self::Pem(_) => f.write_str("Pem(…)"),
        }
    }
}

/// The names of its claims, as [`Mapping`] has them, not yet read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) scopes: Option<String>,
    pub(crate) roles: Option<String>,
    pub(crate) groups: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) audience: Option<String>,
}

/// A claim whose name can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MappedClaim {
    Scopes,
    Roles,
    Groups,
    Subject,
    Client,
    Audience,
}

impl Names {
    /// Parses the names; otherwise the first claim whose name is invalid, and that name.
    pub(crate) fn read(&self) -> Result<Mapping, (MappedClaim, String)> {
        let path = |claim, name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => crate::policy::Path::parse(name).map(Some).ok_or_else(|| (claim, name.clone())),
        };
        Ok(Mapping {
            scopes: path(MappedClaim::Scopes, &self.scopes)?,
            roles: path(MappedClaim::Roles, &self.roles)?,
            groups: path(MappedClaim::Groups, &self.groups)?,
            subject: path(MappedClaim::Subject, &self.subject)?,
            client: path(MappedClaim::Client, &self.client)?,
            audience: path(MappedClaim::Audience, &self.audience)?,
        })
    }
}

impl Kind {
    /// Where an issuer that is not Microsoft's has its keys, with or without users.
    pub(crate) fn openid(&self) -> Option<&OpenIdConnect> {
        match self {
            Self::OpenIdConnect(openid) | Self::Workload(Workload { openid, .. }) => Some(openid),
            Self::Entra(_) | Self::B2c(_) | Self::ExternalId(_) => None,
        }
    }

    pub(super) fn keys_mut(&mut self) -> Option<&mut Keys> {
        match self {
            Self::OpenIdConnect(openid) | Self::Workload(Workload { openid, .. }) => Some(&mut openid.keys),
            Self::Entra(_) | Self::B2c(_) | Self::ExternalId(_) => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entra(entra) => entra.fmt(f),
            Self::B2c(b2c) => write!(f, "{}/{}/{}", b2c.address, b2c.tenant, b2c.policies.join("+")),
            Self::ExternalId(external) => write!(f, "{}/{}", external.address, external.tenant),
            Self::OpenIdConnect(openid) | Self::Workload(Workload { openid, .. }) => f.write_str(&openid.issuer),
        }
    }
}

/// The settings of one authority, of whatever kind. Anything empty is inherited from the rest of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) required_claims: Vec<ClaimRule>,
    pub(crate) requirement: Option<Requirement>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Groups, directory roles and authentication contexts in its tokens are trusted.
    pub(crate) trust_directory_claims: bool,
    /// Issuers at another origin than its metadata.
    pub(crate) issuers: Vec<String>,
    pub(crate) is_not_required_for_readiness: bool,
    /// Certificates in PEM of the only authorities that may vouch for its key servers.
    pub(crate) ca_certificates: Option<String>,
    /// Methods that do not apply to this kind of authority.
    pub(crate) misfits: Vec<&'static str>,
}

impl Settings {
    /// Whether it names the audience of its tokens itself.
    pub(crate) fn names_an_audience(&self) -> bool {
        self.client_id.is_some() || !self.audiences.is_empty()
    }
}
