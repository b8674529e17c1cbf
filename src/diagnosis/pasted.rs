//! What people paste instead of a token, and the token in it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::CauseKind;

/// What was given, made out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pasted {
    /// The token in it, as far as one can be made out.
    pub(super) token: String,
    /// What is wrong with how it was given, the outermost first.
    pub(super) faults: Vec<CauseKind>,
    /// The field of a token response that it was in.
    pub(super) field: Option<&'static str>,
}

impl Pasted {
    /// Makes a text out.
    pub(super) fn read(text: &str) -> Self {
        let mut found = Self { token: text.trim_matches([' ', '\n', '\r']).to_owned(), ..Self::default() };
        found.unwrap_response();
        // As often as people wrap things.
        for _ in 0..4 {
            let before = found.token.clone();
            found.strip_quotes();
            found.strip_scheme();
            if found.token == before {
                break;
            }
        }
        found.decode_url();
        found.split_tokens();
        found.join_lines();
        if found.token.is_empty() {
            found.faults.push(CauseKind::NoToken);
        }
        found
    }

    fn note(&mut self, fault: CauseKind, token: String) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        self.token = token;
    }

    /// A token response (RFC 6749 §5.1) pasted whole.
    fn unwrap_response(&mut self) {
        if !self.token.starts_with('{') {
            return;
        }
        let Ok(response) = serde_json::from_str::<Value>(&self.token) else { return };
        let fields = ["access_token", "accessToken", "id_token", "refresh_token"];
        let found = fields.into_iter().find_map(|field| Some((field, response.get(field)?.as_str()?.to_owned())));
        if let Some((field, token)) = found {
            self.field = Some(field);
            self.note(CauseKind::TokenResponse, token);
        }
    }

    fn strip_quotes(&mut self) {
        for quote in ['"', '\'', '`', '“', '”', '‘', '’'] {
            if self.token.starts_with(quote) || self.token.ends_with(quote) {
                let bare = self.token.trim_matches(['"', '\'', '`', '“', '”', '‘', '’', ' ', ',', ';']).to_owned();
                return self.note(CauseKind::Quoted, bare);
            }
        }
    }

    fn strip_scheme(&mut self) {
        const NAME: &str = "authorization:";
        if self.token.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)) {
            let rest = self.token[NAME.len()..].trim().to_owned();
            self.note(CauseKind::BearerInToken, rest);
        }
        const SCHEME: &str = "bearer";
        if let Some(rest) =
            self.token.get(SCHEME.len()..).filter(|_| self.token[..SCHEME.len()].eq_ignore_ascii_case(SCHEME))
            && (rest.is_empty() || rest.starts_with([' ', ':', '+', '%', '\t', '=']))
        {
            let rest = rest.trim_start_matches([' ', ':', '+', '\t', '=']).trim_start_matches("%20").to_owned();
            self.note(CauseKind::BearerInToken, rest);
        }
    }

    fn decode_url(&mut self) {
        if !self.token.contains('%') || !self.token.is_ascii() {
            return;
        }
        let mut decoded = String::new();
        let mut rest = self.token.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            decoded.push_str(before);
            let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
            let Some(byte) = byte else { return };
            decoded.push(char::from(byte));
            rest = &after[2..];
        }
        decoded.push_str(rest);
        self.note(CauseKind::UrlEncoded, decoded.trim().to_owned());
        self.strip_scheme();
    }

    /// Two whole tokens, with whatever between them.
    fn split_tokens(&mut self) {
        let parts: Vec<&str> =
            self.token.split([' ', ',', ';', '\n', '\r', '\t']).filter(|part| looks_like_a_jwt(part)).collect();
        if let [first, _, ..] = parts.as_slice() {
            let first = (*first).to_owned();
            return self.note(CauseKind::TwoTokens, first);
        }
        // One right behind the other: the second begins with a header of its own.
        let dots: Vec<usize> = self.token.match_indices('.').map(|(at, _)| at).collect();
        if let [_, second, third, _] = dots.as_slice()
            && let Some(start) = self.token[*second..*third].find("eyJ").filter(|start| *start > 1)
            && looks_like_a_jwt(&self.token[second + start..])
        {
            let first = self.token[..second + start].to_owned();
            self.note(CauseKind::TwoTokens, first);
        }
    }

    fn join_lines(&mut self) {
        if self.token.contains(char::is_whitespace) {
            let joined: String = self.token.split_whitespace().collect();
            let joined = if looks_like_a_jwt(&joined) { joined } else { self.token.clone() };
            self.note(CauseKind::BrokenByBlanks, joined);
        }
    }
}

/// Three parts, the first of which is a JSON object.
fn looks_like_a_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let header = parts.next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    header.is_some_and(|header| header.starts_with(b"{")) && parts.count() == 2
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste() {
        use CauseKind::*;
        let jwt = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#));
        let encoded = jwt.replace('.', "%2E");
        let halves = jwt.split_at(10);
        for (text, token, faults) in [
            (jwt.clone(), jwt.as_str(), vec![]),
            (format!("  {jwt}\r\n"), &jwt, vec![]),
            (format!("{jwt}\t"), &jwt, vec![BrokenByBlanks]),
            (format!("Bearer {jwt}"), &jwt, vec![BearerInToken]),
            (format!("bearer: {jwt}"), &jwt, vec![BearerInToken]),
            (format!("Authorization: Bearer {jwt}"), &jwt, vec![BearerInToken]),
            (format!("\"{jwt}\""), &jwt, vec![Quoted]),
            (format!("'Bearer {jwt}',"), &jwt, vec![Quoted, BearerInToken]),
            (format!("“{jwt}”"), &jwt, vec![Quoted]),
            (format!("{}\r\n{}", halves.0, halves.1), &jwt, vec![BrokenByBlanks]),
            (format!("{} {}", halves.0, halves.1), &jwt, vec![BrokenByBlanks]),
            (encoded.clone(), &jwt, vec![UrlEncoded]),
            (format!("Bearer%20{encoded}"), &jwt, vec![BearerInToken, UrlEncoded]),
            (format!("{jwt} {jwt}"), &jwt, vec![TwoTokens]),
            (format!("{jwt},{jwt}"), &jwt, vec![TwoTokens]),
            (format!("{jwt}{jwt}"), &jwt, vec![TwoTokens]),
            (format!(r#"{{"token_type":"Bearer","access_token":"{jwt}"}}"#), &jwt, vec![TokenResponse]),
            (format!(r#"{{"id_token":"{jwt}"}}"#), &jwt, vec![TokenResponse]),
            (String::new(), "", vec![NoToken]),
            ("Bearer".into(), "", vec![BearerInToken, NoToken]),
            ("0.AXoAopaque".into(), "0.AXoAopaque", vec![]),
            ("{broken".into(), "{broken", vec![]),
            ("100%".into(), "100%", vec![]),
            ("é%zz".into(), "é%zz", vec![]),
        ] {
            let found = Pasted::read(&text);
            assert_eq!((found.token.as_str(), &found.faults), (token, &faults), "{text}");
        }
        assert_eq!(Pasted::read(&format!(r#"{{"refresh_token":"x","id_token":"{jwt}"}}"#)).field, Some("id_token"));
    }
}
