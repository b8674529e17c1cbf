#![allow(clippy::unwrap_used, clippy::panic)]

use super::{owners::OtherOwner, *};
use crate::{
    authority::{Authority, AuthoritySpec, Entra, IssuerForm},
    claims::TokenVersion,
    config::ConfigSettings,
    tenant::{Cloud, Instance, IssuerTemplate},
};

const X: &str = "https://login.contoso.example";
const Y: &str = "https://login.fabrikam.example";
const A: &str = "11111111-2222-3333-4444-555555555555";
const B: &str = "22222222-3333-4444-5555-666666666666";
const C: &str = "33333333-4444-5555-6666-777777777777";
const D: &str = "44444444-5555-6666-7777-888888888888";
const CIAM: &str = "https://contoso.ciamlogin.com";
const CIAM_PORT: &str = "https://contoso.ciamlogin.com:8443";
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
        assert_eq!(owners([one.clone(), other.clone()]).pairs_with_same_issuer(), pairs, "{name}");
        assert_eq!(owners([other, one]).pairs_with_same_issuer(), pairs, "{name}, in the other order");
    }
}

/// What an issuer in the documents of the first authority is to the second one.
#[derive(Debug, PartialEq, Eq)]
enum OtherClaim {
    Free,
    Owned,
    Reserved,
}

#[test]
fn issuers_in_documents_that_belong_to_another_authority() {
    use OtherClaim::*;
    let (v1, v2) = (format!("{Y}/{{tenantid}}/"), format!("{Y}/{{tenantid}}/v2.0"));
    let own = format!("{X}/{{tenantid}}/v2.0");
    let two = || Authority::from(tenants(X, &[A, B], &[]));
    let b2c = |base: &str, tenant: &str, policy: &str| Authority::from(Authority::b2c_at(base, tenant, policy));
    let external = |base: &str, tenant: &str| Authority::from(Authority::external_id_at(base, tenant));
    let contoso = || Authority::from(Authority::external_id("contoso"));
    let usual = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    let of_b2c = |base: &str| format!("{base}/{A}/v2.0/");
    let one_tenant = || Authority::from(tenants(X, &[A], &[]));
    let instance_at_ciam = Authority::tenant(A.parse().unwrap()).in_instance(Instance::parse(CIAM).unwrap()).into();
    let two_in_cloud = Authority::tenants([A, B].map(|id| id.parse().unwrap()), []).into();
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
        ("of a known tenant at Microsoft's host", external(X, A), &usual(B), external(CIAM, C), Free),
        ("of a tenant at a custom domain", external(X, DOMAIN), &usual(B), external(Y, B), Owned),
        ("of a tenant at Microsoft's host", external(X, A), &usual(B), external(CIAM, B), Owned),
        ("of a tenant at another port", external(X, A), &usual(B), external(CIAM_PORT, B), Owned),
        (
            "by a domain at another port",
            external(X, A),
            &format!("{CIAM_PORT}/{B}/v2.0"),
            external(CIAM_PORT, DOMAIN),
            Reserved,
        ),
        ("of an instance there", two(), &format!("{CIAM}/{{tenantid}}/v2.0"), instance_at_ciam, Reserved),
        // The issuers of a cloud are its own, whatever its metadata names.
        ("of a cloud with several tenants", one_tenant(), "https://sts.windows.net/{tenantid}/", two_in_cloud, Owned),
        // What metadata at a Microsoft host names is its own.
        ("at Microsoft's host", contoso(), &usual(A), external(X, A), Free),
    ] {
        let is_instance = matches!(authority.spec, AuthoritySpec::Entra(_));
        let owners = Arc::new(owners([authority.clone(), other]));
        let template = IssuerTemplate::parse(issuer);
        let form = match (is_instance, template) {
            (true, Some(template)) => IssuerForm::Template(template),
            _ => IssuerForm::exact(&issuer.into()),
        };
        let issuers = Issuers::new([(TokenVersion::V2, form)], None);
        let found = match owners.other_owner(0, &issuers) {
            None => Free,
            Some(OtherOwner { name: owner, is_certain }) => {
                assert_eq!(&*owner, "1", "{name}");
                if is_certain { Owned } else { Reserved }
            }
        };
        assert_eq!(found, expected, "{name}");
        assert_eq!(Ownership::new(&owners, 0).check_other_owners(issuer, &issuers).is_ok(), expected == Free, "{name}");
    }
}

