//! Configuration files.

use serde_json::{Value, json};

use super::{Seeds, bytes, with};
use crate::fixtures::{
    CALLER, CLIENT, ISSUER, TENANT, ec_jwk, ed_jwk, edwards_point, encode, modulus, p384_jwk, point_on_p384, rsa_jwk,
    weak_jwk,
};

pub fn all() -> Seeds {
    let good = json!({"TenantId": TENANT, "ClientId": CLIENT});
    let mut all: Vec<String> = Vec::new();
    for changes in [
        json!({}),
        json!({"TenantId": null}),
        json!({"ClientId": null}),
        json!({"TenantId": "organizations"}),
        json!({"TenantId": "common"}),
        json!({"TenantId": "consumers"}),
        json!({"TenantId": "contoso.example"}),
        json!({"TenantId": "a b"}),
        json!({"TenantId": 1}),
        json!({"TenantId": ""}),
        json!({"TenantIds": [TENANT, "contoso.onmicrosoft.com"]}),
        json!({"TenantIds": []}),
        json!({"TenantIds": ["common"]}),
        json!({"TenantIds": {}}),
        json!({"Instance": "https://login.microsoftonline.com/"}),
        json!({"Instance": "AzureUsGovernment"}),
        json!({"Instance": "https://evil.example"}),
        json!({"Instance": "http://evil.example"}),
        json!({"Instance": "x"}),
        json!({"Instance": "http://127.0.0.1:4000"}),
        json!({"Audience": "api://orders"}),
        json!({"Audience": "*"}),
        json!({"Audience": "a b"}),
        json!({"Audience": "/"}),
        json!({"Audiences": ["a", "b"]}),
        json!({"Audiences": ["a", "b"], "StrictAudiences": true}),
        json!({"StrictAudiences": true}),
        json!({"TokenValidationParameters": {"ValidAudience": "api://a", "ClockSkew": "00:01:00", "ValidateIssuer": true}}),
        json!({"TokenValidationParameters": {"ClockSkew": 300, "ValidateIssuer": false, "ValidIssuer": "x", "NameClaimType": "a"}}),
        json!({"Kind": "Workload", "TenantId": null, "ClientId": null, "Audience": "a", "RequiredClaims": [{"Name": "repository_id", "Values": ["1"]}],
            "Authority": "https://token.actions.githubusercontent.com"}),
        json!({"Kind": "Workload", "TenantId": null, "Authority": "https://ci.contoso.example"}),
        json!({"ClientId": "<client-id>", "AllowedThings": 1, "ValidIssuers": []}),
        json!({"Audiences": "a"}),
        json!({"Audiences": []}),
        json!({"ClientId": "x"}),
        json!({"ClientId": "api://x"}),
        json!({"ClientId": TENANT}),
        json!({"ClientId": "00000003-0000-0000-c000-000000000000"}),
        json!({"Authority": format!("https://login.microsoftonline.com/{TENANT}/v2.0")}),
        json!({"Authority": "https://login.microsoftonline.com/common"}),
        json!({"Authority": "https://sts.windows.net/x"}),
        json!({"AllowWebApiToBeAuthorizedByACL": true}),
        json!({"AllowWebApiToBeAuthorizedByACL": "True"}),
        json!({"AllowWebApiToBeAuthorizedByACL": 1}),
        json!({"AppSpecificKeys": true}),
        json!({"AppSpecificKeys": true, "ClientId": null, "Audience": "a"}),
        json!({"AllowedClients": [CALLER]}),
        json!({"AllowedClients": []}),
        json!({"AllowedClients": ["x"]}),
        json!({"RequiredClaims": [{"Name": "department", "Values": ["a", 1, true], "Match": "any", "Separator": " "}]}),
        json!({"RequiredClaims": [{"Name": ""}]}),
        json!({"RequiredClaims": [{}]}),
        json!({"RequiredClaims": [{"Name": "a", "Match": "x"}]}),
        json!({"RequiredClaims": [{"Name": "a", "Separator": " "}]}),
        json!({"RequiredClaims": [{"Name": "a", "Values": []}]}),
        json!({"RequiredClaims": [{"Nmae": "a", "NAME": "b", "name": "c"}]}),
        json!({"RequiredClaims": 1}),
        json!({"RequiredClaims": [1]}),
        json!({"RequiredClaims": [{"Name": "a", "Values": [null]}]}),
        json!({"ClockSkewSeconds": 5}),
        json!({"ClockSkewSeconds": "5"}),
        json!({"ClockSkewSeconds": 301}),
        json!({"ClockSkewSeconds": 1.5}),
        json!({"ClockSkewSeconds": -1}),
        json!({"Resource": "https://api.contoso.example"}),
        json!({"Resource": "api://orders"}),
        json!({"Resource": "x"}),
        json!({"RevokedKeys": ["a"]}),
        json!({"RevokedKeys": [" "]}),
        json!({"DetailedErrors": true}),
        json!({"DetailedErrors": "x"}),
        json!({"Authorities": []}),
        json!({"Authorities": 1}),
        json!({"Authorities": [1]}),
        json!({"Authorities": [{}]}),
        json!({"Authorities": [{"Authorities": []}]}),
        json!({"Authorities": [{"TenantId": "contoso.example"}]}),
        json!({"Authorities": [{"TenantId": TENANT}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER}]}),
        json!({"Authorities": [{"Authority": format!("{ISSUER}?a"), "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": format!("{ISSUER}/.well-known/openid-configuration"), "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": "http://id.example", "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a"}, {"Authority": ISSUER, "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Name": "x", "Algorithms": ["ES256"], "ScopeClaim": "/a/b", "RoleClaim": "r", "SubjectClaim": "uid", "ClientClaim": "cid", "AudienceClaim": "client_id"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "ScopeClaim": "/~"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Algorithms": ["HS256"]}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Algorithms": []}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {"keys": [rsa_jwk()]}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {"keys": [weak_jwk()]}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": "x"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": 1}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "KeyFile": "missing.pem"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "JwksUri": "https://id.contoso.example/keys"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "JwksUri": "x", "MetadataAddress": "y"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "MetadataAddress": "https://id.contoso.example/m"}]}),
        json!({"Authorities": [{"Kind": "OpenIdConnect", "TenantId": TENANT}]}),
        json!({"Authorities": [{"Kind": "x"}]}),
        json!({"Authorities": [{"Kind": "B2C"}]}),
        json!({"Authorities": [{"Instance": "https://contoso.b2clogin.com", "Domain": "contoso.onmicrosoft.com", "SignUpSignInPolicyId": "B2C_1_susi", "AcceptTfpIssuers": true}]}),
        json!({"Authorities": [{"Instance": "https://contoso.b2clogin.com", "Domain": "contoso.onmicrosoft.com", "Policies": ["B2C_1_a", "b2c_1_A", ".."]}]}),
        json!({"Authorities": [{"Authority": "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0"}]}),
        json!({"Authorities": [{"Authority": "https://contoso.ciamlogin.com/"}]}),
        json!({"Authorities": [{"Instance": "https://contoso.ciamlogin.com", "TenantId": TENANT, "Version": "2.0"}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Version": 1, "ClientId": CALLER}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Version": 3}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "ClockSkewSeconds": 1}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Name": "a"}, {"Authority": ISSUER, "Audience": "a", "Name": "a"}]}),
        json!({"SignUpSignInPolicyId": "B2C_1_susi"}),
        json!({"CleintId": "x"}),
        json!({"Colour": 1}),
        json!({"Scopes": "a", "ClientSecret": "x"}),
        json!({"DefaultUserFlow": "x"}),
        json!({"TokenValidationParameters": {}}),
        json!({"client_id": CLIENT}),
        json!({"TenantId": "x".repeat(3000)}),
    ] {
        let section = with(good.clone(), changes);
        all.push(json!({"AzureAd": section}).to_string());
    }
    let section = good.to_string();
    all.extend([
        section.clone(),
        format!("{{\"AzureAd\":{section},\"AzureAd\":{section}}}"),
        format!("{{\"AzureAd\":{section},\"TenantId\":\"x\"}}"),
        format!("{{\"AzureAD \":{section}}}"),
        format!("{{\"Entra\":{section}}}"),
        "{\"AzureAd\":1}".to_owned(),
        format!("// a\n{{ /* b */ \"AzureAd\": {section}, }}"),
        format!("\u{feff}{section}"),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
        "{".to_owned(),
        "/*".to_owned(),
        "{\"a\":1e999}".to_owned(),
        "[[[[".repeat(40),
        "\"\\ud800\"".to_owned(),
        format!("{{\"AzureAd\":{{\"TenantIds\":[{}]}}}}", vec!["1"; 300].join(",")),
    ]);
    all.extend(sections().into_iter().map(|section| json!({"AzureAd": section}).to_string()));
    all.extend(long());
    bytes(all)
}

