//! What people paste instead of a token, and the token in it. All of it takes time in proportion to its length.

use serde_json::Value;

use super::{
    CauseKind, content,
    credentials::{self, Credentials, after_scheme},
};
use crate::{bearer, jwt};

/// A text that was given as a token, and the token in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pasted {
    /// The token in it, as far as there is one.
    pub(super) token: String,
    /// What is wrong with how it was given, the outermost first.
    pub(super) faults: Vec<CauseKind>,
    /// What it was taken out of, which is no fault.
    pub(super) notes: Vec<CauseKind>,
    /// The field of a token response that it was in.
    pub(super) field: Option<&'static str>,
    /// The name of that field as the tool wrote it, such as `accessToken`.
    pub(super) field_name: Option<String>,
    /// The value of an `Authorization` header with another scheme.
    pub(super) other_scheme: Option<String>,
    /// Why the token endpoint did not issue one, in its own words.
    pub(super) refusal: Option<String>,
}

impl Pasted {
    /// Reads a text that somebody pasted. A header, a request, a command or an entry of a HAR file is not a fault: somebody
    /// copied what a client sends.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim_matches([' ', '\n', '\r']);
        // No request is as long as that: it is rejected for its length.
        if text.len() > MAX_LENGTH || is_token(text) {
            return Self { token: text.to_owned(), ..Self::default() };
        }
        if Response::parse(text).is_some() {
            return Self::of_credentials(text);
        }
        // Claims may have tokens in them, so that what begins as JSON is not searched for one.
        let instead = match text.starts_with('{') {
            true => content::is_decoded(text).then_some(CauseKind::DecodedContent),
            false if jwts(text).is_empty() => content::instead_of_token(text),
            false => None,
        };
        if let Some(kind) = instead {
            return Self::instead(kind);
        }
        let found = credentials::find(text);
        // A token says more than a password does, wherever it is.
        let token = found.iter().find_map(|found| match found {
            Credentials::Token(token) => Some(*token),
            Credentials::OtherScheme(_) => None,
        });
        let mut pasted = match (token, found.first()) {
            (Some(token), _) => Self::of_credentials(resolve(token, text)).noted(),
            (None, Some(Credentials::OtherScheme(value))) => Self::of_other_scheme(value),
            _ => match after_scheme(text) {
                Some(rest) if !rest.is_empty() => Self::of_credentials(rest).noted(),
                _ if credentials::has_cookie(text) && (jwts(text).is_empty() || is_cookie(text)) => {
                    Self { token: first_jwt(text), ..Self::instead(CauseKind::TokenInCookie) }
                }
                _ => Self::of_credentials(text),
            },
        };
        if found.len() > 1 {
            pasted.faults.insert(0, CauseKind::TwoHeaders);
        }
        pasted
    }

    fn noted(mut self) -> Self {
        self.notes.push(CauseKind::PastedRequest);
        self
    }

    /// Something else, with no token in it.
    fn instead(kind: CauseKind) -> Self {
        Self { faults: vec![kind], ..Self::default() }
    }

    /// An `Authorization` header without `Bearer`, and the token in it if there is one.
    fn of_other_scheme(value: &str) -> Self {
        let token = first_jwt(value);
        // The value may be a password: only its scheme is ever shown.
        Self { token, other_scheme: Some(value.to_owned()), ..Self::instead(CauseKind::OtherScheme) }
    }

    /// Reads what follows `Bearer` in a header.
    pub(super) fn of_credentials(text: &str) -> Self {
        let mut found = Self { token: text.trim_matches([' ', '\n', '\r']).to_owned(), ..Self::default() };
        if found.token.len() > MAX_LENGTH {
            return found;
        }
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
        found.take_out();
        let is_explained = |fault: &CauseKind| !matches!(fault, CauseKind::BearerInToken | CauseKind::Quoted);
        if found.token.is_empty() && !found.faults.iter().any(is_explained) {
            found.faults.push(CauseKind::NoToken);
        }
        found
    }

    fn add(&mut self, fault: CauseKind, token: String) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        self.token = token;
    }

    /// A token response (RFC 6749 §5.1), or an error of the token endpoint (§5.2), pasted whole.
    fn unwrap_response(&mut self) {
        match Response::parse(&self.token) {
            Some(Response::Token { field, name, token }) => {
                let is_access_token = ["access_token", "token"].contains(&field);
                let fault = if is_access_token { CauseKind::TokenResponse } else { CauseKind::NoAccessToken };
                (self.field, self.field_name) = (Some(field), Some(name));
                self.add(fault, token);
            }
            Some(Response::WithoutToken) => self.add(CauseKind::NoAccessToken, String::new()),
            Some(Response::Error(refusal)) => {
                self.refusal = Some(refusal);
                self.add(CauseKind::ErrorResponse, String::new());
            }
            None => {}
        }
    }

    fn strip_quotes(&mut self) {
        for quote in ['"', '\'', '`', '“', '”', '‘', '’'] {
            if self.token.starts_with(quote) || self.token.ends_with(quote) {
                let bare = self.token.trim_matches(['"', '\'', '`', '“', '”', '‘', '’', ' ', ',', ';']).to_owned();
                return self.add(CauseKind::Quoted, bare);
            }
        }
    }

    fn strip_scheme(&mut self) {
        const NAME: &str = "authorization:";
        if self.token.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)) {
            let rest = self.token[NAME.len()..].trim().to_owned();
            self.add(CauseKind::BearerInToken, rest);
        }
        if let Some(rest) =
            self.token.get(SCHEME.len()..).filter(|_| self.token[..SCHEME.len()].eq_ignore_ascii_case(SCHEME))
            && (rest.is_empty() || rest.starts_with([' ', ':', '+', '%', '\t', '=']))
        {
            let rest = rest.trim_start_matches([' ', ':', '+', '\t', '=']).trim_start_matches("%20").to_owned();
            self.add(CauseKind::BearerInToken, rest);
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
        self.add(CauseKind::UrlEncoded, decoded.trim().to_owned());
        self.strip_scheme();
    }

    /// Two whole tokens, with any text around and between them.
    fn split_tokens(&mut self) {
        if let [first, _, ..] = jwts(&self.token).as_slice() {
            let first = (*first).to_owned();
            return self.add(CauseKind::TwoTokens, first);
        }
        // One directly after the other: the second begins with its own header.
        let dots: Vec<usize> = self.token.match_indices('.').map(|(at, _)| at).take(4).collect();
        if let [_, second, third, _] = dots.as_slice()
            && let Some(start) = self.token[*second..*third].find("eyJ").filter(|start| *start > 1)
            && looks_like_a_jwt(&self.token[..second + start])
            && looks_like_a_jwt(&self.token[second + start..])
        {
            let first = self.token[..second + start].to_owned();
            self.add(CauseKind::TwoTokens, first);
        }
    }

    /// A token that is broken into lines, or has invisible characters in it.
    fn join_lines(&mut self) {
        if self.token.contains(is_whitespace) {
            let joined: String = self.token.split(is_whitespace).collect();
            // A quoted e-mail has `>` before every line of the original one.
            let quoted = self.token.lines().filter(|line| line.starts_with('>'));
            let quoted: String =
                quoted.flat_map(|line| line.trim_start_matches(['>', ' ']).split(is_whitespace)).collect();
            let joined = [joined, quoted].into_iter().find(|joined| is_token(joined));
            if let Some(joined) = joined {
                self.add(CauseKind::WhitespaceInToken, joined);
            }
        }
    }

    /// A token with other text around it: an address, a form, a sentence.
    fn take_out(&mut self) {
        if is_jwt_in_any_base64(&self.token) {
            return;
        }
        if jwts(&self.token).is_empty() && bearer::is_placeholder(self.token.as_bytes()) {
            return self.add(CauseKind::Placeholder, String::new());
        }
        if let Some(jwt) = jwts(&self.token).first() {
            let jwt = (*jwt).to_owned();
            self.add(CauseKind::Surrounded, jwt);
        } else if content::is_binary(&self.token) {
            self.add(CauseKind::Malformed, String::new());
        } else if self.token.contains(is_whitespace) {
            self.add(CauseKind::WhitespaceInToken, self.token.clone());
        }
    }
}

