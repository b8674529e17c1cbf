//! Recognises what is given instead of a token: a web page, the decoded content of a token, binary data.

use serde_json::{Deserializer, Map, Value};

use super::CauseKind;

/// What a text without a token is, if it is known.
pub(super) fn instead_of_token(text: &str) -> Option<CauseKind> {
    if is_web_page(text) {
        Some(CauseKind::WebPage)
    } else if is_decoded(text) {
        Some(CauseKind::DecodedContent)
    } else {
        None
    }
}

/// HTML, with or without the head of the response.
fn is_web_page(text: &str) -> bool {
    let folded = text.to_ascii_lowercase();
    folded.contains("<!doctype html") || folded.contains("<html")
}

/// The header or the claims of a token as JSON, as decoder pages show them.
pub(super) fn is_decoded(text: &str) -> bool {
    let Some(start) = text.find('{') else { return false };
    let first = Deserializer::from_str(&text[start..]).into_iter::<Map<String, Value>>().next();
    first.and_then(Result::ok).is_some_and(|object| is_header(&object) || is_claims(&object))
}

fn is_header(object: &Map<String, Value>) -> bool {
    object.get("alg").is_some_and(Value::is_string) && (object.contains_key("typ") || object.contains_key("kid"))
}

fn is_claims(object: &Map<String, Value>) -> bool {
    ["iss", "aud", "exp", "iat", "nbf", "sub", "tid"].iter().filter(|name| object.contains_key(**name)).count() >= 2
}

/// Many characters that no text has.
pub(super) fn is_binary(text: &str) -> bool {
    let is_odd = |letter: &char| {
        *letter == char::REPLACEMENT_CHARACTER || (letter.is_control() && !"\t\n\r\0".contains(*letter))
    };
    let odd = text.chars().filter(is_odd).count();
    odd > 1 && odd * 10 >= text.chars().count()
}
