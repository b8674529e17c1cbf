//! Several sources as one: precedence, sections, and the report.

use super::*;

const THIRD: &str = "bbbbbbbb-2222-3333-4444-555555555555";

/// A file with these further members, and these variables over it.
fn over(members: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_json(&section(members)).and_then(|config| config.with_vars(variables))
}

#[test]
fn environment_replaces_settings_of_the_file_as_a_whole() {
    let clients = |config| plan(config).authorities[0].policy.allowed_clients.clone();
    let file = format!(r#","AllowedClients":["{OTHER}","{CLIENT}"]"#);
    assert_eq!(clients(over(&file, &[])).len(), 2);
    for name in ["ENTRA_ALLOWED_CLIENTS", "AzureAd__AllowedClients__0", "azuread:allowedclients:0"] {
        assert_eq!(clients(over(&file, &[(name, THIRD)])), [THIRD.to_owned()].into(), "{name}");
    }
    // `TenantId` and `TenantIds` are one setting.
    let tenants = over("", &[("AzureAd__TenantIds__0", OTHER)]);
    assert_eq!(only(&plan(tenants)), entra(Authority::tenants([OTHER.parse().unwrap()], [])));
    // A mistake in a value that is replaced does not matter; one in another does.
    assert!(told(over(r#","AllowedClients":["x"]"#, &[("ENTRA_ALLOWED_CLIENTS", OTHER)])).is_empty());
    assert_eq!(told(over(r#","ClockSkewSeconds":"x""#, &[("ENTRA_ALLOWED_CLIENTS", "y")])).len(), 2);
}

#[test]
fn code_replaces_settings_of_both() {
    let config = over(r#","ClockSkewSeconds":"x","AllowedClients":[]"#, &[("ENTRA_CLIENT_ID", "y")]).unwrap();
    let code = ConfigSettings::default().leeway(Duration::from_secs(5)).client_id(CLIENT).allowed_client(OTHER);
    let plan = config.resolve(&code).unwrap();
    assert_eq!(plan.authorities[0].policy.leeway, Duration::from_secs(5));
    assert_eq!(plan.authorities[0].policy.allowed_clients, [OTHER.to_owned()].into());
    assert_eq!(told(Ok(config)).len(), 3);
}

#[test]
fn empty_variable_over_a_value_is_an_error_that_names_both() {
    for (members, name, value) in [
        ("", "ENTRA_TENANT_ID", "AzureAd:TenantId"),
        ("", "AzureAd__TenantIds__0", "AzureAd:TenantId"),
        ("", "ENTRA_CLIENT_ID", "AzureAd:ClientId"),
        (r#","Audience":"api://a""#, "ENTRA_AUDIENCES", "AzureAd:Audience"),
    ] {
        let advice = format!("is set, but empty, over {value}; give it a value, or unset it");
        assert_eq!(told(over(members, &[(name, " ")])), [format!("{name} = \"\": {advice}")]);
    }
    assert!(told(over(r#","Audience":null"#, &[("ENTRA_AUDIENCES", "")])).is_empty());
}

#[test]
fn objects_are_replaced_as_a_whole_or_not_at_all() {
    let okta = r#"{"Name":"a","Authority":"https://id.example","Audience":"a","AllowedClients":["x"]}"#;
    let file = format!(r#","Authorities":[{okta}],"TokenValidationParameters":{{"ClockSkew":"00:00:05"}}"#);
    let advice = |lost: &str| {
        format!(
            "replaces AzureAd:Authorities as a whole and leaves out {lost}: Authorities is not merged, so write all of it in one source"
        )
    };
    for (variables, problem) in [
        (vec![("AzureAd__Authorities__0__Audience", "b")], advice("AzureAd:Authorities:0")),
        (
            vec![
                ("AzureAd__Authorities__0__Authority", "https://id.example"),
                ("AzureAd__Authorities__0__Audience", "b"),
            ],
            advice("AzureAd:Authorities:0:Name"),
        ),
        (vec![("AzureAd__Authorities__1__Authority", "https://other.example")], advice("AzureAd:Authorities:0")),
    ] {
        let problems = told(over(&file, &variables));
        assert!(problems.contains(&format!("AzureAd__Authorities: {problem}")), "{problems:#?}");
    }
    let other =
        [("AzureAd__Authorities__0__Authority", "https://other.example"), ("AzureAd__Authorities__0__Audience", "b")];
    // One for another authority may leave out all but restrictions.
    let problems = told(over(&file, &other));
    let problem = format!("AzureAd__Authorities: {}", advice("AzureAd:Authorities:0:AllowedClients"));
    assert!(problems.contains(&problem), "{problems:#?}");
    let file_without = file.replace(r#","AllowedClients":["x"]"#, "");
    assert_eq!(plan(over(&file_without, &other)).authorities.len(), 2);
    let partial = told(over(
        &file.replace(r#""x""#, &format!("{OTHER:?}")),
        &[("AzureAd__TokenValidationParameters__ValidateIssuer", "true")],
    ));
    assert!(
        matches!(&partial[..], [problem] if problem.contains("TokenValidationParameters:ClockSkew")),
        "{partial:?}"
    );
}

#[test]
fn sections_have_names_and_paths() {
    let json = r#"{"A":{"B":{"TenantId":"$T","ClientId":"$C"}}}"#.replace("$T", TENANT).replace("$C", CLIENT);
    let read = |path: &str| Config::section(path).from_json(&json);
    assert!(told(read("A:B")).is_empty() && told(read("a:b")).is_empty());
    let error = read("A").unwrap().validate().unwrap_err().to_string();
    assert!(error.contains("A:B:TenantId: is not read there"), "{error}");
    let beside = json.replacen('{', r#"{"Other":"x","Other:C":"y","#, 1);
    assert!(told(Config::section("A:B").from_json(&beside)).is_empty(), "names of other sections do not matter");
    let error = read("C").unwrap_err().to_string();
    assert!(error.contains("the settings are in the section \"A:B\""), "{error}");
    let variables = [("A__B__TenantId", OTHER), ("ENTRA_CLIENT_ID", CLIENT), ("AzureAd__ClockSkewSeconds", "x")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = read("A:B").and_then(|config| config.with_vars(variables.clone()));
    assert_eq!(only(&plan(config)), entra(Authority::tenant(OTHER.parse().unwrap())));
    assert!(told(Config::section("A:B").from_vars(variables)).is_empty());
}

#[test]
fn report_has_values_sources_and_no_secrets() {
    let keys = r#"{"Authority":"https://id.example","Audience":"a","StaticKeys":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]},"Algorithms":["EdDSA"],"ClientSecret":"hunter2"}"#;
    let file = format!(r#","ClockSkewSeconds":5,"Authorities":[{keys}],"ClientSecret":"hunter2""#);
    let report = over(&file, &[("ENTRA_CLIENT_ID", OTHER)]).unwrap().report().unwrap();
    for (name, source) in [
        ("TenantId", "file"),
        ("ClientId", "environment"),
        ("Audiences", "ClientId"),
        ("ClockSkewSeconds", "file"),
        ("Instance", "default"),
        ("DetailedErrors", "default"),
    ] {
        assert_eq!(report.sources()[name], source, "{name}");
    }
    let json = report.to_json();
    assert!(!json.contains("hunter2") && !json.contains("11qYAYKx"), "{json}");
    assert_eq!(configuration_of(&report)["ClientId"], OTHER);
    assert_eq!(configuration_of(&report)["Audiences"].as_array().unwrap().len(), 3);
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(parsed["warnings"][0].as_str().unwrap().contains("ClientSecret"), "{json}");
}

fn configuration_of(report: &crate::config::ConfigReport) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&report.to_json()).unwrap()["configuration"].take()
}

#[test]
fn keys_that_any_source_revokes_are_revoked() {
    for name in ["ENTRA_REVOKED_KEYS", "AzureAd__RevokedKeys__0"] {
        let config = over(r#","RevokedKeys":["file"]"#, &[(name, "env")]).unwrap();
        let revoked = config.resolve(&ConfigSettings::default().revoke_key("code")).unwrap().keys.revoked;
        assert_eq!(revoked, ["file".to_owned(), "env".to_owned(), "code".to_owned()].into(), "{name}");
    }
    // A mistake in the file's list is one, whatever the environment has.
    assert_eq!(told(over(r#","RevokedKeys":["a b"]"#, &[("ENTRA_REVOKED_KEYS", "env")])).len(), 1);
}

#[test]
fn audiences_of_code_do_not_bring_back_those_of_the_client_id() {
    let config = over(r#","TokenValidationParameters":{"ValidAudience":"api://a"}"#, &[]).unwrap();
    let audiences = |code: &ConfigSettings| config.resolve(code).unwrap().authorities[0].policy.audiences.clone();
    let strict = audiences(&ConfigSettings::default().audience("api://b"));
    let loose = audiences(&ConfigSettings::default().audience("api://b").strict_audiences(false));
    assert!(!strict.contains(CLIENT), "{strict:?}");
    assert!(loose.contains(CLIENT), "{loose:?}");
}

#[test]
fn entries_for_the_same_authority_are_found_however_it_is_written() {
    let file = |entry: &str| {
        format!(r#","Authorities":[{{"Name":"x","TenantId":"{THIRD}"}},{{{entry},"RequiredClaims":[{{"Name":"d"}}]}}]"#)
    };
    let tenants = format!(r#""TenantIds":["{OTHER}","{CLIENT}"]"#);
    let (with_v2, plain) = (format!("https://login.microsoftonline.com/{OTHER}/v2.0"), OTHER.to_uppercase());
    for (entry, name, value) in [
        (&*tenants, "TenantId", OTHER),
        (&*tenants, "TenantIds__0", &*plain),
        (&*tenants, "Authority", &*with_v2),
        (r#""Authority":"https://id.example/A""#, "Authority", "https://id.example/a/"),
    ] {
        let name = format!("AzureAd__Authorities__0__{name}");
        let problems = told(over(&file(entry), &[(&name, value)]));
        let is_told = |problem: &String| problem.contains("leaves out AzureAd:Authorities:1:RequiredClaims");
        let either =
            |problem: &String| is_told(problem) || problem.contains("leaves out AzureAd:Authorities:1:TenantIds");
        assert!(problems.iter().any(either), "{name} {value}: {problems:#?}");
    }
}

#[test]
fn empty_restriction_in_an_entry_is_an_error_whatever_code_sets() {
    let variables = [("AzureAd__Authorities__0__TenantId", OTHER), ("AzureAd__Authorities__0__AllowedClients", "")];
    let config = over("", &variables).unwrap();
    let error = config.resolve(&ConfigSettings::default().allowed_client(THIRD)).unwrap_err().to_string();
    assert!(error.contains("AzureAd__Authorities__0__AllowedClients"), "{error}");
}

#[test]
fn variables_of_ours_are_read_in_any_case() {
    let clients = |config| plan(config).authorities[0].policy.allowed_clients.clone();
    assert_eq!(clients(over("", &[("entra_allowed_clients", THIRD)])), [THIRD.to_owned()].into());
    assert_eq!(told(over("", &[("Entra_Allowed_Client", THIRD)])).len(), 1);
    assert_eq!(told(over("", &[("entra_allowed_clients", "")])).len(), 1);
    assert_eq!(told(over("", &[("entra_allowed_clients", THIRD), ("ENTRA_ALLOWED_CLIENTS", OTHER)])).len(), 1);
    assert!(told(over("", &[("Entra__TenantId", "x")])).is_empty(), "a section of somebody else's");
}

#[test]
fn misnamed_section_is_an_error_whatever_other_sources_have() {
    let variables =
        [("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    for inner in [
        format!(r#""TenantId":"{TENANT}","ClientId":"{CLIENT}","RevokedKeys":["k"]"#),
        r#""AllowedClients":["x"]"#.to_owned(),
    ] {
        let json = format!(r#"{{"AzureAdd":{{{inner}}}}}"#);
        let problems = told(Config::from_json(&json).and_then(|config| config.with_vars(variables.clone())));
        assert!(matches!(&problems[..], [problem] if problem.contains("AzureAdd")), "{problems:?}");
    }
    for harmless in [r#"{"Logging":{}}"#, r#"{"Cosmos":{"Instance":"orders"},"Mail":{"ClientId":"x"}}"#] {
        let config = Config::from_json(harmless).and_then(|config| config.with_vars(variables.clone()));
        assert!(told(config).is_empty(), "{harmless}");
    }
}

#[test]
fn settings_beside_a_section_are_errors_at_each_level_of_its_path() {
    let inner = format!(r#""AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}}"#);
    let json = format!(r#"{{"Authentication":{{"AllowedClients":["{OTHER}"],"Schemes":{{}},{inner}}}}}"#);
    let problems = told(Config::section("Authentication:AzureAd").from_json(&json));
    assert!(matches!(&problems[..], [problem] if problem.contains("Authentication:AllowedClients")), "{problems:?}");
}
