//! Directory claims: the table of the claims about a directory that an authority can state. And the space in which its subjects
//! are unique.

use std::sync::Arc;

use super::{DocumentSpec, KeySource, Tenants};
use crate::{
    claims::{authority::SubjectSpace, directory::DirectoryClaims},
    policy::Profile,
    tenant::{MicrosoftHost, TenantId, after_https},
};

/// The kinds of authorities that differ in the claims about a directory that they can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DirectoryKind {
    /// Entra or External ID at a Microsoft host: Microsoft states the claims.
    Microsoft,
    /// Entra or External ID at another host, its tenants configured by their GUIDs.
    PinnedTenants,
    /// Entra or External ID at another host, whose operator determines the tenants: any organization, or a tenant that is
    /// configured by a domain.
    OpenTenants,
    /// Azure AD B2C. Its custom policies write any claim, so that its host proves nothing. `has_known_tenant` says that
    /// Microsoft's host or the configuration states the tenant.
    B2c { has_known_tenant: bool },
    /// Any other OpenID Connect issuer.
    OpenIdConnect,
    /// An issuer of workload identities, which are in no directory and have no scopes and roles.
    Workload,
}

/// The claims about a directory that an authority can state. `is_trusted` is the operator's `trust_directory_claims()`.
pub(crate) fn directory_claims(source: &KeySource, profile: &Profile, is_trusted: bool) -> DirectoryClaims {
    let has_group_claim = matches!(profile, Profile::OpenIdConnect(mapping) if mapping.groups.is_some());
    let kind = match profile {
        Profile::Workload => DirectoryKind::Workload,
        _ => kind(source),
    };
    claims_of(kind, is_trusted, has_group_claim)
}

/// The table: `tid`; member or guest; groups, `wids` and `acrs`.
fn claims_of(kind: DirectoryKind, is_trusted: bool, group_claim: bool) -> DirectoryClaims {
    let (tenant, membership, assignments) = match kind {
        DirectoryKind::Microsoft => (true, true, true),
        DirectoryKind::PinnedTenants => (true, true, is_trusted),
        DirectoryKind::OpenTenants => (false, false, is_trusted),
        DirectoryKind::B2c { has_known_tenant } => (has_known_tenant, false, is_trusted),
        DirectoryKind::OpenIdConnect => (false, false, is_trusted),
        DirectoryKind::Workload => (false, false, false),
    };
    DirectoryClaims { tenant, membership, assignments, group_claim, grants: kind != DirectoryKind::Workload }
}

fn kind(source: &KeySource) -> DirectoryKind {
    let is_guid = |tenant: &str| tenant.parse::<TenantId>().is_ok();
    match source {
        KeySource::Entra(entra) if entra.instance.cloud().is_some() => DirectoryKind::Microsoft,
        KeySource::Entra(entra) => match &entra.tenants {
            Tenants::One(_) => DirectoryKind::PinnedTenants,
            Tenants::List { domains, .. } if domains.is_empty() => DirectoryKind::PinnedTenants,
            // The operator of the host determines the tenant of a domain: it could be any.
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

/// The space in which the subjects of an authority are unique.
pub(crate) fn subject_space(source: &KeySource, profile: &Profile) -> SubjectSpace {
    let host = |base: &str| Arc::from(after_https(base).unwrap_or(base));
    let has_own_claim = matches!(profile, Profile::OpenIdConnect(mapping) if mapping.subject.is_some());
    match source {
        KeySource::Entra(entra) => SubjectSpace::Entra { host: host(entra.instance.base()) },
        KeySource::Document(DocumentSpec::Entra { instance, .. }) => {
            SubjectSpace::Entra { host: host(instance.base()) }
        }
        // A tenant has several hosts there, all of which are Microsoft's.
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

/// Whether an origin is a host of this service of Microsoft, on the standard port.
fn is_served_at(origin: &str, service: MicrosoftHost) -> bool {
    after_https(origin).and_then(MicrosoftHost::of) == Some(service)
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
    fn directory_kind_follows_from_host_and_tenants() {
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

    /// `tid`, member or guest, groups, `wids` and `acrs`.
    #[test]
    #[rustfmt::skip]
    fn directory_claims_by_kind_of_authority() {
        use DirectoryKind::*;
        const YES: bool = true;
        const NO: bool = false;
        for (kind, is_trusted, group_claim, tenant, membership, groups, assignments) in [
            (Microsoft,                         NO,  NO,  YES, YES, YES, YES),
            (Microsoft,                         YES, NO,  YES, YES, YES, YES),
            (PinnedTenants,                     NO,  NO,  YES, YES, NO,  NO),
            (PinnedTenants,                     YES, NO,  YES, YES, YES, YES),
            (OpenTenants,                       NO,  NO,  NO,  NO,  NO,  NO),
            (OpenTenants,                       YES, NO,  NO,  NO,  YES, YES),
            (B2c { has_known_tenant: true },    NO,  NO,  YES, NO,  NO,  NO),
            (B2c { has_known_tenant: true },    YES, NO,  YES, NO,  YES, YES),
            (B2c { has_known_tenant: false },   NO,  NO,  NO,  NO,  NO,  NO),
            (B2c { has_known_tenant: false },   YES, NO,  NO,  NO,  YES, YES),
            (OpenIdConnect,                     NO,  NO,  NO,  NO,  NO,  NO),
            (OpenIdConnect,                     YES, NO,  NO,  NO,  YES, YES),
            (OpenIdConnect,                     NO,  YES, NO,  NO,  YES, NO),
            (OpenIdConnect,                     YES, YES, NO,  NO,  YES, YES),
            (Workload,                          NO,  NO,  NO,  NO,  NO,  NO),
            (Workload,                          YES, NO,  NO,  NO,  NO,  NO),
        ] {
            let states = claims_of(kind, is_trusted, group_claim);
            let found = (states.tenant, states.membership, states.groups(), states.assignments);
            assert_eq!(found, (tenant, membership, groups, assignments), "{kind:?}, {is_trusted}, {group_claim}");
            for (name, expected) in [
                ("tid", tenant),
                ("acct", membership),
                ("idp", membership || assignments),
                ("groups", assignments),
                ("hasgroups", assignments),
                ("wids", assignments),
                ("acrs", assignments),
                ("department", true),
                ("roles", kind != Workload),
                ("scp", kind != Workload),
                ("scope", kind != Workload),
            ] {
                assert_eq!(states.claim(name), expected, "{kind:?}, {is_trusted}, {group_claim}: {name}");
            }
        }
    }
}
