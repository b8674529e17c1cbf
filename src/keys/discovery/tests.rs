use serde_json::json;

use super::*;
use crate::{
    authority::{Authority, Entra, EntraSpec, IssuerOwners, ListedIssuers, ResolvedAuthority},
    tenant::{Instance, TenantId},
};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "22222222-3333-4444-5555-666666666666";

fn read(spec: &DocumentSpec, issuer: &str, jwks_uri: &str) -> Result<ProviderMetadata, String> {
    let document = json!({"issuer": issuer, "jwks_uri": jwks_uri, "extra": [1]}).to_string();
    let read = ProviderMetadata::parse(document.as_bytes(), spec, TokenVersion::V2, &Ownership::default());
    read.map_err(|refused| refused.to_string())
}

fn document(authority: Entra) -> DocumentSpec {
    authority.spec.main_document()
}

fn own() -> DocumentSpec {
    document(Authority::tenant(TENANT.parse().unwrap()))
}

#[test]
fn external_id_key_sets_must_be_at_its_hosts() {
    let spec = DocumentSpec::ExternalId {
        base: "https://login.contoso.example".into(),
        tenant: TENANT.into(),
        version: None,
        listed: ListedIssuers::default(),
    };
    let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    for (jwks_uri, is_good) in [
        ("https://login.contoso.example/keys", true),
        ("https://contoso.ciamlogin.com/keys", true),
        ("https://contoso.ciamlogin.com:8443/keys", false),
        ("https://ciamlogin.com/keys", false),
        ("https://contoso.ciamlogin.com.evil.example/keys", false),
        ("https://co(ntoso.ciamlogin.com/keys", false),
        ("https://login.microsoftonline.com/keys", false),
    ] {
        assert_eq!(read(&spec, &issuer, jwks_uri).is_ok(), is_good, "{jwks_uri}");
    }
}

/// The advice to configure the GUID is given only where it is not configured.
#[test]
fn external_id_with_another_microsoft_issuer() {
    for (tenant, advice) in
        [(TENANT, "for Microsoft's tokens configure"), ("contoso.example", "configure the tenant's GUID")]
    {
        let spec = DocumentSpec::ExternalId {
            base: "https://login.contoso.example".into(),
            tenant: tenant.into(),
            version: None,
            listed: ListedIssuers::default(),
        };
        let problem = spec.may_name(&format!("https://login.microsoftonline.com/{OTHER}/v2.0")).unwrap_err();
        assert!(problem.contains(advice), "{problem}");
    }
}

