//! Authorities of every kind, and several of them, out of sections.

use super::*;
use crate::jwt::Algorithm;

const B2C: &str = "https://contoso.b2clogin.com";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const CIAM: &str = "https://contoso.ciamlogin.com";
const OKTA: &str = "https://partner.okta.example/oauth2/default";
/// A key of the form that is needed; it is nobody's.
const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#;

/// What the authorities of a section are, by the builder's own words: the same plan must come out of both.
#[track_caller]
pub(super) fn same(members: &str, built: ConfigSettings) {
    let json = plan(Config::from_json(&format!(r#"{{"AzureAd":{{{members}}}}}"#)));
    let built = plan(Ok(built));
    assert_eq!(shown(&json), shown(&built), "{members}");
}

/// The authorities of a plan as a text, with the texts of each set in their order.
fn shown(plan: &ResolvedConfig) -> String {
    let text = format!("{:#?}", plan.authorities);
    let mut lines: Vec<&str> = text.lines().collect();
    for run in lines.chunk_by_mut(|one, other| one.trim_start().starts_with('"') && other.trim_start().starts_with('"'))
    {
        run.sort_unstable();
    }
    lines.join("\n")
}

pub(super) fn only_client() -> ConfigSettings {
    ConfigSettings::default().client_id(CLIENT)
}

/// Members of a section with a client id.
pub(super) fn with_client(members: &str) -> String {
    format!(r#""ClientId":"{CLIENT}",{members}"#)
}

#[test]
fn b2c_in_every_form() {
    let one = || Authority::b2c_at(B2C, DOMAIN, "B2C_1_susi");
    for members in [
        format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}","SignUpSignInPolicyId":"B2C_1_susi""#),
        format!(r#""Instance":"{B2C}/tfp/","Domain":"{DOMAIN}","SignUpSignInPolicyId":"B2C_1_susi""#),
        format!(r#""Instance":"{B2C}","SignUpSignInPolicyId":"B2C_1_susi""#),
        format!(r#""Instance":"{B2C}","TenantId":"{DOMAIN}","SignUpSignInPolicyId":"B2C_1_susi""#),
        format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_susi/v2.0""#),
        format!(r#""Authority":"{B2C}/tfp/{DOMAIN}/B2C_1_susi""#),
        format!(
            r#""Authority":"{B2C}/{DOMAIN}/B2C_1_susi/v2.0","Instance":"{B2C}","SignUpSignInPolicyId":"b2c_1_SUSI""#
        ),
        format!(r#""Authority":"{B2C}/{DOMAIN}/v2.0","SignUpSignInPolicyId":"B2C_1_susi""#),
    ] {
        same(&with_client(&members), only_client().authority(one()));
    }
    same(
        &with_client(&format!(
            r#""Instance":"{B2C}","TenantId":"{TENANT}","Domain":"{DOMAIN}","SignUpSignInPolicyId":"B2C_1_susi",
            "Policies":["B2C_1_ropc"],"AcceptTfpIssuers":true,"Name":"customers""#
        )),
        only_client().authority(
            Authority::b2c_at(B2C, TENANT, "B2C_1_susi").policy("B2C_1_ropc").accept_tfp_issuers().named("customers"),
        ),
    );
    same(
        &with_client(&format!(
            r#""Instance":"{B2C}","TenantId":"{TENANT}","SignUpSignInPolicyId":"B2C_1_susi",
            "AcceptAppTokensWithoutPolicy":true,"AllowedClients":["{CLIENT}"]"#
        )),
        only_client()
            .authority(Authority::b2c_at(B2C, TENANT, "B2C_1_susi").accept_app_tokens_without_policy())
            .allowed_client(CLIENT),
    );
    same(
        &with_client(&format!(
            r#""Kind":"ExternalId","Instance":"https://login.contoso.example","TenantId":"{TENANT}",
            "Issuers":["https://id.contoso.example/{TENANT}/v2.0"]"#
        )),
        only_client().authority(
            Authority::external_id_at("https://login.contoso.example", TENANT)
                .issuers([format!("https://id.contoso.example/{TENANT}/v2.0")]),
        ),
    );
    // At a domain of one's own, where the policy or `Kind` says what it is.
    let own = "https://login.contoso.example";
    for members in [
        format!(r#""Instance":"{own}","Domain":"{DOMAIN}","SignUpSignInPolicyId":"own""#),
        format!(r#""Kind":"b2c","Authority":"{own}/{DOMAIN}/own/v2.0""#),
        format!(r#""Authority":"{own}/tfp/{DOMAIN}/own""#),
    ] {
        same(&with_client(&members), only_client().authority(Authority::b2c_at(own, DOMAIN, "own")));
    }
}

#[test]
fn what_b2c_passes_over_is_told() {
    let json = format!(
        r#"{{"AzureAd":{{"Instance":"{B2C}","Domain":"{DOMAIN}","ClientId":"{CLIENT}","SignUpSignInPolicyId":"B2C_1_susi",
        "EditProfilePolicyId":"B2C_1_edit","ResetPasswordPolicyId":"B2C_1_reset"}}}}"#
    );
    assert_eq!(
        warnings(&plan(Config::from_json(&json))),
        [
            "ignored: AzureAd:EditProfilePolicyId, AzureAd:ResetPasswordPolicyId (tokens of this user flow are rejected unless \
          it is in Policies)"
        ]
    );
}

#[test]
fn external_id_in_every_form() {
    let one = || Authority::external_id_at(CIAM, DOMAIN);
    for members in [
        format!(r#""Authority":"{CIAM}/""#),
        format!(r#""Authority":"{CIAM}/v2.0""#),
        format!(r#""Authority":"{CIAM}/{DOMAIN}/v2.0""#),
        format!(r#""Instance":"{CIAM}","TenantId":"{DOMAIN}""#),
        format!(r#""Instance":"{CIAM}/""#),
    ] {
        same(&with_client(&members), only_client().authority(one()));
    }
    for members in [
        format!(r#""Authority":"{CIAM}/{TENANT}""#),
        format!(r#""Authority":"{CIAM}","TenantId":"{TENANT}""#),
        format!(r#""Instance":"{CIAM}","TenantId":"{TENANT}""#),
    ] {
        same(&with_client(&members), only_client().authority(Authority::external_id_at(CIAM, TENANT)));
    }
    // The host is the tenant's own GUID.
    let of_id = format!("https://{TENANT}.ciamlogin.com");
    same(
        &with_client(&format!(r#""Authority":"{of_id}/""#)),
        only_client().authority(Authority::external_id_at(&of_id, TENANT)),
    );
    let own = "https://login.contoso.example";
    same(
        &with_client(&format!(r#""Kind":"ExternalId","Authority":"{own}/{TENANT}/v2.0","Version":"2.0""#)),
        only_client().authority(Authority::external_id_at(own, TENANT).version(crate::claims::TokenVersion::V2)),
    );
    same(
        &with_client(&format!(r#""Kind":"Entra","Authority":"{own}/{TENANT}/v2.0""#)),
        ConfigSettings::default().tenant(TENANT).client_id(CLIENT).instance(own),
    );
}

#[test]
fn any_issuer_as_it_is_written() {
    for issuer in [OKTA, "https://tenant.auth0.example/", "https://id.example"] {
        same(
            &format!(r#""Authority":"{issuer}","Audience":"api://orders""#),
            ConfigSettings::default().authority(Authority::openid_connect(issuer).audience("api://orders")),
        );
    }
    // A tenant at its end, and yet no instance of Entra.
    let keycloak = "https://id.example/contoso.example";
    same(
        &format!(r#""Kind":"OpenIdConnect","Authority":"{keycloak}","Audience":"a""#),
        ConfigSettings::default().authority(Authority::openid_connect(keycloak).audience("a")),
    );
    same(
        &format!(
            r#""Authority":"{OKTA}","ClientId":"0oa1","AllowedClients":["0oa2"],"Algorithms":["ES256","RS256"],
            "ScopeClaim":"scp","RoleClaim":"/realm_access/roles","SubjectClaim":"uid","ClientClaim":"cid",
            "GroupClaim":"/realm_access/groups",
            "AudienceClaim":"client_id","MetadataAddress":"{OKTA}/.well-known/oauth-authorization-server""#
        ),
        ConfigSettings::default().authority(
            Authority::openid_connect(OKTA)
                .client_id("0oa1")
                .allowed_client("0oa2")
                .algorithms([Algorithm::RS256, Algorithm::ES256])
                .scope_claim("scp")
                .role_claim("/realm_access/roles")
                .group_claim("/realm_access/groups")
                .subject_claim("uid")
                .client_claim("cid")
                .audience_claim("client_id")
                .metadata(format!("{OKTA}/.well-known/oauth-authorization-server")),
        ),
    );
    same(
        &format!(r#""Authority":"{OKTA}","Audience":"a","JwksUri":"https://keys.example/jwks""#),
        ConfigSettings::default()
            .authority(Authority::openid_connect(OKTA).audience("a").jwks_uri("https://keys.example/jwks")),
    );
}

/// It widens who gets in, so that it is the switch of one authority alone, and must be said.
#[test]
fn directory_claims_are_trusted_of_one_authority_alone() {
    let openid = || Authority::openid_connect(OKTA).audience("a");
    let own = format!(r#""Authority":"{OKTA}","Audience":"a""#);
    for (value, is_trusted) in [("true", true), (r#""True""#, true), ("false", false), (r#""false""#, false)] {
        let built = if is_trusted { openid().trust_directory_claims() } else { openid() };
        same(&format!(r#"{own},"TrustDirectoryClaims":{value}"#), ConfigSettings::default().authority(built));
    }
    for value in [r#""""#, "1", r#""yes""#, "[true]", "{}"] {
        let json = format!(r#"{{"AzureAd":{{"Authorities":[{{{own},"TrustDirectoryClaims":{value}}}]}}}}"#);
        let problems = told(Config::from_json(&json));
        assert!(
            matches!(&problems[..], [problem] if problem.starts_with("AzureAd:Authorities:0:TrustDirectoryClaims")
                && problem.ends_with("must be true or false")),
            "{value}: {problems:?}"
        );
    }
    // For every kind, in a list and beside the tenant; what stands outside of the list is not for those within.
    let states = |json: String| -> Vec<bool> {
        plan(Config::from_json(&json)).authorities.iter().map(|trusted| trusted.directory.assignments).collect()
    };
    let switch = r#""TrustDirectoryClaims":true"#;
    let emulator = r#""Instance":"http://127.0.0.1:4000""#;
    assert_eq!(states(section(&format!(",{emulator}"))), [false]);
    assert_eq!(states(section(&format!(",{emulator},{switch}"))), [true]);
    assert_eq!(states(section(&format!(r#",{emulator},{switch},"Authorities":[{{{own}}}]"#))), [true, false]);
    assert_eq!(states(section(&format!(r#",{emulator},"Authorities":[{{{own},{switch}}}]"#))), [false, true]);
    assert_eq!(states(section(&format!(r#","Authorities":[{{{own}}}]"#))), [true, false], "Entra needs none");
    let b2c = r#""Instance":"https://contoso.b2clogin.com","Domain":"contoso.onmicrosoft.com","SignUpSignInPolicyId":"B2C_1_susi""#;
    assert_eq!(states(section(&format!(r#","Authorities":[{{{b2c},{switch}}}]"#))), [true, true]);
    assert_eq!(states(section(&format!(r#","Authorities":[{{{b2c}}}]"#))), [true, false]);
}

/// A claim that all tokens must have can be written by the operator of one of the authorities.
#[test]
fn required_claims_that_an_authority_can_write_are_told() {
    let authorities = |claim: &str, more: &str| {
        let own = format!(r#"[{{"Name":"partner","Authority":"{OKTA}","Audience":"a"{more}}}]"#);
        let rule = format!(r#"[{{"Name":"{claim}","Values":["x"]}}]"#);
        warnings(&plan(Config::from_json(&section(&format!(r#","RequiredClaims":{rule},"Authorities":{own}"#)))))
    };
    for (claim, more, is_told) in [
        ("groups", "", true),
        ("wids", "", true),
        ("tid", "", true),
        ("acct", "", true),
        ("groups", r#","TrustDirectoryClaims":true"#, false),
        ("department", "", false),
    ] {
        let told = authorities(claim, more);
        let said = format!("AzureAd:RequiredClaims:0: the claim {claim} is read from the token, and partner can");
        assert_eq!(told.iter().any(|warning| warning.starts_with(&said)), is_told, "{claim}: {told:?}");
    }
    let alone =
        format!(r#"{{"AzureAd":{{"Authority":"{OKTA}","Audience":"a","RequiredClaims":[{{"Name":"groups"}}]}}}}"#);
    assert!(warnings(&plan(Config::from_json(&alone))).is_empty(), "of one alone it is plain whose claim it is");
}

#[test]
fn keys_at_hand() {
    let algorithms = r#""Algorithms":["EdDSA"],"Audience":"a""#;
    let built = || Authority::openid_connect(OKTA).audience("a").algorithms([Algorithm::EdDSA]);
    let jwks = format!(r#"{{"keys":[{JWK}]}}"#);
    let pem = PEM.replace('\n', "\\n");
    for (keys, built) in [
        (format!(r#""StaticKeys":{jwks}"#), built().static_keys(&jwks)),
        (format!(r#""StaticKeys":{:?}"#, jwks), built().static_keys(&jwks)),
        (format!(r#""StaticKeys":"{pem}""#), built().pem_key(PEM)),
        (format!(r#""StaticKeys":"{pem}\n{pem}""#), built().pem_key(PEM).pem_key(PEM)),
    ] {
        same(&format!(r#""Authority":"{OKTA}",{algorithms},{keys}"#), ConfigSettings::default().authority(built));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("appsettings.json");
    let read = |name: &str| {
        let json =
            format!(r#"{{"AzureAd":{{"Authorities":[{{"Authority":"{OKTA}",{algorithms},"KeyFile":"{name}"}}]}}}}"#);
        std::fs::write(&file, json).unwrap();
        Config::from_file(&file).and_then(|config| config.validate()).map_err(|error| error.to_string())
    };
    for (name, text) in [("keys.json", jwks.as_str()), ("key.pem", PEM), ("bom.json", &format!("\u{feff} {jwks}"))] {
        std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(read(name), Ok(()), "{name}");
    }
    // The private half, and its text, are nowhere to be seen.
    std::fs::write(
        folder.path().join("private.pem"),
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
    )
    .unwrap();
    std::fs::write(folder.path().join("none.txt"), "secret").unwrap();
    std::fs::write(folder.path().join("front.pem"), format!("secret\n{PEM}")).unwrap();
    std::fs::write(folder.path().join("empty.json"), r#"{"keys":[]}"#).unwrap();
    for (name, told) in [
        ("private.pem", "is a private key, which has no place here"),
        ("none.txt", "a key set ({\"keys\": […]}) or public keys in PEM"),
        ("front.pem", "is no PEM text"),
        ("empty.json", "none of its keys can be used for EdDSA; see Algorithms"),
        ("missing.json", "cannot be read as "),
        (".", "it is not a regular file"),
    ] {
        let error = read(name).unwrap_err();
        assert!(error.contains("AzureAd:Authorities:0:KeyFile") && error.contains(told), "{name}: {error}");
        assert!(!error.contains("secret") && !error.contains("c2VjcmV0"), "{error}");
    }
}

#[test]
fn secrets_occur_in_no_debug_output() {
    let key = r#"{"kty":"RSA","kid":"a","n":"hunter2","e":"AQAB","d":"hunter2"}"#;
    let entry =
        format!(r#"{{"Authority":"{OKTA}","Audience":"a","ClientSecret":"hunter2","StaticKeys":{{"keys":[{key}]}}}}"#);
    let pem = r#""-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----""#;
    for members in [
        r#""ClientSecret":"hunter2""#.to_owned(),
        format!(r#""Authorities":[{entry}]"#),
        format!(r#""Authorities":{{"0":{entry}}}"#),
        format!(r#""Authorities":{}"#, serde_json::Value::from(format!("[{entry}]"))),
        format!(r#""Authorities":[{}]"#, serde_json::Value::from(entry.clone())),
        r#""TokenValidationParameters":{"ClientSecret":"hunter2","IssuerSigningKey":"hunter2"}"#.to_owned(),
        format!(r#""StaticKeys":{{"keys":[{key}]}}"#),
        format!(r#""StaticKeys":{}"#, serde_json::Value::from(format!("{{\"keys\":[{key}]}}"))),
        format!(r#""StaticKeys":{pem}"#),
        format!(r#""StaticKeys":[{pem}]"#),
        format!(r#""StaticKeys":[[{key}]]"#),
        format!(r#""KeyFile":{pem}"#),
        format!(r#""KeyFile":[{pem}]"#),
        r#""KeyFile":"x\nhunter2""#.to_owned(),
        format!(r#""KeyFile":{}"#, serde_json::Value::from(key)),
        format!(r#""CaFile":{pem}"#),
        format!(r#""Authorities":[{{"Authority":"{OKTA}","Audience":"a","KeyFile":{pem},"CaFile":{pem}}}]"#),
    ] {
        let config = Config::from_json(&format!(r#"{{"AzureAd":{{{}}}}}"#, with_client(&members))).unwrap();
        let builder = crate::VerifierBuilder::from(config.clone());
        let mut shown = format!("{config:?} {config:#?} {builder:?} {builder:#?} {:?}", config.report());
        if let Err(error) = config.validate() {
            shown += &format!("{error} {error:?}");
        }
        assert!(!shown.contains("hunter2"), "{members}\n{shown}");
        // Names and types are of use.
        assert!(shown.contains("AzureAd:ClientId: a string"), "{shown}");
    }
    let authority = Authority::openid_connect(OKTA).static_keys("hunter2");
    let other = Authority::openid_connect(OKTA).pem_key("hunter2");
    let builder = crate::Verifier::builder().authority(authority.clone()).authority(other.clone());
    assert!(!format!("{authority:?} {other:?} {builder:?}").contains("hunter2"));
}

#[test]
fn the_text_of_a_file_is_no_name_of_a_file() {
    for setting in ["KeyFile", "CaFile"] {
        for text in ["-----BEGIN PUBLIC KEY----- x", "a\\nb", "a\\rb", " {}"] {
            let members = format!(r#""Authority":"{OKTA}","Audience":"a","{setting}":"{text}""#);
            let problems = told(Config::from_json(&format!(r#"{{"AzureAd":{{{members}}}}}"#)));
            let start = format!("AzureAd:{setting}: must be the name of a file, not what is in it");
            assert!(problems.len() == 1 && problems[0].starts_with(&start), "{members}\n{problems:#?}");
        }
    }
}

#[test]
fn several_authorities() {
    let members = format!(
        r#""TenantId":"{TENANT}","ClientId":"{CLIENT}","RequiredClaims":[{{"Name":"acr"}}],"AllowedClients":["{CLIENT}"],
        "Authorities":[
            {{"Authority":"{CIAM}/","ClientId":"{OTHER}","Name":"customers"}},
            {{"authority":"{OKTA}","audience":"api://orders","allowed_clients":["0oa"],
              "RequiredClaims":[{{"Name":"dept","Values":["x"]}}]}},
            {{"Instance":"https://login.microsoftonline.us","TenantIds":["{OTHER}"],"Version":2.0}}
        ]"#
    );
    let built = ConfigSettings::default()
        .tenant(TENANT)
        .client_id(CLIENT)
        .allowed_client(CLIENT)
        .required_claim(ClaimRule::present("acr"))
        .authority(Authority::external_id_at(CIAM, DOMAIN).client_id(OTHER).named("customers"))
        .authority(
            Authority::openid_connect(OKTA)
                .audience("api://orders")
                .allowed_client("0oa")
                .required_claim(ClaimRule::all("dept", ["x"])),
        )
        .authority(
            Authority::tenant(OTHER.parse().unwrap())
                .in_instance(Cloud::UsGovernment.into())
                .version(crate::claims::TokenVersion::V2),
        );
    same(&members, built);
    // Nothing at the top is needed then.
    same(
        &format!(r#""Authorities":[{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}}]"#),
        ConfigSettings::default().authority(Authority::tenant(TENANT.parse().unwrap()).client_id(CLIENT)),
    );
    // The cloud of the section is that of its authorities, unless they say another.
    same(
        &format!(
            r#""Instance":"https://login.microsoftonline.us","ClientId":"{CLIENT}","Authorities":[{{"TenantId":"{TENANT}"}}]"#
        ),
        ConfigSettings::default()
            .client_id(CLIENT)
            .authority(Authority::tenant(TENANT.parse().unwrap()).in_instance(Cloud::UsGovernment.into())),
    );
    // Each is what it would be as the one authority of a section.
    same(
        &format!(
            r#""Authorities":[{{"ClientId":"{CLIENT}","TenantId":"organizations"}},
            {{"ClientId":"{CLIENT}","Authority":"{B2C}/{DOMAIN}/B2C_1_a"}}]"#
        ),
        ConfigSettings::default()
            .authority(Authority::danger_any_organization().client_id(CLIENT))
            .authority(Authority::b2c_at(B2C, DOMAIN, "B2C_1_a").client_id(CLIENT)),
    );
}

#[test]
fn readiness_counts_the_authorities_that_are_required() {
    const WARNING: &str = "no authority is required for readiness";
    let partner = |required: &str| format!(r#"{{"Authority":"{OKTA}","Audience":"a"{required}}}"#);
    let (yes, no) = (r#","RequiredForReadiness":true"#, r#","RequiredForReadiness":false"#);
    for (outer, inner, expected, warns) in [
        ("", "", [true, true], false),
        ("", yes, [true, true], false),
        ("", no, [true, false], false),
        (no, "", [false, true], false),
        (no, no, [false, false], true),
    ] {
        let plan = plan(Config::from_json(&section(&format!(r#"{outer},"Authorities":[{}]"#, partner(inner)))));
        let required: Vec<bool> = plan.authorities.iter().map(|trusted| trusted.is_required_for_readiness).collect();
        assert_eq!(required, expected, "{outer} {inner}");
        assert_eq!(warnings(&plan).iter().any(|warning| warning.contains(WARNING)), warns, "{outer} {inner}");
    }
    let without_own = format!(r#"{{"AzureAd":{{"RequiredForReadiness":false,"Authorities":[{}]}}}}"#, partner(""));
    let problem =
        "AzureAd:RequiredForReadiness = \"false\": applies to one authority; move it into its entry in Authorities";
    assert_eq!(told(Config::from_json(&without_own)), [problem]);
}

#[test]
fn several_authorities_by_the_environment() {
    let environment = plan(vars(&[
        ("ENTRA_TENANT_ID", TENANT),
        ("ENTRA_CLIENT_ID", CLIENT),
        ("AzureAd__Authorities__0__Authority", OKTA),
        ("AzureAd__Authorities__0__Audiences__0", "api://orders"),
        ("AzureAd__Authorities__0__RequiredClaims__0__Name", "dept"),
        ("AzureAd__Authorities__0__RequiredClaims__0__Values__0", "x"),
        ("AzureAd__Authorities__1__Instance", B2C),
        ("AzureAd__Authorities__1__SignUpSignInPolicyId", "B2C_1_susi"),
        ("AzureAd__Authorities__1__AcceptTfpIssuers", "true"),
        ("AzureAd__Authorities__2__Instance", "http://localhost:4000"),
        ("AzureAd__Authorities__2__TenantId", TENANT),
        ("AzureAd__Authorities__2__Issuers__0", "http://127.0.0.1:4000/{tenantid}/v2.0"),
    ]));
    let instance = crate::tenant::Instance::parse("http://localhost:4000").unwrap();
    let built = plan(Ok(ConfigSettings::default()
        .tenant(TENANT)
        .client_id(CLIENT)
        .authority(
            Authority::openid_connect(OKTA).audience("api://orders").required_claim(ClaimRule::all("dept", ["x"])),
        )
        .authority(Authority::b2c("contoso", "B2C_1_susi").accept_tfp_issuers())
        .authority(
            Authority::tenant(TENANT.parse().unwrap())
                .in_instance(instance)
                .issuers(["http://127.0.0.1:4000/{tenantid}/v2.0"]),
        )));
    assert_eq!(shown(&environment), shown(&built));

    let base = [("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT)];
    for (name, value, problem) in [
        ("AzureAd__Authorities__0__ClientId", CLIENT, format!("AzureAd__Authorities__0__TenantId: {NO_TENANT}")),
        (
            "AzureAd__Authorities__0__Authorty",
            OKTA,
            "AzureAd__Authorities__0__Authorty: is not a setting; did you mean `Authority`?".to_owned(),
        ),
        (
            "AzureAd__Authorities__0__AllowedClients__0",
            " ",
            "AzureAd__Authorities__0__AllowedClients__0 = \"\": is set, but empty; give it a value, or unset it to \
             lift the restriction"
                .to_owned(),
        ),
        (
            "AzureAd__Authorities",
            "x",
            "AzureAd__Authorities: is a string; must be a list of authorities, such as \
             [{\"TenantId\": \"…\"}, {\"Authority\": \"https://…\"}]"
                .to_owned(),
        ),
    ] {
        let all: Vec<_> = base.into_iter().chain([(name, value)]).collect();
        assert_eq!(told(vars(&all)).first(), Some(&problem), "{name}");
    }
}

#[test]
fn mistakes_of_one_authority() {
    let entra_host = "is the sign-in host of a cloud, which does not issue these tokens; write https://contoso.b2clogin.com, with the name \
         of your tenant";
    let algorithms = "the algorithms are RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    let mixed = "leave one out, and list authorities of several kinds under Authorities";
    let at_cloud = "; Azure AD B2C is at https://contoso.b2clogin.com, with the name of your tenant";
    for (members, problem) in [
        // B2C.
        (
            format!(r#""Instance":"{B2C}","Domain":"{DOMAIN}""#),
            format!("AzureAd:Instance = \"{B2C}/{DOMAIN}/\": has no policy; write the name of the user flow that issues \
                     the tokens as SignUpSignInPolicyId"),
        ),
        (
            format!(r#""Authority":"{B2C}/{DOMAIN}/v2.0""#),
            format!("AzureAd:Authority = \"{B2C}/{DOMAIN}/\": has no policy; write the name of the user flow that issues \
                     the tokens as SignUpSignInPolicyId"),
        ),
        (
            format!(r#""Authority":"{B2C}/{DOMAIN}/v2.0?p=B2C_1_susi""#),
            format!("AzureAd:Authority = \"{B2C}/{DOMAIN}/v2.0?p=B2C_1_susi\": names the policy in its query (?p=); write it \
                     as SignUpSignInPolicyId"),
        ),
        (
            format!(r#""Authority":"https://login.microsoftonline.com/tfp/{DOMAIN}/B2C_1_susi""#),
            format!("AzureAd:Authority = \"https://login.microsoftonline.com\": {entra_host}"),
        ),
        (
            r#""SignUpSignInPolicyId":"B2C_1_susi""#.to_owned(),
            "AzureAd:Instance: is missing: an Azure AD B2C tenant has an address of its own, such as \
             https://contoso.b2clogin.com (AzureAd:SignUpSignInPolicyId = \"B2C_1_susi\")"
                .to_owned(),
        ),
        (
            r#""Instance":"https://login.contoso.example","SignUpSignInPolicyId":"own""#.to_owned(),
            "AzureAd:TenantId: is missing; write the tenant's GUID, or its domain such as contoso.onmicrosoft.com".to_owned(),
        ),
        (
            format!(r#""Instance":"{B2C}","TenantId":"common","SignUpSignInPolicyId":"a""#),
            "AzureAd:TenantId = \"common\": the tenant's GUID, or its domain such as contoso.onmicrosoft.com is needed".to_owned(),
        ),
        (
            format!(r#""Instance":"{B2C}","Domain":"con toso","SignUpSignInPolicyId":"a""#),
            "AzureAd:Domain = \"con toso\": the tenant's GUID, or its domain such as contoso.onmicrosoft.com is needed".to_owned(),
        ),
        (
            format!(r#""Instance":"{B2C}","SignUpSignInPolicyId":"a/b""#),
            "AzureAd:SignUpSignInPolicyId = \"a/b\": the name of a user flow or policy such as B2C_1_susi is needed".to_owned(),
        ),
        (
            format!(r#""Instance":"{B2C}","SignUpSignInPolicyId":"a","Policies":["b","A"]"#),
            "AzureAd:SignUpSignInPolicyId = \"A\": is named twice; leave one out".to_owned(),
        ),
        (
            format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_a","SignUpSignInPolicyId":"B2C_1_b""#),
            format!("AzureAd:Authority = \"{B2C}/{DOMAIN}/B2C_1_a\": names another policy than AzureAd:SignUpSignInPolicyId \
                     = \"B2C_1_b\"; leave one out, or list both under Policies"),
        ),
        (
            format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_a","TenantId":"{TENANT}""#),
            format!("AzureAd:Authority = \"{B2C}/{DOMAIN}/B2C_1_a\": names another tenant than AzureAd:TenantId = \
                     \"{TENANT}\"; leave one out"),
        ),
        (
            format!(r#""Authority":"{B2C}/{DOMAIN}/B2C_1_a","Instance":"https://other.b2clogin.com""#),
            format!("AzureAd:Instance = \"https://other.b2clogin.com\": differs from AzureAd:Authority = \
                     \"{B2C}/{DOMAIN}/B2C_1_a\"; leave one out"),
        ),
        (
            format!(r#""Instance":"{B2C}","SignUpSignInPolicyId":"a","Version":"1.0""#),
            format!("AzureAd:Version = \"1.0\": does not apply: the authority is an Azure AD B2C tenant (AzureAd:Instance = \
                     \"{B2C}\"), which has one version"),
        ),
        // Kinds mixed.
        (
            format!(r#""Instance":"https://login.microsoftonline.com/","TenantId":"{TENANT}","SignUpSignInPolicyId":"a""#),
            format!("AzureAd:SignUpSignInPolicyId = \"a\": is for Azure AD B2C, but the authority is an Entra tenant \
                     (AzureAd:Instance = \"https://login.microsoftonline.com/\"); {mixed}{at_cloud}"),
        ),
        (
            format!(r#""TenantId":"{TENANT}","AcceptTfpIssuers":true"#),
            format!("AzureAd:AcceptTfpIssuers = \"true\": is for Azure AD B2C, but the authority is an Entra tenant \
                     (AzureAd:TenantId = \"{TENANT}\"); {mixed}{at_cloud}"),
        ),
        (
            format!(r#""TenantId":"{TENANT}","AcceptAppTokensWithoutPolicy":true"#),
            format!("AzureAd:AcceptAppTokensWithoutPolicy = \"true\": is for Azure AD B2C, but the authority is an Entra tenant \
                     (AzureAd:TenantId = \"{TENANT}\"); {mixed}{at_cloud}"),
        ),
        (
            format!(r#""Authority":"https://login.microsoftonline.com/{TENANT}","Instance":"{B2C}""#),
            format!("AzureAd:Instance = \"{B2C}\": is the address of an Azure AD B2C tenant, not of an Entra tenant"),
        ),
        (
            format!(r#""Authority":"{CIAM}/","Instance":"https://login.microsoftonline.com""#),
            format!("AzureAd:Instance = \"https://login.microsoftonline.com\": is of an Entra tenant, but the authority is an External ID \
                     tenant; {mixed}"),
        ),
        (
            format!(r#""TenantId":"{TENANT}","ScopeClaim":"scope""#),
            format!("AzureAd:ScopeClaim = \"scope\": is for OpenID Connect issuers, but the authority is an Entra tenant \
                     (AzureAd:TenantId = \"{TENANT}\"), whose addresses and claims are known; leave it out"),
        ),
        (
            format!(r#""Kind":"Entra","Authority":"{CIAM}/{TENANT}""#),
            format!("AzureAd:Authority = \"{CIAM}/{TENANT}\": is the address of an External ID tenant, not of an Entra tenant"),
        ),
        (r#""Kind":"Okta""#.to_owned(), "AzureAd:Kind = \"Okta\": is not a kind of authority; the kinds are Entra, B2C, \
             ExternalId, OpenIdConnect, Workload".to_owned()),
        // External ID.
        (
            format!(r#""Authority":"{CIAM}/a/b""#),
            format!("AzureAd:Authority = \"{CIAM}/a/b\": only the tenant and /v2.0 may follow the host"),
        ),
        (
            format!(r#""Instance":"{CIAM}","TenantIds":["{TENANT}","{OTHER}"]"#),
            format!("AzureAd:TenantIds:1 = \"{OTHER}\": differs from AzureAd:TenantIds:0 = \"{TENANT}\"; leave one out"),
        ),
        (
            r#""Kind":"ExternalId","TenantId":"contoso.example""#.to_owned(),
            "AzureAd:Instance: is missing: an External ID tenant has an address of its own, such as \
             https://contoso.ciamlogin.com"
                .to_owned(),
        ),
        // Other issuers.
        (
            r#""Authority":"https://id.example/?x=1""#.to_owned(),
            "AzureAd:Authority = \"https://id.example/?x=1\": an issuer has no query (?) and no fragment (#); \
             write it as its tokens have it in iss"
                .to_owned(),
        ),
        (
            r#""Kind":"OpenIdConnect","Authority":"https://id.example/#x""#.to_owned(),
            "AzureAd:Authority = \"https://id.example/#x\": an issuer has no query (?) and no fragment (#); write it \
             as its tokens have it in iss".to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}/.well-known/openid-configuration""#),
            format!("AzureAd:Authority = \"{OKTA}/.well-known/openid-configuration\": is the address of the metadata; write the \
                     issuer, which its tokens have in iss: usually the part before /.well-known"),
        ),
        (
            format!(r#""Kind":"OpenIdConnect","Authority":"https://login.microsoftonline.com/{TENANT}/v2.0""#),
            format!("AzureAd:Authority = \"https://login.microsoftonline.com/{TENANT}/v2.0\": is at Entra: configure TenantId \
                     (in code, tenant() or Authority::tenant)"),
        ),
        (
            format!(r#""Authority":"{OKTA}","TenantId":"{TENANT}""#),
            format!("AzureAd:TenantId = \"{TENANT}\": does not apply: the authority is another OpenID Connect issuer \
                     (AzureAd:Authority = \"{OKTA}\"), without TenantId; {mixed}"),
        ),
        (
            r#""Kind":"OpenIdConnect""#.to_owned(),
            "AzureAd:Authority: is missing; write the issuer, exactly as its tokens have it in iss".to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}","MetadataAddress":"https://a.example/m","JwksUri":"https://a.example/k""#),
            "AzureAd:JwksUri = \"https://a.example/k\": is a second source of keys beside AzureAd:MetadataAddress; leave one \
             out"
                .to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}","JwksUri":"http://a.example/k""#),
            "AzureAd:JwksUri = \"http://a.example/k\": http:// is accepted for loopback addresses only, use https://".to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}","RoleClaim":" ""#),
            "AzureAd:RoleClaim = \" \": the name of a claim, or a JSON Pointer such as /a/b, is needed".to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}","GroupClaim":"/""#),
            "AzureAd:GroupClaim = \"/\": the name of a claim, or a JSON Pointer such as /a/b, is needed".to_owned(),
        ),
        (
            format!(r#""Authority":"{OKTA}","StaticKeys":{{"keys":3}}"#),
            "AzureAd:StaticKeys: it is no key set: a JSON object with an array \"keys\"".to_owned(),
        ),
        (r#""StaticKeys":"x""#.to_owned(), "AzureAd:StaticKeys: must be a key set ({\"keys\": […]}) or public keys in PEM (-----BEGIN \
             PUBLIC KEY-----)".to_owned()),
        (r#""StaticKeys":[1]"#.to_owned(), "AzureAd:StaticKeys: is a list; must be a key set: {\"keys\": \
             […]}".to_owned()),
        // What fits every kind.
        (
            format!(r#""TenantId":"{TENANT}","Algorithms":["RS256","HS256"]"#),
            format!("AzureAd:Algorithms:1 = \"HS256\": is not a signature algorithm with a public key (whoever has a \
                     shared secret can sign tokens); {algorithms}"),
        ),
        (
            format!(r#""TenantId":"{TENANT}","Algorithms":["none"]"#),
            format!("AzureAd:Algorithms:0 = \"none\": is not a signature algorithm with a public key; {algorithms}"),
        ),
        (
            format!(r#""TenantId":"{TENANT}","Algorithms":[]"#),
            "AzureAd:Algorithms = \"[]\": is an empty list, which accepts nothing; remove it for RS256".to_owned(),
        ),
        (
            format!(r#""TenantId":"{TENANT}","Version":3"#),
            "AzureAd:Version = \"3\": must be \"1.0\" or \"2.0\"; remove it to accept both".to_owned(),
        ),
    ] {
        let problems = told(Config::from_json(&format!(r#"{{"AzureAd":{{{}}}}}"#, with_client(&members))));
        assert!(problems.contains(&problem), "{members}\nwanted {problem}\ntold {problems:#?}");
    }
}

#[test]
fn mistakes_within_the_list() {
    let outside = "applies to all authorities; write it outside of Authorities";
    let guid = "a GUID of the form 11111111-2222-3333-4444-555555555555";
    for (authority, problem) in [
        (r#"{"Audience":" ","TenantId":"common"}"#.to_owned(), "Audience = \" \": contains whitespace, which no audience has; remove it".to_owned()),
        (r#"{"Audiences":["a","b*"],"TenantId":"common"}"#.to_owned(), "Audiences:1 = \"b*\": audiences are compared exactly: \
             * is not a wildcard".to_owned()),
        (format!(r#"{{"ClientId":"x","Authority":"{CIAM}"}}"#), format!("ClientId = \"x\": {guid} is needed as the client id")),
        (
            format!(r#"{{"AllowedClients":["x"],"TenantId":"{OTHER}"}}"#),
            format!("AllowedClients:0 = \"x\": {guid} is needed: an application's client id"),
        ),
        (
            format!(r#"{{"RequiredClaims":[{{"Name":"a","Values":[]}}],"TenantId":"{OTHER}"}}"#),
            "RequiredClaims:0 = \"a\": has no values, so that no token could meet it; list some, or leave Values out to require \
             the claim"
                .to_owned(),
        ),
        ("{}".to_owned(), format!("TenantId: {NO_TENANT}")),
        (r#"{"Audiance":"x"}"#.to_owned(), "Audiance: is not a setting; did you mean `Audience`?".to_owned()),
        (r#"{"TenantId":1}"#.to_owned(), "TenantId = \"1\": is a number; must be a string; several are listed \
             under TenantIds".to_owned()),
        (r#"{"ClockSkewSeconds":1}"#.to_owned(), format!("ClockSkewSeconds: {outside}")),
        (r#"{"RevokedKeys":["a"]}"#.to_owned(), format!("RevokedKeys: {outside}")),
        (r#"{"DetailedErrors":true}"#.to_owned(), format!("DetailedErrors: {outside}")),
        (r#"{"Resource":"api://a"}"#.to_owned(), format!("Resource: {outside}")),
        (
            r#"{"AppSpecificKeys":true}"#.to_owned(),
            "AppSpecificKeys: applies to the tenant outside of Authorities; in code, Authority::app_specific_keys() applies to \
             one"
                .into(),
        ),
        (r#"{"AllowWebApiToBeAuthorizedByACL":true}"#.to_owned(), format!("AllowWebApiToBeAuthorizedByACL: {outside}")),
        (
            r#"{"Authorities":[]}"#.to_owned(),
            "Authorities: an entry has no further authorities; list them all in one list".to_owned(),
        ),
        (
            format!(r#"{{"Authority":"{B2C}/{DOMAIN}/B2C_1_a","TenantId":"{TENANT}"}}"#),
            format!("Authority = \"{B2C}/{DOMAIN}/B2C_1_a\": names another tenant than AzureAd:Authorities:0:TenantId = \
                     \"{TENANT}\"; leave one out"),
        ),
    ] {
        let problems = told(Config::from_json(&section(&format!(r#","Authorities":[{authority}]"#))));
        let problem = format!("AzureAd:Authorities:0:{problem}");
        assert!(problems.contains(&problem), "{authority}\nwanted {problem}\ntold {problems:#?}");
    }
    for (list, problem) in [
        ("[]", "AzureAd:Authorities = \"[]\": is an empty list; remove it"),
        ("[1]", "AzureAd:Authorities:0: is a number; must be an object with the settings of one authority"),
        (
            "{}",
            "AzureAd:Authorities: is an object; must be a list of authorities, such as [{\"TenantId\": \"…\"}, \
             {\"Authority\": \"https://…\"}]",
        ),
    ] {
        assert_eq!(told(Config::from_json(&section(&format!(r#","Authorities":{list}"#)))), [problem]);
    }
    // An audience of its own is needed where the section's client id says nothing about it.
    let okta = section(&format!(r#","Authorities":[{{"Authority":"{OKTA}"}}]"#));
    let advice = "has no audience; write the aud claim of its tokens as Audience";
    assert_eq!(told(Config::from_json(&okta)), [format!("AzureAd:Authorities:0 = \"{OKTA}\": {advice}")]);
    // One of several mistakes hides no other.
    let all = r#","Authorities":[{"ClientId":"x"},{"Kind":"Okta","DenyGuests":1},{"TenantId":"x y","Audience":"*"}]"#;
    let problems = told(Config::from_json(&section(all)));
    for name in ["0:TenantId", "0:ClientId", "1:Kind", "1:DenyGuests", "2:TenantId", "2:Audience"] {
        let name = format!("AzureAd:Authorities:{name}");
        assert!(problems.iter().any(|problem| problem.starts_with(&name)), "{name}: {problems:#?}");
    }
}

#[test]
fn authorities_must_be_apart() {
    let advice = |first: &str, named: &str| {
        format!(
            "accepts tokens that {first} ({named}) accepts too, so that it would be ambiguous which rules apply; leave one \
             out, or separate them by Version"
        )
    };
    let public = "https://login.microsoftonline.com";
    for (list, problem) in [
        (
            format!(r#"[{{"TenantId":"{TENANT}"}}]"#),
            format!(
                "AzureAd:Authorities:0 = \"{public}/{TENANT}\": {}",
                advice(&format!("{public}/{TENANT}"), "AzureAd:TenantId")
            ),
        ),
        (
            r#"[{"TenantId":"organizations"}]"#.to_owned(),
            format!(
                "AzureAd:Authorities:0 = \"{public}/organizations\": {}",
                advice(&format!("{public}/{TENANT}"), "AzureAd:TenantId")
            ),
        ),
        (
            format!(r#"[{{"Authority":"{OKTA}","Audience":"a"}},{{"Authority":"{OKTA}","Audience":"b"}}]"#),
            format!("AzureAd:Authorities:1 = \"{OKTA}\": {}", advice(OKTA, "AzureAd:Authorities:0")),
        ),
    ] {
        assert_eq!(told(Config::from_json(&section(&format!(r#","Authorities":{list}"#)))), [problem], "{list}");
    }
    let apart = format!(r#","Version":"1.0","Authorities":[{{"TenantId":"{TENANT}","Version":"2.0"}}]"#);
    assert!(told(Config::from_json(&section(&apart))).is_empty());
}

#[test]
fn personal_accounts_by_their_id_are_told() {
    let personal: TenantId = "9188040d-6c67-4c5b-b112-36a304b66dad".parse().unwrap();
    let (one, named) = (Authority::tenant(personal), Authority::danger_personal_accounts());
    let listed = Authority::tenants([TENANT.parse().unwrap(), personal], []);
    for (authority, is_told) in [(one, true), (listed, true), (named, false), (Authority::danger_any_account(), false)]
    {
        let plan = plan(Ok(only_client().authority(authority)));
        let said = "authority() = \"9188040d-6c67-4c5b-b112-36a304b66dad\" accepts personal Microsoft accounts";
        assert_eq!(warnings(&plan).iter().any(|warning| warning.starts_with(said)), is_told, "{:?}", warnings(&plan));
    }
}

#[test]
fn words_that_others_use_too_are_not_taken_for_ours() {
    let json = section("").replacen('{', r#"{"Name":"orders","Version":"1.2.3","Kind":"web","Policies":1,"#, 1);
    assert_eq!(told(Config::from_json(&json)), [""; 0]);
    let beside = section("").replacen('{', r#"{"Authorities":[],"#, 1);
    assert_eq!(
        told(Config::from_json(&beside)),
        ["Authorities: is not read beside the section AzureAd; move it into the section"]
    );
}

#[test]
fn what_another_issuer_calls_its_own_opens_nothing_at_entra() {
    let json = |client: &str, more: &str| {
        format!(
            r#"{{"AzureAd":{{"Authority":"{OKTA}","ClientId":"0oa1","AllowedClients":["{client}"],
            "Authorities":[{{"TenantId":"{TENANT}"{more}}}]}}}}"#
        )
    };
    let with_id = plan(Config::from_json(&json("0OA2", &format!(r#","ClientId":"{CLIENT}""#))));
    let [okta, entra] = with_id.authorities.as_slice() else { panic!("{with_id:?}") };
    assert_eq!(okta.policy.allowed_clients, ["0OA2".to_owned()].into());
    assert_eq!(entra.policy.allowed_clients, okta.policy.allowed_clients);
    assert!(okta.policy.audiences.contains("0oa1") && !entra.policy.audiences.contains("0oa1"));
    assert!(entra.policy.audiences.contains(CLIENT) && !okta.policy.audiences.contains(CLIENT));
    // Its client id is none of Entra's, so an audience is missing there.
    let advice = "has no audience; write the aud claim of its tokens as Audience";
    let entra = format!("https://login.microsoftonline.com/{TENANT}");
    assert_eq!(told(Config::from_json(&json("0oa2", ""))), [format!("AzureAd:Authorities:0 = \"{entra}\": {advice}")]);
    assert_eq!(told(Config::from_json(&json(" ", &format!(r#","ClientId":"{CLIENT}""#)))).len(), 1);
}

#[test]
fn an_instance_by_the_builder_names_its_kind_too() {
    let of_ciam = plan(Ok(ConfigSettings::default().tenant(TENANT).client_id(CLIENT).instance(CIAM)));
    let built = plan(Ok(only_client().authority(Authority::external_id_at(CIAM, TENANT))));
    assert_eq!(shown(&of_ciam), shown(&built));
    assert_eq!(
        told(Ok(ConfigSettings::default().tenant(TENANT).client_id(CLIENT).instance(B2C))),
        [format!(
            "tenant() = \"{B2C}/{TENANT}/\": has no policy; write the name of the user flow that issues the \
             tokens as policy()"
        )]
    );
    assert_eq!(
        told(Ok(ConfigSettings::default().tenant(TENANT).client_id(CLIENT).instance(CIAM).app_specific_keys(true))),
        ["app_specific_keys() = \"true\": needs tenant(): only the document of a single tenant has those keys"]
    );
}
