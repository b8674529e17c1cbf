//! The same for programs: one document.

use serde_json::{Value, json};

use crate::{Explained, page::tame, unconfigured};

/// The document. Without a configuration, `diagnosis` is null and `notes` say what is certain all the same.
pub(crate) fn document(explained: &Explained) -> String {
    let mut diagnosis = serde_json::to_value(&explained.diagnosis).unwrap_or(Value::Null);
    // It stands beside it, with a diagnosis or without.
    if let Some(members) = diagnosis.as_object_mut() {
        members.remove("token");
    }
    let notes = match &explained.diagnosis {
        Some(_) => explained.configuration.notes(),
        None => unconfigured::sentences(&explained.decoded),
    };
    let configuration = explained.configuration.policy().and_then(|policy| serde_json::from_str(policy.to_json()).ok());
    let document = json!({
        "verdict": explained.verdict.as_str(),
        "exit_code": explained.verdict as u8,
        "offline": explained.is_offline,
        "for": explained.decoded.audience(),
        "from": explained.decoded.issuer(),
        "problems": explained.configuration.problems(),
        "notes": notes,
        "configuration": configuration.unwrap_or(Value::Null),
        "decoded": explained.decoded,
        "diagnosis": diagnosis,
    });
    // Outside of strings JSON has none of the letters that are tamed.
    tame(&format!("{document:#}"))
}