#[test]
fn b2c_issuer_with_another_policy_is_rejected() {
    let spec = |policy: &str| DocumentSpec::B2c {
        base: "https://contoso.b2clogin.com".into(),
        tenant: "contoso.onmicrosoft.com".into(),
        policy: policy.into(),
        accept_tfp: true,
        listed: ListedIssuers::default(),
    };
    let keys = "https://contoso.b2clogin.com/keys";
    for (issuer, is_good) in [
        (format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/"), true),
        (format!("https://contoso.b2clogin.com/tfp/{TENANT}/B2C_1_edit/v2.0/"), false),
        (format!("https://contoso.b2clogin.com/tfp/{TENANT}/v2.0/"), false),
        (format!("https://contoso.b2clogin.com/x/{TENANT}/B2C_1_susi/v2.0/"), false),
        (format!("https://fabrikam.b2clogin.com/tfp/{TENANT}/B2C_1_susi/v2.0/"), false),
    ] {
        assert_eq!(read(&spec("B2C_1_susi"), &issuer, keys).is_ok(), is_good, "{issuer}");
    }
}

#[test]
fn metadata_urls_of_entra() {
    let host = "https://login.microsoftonline.com";
    assert_eq!(own().address(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration"));
    assert_eq!(own().v1_address(), None, "its issuers are known");
    let loopback = "http://127.0.0.1:4000";
    let emulator = Authority::tenant(TENANT.parse().unwrap()).in_instance(Instance::parse(loopback).unwrap());
    let v1 = format!("{loopback}/{TENANT}/.well-known/openid-configuration");
    assert_eq!(document(emulator).v1_address(), Some(v1));
    let with_app = document(Authority::tenant(TENANT.parse().unwrap()).app_specific_keys("a"));
    let query = "?appid=a";
    assert_eq!(with_app.address(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration{query}"));
    let shared = document(Authority::danger_any_organization().app_specific_keys("a"));
    assert_eq!(shared.address(), format!("{host}/organizations/v2.0/.well-known/openid-configuration"));
    let with_personal = document(Authority::tenants([TENANT.parse().unwrap(), TenantId::PERSONAL_ACCOUNTS], []));
    assert_eq!(with_personal.address(), format!("{host}/common/v2.0/.well-known/openid-configuration"));
}

#[test]
fn issuer_must_be_that_of_the_cloud() {
    let keys = format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys");
    let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    assert!(read(&own(), &v2(TENANT), &keys).is_ok());
    for issuer in [
        v2(OTHER),
        v2("{tenantid}"),
        format!("{}/", v2(TENANT)),
        format!("https://sts.windows.net/{TENANT}/"),
        format!("https://login.microsoftonline.us/{TENANT}/v2.0"),
        format!("https://evil.example/{TENANT}/v2.0"),
        String::new(),
    ] {
        assert!(read(&own(), &issuer, &keys).is_err(), "{issuer}");
    }
    let shared = document(Authority::danger_any_organization());
    assert!(read(&shared, &v2("{tenantid}"), &keys).is_ok());
    assert!(read(&shared, &v2(TENANT), &keys).is_err());
    let domain = document(Authority::domain("Contoso.example"));
    assert_eq!(read(&domain, &v2(TENANT), &keys).unwrap().tenant(), TENANT.parse().ok());
    assert!(read(&domain, &v2("{tenantid}"), &keys).is_err());
    assert!(read(&domain, &v2(&TenantId::PERSONAL_ACCOUNTS.to_string()), &keys).is_err());
}

#[test]
fn key_sets_must_be_in_the_same_cloud() {
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    for (jwks_uri, is_good) in [
        ("https://login.microsoftonline.com/x/keys?appid=a", true),
        ("https://login.windows.net/x/keys", true),
        ("https://login.microsoftonline.us/x/keys", false),
        ("https://login.microsoftonline.com:8443/x/keys", false),
        ("http://login.microsoftonline.com/x/keys", false),
        ("https://evil.example/keys", false),
        ("https://login.microsoftonline.com@evil.example/keys", false),
        ("http://127.0.0.1/keys", false),
        ("file:///etc/passwd", false),
        ("/keys", false),
    ] {
        assert_eq!(read(&own(), &issuer, jwks_uri).is_ok(), is_good, "{jwks_uri}");
    }
}

fn listed<const N: usize>(issuers: [&str; N]) -> ListedIssuers {
    issuers.map(Arc::from).into()
}

#[test]
fn instance_issuers_must_be_at_its_origin_or_listed() {
    let instance = Instance::parse("http://127.0.0.1:4000").unwrap();
    let authority = |listed| {
        let entra = Authority::tenant(TENANT.parse().unwrap()).in_instance(instance.clone()).spec;
        EntraSpec { listed, ..entra }.main_document()
    };
    let keys = "http://127.0.0.1:4000/keys";
    let elsewhere = format!("http://entra:4000/{TENANT}/v2.0");
    let template = ["http://entra:4000/{tenantid}/v2.0"];
    for (listed, issuer, is_good) in [
        (listed([]), format!("http://127.0.0.1:4000/{TENANT}/v2.0"), true),
        (listed([]), format!("http://127.0.0.1:4000/any/{TENANT}/form"), true),
        (listed([]), format!("http://127.0.0.1:4000/{OTHER}/v2.0"), false),
        (listed([]), elsewhere.clone(), false),
        (listed([]), format!("http://127.0.0.1:4001/{TENANT}/v2.0"), false),
        (listed([]), format!("https://127.0.0.1:4000/{TENANT}/v2.0"), false),
        (listed([]), format!("http://127.0.0.1:4000@entra.example/{TENANT}/v2.0"), false),
        (listed([]), format!("http://127.0.0.1:4000.entra.example/{TENANT}/v2.0"), false),
        (listed([]), format!("HTTP://127.0.0.1:4000/{TENANT}/v2.0"), false),
        (listed([&elsewhere]), elsewhere.clone(), true),
        (listed([&elsewhere]), format!("http://127.0.0.1:4000/{TENANT}/v2.0"), true),
        (listed([&elsewhere]), format!("{elsewhere}/"), false),
        (listed(template), elsewhere.clone(), true),
        (listed(template), format!("http://entra:4000/{OTHER}/v2.0"), false),
        (listed(template), format!("http://entra:4000/{TENANT}/"), false),
        (listed(template), format!("http://entra:4001/{TENANT}/v2.0"), false),
    ] {
        let found = read(&authority(listed.clone()), &issuer, keys);
        assert_eq!(found.is_ok(), is_good, "{listed:?} {issuer}: {found:?}");
    }
    let refused = read(&authority(listed([])), &elsewhere, keys).unwrap_err();
    let advice = r#"issuers(["http://entra:4000/{tenantid}/v2.0"]) in code, Issuers in a file"#;
    assert!(refused.contains(advice), "{refused}");
    for host in [
        "login.microsoftonline.com",
        "LOGIN.microsoftonline.com",
        "login.microsoftonline.com.",
        "login.microsoftonline.com:443",
        "x@login.microsoftonline.us",
        "sts.windows.net",
        "sts.chinacloudapi.cn",
        "contoso.b2clogin.com",
        "contoso.ciamlogin.com",
    ] {
        let issuer = format!("https://{host}/{TENANT}/v2.0");
        // Also where a list would allow it: such a list is a mistake of the configuration.
        for listed in [listed([]), listed([&issuer])] {
            let refused = read(&authority(listed), &issuer, keys).unwrap_err();
            assert!(refused.contains("a Microsoft issuer"), "{host}: {refused}");
        }
    }
    let own = format!("http://127.0.0.1:4000/{TENANT}/v2.0");
    assert!(read(&authority(listed([])), &own, "http://127.0.0.1:4001/keys").is_err());
}

#[test]
fn custom_domain_issuers_must_be_at_their_origin_or_listed() {
    let base = "https://login.contoso.example";
    let b2c = |tenant: &str, listed: ListedIssuers| DocumentSpec::B2c {
        base: base.into(),
        tenant: tenant.into(),
        policy: "B2C_1_susi".into(),
        accept_tfp: false,
        listed,
    };
    let external = |tenant: &str, listed: ListedIssuers| DocumentSpec::ExternalId {
        base: base.into(),
        tenant: tenant.into(),
        version: None,
        listed,
    };
    let domain = "contoso.onmicrosoft.com";
    let mirror = format!("https://id.contoso.example/{TENANT}/v2.0/");
    let other_mirror = format!("https://id.contoso.example/{TENANT}/v2.0");
    let ciam = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    for (spec, issuer, said) in [
        (b2c(domain, listed([])), format!("{base}/{TENANT}/v2.0/"), None),
        (b2c(domain, listed([])), mirror.clone(), Some("list it exactly")),
        (b2c(domain, listed([&mirror])), mirror.clone(), None),
        (b2c(domain, listed([&mirror])), format!("https://id.contoso.example/{OTHER}/v2.0/"), Some("list it exactly")),
        (b2c(OTHER, listed([&mirror])), mirror.clone(), Some("is not one with")),
        (b2c(TENANT, listed([])), format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"), Some("a Microsoft issuer")),
        (external(domain, listed([])), format!("{base}/{TENANT}/v2.0"), None),
        (external(domain, listed([])), ciam(TENANT), Some("configure the tenant's GUID")),
        (external(TENANT, listed([])), ciam(TENANT), None),
        (external(TENANT, listed([])), ciam(OTHER), Some("a Microsoft issuer")),
        (
            external(TENANT, listed([])),
            format!("https://contoso.ciamlogin.com/{TENANT}/v2.0"),
            Some("a Microsoft issuer"),
        ),
        (external(TENANT, listed([])), format!("{base}/{TENANT}/v2.0"), None),
        (
            external(TENANT, listed([])),
            format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            Some("a Microsoft issuer"),
        ),
        (external(TENANT, listed([&other_mirror])), other_mirror.clone(), None),
        (external(TENANT, listed([])), other_mirror.clone(), Some("list it exactly")),
    ] {
        let found = read(&spec, &issuer, &format!("{base}/keys")).err();
        assert_eq!(found.is_some(), said.is_some(), "{spec:?} {issuer}: {found:?}");
        assert!(said.is_none_or(|said| found.as_ref().unwrap().contains(said)), "{issuer}: {found:?}");
    }
    // The v1 issuer follows from that of v2, unless that is listed.
    for (spec, issuer, versions) in [
        (external(TENANT, listed([])), ciam(TENANT), 2),
        (external(TENANT, listed([&other_mirror])), other_mirror.clone(), 1),
        (external(TENANT, listed([&other_mirror, other_mirror.trim_end_matches("v2.0")])), other_mirror, 2),
    ] {
        let metadata = read(&spec, &issuer, &format!("{base}/keys")).unwrap();
        assert_eq!(issuers(&spec, None, Some(&metadata)).accepted().count(), versions, "{issuer}");
    }
}

/// The issuers that metadata of each of these authorities may name, while the metadata of the others has not been loaded.
#[test]
fn issuer_of_another_authority_is_rejected() {
    fn resolved(authorities: Vec<Authority>) -> Vec<ResolvedAuthority> {
        let config = crate::config::ConfigSettings::default();
        let config = authorities.into_iter().fold(config, |config, mut authority| {
            authority.settings.audiences.push("api://a".to_owned());
            config.authority(authority)
        });
        config.resolve().unwrap().authorities
    }
    let origin = "http://127.0.0.1:4000";
    let at = |base: &str| Instance::parse(base).unwrap();
    let id = |tenant: &str| tenant.parse::<TenantId>().unwrap();
    let entra = |base: &str, tenant: &str| Authority::tenant(id(tenant)).in_instance(at(base));
    let instance = |base: &str, tenant: &str| Authority::from(entra(base, tenant));
    let any = || Authority::from(Authority::danger_any_organization().in_instance(at(origin)));
    let domain = "contoso.onmicrosoft.com";
    let v2 = |tenant: &str| format!("{origin}/{tenant}/v2.0");
    let openid = |issuer: String| Authority::from(Authority::openid_connect(issuer));
    let b2c = |tenant: &str, policy: &str| Authority::from(Authority::b2c_at(origin, tenant, policy));
    let external_at = |base: &str, tenant: &str| Authority::external_id_at(base, tenant);
    for (name, mine, other, issuer, is_good) in [
        ("its own", instance(origin, TENANT), openid(format!("{origin}/realm")), v2(TENANT), true),
        ("an issuer's", instance(origin, TENANT), openid(v2(TENANT)), v2(TENANT), false),
        ("an issuer's among all", any(), openid(v2(TENANT)), v2("{tenantid}"), false),
        ("another tenant's", instance(origin, TENANT), openid(v2(OTHER)), v2(TENANT), true),
        ("in capitals", instance(origin, TENANT), openid(v2(TENANT).replace("v2", "V2")), v2(TENANT), false),
        ("the same instance", instance(origin, TENANT), instance(origin, OTHER), v2(TENANT), true),
        (
            "an instance below it",
            instance(origin, TENANT),
            instance(&format!("{origin}/b"), TENANT),
            format!("{origin}/b/{TENANT}/v2.0"),
            false,
        ),
        ("an instance above it", instance(&format!("{origin}/b"), TENANT), instance(origin, TENANT), v2(TENANT), false),
        (
            "listed by another",
            instance(origin, TENANT),
            entra("http://localhost:4000", TENANT).issuers([v2("{tenantid}")]).into(),
            v2(TENANT),
            false,
        ),
        ("B2C's", instance(origin, TENANT), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), false),
        ("B2C's, not known yet", instance(origin, TENANT), b2c(domain, "a"), format!("{}/", v2(TENANT)), false),
        ("beside B2C", instance(origin, TENANT), b2c(domain, "a"), v2(TENANT), true),
        ("External ID's", any(), external_at(origin, TENANT).into(), v2("{tenantid}"), false),
        (
            "External ID's, not known yet",
            instance(origin, TENANT),
            external_at(origin, domain).into(),
            v2(TENANT),
            false,
        ),
        ("another policy", b2c(domain, "b"), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), true),
        ("the same policy", b2c(domain, "a"), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), false),
        (
            "an issuer's, by B2C",
            b2c(domain, "a"),
            openid(format!("{}/", v2(TENANT))),
            format!("{}/", v2(TENANT)),
            false,
        ),
        (
            "an instance's, by External ID",
            external_at(origin, domain).into(),
            instance(origin, TENANT),
            v2(TENANT),
            false,
        ),
        ("beside an instance", external_at(origin, domain).into(), instance(origin, OTHER), v2(TENANT), true),
        (
            "External ID's by its GUID, at Microsoft",
            Authority::external_id("contoso").into(),
            external_at("https://login.contoso.example", TENANT).into(),
            format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
            true,
        ),
        (
            "External ID's at Microsoft, by its GUID",
            external_at("https://login.contoso.example", TENANT).into(),
            Authority::external_id("contoso").into(),
            format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
            false,
        ),
        (
            "two of External ID",
            Authority::external_id("contoso").into(),
            Authority::external_id("fabrikam").into(),
            format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
            true,
        ),
        (
            "two versions of External ID",
            external_at(origin, TENANT).version(TokenVersion::V1).into(),
            external_at(origin, TENANT).version(TokenVersion::V2).into(),
            v2(TENANT),
            true,
        ),
    ] {
        for (number, pair) in [(0, vec![mine.clone(), other.clone()]), (1, vec![other, mine])] {
            let all = resolved(pair);
            let ownership = Ownership::new(&Arc::new(IssuerOwners::new(&all)), number);
            let spec = all[number].source.main_document();
            let keys = format!("{}/keys", spec.origin());
            let document = json!({"issuer": issuer, "jwks_uri": keys}).to_string();
            let found = ProviderMetadata::parse(document.as_bytes(), &spec, TokenVersion::V2, &ownership);
            assert_eq!(found.is_ok(), is_good, "{name}, number {number}: {found:?}");
            if let Err(refused) = found {
                let MetadataError::Foreign(foreign) = &refused else { panic!("{name}: {refused}") };
                assert_eq!(foreign.owner.as_deref(), Some(&*all[1 - number].name), "{name}: {refused}");
            }
        }
    }
}

#[test]
fn b2c_issuer_with_the_policy_needs_the_setting() {
    let base = "https://contoso.b2clogin.com";
    let keys = format!("{base}/keys");
    for (issuer, without, with) in [
        (format!("{base}/{TENANT}/v2.0/"), true, true),
        (format!("{base}/{TENANT}/v2.0"), false, false),
        (format!("{base}/tfp/{TENANT}/b2c_1_SUSI/v2.0/"), false, true),
        (format!("{base}/tfp/{TENANT}/B2C_1_susi/v2.0"), false, true),
        (format!("{base}/tfp/{TENANT}/B2C_1_susi/v2.0/v2.0/"), false, false),
        (format!("{base}/tfp/{TENANT}/B2C_1_susi/"), false, false),
        (format!("{base}/tfp/{TENANT}/B2C_1_edit/v2.0/"), false, false),
        (format!("{base}/tfp/{OTHER}/B2C_1_susi/v2.0/"), false, false),
        (format!("https://fabrikam.b2clogin.com/tfp/{TENANT}/B2C_1_susi/v2.0"), false, false),
    ] {
        for (accept_tfp, is_good) in [(false, without), (true, with)] {
            let (base, tenant, policy) = (base.to_owned(), TENANT.to_owned(), "B2C_1_susi".to_owned());
            let spec = DocumentSpec::B2c { base, tenant, policy, accept_tfp, listed: ListedIssuers::default() };
            assert_eq!(read(&spec, &issuer, &keys).is_ok(), is_good, "{issuer}, {accept_tfp}");
        }
    }
}

#[test]
fn malformed_metadata_is_rejected() {
    for document in ["", "[]", "{}", "<html>", r#"{"issuer":1,"jwks_uri":"x"}"#, r#"{"issuer":null,"jwks_uri":null}"#] {
        assert!(ProviderMetadata::parse(document.as_bytes(), &own(), TokenVersion::V2, &Ownership::default()).is_err());
    }
}
