//! Hides secrets in the output: signatures, and opaque tokens.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use tower_entra::{TenantId, diagnosis::Decoded};

const HIDDEN: &str = "…";
/// The shortest piece that is hidden, in bytes: a shorter one is not a signature, and would be found by chance.
const SHORTEST: usize = 16;
/// The shortest opaque word that is hidden: GUIDs, scopes and names are shorter.
const SHORTEST_OPAQUE: usize = 64;

/// Pieces to hide by their first bytes, the longest first.
pub(crate) struct Secrets(HashMap<[u8; SHORTEST], Vec<String>>);

/// Pieces as they are collected.
#[derive(Default)]
struct Pieces(HashSet<String>);

impl Secrets {
    /// Those in a text that was pasted, and in claims that are tokens, as B2C has them.
    pub(crate) fn of(text: &str, decoded: &Decoded) -> Self {
        let mut found = Pieces::default();
        if text.contains("eyJ") {
            found.collect(text);
            if text.contains(char::is_whitespace) {
                found.collect(&text.split_whitespace().collect::<String>());
            }
            if text.contains('%') {
                found.collect(&text.replace("%2E", ".").replace("%2e", "."));
            }
        }
        let is_unreadable = decoded.header().is_none() && decoded.claims().is_none();
        found.collect_opaque(text, if is_unreadable { SHORTEST } else { SHORTEST_OPAQUE });
        for part in [decoded.header(), decoded.claims()].into_iter().flatten() {
            found.collect_from(part);
        }
        let mut found: Vec<String> = found.0.into_iter().collect();
        found.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        let mut pieces: HashMap<_, Vec<String>> = HashMap::new();
        for piece in found {
            let start = piece.as_bytes().first_chunk().copied();
            if let Some(start) = start {
                pieces.entry(start).or_default().push(piece);
            }
        }
        Self(pieces)
    }

    /// A document without them in its strings, and in the names of members below `token`, which the author of a token chose.
    pub(crate) fn hide_in(&self, document: Value, hides_names: bool) -> Value {
        match document {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(all) => all.into_iter().map(|value| self.hide_in(value, hides_names)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    let value = self.hide_in(value, hides_names || name == "token");
                    (if hides_names { self.hide(&name) } else { name }, value)
                };
                Value::Object(members.into_iter().map(member).collect())
            }
            other => other,
        }
    }

    /// The text without them, in one pass.
    pub(crate) fn hide(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let (mut shown, mut from, mut at) = (String::new(), 0, 0);
        while let Some(start) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let alike = self.0.get(start).into_iter().flatten();
            match alike.into_iter().find(|piece| bytes[at..].starts_with(piece.as_bytes())) {
                Some(piece) => {
                    shown.push_str(&text[from..at]);
                    shown.push_str(HIDDEN);
                    at += piece.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        shown + &text[from..]
    }
}

impl Pieces {
    fn collect_from(&mut self, part: &Map<String, Value>) {
        for (name, value) in part {
            match value {
                // A token of another provider, which need not be a JWT (`idp_access_token` of Azure AD B2C).
                Value::String(text) if name.to_lowercase().ends_with("token") => self.add(text),
                _ => {}
            }
            self.collect_value(value);
        }
    }

    fn collect_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.collect(text),
            Value::Array(all) => all.iter().for_each(|value| self.collect_value(value)),
            Value::Object(members) => self.collect_from(members),
            _ => {}
        }
    }

    /// The signatures in a text, also of two tokens without anything between them.
    fn collect(&mut self, text: &str) {
        for word in words(text).filter_map(|word| word.get(word.find("eyJ")?..)) {
            let parts = word.split('.').skip(2).flat_map(|part| [Some(part), part.split("eyJ").next()]);
            parts.flatten().filter(|part| part.len() >= SHORTEST).for_each(|part| self.add(part));
        }
    }

    /// Words that may be refresh tokens or codes: not addresses and GUIDs, which may be as long.
    fn collect_opaque(&mut self, text: &str, shortest: usize) {
        let is_secret =
            |word: &&str| word.len() >= shortest && !word.contains("//") && word.parse::<TenantId>().is_err();
        words(text).filter(is_secret).for_each(|word| self.add(word));
    }

    fn add(&mut self, piece: &str) {
        if !self.0.contains(piece) {
            self.0.insert(piece.to_owned());
        }
    }
}

/// Sequences of characters that tokens have.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.~+/=".contains(letter)))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn claims_that_are_tokens_are_hidden() {
        let secret = format!("ya29.{}", "made-up".repeat(20));
        let token = mock_entra::MockEntra::new().token().claim("idp_access_token", &*secret);
        let text = token.claim("idp", "https://id.contoso.example").build();
        let secrets = Secrets::of(&text, &Decoded::read(&text, SystemTime::now()));
        assert_eq!(secrets.hide(&format!("idp_access_token  {secret}")), "idp_access_token  …");
        assert_eq!(secrets.hide("https://id.contoso.example"), "https://id.contoso.example");
    }

    #[test]
    fn documents_stay_well_formed() {
        let text = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.1234567890123456";
        let secrets = Secrets::of(text, &Decoded::read(text, SystemTime::now()));
        let document =
            serde_json::json!({ "1234567890123456": 1_234_567_890_123_456_u64, "token": { "1234567890123456": text } });
        let expected = serde_json::json!({ "1234567890123456": 1_234_567_890_123_456_u64, "token": { "…": "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.…" } });
        assert_eq!(secrets.hide_in(document, false), expected);
    }

    #[test]
    fn signatures_are_hidden() {
        let signature = "c2lnbmF0dXJlc2lnbmF0dXJl";
        let opaque = "0.AXoAopaque".repeat(8);
        let jwt = format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.{signature}");
        let (start, end) = jwt.split_at(jwt.len() - 10);
        for text in [
            jwt.clone(),
            format!("Bearer {jwt}"),
            format!("{start}\n{end}"),
            format!("{jwt}{jwt}"),
            jwt.replace('.', "%2E"),
            format!("https://app.contoso.example/#access_token={jwt}&state=x"),
            format!(r#"{{"access_token":"{jwt}","refresh_token":"{opaque}"}}"#),
        ] {
            let secrets = Secrets::of(&text, &Decoded::read(&text, SystemTime::now()));
            let shown = secrets.hide(&format!("{text} {signature}"));
            assert!(!shown.contains(signature), "{text}: {shown}");
            assert!(!shown.contains(&opaque), "{text}: {shown}");
        }
        let guid = "11111111-2222-3333-4444-555555555555";
        let secrets = Secrets::of(guid, &Decoded::read(guid, SystemTime::now()));
        assert_eq!(secrets.hide(guid), guid);
        let secrets = Secrets::of(&opaque, &Decoded::read(&opaque, SystemTime::now()));
        assert_eq!(secrets.hide(&opaque), HIDDEN);
        assert_eq!(secrets.hide(&format!("é{opaque}é{}", &opaque[1..])), format!("é{HIDDEN}é{}", &opaque[1..]));
    }
}