/// Only characters of a token: nothing is to be taken off.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_of_token) && looks_like_a_jwt(text)
}

/// The token itself in place of a variable, if the file that has the request sets it too.
fn resolve<'a>(credentials: &'a str, text: &'a str) -> &'a str {
    match jwts(text).as_slice() {
        [token] if bearer::is_placeholder(credentials.as_bytes()) => token,
        _ => credentials,
    }
}

/// A response of a token endpoint, or of a tool that calls one.
enum Response {
    Token { field: &'static str, name: String, token: String },
    WithoutToken,
    Error(String),
}

impl Response {
    fn parse(text: &str) -> Option<Self> {
        const FIELDS: [&str; 4] = ["access_token", "token", "id_token", "refresh_token"];
        let Value::Object(response) = serde_json::from_str(Some(text).filter(|text| text.starts_with('{'))?).ok()?
        else {
            return None;
        };
        // Tools write them as accessToken or Token.
        let has_name = |name: &str, field: &str| name.replace('_', "").eq_ignore_ascii_case(&field.replace('_', ""));
        let text = |field: &str| {
            let (name, value) = response.iter().find(|(name, _)| has_name(name, field))?;
            Some((name, value.as_str()?))
        };
        if let Some((field, (name, token))) = FIELDS.into_iter().find_map(|field| Some((field, text(field)?))) {
            return Some(Self::Token { field, name: name.clone(), token: token.to_owned() });
        }
        if let Some((_, error)) = text("error") {
            return Some(Self::Error(refusal(error, text("error_description").map(|(_, description)| description))));
        }
        text("token_type").map(|_| Self::WithoutToken)
    }
}

const SCHEME: &str = "bearer";
/// The longest text in which a token is looked for, in bytes.
const MAX_LENGTH: usize = 256 * 1024;
/// A token in any alphabet of base64, and nothing around it.
pub(super) fn is_jwt_in_any_base64(text: &str) -> bool {
    let of_jwts = text.replace('+', "-").replace('/', "_").replace('=', "");
    looks_like_a_jwt(&of_jwts) && of_jwts.bytes().all(is_of_token)
}

/// Why a token endpoint does not issue a token, in one line.
fn refusal(error: &str, description: Option<&str>) -> String {
    const LONGEST: usize = 300;
    let text = format!("{error}: {}", description.unwrap_or_default());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect::<String>().trim_end_matches(['.', ':', ' ']).to_owned()
}

/// Whitespace, and characters without width that come with text copied from pages.
fn is_whitespace(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// The whole tokens in a text. A word with more than three parts is not one.
fn jwts(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !u8::try_from(letter).is_ok_and(is_of_token));
    // A full stop may be of the sentence around it.
    let words = words.map(|word| word.trim_matches('.'));
    let jwt = |word: &str| word.find("eyJ").map(|start| start..word.len());
    words.filter_map(|word| word.get(jwt(word)?).filter(|jwt| looks_like_a_jwt(jwt))).collect()
}

fn first_jwt(text: &str) -> String {
    jwts(text).first().map(|token| (*token).to_owned()).unwrap_or_default()
}

/// A `Cookie` header alone.
fn is_cookie(text: &str) -> bool {
    text.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("cookie"))
}

