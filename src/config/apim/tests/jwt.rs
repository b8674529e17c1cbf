//! The attributes and elements of `validate-jwt`.

use super::*;
use ConfigProblemKind::{Duplicate, Invalid, Unknown, Unsupported};

#[test]
fn the_policy_of_a_beginner_lists_what_is_missing() {
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
    let url = "validate-jwt/openid-config/@url = \"\": is empty; name the metadata of the tenant, \
               https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration";
    let advice = "has no value; name the API's client ID or App ID URI, in audiences or here";
    let aud = "validate-jwt/required-claims/claim[aud]";
    assert_eq!(problems(xml), [url.to_owned(), format!("{aud}/value = \"\": {advice}")]);
    assert_eq!(problems(&xml.replace("<value></value>", "")), [url.to_owned(), format!("{aud}: {advice}")]);
    let right = xml
        .replace("url=\"\"", &format!("url=\"{PUBLIC}/{TENANT}/v2.0{END}\""))
        .replace("<value></value>", &format!("<value>{CLIENT}</value>"));
    assert_eq!(
        section(&right),
        json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0", "Audiences": [CLIENT], "ClockSkewSeconds": 0})
    );
}

#[test]
fn each_attribute_is_read_or_noted_or_a_problem() {
    use Outcome::{Error, LoadsWithout, Note};
    for (attributes, outcome) in [
        (
            "header-name='Authorization'",
            Note("@require-scheme: is not given, so API Management also accepts a token without"),
        ),
        ("", Note("@require-scheme: is not given")),
        ("header-name='authorization' require-scheme='bearer'", LoadsWithout("@require-scheme")),
        ("require-scheme='Token'", Note("@require-scheme: the scheme is always Bearer here")),
        ("require-scheme='@(\"x\")'", Note("@require-scheme: the scheme is always Bearer here")),
        (
            "header-name='x-token'",
            Note("the token is in the header x-token: read it with AuthenticateLayer::token_from"),
        ),
        ("header-name='x-token'", LoadsWithout("@require-scheme")),
        ("header-name='{{header}}'", Error(Unsupported, "validate-jwt/@header-name")),
        ("query-parameter-name='t'", Note("the token is in the query parameter t")),
        ("query-parameter-name='t'", LoadsWithout("@require-scheme")),
        ("token-value='@(x)'", Note("@token-value: the token is the value of an expression")),
        ("failed-validation-httpcode='403'", Note("the responder sets the status: ApiManagement::new().status(403)")),
        ("failed-validation-httpcode='@(x)'", Note("ApiManagement::new().status(…)")),
        ("failed-validation-httpcode='401'", LoadsWithout("httpcode")),
        ("failed-validation-error-message='No.'", Note("ApiManagement::new().message(…)")),
        ("failed-validation-error-message='{{text}}'", Note("ApiManagement::new().message(…)")),
        ("output-token-variable-name='jwt'", Note("in the request's extensions, as tower_entra::Claims")),
        ("require-expiration-time='false'", Note("tokens without exp are always rejected here")),
        ("require-expiration-time='True'", LoadsWithout("@require-expiration-time")),
        ("require-signed-tokens='@(x)'", Note("tokens without a signature are always rejected here")),
        ("require-signed-tokens='true'", LoadsWithout("@require-signed-tokens")),
        ("id='check'", LoadsWithout("@id")),
        ("clock-skew='301'", Note("is more than 300 s, which is the maximum here")),
        ("clock-skew='{{skew}}'", Note("only API Management can evaluate it; here it is 0 s")),
        ("clock-skew='soon'", Error(Invalid, "validate-jwt/@clock-skew")),
        ("clock-skew='1:2'", Error(Invalid, "validate-jwt/@clock-skew")),
        ("colour='red'", Error(Unknown, "validate-jwt/@colour")),
    ] {
        outcome.check(&format!("<validate-jwt {attributes}>{}{AUDIENCE}</validate-jwt>", entra(TENANT, "/v2.0")));
    }
    for (skew, seconds, is_noted) in [
        ("", 0, true),
        ("clock-skew='300'", 300, false),
        ("clock-skew='00:01:30'", 90, false),
        ("clock-skew='301'", 300, true),
        ("clock-skew='@(x)'", 0, true),
    ] {
        let xml = format!("<validate-jwt {skew}>{}{AUDIENCE}</validate-jwt>", entra(TENANT, "/v2.0"));
        assert_eq!(section(&xml).get("ClockSkewSeconds"), Some(&json!(seconds)), "{skew}");
        assert_eq!(notes(&xml).iter().any(|note| note.starts_with("validate-jwt/@clock-skew")), is_noted, "{skew}");
    }
}

