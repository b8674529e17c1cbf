#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    authority::{Authority, Entra, Ownership},
    config::ConfigSettings,
    tenant::{Cloud, Instance},
};

const X: &str = "https://login.contoso.example";
const Y: &str = "https://login.fabrikam.example";
const A: &str = "11111111-2222-3333-4444-555555555555";
const B: &str = "22222222-3333-4444-5555-666666666666";
const C: &str = "33333333-4444-5555-6666-777777777777";
const D: &str = "44444444-5555-6666-7777-888888888888";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const OTHER_DOMAIN: &str = "fabrikam.onmicrosoft.com";
const POLICY: &str = "B2C_1_susi";
const OTHER_POLICY: &str = "B2C_1_edit";

fn tenants(base: &str, ids: &[&str], domains: &[&str]) -> Entra {
    let ids = ids.iter().map(|id| id.parse().unwrap());
    Authority::tenants(ids, domains.iter().map(ToString::to_string)).in_instance(Instance::parse(base).unwrap())
}

fn any(base: &str) -> Authority {
    Authority::danger_any_organization().in_instance(Instance::parse(base).unwrap()).into()
}

fn cloud(cloud: Cloud) -> Authority {
    Authority::tenant(A.parse().unwrap()).in_instance(cloud.into()).into()
}

fn openid(issuer: &str) -> Authority {
    Authority::openid_connect(issuer).into()
}

/// The owners of authorities that are named `0`, `1` and so on. Each is validated alone: two that overlap are not rejected.
fn owners(authorities: impl IntoIterator<Item = Authority>) -> IssuerOwners {
    let resolved = authorities.into_iter().enumerate().map(|(number, authority)| {
        let mut authority = authority.named(number.to_string());
        authority.settings.client_id = Some(D.to_owned());
        ConfigSettings::default().authority(authority).resolve().unwrap().authorities.remove(0)
    });
    IssuerOwners::new(&resolved.collect::<Vec<_>>())
}

#[test]
fn configurations_that_name_the_same_issuer() {
    let listing =
        |ids: &[&str], domains: &[&str], issuer: &str| Authority::from(tenants(X, ids, domains).issuers([issuer]));
    let (v1, v2) = (format!("{Y}/{{tenantid}}/"), format!("{Y}/{{tenantid}}/v2.0"));
    let of = |tenant: &str| format!("{Y}/{tenant}/v2.0");
    // At addresses of their own, so that only the listed issuers are shared.
    let beside =
        |ids: &[&str], issuer: &str| Authority::from(tenants("https://other.example", ids, &[]).issuers([issuer]));
    for (name, one, other, is_same) in [
        ("a listed tenant", listing(&[A, B], &[], &v2), openid(&of(A)), true),
        ("a tenant that is not listed", listing(&[A, B], &[], &v2), openid(&of(C)), false),
        ("a domain may be any tenant", listing(&[A, B], &[DOMAIN], &v2), openid(&of(C)), true),
        ("a domain alone", listing(&[], &[DOMAIN], &v2), openid(&of(C)), true),
        ("one tenant", listing(&[A], &[], &v2), openid(&of(A)), true),
        ("one other tenant", listing(&[A], &[], &v2), openid(&of(C)), false),
        ("a tenant in the listed issuer", listing(&[A, B], &[], &of(A)), openid(&of(A)), true),
        ("another suffix", listing(&[A, B], &[], &v1), openid(&of(A)), false),
        ("other letter case", listing(&[A, B], &[], &v2), openid(&of(A).replace("login", "LOGIN")), true),
        ("a shared tenant", listing(&[A, B], &[], &v2), beside(&[B, C], &v2), true),
        ("no shared tenant", listing(&[A, B], &[], &v2), beside(&[C, D], &v2), false),
        ("any tenant", any(X).issuers([&v2]), beside(&[C, D], &v2), true),
        ("any tenant of both", any(X).issuers([&v2]), any("https://other.example").issuers([&v2]), true),
        ("shared tenants, another suffix", listing(&[A, B], &[], &v2), beside(&[A, B], &v1), false),
        (
            "shared tenants, another prefix",
            listing(&[A, B], &[], &v2),
            beside(&[A, B], &v2.replace("login", "sts")),
            false,
        ),
        ("one authority beside itself", listing(&[A, B], &[], &v2), openid("https://id.example"), false),
        (
            "OpenID Connect issuers by letter case",
            openid("https://id.example/a"),
            openid("https://id.example/A"),
            false,
        ),
        ("clouds with the same v1 issuer", cloud(Cloud::Public), cloud(Cloud::UsGovernment), true),
        ("clouds with other issuers", cloud(Cloud::Public), cloud(Cloud::China), false),
    ] {
        let pairs = if is_same { vec![(0, 1)] } else { Vec::new() };
        assert_eq!(owners([one.clone(), other.clone()]).named_twice(), pairs, "{name}");
        assert_eq!(owners([other, one]).named_twice(), pairs, "{name}, in the other order");
    }
}

