mod authorities;
mod documents;
mod limits;
mod sources;
mod values;

use std::{path::PathBuf, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    Authority, Cloud,
    authority::{EntraSpec, KeySource, ResolvedAuthority},
    claims::payload::Payload,
    error::ConfigError,
    policy::ClaimRule,
    rejection::RejectionKind,
    tenant::TenantId,
};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const GUID: &str = "a GUID of the form 11111111-2222-3333-4444-555555555555";
const NO_TENANT: &str = "is missing; write the Directory (tenant) ID of the app registration";
const NO_API: &str = "is missing, and so is an audience; write the Application (client) ID of the API's app \
                      registration";
fn good() -> ConfigSettings {
    ConfigSettings::default().tenant(TENANT).client_id(CLIENT)
}

fn vars(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// A section with a good tenant and client id and these members behind them.
fn section(more: &str) -> String {
    format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"{more}}}}}"#)
}

/// A configuration, or settings of code alone.
trait Resolve {
    fn resolved(&self) -> Result<ResolvedConfig, ConfigError>;
}

impl Resolve for Config {
    fn resolved(&self) -> Result<ResolvedConfig, ConfigError> {
        self.resolve(&ConfigSettings::default())
    }
}

impl Resolve for ConfigSettings {
    fn resolved(&self) -> Result<ResolvedConfig, ConfigError> {
        Config::default().resolve(self)
    }
}

/// The problems of a configuration.
fn told(config: Result<impl Resolve, ConfigError>) -> Vec<String> {
    match config.and_then(|config| config.resolved()) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

fn plan(config: Result<impl Resolve, ConfigError>) -> ResolvedConfig {
    config.and_then(|config| config.resolved()).unwrap_or_else(|error| panic!("{error}"))
}

/// The texts of the warnings of a plan.
fn warnings(plan: &ResolvedConfig) -> Vec<String> {
    plan.warnings.iter().map(ToString::to_string).collect()
}

/// What the one authority of a plan is.
fn only(plan: &ResolvedConfig) -> EntraSpec {
    match plan.authorities.as_slice() {
        [ResolvedAuthority { source: KeySource::Entra(entra), .. }] => entra.clone(),
        other => panic!("{other:?}"),
    }
}

fn entra(authority: crate::authority::Entra) -> EntraSpec {
    authority.spec
}

#[test]
fn mistakes_of_the_builder() {
    let no_domain = format!(
        "{GUID}, or a verified domain such as contoso.onmicrosoft.com is needed; it is the Directory (tenant) ID of the \
         app registration"
    );
    let no_audience = "an audience is needed: a client id or an App ID URI such as api://orders";
    let beside = "stands for many tenants and cannot be combined with others; leave one out";
    let no_client = format!("{GUID} is needed: the Application (client) ID of the API's app registration");
    let no_caller = format!("{GUID} is needed: an application's client id");
    let no_kid = "the `kid` of a signing key is needed, without whitespace";
    let no_values =
        "has no values, so that no token could meet it; list some, or leave Values out to require the claim";
    let no_uri = "an absolute https address without a fragment, or the App ID URI (api://…) is needed";
    let tenant_only = || ConfigSettings::default().tenant(TENANT);
    let client_only = || ConfigSettings::default().client_id(CLIENT);
    for (config, problem) in [
        (client_only(), format!("tenant(): {NO_TENANT}")),
        (tenant_only(), format!("client_id(): {NO_API}")),
        (client_only().tenant("x y"), format!("tenant() = \"x y\": {no_domain}")),
        (client_only().tenant(""), format!("tenant() = \"\": {no_domain}")),
        (client_only().tenant("contoso"), format!("tenant() = \"contoso\": {no_domain}")),
        (client_only().tenant("10.0.0.1"), format!("tenant() = \"10.0.0.1\": {no_domain}")),
        (
            client_only().tenant("Common"),
            "tenant() = \"Common\": is not a tenant; to accept all of those, use danger_any_account()".into(),
        ),
        (good().danger_any_account(), format!("danger_any_account(): {beside}")),
        (client_only().danger_any_account().danger_personal_accounts(), format!("danger_any_account(): {beside}")),
        (tenant_only().client_id("orders"), format!("client_id() = \"orders\": {no_client}")),
        (
            tenant_only().client_id("api://orders"),
            format!("client_id() = \"api://orders\": {GUID} is needed; an App ID URI is an audience"),
        ),
        (
            good().client_id(OTHER),
            format!("client_id() = \"{OTHER}\": differs from client_id() = \"{CLIENT}\"; leave one out"),
        ),
        (good().audience(""), format!("audience() = \"\": {no_audience}")),
        (good().audience("/"), format!("audience() = \"/\": {no_audience}")),
        (good().audience(" "), "audience() = \" \": contains whitespace, which no audience has; remove it".into()),
        (
            good().audience("api://*"),
            "audience() = \"api://*\": audiences are compared exactly: * is not a wildcard".into(),
        ),
        (
            good().instance("http://login.example"),
            "instance() = \"http://login.example\": http:// is accepted for loopback addresses only, use https://"
                .into(),
        ),
        (
            good().instance("login.microsoftonline.de"),
            "instance() = \"login.microsoftonline.de\": is not the address of a Microsoft cloud; write one of \
             login.microsoftonline.com, login.microsoftonline.us, login.partner.microsoftonline.cn, \
             login.sovcloud-identity.fr, login.sovcloud-identity.de, login.sovcloud-identity.sg"
                .into(),
        ),
        (
            good().instance("Public/"),
            "instance() = \"Public/\": is not the name of a cloud; write one of Public, UsGovernment, China, Bleu, Delos, \
             GovSg, or an address"
                .into(),
        ),
        (
            good().instance("AzureGermany"),
            "instance() = \"AzureGermany\": is not the name of a cloud; write one of Public, UsGovernment, China, Bleu, Delos, \
             GovSg, or an address"
                .into(),
        ),
        (
            good().cloud(Cloud::China).instance("https://login.microsoftonline.com"),
            "instance() = \"https://login.microsoftonline.com\": differs from cloud() = \
             \"https://login.partner.microsoftonline.cn\"; leave one out"
                .into(),
        ),
        (good().allowed_client("x"), format!("allowed_client() = \"x\": {no_caller}")),
        (
            good().required_claim(ClaimRule::present(" ")),
            "required_claim() = \" \": the name of the claim is empty".into(),
        ),
        (good().required_claim(ClaimRule::any("x", [""; 0])), format!("required_claim() = \"x\": {no_values}")),
        (
            good().leeway(Duration::from_secs(301)),
            "leeway() = \"301s\": at most 300 s are allowed; synchronize the clock instead".into(),
        ),
        (good().revoke_key(""), format!("revoke_key() = \"\": {no_kid}")),
        (
            good().detailed_errors(true).detailed_errors(false),
            "detailed_errors() = \"false\": differs from detailed_errors() = \"true\"; leave one out".into(),
        ),
        (good().resource("orders"), format!("resource() = \"orders\": {no_uri}")),
        (good().resource("http://orders.example"), format!("resource() = \"http://orders.example\": {no_uri}")),
        (good().resource("https://orders.example/#x"), format!("resource() = \"https://orders.example/#x\": {no_uri}")),
        (good().resource("api://"), format!("resource() = \"api://\": {no_uri}")),
        (
            ConfigSettings::default().danger_any_organization().client_id(CLIENT).app_specific_keys(true),
            "app_specific_keys() = \"true\": needs tenant(): only the document of a single tenant has those keys".into(),
        ),
        (
            tenant_only().audience("api://orders").app_specific_keys(true),
            "app_specific_keys() = \"true\": needs client_id(), for which those keys are requested".into(),
        ),
        (good().max_token_bytes(1023), "max_token_bytes() = \"1023\": from 1024 to 1048576 bytes are allowed".into()),
    ] {
        let first = told(Ok(config)).into_iter().next();
        assert_eq!(first, Some(problem));
    }
}

#[test]
fn mistakes_of_json() {
    let problems = |json: &str| told(Config::from_json(json));
    let name = "AzureAd";
    for (more, problem) in [
        (r#","Audience":["x"]"#, "Audience = \"[x]\": is a list; must be a string; several are listed under Audiences"),
        (
            r#","audiences":"x""#,
            "audiences = \"x\": is a string; must be a list of strings; a single one can be given as Audience",
        ),
        (r#","Audiences":["x",1]"#, "Audiences:1 = \"1\": is a number; must be a string"),
        (
            r#","TenantIds":{"a":"x"}"#,
            "TenantIds = \"{a}\": is an object; must be a list of strings; a single one can be given as TenantId",
        ),
        (
            r#","AllowedClients":[]"#,
            "AllowedClients = \"[]\": is an empty list, which accepts nothing; remove it to lift the restriction",
        ),
        (r#","RevokedKeys":[true]"#, "RevokedKeys:0 = \"true\": is a boolean; must be a string"),
        (r#","DetailedErrors":"yes""#, "DetailedErrors = \"yes\": must be true or false"),
        (r#","DetailedErrors":1"#, "DetailedErrors = \"1\": must be true or false"),
        (r#","AppSpecificKeys":1"#, "AppSpecificKeys = \"1\": must be true or false"),
        (r#","AllowWebApiToBeAuthorizedByACL":[]"#, "AllowWebApiToBeAuthorizedByACL = \"[]\": must be true or false"),
        (
            r#","ClockSkewSeconds":"00:05:00""#,
            "ClockSkewSeconds = \"00:05:00\": must be a whole number of seconds from 0 to 300",
        ),
        (r#","ClockSkewSeconds":-1"#, "ClockSkewSeconds = \"-1\": must be a whole number of seconds from 0 to 300"),
        (
            r#","ClockSkewSeconds":301"#,
            "ClockSkewSeconds = \"301s\": at most 300 s are allowed; synchronize the clock instead",
        ),
        (r#","client_id":"x""#, "client_id: is given twice, also as AzureAd:ClientId; remove one of them"),
        (r#","ClientId":"x""#, "ClientId: is given twice; remove one of them"),
        (r#","Audiance":"secret""#, "Audiance: is not a setting; did you mean `Audience`?"),
        (r#","ClientSecrt":"secret""#, "ClientSecrt: is not a setting; did you mean `ClientSecret`?"),
        (
            r#","Authority":"https://login.microsoftonline.com/common""#,
            "Authority = \"https://login.microsoftonline.com/common\": accepts more tenants than AzureAd:TenantId = \
             \"11111111-2222-3333-4444-555555555555\"; leave it out to accept those of AzureAd:TenantId alone",
        ),
        (
            r#","RequiredClaims":{}"#,
            "RequiredClaims = \"{}\": is an object; must be a list, such as [{\"Name\": \"roles\", \"Values\": \
             [\"Reader\"], \"Match\": \"any\"}]",
        ),
        (
            r#","RequiredClaims":["x"]"#,
            "RequiredClaims:0 = \"x\": is a string; must be an object, such as {\"Name\": \"roles\", \"Values\": \
             [\"Reader\"]}",
        ),
        (r#","RequiredClaims":[{}]"#, "RequiredClaims:0: the Name of the claim is missing"),
        (
            r#","RequiredClaims":[{"Name":"a","Vaules":[]}]"#,
            "RequiredClaims:0:Vaules: is not a setting; did you mean `Values`?",
        ),
        (
            r#","RequiredClaims":[{"Name":"a","Match":"any"}]"#,
            "RequiredClaims:0:Match = \"any\": has no meaning without Values; without both, the claim is only required to be present",
        ),
        (
            r#","RequiredClaims":[{"Name":"a","Values":["x"],"Match":"some"}]"#,
            "RequiredClaims:0:Match = \"some\": must be \"all\" or \"any\"",
        ),
        (
            r#","RequiredClaims":[{"Name":"a","Values":"x"}]"#,
            "RequiredClaims:0:Values = \"x\": is a string; must be a list of strings",
        ),
        (
            r#","RequiredClaims":[{"Name":"a","Values":[]}]"#,
            "RequiredClaims:0 = \"a\": has no values, so that no token could meet it; list some, or leave Values out to \
             require the claim",
        ),
        (
            r#","RequiredClaims":[{"Name":"a","name":"b"}]"#,
            "RequiredClaims:0:name: is given twice, also as AzureAd:RequiredClaims:0:Name; remove one of them",
        ),
    ] {
        assert_eq!(problems(&section(more)), [format!("{name}:{problem}")], "{more}");
    }
    assert!(problems(&section(r#","Colour":"secret""#)).is_empty());
}

#[test]
fn mistakes_of_json_around_the_section() {
    let problems = |json: &str| told(Config::from_json(json));
    assert_eq!(problems("{}"), ["AzureAd: is missing: there is no section AzureAd"]);
    assert_eq!(problems("{\"AzureAd\":{}}")[0], format!("AzureAd:TenantId: {NO_TENANT}"));
    assert_eq!(problems("{\"AzureAd\":3}")[0], "AzureAd: must be an object with the settings");
    assert_eq!(
        problems("{\"AzureAd\":{},\"azure_ad\":{}}")[0],
        "azure_ad: is given twice, also as AzureAd; remove one of them"
    );
    assert_eq!(problems("[1]"), ["the JSON text: must be one JSON object: { \"AzureAd\": { … } }"]);
    assert_eq!(
        problems("{\n  // the tenant\n  \"a\" 1}"),
        ["the JSON text: is not JSON: expected `:` at line 3 column 7; correct it there"]
    );
    assert_eq!(
        problems(&section("").replace("AzureAd", "EntraId")),
        [
            "AzureAd: is missing, but the settings are in the section \"EntraId\": read it with Config::section(\"EntraId\"), or \
             rename it"
        ]
    );
    let beside = section("").replacen('{', r#"{"AllowedClients":[],"#, 1);
    let advice = "AllowedClients: is not read beside the section AzureAd; move it into the section";
    assert_eq!(problems(&beside), [advice]);
    // What could not be read is not reported missing as well.
    assert_eq!(
        problems(r#"{"TennantId":"x","ClientId":1}"#),
        ["TennantId: is not a setting; did you mean `TenantId`?", "ClientId = \"1\": is a number; must be a string"]
    );
}

#[test]
fn mistakes_of_the_environment() {
    let base = [("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT)];
    let known = "ENTRA_AUTHORITY_HOST, ENTRA_TENANT_ID, ENTRA_CLIENT_ID, ENTRA_AUDIENCES, ENTRA_ALLOWED_CLIENTS, \
                 ENTRA_REVOKED_KEYS, ENTRA_DETAILED_ERRORS";
    for (name, value, problem) in [
        ("ENTRA_AUDIENCE", "x", "ENTRA_AUDIENCE: is not a setting; did you mean `ENTRA_AUDIENCES`?".into()),
        ("ENTRA_AUDIENCE", "", "ENTRA_AUDIENCE: is not a setting; did you mean `ENTRA_AUDIENCES`?".into()),
        ("ENTRA_SOMETHING_ELSE", "x", format!("ENTRA_SOMETHING_ELSE: is not a setting; the variables are {known}")),
        ("ENTRA_AUDIENCES", ", ,", "ENTRA_AUDIENCES = \", ,\": has nothing but commas".into()),
        ("ENTRA_DETAILED_ERRORS", "1", "ENTRA_DETAILED_ERRORS = \"1\": must be true or false".into()),
        (
            "ENTRA_AUTHORITY_HOST",
            "http://x.example",
            "ENTRA_AUTHORITY_HOST = \"http://x.example\": http:// is accepted for loopback addresses only, use https://"
                .into(),
        ),
        (
            "ENTRA_ALLOWED_CLIENTS",
            "x",
            format!("ENTRA_ALLOWED_CLIENTS = \"x\": {GUID} is needed: an application's client id"),
        ),
        ("azuread__Cleint", "x", "azuread__Cleint: is not a setting, but sounds like a restriction; did you mean `ClientId`?".into()),
        (
            "AzureAd__ClientId",
            OTHER,
            format!("ENTRA_CLIENT_ID = \"{CLIENT}\": differs from AzureAd__ClientId = \"{OTHER}\"; leave one out"),
        ),
        (
            "AzureAd__TenantIds__1",
            OTHER,
            format!("ENTRA_TENANT_ID = \"{TENANT}\": differs from AzureAd__TenantIds__1; remove one of them"),
        ),
        (
            "AzureAd__Audiences",
            "x",
            "AzureAd__Audiences = \"x\": is a string; must be a list of strings; a single one can be given as Audience".into(),
        ),
        (
            "AzureAd__RequiredClaims__0__Nme",
            "x",
            "AzureAd__RequiredClaims__0__Nme: is not a setting; did you mean `Name`?".into(),
        ),
    ] {
        let all: Vec<_> = base.into_iter().chain([(name, value)]).collect();
        assert_eq!(told(vars(&all)).first(), Some(&problem), "{name}");
    }
    let torn = [base[0], base[1], ("AzureAd__Audience", "x"), ("AzureAd__Audience__0", "y")];
    let advice = "AzureAd__Audience: has a value and further levels below it; remove one of them";
    assert_eq!(told(vars(&torn))[0], advice);
    let cases = [base[0], base[1], ("AzureAd__Audience", "x"), ("AZUREAD__AUDIENCE", "y")];
    assert_eq!(told(vars(&cases)), ["AZUREAD__AUDIENCE = \"y\": differs from AzureAd__Audience; remove one of them"]);
}

#[test]
fn the_identity_of_the_workload_is_not_the_api() {
    let problems = told(vars(&[("AZURE_CLIENT_ID", CLIENT), ("AZURE_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", " ")]));
    let workload = "is set, but it is the identity of this workload itself, not of the API";
    let tenant = format!("ENTRA_TENANT_ID: {NO_TENANT} (AZURE_TENANT_ID {workload})");
    let client = format!("ENTRA_CLIENT_ID: {NO_API} (AZURE_CLIENT_ID {workload}) (ENTRA_CLIENT_ID is set, but empty)");
    assert_eq!(problems, [tenant, client]);
}

#[test]
fn all_mistakes_come_at_once() {
    let json = r#"{"AzureAd":{"Instance":"http://x.example","TenantId":"x","ClientId":"y","Audience":" ","Audiences":1,
        "AllowedClients":["z"],"RequiredClaims":[{}],"ClockSkewSeconds":"soon","Resource":"r","RevokedKeys":[""],
        "DetailedErrors":"perhaps","DenyGuests":1}}"#;
    let error = Config::from_json(json).unwrap().validate().unwrap_err();
    assert_eq!(error.problems().len(), 12, "{error}");
    assert!(error.to_string().starts_with("invalid configuration, 12 problems:\n  - AzureAd:DenyGuests"), "{error}");
}

#[test]
fn the_template_of_microsoft_works() {
    let json = format!(
        r#"{}{{
        /*
        The following identity settings need to be configured // before the project
        */
        "$schema": "https://json.schemastore.org/appsettings.json",
        "AzureAd": {{
            "Instance": "https://login.microsoftonline.com/", // public
            "Domain": "qualified.domain.name",
            "TenantId": "{TENANT}",
            "ClientId": "{CLIENT}",
            "ClientSecret": "hunter2",
            "Scopes": "access_as_user",
            "CallbackPath": "/signin-oidc",
        }},
        "Logging": {{ "LogLevel": {{ "Default": "Information", }} }},
        "AllowedHosts": "*"
    }}"#,
        '\u{feff}'
    );
    let plan = plan(Config::from_json(&json));
    assert_eq!(only(&plan), entra(Authority::tenant(TENANT.parse().unwrap())));
    assert_eq!(
        warnings(&plan),
        ["ignored: AzureAd:ClientSecret (for requesting tokens); AzureAd:Scopes (scopes are required with a \
             `RequireLayer`); AzureAd:CallbackPath (for sign-in); AzureAd:Domain (only Azure AD B2C has one)"]
    );
    assert!(!format!("{:?}", Config::from_json(&json)).contains("hunter2"));
    // As it is generated, its client id is no GUID yet.
    let untouched = json.replace(CLIENT, "11111111-1111-1111-11111111111111111");
    assert_eq!(told(Config::from_json(&untouched)).len(), 1);
}

#[test]
fn every_setting_of_json_arrives() {
    let json = section(
        r#","Instance":"https://login.microsoftonline.us","TenantIds":["AAAAAAAA-2222-3333-4444-555555555555"],
        "Audience":"api://orders/","Audiences":["https://orders.example"],"allow_web_api_to_be_authorized_by_acl":"True",
        "AllowedClients":["AAAAAAAA-2222-3333-4444-555555555555"],"clock_skew_seconds":"0","Resource":"api://orders",
        "RevokedKeys":["k1","k2"],"DetailedErrors":true,
        "RequiredClaims":[{"Name":"roles","Values":["a",1],"Match":"Any"},{"name":"scp","values":["x"],"separator":" "},
        {"Name":"oid"}]"#,
    );
    let plan = plan(Config::from_json(&json));
    let tenants: [TenantId; 2] = [TENANT.parse().unwrap(), OTHER.parse().unwrap()];
    let authority = Authority::tenants(tenants, []).in_instance(Cloud::UsGovernment.into());
    assert_eq!(only(&plan), entra(authority));
    assert!(
        plan.authorities[0].policy.allow_without_role
            && plan.detailed_errors
            && !plan.authorities[0].policy.accept_bound
    );
    assert_eq!(plan.authorities[0].policy.allowed_clients, [OTHER.to_owned()].into());
    assert_eq!(plan.authorities[0].policy.leeway, Duration::ZERO);
    assert_eq!(plan.resource.as_deref(), Some("api://orders"));
    assert_eq!(plan.keys.revoked, ["k1".to_owned(), "k2".to_owned()].into());
    let rules = [
        ClaimRule::any("roles", ["a", "1"]),
        ClaimRule::all("scp", ["x"]).separated_by(" "),
        ClaimRule::present("oid"),
    ];
    assert_eq!(plan.authorities[0].policy.required_claims, rules);
    for audience in [
        CLIENT,
        "api://orders",
        "https://orders.example/",
        &format!("api://{CLIENT}"),
        &format!("api://{TENANT}/{CLIENT}"),
        &format!("api://{OTHER}/{CLIENT}"),
    ] {
        assert!(plan.authorities[0].policy.audiences.contains(audience), "{audience}");
    }
    assert!(!plan.authorities[0].policy.audiences.contains("api://Orders"));
    assert_eq!(
        warnings(&plan),
        [format!(
            "AzureAd:Audience = \"api://orders/\" is accepted in addition to the audiences of AzureAd:ClientId ({CLIENT} and \
             api://{CLIENT}), which Microsoft.Identity.Web would replace by it; set StrictAudiences to true to accept it \
             alone, or to false to accept all of them without this warning"
        )]
    );
}

#[test]
fn a_cloud_by_its_name_or_any_of_its_hosts() {
    for (texts, cloud) in [
        (vec!["Public", "AzureCloud", "login.windows.net", "https://login.microsoft.com/"], Cloud::Public),
        (vec!["usgovernment", "AzureUSGovernment", "https://login.usgovcloudapi.net"], Cloud::UsGovernment),
        (vec!["China", "AzureChina", "LOGIN.CHINACLOUDAPI.CN"], Cloud::China),
        (vec!["Bleu", "login.sovcloud-identity.fr"], Cloud::Bleu),
        (vec!["Delos", "login.sovcloud-identity.de"], Cloud::Delos),
        (vec!["GovSg", "login.sovcloud-identity.sg"], Cloud::GovSg),
    ] {
        let expected = entra(Authority::tenant(TENANT.parse().unwrap()).in_instance(cloud.into()));
        for text in texts {
            let json = section(&format!(r#","Instance":"{text}""#));
            let variables = [("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT), ("ENTRA_AUTHORITY_HOST", text)];
            for (way, plan) in [
                ("builder", plan(Ok(good().instance(text)))),
                ("file", plan(Config::from_json(&json))),
                ("environment", plan(vars(&variables))),
            ] {
                assert_eq!((only(&plan), warnings(&plan)), (expected.clone(), Vec::new()), "{text} by the {way}");
            }
        }
    }
    let b2c = section(r#","Instance":"UsGovernment","SignUpSignInPolicyId":"B2C_1_susi""#);
    let told = told(Config::from_json(&b2c));
    assert!(told[0].contains("is for Azure AD B2C, but the authority is an Entra tenant"), "{told:?}");
}

#[test]
fn every_variable_arrives() {
    let ours = plan(vars(&[
        ("ENTRA_TENANT_ID", &format!("{TENANT}, contoso.example")),
        ("ENTRA_CLIENT_ID", &CLIENT.to_uppercase()),
        ("ENTRA_AUTHORITY_HOST", "login.microsoftonline.us"),
        ("ENTRA_AUDIENCES", "api://a,api://b"),
        ("ENTRA_ALLOWED_CLIENTS", OTHER),
        ("ENTRA_REVOKED_KEYS", "k1,k2"),
        ("ENTRA_DETAILED_ERRORS", "TRUE"),
        ("ENTRA_PROXY_SERVICE_HOST", "10.0.0.1"),
        ("ENTRA_PROXY_SERVICE_PORT_HTTP", "80"),
        ("ENTRA_PROXY_PORT", "tcp://10.0.0.1:80"),
        ("ENTRA_PROXY_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("AZURE_CLIENT_ID", OTHER),
        ("PATH", "/bin"),
    ]));
    let dotnet = plan(vars(&[
        ("AzureAd__TenantId", TENANT),
        ("AZUREAD__TENANTIDS__0", "contoso.example"),
        ("AzureAd__ClientId", CLIENT),
        ("AzureAd__Instance", "https://login.microsoftonline.us/"),
        ("azuread__audiences__1", "api://a"),
        ("AzureAd__Audiences__0", "api://b"),
        ("AzureAd__AllowedClients__0", OTHER),
        ("AzureAd__RevokedKeys__0", "k1"),
        ("AzureAd__RevokedKeys__10", "k2"),
        ("AzureAd__DetailedErrors", "true"),
        ("AzureAd__RequiredClaims__0__Name", "roles"),
        ("AzureAd__RequiredClaims__0__Values__0", "a"),
        ("AzureAd__ClientSecret", "hunter2"),
        ("AzureAd__ClientCertificates__0__SourceType", "Path"),
    ]));
    assert_eq!(only(&ours), only(&dotnet));
    assert_eq!(ours.keys, dotnet.keys);
    assert!(ours.detailed_errors && dotnet.detailed_errors);
    assert_eq!(ours.authorities[0].policy.allowed_clients, dotnet.authorities[0].policy.allowed_clients);
    for plan in [&ours, &dotnet] {
        assert!(
            plan.authorities[0].policy.audiences.contains("api://a")
                && plan.authorities[0].policy.audiences.contains("api://b")
        );
    }
    assert_eq!(dotnet.authorities[0].policy.required_claims, [ClaimRule::all("roles", ["a"])]);
    assert_eq!(
        warnings(&dotnet),
        ["ignored: AzureAd__ClientCertificates, AzureAd__ClientSecret (for requesting tokens)"]
    );
    // Both spellings that agree are one.
    let both = [("ENTRA_TENANT_ID", TENANT), ("AzureAd__TenantId", TENANT), ("ENTRA_CLIENT_ID", CLIENT)];
    assert_eq!(only(&plan(vars(&both))), entra(Authority::tenant(TENANT.parse().unwrap())));
}

#[test]
fn what_is_worth_a_warning() {
    let of = |config: ConfigSettings| warnings(&plan(Ok(config)));
    assert!(of(good()).is_empty());
    let keyword = |keyword: &str| warnings(&plan(Config::from_json(&section("").replace(TENANT, keyword))));
    assert!(keyword("organizations").is_empty());
    assert_eq!(
        keyword("common"),
        ["AzureAd:TenantId = \"common\" accepts personal Microsoft accounts, which anyone can create"]
    );
    assert_eq!(keyword("consumers").len(), 1);
    assert_eq!(keyword(&TenantId::PERSONAL_ACCOUNTS.to_string()).len(), 1);
    assert_eq!(
        of(good().audience("https://graph.microsoft.com")),
        ["audience() = \"https://graph.microsoft.com\" is the audience of Microsoft Graph, an API of Microsoft: only \
             Microsoft can validate tokens for it"]
    );
    assert_eq!(
        of(ConfigSettings::default().tenant(TENANT).client_id(TENANT)),
        [format!("client_id() = \"{TENANT}\" is also the tenant's id; check that it is the Application (client) ID")]
    );
    assert_eq!(
        of(good().instance("https://entra.example")),
        ["entra.example is not a Microsoft cloud: its operator decides which tokens are accepted"]
    );
    let empty = plan(vars(&[("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT), ("ENTRA_AUDIENCES", "")]));
    assert_eq!(warnings(&empty), ["set but empty, which counts as missing: ENTRA_AUDIENCES"]);
}

#[test]
fn authorities_and_dangers_arrive() {
    let authority = |text: &str| {
        let json = format!(r#"{{"Authority":"{text}","ClientId":"{CLIENT}"}}"#);
        only(&plan(Config::from_json(&json))).to_string()
    };
    let address = format!("https://login.microsoftonline.us/{TENANT}");
    assert_eq!(authority(&format!("{address}/v2.0")), address);
    assert_eq!(authority("http://127.0.0.1:4000/organizations/"), "http://127.0.0.1:4000/organizations");
    let danger = |config: ConfigSettings| only(&plan(Ok(config.client_id(CLIENT))));
    assert_eq!(
        danger(ConfigSettings::default().danger_any_organization()),
        entra(Authority::danger_any_organization())
    );
    assert_eq!(danger(ConfigSettings::default().danger_any_account()), entra(Authority::danger_any_account()));
    assert_eq!(
        danger(ConfigSettings::default().danger_personal_accounts()),
        entra(Authority::danger_personal_accounts())
    );
    assert_eq!(
        danger(ConfigSettings::default().tenant(TENANT).app_specific_keys(true)),
        entra(Authority::tenant(TENANT.parse().unwrap()).app_specific_keys(CLIENT))
    );
    let own_keys = Config::from_json(&section(r#","AppSpecificKeys":true"#));
    assert_eq!(only(&plan(own_keys)), entra(Authority::tenant(TENANT.parse().unwrap()).app_specific_keys(CLIENT)));
    // There is no tenant whose document could have them.
    let others = format!(
        r#"{{"AzureAd":{{"ClientId":"{CLIENT}","AppSpecificKeys":true,"Authorities":[{{"Authority":"https://id.example","Audience":"a"}}]}}}}"#
    );
    assert_eq!(
        told(Config::from_json(&others)),
        [
            "AzureAd:AppSpecificKeys = \"true\": needs AzureAd:TenantId: only the document of a single tenant has those keys"
        ]
    );
    assert!(plan(Ok(good().danger_accept_bound_tokens(true))).authorities[0].policy.accept_bound);
}

#[test]
fn defaults_are_strict() {
    let plan = plan(Ok(good()));
    assert_eq!((plan.authorities[0].policy.leeway, plan.max_token_bytes), (Duration::from_secs(60), 16 << 10));
    assert!(
        !plan.authorities[0].policy.allow_without_role
            && !plan.authorities[0].policy.accept_bound
            && !plan.detailed_errors
    );
    let token = format!(r#"{{"exp":9,"aud":"api://{TENANT}/{OTHER}"}}"#);
    let refused =
        plan.authorities[0].policy.check_audience(&Payload::parse(token.as_str().into()).unwrap()).unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::WrongAudience);
    // Without a client id, the audiences that are named and no others.
    let named = ConfigSettings::default().tenant(TENANT).audience("api://orders").resolve().unwrap();
    assert!(!named.authorities[0].policy.audiences.contains(CLIENT));
}

#[test]
fn files() {
    let directory = std::env::temp_dir().join(format!("tower-entra-config-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let problem = |path: PathBuf| {
        let error = Config::from_file(&path).and_then(|config| config.validate()).unwrap_err().to_string();
        error.replace(&directory.display().to_string(), "DIR")
    };
    let name = "name a JSON file with the section AzureAd, such as appsettings.json";
    assert!(Config::from_file(write("good.json", section("").as_bytes())).is_ok());
    assert_eq!(problem(directory.clone()), format!("invalid configuration: DIR: is a directory; {name}"));
    let missing = problem(directory.join("none.json"));
    assert!(missing.starts_with("invalid configuration: DIR/none.json: cannot be read: No such file"), "{missing}");
    assert_eq!(
        problem(write("latin.json", b"{\"a\":\"\xe4\"}")),
        "invalid configuration: DIR/latin.json: is not UTF-8; save it as UTF-8"
    );
    assert_eq!(
        problem(write("wide.json", b"\xff\xfe{\0}\0")),
        "invalid configuration: DIR/wide.json: is in UTF-16; save it as UTF-8"
    );
    assert_eq!(
        problem(write("empty.json", b"")),
        "invalid configuration: DIR/empty.json: is not JSON: EOF while parsing a value at line 1 column 0; correct it there"
    );
    assert_eq!(
        problem(write("long.json", &vec![b' '; (1 << 20) + 1])),
        format!("invalid configuration: DIR/long.json: is longer than 1 MiB; {name}")
    );
    assert_eq!(
        problem(write("typo.json", section(r#","Audiance":"x""#).as_bytes())),
        "invalid configuration in DIR/typo.json: AzureAd:Audiance: is not a setting; did you mean `Audience`?"
    );
    let late = Config::from_file(write("late.json", b"{\"AzureAd\":{}}")).unwrap().validate().unwrap_err().to_string();
    assert!(late.starts_with("invalid configuration in "), "{late}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn is_part_of_another_configuration() {
    let config: Config = serde_json::from_str(&section("")).unwrap();
    assert_eq!(config, Config::from_json(&section("")).unwrap());
    let config = serde_json::from_str::<Config>(&section(r#","Audiance":"x""#)).unwrap();
    let error = config.validate().unwrap_err().to_string();
    assert!(error.contains("did you mean `Audience`?"), "{error}");
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = format!("{{\"AzureAd\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(told(Config::from_json(&deep))[0].contains("recursion limit"));
    let name = format!("AzureAd{}", "__A".repeat(100_000));
    assert!(!told(vars(&[(&name, "x")])).is_empty());
}

fn arbitrary_json() -> impl Strategy<Value = String> {
    let keys = prop_oneof![
        proptest::sample::select(key::SETTINGS.map(|row| row.name.to_owned()).to_vec()),
        proptest::sample::select(vec![
            "AzureAd".to_owned(),
            "Name".to_owned(),
            "Values".to_owned(),
            "Domain".to_owned()
        ]),
        ".{0,8}",
    ];
    let texts = proptest::sample::select(vec![
        TENANT,
        CLIENT,
        "common",
        "http://127.0.0.1/common",
        "https://contoso.b2clogin.com",
        "https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/B2C_1_a/v2.0",
        "https://contoso.ciamlogin.com/",
        "https://id.example/oauth2/default",
        "OpenIdConnect",
        "B2C",
        "B2C_1_a",
        "RS256",
        "-----BEGIN PUBLIC KEY-----",
        "true",
        "60",
        "",
        "é",
    ]);
    let leaf = prop_oneof![
        texts.prop_map(|text| serde_json::json!(text)),
        ".{0,8}".prop_map(|text| serde_json::json!(text)),
        any::<i64>().prop_map(|number| serde_json::json!(number)),
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(|truth| serde_json::json!(truth)),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            proptest::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
    .prop_map(|value| value.to_string())
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,64}") {
        let _ = told(Config::from_json(&text));
        let plain = jsonc::strip_jsonc(&text);
        prop_assert!(jsonc::strip_jsonc(&plain).chars().count() <= text.chars().count());
    }

    #[test]
    fn no_json_panics(json in arbitrary_json()) {
        let problems = told(Config::from_json(&json));
        prop_assert!(problems.iter().all(|problem| !problem.is_empty()));
        // Comments are blanks: JSON without any stays as it is.
        prop_assert_eq!(jsonc::strip_jsonc(&json), json);
    }

    #[test]
    fn no_environment_panics(
        names in proptest::collection::vec(
            prop_oneof!["ENTRA_[A-Z_]{0,12}", "(?i:AzureAd)__(TenantId|Audiences|RequiredClaims|é|_){1,3}(__[0-9A-Za-z_é]{0,6}){0,3}"],
            0..6,
        ),
        value in ".{0,12}",
    ) {
        let _ = told(Config::from_vars(names.into_iter().map(|name| (name, value.clone()))));
    }
}

#[test]
fn an_empty_list_that_keeps_others_out_is_a_mistake() {
    for name in [
        "ENTRA_ALLOWED_CLIENTS",
        "ENTRA_REVOKED_KEYS",
        "AzureAd__AllowedClients",
        "AzureAd__RevokedKeys__0",
        "AzureAd__RequiredClaims__0__Values__0",
    ] {
        let vars = [("ENTRA_TENANT_ID", TENANT), ("ENTRA_CLIENT_ID", CLIENT), (name, " ")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let error = Config::from_vars(vars).and_then(|config| config.validate()).unwrap_err();
        assert!(error.to_string().contains(&format!("{name} = \"\": is set, but empty")), "{error}");
    }
}
