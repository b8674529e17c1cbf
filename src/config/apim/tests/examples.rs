//! Policies as Microsoft's documentation, templates and users have them, each with the outcome that its author expects.

use super::*;
use ConfigProblemKind::{Conflict, Invalid, Missing, Unsupported};

/// Loads, and the section has these members.
#[track_caller]
fn loads(xml: &str, members: &Value) -> ApimPolicy {
    assert_eq!(section(xml), *members, "{xml}");
    read(xml)
}

#[test]
fn entra_by_validate_jwt() {
    // The simple token validation of the documentation, with the deprecated v1 address and several audiences.
    let xml = format!(
        r#"<validate-jwt header-name="Authorization" require-scheme="Bearer" failed-validation-httpcode="401"
    failed-validation-error-message="Unauthorized. Access token is missing or invalid.">
    <openid-config url="https://login.microsoftonline.com/contoso.onmicrosoft.com/.well-known/openid-configuration" />
    <audiences>
        <audience>25eef6e4-c905-4a07-8eb4-0d08d5df8b3f</audience>
        <audience>api://25eef6e4-c905-4a07-8eb4-0d08d5df8b3f</audience>
    </audiences>
    <issuers><issuer>{PUBLIC}/{TENANT}/v2.0</issuer></issuers>
    <required-claims>
        <claim name="id" match="all">
            <value>insert claim here</value>
        </claim>
    </required-claims>
</validate-jwt>"#
    );
    Outcome::Error(Invalid, "validate-jwt/required-claims/claim[id]/value").check(&xml);
    let xml = xml.replace("insert claim here", "a");
    let section = section(&xml);
    assert_eq!(section["Authorities"][0], json!({"TenantId": TENANT, "Instance": PUBLIC, "Version": "2.0"}));
    assert_eq!(section["Authorities"][1]["TenantId"], "contoso.onmicrosoft.com");
    // A named value of the template is named; nothing else is a problem.
    let named = xml.replace("contoso.onmicrosoft.com", "{{aad-tenant}}");
    let found = problems(&named);
    assert!(found.len() == 1 && found[0].contains("{{aad-tenant}}"), "{found:?}");
    // Several tenants by common.
    let several = format!(
        r#"<validate-jwt header-name="Authorization" require-scheme="Bearer">
            <openid-config url="{PUBLIC}/common/v2.0{END}" />
            <audiences><audience>{CLIENT}</audience></audiences>
            <issuers>
                <issuer>{PUBLIC}/{TENANT}/v2.0</issuer>
                <issuer>https://sts.windows.net/{TENANT}/</issuer>
                <issuer>{PUBLIC}/{OTHER}/v2.0</issuer>
            </issuers>
        </validate-jwt>"#
    );
    let expected = json!({"ClockSkewSeconds": 0, "Audiences": [CLIENT], "Authorities": [
        {"TenantId": OTHER, "Instance": PUBLIC, "Version": "2.0"},
        {"TenantId": TENANT, "Instance": PUBLIC},
    ]});
    loads(&several, &expected);
}

#[test]
fn entra_by_validate_azure_ad_token() {
    // As in the documentation: without audiences, tokens for any API would be accepted.
    let documented = r#"<validate-azure-ad-token tenant-id="{{aad-tenant-id}}">
    <client-application-ids>
        <application-id>{{aad-client-application-id}}</application-id>
    </client-application-ids>
</validate-azure-ad-token>"#;
    let found = problems(documented);
    assert_eq!(found.len(), 3, "{found:#?}");
    let complete =
        documented.replace("{{aad-tenant-id}}", TENANT).replace("{{aad-client-application-id}}", OTHER).replace(
            "</validate-azure-ad-token>",
            "<audiences><audience>api://orders</audience></audiences></validate-azure-ad-token>",
        );
    loads(&complete, &json!({"TenantId": TENANT, "AllowedClients": [OTHER]}));
    // With a claim and an output variable, and the header by its name.
    let claims = format!(
        r#"<inbound><base /><validate-azure-ad-token tenant-id="{TENANT}" header-name="Authorization" failed-validation-httpcode="401"
            failed-validation-error-message="Unauthorized. Access token is missing or invalid." output-token-variable-name="jwt">
            <audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>
        </validate-azure-ad-token></inbound>"#
    );
    Outcome::Error(Unsupported, "validate-azure-ad-token/audiences/audience").check(&claims);
    Outcome::Note("in the request's extensions")
        .check(&claims.replace("@(context.Request.OriginalUrl.Host)", "api://orders"));
}