/// Three parts, the first of which is a JSON object.
fn looks_like_a_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let header = parts.next().and_then(|header| jwt::decode(header.as_bytes()));
    header.is_some_and(|header| header.starts_with(b"{")) && parts.count() == 2
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn text_around_a_token_is_recognised() {
        use CauseKind::*;

        let mut wrong = Vec::new();
        let jwt = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#));
        let encoded = jwt.replace('.', "%2E");
        let halves = jwt.split_at(10);
        for (text, token, faults) in [
            (jwt.clone(), jwt.as_str(), vec![]),
            (format!("  {jwt}\r\n"), &jwt, vec![]),
            (format!("{jwt}\t"), &jwt, vec![WhitespaceInToken]),
            (format!("Bearer {jwt}"), &jwt, vec![]),
            (format!("bearer: {jwt}"), &jwt, vec![]),
            (format!("Bearer Bearer {jwt}"), &jwt, vec![BearerInToken]),
            (format!("Authorization: Bearer {jwt}"), &jwt, vec![]),
            (
                format!(
                    "GET /me HTTP/1.1\r\nHost: api.contoso.example\r\nauthorization: bearer {jwt}\r\nAccept: */*\r\n"
                ),
                &jwt,
                vec![],
            ),
            (format!("Host: x\nX-MS-TOKEN-AAD-ACCESS-TOKEN: {jwt}\n"), &jwt, vec![]),
            (
                format!(r#"{{"name":"Authorization","value":"Bearer {jwt}"}},{{"name":"Accept","value":"*/*"}}"#),
                &jwt,
                vec![],
            ),
            (format!(r#"{{"Authorization": "Bearer {jwt}"}}"#), &jwt, vec![]),
            (format!("curl --oauth2-bearer {jwt} https://api.contoso.example/"), &jwt, vec![]),
            (format!("curl --oauth2-bearer '{jwt}' https://api.contoso.example/"), &jwt, vec![]),
            (
                format!(
                    "curl 'https://api.contoso.example/' \\\n  -H 'authorization: Bearer {jwt}' \\\n  --compressed"
                ),
                &jwt,
                vec![],
            ),
            (format!("Authorization: Bearer {jwt}\nAuthorization: Bearer {jwt}"), &jwt, vec![]),
            (format!("Authorization: Bearer {jwt}\nAuthorization: Basic eA=="), &jwt, vec![TwoHeaders]),
            (format!("Authorization: Bearer \"{jwt}\""), &jwt, vec![Quoted]),
            (format!("\"{jwt}\""), &jwt, vec![Quoted]),
            (format!("'Bearer {jwt}',"), &jwt, vec![Quoted, BearerInToken]),
            (format!("“{jwt}”"), &jwt, vec![Quoted]),
            (format!("{}\r\n{}", halves.0, halves.1), &jwt, vec![WhitespaceInToken]),
            (format!("{} {}", halves.0, halves.1), &jwt, vec![WhitespaceInToken]),
            (encoded.clone(), &jwt, vec![UrlEncoded]),
            (format!("Bearer%20{encoded}"), &jwt, vec![BearerInToken, UrlEncoded]),
            (format!("{jwt} {jwt}"), &jwt, vec![TwoTokens]),
            (format!("{jwt},{jwt}"), &jwt, vec![TwoTokens]),
            (format!("{jwt}{jwt}"), &jwt, vec![TwoTokens]),
            (format!(r#"{{"token_type":"Bearer","access_token":"{jwt}"}}"#), &jwt, vec![TokenResponse]),
            (format!(r#"{{"id_token":"{jwt}"}}"#), &jwt, vec![NoAccessToken]),
            (String::new(), "", vec![NoToken]),
            ("Bearer".into(), "", vec![BearerInToken, NoToken]),
            (format!("{halves}\u{200b}", halves = jwt), &jwt, vec![WhitespaceInToken]),
            (format!("{}\u{feff}{}\0", halves.0, halves.1), &jwt, vec![WhitespaceInToken]),
            (format!("curl -H \"Authorization: Bearer {jwt}\" https://api.contoso.example/"), &jwt, vec![]),
            (format!("access_token={jwt}&token_type=Bearer"), &jwt, vec![Surrounded]),
            (format!("https://app.contoso.example/#access_token={jwt}&expires_in=3599"), &jwt, vec![Surrounded]),
            (
                format!("https%3A%2F%2Fapp.contoso.example%2F%23access_token%3D{encoded}"),
                &jwt,
                vec![UrlEncoded, Surrounded],
            ),
            (format!("{{ access_token: {jwt} }}"), &jwt, vec![Surrounded]),
            (format!("Bearer{jwt}"), &jwt, vec![Surrounded]),
            (format!("<{jwt}>"), &jwt, vec![Surrounded]),
            (format!("{jwt}."), &jwt, vec![Surrounded]),
            (format!(r#""{{\"access_token\":\"{jwt}\"}}""#), &jwt, vec![Quoted, Surrounded]),
            (format!("access_token={jwt}&id_token={jwt}"), &jwt, vec![TwoTokens]),
            (format!("{jwt}+/8="), &format!("{jwt}+/8="), vec![]),
            (format!("a {jwt}.x b"), &format!("a {jwt}.x b"), vec![WhitespaceInToken]),
            (format!(r#"{{"Token":"{jwt}","Type":"Bearer"}}"#), &jwt, vec![TokenResponse]),
            (format!(r#"{{"idToken":"x","accessToken":"{jwt}"}}"#), &jwt, vec![TokenResponse]),
            (r#"{"error":"invalid_scope","error_description":"AADSTS70011: no"}"#.into(), "", vec![ErrorResponse]),
            (format!("> {}\n> {}\n>\n", halves.0, halves.1), &jwt, vec![WhitespaceInToken]),
            (format!("On Monday, A wrote:\n>> {}\n>> {}", halves.0, halves.1), &jwt, vec![WhitespaceInToken]),
            (format!("> {jwt}"), &jwt, vec![WhitespaceInToken]),
            (r#"{"alg":"RS256","kid":"x"}"#.into(), "", vec![DecodedContent]),
            (
                "{\n \"typ\": \"JWT\",\n \"alg\": \"RS256\"\n}.{\n \"aud\": \"x\"\n}.[Signature]".into(),
                "",
                vec![DecodedContent],
            ),
            ("HEADER\n{\"typ\":\"JWT\",\"alg\":\"RS256\"}\nPAYLOAD\n{\"aud\":\"x\"}".into(), "", vec![DecodedContent]),
            (format!(r#"{{"iss":"x","aud":"y","idp_access_token":"{jwt}"}}"#), "", vec![DecodedContent]),
            ("Cookie: session=x; other=y".into(), "", vec![TokenInCookie]),
            ("GET / HTTP/1.1\r\nHost: x\r\ncookie: session=x\r\n".into(), "", vec![TokenInCookie]),
            (format!("Cookie: token={jwt}"), &jwt, vec![TokenInCookie]),
            (format!("map[Accept:[*/*] Authorization:[Bearer {jwt}] Host:[x]]"), &jwt, vec![]),
            (format!("Authorization:[Bearer {jwt}]"), &jwt, vec![]),
            (format!("http.Header{{\"Authorization\":[]string{{\"Bearer {jwt}\"}}}}"), &jwt, vec![]),
            (format!(r#"{{"headers":{{"Authorization":["Bearer {jwt}"]}}}}"#), &jwt, vec![]),
            (format!("Proxy-Authorization: Basic eA==\nAuthorization: Bearer {jwt}"), &jwt, vec![]),
            ("Authorization: Basic bWFkZTp1cA==".into(), "", vec![OtherScheme]),
            (format!("Authorization: {jwt}"), &jwt, vec![OtherScheme]),
            (format!("Authorization: DPoP {jwt}"), &jwt, vec![OtherScheme]),
            (format!("Authorization: Basic eA==\nAuthorization: Bearer {jwt}"), &jwt, vec![TwoHeaders]),
            (format!("Authorization=Bearer%20{jwt}&x=y"), &jwt, vec![Surrounded]),
            (format!("Authorization=Bearer%20{jwt}"), &jwt, vec![]),
            (format!("Authorization=Bearer%20{encoded}"), &jwt, vec![UrlEncoded]),
            (format!("Invoke-RestMethod $uri -Headers @{{Authorization=\"Bearer {jwt}\"}}"), &jwt, vec![]),
            (
                format!("Invoke-RestMethod $uri -Headers @{{ 'Authorization' = 'Bearer {jwt}'; Accept = '*/*' }}"),
                &jwt,
                vec![],
            ),
            (format!("GET https://api.contoso.example/\nAuthorization: Bearer {jwt}\n\n###\n"), &jwt, vec![]),
            (
                format!("@token = {jwt}\n\nGET https://api.contoso.example/\nAuthorization: Bearer {{{{token}}}}\n"),
                &jwt,
                vec![],
            ),
            ("GET https://api.contoso.example/\nAuthorization: Bearer {{token}}\n".into(), "", vec![Placeholder]),
            ("curl -H \"Authorization: Bearer $TOKEN\" https://api.contoso.example/".into(), "", vec![Placeholder]),
            ("<!DOCTYPE html>\n<html><title>Sign in</title>authorization: none</html>".into(), "", vec![WebPage]),
            ("HTTP/1.1 200 OK\r\n\r\n<HTML><body></body></HTML>".into(), "", vec![WebPage]),
            ("\u{fffd}\u{fffd}<a{b\u{1} x".into(), "", vec![Malformed]),
            (r#"{"token_type":"Bearer","expires_in":3599}"#.into(), "", vec![NoAccessToken]),
            (
                format!(r#"{{"accessToken":"{jwt}","expiresOn":"2026-11-27","tokenType":"Bearer"}}"#),
                &jwt,
                vec![TokenResponse],
            ),
            (format!(r#"{{"token":"{jwt}"}}"#), &jwt, vec![TokenResponse]),
            ("please {give} <me> one".into(), "please {give} <me> one", vec![WhitespaceInToken]),
            ("0.AXoAopaque".into(), "0.AXoAopaque", vec![]),
            ("{broken".into(), "{broken", vec![]),
            ("100%".into(), "100%", vec![]),
            ("é%zz".into(), "é%zz", vec![]),
        ] {
            let found = Pasted::read(&text);
            if (found.token.as_str(), &found.faults) != (token, &faults) {
                wrong.push(format!("{text:?}: {:?} {:?}", found.token, found.faults));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(Pasted::read(&format!(r#"{{"refresh_token":"x","id_token":"{jwt}"}}"#)).field, Some("id_token"));
        let refused =
            Pasted::read(r#"{"error":"invalid_scope","error_description":"AADSTS70011: no.\r\nTrace ID: 1 "}"#);
        assert_eq!(refused.refusal.as_deref(), Some("invalid_scope: AADSTS70011: no. Trace ID: 1"));
        assert_eq!(Pasted::read(r#"{"error":"invalid_grant"}"#).refusal.as_deref(), Some("invalid_grant"));
    }
}
