//! The address of an `openid-config`, and the kind of authority that it belongs to.

use crate::{
    authority::WELL_KNOWN,
    claims::TokenVersion,
    config::address::{self, AuthorityKind, ParsedAuthority},
    error::ConfigProblemKind::{self, Conflict, Duplicate, Invalid, Missing, Unsupported},
    tenant::{HttpsUrl, Instance, TenantId},
};

/// The authority that an address of metadata names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PolicyMetadata {
    Entra {
        instance: Instance,
        tenant: String,
        version: TokenVersion,
        /// The application whose own keys are requested.
        app_id: Option<String>,
    },
    B2c {
        base: String,
        tenant: Option<String>,
        policy: String,
    },
    ExternalId {
        base: String,
        tenant: Option<String>,
        /// The application whose own keys are requested.
        app_id: Option<String>,
    },
    /// Any other. The issuer is what precedes `/.well-known`, if the address has that.
    Other {
        issuer: Option<String>,
    },
}

/// A problem with an address, and the fix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AddressFault {
    pub(super) kind: ConfigProblemKind,
    pub(super) advice: String,
}

fn fault(kind: ConfigProblemKind, advice: impl Into<String>) -> AddressFault {
    AddressFault { kind, advice: advice.into() }
}

/// Reads the address of metadata.
///
/// # Errors
///
/// If it is not an address of metadata, or has a parameter that is not understood.
pub(super) fn metadata(url: &str) -> Result<PolicyMetadata, AddressFault> {
    if url.is_empty() {
        let advice = format!(
            "is empty; name the metadata of the tenant, https://login.microsoftonline.com/{{tenant}}/v2.0{WELL_KNOWN}"
        );
        return Err(fault(Missing, advice));
    }
    let checked = HttpsUrl::parse(url).map_err(|error| fault(Invalid, error.to_string()))?;
    let (plain, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = plain.trim_end_matches('/').strip_suffix(WELL_KNOWN);
    // Without the usual end, only a known host tells the kind.
    let form = address::form(authority.unwrap_or(plain)).unwrap_or(AuthorityKind::OpenIdConnect);
    let is_microsofts = address::is_microsofts(&checked.host);
    let Some(authority) = authority.filter(|_| form != AuthorityKind::OpenIdConnect) else {
        if form != AuthorityKind::OpenIdConnect || is_microsofts {
            return Err(fault(Invalid, format!("is not an address of metadata, which ends with {WELL_KNOWN}")));
        }
        // Its query is kept: the whole address becomes the MetadataAddress.
        return Ok(PolicyMetadata::Other { issuer: authority.filter(|_| query.is_empty()).map(str::to_owned) });
    };
    let mut parameters = Parameters::read(query)?;
    let policy_parameter = parameters.policy.take();
    // In the query or, as in /tfp/, in the path.
    if is_microsofts && (policy_parameter.is_some() || form == AuthorityKind::B2c) {
        let advice = "names a user flow of Azure AD B2C at a host that Microsoft has retired for it; name the metadata at https://{name}.b2clogin.com/{tenant}/{user flow}/v2.0/.well-known/openid-configuration";
        return Err(fault(Unsupported, advice));
    }
    // B2C at a custom domain, whose path need not name the user flow.
    let form = if form == AuthorityKind::Entra && policy_parameter.is_some() { AuthorityKind::B2c } else { form };
    let spot = address::authority(authority, form).map_err(|flaw| fault(flaw.kind, flaw.advice))?;
    let app_id = match (parameters.app_id, &spot) {
        (Some(_), ParsedAuthority::B2c { .. } | ParsedAuthority::OpenIdConnect) => {
            return Err(fault(Unsupported, "has ?appid=, which Azure AD B2C does not have; remove it"));
        }
        (Some(app_id), _) if app_id.parse::<TenantId>().is_err() => {
            return Err(fault(Invalid, "has an ?appid= that is not a GUID; it is the client ID of this API"));
        }
        (app_id, _) => app_id,
    };
    if policy_parameter.is_some() && !matches!(spot, ParsedAuthority::B2c { .. }) {
        return Err(fault(Unsupported, "has ?p=, which only Azure AD B2C has; remove it"));
    }
    match spot {
        ParsedAuthority::Entra { instance, tenant } => {
            let is_v2 = authority.to_ascii_lowercase().trim_end_matches('/').ends_with("/v2.0");
            let version = if is_v2 { TokenVersion::V2 } else { TokenVersion::V1 };
            Ok(PolicyMetadata::Entra { instance, tenant, version, app_id })
        }
        ParsedAuthority::B2c { base, tenant, policy } => match (policy, policy_parameter) {
            (Some(policy), Some(other)) if !policy.eq_ignore_ascii_case(&other) => {
                Err(fault(Conflict, format!("names two user flows, {policy} and {other}; remove one")))
            }
            (Some(policy), _) | (None, Some(policy)) => Ok(PolicyMetadata::B2c { base, tenant, policy }),
            (None, None) => {
                Err(fault(Missing, "does not name the user flow or policy that issues the tokens, such as B2C_1_susi"))
            }
        },
        ParsedAuthority::ExternalId { base, tenant } => Ok(PolicyMetadata::ExternalId { base, tenant, app_id }),
        ParsedAuthority::OpenIdConnect => Ok(PolicyMetadata::Other { issuer: Some(authority.to_owned()) }),
    }
}

/// The parameters of an address of Microsoft's.
#[derive(Default)]
struct Parameters {
    app_id: Option<String>,
    /// The user flow of B2C.
    policy: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, AddressFault> {
        let mut read = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = match name.to_ascii_lowercase().as_str() {
                "appid" => &mut read.app_id,
                "p" => &mut read.policy,
                _ => {
                    let advice = format!("has the parameter {name}, which is not supported; remove it");
                    return Err(fault(Unsupported, advice));
                }
            };
            if value.is_empty() {
                return Err(fault(Invalid, format!("has the parameter {name} without a value; remove it")));
            }
            if known.replace(value.to_owned()).is_some() {
                return Err(fault(Duplicate, format!("has the parameter {name} twice; remove one")));
            }
        }
        Ok(read)
    }
}
