//! `openid-config`, `issuers` and `issuer-signing-keys`: the authorities that result.

use super::*;

#[test]
fn issuers_and_metadata_become_authorities() {
    let v1 = |tenant: &str| format!("https://sts.windows.net/{tenant}/");
    let v2 = |tenant: &str| format!("{PUBLIC}/{tenant}/v2.0");
    let (b2c, ciam) = ("https://contoso.b2clogin.com", "https://contoso.ciamlogin.com");
    let domain = "contoso.onmicrosoft.com";
    let okta = "https://partner.okta.example/oauth2/default";
    for (inner, members) in [
        (entra(TENANT, "/v2.0"), json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0"})),
        (entra(TENANT, ""), json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "1.0"})),
        (entra(domain, "/v2.0"), json!({"TenantId": domain, "Instance": PUBLIC, "Version": "2.0"})),
        (entra("common", ""), json!({"TenantId": "common", "Instance": PUBLIC, "Version": "1.0"})),
        (
            config(&format!("https://login.microsoftonline.us/{TENANT}{END}")),
            json!({"TenantId": TENANT, "Instance": "https://login.microsoftonline.us", "Version": "1.0"}),
        ),
        // Both versions: by two documents, by an issuer, by the templates.
        (entra(TENANT, "") + &entra(TENANT, "/v2.0"), json!({"TenantId": TENANT, "Instance": PUBLIC})),
        (entra(TENANT, "/v2.0") + &issuers(&[&v1(TENANT)]), json!({"TenantId": TENANT, "Instance": PUBLIC})),
        (
            entra(TENANT, "/v2.0") + &issuers(&[&v2(TENANT)]),
            json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0"}),
        ),
        (
            entra("organizations", "/v2.0") + &issuers(&["https://sts.windows.net/{tenantid}/"]),
            json!({"TenantId": "organizations", "Instance": PUBLIC}),
        ),
        // Issuers are a list of tenants.
        (
            entra("common", "/v2.0") + &issuers(&[&v2(TENANT), &v2(OTHER)]),
            json!({"TenantIds": [TENANT, OTHER], "Instance": PUBLIC, "Version": "2.0"}),
        ),
        (
            entra(TENANT, "/v2.0") + &issuers(&[&v1(OTHER)]),
            json!({"Authorities": [
                {"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0"},
                {"TenantId": OTHER, "Instance": PUBLIC, "Version": "1.0"},
            ]}),
        ),
        // A domain may be the tenant that an issuer names: no two authorities accept the same tokens.
        (
            entra(domain, "/v2.0") + &issuers(&[&v2(TENANT), &v1(TENANT)]),
            json!({"Authorities": [
                {"TenantIds": [domain, TENANT], "Instance": PUBLIC, "Version": "2.0"},
                {"TenantId": TENANT, "Instance": PUBLIC, "Version": "1.0"},
            ]}),
        ),
        (
            entra(domain, "/v2.0") + &entra(domain, "") + &issuers(&[&v1(TENANT)]),
            json!({"Authorities": [
                {"TenantId": domain, "Instance": PUBLIC, "Version": "2.0"},
                {"TenantIds": [domain, TENANT], "Instance": PUBLIC, "Version": "1.0"},
            ]}),
        ),
        (
            entra(domain, "/v2.0") + &entra(domain, "") + &issuers(&[&v1(TENANT), &v2(TENANT)]),
            json!({"TenantIds": [domain, TENANT], "Instance": PUBLIC}),
        ),
        // Azure AD B2C.
        (
            config(&format!("{b2c}/{domain}/B2C_1_susi/v2.0{END}")),
            json!({"Instance": b2c, "TenantId": domain, "SignUpSignInPolicyId": "B2C_1_susi"}),
        ),
        (
            config(&format!("{b2c}/{domain}/v2.0{END}?p=B2C_1_susi")),
            json!({"Instance": b2c, "TenantId": domain, "SignUpSignInPolicyId": "B2C_1_susi"}),
        ),
        (
            config(&format!("{b2c}/tfp/{domain}/B2C_1_a/v2.0{END}"))
                + &config(&format!("{b2c}/{domain}/B2C_1_b/v2.0{END}"))
                + &config(&format!("{b2c}/{domain}/B2C_1_c/v2.0{END}"))
                + &issuers(&[&format!("{b2c}/tfp/{TENANT}/b2c_1_a/v2.0/")]),
            json!({"Instance": b2c, "TenantId": domain, "SignUpSignInPolicyId": "B2C_1_a", "Policies": ["B2C_1_b", "B2C_1_c"],
                   "AcceptTfpIssuers": true}),
        ),
        (
            config(&format!("{b2c}/{domain}/B2C_1_a/v2.0{END}")) + &issuers(&[&format!("{b2c}/{TENANT}/v2.0/")]),
            json!({"Instance": b2c, "TenantId": domain, "SignUpSignInPolicyId": "B2C_1_a"}),
        ),
        // External ID.
        (
            config(&format!("{ciam}/{TENANT}/v2.0{END}"))
                + &issuers(&[&format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")]),
            json!({"Instance": ciam, "TenantId": TENANT}),
        ),
        // External ID at a custom domain: the issuer names the tenant.
        (
            config(&format!("https://login.contoso.example/{domain}/v2.0{END}"))
                + &issuers(&[&format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")]),
            json!({"Kind": "ExternalId", "Instance": "https://login.contoso.example", "TenantId": TENANT}),
        ),
        (
            config(&format!("https://login.contoso.example/{TENANT}/v2.0{END}"))
                + &issuers(&[
                    &format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0"),
                    &format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
                ]),
            json!({"Kind": "ExternalId", "Instance": "https://login.contoso.example", "TenantId": TENANT}),
        ),
        // Azure AD B2C at a custom domain.
        (
            config(&format!("https://login.contoso.example/{domain}/v2.0{END}?p=B2C_1_susi")),
            json!({"Kind": "B2C", "Instance": "https://login.contoso.example", "TenantId": domain,
                   "SignUpSignInPolicyId": "B2C_1_susi"}),
        ),
        // Others.
        (
            config(&format!("https://id.example/contoso.example{END}")) + &issuers(&["https://contoso.example"]),
            json!({"Authority": "https://contoso.example",
                   "MetadataAddress": format!("https://id.example/contoso.example{END}")}),
        ),
        (config(&format!("{okta}{END}")), json!({"Authority": okta})),
        (config(&format!("{okta}{END}")) + &issuers(&[okta]), json!({"Authority": okta})),
        (
            config(&format!("https://tenant.auth0.example{END}")) + &issuers(&["https://tenant.auth0.example/"]),
            json!({"Authority": "https://tenant.auth0.example/"}),
        ),
        (
            config("https://partner.okta.example/meta") + &issuers(&[okta]),
            json!({"Authority": okta, "MetadataAddress": "https://partner.okta.example/meta"}),
        ),
        (
            format!("<issuer-signing-keys><key id='a' n='{N}' e='AQAB'/></issuer-signing-keys>") + &issuers(&[okta]),
            json!({"Kind": "OpenIdConnect", "Authority": okta,
                   "StaticKeys": {"keys": [{"kty": "RSA", "kid": "a", "n": N, "e": "AQAB"}]}}),
        ),
        // Several at once.
        (
            entra(TENANT, "/v2.0") + &config(&format!("{okta}{END}")) + &issuers(&[okta, &v1(TENANT)]),
            json!({"Authorities": [{"TenantId": TENANT, "Instance": PUBLIC}, {"Authority": okta}]}),
        ),
        // An instance that behaves like Entra.
        (
            config(&format!("http://127.0.0.1:4000/{TENANT}/v2.0{END}"))
                + &issuers(&[&format!("http://127.0.0.1:4000/{TENANT}/v2.0")]),
            json!({"TenantId": TENANT, "Instance": "http://127.0.0.1:4000", "Version": "2.0"}),
        ),
    ] {
        assert_eq!(section(&jwt(&(inner.clone() + AUDIENCE))), members, "{inner}");
    }
}

#[test]
fn keys_of_the_application_are_accepted_where_it_is_the_audience() {
    let url = |tenant: &str, app: &str| config(&format!("{PUBLIC}/{tenant}/v2.0{END}?appid={app}"));
    let audience = |audience: &str| format!("<audiences><audience>{audience}</audience></audiences>");
    let keys = |inner: &str| {
        let section = section(&jwt(inner));
        (section.get("AppSpecificKeys").cloned(), section.get("ClientId").cloned())
    };
    let upper = "AAAAAAAA-BBBB-8888-9999-000000000000";
    let accepted = |app: &str| (Some(json!(true)), Some(json!(app)));
    assert_eq!(keys(&(url(TENANT, CLIENT) + &audience(CLIENT))), accepted(CLIENT));
    assert_eq!(keys(&(url(TENANT, upper) + &audience(&upper.to_lowercase()))), accepted(upper));
    assert_eq!(keys(&(url(TENANT, CLIENT) + &entra(TENANT, "") + &audience(CLIENT))), accepted(CLIENT));
    let rejected = "which is not imported: tokens signed with them are rejected";
    for inner in [
        url(TENANT, CLIENT) + AUDIENCE,
        url(TENANT, CLIENT) + &audience(&format!("api://{CLIENT}")),
        url(TENANT, CLIENT) + &url(TENANT, OTHER) + &audience(CLIENT),
        url(TENANT, CLIENT) + &config(&format!("https://id.example{END}")) + &audience(CLIENT),
        url("organizations", CLIENT) + &audience(CLIENT),
        config(&format!("https://contoso.ciamlogin.com/{TENANT}/v2.0{END}?appid={CLIENT}")) + &audience(CLIENT),
    ] {
        assert_eq!(keys(&inner), (None, None), "{inner}");
        Outcome::Note(rejected).check(&jwt(&inner));
    }
    Outcome::Note("adds api://66666666-7777-8888-9999-000000000000")
        .check(&jwt(&(url(TENANT, CLIENT) + &audience(CLIENT))));
}

#[test]
fn keys_that_cannot_be_imported_are_the_reason_unless_something_else_is_trusted() {
    use ConfigProblemKind::{Missing, Unsupported};
    let at = "validate-jwt/issuer-signing-keys/key";
    let issuer = issuers(&["https://id.example"]);
    for (keys, place, text) in [
        ("<key certificate-id='c1'/>", at, "name the file as KeyFile"),
        ("<key>c2VjcmV0</key>", at, "the key is a shared secret"),
        ("<key id='a'>{{secret}}</key>", at, "the key is a shared secret"),
        (
            "<zumo-master-key id='0'>x</zumo-master-key>",
            "validate-jwt/issuer-signing-keys/zumo-master-key",
            "Mobile Services",
        ),
    ] {
        let keys = format!("<issuer-signing-keys>{keys}</issuer-signing-keys>");
        for more in [issuer.clone(), String::new()] {
            let xml = jwt(&(keys.clone() + &more + AUDIENCE));
            Outcome::Error(Unsupported, place).check(&xml);
            assert!(problems(&xml)[0].contains(text), "{:?}", problems(&xml));
        }
        // All mistakes at once.
        assert_eq!(problems(&jwt(&(keys.clone() + &issuer))).len(), 2);
        let invalid = jwt(&(keys.clone() + &issuers(&["{{issuer}}"]) + AUDIENCE));
        assert_eq!(problems(&invalid).len(), 2, "{:?}", problems(&invalid));
        // Beside metadata, it loads, and is stricter.
        let xml = jwt(&(entra(TENANT, "/v2.0") + &keys + AUDIENCE));
        let found = notes(&xml);
        let is_told =
            found.iter().any(|note| note.contains(text) && note.contains("Tokens signed with it are rejected"));
        assert!(is_told, "{found:#?}");
    }
    let weak = "<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys>".to_owned();
    Outcome::Error(ConfigProblemKind::Invalid, at).check(&jwt(&(weak + &issuer + AUDIENCE)));
    // Of an issuer that cannot be read, nothing else is said.
    for inner in [
        format!("<issuer-signing-keys><key n='{N}' e='AQAB'/></issuer-signing-keys>"),
        config("https://id.example/meta"),
        config(&format!("https://login.contoso.example/contoso.onmicrosoft.com/v2.0{END}")),
    ] {
        let xml = jwt(&(inner + &issuers(&["{{issuer}}"]) + AUDIENCE));
        Outcome::Error(Unsupported, "validate-jwt/issuers/issuer").check(&xml);
    }
    let rsa = format!("<issuer-signing-keys><key n='{N}' e='AQAB'/></issuer-signing-keys>");
    Outcome::Error(Missing, "validate-jwt/issuers").check(&jwt(&(rsa + AUDIENCE)));
}

#[test]
fn a_custom_domain_needs_its_issuer() {
    use ConfigProblemKind::{Conflict, Missing};
    let url = "validate-jwt/openid-config/@url";
    let domain = config(&format!("https://login.contoso.example/contoso.onmicrosoft.com/v2.0{END}"));
    Outcome::Error(Missing, url).check(&jwt(&(domain.clone() + AUDIENCE)));
    let ciam = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
    let both = issuers(&[&ciam(TENANT), &ciam(OTHER)]);
    Outcome::Error(Conflict, url).check(&jwt(&(domain.clone() + &both + AUDIENCE)));
    // Of another tenant than the address.
    let other = config(&format!("https://login.contoso.example/{OTHER}/v2.0{END}")) + &issuers(&[&ciam(TENANT)]);
    Outcome::Error(Conflict, url).check(&jwt(&(other + AUDIENCE)));
}