/// Sections by the setting that they are about.
fn sections() -> Vec<Value> {
    let entra = |changes: Value| with(json!({"TenantId": TENANT, "ClientId": CLIENT}), changes);
    let oidc = |changes: Value| {
        with(json!({"Kind": "OpenIdConnect", "Authority": ISSUER, "Audience": "api://orders"}), changes)
    };
    let b2c = |changes: Value| {
        let b2c = json!({"Instance": "https://contoso.b2clogin.com", "Domain": "contoso.onmicrosoft.com",
            "SignUpSignInPolicyId": "B2C_1_susi", "ClientId": CLIENT});
        with(b2c, changes)
    };
    let external = |changes: Value| {
        with(json!({"Instance": "https://contoso.ciamlogin.com", "TenantId": TENANT, "ClientId": CLIENT}), changes)
    };
    let custom = |changes: Value| entra(with(json!({"Instance": "https://login.contoso.example"}), changes));
    let several = |authorities: &[Value]| json!({"ClientId": CLIENT, "Authorities": authorities});
    let authority = |changes: Value| {
        let own = with(json!({"Authority": ISSUER, "Audience": "a"}), changes);
        entra(json!({"Authorities": [own]}))
    };
    let mut all = Vec::new();

    // A value of another type, for every setting.
    for setting in SETTINGS {
        all.push(entra(json!({ setting: 1.5 })));
        all.push(authority(json!({ setting: {"a": 1} })));
    }
    for value in [json!("x"), json!(["x"]), json!({"a": []}), json!(true), json!([])] {
        all.extend(["ClientId", "Audiences", "DetailedErrors"].map(|setting| entra(json!({ setting: value.clone() }))));
    }
    all.extend([
        entra(json!({"RequiredClaims": [{"Name": 1}, {"Name": "a", "Match": 1}, {"Name": "a", "Values": 1}]})),
        entra(json!({"RequiredClaims": [{"Name": "a", "Separator": 1}]})),
        entra(json!({"RequiredClaims": [{"Name": "a", "Colour": 1, "Valeus": 1}]})),
        entra(json!({"RequiredClaims": [{"Name": "a"}, {"Name": "b", "Values": ["c"], "Match": "ALL"}]})),
    ]);

    // Addresses.
    for address in [
        "https://id.contoso.example/keys",
        "http://localhost:8080/keys",
        "http://[::1]/keys",
        "https://id.contoso.example/#a",
        "https://user@id.contoso.example",
        "https://id.contoso.example:",
        "https://id%2econtoso.example",
        "https://[a]",
        "http://id.contoso.example",
        "ftp://id.contoso.example",
        "id.contoso.example",
    ] {
        all.push(oidc(json!({ "JwksUri": address })));
        all.push(oidc(json!({ "MetadataAddress": address })));
    }
    for instance in [
        "login.microsoftonline.us",
        "China",
        "localhost",
        "https://login.microsoftonline.com/?a",
        "https://login.microsoftonline.com/common",
        "https://login.microsoftonline.com:444",
        "https://login.microsoftonline.de",
        "https://login.contoso.example:8443/base/",
    ] {
        all.push(entra(json!({ "Instance": instance })));
    }
    for instance in ["https://contoso.b2clogin.com", "https://contoso.ciamlogin.com"] {
        all.push(entra(json!({"Kind": "Entra", "Instance": instance})));
    }
    let login = "https://login.microsoftonline.com";
    for authority in [
        format!("{login}/{TENANT}/v2.0"),
        format!("{login}/{TENANT}"),
        format!("{login}/organizations"),
        format!("{login}/"),
        format!("{login}/{TENANT}/oauth2/v2.0"),
        format!("{login}/{TENANT}?a"),
        format!("{login}/nonsense"),
        format!("https://login.microsoftonline.us/{TENANT}"),
        format!("https://login.contoso.example/{TENANT}"),
    ] {
        all.push(json!({"Authority": authority, "ClientId": CLIENT}));
        all.push(json!({"Authority": authority, "Instance": login, "ClientId": CLIENT}));
    }
    for issuer in [
        "https://contoso.b2clogin.com/x".to_owned(),
        "https://contoso.ciamlogin.com/x".to_owned(),
        format!("{login}/{TENANT}/v2.0"),
        format!("https://sts.chinacloudapi.cn/{TENANT}/"),
        "http://127.0.0.1:8080".to_owned(),
    ] {
        all.push(oidc(json!({ "Authority": issuer })));
    }

    // Azure AD B2C.
    all.extend([
        b2c(json!({})),
        b2c(json!({"Instance": "https://contoso.b2clogin.com/tfp/"})),
        b2c(json!({"Instance": "https://contoso.b2clogin.com/x"})),
        b2c(json!({"Kind": "B2C", "Instance": "https://login.contoso.example"})),
        b2c(json!({"Kind": "B2C", "Instance": "https://login.contoso.example", "Domain": null})),
        b2c(json!({"Kind": "B2C", "Instance": login})),
        b2c(json!({"Kind": "B2C", "Instance": null})),
        b2c(json!({"Kind": "B2C", "Instance": null, "SignUpSignInPolicyId": null})),
        b2c(json!({"Kind": "B2C", "Instance": "https://contoso.ciamlogin.com"})),
        b2c(json!({"Kind": "B2C", "SignUpSignInPolicyId": null})),
        b2c(json!({"SignUpSignInPolicyId": ""})),
        b2c(json!({"Domain": null})),
        b2c(json!({"Domain": "x y"})),
        b2c(json!({"TenantId": TENANT})),
        b2c(json!({"TenantIds": [TENANT, "fabrikam.example"]})),
        b2c(json!({"Policies": ["B2C_1_edit"], "AcceptTfpIssuers": true, "Version": "2.0"})),
        b2c(json!({"Policies": ["B2C_1_edit"], "AcceptTfpIssuers": "true"})),
        b2c(json!({"AcceptAppTokensWithoutPolicy": true})),
        b2c(json!({"AcceptAppTokensWithoutPolicy": true, "AllowedClients": [CALLER]})),
        b2c(json!({"Issuers": ["https://login.contoso.example/tfp/x/"]})),
        b2c(json!({"ScopeClaim": "a"})),
        json!({"Kind": "B2C", "Authority": format!("{login}/tfp/contoso.onmicrosoft.com/B2C_1_susi"), "ClientId": CLIENT}),
    ]);
    let at = |path: &str| format!("https://contoso.b2clogin.com/{path}");
    for changes in [
        json!({}),
        json!({"Authority": at("tfp/contoso.onmicrosoft.com/B2C_1_susi/v2.0")}),
        json!({"Authority": at(&format!("{TENANT}/B2C_1_susi"))}),
        json!({"Authority": at("contoso.onmicrosoft.com/v2.0?p=B2C_1_susi")}),
        json!({"Authority": at("contoso.onmicrosoft.com/B2C_1_susi/oauth2/v2.0")}),
        json!({"Instance": "https://fabrikam.b2clogin.com"}),
        json!({"Domain": "fabrikam.onmicrosoft.com"}),
        json!({"TenantId": "fabrikam.onmicrosoft.com"}),
        json!({"SignUpSignInPolicyId": "B2C_1_edit"}),
        json!({"SignUpSignInPolicyId": "b2c_1_SUSI"}),
    ] {
        let address = json!({"Authority": at("contoso.onmicrosoft.com/B2C_1_susi/v2.0"), "ClientId": CLIENT});
        all.push(with(address, changes));
    }

    // External ID.
    all.extend([
        external(json!({})),
        external(json!({"TenantId": null})),
        external(json!({"Version": 1})),
        external(json!({"Version": 3})),
        external(json!({"Version": []})),
        external(json!({"Kind": "ExternalId", "Instance": "https://login.contoso.example"})),
        external(json!({"Kind": "ExternalId", "Instance": "https://login.contoso.example", "TenantId": null})),
        external(json!({"Kind": "ExternalId", "Instance": null})),
        external(json!({"Kind": "ExternalId", "Instance": login})),
        external(json!({"Kind": "ExternalId", "Instance": null, "Name": "partner"})),
        external(json!({"Kind": "ExternalId", "Instance": "https://contoso.b2clogin.com"})),
        external(json!({"SignUpSignInPolicyId": "B2C_1_susi"})),
        external(json!({"JwksUri": "https://id.contoso.example"})),
        external(json!({"TenantId": "x y"})),
        json!({"Authority": format!("https://contoso.ciamlogin.com/{TENANT}/v2.0"), "ClientId": CLIENT}),
        json!({"Authority": "https://contoso.ciamlogin.com/a/b", "ClientId": CLIENT}),
    ]);

    // Settings of another kind of authority.
    all.extend([
        entra(json!({"Kind": "entra", "Version": "1.0", "TrustDirectoryClaims": true, "Name": "main"})),
        entra(json!({"Kind": "Entra", "ClientId": null, "client_id": CLIENT})),
        entra(json!({"Kind": "Entra", "Policies": ["B2C_1_susi"]})),
        entra(json!({"Kind": "Entra", "AcceptTfpIssuers": false})),
        entra(json!({"Kind": "Entra", "JwksUri": "https://id.contoso.example"})),
        entra(json!({"Instance": "https://contoso.b2clogin.com", "Authority": format!("{login}/{TENANT}")})),
        oidc(json!({"Version": "2.0"})),
        oidc(json!({"Policies": ["a"]})),
        oidc(json!({"Instance": login})),
        oidc(json!({"TenantId": TENANT})),
        oidc(json!({"Kind": null, "Authority": null, "Instance": null, "JwksUri": "https://id.contoso.example"})),
    ]);

    // OpenID Connect issuers.
    for claim in ["ScopeClaim", "RoleClaim", "GroupClaim", "SubjectClaim", "ClientClaim", "AudienceClaim"] {
        all.extend([oidc(json!({ claim: "x" })), oidc(json!({ claim: "/a/b" })), oidc(json!({ claim: "/" }))]);
    }
    all.extend([
        oidc(json!({})),
        oidc(json!({"Audience": null, "ClientId": "shop"})),
        oidc(json!({"Audience": null, "ClientId": " "})),
        oidc(json!({"AllowedClients": ["shop", CALLER]})),
        oidc(json!({"AllowedClients": [" "]})),
        oidc(json!({"Algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"]})),
        oidc(json!({"Algorithms": ["none"]})),
        oidc(json!({"Algorithms": "RS256"})),
        oidc(json!({"KeyFile": "Cargo.toml"})),
        json!({"Kind": "OpenIdConnect", "Authority": "id.example", "Audience": "a", "KeyFile": "missing"}),
        json!({"Kind": "OpenIdConnect", "Authority": "id.example", "Audience": "a", "KeyFile": "Cargo.toml"}),
    ]);
    for keys in static_keys() {
        all.push(oidc(json!({"StaticKeys": keys, "Algorithms": ["RS256", "ES256", "ES384", "EdDSA"]})));
    }
    all.push(oidc(json!({"StaticKeys": {"keys": [ec_jwk()]}})));
    all.push(oidc(json!({"StaticKeys": {"keys": [rsa_jwk(), weak_jwk()]}})));
    all.push(json!({"KeyFile": 1}));
    all.push(oidc(json!({"StaticKeys": json!({"keys": [rsa_jwk()]}).to_string()})));
    all.push(oidc(
        json!({"StaticKeys": {"keys": [with(rsa_jwk(), json!({"n": format!("{}==", encode(modulus()))}))]}}),
    ));

    // Listed issuers.
    let listed = format!("https://listed.contoso.example/{TENANT}/v2.0/");
    for issuers in [
        json!([listed]),
        json!(["https://listed.contoso.example/{tenantid}/v2.0/"]),
        json!(["https://listed.contoso.example/main"]),
        json!([format!("{login}/{TENANT}/v2.0")]),
        json!(["listed.contoso.example"]),
        json!(["https://*.contoso.example/"]),
        json!([]),
    ] {
        all.extend([
            entra(json!({ "Issuers": issuers })),
            custom(json!({ "Issuers": issuers })),
            b2c(json!({ "Issuers": issuers })),
            b2c(json!({"Kind": "B2C", "Instance": "https://login.contoso.example", "Issuers": issuers})),
            external(json!({ "Issuers": issuers })),
            external(json!({"Kind": "ExternalId", "Instance": "https://login.contoso.example", "Issuers": issuers})),
            oidc(json!({ "Issuers": issuers })),
        ]);
    }

    // Several authorities.
    let organization = json!({"TenantId": "organizations"});
    let other = json!({"TenantId": "fabrikam.example"});
    let issuer = json!({"Authority": ISSUER, "Audience": "a", "Name": "partner"});
    all.extend([
        several(&[other.clone(), issuer.clone()]),
        several(&[organization.clone(), json!({"TenantId": TENANT})]),
        several(&[organization, json!({"TenantId": TENANT, "Version": 1})]),
        several(&[other.clone(), with(issuer.clone(), json!({"RequiredForReadiness": false}))]),
        several(&[with(issuer.clone(), json!({"RequiredForReadiness": false}))]),
        with(several(std::slice::from_ref(&issuer)), json!({"RequiredForReadiness": false})),
        with(several(std::slice::from_ref(&issuer)), json!({"RequiredClaims": [{"Name": "groups", "Values": ["a"]}], "TenantId": TENANT})),
        several(&[json!({"Colour": 1, "ClientId": "x", "AllowedClients": ["x"], "Audience": " ", "RequiredClaims": [{"Name": ""}]})]),
        several(&[json!({"TenantId": TENANT, "ClientId": "x"})]),
        several(&[json!({"TenantId": TENANT, "ClientId": CALLER, "AllowedClients": ["x"]})]),
        several(&[json!({"TenantId": TENANT, "ClientId": "00000003-0000-0000-c000-000000000000"})]),
        entra(json!({"RequiredForReadiness": true, "ClockSkewSeconds": 300})),
        entra(json!({"RequiredForReadiness": false})),
        with(issuer.clone(), json!({"Issuers": ["https://listed.contoso.example"], "Authorities": [
            {"Authority": "https://listed.contoso.example", "Audience": "b"},
            {"TenantId": TENANT, "Instance": "https://login.contoso.example", "ClientId": CLIENT, "Issuers": [listed]},
            {"TenantId": TENANT, "Instance": "https://login.fabrikam.example", "ClientId": CLIENT, "Issuers": [listed]},
        ]})),
        several(&["a", "b"].map(|name| {
            json!({"Instance": "https://contoso.b2clogin.com", "TenantId": TENANT, "SignUpSignInPolicyId": name, "Name": name,
                "AcceptAppTokensWithoutPolicy": true, "AllowedClients": [CALLER]})
        })),
        authority(json!({"TenantId": null, "AppSpecificKeys": true})),
        authority(json!({"ClockSkewSeconds": 1, "Resource": "https://api.contoso.example", "RevokedKeys": ["a"]})),
        entra(json!({"AppSpecificKeys": true, "TenantId": "organizations"})),
        entra(json!({"AzureCloudInstance": "AzurePublic", "AadAuthorityAudience": "AzureAdMyOrg"})),
        entra(json!({"RevokedKeys": ["abc"], "Resource": "api://orders", "AllowWebApiToBeAuthorizedByACL": "TRUE"})),
        entra(json!({"TenantId": "9188040d-6c67-4c5b-b112-36a304b66dad"})),
        entra(json!({"TenantId": "common", "TenantIds": ["consumers"]})),
    ]);
    all
}

