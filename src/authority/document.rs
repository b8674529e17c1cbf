use std::sync::Arc;

use super::{IssuerForm, Issuers, ListedIssuers, issuers::other_spelling};
use crate::{
    claims::TokenVersion,
    jwk::KeySet,
    tenant::{Cloud, Instance, TenantId},
};

/// A document with keys: its URL, and the tenants that its keys are authorized for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentSpec {
    /// Of an instance of Entra (`docs/entra.md`, "Discovery URLs").
    Entra {
        instance: Instance,
        owner: DocumentOwner,
        /// The application whose own signing keys are requested (`docs/entra.md`, "Application-specific signing keys").
        app_id: Option<String>,
        /// The one version of tokens that is accepted.
        version: Option<TokenVersion>,
        /// Issuers that it may name, beside those at its own origin.
        listed: ListedIssuers,
    },
    /// Of one policy of Azure AD B2C (`docs/entra.md`, "Azure AD B2C").
    B2c { base: String, tenant: String, policy: String, accept_tfp: bool, listed: ListedIssuers },
    /// Of an External ID tenant (`docs/entra.md`, "External ID").
    ExternalId { base: String, tenant: String, version: Option<TokenVersion>, listed: ListedIssuers },
    /// Of an OpenID Connect issuer. With a `jwks_uri`, no metadata is fetched. Tokens may have the listed issuers too.
    OpenIdConnect { issuer: Arc<str>, metadata: Option<String>, jwks_uri: Option<String>, listed: ListedIssuers },
    /// Static keys: nothing is ever fetched.
    Static { issuer: Arc<str>, keys: Arc<KeySet>, listed: ListedIssuers },
}

/// The tenants that the keys of a document of Entra are authorized for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentOwner {
    /// A tenant's own document: that tenant alone.
    Tenant(TenantId),
    /// A tenant's own document, addressed by a domain: the tenant that its issuer names.
    Domain(String),
    /// `organizations` or `common`: the tenants that the `issuer` of each key names.
    Shared(&'static str),
}

/// The path of metadata, behind an issuer or an authority (OpenID Connect Discovery 1.0, section 4).
pub(crate) const WELL_KNOWN: &str = "/.well-known/openid-configuration";

impl DocumentSpec {
    /// The URL of the metadata, for Entra that of v2. Without metadata, the URL of the keys; with static keys, the issuer.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Entra { .. } => self.entra_metadata("/v2.0").unwrap_or_default(),
            Self::B2c { base, tenant, policy, .. } => format!("{base}/{tenant}/{policy}/v2.0{WELL_KNOWN}"),
            Self::ExternalId { base, tenant, .. } => format!("{base}/{tenant}/v2.0{WELL_KNOWN}"),
            Self::OpenIdConnect { jwks_uri: Some(jwks_uri), .. } => jwks_uri.clone(),
            Self::OpenIdConnect { metadata: Some(metadata), .. } => metadata.clone(),
            Self::OpenIdConnect { issuer, .. } => format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')),
            Self::Static { issuer, .. } => issuer.to_string(),
        }
    }

    /// The URL of Entra's v1 metadata, where only that names the v1 issuers (`docs/entra.md`, "Discovery
    /// URLs").
    pub(crate) fn v1_address(&self) -> Option<String> {
        match self {
            Self::Entra { instance, .. } if instance.cloud().is_none() => self.entra_metadata(""),
            _ => None,
        }
    }

    fn entra_metadata(&self, version: &str) -> Option<String> {
        let Self::Entra { instance, owner, app_id, .. } = self else { return None };
        let base = instance.base();
        let owner = match owner {
            DocumentOwner::Tenant(TenantId::PERSONAL_ACCOUNTS) => "consumers".to_owned(),
            DocumentOwner::Tenant(tenant) => tenant.to_string(),
            DocumentOwner::Domain(domain) => domain.clone(),
            DocumentOwner::Shared(name) => (*name).to_owned(),
        };
        let query = app_id.as_ref().map(|id| format!("?appid={id}")).unwrap_or_default();
        Some(format!("{base}/{owner}{version}{WELL_KNOWN}{query}"))
    }

    /// The Microsoft cloud, whose issuers are known; `None` for every other document.
    pub(crate) fn cloud(&self) -> Option<Cloud> {
        match self {
            Self::Entra { instance, .. } => instance.cloud(),
            _ => None,
        }
    }

    /// The tenant, if it is known before the document is fetched.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Entra { owner: DocumentOwner::Tenant(tenant), .. } => Some(*tenant),
            Self::B2c { tenant, .. } | Self::ExternalId { tenant, .. } => tenant.parse().ok(),
            _ => None,
        }
    }

    /// Whether several tenants share the document, so that each key must name its tenants (`issuer`).
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Entra { owner: DocumentOwner::Shared(_), .. })
    }

    /// Whether the only signing key of the document may lack a `kid`. Never for Microsoft, whose tokens and keys all have one.
    pub(crate) fn accepts_nameless_keys(&self) -> bool {
        matches!(self, Self::OpenIdConnect { .. } | Self::Static { .. })
    }

    /// The configured issuer with its trailing slash added or removed, where metadata decides which of the two is right.
    pub(crate) fn other_spelling(&self) -> Option<Arc<str>> {
        match self {
            Self::OpenIdConnect { issuer, jwks_uri: None, .. } => Some(other_spelling(issuer).into()),
            _ => None,
        }
    }

    /// Whether its issuers follow from the configuration alone.
    pub(crate) fn has_known_issuers(&self) -> bool {
        !self.issuers().is_empty()
    }

    /// Whether the keys are static: never fetched, never stale.
    pub(crate) fn is_static(&self) -> bool {
        matches!(self, Self::Static { .. })
    }

    /// The issuers, as far as they are known before the document is fetched.
    pub(crate) fn issuers(&self) -> Issuers {
        match self {
            Self::Entra { instance, version, .. } => {
                let Some(cloud) = instance.cloud() else { return Issuers::default() };
                let v1 = cloud.v1_issuer().map(|issuer| (TokenVersion::V1, IssuerForm::Template(issuer)));
                let v2 = (TokenVersion::V2, IssuerForm::Template(cloud.v2_issuer()));
                Issuers::new([v2].into_iter().chain(v1), *version)
            }
            Self::B2c { .. } | Self::ExternalId { .. } => Issuers::default(),
            Self::OpenIdConnect { issuer, listed, .. } | Self::Static { issuer, listed, .. } => {
                let form = |text: &Arc<str>| (TokenVersion::V2, IssuerForm::exact(text));
                let other = self.other_spelling();
                Issuers::new(std::iter::once(issuer).chain(&other).chain(&**listed).map(form), None)
            }
        }
    }
}
