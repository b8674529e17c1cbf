//! Events about the keys of a document that the operator should know about.

use std::time::Duration;

use super::constraint::Change;
use crate::{error::truncated, jwk::Skipped};

/// The maximum number of warnings about one document. Further ones have the level debug.
const MOST_WARNINGS: usize = 10;
/// The maximum length of a string from a document in an event, in characters.
const LONGEST_TEXT: usize = 200;

/// An event about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Skipped(Skipped),
    /// `n` or `e` is padded, or in standard base64.
    OddlyEncoded {
        key_id: Box<str>,
    },
    /// A member that constrains the key has changed.
    Changed {
        key_id: Box<str>,
        member: &'static str,
        change: Change,
    },
    /// A key has a `cloud_instance_name` and others have none, so that these are not authorized. Or none has one any more, so
    /// that all are authorized again.
    CloudRule {
        /// A key with a `cloud_instance_name`.
        key_id: Box<str>,
        is_required: bool,
        /// The number of keys without one.
        without: usize,
    },
}

impl Notice {
    fn is_warning(&self) -> bool {
        match self {
            Self::Skipped(skipped) => skipped.is_alarming,
            Self::OddlyEncoded { .. } => false,
            Self::Changed { .. } | Self::CloudRule { .. } => true,
        }
    }
}

/// Logs the notices about the document with the URL `document`. `grace` is the grace period of constraints.
pub(super) fn log(notices: &[Notice], document: &str, grace: Duration) {
    let mut warnings = 0;
    for notice in notices {
        let warns = notice.is_warning() && warnings < MOST_WARNINGS;
        warnings += usize::from(warns);
        match notice {
            Notice::Skipped(Skipped { key_id, reason, .. }) => {
                let kid = key_id.as_deref().map(short);
                if warns {
                    tracing::warn!(target: "tower_entra", event = "key_skipped", document, ?kid, reason);
                } else {
                    tracing::debug!(target: "tower_entra", event = "key_skipped", document, ?kid, reason);
                }
            }
            Notice::OddlyEncoded { key_id } => {
                let kid = short(key_id);
                tracing::debug!(target: "tower_entra", event = "key_oddly_encoded", document, kid,
                    "n or e is padded, or not in base64url (RFC 7518, section 6.3.1)");
            }
            Notice::Changed { key_id, member, change } => {
                log_change(warns, document, key_id, &describe(member, change, grace));
            }
            Notice::CloudRule { key_id, is_required, without } => {
                let change = match is_required {
                    true => format!("has a cloud_instance_name; {without} other keys have none and are not authorized"),
                    false => {
                        format!("had the last cloud_instance_name; {without} keys without one are authorized again")
                    }
                };
                log_change(warns, document, key_id, &change);
            }
        }
    }
}

fn log_change(warns: bool, document: &str, key_id: &str, change: &str) {
    let kid = short(key_id);
    if warns {
        tracing::warn!(target: "tower_entra", event = "key_changed", document, kid, change);
    } else {
        tracing::debug!(target: "tower_entra", event = "key_changed", document, kid, change);
    }
}

fn short(text: &str) -> String {
    truncated(text.to_owned(), LONGEST_TEXT)
}

/// Describes a change and the constraints that apply now.
fn describe(member: &str, change: &Change, grace: Duration) -> String {
    let list =
        |texts: &[Box<str>]| texts.iter().map(|text| format!("{:?}", short(text))).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if let Some(added) = &change.added {
        parts.push(format!("{member} is now {:?}", short(added)));
    }
    if !change.omitted.is_empty() {
        let hours = grace.as_secs_f64() / 3600.0;
        parts.push(format!(
            "{member} {} was omitted; it stays in force until documents have omitted it for {hours:.1} h",
            list(&change.omitted)
        ));
    }
    if !change.lapsed.is_empty() {
        parts.push(format!("{member} {} has lapsed", list(&change.lapsed)));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_of_a_constraint_is_described() {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.into()).collect();
        let day = Duration::from_secs(24 * 3600);
        for (change, expected) in [
            (
                Change { omitted: texts(&["a"]), added: Some("b".into()), lapsed: texts(&[]) },
                r#"issuer is now "b"; issuer "a" was omitted; it stays in force until documents have omitted it for 24.0 h"#,
            ),
            (Change { omitted: texts(&[]), added: None, lapsed: texts(&["a", "c"]) }, r#"issuer "a", "c" has lapsed"#),
        ] {
            assert_eq!(describe("issuer", &change, day), expected);
        }
    }
}
