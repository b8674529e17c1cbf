//! Addresses of `openid-config`.

use super::*;
use ConfigProblemKind::{Conflict, Duplicate, Invalid, Missing, Unsupported};

#[test]
fn every_parameter_of_an_address_is_understood_or_named() {
    let entra = format!("{PUBLIC}/{TENANT}/v2.0{END}");
    let ciam = format!("https://contoso.ciamlogin.com/{TENANT}/v2.0{END}");
    let b2c = format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0{END}");
    let b2c_path = format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0{END}");
    let custom = format!("https://login.contoso.example/{TENANT}/v2.0{END}");
    for (url, kind, text) in [
        (format!("{entra}?foo=bar"), Unsupported, "has the parameter foo, which is not supported"),
        (format!("{entra}?appid={CLIENT}&amp;foo"), Unsupported, "has the parameter foo"),
        (format!("{entra}?app%69d={CLIENT}"), Unsupported, "has the parameter app%69d"),
        (format!("{entra}?appid={CLIENT}&amp;appid={OTHER}"), Duplicate, "has the parameter appid twice"),
        (format!("{entra}?appid={CLIENT}&amp;AppId={OTHER}"), Duplicate, "has the parameter AppId twice"),
        (format!("{entra}?appid=me"), Invalid, "an ?appid= that is not a GUID"),
        (format!("{entra}?appid="), Invalid, "has the parameter appid without a value"),
        (format!("{entra}?appid"), Invalid, "has the parameter appid without a value"),
        (format!("{entra}?p=B2C_1_susi"), Unsupported, "a host that Microsoft has retired for it"),
        (format!("{PUBLIC}/contoso.onmicrosoft.com/v2.0{END}?p=B2C_1_susi"), Unsupported, "b2clogin.com"),
        (format!("https://login.microsoftonline.us/{TENANT}{END}?P=x"), Unsupported, "retired"),
        (format!("{PUBLIC}/tfp/contoso.onmicrosoft.com/B2C_1_susi/v2.0{END}"), Unsupported, "b2clogin.com"),
        (format!("{PUBLIC}/contoso.onmicrosoft.com/b2c_1a_own/v2.0{END}"), Unsupported, "b2clogin.com"),
        (format!("{ciam}?foo=bar"), Unsupported, "has the parameter foo"),
        (format!("{ciam}?p=x"), Unsupported, "?p=, which only Azure AD B2C has"),
        (format!("{b2c}?p=B2C_1_a&amp;p=B2C_1_b"), Duplicate, "has the parameter p twice"),
        (format!("{b2c}?p=B2C_1_a&amp;foo=bar"), Unsupported, "has the parameter foo"),
        (format!("{b2c}?p=B2C_1_a&amp;appid={CLIENT}"), Unsupported, "?appid=, which Azure AD B2C does not have"),
        (format!("{b2c_path}?p=B2C_1_other"), Conflict, "names two user flows, B2C_1_susi and B2C_1_other"),
        (b2c.clone(), Missing, "does not name the user flow"),
        (format!("{custom}?foo=bar"), Unsupported, "has the parameter foo"),
        (
            format!("{PUBLIC}/{TENANT}/discovery/v2.0/keys"),
            Invalid,
            "is not an address of metadata, which ends with /.well-known",
        ),
        (format!("https://contoso.b2clogin.com/{TENANT}"), Invalid, "is not an address of metadata"),
        (format!("http://login.microsoftonline.com/{TENANT}{END}"), Invalid, "http:// is accepted for loopback"),
        (format!("{PUBLIC}/{{tenant}}/v2.0{END}"), Invalid, "is a placeholder"),
        (format!("{PUBLIC}/your-tenant-id/v2.0{END}"), Invalid, "is a placeholder"),
        (format!("{PUBLIC}/{{{{tenant}}}}/v2.0{END}"), Unsupported, "is a named value of API Management"),
        ("@(context.Variables[\"url\"])".to_owned(), Unsupported, "is a policy expression"),
        ("https://id.example/meta".to_owned(), Missing, "does not name the issuer; add it to issuers"),
        (format!("https://id.example{END}?tenant=a"), Missing, "does not name the issuer"),
        (String::new(), Missing, "is empty; name the metadata of the tenant"),
    ] {
        let xml = jwt(&(config(&url) + AUDIENCE));
        Outcome::Error(kind, "validate-jwt/openid-config/@url").check(&xml);
        assert!(problems(&xml)[0].contains(text), "{text}\n{:?}", problems(&xml));
    }
    // The parameters of another provider are kept.
    let okta = format!("https://id.example{END}?client_id=a");
    assert_eq!(
        section(&jwt(&(config(&okta) + &issuers(&["https://id.example"]) + AUDIENCE))),
        json!({"Authority": "https://id.example", "MetadataAddress": okta})
    );
    for url in [format!("{b2c_path}?p=b2c_1_SUSI"), format!("{entra}?"), format!("{ciam}?&amp;")] {
        Outcome::LoadsWithout("?appid=").check(&jwt(&(config(&url) + AUDIENCE)));
    }
}
