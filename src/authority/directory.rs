//! What an authority can state about a directory, and where its subjects are unique.

use std::sync::Arc;

use super::{DocumentSpec, KeySource, Tenants};
use crate::{
    claims::{
        authority::SubjectSpace,
        directory::{DirectoryClaims, DirectoryKind},
    },
    policy::Profile,
    tenant::{MicrosoftHost, TenantId},
};

/// The claims that an authority with these keys and this kind of tokens can state. `is_trusted` is the operator's
/// `trust_directory_claims()`.
pub(crate) fn directory_claims(source: &KeySource, profile: &Profile, is_trusted: bool) -> DirectoryClaims {
    let group_claim = match profile {
        Profile::OpenIdConnect(mapping) => mapping.groups.is_some(),
        _ => false,
    };
    let kind = match profile {
        Profile::Workload => DirectoryKind::Workload,
        _ => kind(source),
    };
    DirectoryClaims::of(kind, is_trusted, group_claim)
}

fn kind(source: &KeySource) -> DirectoryKind {
    let is_guid = |tenant: &str| tenant.parse::<TenantId>().is_ok();
    match source {
        KeySource::Entra(entra) if entra.instance.cloud().is_some() => DirectoryKind::Microsoft,
        KeySource::Entra(entra) => match &entra.tenants {
            Tenants::One(_) => DirectoryKind::PinnedTenants,
            Tenants::List { domains, .. } if domains.is_empty() => DirectoryKind::PinnedTenants,
            // With a domain among them the host says which tenant that is: it could be any.
            Tenants::List { .. }
            | Tenants::Domain(_)
            | Tenants::AnyOrganization
            | Tenants::AnyAccount
            | Tenants::PersonalAccounts => DirectoryKind::OpenTenants,
        },
        KeySource::Document(DocumentSpec::ExternalId { base, tenant, .. }) => {
            if is_served_at(base, MicrosoftHost::ExternalId) {
                DirectoryKind::Microsoft
            } else if is_guid(tenant) {
                DirectoryKind::PinnedTenants
            } else {
                DirectoryKind::OpenTenants
            }
        }
        KeySource::Document(DocumentSpec::B2c { base, tenant, .. }) => {
            DirectoryKind::B2c { has_known_tenant: is_served_at(base, MicrosoftHost::B2c) || is_guid(tenant) }
        }
        KeySource::Document(DocumentSpec::Entra { .. }) => DirectoryKind::OpenTenants,
        KeySource::Document(DocumentSpec::OpenIdConnect { .. } | DocumentSpec::Static { .. }) => {
            DirectoryKind::OpenIdConnect
        }
    }
}

/// Where the subjects of an authority are unique.
pub(crate) fn subject_space(source: &KeySource, profile: &Profile) -> SubjectSpace {
    let host = |base: &str| Arc::from(base.strip_prefix("https://").unwrap_or(base));
    let has_own_claim = matches!(profile, Profile::OpenIdConnect(mapping) if mapping.subject.is_some());
    match source {
        KeySource::Entra(entra) => SubjectSpace::Entra { host: host(entra.instance.base()) },
        KeySource::Document(DocumentSpec::Entra { instance, .. }) => {
            SubjectSpace::Entra { host: host(instance.base()) }
        }
        // A tenant has several hosts there, all of them Microsoft's.
        KeySource::Document(DocumentSpec::ExternalId { base, .. }) if is_served_at(base, MicrosoftHost::ExternalId) => {
            SubjectSpace::ExternalId { host: host(MicrosoftHost::external_id_domain()) }
        }
        KeySource::Document(DocumentSpec::ExternalId { base, .. }) => SubjectSpace::ExternalId { host: host(base) },
        KeySource::Document(DocumentSpec::B2c { base, .. }) => SubjectSpace::B2c { host: host(base) },
        KeySource::Document(DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. }) => {
            SubjectSpace::OpenIdConnect { issuer: Arc::clone(issuer), has_own_claim }
        }
    }
}

/// Whether Microsoft serves this at an origin, which has no port but the usual one.
fn is_served_at(origin: &str, service: MicrosoftHost) -> bool {
    origin.strip_prefix("https://").and_then(MicrosoftHost::of) == Some(service)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        authority::{Authority, Entra},
        tenant::{Cloud, Instance},
    };

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const OTHER: &str = "22222222-3333-4444-5555-666666666666";

    fn entra(authority: Entra, instance: impl Into<Instance>) -> KeySource {
        KeySource::Entra(authority.in_instance(instance.into()).spec)
    }

    fn external_id(base: &str, tenant: &str) -> KeySource {
        KeySource::Document(DocumentSpec::ExternalId {
            base: base.into(),
            tenant: tenant.into(),
            version: None,
            listed: Arc::default(),
        })
    }

    fn b2c(base: &str, tenant: &str) -> KeySource {
        let policy = "B2C_1_susi".to_owned();
        KeySource::Document(DocumentSpec::B2c {
            base: base.into(),
            tenant: tenant.into(),
            policy,
            accept_tfp: false,
            listed: Arc::default(),
        })
    }

    #[test]
    fn kinds_of_authorities() {
        use DirectoryKind::*;
        let (one, other): (TenantId, TenantId) = (TENANT.parse().unwrap(), OTHER.parse().unwrap());
        let elsewhere = || Instance::parse("https://login.contoso.example").unwrap();
        let emulator = || Instance::parse("http://127.0.0.1:4000").unwrap();
        let domain = "contoso.onmicrosoft.com";
        let tenants = |domains: &[&str]| Authority::tenants([one, other], domains.iter().map(ToString::to_string));
        let known = B2c { has_known_tenant: true };
        let unknown = B2c { has_known_tenant: false };
        for (source, expected) in [
            (entra(Authority::tenant(one), Cloud::Public), Microsoft),
            (entra(Authority::domain(domain), Cloud::China), Microsoft),
            (entra(Authority::danger_any_account(), Cloud::UsGovernment), Microsoft),
            (entra(Authority::tenant(one), Instance::parse("https://login.windows.net").unwrap()), Microsoft),
            (entra(Authority::tenant(one), elsewhere()), PinnedTenants),
            (entra(Authority::tenant(one), emulator()), PinnedTenants),
            (entra(tenants(&[]), elsewhere()), PinnedTenants),
            (entra(tenants(&[domain]), elsewhere()), OpenTenants),
            (entra(Authority::domain(domain), elsewhere()), OpenTenants),
            (entra(Authority::danger_any_organization(), elsewhere()), OpenTenants),
            (entra(Authority::danger_any_account(), elsewhere()), OpenTenants),
            (entra(Authority::danger_personal_accounts(), elsewhere()), OpenTenants),
            (entra(Authority::tenants_matching(|_| true), emulator()), OpenTenants),
            (external_id("https://contoso.ciamlogin.com", domain), Microsoft),
            (external_id("https://login.contoso.example", TENANT), PinnedTenants),
            (external_id("https://login.contoso.example", domain), OpenTenants),
            (external_id("https://contoso.ciamlogin.com:8443", domain), OpenTenants),
            (external_id("https://contoso.ciamlogin.com.evil.example", domain), OpenTenants),
            (external_id("https://evil-ciamlogin.com", domain), OpenTenants),
            (b2c("https://contoso.b2clogin.com", domain), known),
            (b2c("https://login.contoso.example", TENANT), known),
            (b2c("https://login.contoso.example", domain), unknown),
            (b2c("https://contoso.ciamlogin.com", domain), unknown),
        ] {
            assert_eq!(kind(&source), expected, "{source:?}");
        }
    }
}
