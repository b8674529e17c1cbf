//! What values mean: a spelling loads as the same authority that a canonical one gives, or it is refused with the value to
//! write. Whatever loads here is what `tests/it` proves to accept genuine tokens.

use super::{
    authorities::{only_client, same, with_client},
    *,
};

const PUBLIC: &str = "https://login.microsoftonline.com";
const B2C: &str = "https://contoso.b2clogin.com";
const CIAM: &str = "https://contoso.ciamlogin.com";
const CUSTOM: &str = "https://login.contoso.example";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const METADATA: &str = ".well-known/openid-configuration";

/// The problems of a section with these members.
fn told_of(members: &str) -> Vec<String> {
    told(Config::from_json(&format!(r#"{{"AzureAd":{{{members}}}}}"#)))
}

/// Exactly one problem, with this setting and all of these parts in its text.
#[track_caller]
fn refused(members: &str, setting: &str, parts: &[&str]) {
    let problems = told_of(members);
    let [problem] = problems.as_slice() else { panic!("{members}: {problems:#?}") };
    assert!(problem.starts_with(&format!("AzureAd:{setting}")), "{members}: {problem}");
    for part in parts {
        assert!(problem.contains(part), "{members}\nwithout {part:?}: {problem}");
    }
}

fn entra_tenant() -> ConfigSettings {
    ConfigSettings::default().tenant(TENANT).client_id(CLIENT)
}

#[test]
fn harmless_spellings_of_an_entra_tenant_load() {
    for members in [
        format!(r#""TenantId":"{}""#, TENANT.to_uppercase()),
        format!(r#""TenantId":"{TENANT}","Domain":"[Enter the domain of your tenant]""#),
        format!(r#""TenantId":"{TENANT}","Instance":"{PUBLIC}""#),
        format!(r#""TenantId":"{TENANT}","Instance":" {PUBLIC}/ ""#),
        format!(r#""TenantId":"{TENANT}","Instance":"HTTPS://LOGIN.MICROSOFTONLINE.COM/""#),
        format!(r#""TenantId":"{TENANT}","Instance":"{PUBLIC}:443/""#),
        format!(r#""TenantId":"{TENANT}","Instance":"login.microsoftonline.com""#),
        format!(r#""TenantId":"{TENANT}","Instance":"https://login.windows.net/""#),
        format!(r#""TenantId":"{TENANT}","Instance":"https://login.microsoft.com/""#),
        format!(r#""TenantId":"{TENANT}","Instance":"AzurePublic""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}/""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}/v2.0""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}/v2.0/""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}/v2.0//""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}/V2.0""#),
        format!(r#""Authority":"{PUBLIC}/{TENANT}","TenantId":"{TENANT}","Instance":"https://login.windows.net""#),
        format!(r#""TenantId":"{TENANT}","MetadataAddress":"{PUBLIC}/{TENANT}/v2.0/{METADATA}""#),
        format!(r#""TenantId":"{TENANT}","MetadataAddress":"{PUBLIC}/{}/{METADATA}""#, TENANT.to_uppercase()),
    ] {
        same(&with_client(&members), entra_tenant());
    }
    let lower = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    same(
        &format!(r#""TenantId":"{TENANT}","ClientId":"{}""#, lower.to_uppercase()),
        ConfigSettings::default().tenant(TENANT).client_id(lower),
    );
    same(
        &with_client(&format!(
            r#""TenantId":"{TENANT}","AppSpecificKeys":true,
            "MetadataAddress":"{PUBLIC}/{TENANT}/v2.0/{METADATA}?appid={CLIENT}""#
        )),
        entra_tenant().app_specific_keys(true),
    );
    same(
        &with_client(&format!(r#""TenantId":"{TENANT}","AllowedClients":["{}","{OTHER}"]"#, OTHER.to_uppercase())),
        entra_tenant().allowed_client(OTHER),
    );
}

#[test]
fn identifiers_that_no_token_has_are_refused_by_name() {
    const PLACEHOLDER: &str = "is a placeholder that was not replaced";
    let good = format!(r#""TenantId":"{TENANT}","ClientId":"{CLIENT}""#);
    let b2c = |more: &str| with_client(&format!(r#""Instance":"{B2C}",{more}"#));
    let compact = TENANT.replace('-', "");
    for placeholder in
        ["{tenant}", "{{t}}", "${T}", "#{T}#", "<t>", "[Enter it]", "Enter_the_Id_Here", "your-id", "YOUR_ID"]
            .into_iter()
            .chain(["TODO", "00000000-0000-0000-0000-000000000000"])
    {
        refused(&with_client(&format!(r#""TenantId":"{placeholder}""#)), "TenantId", &[PLACEHOLDER]);
        refused(&with_client(&format!(r#""TenantIds":["{placeholder}"]"#)), "TenantIds:0", &[PLACEHOLDER]);
        refused(&format!(r#""TenantId":"{TENANT}","ClientId":"{placeholder}""#), "ClientId", &[PLACEHOLDER]);
        refused(&format!(r#"{good},"Audience":"{placeholder}""#), "Audience", &[PLACEHOLDER]);
        refused(&format!(r#"{good},"Audiences":["a","api://{placeholder}"]"#), "Audiences:1", &[PLACEHOLDER]);
        refused(&format!(r#"{good},"AllowedClients":["{placeholder}"]"#), "AllowedClients:0", &[PLACEHOLDER]);
        refused(&with_client(&format!(r#""Authority":"{PUBLIC}/{placeholder}""#)), "Authority", &[PLACEHOLDER]);
        refused(&format!(r#"{good},"Instance":"{placeholder}""#), "Instance", &[PLACEHOLDER]);
        refused(&b2c(&format!(r#""SignUpSignInPolicyId":"{placeholder}""#)), "SignUpSignInPolicyId", &[PLACEHOLDER]);
        let domain = format!(r#""SignUpSignInPolicyId":"a","Domain":"{placeholder}""#);
        refused(&b2c(&domain), "Domain", &[PLACEHOLDER]);
        let issuer = format!(r#""Authority":"https://id.example","Audience":"a","Issuers":["https://{placeholder}/"]"#);
        if !placeholder.contains("your-") {
            refused(&issuer, "Issuers:0", &[PLACEHOLDER]);
        }
    }
    let tenant = |text: &str| with_client(&format!(r#""TenantId":"{text}""#));
    let client = |text: &str| format!(r#""TenantId":"{TENANT}","ClientId":"{text}""#);
    for (members, setting, part) in [
        (tenant(&format!("{{{TENANT}}}")), "TenantId", TENANT),
        (tenant(&format!(" {TENANT} ")), "TenantId", "whitespace"),
        (tenant(&compact), "TenantId", TENANT),
        (tenant(&format!("{TENANT},{OTHER}")), "TenantId", "TenantIds"),
        (tenant(&format!("{PUBLIC}/{TENANT}/v2.0")), "TenantId", TENANT),
        (tenant("login.microsoftonline.com"), "TenantId", "is a host"),
        (tenant("contoso"), "TenantId", "Directory (tenant) ID"),
        (client(&format!("{{{CLIENT}}}")), "ClientId", CLIENT),
        (client(&format!(" {CLIENT}")), "ClientId", "whitespace"),
        (client(&CLIENT.replace('-', "")), "ClientId", CLIENT),
        (client("api://orders"), "ClientId", "App ID URI is an audience"),
        (client("orders"), "ClientId", "Application (client) ID"),
        (format!(r#"{good},"Audience":" api://orders ""#), "Audience", "whitespace"),
        (format!(r#"{good},"Audience":"{{{CLIENT}}}""#), "Audience", "braces"),
        (format!(r#"{good},"AllowedClients":["{{{CLIENT}}}"]"#), "AllowedClients:0", CLIENT),
    ] {
        refused(&members, setting, &[part]);
    }
}

#[test]
fn addresses_that_no_token_comes_from_are_refused_with_what_to_write() {
    let tenant = |more: &str| with_client(&format!(r#""TenantId":"{TENANT}",{more}"#));
    let instance = |text: &str| tenant(&format!(r#""Instance":"{text}""#));
    let authority = |text: &str| with_client(&format!(r#""Authority":"{text}""#));
    let host = format!("write {PUBLIC}/");
    for (members, setting, parts) in [
        (instance(&format!("{PUBLIC}//")), "Instance", vec!["two slashes", &host]),
        (instance(&format!("{PUBLIC}/{TENANT}")), "Instance", vec!["has a tenant in it", &host, "TenantId"]),
        (instance(&format!("{PUBLIC}/common/")), "Instance", vec!["has a tenant in it", &host]),
        (instance("https://sts.windows.net/"), "Instance", vec!["v1 issuers", &host]),
        (instance("http://login.microsoftonline.com/"), "Instance", vec!["use https://"]),
        (instance("login.contoso.example"), "Instance", vec!["no scheme", "write https://login.contoso.example"]),
        (instance("https://login.microsoftonline.de"), "Instance", vec!["write one of"]),
        (instance(CUSTOM), "Instance", vec!["Kind: ExternalId", "TenantId", "Kind: Entra"]),
        (authority(PUBLIC), "Authority", vec!["tenant is missing", "Instance and TenantId"]),
        (authority(&format!("{PUBLIC}/v2.0")), "Authority", vec!["tenant is missing"]),
        (authority(&format!("{PUBLIC}//{TENANT}")), "Authority", vec!["tenant is missing"]),
        (authority(&format!("{PUBLIC}/{TENANT}/v2")), "Authority", vec!["/v2.0"]),
        (
            authority(&format!("{PUBLIC}/{TENANT}/oauth2/v2.0/token")),
            "Authority",
            vec!["write https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"],
        ),
        (
            authority(&format!("{PUBLIC}/{TENANT}/v2.0/{METADATA}")),
            "Authority",
            vec!["address of the metadata", "/v2.0"],
        ),
        (authority(&format!("https://sts.windows.net/{TENANT}/")), "Authority", vec!["v1 issuers"]),
        (authority(&format!("{PUBLIC}/{TENANT}?appid={CLIENT}")), "Authority", vec!["AppSpecificKeys: true"]),
        (authority(&format!("{PUBLIC}/{DOMAIN}?p=B2C_1_susi")), "Authority", vec!["retired", "SignUpSignInPolicyId"]),
        (authority(&format!("{PUBLIC}/{TENANT}?x=1&slice=2")), "Authority", vec!["?x=…&slice=…", "remove it"]),
        (authority(&format!("{CUSTOM}/{DOMAIN}")), "Authority", vec!["Kind: ExternalId", "TenantId", "GUID"]),
        (authority(&format!("{CUSTOM}/{TENANT}/v2.0")), "Authority", vec!["Kind: ExternalId"]),
        (
            tenant(&format!(r#""MetadataAddress":"{PUBLIC}/{TENANT}/v2.0/{METADATA}?appid={CLIENT}""#)),
            "MetadataAddress",
            vec!["AppSpecificKeys: true"],
        ),
        (
            tenant(&format!(r#""MetadataAddress":"{PUBLIC}/common/v2.0/{METADATA}""#)),
            "MetadataAddress",
            vec!["is not the metadata of", "leave it out"],
        ),
        (
            tenant(&format!(r#""MetadataAddress":"{CUSTOM}/{TENANT}/v2.0/{METADATA}""#)),
            "MetadataAddress",
            vec!["is not the metadata of"],
        ),
        (tenant(&format!(r#""MetadataAddress":"{PUBLIC}/{TENANT}/v2.0""#)), "MetadataAddress", vec![METADATA]),
        (
            format!(r#""ClientId":"{CLIENT}","Instance":"{PUBLIC}","Domain":"{DOMAIN}""#),
            "TenantId",
            vec!["is missing", "Domain"],
        ),
    ] {
        refused(&members, setting, &parts);
    }
}

#[test]
fn another_tenant_in_the_authority_is_refused() {
    let both = |tenant: &str, authority: &str| {
        with_client(&format!(r#""TenantId":"{tenant}","Authority":"{PUBLIC}/{authority}/v2.0","Instance":"{PUBLIC}""#))
    };
    for (tenant, authority, part) in [
        (TENANT, "common", "accepts more tenants than AzureAd:TenantId"),
        (TENANT, "organizations", "accepts more tenants than AzureAd:TenantId"),
        (TENANT, OTHER, "names another tenant than AzureAd:TenantId"),
        ("contoso.example", "fabrikam.example", "names another tenant than AzureAd:TenantId"),
        ("organizations", TENANT, "names another tenant than AzureAd:TenantId"),
        ("organizations", "common", "accepts more tenants"),
        (TENANT, DOMAIN, "which is meant cannot be told; leave one out"),
        (DOMAIN, TENANT, "which is meant cannot be told; leave one out"),
    ] {
        refused(&both(tenant, authority), "Authority", &[part]);
    }
    for (tenant, authority) in
        [(TENANT, TENANT), (DOMAIN, "CONTOSO.onmicrosoft.com"), ("organizations", "Organizations")]
    {
        assert_eq!(told_of(&both(tenant, authority)), [""; 0], "{tenant} {authority}");
    }
}

#[test]
fn external_id_at_a_custom_domain_needs_its_kind_and_guid() {
    let custom = || only_client().authority(Authority::external_id_at(CUSTOM, TENANT));
    for members in [
        format!(r#""Kind":"ExternalId","TenantId":"{TENANT}","Authority":"{CUSTOM}/{DOMAIN}""#),
        format!(r#""Kind":"ExternalId","TenantId":"{TENANT}","Authority":"{CUSTOM}/{DOMAIN}/v2.0/""#),
        format!(r#""Kind":"ExternalId","TenantId":"{TENANT}","Instance":"{CUSTOM}/""#),
        format!(r#""Kind":"ExternalId","Authority":"{CUSTOM}/{TENANT}""#),
        format!(
            r#""Kind":"ExternalId","TenantId":"{TENANT}","Instance":"{CUSTOM}",
            "MetadataAddress":"{CUSTOM}/{TENANT}/v2.0/{METADATA}""#
        ),
    ] {
        same(&with_client(&members), custom());
    }
    same(
        &with_client(&format!(r#""TenantId":"{TENANT}","Authority":"{CIAM}/{DOMAIN}""#)),
        only_client().authority(Authority::external_id_at(CIAM, TENANT)),
    );
    for (members, setting, part) in [
        (format!(r#""Kind":"ExternalId","Authority":"{CUSTOM}/{DOMAIN}""#), "TenantId", "GUID"),
        (format!(r#""Kind":"ExternalId","Instance":"{CUSTOM}","TenantId":"{DOMAIN}""#), "TenantId", "GUID"),
        (format!(r#""Kind":"ExternalId","Instance":"{CUSTOM}""#), "TenantId", "GUID"),
        (
            format!(r#""Kind":"ExternalId","TenantId":"{TENANT}","Authority":"{CIAM}/{OTHER}""#),
            "Authority",
            "another tenant",
        ),
        (format!(r#""Authority":"{CIAM}?appid={CLIENT}""#), "Authority", "?appid=…"),
    ] {
        refused(&with_client(&members), setting, &[part]);
    }
}

#[test]
fn b2c_as_microsoft_writes_it_loads() {
    let one = |tenant: &str| only_client().authority(Authority::b2c_at(B2C, tenant, "B2C_1_susi"));
    let policy = r#""SignUpSignInPolicyId":"B2C_1_susi""#;
    for members in [
        format!(r#""Instance":"{B2C}/tfp/","Domain":"{DOMAIN}",{policy}"#),
        format!(r#""Instance":"{B2C}/tfp","Domain":"{DOMAIN}",{policy}"#),
        format!(r#""Instance":" {B2C}/ ","Domain":"{DOMAIN}",{policy}"#),
        format!(r#""Instance":"contoso.b2clogin.com","Domain":"{DOMAIN}",{policy}"#),
        format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}","TenantId":"{DOMAIN}",{policy}"#),
        format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_susi/v2.0""#),
        format!(r#""Authority":"{B2C}/tfp/{DOMAIN}/B2C_1_susi/v2.0/",{policy}"#),
        format!(r#""Instance":"{B2C}",{policy},"MetadataAddress":"{B2C}/{DOMAIN}/b2c_1_susi/v2.0/{METADATA}""#),
        format!(r#""Instance":"{B2C}",{policy},"MetadataAddress":"{B2C}/{DOMAIN}/v2.0/{METADATA}?p=B2C_1_susi""#),
    ] {
        same(&with_client(&members), one(DOMAIN));
    }
    same(
        &with_client(&format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}","TenantId":"{TENANT}",{policy}"#)),
        one(TENANT),
    );
    // At a custom domain the policy tells what it is.
    same(
        &with_client(&format!(r#""Authority":"{CUSTOM}/{DOMAIN}/v2.0","SignUpSignInPolicyId":"own""#)),
        only_client().authority(Authority::b2c_at(CUSTOM, DOMAIN, "own")),
    );
    for (members, setting, part) in [
        (format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}""#), "Instance", "as SignUpSignInPolicyId"),
        (format!(r#""Instance":"{B2C}//",{policy}"#), "Instance", "only the host"),
        (format!(r#""Instance":"{B2C}/{DOMAIN}",{policy}"#), "Instance", "only the host"),
        (
            format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}","TenantId":"fabrikam.example",{policy}"#),
            "Domain",
            "another",
        ),
        (format!(r#""Authority":"{B2C}/{DOMAIN}/v2.0?p=B2C_1_susi""#), "Authority", "as SignUpSignInPolicyId"),
        (format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_susi?x=1""#), "Authority", "?x=…"),
        (format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_susi/v2.0/{METADATA}""#), "Authority", "address of the metadata"),
        (
            format!(r#""Instance":"{B2C}",{policy},"MetadataAddress":"{B2C}/{DOMAIN}/B2C_1_other/v2.0/{METADATA}""#),
            "MetadataAddress",
            "is not the metadata of",
        ),
        (
            format!(r#""Instance":"{PUBLIC}","TenantId":"{TENANT}",{policy}"#),
            "SignUpSignInPolicyId",
            "https://contoso.b2clogin.com",
        ),
    ] {
        refused(&with_client(&members), setting, &[part]);
    }
}

#[test]
fn issuers_that_are_only_compared_need_no_address() {
    let keys = r#""Audience":"a","JwksUri":"https://keys.example/jwks""#;
    for issuer in ["http://adfs.contoso.example/adfs/services/trust", "plant-7", "urn:contoso:plant"] {
        assert_eq!(told_of(&format!(r#""Kind":"OpenIdConnect","Authority":"{issuer}",{keys}"#)), [""; 0], "{issuer}");
    }
    for issuer in ["http://adfs.contoso.example/adfs/services/trust", "plant-7"] {
        let members = format!(r#""Kind":"OpenIdConnect","Authority":"{issuer}","Audience":"a""#);
        assert_eq!(told_of(&members).len(), 1, "{issuer} would have to be fetched from");
    }
    let adfs = |issuer: &str| {
        format!(r#""Authority":"https://adfs.contoso.example/adfs","Audience":"a","Issuers":["{issuer}"]"#)
    };
    for issuer in ["http://adfs.contoso.example/adfs/services/trust", "urn:contoso:adfs"] {
        assert_eq!(told_of(&adfs(issuer)), [""; 0], "{issuer}");
    }
    for issuer in ["https://{tenant}.example/", "a b", "https://sts.windows.net/x/"] {
        assert_eq!(told_of(&adfs(issuer)).len(), 1, "{issuer}");
    }
    for issuer in ["https://sts.windows.net/x/", "sts.windows.net", "http://LOGIN.microsoftonline.com/x"] {
        let members = format!(r#""Kind":"OpenIdConnect","Authority":"{issuer}",{keys}"#);
        refused(&members, "Authority", &["Entra"]);
    }
}

#[test]
fn passwords_in_addresses_are_not_shown() {
    for (members, setting) in [
        (format!(r#""TenantId":"{TENANT}","Instance":"https://user:s3cret@login.contoso.example""#), "Instance"),
        (format!(r#""Authority":"https://user:s3cret@login.contoso.example/{TENANT}""#), "Authority"),
        (
            r#""Kind":"OpenIdConnect","Authority":"https://user:s3cr@et@id.example","Audience":"a""#.to_owned(),
            "Authority",
        ),
    ] {
        refused(&with_client(&members), setting, &["…@", "user name"]);
        let text = told_of(&with_client(&members)).join("");
        assert!(!text.contains("s3cr"), "{text}");
    }
}

#[test]
fn strict_audiences_leaves_only_those_that_are_listed() {
    let with = |more: &str| {
        let plan = plan(Config::from_json(&section(more)));
        let audiences = &plan.authorities[0].policy.audiences;
        let accepted = [CLIENT, "api://orders"].map(|audience| audiences.contains(audience));
        (accepted, warnings(&plan).len())
    };
    assert_eq!(with(""), ([true, false], 0));
    assert_eq!(with(r#","Audience":"api://orders""#), ([true, true], 1), "Microsoft.Identity.Web would replace them");
    assert_eq!(with(r#","Audiences":["api://orders"]"#), ([true, true], 0), "a setting of ours");
    assert_eq!(with(&format!(r#","Audience":"api://{CLIENT}""#)), ([true, false], 0), "one of the defaults");
    assert_eq!(with(r#","Audience":"api://orders","StrictAudiences":true"#), ([false, true], 0));
    assert_eq!(with(r#","Audience":"api://orders","StrictAudiences":false"#), ([true, true], 0));
    assert_eq!(with(&format!(r#","Audience":"{CLIENT}","StrictAudiences":true"#)), ([true, false], 0));
    let none = told(Config::from_json(&section(r#","StrictAudiences":true"#)));
    assert!(matches!(&none[..], [problem] if problem.contains("StrictAudiences")), "{none:?}");
    // In code, over a file, and for authorities that inherit.
    let file = Config::from_json(&section(r#","Audience":"api://orders""#)).unwrap();
    let strict = file.resolve(&ConfigSettings::default().strict_audiences(true)).unwrap();
    assert!(!strict.authorities[0].policy.audiences.contains(CLIENT));
    let inherited = entra_tenant()
        .audience("api://orders")
        .strict_audiences(true)
        .authority(Authority::external_id_at(CIAM, OTHER))
        .authority(Authority::openid_connect("https://id.example").client_id("0oa1").audience("b"))
        .resolve()
        .unwrap();
    let [_, customers, partner] = inherited.authorities.as_slice() else { panic!("{inherited:?}") };
    assert!(customers.policy.audiences.contains("api://orders") && !customers.policy.audiences.contains(CLIENT));
    assert!(partner.policy.audiences.contains("b") && !partner.policy.audiences.contains("0oa1"));
    let missing = told(Ok(entra_tenant()
        .audience("api://orders")
        .strict_audiences(true)
        .authority(Authority::external_id_at(CIAM, OTHER).client_id(OTHER))));
    assert_eq!(missing.len(), 1, "{missing:?}");
}
