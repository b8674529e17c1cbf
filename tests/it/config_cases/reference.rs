//! Small files in the form of public reports, from `$TOWER_ENTRA_CASES`, each with its right outcome.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::json;

use super::{
    api::{self, Input, Outcome},
    providers::{Providers, TokenSpec},
};
use crate::log::Lines;

/// Every file there is.
pub(super) const FILES: [&str; 21] = [
    "f02_flat_keys_only.json",
    "f06_ciam_appid_dropped.xml",
    "f06b_unknown_query_dropped.xml",
    "f08_rawxml_generic_in_text.xml",
    "f09_rawxml_token_value_in_element.xml",
    "f11_certificate_not_named.xml",
    "f15_audience_empty.json",
    "f15b_authority_empty.json",
    "f15c_tenant_null_beside_authority.json",
    "f15d_b2c_tenant_empty.json",
    "f17_section_of_another_name.json",
    "f18_second_section_silent.json",
    "f19b_valid_issuers_no_hint.json",
    "f19c_valid_audiences_no_hint.json",
    "f20_own_key_refused.json",
    "f24_no_require_scheme_no_note.xml",
    "f25_template_placeholder_audience.xml",
    "f25b_template_placeholder_audience.json",
    "f28_authorization_replaced_before.xml",
    "f29_zumo_inside_keys.xml",
    "f30_metadataaddress_appid.json",
];

/// The outcome of a file. Texts are compared ignoring case.
enum Right {
    /// Loads, with warnings or notes that contain all of the texts, and accepts the token.
    Loads(&'static [&'static str], serde_json::Value),
    /// Is refused, with exactly one problem that contains all of the first texts and none of the second ones.
    Refused(&'static [&'static str], &'static [&'static str]),
}

fn right(file: &str) -> Right {
    use Right::{Loads, Refused};
    match &file[..file.find('_').unwrap()] {
        "f02" | "f15" | "f15b" | "f15c" => Loads(&[], json!({})),
        "f06" => Loads(&["AppSpecificKeys"], json!({ "provider": "external-id" })),
        "f06b" => Refused(&["foo"], &[]),
        "f08" => Loads(&[], json!({})),
        "f09" => Loads(&[], json!({ "aud": "api://nexa-simulator" })),
        "f11" => Refused(&["certificate", "KeyFile"], &["is missing", "TenantId"]),
        "f15d" => Loads(&[], json!({ "provider": "b2c", "policy": "B2C_1_x" })),
        "f17" => Refused(&["AzureAdB2C", "section"], &["ClientId", "TenantId"]),
        "f18" => Loads(&["AzureAdB2C", "Authorities"], json!({})),
        "f19b" => Refused(&["ValidIssuers", "TenantIds"], &["DetailedErrors"]),
        "f19c" => Refused(&["ValidAudiences", "Audiences"], &["DetailedErrors"]),
        "f20" => Loads(&["AllowUsingClientSecret"], json!({})),
        "f24" => Loads(&["require-scheme", "Bearer"], json!({})),
        "f25" => Refused(&["audience", "placeholder"], &[]),
        "f25b" => Refused(&["AzureAd:Audience", "placeholder"], &[]),
        "f28" => Loads(&["Authorization"], json!({})),
        "f29" => Refused(&["Mobile Services"], &["is not an element", "is no element"]),
        "f30" => Refused(&["MetadataAddress", "AppSpecificKeys"], &[]),
        other => panic!("{other} has no outcome"),
    }
}

/// The verifier of a file, with its warnings and notes.
fn outcome(file: &str, text: String, providers: &Providers, log: &Lines) -> (Outcome, String) {
    if file.ends_with(".json") {
        log.take_all();
        let outcome = api::outcome(&Input { text: Some(text), section: None, env: None }, providers);
        return (outcome, log.take_event("configuration").join("\n"));
    }
    let (outcome, notes) = api::policy_outcome(&text, providers);
    (outcome, notes.join("\n"))
}

async fn differences(file: &str, text: String, providers: &Providers, log: &Lines) -> Vec<String> {
    let mut wrong = Vec::new();
    let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let (outcome, notes) = outcome(file, text, providers, log);
    match (outcome, right(file)) {
        (Outcome::Loads(verifier), Right::Loads(parts, token)) => {
            let missing = parts.iter().filter(|part| !has(&notes, part));
            wrong.extend(missing.map(|part| format!("no warning and no note says {part}: {notes}")));
            if notes.contains("is not related to tokens") || notes.contains("is not about tokens") {
                wrong.push(format!("an element that matters is said not to: {notes}"));
            }
            let spec: TokenSpec = serde_json::from_value(token).unwrap();
            if let Err(rejection) = verifier.verify(&providers.token(&spec)).await {
                wrong.push(format!("rejects a token that is meant: {}", rejection.hint()));
            }
        }
        (Outcome::Refused(error), Right::Refused(parts, not)) => {
            let text = error.to_string();
            let missing = parts.iter().filter(|part| !has(&text, part));
            wrong.extend(missing.map(|part| format!("the error does not say {part}: {text}")));
            let present = not.iter().filter(|part| text.contains(**part));
            wrong.extend(present.map(|part| format!("the error says {part}: {text}")));
            if error.problems().len() != 1 {
                wrong.push(format!("{} problems: {text}", error.problems().len()));
            }
        }
        (Outcome::Loads(_), Right::Refused(..)) => wrong.push("loads".to_owned()),
        (Outcome::Refused(error), Right::Loads(..)) => wrong.push(format!("is refused: {error}")),
    }
    wrong
}

#[tokio::test]
#[ignore = "needs TOWER_ENTRA_CASES"]
async fn reference_files_have_their_right_outcome() {
    let folder = std::env::var_os("TOWER_ENTRA_CASES").expect("TOWER_ENTRA_CASES names the folder of the cases");
    let folder = PathBuf::from(folder).join("config");
    let listed = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<String> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, FILES);

    let log = Lines::default();
    let _guard = log.listen();
    let providers = Providers::new();
    let mut failures = BTreeMap::new();
    for file in FILES {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let wrong = differences(file, text, &providers, &log).await;
        if !wrong.is_empty() {
            failures.insert(format!("reference: {file}"), wrong);
        }
    }
    super::report("reference", &failures);
}
