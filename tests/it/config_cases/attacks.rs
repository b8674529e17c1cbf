//! Configurations as attack: rows 33 and 34.

use std::collections::BTreeMap;

use tower_entra::{Config, ConfigError, VerifierBuilder};

use super::Providers;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";

/// The section with these further members.
fn section(members: &str) -> String {
    format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}",{members}}}}}"#)
}

fn validated(json: &str) -> Result<(), ConfigError> {
    Config::from_json(json).and_then(|config| config.validate())
}

/// Four times the input takes about four times the memory, and allocates about four times as much: quadratic work would take
/// sixteen times. `benches/run --counts` counts the instructions.
fn assert_linear(what: &str, document: impl Fn(usize) -> String) {
    const FEW: usize = 2_500;
    let measure = |json: String| allocation_counter::measure(|| drop(validated(&json)));
    let length = document(4 * FEW).len() as u64;
    let (small, large) = (measure(document(FEW)), measure(document(4 * FEW)));
    for (unit, small, large) in
        [("bytes at once", small.bytes_max, large.bytes_max), ("bytes in all", small.bytes_total, large.bytes_total)]
    {
        assert!(large < 6 * small, "{what}: {small} {unit}, and for four times as much {large}");
    }
    assert!(large.bytes_max < 100 * length, "{what}: {} bytes", large.bytes_max);
}

