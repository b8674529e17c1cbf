use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const PUBLIC: &str = "https://login.microsoftonline.com";
const END: &str = "/.well-known/openid-configuration";
const AUDIENCE: &str = "<audiences><audience>api://orders</audience></audiences>";
/// A modulus of the length that is needed; it is nobody's.
const N: &str = "uS0ryd0sdnBZQRwnPDcWBnnkdRHRHCvHr92MsvJyRyQ93IzA8lJ9WNJDG5YtmHEC1sc2sQnFYXbcGqhNLHoHVJzKHqlIgJYPHhnWuj1fTSAJbcHNTO9hUwSfTJTTkGAd7HcDDRqCvHOJvq27IqFCJHCFN2KJZ4pP1sFGnDO8wNwD9u0CkmRHgtdcqQBXPUiwlGFqfuLcuRJfNW7crYBlqIEhLdHEiCu5pD14ukYFShnvs4xYyFcJlxPGYdqp1qVHVsBXkGTNc1OEqRbxwWEMgvLqUMbLcFdXGyqDcgPSkqKp1rGBpDRz4dUPmLGCGe5FcLWPMkkqhJQPzG3uYQ4N1w";

fn entra(tenant: &str, version: &str) -> String {
    config(&format!("{PUBLIC}/{tenant}{version}{END}"))
}

