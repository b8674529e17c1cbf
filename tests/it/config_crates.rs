//! `Config` as a part of an application's own configuration, with figment and config-rs. Both write the names of variables in
//! lower case, so that the file has the settings in that spelling too.

use std::collections::HashMap;

use figment::{
    Figment,
    providers::{Env, Format, Json},
};
use serde::Deserialize;
use tower_entra::{Config, VerifierBuilder, fetch::HttpFetch};

const FILE: &str = r#"{
    "port": 3000,
    "auth": {
        "tenant_id": "11111111-2222-3333-4444-555555555555",
        "client_id": "66666666-7777-8888-9999-000000000000",
        "allowed_clients": ["77777777-7777-8888-9999-000000000000"],
        "required_claims": [{ "Name": "department", "Values": ["sales"] }],
        "detailed_errors": true
    }
}"#;

#[derive(Deserialize)]
struct Settings {
    port: u16,
    auth: Config,
}

fn clients(config: &Config) -> Vec<String> {
    let report = config.report().unwrap_or_else(|error| panic!("{error}"));
    let configuration = configuration_of(&report);
    let clients = configuration["AllowedClients"].as_array().unwrap().iter();
    clients.map(|client| client.as_str().unwrap().to_owned()).collect()
}

fn builds(config: Config) {
    VerifierBuilder::from(config).fetch(HttpFetch::new()).build().unwrap_or_else(|error| panic!("{error}"));
}

fn with_config_rs(variables: &[(&str, &str)]) -> Settings {
    let variables: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config::Config::builder()
        .add_source(config::File::from_str(FILE, config::FileFormat::Json))
        .add_source(config::Environment::with_prefix("APP").separator("__").source(Some(variables)))
        .build()
        .unwrap()
        .try_deserialize()
        .unwrap()
}

#[test]
fn config_rs_file_is_read() {
    let settings = with_config_rs(&[]);
    assert_eq!(settings.port, 3000);
    assert_eq!(clients(&settings.auth), ["77777777-7777-8888-9999-000000000000"]);
    builds(settings.auth);
}

#[test]
fn config_rs_environment_in_upper_case_replaces_a_setting() {
    let settings = with_config_rs(&[("APP__AUTH__CLIENT_ID", "88888888-7777-8888-9999-000000000000")]);
    let report = settings.auth.report().unwrap();
    assert_eq!(configuration_of(&report)["ClientId"], "88888888-7777-8888-9999-000000000000");
    builds(settings.auth);
}

#[test]
fn config_rs_mistake_in_the_environment_is_reported_with_the_others() {
    let settings = with_config_rs(&[("APP__AUTH__CLIENT_ID", "x"), ("APP__AUTH__DENY_GUESTS", "true")]);
    let error = settings.auth.validate().unwrap_err();
    let names: Vec<String> = error.problems().iter().map(|problem| problem.setting().to_ascii_lowercase()).collect();
    assert_eq!(names, ["deny_guests", "client_id"], "{error}");
}

#[test]
#[expect(clippy::result_large_err, reason = "the error type of figment")]
fn figment_file_and_environment_are_read() {
    figment::Jail::expect_with(|jail| {
        jail.set_env("APP_AUTH__ALLOWED_CLIENTS", r#"["88888888-7777-8888-9999-000000000000"]"#);
        let settings: Settings =
            Figment::new().merge(Json::string(FILE)).merge(Env::prefixed("APP_").split("__")).extract()?;
        assert_eq!(clients(&settings.auth), ["88888888-7777-8888-9999-000000000000"]);
        builds(settings.auth);
        Ok(())
    });
}

#[test]
fn config_rs_list_in_the_environment_replaces_that_of_the_file() {
    let settings = with_config_rs(&[("APP__AUTH__ALLOWED_CLIENTS__0", "88888888-7777-8888-9999-000000000000")]);
    assert_eq!(clients(&settings.auth), ["88888888-7777-8888-9999-000000000000"]);
}

/// These crates compare names exactly: a second spelling of a setting is a duplicate, not a replacement, and never lost.
#[test]
fn two_spellings_of_a_setting_are_an_error() {
    let settings: Settings = Figment::new()
        .merge(Json::string(FILE))
        .merge(Json::string(r#"{ "auth": { "AllowedClients": ["88888888-7777-8888-9999-000000000000"] } }"#))
        .extract()
        .unwrap();
    let error = settings.auth.validate().unwrap_err().to_string();
    assert!(error.contains("is given twice"), "{error}");
}

fn configuration_of(report: &tower_entra::config::ConfigReport) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&report.to_json()).unwrap()["configuration"].take()
}
