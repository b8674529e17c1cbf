//! What both policies have: where the token is, audiences, claims, and what is answered.

use roxmltree::Node as Element;

use super::{
    document::{children, text},
    draft::{Draft, riddle},
};
use crate::{
    config::{
        key::Key,
        value::{ConfigValue, Data, shortened},
    },
    error::ConfigProblemKind::{Invalid, Missing, Unknown},
};

/// Attributes that both policies have. True if it was one of them.
pub(super) fn attribute(name: &str, place: &str, value: &str, draft: &mut Draft) -> bool {
    const SAME: &str = "Unauthorized. Access token is missing or invalid.";
    let computed = riddle(value).is_some();
    match name {
        "header-name" if value.eq_ignore_ascii_case("Authorization") => {}
        "header-name" => {
            let advice = format!("the token is in the header {value}: take it by AuthenticateLayer::token_from");
            draft.note(place, advice);
        }
        "query-parameter-name" => {
            let advice = format!(
                "the token is in the query parameter {value}: take it by AuthenticateLayer::token_from; addresses end up in \
                 logs, so a header is better"
            );
            draft.note(place, advice);
        }
        "token-value" => {
            draft.note(place, "the token comes from an expression: say where it is by AuthenticateLayer::token_from");
        }
        "failed-validation-httpcode" if value.trim() == "401" => {}
        "failed-validation-httpcode" => {
            let advice = if computed {
                "is computed; the status of a refusal is the responder's: ApiManagement::new().status(…)".to_owned()
            } else {
                format!("the status is the responder's: ApiManagement::new().status(…) with {}", value.trim())
            };
            draft.note(place, advice);
        }
        "failed-validation-error-message" if value.trim() == SAME => {}
        "failed-validation-error-message" => {
            let advice = if value.trim().is_empty() {
                format!(
                    "is empty; {SAME:?} is answered, unless the responder says otherwise: ApiManagement::new().message(…)"
                )
            } else {
                "the message is the responder's: ApiManagement::new().message(…)".to_owned()
            };
            draft.note(place, advice);
        }
        "output-token-variable-name" => {
            draft.note(place, "what the token says is in the request's extensions, as tower_entra::Claims");
        }
        _ => return false,
    }
    true
}

/// `audiences`, as names of a list.
pub(super) fn audiences(element: Element<'_, '_>, place: &str, draft: &mut Draft) -> Vec<ConfigValue> {
    let found = texts(element, "audience", place, draft);
    if found.is_empty() && element.children().all(|child| !child.is_element()) {
        draft.wrong(Missing, place, None, "is empty: name the audience, which is the API's client id or App ID URI");
    }
    found
}

/// The texts of the elements called `name`; what cannot be read is a problem.
pub(super) fn texts(element: Element<'_, '_>, name: &str, place: &str, draft: &mut Draft) -> Vec<ConfigValue> {
    let mut found = Vec::new();
    for child in children(element, name, place, draft) {
        let place = format!("{place}/{name}");
        if child.children().any(|inner| inner.is_element()) {
            draft.wrong(Invalid, place, None, "has elements in it; a text is needed");
        } else if let Some(value) = draft.plain(&place, &text(child)) {
            found.push(ConfigValue::new(place, Data::Text(value)));
        }
    }
    found
}

/// `required-claims`. Audiences that are demanded by it, which is done for want of a better place, come back.
pub(super) fn required_claims(element: Element<'_, '_>, place: &str, draft: &mut Draft) -> Vec<ConfigValue> {
    let (mut rules, mut audiences) = (Vec::new(), Vec::new());
    let claims = children(element, "claim", place, draft);
    let is_aud = |name: &str| name.trim() == "aud";
    let names_one_audience = claims.iter().filter(|claim| claim.attribute("name").is_some_and(is_aud)).count() == 1;
    for claim in claims {
        let mut members = Vec::new();
        let (mut name, mut demand) = (String::new(), String::from("all"));
        for attribute in claim.attributes() {
            let at = format!("{place}/claim/@{}", attribute.name());
            let Some(value) = draft.plain(&at, attribute.value()) else { continue };
            match attribute.name() {
                "name" => {
                    name.clone_from(&value);
                    members.push(("Name".to_owned(), ConfigValue::new(at, Data::Text(value))));
                }
                "match" => demand = value,
                // Blanks count in it.
                "separator" => {
                    let separator = attribute.value().to_owned();
                    members.push(("Separator".to_owned(), ConfigValue::new(at, Data::Text(separator))));
                }
                _ => draft.wrong(Unknown, at, None, "is no attribute of claim; there are name, match, separator"),
            }
        }
        // Each value has this name too.
        let at = format!("{place}/claim[{}]", shortened(&name, 60));
        let problems = draft.problems.len();
        let values = texts(claim, "value", &at, draft);
        if values.iter().any(|value| matches!(&value.data, Data::Text(text) if text.is_empty())) {
            draft.wrong(Invalid, format!("{at}/value"), Some(""), missing_value(&name));
        }
        if draft.problems.len() > problems {
            if name == "aud" {
                draft.spoilt.push(Key::Audiences);
            }
            continue;
        }
        if name == "aud" {
            if values.is_empty() {
                draft.wrong(Missing, &at, None, missing_value(&name));
                draft.spoilt.push(Key::Audiences);
                continue;
            }
            audiences.extend(values.iter().cloned());
            // That the token is for one of them is said by the audiences.
            let is_all = demand.eq_ignore_ascii_case("all");
            let is_any = demand.eq_ignore_ascii_case("any") || (is_all && values.len() == 1);
            if is_any && names_one_audience {
                continue;
            }
        }
        if !values.is_empty() {
            members.push(("Match".to_owned(), ConfigValue::new(format!("{at}/@match"), Data::Text(demand))));
            members.push(("Values".to_owned(), ConfigValue::new(format!("{at}/value"), Data::List(values))));
        } else {
            // Without values there is nothing to take apart: the claim need only be there.
            members.retain(|(key, _)| key != "Separator");
        }
        let has_separator = members.iter().any(|(key, _)| key == "Separator");
        if matches!(name.as_str(), "scp" | "roles") {
            let split = if name == "scp" && !has_separator {
                "without a separator, a token with several scopes never has one of them alone: separator=\" \" is usual. "
            } else {
                ""
            };
            let advice = format!("{split}A RequireLayer says more: it answers 403, and knows users from applications");
            draft.note(&at, advice);
        }
        rules.push(ConfigValue::new(at, Data::Object(members)));
    }
    draft.list(Key::RequiredClaims, place, rules);
    audiences
}

fn missing_value(claim: &str) -> &'static str {
    if claim == "aud" {
        "has no value: which API must a token be for? Name its client id or App ID URI, under audiences or here"
    } else {
        "is empty: no token has such a value"
    }
}

/// `decryption-keys`, which stay where they are.
pub(super) fn decryption_keys(place: &str, draft: &mut Draft) {
    let advice = "encrypted tokens are not decrypted here, but refused (encrypted_token): switch the encryption off in the app \
                  registration (tokenEncryptionKeyId)";
    draft.note(place, advice);
}