/// What an issuer in the documents of the first authority is to the second one.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Free,
    Owned,
    Reserved,
}

#[test]
fn issuers_in_documents_that_belong_to_another_authority() {
    use Found::*;
    let (v1, v2) = (format!("{Y}/{{tenantid}}/"), format!("{Y}/{{tenantid}}/v2.0"));
    let own = format!("{X}/{{tenantid}}/v2.0");
    let two = || Authority::from(tenants(X, &[A, B], &[]));
    let b2c = |base: &str, tenant: &str, policy: &str| Authority::from(Authority::b2c_at(base, tenant, policy));
    let external = |base: &str, tenant: &str| Authority::from(Authority::external_id_at(base, tenant));
    let contoso = || Authority::from(Authority::external_id("contoso"));
    let usual = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    let of_b2c = |base: &str| format!("{base}/{A}/v2.0/");
    for (name, authority, issuer, other, expected) in [
        // Instances of Entra.
        ("nobody's", two(), &*v2, openid("https://id.example"), Free),
        ("reserved", two(), &v2, any(Y), Reserved),
        ("reserved, for other tenants", two(), &v2, tenants(Y, &[C, D], &[]).into(), Free),
        ("reserved and listed", two().issuers([&v2]), &v2, any(Y), Free),
        ("another suffix is listed", two().issuers([&v1]), &v2, any(Y), Reserved),
        ("another prefix is listed", two().issuers([v2.replace("login", "sts")]), &v2, any(Y), Reserved),
        ("listed, of one tenant", tenants(X, &[A], &[]).issuers([&v2]).into(), &v2, any(Y), Free),
        ("not listed, of one tenant", tenants(X, &[A], &[]).into(), &v2, any(Y), Reserved),
        ("the same instance", two(), &own, any(X), Free),
        ("configured", two(), &v2, openid(&format!("{Y}/{B}/v2.0")), Owned),
        ("configured and listed", two().issuers([&v2]), &v2, openid(&format!("{Y}/{B}/v2.0")), Owned),
        ("of a cloud", two(), "https://sts.windows.net/{tenantid}/", cloud(Cloud::Public), Owned),
        // Policies of B2C.
        ("another policy", b2c(X, DOMAIN, POLICY), &of_b2c(X), b2c(X, A, OTHER_POLICY), Free),
        ("another policy elsewhere", b2c(X, DOMAIN, POLICY), &of_b2c(Y), b2c(Y, A, OTHER_POLICY), Owned),
        ("the same policy", b2c(X, DOMAIN, POLICY), &of_b2c(X), b2c(X, A, POLICY), Owned),
        ("the same policy by domains", b2c(X, DOMAIN, POLICY), &of_b2c(X), b2c(X, OTHER_DOMAIN, POLICY), Free),
        ("the same policy by domains elsewhere", b2c(X, DOMAIN, POLICY), &of_b2c(Y), b2c(Y, DOMAIN, POLICY), Reserved),
        // External ID.
        ("by domains", external(X, DOMAIN), &format!("{X}/{A}/v2.0"), external(X, OTHER_DOMAIN), Free),
        ("by domains elsewhere", external(X, DOMAIN), &format!("{Y}/{A}/v2.0"), external(Y, OTHER_DOMAIN), Reserved),
        ("of B2C at its address", external(X, DOMAIN), &of_b2c(X), b2c(X, DOMAIN, POLICY), Reserved),
        ("of any tenant", external(X, A), &usual(B), contoso(), Reserved),
        ("its own usual one", external(X, A), &usual(A), contoso(), Reserved),
        ("its own usual one, elsewhere", external(X, A), &usual(A), external(Y, DOMAIN), Free),
        ("of a custom domain", external(X, A), &usual(B), external(Y, DOMAIN), Free),
        (
            "of a known tenant at Microsoft's host",
            external(X, A),
            &usual(B),
            external("https://contoso.ciamlogin.com", C),
            Free,
        ),
        // What metadata at a Microsoft host names is its own.
        ("at Microsoft's host", contoso(), &usual(A), external(X, A), Free),
    ] {
        let owners = Arc::new(owners([authority.clone(), other]));
        let template = IssuerTemplate::parse(issuer);
        let form = match (&owners.0[0].family, template) {
            (Family::Instance(_), Some(template)) => IssuerForm::Template(template),
            _ => IssuerForm::exact(&issuer.into()),
        };
        let issuers = Issuers::new([(TokenVersion::V2, form)], None);
        let found = match owners.conflict(0, &issuers) {
            None => Free,
            Some(Conflict { owner, is_known }) => {
                assert_eq!(&*owner, "1", "{name}");
                if is_known { Owned } else { Reserved }
            }
        };
        assert_eq!(found, expected, "{name}");
        assert_eq!(Ownership::new(&owners, 0).check_others(issuer, &issuers).is_ok(), expected == Free, "{name}");
    }
}

