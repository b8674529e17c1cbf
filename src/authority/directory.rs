//! What an authority can state about a directory, and where its subjects are unique.

use std::sync::Arc;

use super::{DocumentSpec, Source, Tenants};
use crate::{
    claims::{
        directory::{DirectoryClaims, DirectoryKind},
        subject_key::SubjectSpace,
    },
    policy::Profile,
    tenant::TenantId,
};

const B2C: &str = ".b2clogin.com";
const EXTERNAL_ID: &str = ".ciamlogin.com";

/// The claims that an authority with these keys and this kind of tokens can state. `is_trusted` is the operator's
/// `trust_directory_claims()`.
pub(crate) fn directory_claims(source: &Source, profile: &Profile, is_trusted: bool) -> DirectoryClaims {
    let group_claim = match profile {
        Profile::OpenIdConnect(mapping) => mapping.groups.is_some(),
        _ => false,
    };
    DirectoryClaims::of(kind(source), is_trusted, group_claim)
}

fn kind(source: &Source) -> DirectoryKind {
    let is_guid = |tenant: &str| tenant.parse::<TenantId>().is_ok();
    match source {
        Source::Entra(entra) if entra.instance.cloud().is_some() => DirectoryKind::Microsoft,
        Source::Entra(entra) => match &entra.tenants {
            Tenants::One(_) => DirectoryKind::PinnedTenants,
            Tenants::List { domains, .. } if domains.is_empty() => DirectoryKind::PinnedTenants,
            // With a domain among them the host says which tenant that is: it could be any.
            Tenants::List { .. }
            | Tenants::Domain(_)
            | Tenants::AnyOrganization
            | Tenants::AnyAccount
            | Tenants::PersonalAccounts => DirectoryKind::OpenTenants,
        },
        Source::One(DocumentSpec::ExternalId { base, tenant, .. }) => {
            if is_host_below(base, EXTERNAL_ID) {
                DirectoryKind::Microsoft
            } else if is_guid(tenant) {
                DirectoryKind::PinnedTenants
            } else {
                DirectoryKind::OpenTenants
            }
        }
        Source::One(DocumentSpec::B2c { base, tenant, .. }) => {
            DirectoryKind::B2c { has_known_tenant: is_host_below(base, B2C) || is_guid(tenant) }
        }
        Source::One(DocumentSpec::Entra { .. }) => DirectoryKind::OpenTenants,
        Source::One(DocumentSpec::OpenIdConnect { .. } | DocumentSpec::Static { .. }) => DirectoryKind::OpenIdConnect,
    }
}

/// Where the subjects of an authority are unique.
pub(crate) fn subject_space(source: &Source, profile: &Profile) -> SubjectSpace {
    let host = |base: &str| Arc::from(base.strip_prefix("https://").unwrap_or(base));
    let has_own_claim = matches!(profile, Profile::OpenIdConnect(mapping) if mapping.subject.is_some());
    match source {
        Source::Entra(entra) => SubjectSpace::Entra { host: host(entra.instance.base()) },
        Source::One(DocumentSpec::Entra { instance, .. }) => SubjectSpace::Entra { host: host(instance.base()) },
        // A tenant has several hosts there, all of them Microsoft's.
        Source::One(DocumentSpec::ExternalId { base, .. }) if is_host_below(base, EXTERNAL_ID) => {
            SubjectSpace::ExternalId { host: host(EXTERNAL_ID.trim_start_matches('.')) }
        }
        Source::One(DocumentSpec::ExternalId { base, .. }) => SubjectSpace::ExternalId { host: host(base) },
        Source::One(DocumentSpec::B2c { base, .. }) => SubjectSpace::B2c { host: host(base) },
        Source::One(DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. }) => {
            SubjectSpace::OpenIdConnect { issuer: Arc::clone(issuer), has_own_claim }
        }
    }
}

/// Whether an origin is a host below one of Microsoft's, at the usual port.
fn is_host_below(origin: &str, parent: &str) -> bool {
    origin.strip_prefix("https://").is_some_and(|host| {
        host.ends_with(parent) && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    })
}