/// Every setting but `KeyFile`.
pub const SETTINGS: [&str; 39] = [
    "Instance",
    "TenantId",
    "TenantIds",
    "ClientId",
    "Audience",
    "Audiences",
    "Authority",
    "AllowWebApiToBeAuthorizedByACL",
    "AppSpecificKeys",
    "AllowedClients",
    "RequiredClaims",
    "ClockSkewSeconds",
    "Resource",
    "RevokedKeys",
    "DetailedErrors",
    "Authorities",
    "Kind",
    "Domain",
    "SignUpSignInPolicyId",
    "Policies",
    "AcceptTfpIssuers",
    "AcceptAppTokensWithoutPolicy",
    "Issuers",
    "Name",
    "Version",
    "Algorithms",
    "ScopeClaim",
    "RoleClaim",
    "GroupClaim",
    "SubjectClaim",
    "ClientClaim",
    "AudienceClaim",
    "MetadataAddress",
    "JwksUri",
    "StaticKeys",
    "StrictAudiences",
    "TokenValidationParameters",
    "TrustDirectoryClaims",
    "RequiredForReadiness",
];

/// Inputs near the limits, of at most 4,096 bytes.
fn long() -> Vec<String> {
    let graph = vec!["\"https://graph.microsoft.com\""; 102].join(",");
    vec![
        // 102 warnings.
        format!("{{\"TenantId\":\"{TENANT}\",\"ClientId\":\"{CLIENT}\",\"Audiences\":[{graph}]}}"),
        format!("{{\"Authorities\":[{}]}}", vec!["1"; 2_001].join(",")),
        // Policies times audiences.
        format!(
            "{{\"Kind\":\"B2C\",\"Instance\":\"https://contoso.b2clogin.com\",\"ClientId\":\"{CLIENT}\",\"Policies\":[{}],\
             \"Audiences\":[{}]}}",
            vec!["\"\""; 500].join(","),
            vec!["\"a\""; 500].join(",")
        ),
    ]
}