/// At one address of External ID, whoever does not accept a version does not own its issuers.
#[test]
fn issuers_of_a_version_that_is_not_accepted() {
    let of = |only| Authority::from(Authority::external_id_at(X, A).version(only));
    let owners = owners([of(TokenVersion::V2), of(TokenVersion::V1)]);
    let v1: Arc<str> = format!("{X}/{A}/").into();
    for (accepted, is_free) in [(Some(TokenVersion::V2), true), (None, false)] {
        let issuers = Issuers::new([(TokenVersion::V1, IssuerForm::exact(&v1))], accepted);
        assert_eq!(owners.conflict(0, &issuers).is_none(), is_free, "{accepted:?}");
    }
}

#[test]
fn owner_of_an_issuer_is_another_authority() {
    let issuer = format!("{Y}/realms/a");
    let owners = Arc::new(owners([tenants(X, &[A, B], &[]).into(), openid(&issuer)]));
    let owner = |at: usize, issuer: &str| owners.owner_of(at, issuer).map(|owner| owner.to_string());
    assert_eq!(owner(0, &issuer).as_deref(), Some("1"));
    assert_eq!(owner(1, &issuer), None, "its own");
    assert_eq!(owner(1, &format!("{X}/{B}/v2.0")).as_deref(), Some("0"));
    assert_eq!(owner(1, &format!("{X}/{C}/v2.0")), None);
    assert_eq!(owner(0, "https://id.example"), None);
    for (at, name) in ["0", "1"].into_iter().enumerate() {
        assert_eq!(Ownership::new(&owners, at).name(), name);
    }
}

/// A tenant at a custom domain of External ID has its usual issuer, and no other tenant's.
#[test]
fn microsoft_issuers_in_documents_elsewhere() {
    let usual = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    for (tenant, issuer, may_name) in
        [(A, usual(A), true), (A, usual(B), false), (DOMAIN, usual(A), false), (A, format!("{X}/{A}/v2.0"), true)]
    {
        let spec =
            DocumentSpec::ExternalId { base: X.into(), tenant: tenant.into(), version: None, listed: Arc::default() };
        assert_eq!(spec.may_name(&issuer).is_ok(), may_name, "{tenant}: {issuer}");
    }
}