/// At one address of External ID, an authority owns only issuers of the versions that it accepts.
#[test]
fn issuers_of_a_version_that_is_not_accepted() {
    let of = |only| Authority::from(Authority::external_id_at(X, A).version(only));
    let owners = owners([of(TokenVersion::V2), of(TokenVersion::V1)]);
    let v1: Arc<str> = format!("{X}/{A}/").into();
    for (accepted, is_free) in [(Some(TokenVersion::V2), true), (None, false)] {
        let issuers = Issuers::new([(TokenVersion::V1, IssuerForm::exact(&v1))], accepted);
        assert_eq!(owners.other_owner(0, &issuers).is_none(), is_free, "{accepted:?}");
    }
}

/// Documents of a cloud name v1 issuers too where only v2 is accepted, and two clouds share those.
#[test]
fn known_issuers_are_named_whatever_others_own() {
    let of = |cloud: Cloud, only| {
        Authority::from(Authority::tenant(A.parse().unwrap()).in_instance(cloud.into()).version(only))
    };
    let owners = owners([of(Cloud::Public, TokenVersion::V2), of(Cloud::UsGovernment, TokenVersion::V1)]);
    let v1 = IssuerForm::Template(Cloud::Public.v1_issuer().unwrap());
    assert!(owners.other_owner(0, &Issuers::new([(TokenVersion::V1, v1)], Some(TokenVersion::V2))).is_none());
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

fn spec(authority: impl Into<Authority>) -> DocumentSpec {
    let mut authority = authority.into();
    authority.settings.client_id = Some(D.to_owned());
    ConfigSettings::default().authority(authority).resolve().unwrap().authorities.remove(0).source.main_document()
}

/// Each cell of the column "its metadata may name".
#[test]
fn metadata_names_only_issuers_of_its_authority() {
    let instance = |base: &str| Authority::tenant(A.parse().unwrap()).in_instance(Instance::parse(base).unwrap());
    let b2c = |base: &str| Authority::b2c_at(base, A, POLICY);
    let external = |base: &str, tenant: &str| Authority::external_id_at(base, tenant);
    let at = |base: &str| format!("{base}/{A}/v2.0");
    let usual = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    let (microsoft, other_port) = (CIAM, CIAM_PORT);
    let b2c_host = "https://contoso.b2clogin.com";
    let public = at("https://login.microsoftonline.com");
    let metadata_there = format!("{X}/metadata");
    const YES: Result<(), &str> = Ok(());
    for (name, authority, issuer, expected) in [
        // The form of these is checked with the metadata.
        ("a cloud", cloud(Cloud::Public), at(Y), YES),
        ("an instance at a Microsoft host", instance(microsoft).into(), usual(A), YES),
        ("B2C at a Microsoft host", b2c(b2c_host).into(), at(Y), YES),
        ("External ID at a Microsoft host", external(microsoft, DOMAIN).into(), usual(B), YES),
        ("OpenID Connect", openid(X), at(Y), YES),
        (
            "OpenID Connect, its metadata elsewhere",
            Authority::openid_connect(Y).metadata(metadata_there).into(),
            at(Y),
            YES,
        ),
        // Its own origin.
        ("an instance", instance(X).into(), at(X), YES),
        ("an instance, any form", instance(X).into(), format!("{X}/any"), YES),
        ("B2C elsewhere", b2c(X).into(), at(X), YES),
        ("External ID elsewhere", external(X, DOMAIN).into(), at(X), YES),
        ("an instance, another origin", instance(X).into(), at(Y), Err("list it exactly")),
        ("B2C, another origin", b2c(X).into(), at(Y), Err("list it exactly")),
        ("External ID, another origin", external(X, A).into(), at(Y), Err("list it exactly")),
        ("a longer host", instance(X).into(), at(&format!("{X}.evil.example")), Err("list it exactly")),
        ("another port", instance(X).into(), at(&format!("{X}:8443")), Err("list it exactly")),
        ("no path", instance(X).into(), X.to_owned(), Err("list it exactly")),
        ("a fragment", instance(X).into(), format!("{X}/#/{A}/v2.0"), Err("list it exactly")),
        ("read in two ways", instance(X).into(), format!("{X}\\@evil.example/{A}/v2.0"), Err("list it exactly")),
        ("a user name", instance(X).into(), format!("{X}/@evil.example/{A}/v2.0"), YES),
        // Listed.
        ("a listed issuer", instance(X).issuers([at(Y)]).into(), at(Y), YES),
        ("a listed template", instance(X).issuers([format!("{Y}/{{tenantid}}/v2.0")]).into(), at(Y), YES),
        (
            "a listed one of another tenant",
            instance(X).issuers([at(Y).replace(A, B)]).into(),
            at(Y),
            Err("list it exactly"),
        ),
        // A Microsoft host.
        ("an instance, a cloud's", instance(X).into(), public.clone(), Err("for Microsoft's tokens configure")),
        ("B2C, a cloud's", b2c(X).into(), public.clone(), Err("for Microsoft's tokens configure")),
        ("B2C, a usual one of External ID", b2c(X).into(), usual(A), Err("for Microsoft's tokens configure")),
        ("External ID, a cloud's", external(X, A).into(), public.clone(), Err("for Microsoft's tokens configure")),
        ("External ID, its usual one", external(X, A).into(), usual(A), YES),
        ("External ID, another tenant's", external(X, A).into(), usual(B), Err("for Microsoft's tokens configure")),
        ("External ID by a domain", external(X, DOMAIN).into(), usual(A), Err("configure the tenant's GUID")),
        (
            "another port of a Microsoft host",
            external(other_port, DOMAIN).into(),
            at(other_port),
            Err("a Microsoft issuer"),
        ),
        (
            "a user name before it",
            instance(X).into(),
            "https://a@contoso.b2clogin.com/".into(),
            Err("a Microsoft issuer"),
        ),
        ("capitals and a dot", instance(X).into(), "https://LOGIN.windows.net./".into(), Err("a Microsoft issuer")),
    ] {
        match (spec(authority).may_name(&issuer), expected) {
            (Ok(()), Ok(())) => {}
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{name}: {reason}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

/// Each cell of the column "`Issuers` may list".
#[test]
fn configuration_lists_only_issuers_that_the_kind_can_have() {
    use UnlistableIssuer::*;
    let instance = |base: &str| Authority::tenant(A.parse().unwrap()).in_instance(Instance::parse(base).unwrap());
    let b2c = |base: &str| Authority::b2c_at(base, A, POLICY);
    let external = |base: &str| Authority::external_id_at(base, A);
    let (one, any, none) = (format!("{Y}/{A}/v2.0"), format!("{Y}/{{tenantid}}/v2.0"), format!("{Y}/main"));
    let public = format!("https://login.microsoftonline.com/{A}/v2.0");
    let nothing = [
        cloud(Cloud::Public),
        b2c("https://contoso.b2clogin.com").into(),
        external(CIAM).into(),
        external(CIAM_PORT).into(),
    ];
    for authority in nothing {
        assert!(!authority.spec.issuer_rule().has_listed_issuers(), "{authority}");
    }
    for (authority, outcomes) in [
        (Authority::from(instance(X)), [Ok(()), Ok(()), Err(WithoutTenant), Err(AtMicrosoft)]),
        (instance(CIAM).into(), [Ok(()), Ok(()), Err(WithoutTenant), Err(AtMicrosoft)]),
        (b2c(X).into(), [Ok(()), Err(WithoutGuid), Err(WithoutGuid), Err(AtMicrosoft)]),
        (external(X).into(), [Ok(()), Err(WithoutGuid), Err(WithoutGuid), Err(AtMicrosoft)]),
        (openid(X), [Ok(()), Err(Placeholder), Ok(()), Err(AtMicrosoft)]),
        (Authority::workload(X).into(), [Ok(()), Err(Placeholder), Ok(()), Err(AtMicrosoft)]),
    ] {
        let rule = authority.spec.issuer_rule();
        assert!(rule.has_listed_issuers(), "{authority}");
        for (issuer, expected) in [&one, &any, &none, &public].into_iter().zip(outcomes) {
            assert_eq!(rule.check_listed(issuer), expected, "{authority}: {issuer}");
        }
    }
}

/// The authority that a document belongs to and the document itself are judged by the same row.
#[test]
fn rule_of_an_authority_is_that_of_its_document() {
    for authority in [
        cloud(Cloud::China),
        any(X),
        Authority::b2c("contoso", POLICY).into(),
        Authority::b2c_at(X, A, POLICY).into(),
        Authority::external_id("contoso").into(),
        Authority::external_id_at(X, A).into(),
        Authority::external_id_at(CIAM_PORT, A).into(),
        openid(X),
    ] {
        assert_eq!(authority.spec.issuer_rule(), spec(authority.clone()).issuer_rule(), "{authority}");
    }
}