#[test]
fn each_element_is_read_or_noted_or_a_problem() {
    use Outcome::{Error, Note};
    let entra_issuer = |issuer: &str| issuers(&[issuer]);
    let tenant = entra(TENANT, "/v2.0");
    for (inner, outcome) in [
        (
            tenant.clone() + "<decryption-keys><key>c2VjcmV0</key></decryption-keys>",
            Note("decryption-keys: encrypted tokens are rejected"),
        ),
        (tenant.clone() + "<issuer-signing-keys/>", Note("only tokens of version 2.0 are accepted")),
        (
            tenant.clone() + &format!("<issuer-signing-keys><key n='{N}' e='AQAB'/></issuer-signing-keys>"),
            Note("issuer-signing-keys/key: are not imported: they are for an issuer without openid-config"),
        ),
        (
            tenant.clone() + "<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys>",
            Note("issuer-signing-keys/key: the key is not an RSA key of 2048 to 8192 bits"),
        ),
        (
            tenant.clone() + "<issuer-signing-keys><key n='{{n}}' e='AQAB'/></issuer-signing-keys>",
            Error(Unsupported, "validate-jwt/issuer-signing-keys/key/@n"),
        ),
        (
            tenant.clone() + "<issuer-signing-keys><key/></issuer-signing-keys>",
            Error(ConfigProblemKind::Missing, "validate-jwt/issuer-signing-keys/key"),
        ),
        (
            tenant.clone() + "<issuer-signing-keys><jwk/></issuer-signing-keys>",
            Error(Unknown, "validate-jwt/issuer-signing-keys/jwk"),
        ),
        (
            tenant.clone() + "<zumo-master-key>x</zumo-master-key>",
            Note("zumo-master-key: is the key of Azure Mobile Services"),
        ),
        (
            tenant.clone() + &entra_issuer("https://other.example"),
            Note("tokens of https://other.example are rejected here"),
        ),
        (
            tenant.clone() + &entra_issuer(&format!("https://sts.windows.net/{TENANT}")),
            Note(
                "so no token has it in iss; the form is https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
            ),
        ),
        (
            tenant.clone() + &entra_issuer(&format!("{PUBLIC}/{TENANT}/v2.0/")),
            Note("the form is https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"),
        ),
        (
            tenant.clone() + &entra_issuer(&format!("https://sts.windows.net/{TENANT}/")),
            Note("openid-config/@url: its own issuer is accepted too, in addition to those under issuers"),
        ),
        (tenant.clone() + &entra_issuer("{{issuer}}"), Error(Unsupported, "validate-jwt/issuers/issuer")),
        (
            tenant.clone() + &entra_issuer("https://sts.windows.net/{tenant-id}/"),
            Error(Invalid, "validate-jwt/issuers/issuer"),
        ),
        (tenant.clone() + &entra_issuer(""), Error(Invalid, "validate-jwt/issuers/issuer")),
        (tenant.clone() + "<issuers><iss/></issuers>", Error(Unknown, "validate-jwt/issuers/iss")),
        (entra("common", "/v2.0"), Note("common accepts every account of its kind")),
        (
            entra("common", "/v2.0") + &entra_issuer(&format!("{PUBLIC}/{TENANT}/v2.0")),
            Note("stands for many tenants, but only those that are listed under issuers are accepted"),
        ),
        (
            config(&format!("https://id.example{END}")),
            Note("does not name the issuer, which is assumed to be https://id.example"),
        ),
        (
            format!(r#"<openid-config url="{PUBLIC}/{TENANT}{END}" validate-connectivity="false"/>"#),
            Note("@validate-connectivity: building a verifier fetches nothing"),
        ),
        (
            format!(r#"<openid-config url="{PUBLIC}/{TENANT}{END}" colour="red"/>"#),
            Error(Unknown, "validate-jwt/openid-config/@colour"),
        ),
        ("<openid-config/>".to_owned(), Error(ConfigProblemKind::Missing, "validate-jwt/openid-config/@url")),
        (String::new(), Error(ConfigProblemKind::Missing, "validate-jwt/openid-config")),
        (tenant.clone() + "<required-claims/><required-claims/>", Error(Duplicate, "validate-jwt/required-claims")),
        (tenant.clone() + "<allowed-tenants/>", Error(Unknown, "validate-jwt/allowed-tenants")),
        (
            tenant.clone() + "<required-claims><claim name='scp'><value>a</value></claim></required-claims>",
            Note("claim[scp]: without a separator, a token with several scopes never matches"),
        ),
        (
            tenant.clone() + "<required-claims><claim name='roles'><value>a</value></claim></required-claims>",
            Note("claim[roles]: a RequireLayer is more precise"),
        ),
    ] {
        outcome.check(&jwt(&(inner + AUDIENCE)));
    }
    let version = "validate-jwt/openid-config/@url: only tokens of version 2.0 are accepted, as in API Management; without \
                   Version, those of v1.0 are accepted too. The API's app registration decides which version it gets";
    assert_eq!(notes(&jwt(&(tenant + AUDIENCE))), [version]);
}

#[test]
fn problems_of_the_configuration_name_the_policy() {
    let tenant = entra(TENANT, "/v2.0");
    // Found by the rules of the configuration, together with those of the import.
    let inner = "<audiences><audience>a b</audience><audience>*</audience></audiences><allowed/>";
    let problems = problems(&jwt(&(tenant + inner)));
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.starts_with("validate-jwt/") && !problem.contains("AzureAd")));
}