#[test]
fn other_providers() {
    let policy = |url: &str, audience: &str, issuer: &str| {
        let issuers = if issuer.is_empty() { String::new() } else { issuers(&[issuer]) };
        format!(
            r#"<policies><inbound><validate-jwt header-name="Authorization" require-scheme="Bearer" clock-skew="60">
                <openid-config url="{url}" /><audiences><audience>{audience}</audience></audiences>{issuers}
            </validate-jwt><base /></inbound></policies>"#
        )
    };
    let b2c = format!("https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0{END}?p=B2C_1_signupsignin");
    let members = json!({"Instance": "https://contoso.b2clogin.com", "TenantId": "contoso.onmicrosoft.com",
                         "SignUpSignInPolicyId": "B2C_1_signupsignin", "Audiences": [CLIENT]});
    loads(&policy(&b2c, CLIENT, ""), &members);
    loads(&policy(&b2c, CLIENT, &format!("https://contoso.b2clogin.com/{TENANT}/v2.0/")), &members);
    let retired = b2c.replace("contoso.b2clogin.com", "login.microsoftonline.com");
    Outcome::Error(Unsupported, "validate-jwt/openid-config/@url").check(&policy(&retired, CLIENT, ""));
    let ciam = format!("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0{END}");
    let members = json!({"Instance": "https://contoso.ciamlogin.com", "TenantId": "contoso.onmicrosoft.com", "Audiences": [CLIENT]});
    loads(&policy(&ciam, CLIENT, &format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")), &members);
    for (url, issuer, authority) in [
        ("https://contoso.eu.auth0.com", "https://contoso.eu.auth0.com/", "https://contoso.eu.auth0.com/"),
        ("https://contoso.eu.auth0.com/", "https://contoso.eu.auth0.com/", "https://contoso.eu.auth0.com/"),
        ("https://contoso.okta.com/oauth2/default", "", "https://contoso.okta.com/oauth2/default"),
        ("https://accounts.google.com", "https://accounts.google.com", "https://accounts.google.com"),
        ("https://id.contoso.example/realms/orders", "", "https://id.contoso.example/realms/orders"),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
        ),
    ] {
        let url = format!("{}{END}", url.trim_end_matches('/'));
        loads(&policy(&url, "api://orders", issuer), &json!({"Authority": authority}));
    }
    // Access tokens of AD FS have another issuer than its metadata.
    let adfs = "https://adfs.contoso.example/adfs";
    let trust = "http://adfs.contoso.example/adfs/services/trust";
    let members = json!({"Authority": adfs, "Issuers": [trust]});
    let found = loads(&policy(&format!("{adfs}{END}"), "api://orders", trust), &members);
    assert!(!found.to_string().contains("does not name the issuer"), "{found}");
}

/// The document that the portal shows, with the usual things around the check.
fn stored(before: &str, after: &str, on_error: &str) -> String {
    format!(
        r#"<!--
    IMPORTANT:
    - Policy elements can appear only within the <inbound>, <outbound>, <backend> section elements.
-->
<policies>
    <inbound>
        <base />
        {before}
        <validate-jwt header-name="Authorization" failed-validation-httpcode="401" require-expiration-time="true" require-scheme="Bearer" require-signed-tokens="true" clock-skew="60" output-token-variable-name="jwt">
            <openid-config url="{PUBLIC}/{TENANT}/v2.0{END}" />
            <audiences>
                <audience>api://orders</audience>
            </audiences>
        </validate-jwt>
        {after}
    </inbound>
    <backend>
        <base />
    </backend>
    <outbound>
        <base />
        <set-header name="X-Request-Id" exists-action="override">
            <value>@(context.RequestId.ToString())</value>
        </set-header>
    </outbound>
    <on-error>
        <base />
        {on_error}
    </on-error>
</policies>"#
    )
}

#[test]
fn stored_documents() {
    use Outcome::{Error, Note};
    let at = "inbound/choose/when/return-response";
    for (before, after, on_error, outcome) in [
        // Rate limits by a claim of the token.
        (
            "",
            r#"<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Subject)" />"#,
            "",
            Note("rate-limit-by-key: API Management limits the number of calls here"),
        ),
        // Authorization by a claim of the validated token, as documented.
        (
            "",
            r#"<choose>
                <when condition="@(context.Request.Method == "POST" && !((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("roles", new string[0]).Contains("Orders.Write"))">
                    <return-response>
                        <set-status code="403" reason="Forbidden" />
                    </return-response>
                </when>
            </choose>"#,
            "",
            Error(Unsupported, at),
        ),
        // Claims for the backend.
        (
            "",
            r#"<set-header name="x-user-id" exists-action="override">
                <value>@{ var jwt = (Jwt)context.Variables["jwt"]; return jwt.Claims.ContainsKey("oid") && jwt.Claims["oid"].Length < 2 ? jwt.Claims["oid"][0] : ""; }</value>
            </set-header>"#,
            "",
            Note("set-header: not imported; uses the token or its claims without refusing it"),
        ),
        // The gateway's own identity for the backend.
        (
            "",
            r#"<authentication-managed-identity resource="api://backend" />"#,
            "",
            Note("does not decide who gets in"),
        ),
        (
            r#"<authentication-managed-identity resource="api://backend" output-token-variable-name="msi" />
               <set-header name="Authorization" exists-action="override"><value>@("Bearer " + (string)context.Variables["msi"])</value></set-header>"#,
            "",
            "",
            Note("set-header: replaces the Authorization header before validate-jwt runs"),
        ),
        (
            r#"<authentication-managed-identity resource="api://backend" output-token-variable-name="msi" />"#,
            r#"<set-header name="Authorization" exists-action="override"><value>@("Bearer " + (string)context.Variables["msi"])</value></set-header>"#,
            "",
            Note("authentication-managed-identity, set-header: not imported; does not decide who gets in"),
        ),
        // Preflight requests without a token.
        (
            r#"<choose><when condition="@(context.Request.Method == "OPTIONS")"><return-response><set-status code="200" /></return-response></when></choose>"#,
            "",
            "",
            Note("before it checks a token; this is not imported"),
        ),
        // A friendlier response without a token.
        (
            r#"<choose><when condition="@(!context.Request.Headers.ContainsKey("Authorization"))"><return-response><set-status code="401" reason="Unauthorized" /><set-body>@("{\"error\":\"missing\"}")</set-body></return-response></when></choose>"#,
            "",
            "",
            Note("before it checks a token; this is not imported"),
        ),
        // The authorization server's opinion, as documented.
        (
            r#"<set-variable name="token" value="@(context.Request.Headers.GetValueOrDefault("Authorization","scheme param").Split(' ').Last())" />
               <send-request mode="new" response-variable-name="tokenstate" timeout="20" ignore-error="true">
                   <set-url>https://id.contoso.example/introspection</set-url>
                   <set-method>POST</set-method>
                   <set-body>@($"token={(string)context.Variables["token"]}")</set-body>
               </send-request>
               <choose><when condition="@((bool)((IResponse)context.Variables["tokenstate"]).Body.As<JObject>()["active"] == false)">
                   <return-response response-variable-name="existing response variable"><set-status code="401" reason="Unauthorized" /></return-response>
               </when></choose>"#,
            "",
            "",
            Error(Unsupported, at),
        ),
        // A cache of a backend token.
        (
            "",
            r#"<cache-lookup-value key="backend-token" variable-name="backendToken" />
               <choose><when condition="@(!context.Variables.ContainsKey("backendToken"))">
                   <send-request mode="new" response-variable-name="tokenResponse"><set-url>https://id.contoso.example/token</set-url></send-request>
                   <set-variable name="backendToken" value="@(((IResponse)context.Variables["tokenResponse"]).Body.As<JObject>()["access_token"].ToString())" />
                   <cache-store-value key="backend-token" value="@((string)context.Variables["backendToken"])" duration="3000" />
               </when></choose>"#,
            "",
            Note("does not decide who gets in"),
        ),
        ("<include-fragment fragment-id=\"auth\" />", "", "", Error(Unsupported, "inbound/include-fragment")),
        (
            "<ip-filter action=\"allow\"><address-range from=\"10.0.0.0\" to=\"10.0.0.9\" /></ip-filter>",
            "",
            "",
            Note("restricts callers by IP address"),
        ),
        // Errors in the form of the API.
        (
            "",
            "",
            r#"<choose><when condition="@(context.LastError.Source == "validate-jwt")"><return-response>
                <set-status code="401" reason="Unauthorized" /><set-body>@{ return new JObject(new JProperty("message", context.LastError.Message)).ToString(); }</set-body>
            </return-response></when></choose>"#,
            Note("on-error/choose/when/return-response: changes the response to failed requests"),
        ),
        (
            "",
            "",
            r#"<return-response><set-status code="200" reason="OK" /></return-response>"#,
            Error(Unsupported, "on-error/return-response"),
        ),
        // A second check of the same token.
        ("", "<validate-jwt header-name=\"x-other\" />", "", Error(Conflict, "the policy")),
        (
            "",
            "<check-header name=\"Ocp-Apim-Subscription-Key\" failed-check-httpcode=\"401\" />",
            "",
            Note("requires a header (Ocp-Apim-Subscription-Key)"),
        ),
    ] {
        outcome.check(&stored(before, after, on_error));
    }
    // By the issuer of a token that is not validated yet, one of two checks applies.
    let by_issuer = format!(
        r#"<inbound><choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Issuer == "https://a.example")">{}</when>
            <otherwise><return-response><set-status code="401" /></return-response></otherwise>
        </choose></inbound>"#,
        jwt(&(entra(TENANT, "/v2.0") + AUDIENCE))
    );
    Outcome::Error(Unsupported, "inbound/choose/otherwise/return-response").check(&by_issuer);
    // An expression in the place of a token, and one that is broken.
    let token_value = stored("", "", "").replace(
        "header-name=\"Authorization\"",
        r#"token-value="@(context.Request.Headers.GetValueOrDefault("X-Forwarded-Token", ""))""#,
    );
    Outcome::Note("@token-value: the token is the value of an expression").check(&token_value);
    Outcome::Error(ConfigProblemKind::Syntax, "the policy").check(&token_value.replace("\"\"))\"", "\"\")\""));
}

#[test]
fn templates_with_placeholders() {
    for (from, to, kind, place) in [
        ("api://orders", "{backend-api-application-client-id}", Invalid, "validate-jwt/audiences/audience"),
        ("api://orders", "[YOUR-API-CLIENT-ID]", Invalid, "validate-jwt/audiences/audience"),
        ("api://orders", "", Invalid, "validate-jwt/audiences/audience"),
        (TENANT, "{aad-tenant}", Invalid, "validate-jwt/openid-config/@url"),
        (TENANT, "#{TenantId}#", Invalid, "validate-jwt/openid-config/@url"),
        (TENANT, "${var.tenant_id}", Invalid, "validate-jwt/openid-config/@url"),
        (TENANT, "00000000-0000-0000-0000-000000000000", Invalid, "validate-jwt/openid-config/@url"),
        ("<audience>api://orders</audience>", "", Missing, "validate-jwt/audiences"),
    ] {
        Outcome::Error(kind, place).check(&stored("", "", "").replace(from, to));
    }
}