fn config(url: &str) -> String {
    format!(r#"<openid-config url="{url}" />"#)
}

fn issuers(all: &[&str]) -> String {
    let all: String = all.iter().map(|issuer| format!("<issuer>{issuer}</issuer>")).collect();
    format!("<issuers>{all}</issuers>")
}

/// A policy with a skew, so that nothing is said of that, and these elements.
fn jwt(inner: &str) -> String {
    format!(
        r#"<validate-jwt header-name="Authorization" require-scheme="Bearer" clock-skew="60">{inner}</validate-jwt>"#
    )
}

fn azure(attributes: &str, inner: &str) -> String {
    format!("<validate-azure-ad-token {attributes}>{inner}</validate-azure-ad-token>")
}

#[track_caller]
fn read(xml: &str) -> ApimPolicy {
    Config::from_apim_policy(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"))
}

/// The section that comes of it, without the audience and the skew of all.
#[track_caller]
fn section(xml: &str) -> Value {
    let policy = read(xml);
    assert_eq!(Config::from_json(policy.to_json()).unwrap().validate(), Ok(()), "{policy}");
    let mut whole: Value = serde_json::from_str(policy.to_json()).unwrap();
    let section = whole["AzureAd"].as_object_mut().unwrap();
    if section["Audiences"] == json!(["api://orders"]) {
        section.remove("Audiences");
    }
    if section.get("ClockSkewSeconds") == Some(&json!(60)) {
        section.remove("ClockSkewSeconds");
    }
    whole["AzureAd"].take()
}

fn told(xml: &str) -> Vec<String> {
    match Config::from_apim_policy(xml) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

/// The notes but for the one that every policy has.
fn notes(xml: &str) -> Vec<String> {
    let policy = read(xml);
    let (last, others) = policy.notes().split_last().unwrap();
    assert!(last.advice().contains("AllowWebApiToBeAuthorizedByACL"), "{last}");
    others.iter().map(ToString::to_string).collect()
}

#[test]
fn whose_tokens_are_accepted() {
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
        // Others.
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
        // An instance that speaks like Entra.
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
fn what_tokens_must_have() {
    let tenant = entra(TENANT, "/v2.0");
    let claims = |claims: &str| {
        section(&jwt(&format!("{tenant}{AUDIENCE}<required-claims>{claims}</required-claims>")))["RequiredClaims"]
            .take()
    };
    for (claim, rule) in [
        (r#"<claim name="a"/>"#, json!({"Name": "a"})),
        (r#"<claim name="a"><value>x</value></claim>"#, json!({"Name": "a", "Match": "all", "Values": ["x"]})),
        (
            r#"<claim name="a" match="any"><value> x </value><value><!-- y -->z<![CDATA[<]]></value></claim>"#,
            json!({"Name": "a", "Match": "any", "Values": ["x", "z<"]}),
        ),
        (
            r#"<claim name="scp" match="all" separator=" "><value>x</value></claim>"#,
            json!({"Name": "scp", "Separator": " ", "Match": "all", "Values": ["x"]}),
        ),
        (r#"<claim name="a" separator=","/>"#, json!({"Name": "a"})),
        (
            r#"<claim name="a"><value>&quot;&#x41;</value></claim>"#,
            json!({"Name": "a", "Match": "all", "Values": ["\"A"]}),
        ),
    ] {
        assert_eq!(claims(claim), json!([rule]), "{claim}");
    }
    // An audience that is demanded there is the audience.
    let aud = |audiences: &str, claims: &str| {
        let mut section = section(&jwt(&format!("{tenant}{audiences}<required-claims>{claims}</required-claims>")));
        (section["Audiences"].take(), section["RequiredClaims"].take())
    };
    let all = r#"<claim name="aud"><value>a</value><value>b</value></claim>"#;
    let any = r#"<claim name="aud" match="any"><value>a</value><value>b</value></claim>"#;
    assert_eq!(aud("", any), (json!(["a", "b"]), Value::Null));
    assert_eq!(aud("", all), (json!(["a", "b"]), json!([{"Name": "aud", "Match": "all", "Values": ["a", "b"]}])));
    // Of two demands both hold.
    let (_, rules) = aud("", &any.repeat(2));
    assert_eq!(rules.as_array().unwrap().len(), 2);
    let (_, rules) = aud("", &(any.to_owned() + &any.replace("\"aud\"", "\" aud \"")));
    assert_eq!(rules.as_array().unwrap().len(), 2);
    assert_eq!(
        told(&jwt(&format!("{tenant}<required-claims>{}</required-claims>", any.replace("\"any\"", "\"some\"")))),
        ["validate-jwt/required-claims/claim[aud]/@match = \"some\": must be \"all\" or \"any\""]
    );
    let both = "<audiences><audience>b</audience><audience>c</audience></audiences>";
    assert_eq!(aud(both, any), (json!(["b"]), Value::Null));
    assert_eq!(
        told(&jwt(&format!("{tenant}{AUDIENCE}<required-claims>{any}</required-claims>")))[0],
        "validate-jwt/audiences: has none of the values that required-claims demands of aud: no token is accepted"
    );
}

#[test]
fn the_policy_for_entra_alone() {
    let clients = format!("<client-application-ids><application-id>{OTHER}</application-id></client-application-ids>");
    let backends =
        format!("<backend-application-ids><application-id>{CLIENT}</application-id></backend-application-ids>");
    for (attributes, inner, members) in [
        (format!("tenant-id='{TENANT}'"), AUDIENCE.to_owned(), json!({"TenantId": TENANT})),
        (
            "tenant-id='contoso.onmicrosoft.com'".to_owned(),
            AUDIENCE.to_owned(),
            json!({"TenantId": "contoso.onmicrosoft.com"}),
        ),
        (
            format!("tenant-id='https://login.microsoftonline.com/{TENANT}'"),
            AUDIENCE.to_owned(),
            json!({"Authority": format!("{PUBLIC}/{TENANT}")}),
        ),
        ("tenant-id='organizations'".to_owned(), AUDIENCE.to_owned(), json!({"TenantId": "organizations"})),
        (
            format!("tenant-id='{TENANT}' authentication-endpoint='https://login.microsoftonline.us'"),
            format!("{clients}{AUDIENCE}"),
            json!({"TenantId": TENANT, "Instance": "https://login.microsoftonline.us", "AllowedClients": [OTHER]}),
        ),
        (format!("tenant-id='{TENANT}'"), backends.clone(), json!({"TenantId": TENANT, "Audiences": [CLIENT]})),
        (format!("tenant-id='{TENANT}'"), format!("{backends}{AUDIENCE}"), json!({"TenantId": TENANT})),
        (
            format!("tenant-id='{TENANT}'"),
            format!(
                "{AUDIENCE}<required-claims><claim name='ctry' match='any'><value>US</value></claim></required-claims>"
            ),
            json!({"TenantId": TENANT, "RequiredClaims": [{"Name": "ctry", "Match": "any", "Values": ["US"]}]}),
        ),
    ] {
        assert_eq!(section(&azure(&attributes, &inner)), members, "{attributes} {inner}");
    }
    for (attributes, inner, problem) in [
        ("", AUDIENCE, "@tenant-id: is missing: whose tokens are accepted? It is the Directory (tenant) ID"),
        (
            "tenant-id=''",
            AUDIENCE,
            "@tenant-id = \"\": is empty: whose tokens are accepted? It is the Directory (tenant) ID",
        ),
        (
            "tenant-id='{{aad-tenant-id}}'",
            AUDIENCE,
            "@tenant-id = \"{{aad-tenant-id}}\": is a named value of API Management; put its value here",
        ),
        (
            "tenant-id='https://id.example/realms/a'",
            AUDIENCE,
            "@tenant-id = \"https://id.example/realms/a\": is no address of a tenant of Entra's; for another issuer's tokens \
             there is validate-jwt",
        ),
        (
            "tenant-id='common'",
            "",
            "audiences: is missing: API Management then takes tokens for any API; name this API's client id or App ID URI",
        ),
        (
            "tenant-id='common'",
            "<client-application-ids/>",
            "client-application-ids: is empty, which lets nobody in; leave it out to let every application in",
        ),
        (
            "tenant-id='common' clock-skew='1'",
            AUDIENCE,
            "@clock-skew = \"1\": is no attribute of validate-azure-ad-token",
        ),
        (
            "tenant-id='common'",
            "<issuers/>",
            "issuers: is no element of validate-azure-ad-token; there are backend-application-ids, client-application-ids, \
             audiences, required-claims, decryption-keys",
        ),
        (
            "tenant-id='common'",
            "<audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>",
            "audiences/audience = \"@(context.Request.OriginalUrl.Host)\": is a policy expression, which only API Management can \
             compute; put its value here",
        ),
    ] {
        let problems = told(&azure(attributes, inner));
        assert_eq!(problems.first(), Some(&format!("validate-azure-ad-token/{problem}")), "{problems:#?}");
    }
}

#[test]
fn what_cannot_be_carried_over_is_refused() {
    let empty = "is empty: whose tokens are accepted? Name the metadata of the tenant, \
                 https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration";
    let tenant = entra(TENANT, "/v2.0");
    let named = "is a named value of API Management; put its value here";
    let computed = "is a policy expression, which only API Management can compute; put its value here";
    for (inner, problem) in [
        (AUDIENCE.to_owned() + &config(""), format!("openid-config/@url = \"\": {empty}")),
        (AUDIENCE.to_owned() + "<openid-config/>", "openid-config/@url: is missing: the address of the metadata is needed".into()),
        (AUDIENCE.to_owned(), format!("openid-config: {}", empty.replacen("empty", "missing", 1))),
        (AUDIENCE.to_owned() + &config("{{meta}}"), format!("openid-config/@url = \"{{{{meta}}}}\": {named}")),
        (
            AUDIENCE.to_owned() + &config(&format!("http://login.microsoftonline.com/{TENANT}{END}")),
            format!("openid-config/@url = \"http://login.microsoftonline.com/{TENANT}{END}\": http:// is accepted for loopback \
                     addresses only, use https://"),
        ),
        (
            AUDIENCE.to_owned() + &config(&format!("{PUBLIC}/{TENANT}/discovery/v2.0/keys")),
            format!("openid-config/@url = \"{PUBLIC}/{TENANT}/discovery/v2.0/keys\": is no address of metadata; it ends with {END}"),
        ),
        (
            AUDIENCE.to_owned() + &config(&format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0{END}")),
            format!("openid-config/@url = \"https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0{END}\": names no policy: \
                     which user flow issues the tokens?"),
        ),
        (
            AUDIENCE.to_owned() + &config("https://id.example/meta"),
            "openid-config/@url = \"https://id.example/meta\": does not say whose metadata it is; name the issuer under issuers"
                .into(),
        ),
        (
            tenant.clone(),
            "audiences: is missing: API Management then takes tokens for any API; name this API's client id or App ID URI".into(),
        ),
        (
            tenant.clone() + "<audiences/>",
            "audiences: is empty: name the audience, which is the API's client id or App ID URI".into(),
        ),
        (
            tenant.clone() + "<audiences><audience>@(context.Api.Id)</audience></audiences>",
            format!("audiences/audience = \"@(context.Api.Id)\": {computed}"),
        ),
        (
            tenant.clone() + "<audiences><audience>a b</audience></audiences>",
            "audiences/audience = \"a b\": an audience has no blanks in it".into(),
        ),
        (
            tenant.clone() + "<audiences><aud>a</aud></audiences>",
            "audiences/aud: is no element of validate-jwt/audiences; there is audience".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<issuers><issuer>{{issuer}}</issuer></issuers>",
            format!("issuers/issuer = \"{{{{issuer}}}}\": {named}"),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims><claim name='a'><value>@{return 1;}</value></claim></required-claims>",
            format!("required-claims/claim[a]/value = \"@{{return 1;}}\": {computed}"),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims><claim name='a'><value/></claim></required-claims>",
            "required-claims/claim[a]/value = \"\": is empty: no token has such a value".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims><claim name='a' match='some'><value>x</value></claim></required-claims>",
            "required-claims/claim[a]/@match = \"some\": must be \"all\" or \"any\"".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims><claim><value>x</value></claim></required-claims>",
            "required-claims/claim[]: the Name of the claim is missing".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims><claim name='a' type='x'/></required-claims>",
            "required-claims/claim/@type: is no attribute of claim; there are name, match, separator".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<required-claims/><required-claims/>",
            "required-claims: is there twice; put both into one".into(),
        ),
        (
            tenant.clone() + AUDIENCE + "<allowed-tenants/>",
            "allowed-tenants: is no element of validate-jwt; there are openid-config, issuer-signing-keys, decryption-keys, \
             audiences, issuers, required-claims"
                .into(),
        ),
        (
            AUDIENCE.to_owned() + "<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys>" + &issuers(&["https://a.example"]),
            "issuer-signing-keys/key: none of its keys can be used for RS256; see Algorithms (key \"without kid\" is not of 2048 to 8192 bits)".into(),
        ),
    ] {
        let problems = told(&jwt(&inner));
        let problem = format!("validate-jwt/{problem}");
        assert!(problems.contains(&problem), "{inner}\nwanted {problem}\ntold {problems:#?}");
    }
    for (attribute, problem) in [
        ("colour='red'", "@colour = \"red\": is no attribute of validate-jwt"),
        ("clock-skew='soon'", "@clock-skew = \"soon\": a whole number of seconds from 0 to 300 is needed"),
    ] {
        let xml = format!("<validate-jwt {attribute}>{tenant}{AUDIENCE}</validate-jwt>");
        assert_eq!(told(&xml), [format!("validate-jwt/{problem}")]);
    }
}

#[test]
fn the_policy_that_started_it_is_told_what_it_lacks() {
    let xml = r#"
        <policies>
            <inbound>
                <base />
                <validate-jwt header-name="Authorization" failed-validation-httpcode="401"
                    failed-validation-error-message="Unauthorized. Access token is missing or invalid.">
                    <openid-config url="" />
                    <required-claims>
                        <claim name="aud">
                            <value></value>
                        </claim>
                    </required-claims>
                </validate-jwt>
            </inbound>
            <backend><base /></backend>
        </policies>"#;
    let url = "validate-jwt/openid-config/@url = \"\": is empty: whose tokens are accepted? Name the metadata of the tenant, \
               https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration";
    let why = "has no value: which API must a token be for? Name its client id or App ID URI, under audiences or here";
    let aud = "validate-jwt/required-claims/claim[aud]";
    assert_eq!(told(xml), [url.to_owned(), format!("{aud}/value = \"\": {why}")]);
    assert_eq!(told(&xml.replace("<value></value>", "")), [url.to_owned(), format!("{aud}: {why}")]);
    let right = xml
        .replace("url=\"\"", &format!("url=\"{PUBLIC}/{TENANT}/v2.0{END}\""))
        .replace("<value></value>", &format!("<value>{CLIENT}</value>"));
    assert_eq!(
        section(&right),
        json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0", "Audiences": [CLIENT], "ClockSkewSeconds": 0})
    );
}

#[test]
fn what_is_otherwise_is_told() {
    let version = "validate-jwt/openid-config/@url: accepts tokens of version 2.0 alone, as this policy does; without Version, \
                   those of v1.0 are accepted too, which the API's registration decides about";
    let tenant = entra(TENANT, "/v2.0") + AUDIENCE;
    assert_eq!(notes(&jwt(&tenant)), [version]);
    for (attribute, note) in [
        (
            "header-name='x-token'",
            "@header-name: the token is in the header x-token: take it by AuthenticateLayer::token_from",
        ),
        (
            "query-parameter-name='t'",
            "@query-parameter-name: the token is in the query parameter t: take it by \
             AuthenticateLayer::token_from; addresses end up in logs, so a header is better",
        ),
        (
            "token-value='@(x)'",
            "@token-value: the token comes from an expression: say where it is by \
             AuthenticateLayer::token_from",
        ),
        (
            "failed-validation-httpcode='403'",
            "@failed-validation-httpcode: the status is the responder's: \
             ApiManagement::new().status(…) with 403",
        ),
        (
            "failed-validation-httpcode='@(x)'",
            "@failed-validation-httpcode: is computed; the status of a refusal is the \
             responder's: ApiManagement::new().status(…)",
        ),
        (
            "failed-validation-error-message='No.'",
            "@failed-validation-error-message: the message is the responder's: \
             ApiManagement::new().message(…)",
        ),
        (
            "output-token-variable-name='jwt'",
            "@output-token-variable-name: what the token says is in the request's extensions, \
             as tower_entra::Claims",
        ),
        (
            "require-expiration-time='false'",
            "@require-expiration-time: tokens without exp are refused here, always: their \
             issuer must name an expiry",
        ),
        (
            "require-signed-tokens='@(x)'",
            "@require-signed-tokens: tokens without a signature are refused here, always: anybody \
             can write one",
        ),
        (
            "require-scheme='Token'",
            "@require-scheme: the scheme is always Bearer here; for another, token_from takes the token",
        ),
    ] {
        let xml = format!("<validate-jwt clock-skew='0' {attribute}>{tenant}</validate-jwt>");
        assert_eq!(notes(&xml), [format!("validate-jwt/{note}"), version.to_owned()], "{attribute}");
    }
    for attribute in
        ["require-signed-tokens='true'", "require-expiration-time='True'", "failed-validation-httpcode='401'"]
    {
        assert_eq!(notes(&format!("<validate-jwt clock-skew='0' {attribute}>{tenant}</validate-jwt>")), [version]);
    }
    for (skew, seconds, is_noted) in [
        ("", 0, true),
        ("clock-skew='300'", 300, false),
        ("clock-skew='00:01:30'", 90, false),
        ("clock-skew='301'", 300, true),
        ("clock-skew='@(x)'", 0, true),
    ] {
        let xml = format!("<validate-jwt {skew}>{tenant}</validate-jwt>");
        assert_eq!(section(&xml).get("ClockSkewSeconds"), Some(&json!(seconds)), "{skew}");
        assert_eq!(notes(&xml).iter().any(|note| note.starts_with("validate-jwt/@clock-skew")), is_noted, "{skew}");
    }
    let is_told = |inner: &str, note: &str| {
        let notes = notes(&jwt(&format!("{inner}{AUDIENCE}")));
        assert!(notes.iter().any(|told| told.contains(note)), "{note}\n{notes:#?}");
    };
    let tenant = entra(TENANT, "/v2.0");
    for (more, note) in [
        (
            "<decryption-keys><key>c2VjcmV0</key></decryption-keys>",
            "decryption-keys: encrypted tokens are not decrypted here",
        ),
        (
            "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys>",
            "issuer-signing-keys/key: is a shared secret: whoever can check such tokens can make them",
        ),
        (
            "<issuer-signing-keys><key certificate-id='c'/></issuer-signing-keys>",
            "issuer-signing-keys/key: is a certificate in API Management: export its public key",
        ),
        (
            "<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys>",
            "issuer-signing-keys/key: are not carried over",
        ),
        ("<zumo-master-key>x</zumo-master-key>", "zumo-master-key: tokens of Mobile Services are not accepted here"),
        (
            "<issuers><issuer>https://other.example</issuer></issuers>",
            "tokens of https://other.example are refused here",
        ),
        (
            "<required-claims><claim name='scp'><value>a</value></claim></required-claims>",
            "claim[scp]: without a separator, a token with several scopes never has one of them alone",
        ),
        (
            "<required-claims><claim name='roles'><value>a</value></claim></required-claims>",
            "claim[roles]: A RequireLayer says",
        ),
    ] {
        is_told(&format!("{tenant}{more}"), note);
    }
    is_told(
        &format!("{tenant}{}", issuers(&[&format!("https://sts.windows.net/{TENANT}")])),
        &format!("is no issuer of Entra's: no token has it in iss; https://sts.windows.net/{TENANT}/ is the form"),
    );
    is_told(
        &format!("{tenant}{}", issuers(&[&format!("{PUBLIC}/{TENANT}/v2.0/")])),
        &format!("is no issuer of Entra's: no token has it in iss; {PUBLIC}/{TENANT}/v2.0 is the form"),
    );
    is_told(
        &(tenant.clone() + &issuers(&[&format!("https://sts.windows.net/{TENANT}/")])),
        "openid-config/@url: its own issuer is accepted too, beside those under issuers",
    );
    is_told(&entra("common", "/v2.0"), "common lets anybody in who has an account there");
    is_told(
        &(entra("common", "/v2.0") + &issuers(&[&format!("{PUBLIC}/{TENANT}/v2.0")])),
        "stands for many tenants, of which the issuers name some: those alone are accepted",
    );
    is_told(
        &config(&format!("{PUBLIC}/{TENANT}/v2.0{END}?appid={CLIENT}")),
        &format!("asks for the keys that the application {CLIENT} has for itself"),
    );
    is_told(
        &config(&format!("https://id.example{END}")),
        "the issuer is not in the address, and is taken to be https://id.example",
    );
    is_told(
        &format!(r#"<openid-config url="{PUBLIC}/{TENANT}{END}" validate-connectivity="false"/>"#),
        "openid-config/@validate-connectivity: building a verifier asks for nothing",
    );
}

#[test]
fn the_document_around_it() {
    let policy = jwt(&(entra(TENANT, "/v2.0") + AUDIENCE));
    for (before, behind, note) in [
        ("<policies><inbound><base/>", "</inbound></policies>", "base: policies of outer scopes hold too"),
        ("<inbound><rate-limit calls='1'/><cors/>", "<cors/></inbound>", "rate-limit, cors: is not about tokens"),
        (
            "<inbound><include-fragment fragment-id='x'/>",
            "</inbound>",
            "include-fragment: what it includes is not known here",
        ),
        (
            "<choose><when condition='@(true)'>",
            "</when></choose>",
            "validate-jwt: stands within when, so it holds at times only",
        ),
        (
            "<policies><outbound>",
            "</outbound></policies>",
            "validate-jwt: stands within outbound, where API Management does not",
        ),
        (
            "<inbound><authentication-managed-identity resource='x'/>",
            "</inbound>",
            "authentication-managed-identity: stands before the policy and replaces the Authorization header",
        ),
        ("<?xml version='1.0'?><!-- <validate-jwt/> --><policies>", "</policies>", "validate-jwt/openid-config"),
    ] {
        let notes = notes(&format!("\n{before}{policy}{behind}"));
        assert!(notes.iter().any(|told| told.starts_with(note)), "{note}\n{notes:#?}");
    }
    // Behind the policy it does no harm.
    let behind = format!("<inbound>{policy}<authentication-managed-identity resource='x'/></inbound>");
    assert_eq!(notes(&behind).len(), 1);

    let deep = format!("{}{policy}{}", "<a>".repeat(90), "</a>".repeat(90));
    assert_eq!(notes(&deep).len(), 1);
    let when = format!("{}{policy}{}", "<when>".repeat(90), "</when>".repeat(90));
    assert_eq!(notes(&when).len(), 2);
    for (xml, problem) in [
        (String::new(), "the policy: is not XML: "),
        ("{}".to_owned(), "the policy: is not XML: "),
        ("<policies/>".to_owned(), "the policy: has neither validate-jwt nor validate-azure-ad-token"),
        ("<!-- <validate-jwt/> --><a/>".to_owned(), "the policy: has neither "),
        (
            format!("<inbound>\n{policy}\n{policy}</inbound>"),
            "the policy: has several policies, another one in line 3; give the one that is meant alone",
        ),
        (
            r#"<when condition="@(context.User.Groups.Any(g => g.Name == "x"))"/>"#.to_owned(),
            "the policy: is not XML: ",
        ),
        (
            format!("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{}", policy.replace("api://orders", "&x;")),
            "the policy: has a DTD, which is not read; remove it",
        ),
        (policy.replace("api://orders", "&x;"), "the policy: is not XML: unknown entity reference 'x'"),
        (format!("<a>{}</a>", "<b/>".repeat(100_000)), "the policy: has more than 15000 elements and texts"),
        (format!("<a>{}</a>", " ".repeat(1 << 20)), "the policy: is longer than 1 MiB"),
    ] {
        let problems = told(&xml);
        assert!(problems.len() == 1 && problems[0].starts_with(problem), "{problem}\n{problems:?}");
    }
}

#[test]
fn a_secret_in_the_policy_is_told_nowhere() {
    let secrets = "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys>\
                   <decryption-keys><key>c2VjcmV0</key></decryption-keys>";
    let policy = read(&jwt(&format!("{}{AUDIENCE}{secrets}", entra(TENANT, "/v2.0"))));
    assert!(!format!("{policy}{policy:?}").contains("c2VjcmV0"));
    let alone = jwt(&format!("{AUDIENCE}{secrets}{}", issuers(&["https://id.example"])));
    assert!(!told(&alone).is_empty() && !told(&alone).join("").contains("c2VjcmV0"));
}

#[test]
fn it_is_shown_as_json_with_its_notes() {
    let policy = read(&jwt(&(entra(TENANT, "/v2.0") + AUDIENCE)));
    let shown = policy.to_string();
    assert!(
        shown.starts_with("{\n  \"AzureAd\": {\n") && shown.contains("\n- validate-jwt/openid-config/@url: "),
        "{shown}"
    );
    // Beside names, which are those of the policy and of the section, the same configuration.
    let again =
        Config::from_json(policy.to_json()).unwrap().resolve(&crate::config::ConfigSettings::default()).unwrap();
    let plan = policy.config().resolve(&crate::config::ConfigSettings::default()).unwrap();
    assert_eq!(format!("{:?}", plan.authorities), format!("{:?}", again.authorities));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,64}") {
        let _ = told(&text);
        let _ = told(&jwt(&text));
    }

    #[test]
    fn no_policy_panics(
        pieces in proptest::collection::vec(
            prop_oneof![
                "<(openid-config|issuers|audiences|required-claims|issuer-signing-keys|decryption-keys|claim|key|value|issuer|audience)>",
                "</(openid-config|issuers|audiences|required-claims|issuer-signing-keys|decryption-keys|claim|key|value|issuer|audience)>",
                "<(key|claim|openid-config) (url|n|e|name|match|separator)='(https://[a-z.]{1,12}/(common|tfp|é)?|@\\(|\\{\\{|any|)'/>",
                "\\PC{0,6}",
            ],
            0..12,
        ),
        tenant in prop_oneof!["\\PC{0,12}", "https://[a-z./]{0,20}"],
    ) {
        let inner = pieces.concat();
        let _ = told(&jwt(&inner));
        let _ = told(&azure("", &inner));
        let _ = told(&azure(&format!("tenant-id=\"{}\"", tenant.replace(['"', '<', '&'], "")), AUDIENCE));
        let _ = told(&jwt(&format!("{AUDIENCE}{}", config(&tenant.replace(['"', '<', '&'], "")))));
    }
}
