//! `validate-azure-ad-token`.

use super::*;

#[test]
fn validate_azure_ad_token_becomes_a_section() {
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
            json!({"TenantId": TENANT, "Instance": PUBLIC}),
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
}

#[test]
fn problems_of_validate_azure_ad_token_name_their_place() {
    use ConfigProblemKind::{Conflict, Duplicate, Invalid, Missing, Unknown, Unsupported};
    let client = |id: &str| {
        format!("{AUDIENCE}<client-application-ids><application-id>{id}</application-id></client-application-ids>")
    };
    let tenant = format!("tenant-id='{TENANT}'");
    for (attributes, inner, kind, place) in [
        ("", AUDIENCE.to_owned(), Missing, "@tenant-id"),
        ("tenant-id=''", AUDIENCE.to_owned(), Missing, "@tenant-id"),
        ("tenant-id='{{aad-tenant-id}}'", AUDIENCE.to_owned(), Unsupported, "@tenant-id"),
        ("tenant-id='{aad-tenant-id}'", AUDIENCE.to_owned(), Invalid, "@tenant-id"),
        ("tenant-id='@(context.Variables[\"t\"])'", AUDIENCE.to_owned(), Unsupported, "@tenant-id"),
        ("tenant-id='https://id.example/realms/a'", AUDIENCE.to_owned(), Invalid, "@tenant-id"),
        ("tenant-id='a b'", AUDIENCE.to_owned(), Invalid, "@tenant-id"),
        (&tenant, String::new(), Missing, "audiences"),
        (&tenant, client("").replace("<application-id></application-id>", ""), Invalid, "client-application-ids"),
        (&tenant, client("{{client}}"), Unsupported, "client-application-ids/application-id"),
        (&tenant, client("{client-id}"), Invalid, "client-application-ids/application-id"),
        (&tenant, client("00000000-0000-0000-0000-000000000000"), Invalid, "client-application-ids/application-id"),
        (&tenant, client("me"), Invalid, "client-application-ids/application-id"),
        (&format!("{tenant} clock-skew='1'"), AUDIENCE.to_owned(), Unknown, "@clock-skew"),
        (
            &format!("{tenant} authentication-endpoint='{{{{e}}}}'"),
            AUDIENCE.to_owned(),
            Unsupported,
            "@authentication-endpoint",
        ),
        (
            &format!("tenant-id='{PUBLIC}/{TENANT}' authentication-endpoint='https://login.microsoftonline.us'"),
            AUDIENCE.to_owned(),
            Conflict,
            "@authentication-endpoint",
        ),
        (&format!("{tenant} header-name='{{{{h}}}}'"), AUDIENCE.to_owned(), Unsupported, "@header-name"),
        (&tenant, format!("{AUDIENCE}<issuers/>"), Unknown, "issuers"),
        (&tenant, AUDIENCE.repeat(2), Duplicate, "audiences"),
        (
            &tenant,
            "<audiences><audience>@(context.Api.Id)</audience></audiences>".to_owned(),
            Unsupported,
            "audiences/audience",
        ),
    ] {
        let xml = azure(attributes, &inner);
        let error = Config::from_apim_policy(&xml).unwrap_err();
        let [problem] = error.problems() else { panic!("{error}\n{xml}") };
        assert_eq!(
            (problem.kind(), problem.setting()),
            (kind, &*format!("validate-azure-ad-token/{place}")),
            "{problem}"
        );
    }
    for (attributes, text) in [
        (format!("{tenant} id='a'"), "is not an attribute"),
        (format!("{tenant} failed-validation-httpcode='@(401)'"), "is a policy expression"),
    ] {
        Outcome::LoadsWithout(text).check(&azure(&attributes, AUDIENCE));
    }
}
