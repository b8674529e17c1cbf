//! Metadata documents (`docs/entra.md`, "Metadata documents"): issuer, `jwks_uri` and cloud, which are checked before any of
//! them is used.

mod issuer;

use std::{fmt, sync::Arc};

use serde::Deserialize;

use issuer::check_issuer;

use crate::{
    authority::{DocumentSpec, ForeignIssuer, IssuerForm, Issuers, Ownership, forms, is_listed},
    claims::TokenVersion,
    error::{DocumentFault, InvalidDocument},
    jwk::without_bom,
    tenant::{Cloud, HttpsUrl, IssuerTemplate, MicrosoftHost, TenantId},
};

/// A metadata document that passed the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderMetadata {
    pub(crate) issuer: Arc<str>,
    /// The issuer as a template, if it has a placeholder for the tenant or names one.
    pub(crate) template: Option<IssuerTemplate>,
    pub(crate) jwks_uri: String,
    /// The member `cloud_instance_name`; `None` if it is missing or blank.
    pub(crate) cloud: Option<String>,
}

/// Why a metadata document is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataError {
    /// It names an issuer that its authority does not own.
    Foreign(ForeignIssuer),
    Invalid(InvalidDocument),
}

impl From<String> for MetadataError {
    fn from(reason: String) -> Self {
        Self::Invalid(InvalidDocument::new(reason))
    }
}

impl From<InvalidDocument> for MetadataError {
    fn from(document: InvalidDocument) -> Self {
        Self::Invalid(document)
    }
}

impl From<ForeignIssuer> for MetadataError {
    fn from(issuer: ForeignIssuer) -> Self {
        Self::Foreign(issuer)
    }
}

impl From<&MetadataError> for InvalidDocument {
    fn from(error: &MetadataError) -> Self {
        match error {
            MetadataError::Foreign(issuer) => {
                Self::with_fault(DocumentFault::ForeignIssuer, issuer.to_string()).naming(issuer.may_be_listed())
            }
            MetadataError::Invalid(document) => document.clone(),
        }
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(issuer) => issuer.fmt(f),
            Self::Invalid(document) => document.fmt(f),
        }
    }
}

impl ProviderMetadata {
    /// Parses a document and checks it against `spec`. `version` is that of the document, which for Entra may be v1.
    ///
    /// # Errors
    ///
    /// The first mismatch, with the actual and the expected value.
    pub(crate) fn parse(
        document: &[u8],
        spec: &DocumentSpec,
        version: TokenVersion,
        ownership: &Ownership,
    ) -> Result<Self, MetadataError> {
        #[derive(Deserialize)]
        struct MetadataMembers {
            issuer: String,
            jwks_uri: String,
            cloud_instance_name: Option<String>,
            access_token_issuer: Option<serde_json::Value>,
        }

        let raw: MetadataMembers = serde_json::from_slice(without_bom(document))
            .map_err(|_| "it is no metadata document: a JSON object with texts issuer and jwks_uri".to_owned())?;
        // Before the form of the issuer: one that the authority does not own is the root cause.
        ownership.check_location(spec, &raw.issuer)?;
        let template = check_issuer(&raw.issuer, spec, version)?;
        check_access_token_issuer(raw.access_token_issuer.as_ref(), &raw.issuer, spec)?;
        check_jwks_uri(&raw.jwks_uri, spec)?;
        let cloud = raw.cloud_instance_name.filter(|name| !name.trim().is_empty());
        if let (Some(expected), Some(found)) = (spec.cloud().and_then(Cloud::instance_name), &cloud)
            && expected != found
        {
            return Err(format!("its cloud_instance_name is {found:?}, not {expected:?}").into());
        }
        let metadata = Self { issuer: raw.issuer.into(), template, jwks_uri: raw.jwks_uri, cloud };
        let (v1, v2) = match version {
            TokenVersion::V1 => (Some(&metadata), None),
            TokenVersion::V2 => (None, Some(&metadata)),
        };
        ownership.check_other_owners(&metadata.issuer, &issuers(spec, v1, v2))?;
        Ok(metadata)
    }

    /// The tenant in its issuer.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.template.as_ref().and_then(IssuerTemplate::tenant)
    }

    fn exact(&self, version: TokenVersion, issuer: &str) -> (TokenVersion, IssuerForm) {
        (version, IssuerForm::Exact { text: issuer.into(), tenant: self.tenant() })
    }
}

