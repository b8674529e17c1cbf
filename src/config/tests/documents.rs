//! The README's table and the JSON Schema say what the table of settings says.
//!
//! `TOWER_ENTRA_UPDATE_SETTINGS=1 cargo test --lib config::tests::documents` rewrites both.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value, json};

use super::super::{
    address::AuthorityKind,
    key::{SETTINGS, Setting, Type},
};
use crate::jwt::Algorithm;

const BEGIN: &str = "<!-- The table of settings: `src/config/key.rs`. -->\n";
const END: &str = "<!-- End of the table of settings. -->\n";

fn table() -> String {
    let mut table = "| setting | environment | |\n|---|---|---|\n".to_owned();
    for row in &SETTINGS {
        let variable = row.variable.map(|variable| format!("`{variable}`")).unwrap_or_default();
        writeln!(table, "| `{}` | {variable} | {} |", row.name, row.doc).unwrap();
    }
    table
}

fn readme(current: &str) -> String {
    let (before, rest) = current.split_once(BEGIN).expect("the README has the beginning of the table");
    let (_, after) = rest.split_once(END).expect("the README has the end of the table");
    format!("{before}{BEGIN}\n{}\n{END}{after}", table())
}

/// The value of a setting.
fn value(value_type: Type) -> Value {
    let text = || json!({ "type": "string" });
    let list = |of: Value| json!({ "type": "array", "items": of });
    match value_type {
        Type::Text | Type::File => json!({ "type": ["string", "null"] }),
        Type::Texts => list(text()),
        Type::Boolean => json!({ "type": ["boolean", "null"] }),
        Type::Seconds => json!({ "type": "integer", "minimum": 0, "maximum": 300 }),
        Type::AuthorityKind => json!({ "enum": AuthorityKind::ALL.map(|(name, _)| name) }),
        Type::Version => json!({ "enum": ["1.0", "2.0"] }),
        Type::Algorithms => list(json!({ "enum": Algorithm::ALL.map(Algorithm::as_str) })),
        Type::StaticKeys => json!({ "type": ["object", "string"] }),
        Type::TokenValidationParameters => json!({ "type": "object" }),
        Type::Authorities => list(json!({ "$ref": "#/$defs/authority" })),
        Type::ClaimRules => list(json!({
            "type": "object",
            "required": ["Name"],
            "additionalProperties": false,
            "properties": {
                "Name": text(),
                "Values": list(json!({ "type": ["string", "number", "boolean"] })),
                "Match": { "enum": ["all", "any"] },
                "Separator": text(),
            },
        })),
    }
}

fn properties(rows: impl Iterator<Item = &'static Setting>) -> Value {
    let property = |row: &Setting| {
        let mut value = value(row.value_type);
        value["description"] = json!(row.doc);
        (row.name.to_owned(), value)
    };
    Value::Object(rows.map(property).collect::<Map<String, Value>>())
}

fn schema() -> String {
    let section = json!({ "type": "object", "properties": properties(SETTINGS.iter()) });
    let authority = json!({ "type": "object", "properties": properties(SETTINGS.iter().filter(|row| !row.is_global)) });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The section of an appsettings.json that tower-entra reads",
        "type": "object",
        "properties": { "AzureAd": { "$ref": "#/$defs/section" } },
        "$defs": { "section": section, "authority": authority },
    });
    format!("{schema:#}\n")
}

#[test]
fn readme_and_schema_are_those_of_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (readme_path, schema_path) = (root.join("README.md"), root.join("docs/appsettings.schema.json"));
    let current = fs::read_to_string(&readme_path).unwrap();
    if std::env::var_os("TOWER_ENTRA_UPDATE_SETTINGS").is_some() {
        fs::write(&readme_path, readme(&current)).unwrap();
        fs::write(&schema_path, schema()).unwrap();
        return;
    }
    let hint = "TOWER_ENTRA_UPDATE_SETTINGS=1 cargo test --lib config::tests::documents rewrites it";
    assert!(current == readme(&current), "README.md differs from the table of settings: {hint}");
    assert!(fs::read_to_string(&schema_path).unwrap() == schema(), "{} differs: {hint}", schema_path.display());
}

/// What the table says of a setting is what the readers do: the value of its type is read, and arrives.
#[test]
fn a_value_of_its_type_is_read_for_every_setting() {
    for row in &SETTINGS {
        let value = match row.value_type {
            Type::Text => json!("x"),
            Type::Texts => json!(["x"]),
            Type::Boolean => json!(true),
            Type::Seconds => json!(5),
            Type::AuthorityKind => json!("Entra"),
            Type::Version => json!("1.0"),
            Type::Algorithms => json!(["RS256"]),
            Type::File => json!("no/such/file"),
            Type::StaticKeys => json!({ "keys": [] }),
            Type::ClaimRules => json!([{ "Name": "x" }]),
            Type::Authorities => json!([{ "TenantId": "x" }]),
            Type::TokenValidationParameters => json!({ "ClockSkew": "00:00:05" }),
        };
        let config = super::Config::from_json(&json!({ "AzureAd": { row.name: value } }).to_string()).unwrap();
        let merged = config.read();
        let mut expected = super::ConfigSettings { source: merged.settings.source.clone(), ..Default::default() };
        // `Domain` is warned about.
        expected.warnings.clone_from(&merged.settings.warnings);
        if row.value_type == Type::File {
            assert_eq!(merged.settings.invalid_settings, [row.key], "{}", row.name);
        } else {
            assert!(merged.problems.is_empty() && merged.settings != expected, "{} is not put", row.name);
        }
    }
}