/// Keys in PEM: of each accepted form, and with each fault.
fn static_keys() -> Vec<String> {
    const RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    const P256: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 5, 0x2b, 0x81, 4, 0, 0x22];
    const P521: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 5, 0x2b, 0x81, 4, 0, 0x23];
    const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];
    const X25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x6e];
    let pem = |label: &str, document: &[u8]| {
        let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, document);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
    };
    let public = |algorithm: &[u8], key: &[u8]| {
        let key = [&[0], key].concat();
        pem("PUBLIC KEY", &der(0x30, &[der(0x30, algorithm), der(0x03, &key)].concat()))
    };
    let number = |digits: &[u8]| der(0x02, &[&[0], digits].concat());
    let rsa =
        |modulus: &[u8], exponent: &[u8]| public(RSA, &der(0x30, &[number(modulus), der(0x02, exponent)].concat()));
    let point = |(x, y): (Vec<u8>, Vec<u8>)| [vec![4], x, y].concat();
    let good = rsa(&modulus(), &[1, 0, 1]);
    let ed = public(ED25519, &edwards_point());
    let mut even = modulus();
    even[255] &= 0xfe;
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut not_reduced = [0xff; 32];
    (not_reduced[0], not_reduced[31]) = (0xee, 0x7f);
    vec![
        good.clone(),
        public(P256, &point(crate::fixtures::point())),
        public(P384, &point(point_on_p384())),
        ed.clone(),
        format!("{good}\n{ed}\n"),
        json!({"keys": [rsa_jwk(), ec_jwk(), p384_jwk(), ed_jwk()]}).to_string(),
        format!("x{good}"),
        pem("PUBLIC KEY", &[0x30, 0]),
        pem("PUBLIC KEY", b""),
        pem("CERTIFICATE", &[0x30, 0]),
        pem("RSA PUBLIC KEY", &[0x30, 0]),
        pem("EC PRIVATE KEY", &[0x30, 0]),
        pem("X", &[0x30, 0]),
        public(RSA, &[0x30, 0]),
        public(P256, &[4; 65]),
        public(P256, &[2; 33]),
        public(P521, &[4; 133]),
        public(X25519, &[1; 32]),
        public(ED25519, &[1; 31]),
        public(ED25519, &neutral),
        public(ED25519, &not_reduced),
        rsa(&modulus()[..128], &[1, 0, 1]),
        rsa(&modulus(), &[3]),
        rsa(&modulus(), &[1, 0, 0, 0, 1]),
        rsa(&even, &[1, 0, 1]),
        rsa(&[0xff; 256], &[1, 0, 1]),
        rsa(&super::key_set::roca_modulus(), &[1, 0, 1]),
    ]
}

/// A value in DER (X.690), of up to 65,535 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..0x80) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}
