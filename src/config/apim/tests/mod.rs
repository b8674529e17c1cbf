mod azure;
mod claims;
mod document;
mod examples;
mod jwt;
mod metadata;
mod surroundings;
mod trust;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::ConfigProblemKind;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const PUBLIC: &str = "https://login.microsoftonline.com";
const END: &str = "/.well-known/openid-configuration";
const AUDIENCE: &str = "<audiences><audience>api://orders</audience></audiences>";
/// A modulus of a sufficient length, without a private key.
const N: &str = "uS0ryd0sdnBZQRwnPDcWBnnkdRHRHCvHr92MsvJyRyQ93IzA8lJ9WNJDG5YtmHEC1sc2sQnFYXbcGqhNLHoHVJzKHqlIgJYPHhnWuj1fTSAJbcHNTO9hUwSfTJTTkGAd7HcDDRqCvHOJvq27IqFCJHCFN2KJZ4pP1sFGnDO8wNwD9u0CkmRHgtdcqQBXPUiwlGFqfuLcuRJfNW7crYBlqIEhLdHEiCu5pD14ukYFShnvs4xYyFcJlxPGYdqp1qVHVsBXkGTNc1OEqRbxwWEMgvLqUMbLcFdXGyqDcgPSkqKp1rGBpDRz4dUPmLGCGe5FcLWPMkkqhJQPzG3uYQ4N1w";

fn entra(tenant: &str, version: &str) -> String {
    config(&format!("{PUBLIC}/{tenant}{version}{END}"))
}

fn config(url: &str) -> String {
    format!(r#"<openid-config url="{url}" />"#)
}

fn issuers(all: &[&str]) -> String {
    let all: String = all.iter().map(|issuer| format!("<issuer>{issuer}</issuer>")).collect();
    format!("<issuers>{all}</issuers>")
}

/// A policy with these elements, and the attributes without which there are notes.
fn jwt(inner: &str) -> String {
    format!(
        r#"<validate-jwt header-name="Authorization" require-scheme="Bearer" clock-skew="60">{inner}</validate-jwt>"#
    )
}

fn azure(attributes: &str, inner: &str) -> String {
    format!("<validate-azure-ad-token {attributes}>{inner}</validate-azure-ad-token>")
}

#[track_caller]
fn read(xml: &str) -> ApimPolicy {
    Config::from_apim_policy(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"))
}

/// The resulting section, without the audience and the skew that all have.
#[track_caller]
fn section(xml: &str) -> Value {
    let policy = read(xml);
    assert_eq!(Config::from_json(policy.to_json()).unwrap().validate(), Ok(()), "{policy}");
    let mut whole: Value = serde_json::from_str(policy.to_json()).unwrap();
    let section = whole["AzureAd"].as_object_mut().unwrap();
    if section["Audiences"] == json!(["api://orders"]) {
        section.remove("Audiences");
    }
    if section.get("ClockSkewSeconds") == Some(&json!(60)) {
        section.remove("ClockSkewSeconds");
    }
    whole["AzureAd"].take()
}

fn problems(xml: &str) -> Vec<String> {
    match Config::from_apim_policy(xml) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

/// The outcome of a policy.
#[derive(Debug)]
enum Outcome {
    /// It loads, without a note of this text.
    LoadsWithout(&'static str),
    /// It loads, with a note that contains this text.
    Note(&'static str),
    /// A problem of this kind at this place, and no other.
    Error(ConfigProblemKind, &'static str),
}

impl Outcome {
    #[track_caller]
    fn check(&self, xml: &str) {
        match (self, Config::from_apim_policy(xml)) {
            (Self::LoadsWithout(text), Ok(policy)) => {
                assert!(!policy.to_string().contains(text), "{text}\n{policy}\n{xml}");
            }
            (Self::Note(text), Ok(policy)) => {
                let mut notes = policy.notes().iter().map(ToString::to_string);
                assert!(notes.any(|note| note.contains(text)), "{text}\n{policy}\n{xml}");
            }
            (Self::Error(kind, place), Err(error)) => {
                let [problem] = error.problems() else { panic!("{error}\n{xml}") };
                assert_eq!((problem.kind(), problem.setting()), (*kind, *place), "{problem}\n{xml}");
                assert_eq!(problem.source(), crate::error::ConfigSource::ApimPolicy, "{problem}");
            }
            (_, Ok(policy)) => panic!("{self:?}\nloads: {policy}\n{xml}"),
            (_, Err(error)) => panic!("{self:?}\n{error}\n{xml}"),
        }
    }
}

/// The notes but for the last one, which every policy has.
fn notes(xml: &str) -> Vec<String> {
    let policy = read(xml);
    let (last, others) = policy.notes().split_last().unwrap();
    assert!(last.advice().contains("AllowWebApiToBeAuthorizedByACL"), "{last}");
    others.iter().map(ToString::to_string).collect()
}

#[test]
fn secrets_in_a_policy_occur_in_no_message() {
    let secrets = "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys>\
                   <decryption-keys><key>c2VjcmV0</key></decryption-keys>";
    let policy = read(&jwt(&format!("{}{AUDIENCE}{secrets}", entra(TENANT, "/v2.0"))));
    assert!(!format!("{policy}{policy:?}").contains("c2VjcmV0"));
    // The values of the configuration are in its JSON alone.
    assert!(policy.to_json().contains(TENANT) && !format!("{:?}", policy.config()).contains(TENANT));
    assert!(!format!("{policy:?}").contains("\\\"TenantId\\\""), "{policy:?}");
    let alone = jwt(&format!("{AUDIENCE}{secrets}{}", issuers(&["https://id.example"])));
    assert!(!problems(&alone).is_empty() && !problems(&alone).join("").contains("c2VjcmV0"));
}

#[test]
fn display_is_the_json_and_the_notes() {
    let policy = read(&jwt(&(entra(TENANT, "/v2.0") + AUDIENCE)));
    let shown = policy.to_string();
    assert!(
        shown.starts_with("{\n  \"AzureAd\": {\n") && shown.contains("\n- validate-jwt/openid-config/@url: "),
        "{shown}"
    );
    assert_eq!(policy.config(), &Config::from_json(policy.to_json()).unwrap());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,64}") {
        let _ = problems(&text);
        let _ = problems(&jwt(&text));
    }

    #[test]
    fn no_policy_panics(
        pieces in proptest::collection::vec(
            prop_oneof![
                "<(openid-config|issuers|audiences|required-claims|issuer-signing-keys|decryption-keys|claim|key|value|issuer|audience)>",
                "</(openid-config|issuers|audiences|required-claims|issuer-signing-keys|decryption-keys|claim|key|value|issuer|audience)>",
                "<(key|claim|openid-config) (url|n|e|name|match|separator)='(https://[a-z.]{1,12}/(common|tfp|é)?|@\\(|@\\(\"\"\\)|\\{\\{|any|)'/>",
                "\\PC{0,6}",
            ],
            0..12,
        ),
        tenant in prop_oneof!["\\PC{0,12}", "https://[a-z./]{0,20}"],
    ) {
        let inner = pieces.concat();
        let _ = problems(&jwt(&inner));
        let _ = problems(&azure("", &inner));
        let _ = problems(&azure(&format!("tenant-id=\"{}\"", tenant.replace(['"', '<', '&'], "")), AUDIENCE));
        let _ = problems(&jwt(&format!("{AUDIENCE}{}", config(&tenant.replace(['"', '<', '&'], "")))));
    }
}