/// The issuers of an authority whose metadata are `v1` and `v2`.
pub(crate) fn issuers(spec: &DocumentSpec, v1: Option<&ProviderMetadata>, v2: Option<&ProviderMetadata>) -> Issuers {
    match spec {
        DocumentSpec::Entra { instance, version, .. } if instance.cloud().is_none() => {
            // With the placeholder, as for Microsoft's clouds, so that tokens of another tenant are rejected as `wrong_tenant`.
            let for_any_tenant = |version, metadata: Option<&ProviderMetadata>| {
                let template = metadata?.template.as_ref()?.for_any_tenant();
                Some((version, IssuerForm::Template(template)))
            };
            let both = [for_any_tenant(TokenVersion::V2, v2), for_any_tenant(TokenVersion::V1, v1)];
            Issuers::new(both.into_iter().flatten(), *version)
        }
        DocumentSpec::B2c { .. } => Issuers::new(v2.map(|v2| v2.exact(TokenVersion::V2, &v2.issuer)), None),
        DocumentSpec::ExternalId { version, .. } => {
            // V1 tokens have the same issuer without the version (`docs/entra.md`, "External ID"). If issuers are listed, only
            // exactly those are accepted.
            let is_accepted =
                |v1: &&str| !is_listed(spec.listed(), &format!("{v1}v2.0")) || is_listed(spec.listed(), v1);
            let v1 = v2.and_then(|v2| {
                let v1 = v2.issuer.strip_suffix("v2.0").filter(is_accepted)?;
                Some(v2.exact(TokenVersion::V1, v1))
            });
            let v2 = v2.map(|v2| v2.exact(TokenVersion::V2, &v2.issuer));
            Issuers::new(v2.into_iter().chain(v1), *version)
        }
        DocumentSpec::OpenIdConnect { listed, .. } => match v2 {
            Some(v2) => {
                let listed = listed.iter().map(|issuer| (TokenVersion::V2, IssuerForm::exact(issuer)));
                Issuers::new(std::iter::once((TokenVersion::V2, IssuerForm::exact(&v2.issuer))).chain(listed), None)
            }
            None => spec.issuers(),
        },
        DocumentSpec::Entra { .. } | DocumentSpec::Static { .. } => spec.issuers(),
    }
}

/// If metadata names an issuer of access tokens (AD FS: `access_token_issuer`), it must be accepted: otherwise every token
/// would be rejected without an explanation.
fn check_access_token_issuer(
    found: Option<&serde_json::Value>,
    issuer: &str,
    spec: &DocumentSpec,
) -> Result<(), InvalidDocument> {
    let (Some(found), DocumentSpec::OpenIdConnect { listed, .. }) = (found, spec) else { return Ok(()) };
    match found.as_str() {
        Some(found) if found == issuer || listed.iter().any(|listed| **listed == *found) => Ok(()),
        Some(found) => Err(InvalidDocument::new(format!(
            "its access_token_issuer is {found:?}, which its access tokens have in iss: if that is right, list it under Issuers \
             in a file, or by issuers([{found:?}]) in code"
        ))),
        None => Err(InvalidDocument::new("its access_token_issuer is not a string")),
    }
}

/// Keys are fetched only from the origin of the document, or from a host of the same cloud.
fn check_jwks_uri(found: &str, spec: &DocumentSpec) -> Result<(), String> {
    let address =
        HttpsUrl::parse(found).map_err(|problem| format!("its jwks_uri {found:?} may not be fetched: {problem}"))?;
    let base = HttpsUrl::parse(&spec.address()).map_err(|problem| problem.to_string())?;
    let is_plain = |address: &HttpsUrl| address.origin == format!("https://{}", address.host);
    let has_same_owner = match spec {
        DocumentSpec::Entra { .. } => {
            spec.cloud().is_some_and(|cloud| Cloud::from_host(&address.host) == Some(cloud)) && is_plain(&address)
        }
        // All hosts of the service are Microsoft's, and a custom domain may point to them.
        DocumentSpec::ExternalId { .. } => {
            MicrosoftHost::of(&address.host) == Some(MicrosoftHost::ExternalId) && is_plain(&address)
        }
        _ => false,
    };
    // A listed issuer is trusted with its origin: that of a mirrored document, or of a mock with another host name.
    let is_listed = !matches!(spec, DocumentSpec::OpenIdConnect { .. })
        && spec.listed().iter().any(|issuer| forms::origin(issuer).is_some_and(|origin| origin == address.origin));
    if address.origin == base.origin || has_same_owner || is_listed {
        return Ok(());
    }
    let advice = match spec {
        DocumentSpec::OpenIdConnect { .. } => "; if that is right, name it by jwks_uri()",
        _ => "",
    };
    Err(format!("its jwks_uri {found:?} is at another origin than {}{advice}", base.origin))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
