//! The address of an `openid-config`, and whose authority it is.

use crate::{
    claims::TokenVersion,
    config::{
        address::{self, Form, Spot},
        flaw::Flaw,
    },
    error::ConfigProblemKind::Missing,
    tenant::{Instance, check_address},
};

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What an `openid-config` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    Entra {
        instance: Instance,
        tenant: String,
        version: TokenVersion,
        /// The application whose own keys are asked for.
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
    },
    /// Any other; the issuer is what stands before `/.well-known`, if it is there.
    Other {
        issuer: Option<String>,
    },
}

/// Reads the address of metadata.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn metadata(url: &str) -> Result<Metadata, Flaw> {
    if url.is_empty() {
        let advice = format!(
            "is empty: whose tokens are accepted? Name the metadata of the tenant, \
             https://login.microsoftonline.com/{{tenant}}/v2.0{WELL_KNOWN}"
        );
        return Err(Flaw::new(Missing, advice));
    }
    check_address(url)?;
    let (plain, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = plain.trim_end_matches('/').strip_suffix(WELL_KNOWN);
    // Of an address that names no authority, only a host that is known can be judged.
    let form = address::form(authority.unwrap_or(plain)).unwrap_or(Form::OpenIdConnect);
    let (Some(authority), false) = (authority, form == Form::OpenIdConnect) else {
        let issuer = authority.filter(|_| query.is_empty()).map(str::to_owned);
        let host = check_address(url).map(|address| address.host).unwrap_or_default();
        return match form == Form::OpenIdConnect && !address::is_microsofts(&host) {
            true => Ok(Metadata::Other { issuer }),
            false => Err(Flaw::invalid(format!("is no address of metadata; it ends with {WELL_KNOWN}"))),
        };
    };
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    match address::authority(authority, form)? {
        Spot::Entra { instance, tenant } => {
            let is_v2 = authority.to_ascii_lowercase().ends_with("/v2.0");
            let version = if is_v2 { TokenVersion::V2 } else { TokenVersion::V1 };
            Ok(Metadata::Entra { instance, tenant, version, app_id: parameter("appid") })
        }
        Spot::B2c { base, tenant, policy } => match policy.or_else(|| parameter("p")) {
            Some(policy) => Ok(Metadata::B2c { base, tenant, policy }),
            None => Err(Flaw::new(Missing, "names no policy: which user flow issues the tokens?")),
        },
        Spot::ExternalId { base, tenant } => Ok(Metadata::ExternalId { base, tenant }),
        Spot::OpenIdConnect => Ok(Metadata::Other { issuer: Some(authority.to_owned()) }),
    }
}