#[test]
fn many_settings_of_every_kind_take_linear_memory() {
    let many = |count: usize, member: &dyn Fn(usize) -> String| (0..count).map(member).collect::<Vec<_>>().join(",");
    type Member = fn(usize) -> String;
    let rows: [(&str, Member); 9] = [
        ("unknown settings", |at| format!(r#""Colour{at}":1"#)),
        ("unknown settings near one", |at| format!(r#""ClientI{at}":1"#)),
        ("unknown settings that sound like a restriction", |at| format!(r#""DenyUser{at}":1"#)),
        ("flattened keys", |at| format!(r#""AllowedClients:{at}":"{CLIENT}""#)),
        ("flattened keys in one another", |at| format!(r#""A{at}:B:C:D:E":1"#)),
        ("one setting again and again", |_| r#""Audience":"a""#.to_owned()),
        ("ignored settings", |at| format!(r#""ClientSecret{}":"x""#, " ".repeat(at % 7))),
        ("placeholders", |at| format!(r#""Audience{at}":"{{x}}""#)),
        ("names with invisible characters", |at| format!("\"ClientId\u{200b}{at}\":1")),
    ];
    for (what, member) in rows {
        assert_linear(what, |count| section(&many(count, &member)));
    }
    assert_linear("flattened keys beside the section", |count| {
        let keys = many(count, &|at| format!(r#""AzureAd:AllowedClients:{at}":"{CLIENT}""#));
        format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}},{keys}}}"#)
    });
    assert_linear("an object with numeric keys", |count| {
        let keys = many(count, &|at| format!(r#""{}":"{CLIENT}""#, count - at));
        section(&format!(r#""AllowedClients":{{{keys}}}"#))
    });
    assert_linear("sections that look like settings", |count| {
        let sections = many(count, &|at| format!(r#""Section{at}":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}}"#));
        format!("{{{sections}}}")
    });
}

#[test]
fn forty_thousand_unknown_settings_are_an_error_of_bounded_length() {
    let members: Vec<String> = (0..40_000).map(|at| format!(r#""DenyUser{at}":1"#)).collect();
    let json = section(&members.join(","));
    let error = validated(&json).unwrap_err();
    assert!(error.problems().len() <= 101, "{} problems", error.problems().len());
    assert!(error.to_string().len() < 64 * 1024, "{} bytes", error.to_string().len());
}

#[test]
fn long_keys_in_deep_trees_are_an_error_of_bounded_length() {
    let key = "k".repeat(5_000);
    let deep = |levels: usize| {
        let open: String = (0..levels).map(|_| format!(r#"{{"{key}":"#)).collect();
        section(&format!(r#""Denied":{open}1{}"#, "}".repeat(levels)))
    };
    let colons = section(&format!(r#""{}":1"#, "Denied:".repeat(10_000)));
    let long = section(&format!(r#""{}":1"#, "DenyUser".repeat(12_500)));
    let wide: Vec<String> = (0..9).map(|at| format!(r#""{}{at}":[[[[[[1]]]]]]"#, "DenyUser".repeat(12_500))).collect();
    for (name, json) in
        [("deep", deep(100)), ("colons", colons), ("one long key", long), ("long keys", section(&wide.join(",")))]
    {
        let error = validated(&json).expect_err(name);
        assert!(error.to_string().len() < 64 * 1024, "{name}: {} bytes", error.to_string().len());
    }
}

#[test]
fn a_variable_with_ten_thousand_levels_is_an_error_of_bounded_length() {
    let vars =
        [("AzureAd__ClientId".to_owned(), CLIENT.to_owned()), ("AzureAd__TenantId".to_owned(), TENANT.to_owned())];
    let deep = (format!("AzureAd{}", "__Denied".repeat(10_000)), "x".to_owned());
    let many = (0..10_000).map(|at| (format!("AzureAd__DenyUser{at}"), "x".to_owned()));
    let error =
        Config::from_vars(vars.into_iter().chain([deep]).chain(many)).and_then(|config| config.validate()).unwrap_err();
    assert!(error.to_string().len() < 64 * 1024, "{} bytes", error.to_string().len());
}

#[cfg(feature = "apim")]
#[test]
fn nested_namespaces_of_a_policy_are_an_error_of_bounded_length() {
    let nested: String = (0..5_000).map(|at| format!("<a xmlns:n{at}='urn:{at}'>")).collect();
    let flat: String = (0..20_000).map(|at| format!("<a xmlns:n{at}='urn:{at}'/>")).collect();
    for (name, xml) in
        [("nested", nested + &"</a>".repeat(5_000)), ("side by side", format!("<policies>{flat}</policies>"))]
    {
        let error = Config::from_apim_policy(&xml).expect_err(name);
        assert!(error.to_string().len() < 64 * 1024, "{name}: {} bytes", error.to_string().len());
    }
}

/// Row 34 for files: members of a document that let one client in, which must be read or named.
pub(super) const RESTRICTIONS: [(&str, &str); 14] = [
    ("a flattened restriction in the section is read or named", r#"{"AzureAd":{$GOOD,"AllowedClients:0":"$ONLY"}}"#),
    (
        "a flattened restriction at the top is read or named",
        r#"{"AzureAd":{$GOOD},"AzureAd:AllowedClients:0":"$ONLY"}"#,
    ),
    (
        "a flattened restriction in the section with the section's name is read or named",
        r#"{"AzureAd":{$GOOD,"AzureAd:AllowedClients:0":"$ONLY"}}"#,
    ),
    (
        "a restriction as an object with numeric keys is read or named",
        r#"{"AzureAd":{$GOOD,"AllowedClients":{"0":"$ONLY"}}}"#,
    ),
    (
        "a restriction as an object with other keys is read or named",
        r#"{"AzureAd":{$GOOD,"AllowedClients":{"first":"$ONLY"}}}"#,
    ),
    ("a restriction in other letters is read or named", r#"{"azuread":{$GOOD,"ALLOWEDCLIENTS":["$ONLY"]}}"#),
    ("a restriction as a string is read or named", r#"{"AzureAd":{$GOOD,"AllowedClients":"$ONLY"}}"#),
    ("a restriction that is null is read or named", r#"{"AzureAd":{$GOOD,"AllowedClients":null}}"#),
    (
        "a restriction with whitespace in its name is read or named",
        r#"{"AzureAd":{$GOOD,"AllowedClients ":["$ONLY"]}}"#,
    ),
    (
        "a restriction with a zero-width space in its name is read or named",
        "{\"AzureAd\":{$GOOD,\"Allowed\u{200b}Clients\":[\"$ONLY\"]}}",
    ),
    ("a misspelled restriction is read or named", r#"{"AzureAd":{$GOOD,"AllowedClient":["$ONLY"]}}"#),
    ("a restriction under another name is read or named", r#"{"AzureAd":{$GOOD,"ClientAllowList":["$ONLY"]}}"#),
    (
        "a restriction in a section that comes twice is read or named",
        r#"{"AzureAd":{$GOOD},"AzureAd":{"AllowedClients":["$ONLY"]}}"#,
    ),
    (
        "a restriction in the section in other letters is read or named",
        r#"{"AzureAd":{$GOOD},"AZUREAD":{"AllowedClients":["$ONLY"]}}"#,
    ),
];

#[tokio::test]
async fn a_restriction_in_any_form_is_read_or_named() {
    let good = format!(r#""TenantId":"{TENANT}","ClientId":"{CLIENT}""#);
    let other = serde_json::json!({ "azp": "88888888-9999-0000-1111-222222222222" });
    let other = serde_json::from_value(other).unwrap();
    let providers = Providers::new();
    let mut failures = BTreeMap::new();
    for (name, document) in RESTRICTIONS {
        let json = document.replace("$GOOD", &good).replace("$ONLY", "77777777-8888-9999-0000-111111111111");
        let built =
            Config::from_json(&json).and_then(|config| VerifierBuilder::from(config).fetch(providers.clone()).build());
        let failure = match built {
            // What is read restricts: a verifier that accepts another client has lost it.
            Ok(verifier) => match verifier.verify(&providers.token(&other)).await {
                Ok(_) => "another client is accepted".to_owned(),
                Err(rejection) if rejection.code() == "client_not_allowed" => continue,
                Err(rejection) => rejection.hint(),
            },
            Err(error) => {
                let text = error.to_string().to_lowercase();
                if text.contains("allowed") || text.contains("clientallowlist") || text.contains("azuread =") {
                    continue;
                }
                if ["twice", "duplicate"].iter().any(|word| text.contains(word)) && text.contains("azuread") {
                    continue;
                }
                text
            }
        };
        failures.insert(format!("attacks: {name}"), vec![failure]);
    }
    super::report("attacks", &failures);
}
