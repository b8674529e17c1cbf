//! Policies of API Management.

use super::{Seeds, bytes};
use crate::fixtures::{CALLER, CLIENT, ISSUER, TENANT, encode, modulus};

pub fn all() -> Seeds {
    let url = |tenant: &str, version: &str| {
        format!("https://login.microsoftonline.com/{tenant}{version}/.well-known/openid-configuration")
    };
    let config = |url: &str| format!("<openid-config url=\"{url}\"/>");
    let v2 = config(&url(TENANT, "/v2.0"));
    let audiences = format!("<audiences><audience>{CLIENT}</audience></audiences>");
    let jwt = |attributes: &str, inner: &str| {
        format!("<validate-jwt header-name=\"Authorization\"{attributes}>{inner}</validate-jwt>")
    };
    let with_issuers =
        |config: &str, issuers: &str| jwt("", &format!("{config}{audiences}<issuers>{issuers}</issuers>"));
    let claims = |inner: &str| jwt("", &format!("{v2}{audiences}<required-claims>{inner}</required-claims>"));
    let azure = |attributes: &str, inner: &str| {
        format!("<validate-azure-ad-token{attributes}>{inner}</validate-azure-ad-token>")
    };
    let n = encode(modulus());
    let mut all = vec![
        jwt("", &format!("{v2}{audiences}")),
        format!(
            "<policies><inbound><base/><cors/>{}<rate-limit/></inbound></policies>",
            jwt("", &format!("{v2}{audiences}"))
        ),
        format!("<choose><when condition=\"x\">{}</when></choose>", jwt("", &format!("{v2}{audiences}"))),
        format!("<outbound>{}</outbound>", jwt("", &format!("{v2}{audiences}"))),
        format!(
            "<inbound><authentication-managed-identity/><include-fragment/>{}</inbound>",
            jwt("", &format!("{v2}{audiences}"))
        ),
        jwt("", ""),
        jwt("", &v2),
        jwt("", &audiences),
        jwt("", &format!("{v2}{v2}{audiences}{audiences}")),
        jwt("", &format!("<openid-config/>{audiences}")),
        jwt("", &format!("{}{audiences}", config("x"))),
        jwt("", &format!("{}{audiences}", config("@(x)"))),
        jwt("", &format!("{}{audiences}", config("{{x}}"))),
        jwt("", &format!("{}{audiences}", config(&url("common", "/v2.0")))),
        jwt("", &format!("{}{}{audiences}", config(&url(TENANT, "")), v2)),
        jwt("", &format!("{}{audiences}", config(&format!("{}?appid={CLIENT}", url(TENANT, ""))))),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config(
                    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0/.well-known/openid-configuration"
                )
            ),
        ),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config(
                    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration?p=B2C_1_susi"
                )
            ),
        ),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration")
            ),
        ),
        jwt("", &format!("{}{audiences}", config(&format!("{ISSUER}/.well-known/openid-configuration")))),
        jwt("", &format!("{}{audiences}", config("https://id.contoso.example/metadata"))),
        with_issuers(&v2, &format!("<issuer>https://sts.windows.net/{TENANT}/</issuer>")),
        with_issuers(
            &config(&url("organizations", "/v2.0")),
            &format!("<issuer>https://login.microsoftonline.com/{TENANT}/v2.0</issuer>"),
        ),
        with_issuers(
            &config(&url("common", "/v2.0")),
            "<issuer>https://login.microsoftonline.com/{tenantid}/v2.0</issuer>",
        ),
        with_issuers(&v2, "<issuer>https://evil.example</issuer>"),
        with_issuers(&v2, &format!("<issuer>https://sts.windows.net/{TENANT}</issuer>")),
        with_issuers(&config("https://id.contoso.example/metadata"), &format!("<issuer>{ISSUER}</issuer>")),
        with_issuers(&v2, "<issuer><a/></issuer><x/>"),
        with_issuers(
            &format!("<issuer-signing-keys><key id=\"a\" n=\"{n}\" e=\"AQAB\"/></issuer-signing-keys>"),
            &format!("<issuer>{ISSUER}</issuer>"),
        ),
        jwt(
            "",
            &format!(
                "{v2}{audiences}<issuer-signing-keys><key>c2VjcmV0</key><key certificate-id=\"x\"/><key/><key n=\"@(x)\" e=\"AQAB\"/></issuer-signing-keys>"
            ),
        ),
        jwt(
            "",
            &format!(
                "{v2}{audiences}<decryption-keys><key certificate-id=\"x\"/></decryption-keys><zumo-master-key id=\"x\"/><x/>"
            ),
        ),
        claims("<claim name=\"department\" match=\"any\" separator=\",\"><value>a</value><value>b</value></claim>"),
        claims("<claim name=\"scp\"><value>Files.Read</value></claim>"),
        claims("<claim name=\"roles\"/>"),
        claims("<claim name=\"aud\"><value>api://a</value></claim>"),
        claims("<claim/>"),
        claims("<claim name=\"\"/>"),
        claims("<claim name=\"a\" x=\"\"/>"),
        claims("<claim name=\"a\"><value/></claim>"),
        claims("<claim name=\"a\" match=\"x\"><value>b</value></claim>"),
        claims("<x/>"),
        jwt(
            "",
            &format!(
                "{v2}<required-claims><claim name=\"aud\" match=\"any\"><value>{CLIENT}</value><value>api://a</value></claim></required-claims>"
            ),
        ),
        jwt("", &format!("{v2}<required-claims><claim name=\"aud\"/></required-claims>")),
        jwt("", &format!("{v2}<audiences/>")),
        jwt("", &format!("{v2}<audiences><audience>@(x)</audience></audiences>")),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!(
                "<client-application-ids><application-id>{CALLER}</application-id></client-application-ids>{audiences}"
            ),
        ),
        azure("", &audiences),
        azure(" tenant-id=\"\"", &audiences),
        azure(" tenant-id=\"common\"", &audiences),
        azure(" tenant-id=\"@(x)\"", &audiences),
        azure(" tenant-id=\"https://evil.example\"", &audiences),
        azure(&format!(" tenant-id=\"https://login.microsoftonline.com/{TENANT}\""), &audiences),
        azure(
            &format!(" tenant-id=\"{TENANT}\" authentication-endpoint=\"https://login.microsoftonline.us\" x=\"\""),
            &audiences,
        ),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!("<backend-application-ids><application-id>{CLIENT}</application-id></backend-application-ids>"),
        ),
        azure(&format!(" tenant-id=\"{TENANT}\""), &format!("<client-application-ids/>{audiences}<x/>")),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!(
                "{audiences}<backend-application-ids><application-id>{CLIENT}</application-id></backend-application-ids>{audiences}<decryption-keys/>"
            ),
        ),
        String::new(),
        "<a/>".to_owned(),
        "<".to_owned(),
        "x".to_owned(),
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(),
        "<a></b>".to_owned(),
        "<!-- c --><validate-jwt/>".to_owned(),
        format!("<a>{}{}</a>", jwt("", &v2), jwt("", &v2)),
        "<a>".repeat(120),
        format!("<a{}/>", (0..110).map(|at| format!(" a{at}=\"\"")).collect::<String>()),
        format!("<a>{}</a>", "<b xmlns:c=\"d\"/>".repeat(110)),
        "<![CDATA[x".to_owned(),
        "<?x".to_owned(),
    ];
    for attributes in [
        " require-scheme=\"Bearer\"",
        " require-scheme=\"x\"",
        " require-expiration-time=\"false\"",
        " require-signed-tokens=\"false\"",
        " clock-skew=\"30\"",
        " clock-skew=\"0:05:00\"",
        " clock-skew=\"999\"",
        " clock-skew=\"x\"",
        " clock-skew=\"@(x)\"",
        " failed-validation-httpcode=\"401\"",
        " failed-validation-httpcode=\"403\"",
        " failed-validation-httpcode=\"@(x)\"",
        " failed-validation-error-message=\"x\"",
        " failed-validation-error-message=\"\"",
        " query-parameter-name=\"t\"",
        " token-value=\"@(x)\"",
        " output-token-variable-name=\"jwt\"",
        " x=\"\"",
    ] {
        all.push(jwt(attributes, &format!("{v2}{audiences}")));
    }
    // Around the policy.
    let good = jwt("", &format!("{v2}{audiences}"));
    for name in
        ["when", "otherwise", "choose", "retry", "wait", "limit-concurrency", "outbound", "backend", "on-error", "x"]
    {
        all.push(format!("<{name}>{good}</{name}>"));
    }
    let many: String = (0..25).map(|at| format!("<a{at}/>")).collect();
    all.extend([
        format!("<inbound>{good}{many}<!-- c --><?p?></inbound>"),
        format!("<inbound>{good}<base/><include-fragment fragment-id=\"x\"/></inbound>"),
        format!("<inbound><authentication-managed-identity resource=\"x\"/><x/>{good}</inbound>"),
    ]);
    // What both policies have.
    let tenant = format!(" tenant-id=\"{TENANT}\"");
    let whole = |attributes: &str, inner: &str| {
        [jwt(attributes, &format!("{v2}{inner}")), azure(&format!("{tenant}{attributes}"), inner)]
    };
    for inner in [
        audiences.clone(),
        "<audiences><audience> api://orders </audience><audience>api://b/</audience></audiences>".to_owned(),
        "<audiences><x/></audiences>".to_owned(),
        "<audiences><audience><x/></audience></audiences>".to_owned(),
        "<audiences><audience>{{x}}</audience></audiences>".to_owned(),
        "<audiences><audience>a b</audience></audiences>".to_owned(),
        "<audiences><audience>*</audience></audiences>".to_owned(),
        "<audiences><audience/></audiences>".to_owned(),
        format!("<audiences><audience>{}</audience></audiences>", "x".repeat(2_100)),
        "<audiences><audience>00000003-0000-0000-c000-000000000000</audience></audiences>".to_owned(),
        format!("{audiences}<decryption-keys><key certificate-id=\"x\"/></decryption-keys>"),
        format!("{audiences}<required-claims><x/></required-claims>"),
        format!("{audiences}<required-claims><claim name=\"a\"><x/></claim></required-claims>"),
        format!("{audiences}<required-claims><claim name=\"a\"><value>{{{{x}}}}</value></claim></required-claims>"),
        format!(
            "{audiences}<required-claims><claim name=\"{{{{x}}}}\"/><claim name=\"a\" separator=\",\"/></required-claims>"
        ),
        format!(
            "{audiences}<required-claims><claim name=\"aud\"><value/></claim><claim name=\"scp\" separator=\" \"><value>a</value></claim></required-claims>"
        ),
        format!(
            "{audiences}<required-claims><claim name=\"aud\"><value>{CLIENT}</value></claim><claim name=\"aud\"><value>a</value></claim></required-claims>"
        ),
        format!("<required-claims><claim name=\"aud\"><value>{CLIENT}</value></claim></required-claims>"),
        format!("{audiences}<required-claims><claim name=\"{}\"/></required-claims>", "x".repeat(2_100)),
    ] {
        all.extend(whole("", &inner));
    }
    for attributes in [
        " output-token-variable-name=\"jwt\"",
        " failed-validation-httpcode=\"403\" failed-validation-error-message=\"Unauthorized. Access token is missing or invalid.\"",
        " failed-validation-httpcode=\"{{x}}\"",
        " query-parameter-name=\"t\"",
        " token-value=\"@(x)\"",
    ] {
        all.extend(whole(attributes, &audiences));
    }
    all.push(format!("<validate-jwt header-name=\"X-Token\">{v2}{audiences}</validate-jwt>"));
    all.push(azure(&format!("{tenant} header-name=\"X-Token\""), &audiences));
    let sales = "<required-claims><claim name=\"department\" match=\"any\" separator=\",\"><value>sales</value></claim></required-claims>";
    all.extend(whole("", &format!("{audiences}{sales}")));
    all.push(format!(
        "<policies><inbound><authentication-managed-identity resource=\"x\"/><base/><choose><when condition=\"x\">{}</when></choose>\
         <include-fragment fragment-id=\"x\"/></inbound></policies>",
        azure(&tenant, &audiences)
    ));
    // validate-azure-ad-token
    let ids = |name: &str, inner: &str| format!("<{name}-application-ids>{inner}</{name}-application-ids>");
    let id = |id: &str| format!("<application-id>{id}</application-id>");
    for inner in [
        format!("{}{audiences}", ids("backend", &id(CLIENT))),
        ids("backend", &id("@(x)")),
        format!("{}{audiences}", ids("backend", "<x/>")),
        format!("{}{audiences}", ids("client", "<x/>")),
        format!("{}{audiences}", ids("client", &id("x"))),
        format!("{}{audiences}", ids("client", &id("<x/>"))),
        ids("client", &id(CALLER)),
    ] {
        all.push(azure(&tenant, &inner));
    }
    for id in [
        "organizations",
        "consumers",
        "contoso.example",
        "x y",
        "https://login.microsoftonline.com/common",
        "https://contoso.ciamlogin.com/",
        "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi",
        "9188040d-6c67-4c5b-b112-36a304b66dad",
    ] {
        all.push(azure(&format!(" tenant-id=\"{id}\""), &audiences));
    }
    for endpoint in [
        "https://login.microsoftonline.us/",
        "https://login.contoso.example",
        "https://login.microsoftonline.de",
        "x",
        "{{x}}",
        "http://login.contoso.example",
        "https://login.microsoftonline.com/common",
        "https://contoso.ciamlogin.com",
        "https://contoso.b2clogin.com",
    ] {
        all.push(azure(&format!("{tenant} authentication-endpoint=\"{endpoint}\""), &audiences));
    }
    all.push(azure(" tenant-id=\"https://login.microsoftonline.com/common\" authentication-endpoint=\"https://login.microsoftonline.us\"", &audiences));
    // validate-jwt
    let well_known = "/.well-known/openid-configuration";
    for address in [
        String::new(),
        url("organizations", "/v2.0"),
        url("consumers", "/v2.0"),
        url("x y", ""),
        url("nonsense", ""),
        url("", ""),
        url(TENANT, "/oauth2"),
        format!("https://login.contoso.example/{TENANT}/v2.0{well_known}"),
        format!("https://login.microsoftonline.de/{TENANT}/v2.0{well_known}"),
        format!("https://login.microsoftonline.com/{TENANT}/metadata"),
        format!("https://login.microsoftonline.com{well_known}"),
        format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0{well_known}"),
        format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/a/b/v2.0{well_known}"),
        format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_%41/v2.0{well_known}"),
        format!("https://contoso.b2clogin.com/x_y/B2C_1_susi/v2.0{well_known}"),
        format!("https://contoso.ciamlogin.com/a/b{well_known}"),
        format!("https://contoso.ciamlogin.com/x_y/v2.0{well_known}"),
        format!("{ISSUER}{well_known}?x"),
        format!("http://id.contoso.example{well_known}"),
        format!("ftp://id.contoso.example{well_known}"),
        format!("https://user@id.contoso.example{well_known}"),
        format!("https://id.contoso.example{well_known}#x"),
        format!("https://id!contoso.example{well_known}"),
        "https://id.contoso.example/metadata?a=b".to_owned(),
    ] {
        let config = config(&address.replace('&', "&amp;"));
        all.push(jwt("", &format!("{config}{audiences}")));
        all.push(with_issuers(&config, &format!("<issuer>{ISSUER}</issuer>")));
    }
    let custom = config(&format!("https://login.contoso.example/{TENANT}/v2.0{well_known}"));
    let b2c = config(&format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0{well_known}"));
    let b2c_edit = config(&format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_edit/v2.0{well_known}"));
    let b2c_again =
        config(&format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_SUSI/v2.0{well_known}"));
    let external = config(&format!("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0{well_known}"));
    let oidc = config(&format!("{ISSUER}{well_known}"));
    let issuer = |issuer: &str| format!("<issuer>{issuer}</issuer>");
    all.extend([
        with_issuers(&custom, &issuer(&format!("https://login.contoso.example/{TENANT}/v2.0"))),
        with_issuers(&b2c, &issuer(&format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"))),
        with_issuers(&b2c, &issuer(&format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/"))),
        with_issuers(&format!("{b2c}{b2c_edit}"), ""),
        with_issuers(&format!("{b2c}{b2c_again}"), ""),
        with_issuers(&external, &issuer(&format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"))),
        with_issuers(&oidc, &issuer(&format!("{ISSUER}/"))),
        with_issuers(&oidc, &issuer("https://other.example")),
        with_issuers(&oidc, &issuer(&format!("{ISSUER}?a"))),
        with_issuers(&oidc, &issuer("x")),
        with_issuers(&format!("{v2}{oidc}{b2c}{external}"), &issuer("https://other.example")),
        with_issuers(&format!("{oidc}{}", config("https://id.contoso.example/metadata")), &issuer(ISSUER)),
        with_issuers(&format!("{v2}{}", config(&url("common", "/v2.0"))), ""),
        with_issuers(
            &format!(
                "{v2}{}",
                config(&url("fabrikam.example", "")).replace("/>", " validate-connectivity=\"false\"/>")
            ),
            "",
        ),
        with_issuers(&config(&url("common", "")), "<issuer>https://sts.windows.net/{tenantid}/</issuer>"),
        with_issuers(
            &format!("{v2}{}", config("https://id.contoso.example/.well-known/openid-configuration")),
            &issuer("{{x}}"),
        ),
        jwt("", &format!("<openid-config url=\"x\" x=\"\"/>{audiences}")),
        jwt("", &format!("{v2}{audiences}<zumo-master-key id=\"x\"/>")),
        jwt(
            " require-expiration-time=\"true\" require-signed-tokens=\"TRUE\" clock-skew=\"0\"",
            &format!("{v2}{audiences}"),
        ),
        jwt("", &format!("{audiences}<issuer-signing-keys><x/></issuer-signing-keys>")),
    ]);
    all.extend([
        azure(&format!("{tenant} authentication-endpoint=\"https://login.contoso.example/?a\""), &audiences),
        azure(&format!("{tenant} authentication-endpoint=\"https://id!contoso.example\""), &audiences),
        azure(" tenant-id=\"https://a.contoso.ciamlogin.com/\"", &audiences),
        jwt("", &format!("{}{audiences}", config(&format!("https://login.contoso.example/tfp/v2.0{well_known}?p=B2C_1_susi")))),
        jwt("", &format!("{}{audiences}", config(&format!("https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_susi{well_known}")))),
        jwt("", &format!("{oidc}<audiences/>")),
        jwt("", &format!("{oidc}<audiences></audiences><audience>a</audience>")),
        jwt("", &format!("{oidc}<audiences><audience>a</audience></audiences><audiences/>")),
        jwt("", &format!("{oidc}{b2c}<audiences/>")),
        jwt("", &format!("{oidc}{v2}{audiences}<required-claims><claim name=\"groups\"><value>a</value></claim></required-claims>")),
        "<validate-jwt header-name=\"\"/>".to_owned(),
        good.replace("Authorization", ""),
    ]);
    for endpoint in [
        "https://login.microsoftonline.com",
        "https://contoso.b2clogin.com",
        "https://fabrikam.ciamlogin.com",
        "https://login.contoso.example/x",
    ] {
        for id in ["https://contoso.ciamlogin.com/", "https://login.microsoftonline.com/common"] {
            all.push(azure(&format!(" tenant-id=\"{id}\" authentication-endpoint=\"{endpoint}\""), &audiences));
        }
    }
    for text in [
        "https://login.microsoftonline.com/x/y/z",
        "https://sts.chinacloudapi.cn/x/",
        "https://contoso.ciamlogin.com/x/y/z",
        "https://id.contoso.example/.well-known/openid-configuration",
        "https://id!contoso.example",
    ] {
        let issuers = format!("<issuers>{}</issuers>", issuer(text));
        all.push(jwt("", &format!("<openid-config url=\"https://id.contoso.example/metadata\"/>{audiences}{issuers}")));
        let keys = format!("<issuer-signing-keys><key n=\"{n}\" e=\"AQAB\"/></issuer-signing-keys>");
        all.push(jwt("", &format!("{audiences}{keys}{issuers}")));
    }
    let key = format!("<key n=\"{n}\" e=\"AQAB\"/>");
    let short = "<key n=\"1\" e=\"1\"/>";
    for (config, keys, issuers) in [
        (v2.as_str(), key.as_str(), String::new()),
        (v2.as_str(), "<key>c2VjcmV0</key>", String::new()),
        (v2.as_str(), "<key certificate-id=\"x\"/>", String::new()),
        ("", key.as_str(), issuer(ISSUER)),
        ("", key.as_str(), format!("{}{}", issuer(ISSUER), issuer("https://other.example"))),
        ("", key.as_str(), String::new()),
        ("", short, issuer(ISSUER)),
        ("", &format!("{key}{short}"), issuer(ISSUER)),
        ("", short, issuer("x")),
        ("", &format!("{key}{key}"), issuer("https://contoso.b2clogin.com/x")),
        ("", &short.repeat(70), "<issuer/>".repeat(150)),
    ] {
        let keys = format!("<issuer-signing-keys>{keys}</issuer-signing-keys>");
        all.push(jwt("", &format!("{config}{audiences}{keys}<issuers>{issuers}</issuers>")));
    }
    bytes(all)
}
