//! Changes of a signed token's text, and of the request that carries it.

use std::fmt;

use crate::{keys::encode, object::string, random::Random};

/// A change by its name, and how often it is chosen.
pub struct TextMutation {
    pub name: &'static str,
    pub weight: u64,
    pub change: fn(&str, &mut Random) -> String,
}

macro_rules! texts {
    ($($name:literal $weight:literal, $change:expr;)+) => {
        &[$(TextMutation { name: $name, weight: $weight, change: $change },)+]
    };
}

/// Its start and end; the end of a token is its signature.
fn ends(token: &str) -> (&str, &str) {
    token.rsplit_once('.').unwrap_or((token, ""))
}

/// One character of a part replaced by another of the alphabet. Never the last one, whose low bits may have to be zero.
fn flip(token: &str, part: usize, random: &mut Random) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    if let Some(text) = parts.get_mut(part).filter(|text| text.len() > 8) {
        let at = random.below(text.len() - 4);
        let new = if &text[at..=at] == "A" { "B" } else { "A" };
        text.replace_range(at..=at, new);
    }
    parts.join(".")
}

fn insert(token: &str, text: &str, random: &mut Random) -> String {
    let at = random.below(token.len() + 1);
    format!("{}{text}{}", &token[..at], &token[at..])
}

#[rustfmt::skip]
pub const TEXT_MUTATIONS: &[TextMutation] = texts! {
    "payload changed" 3, |token, random| flip(token, 1, random);
    "header changed" 2, |token, random| flip(token, 0, random);
    "signature changed" 6, |token, random| flip(token, 2, random);
    "signature of another token" 2, |token, _| { let (start, _) = ends(token); format!("{start}.{}", encode([7; 256])) };
    "signature is empty" 2, |token, _| format!("{}.", ends(token).0);
    "signature removed" 2, |token, _| ends(token).0.to_owned();
    "signature cut" 4, |token, random| token[..token.len() - 1 - random.below(8)].to_owned();
    "end cut" 4, |token, random| token[..random.below(token.len())].to_owned();
    "start cut" 2, |token, random| token[1 + random.below(9)..].to_owned();
    "signature with more" 1, |token, random| format!("{token}{}", random.pick(&["A", "AA", "AAAA", "!"]));
    "padding" 2, |token, random| format!("{token}{}", random.pick(&["=", "==", "+/8="]));
    "the other alphabet" 1, |token, _| token.replace('-', "+").replace('_', "/") + "+/";
    "two parts more" 3, |token, _| format!("{token}.YQ.Yg");
    "one part more" 2, |token, random| format!("{token}{}", random.pick(&[".YQ", ".", ".."]));
    "encrypted" 4, |_, random| format!("{}.YQ.Yg.{}.ZA", encode(r#"{"alg":"RSA-OAEP","enc":"A256CBC-HS512"}"#), random.pick(&["Yw", ""]));
    "whitespace inside" 6, |token, random| { let blank = random.pick(&[" ", "\n", "\r\n", "\t", "\u{200b}", "\u{feff}"]); insert(token, blank, random) };
    "whitespace behind" 2, |token, random| format!("{token}{}", random.pick(&[" ", "\n", "\t", "\u{200b}", "   "]));
    "whitespace before" 1, |token, random| format!("{}{token}", random.pick(&[" ", "\n", "\t"]));
    "another character inside" 3, |token, random| { let text = random.pick(&["!", "\u{e9}", "\"", ",", ";", "%", "\0", ".", "~"]); insert(token, text, random) };
    "in quotes" 5, |token, random| { let quote = random.pick(&["\"", "'", "`"]); format!("{quote}{token}{quote}") };
    "in typographic quotes" 1, |token, _| format!("\u{201c}{token}\u{201d}");
    "a quote in front" 1, |token, _| format!("\"{token}");
    "Bearer in front" 5, |token, random| format!("{}{token}", random.pick(&["Bearer ", "bearer: ", "Bearer%20", "BEARER ", "Bearer"]));
    "header name in front" 2, |token, _| format!("Authorization: Bearer {token}");
    "encoded for a URL" 5, |token, _| token.replace('.', "%2E");
    "token response" 5, |token, random| match random.below(3) { 0 => format!(r#"{{"token_type":"Bearer","access_token":"{token}"}}"#), 1 => format!(r#"{{"Token":"{token}","Type":"Bearer"}}"#), _ => format!(r#"{{"id_token":"{token}"}}"#) };
    "error response" 5, |_, random| format!(r#"{{"error":"{}","error_description":"AADSTS500011: made up.\r\nTrace ID: 1"}}"#, random.pick(&["invalid_resource", "invalid_grant"]));
    "in a command" 3, |token, _| format!("curl -H 'X: {token}' https://api.contoso.example/");
    "in a form" 2, |token, _| format!("access_token={token}&token_type=x");
    "in an address" 1, |token, _| format!("https://app.contoso.example/#access_token={token}&expires_in=3599");
    "two tokens" 5, |token, random| format!("{token}{}{token}", random.pick(&[" ", ",", ", ", ""]));
    "placeholder" 5, |_, random| random.pick(&["<token>", "$TOKEN", "{{access_token}}", "undefined", "null", "None", "${token}", "[object Object]", "YOUR_TOKEN"]).to_owned();
    "opaque token" 5, |_, random| random.pick(&["0.AXoAmadeUpRefreshTokenOfNobody", "M.C5xx_BAY.0.U.-CmadeUpRefreshTokenOfNobody", "madeUpOpaqueToken", "1.AAAA.BBBB", "EwBwmadeUp=="]).to_owned();
    "empty" 3, |_, random| random.pick(&["", " ", "=", ".", "..", "...", "...."]).to_owned();
    "not ASCII" 1, |_, random| random.pick(&["t\u{f6}ken", "\u{1f511}", "eyJ\u{e9}.e30.AA"]).to_owned();
    "long" 4, |token, random| { let long = "A".repeat([2000, 17_000, 20_000][random.below(3)]); format!("{token}{long}") };
    "a JSON string" 1, |token, _| string(&string(token));
};

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub uri: String,
    pub headers: Vec<(&'static str, String)>,
    /// The token, as somebody would paste it, where it cannot be in a header or where it is enough.
    pub text: String,
}

impl Sent {
    pub fn bearer(text: String) -> Self {
        let headers = vec![("authorization", format!("Bearer {text}"))];
        Self { uri: "/".to_owned(), headers, text }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.uri)?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " {name}: {value:?}"))?;
        let is_shown = self.headers.iter().any(|(_, value)| value.contains(&self.text));
        if is_shown { Ok(()) } else { write!(f, " token {:?}", self.text) }
    }
}

pub struct RequestMutation {
    pub name: &'static str,
    pub weight: u64,
    pub change: fn(&mut Sent, &mut Random),
}

macro_rules! requests {
    ($($name:literal $weight:literal, $change:expr;)+) => {
        &[$(RequestMutation { name: $name, weight: $weight, change: $change },)+]
    };
}

fn authorization(sent: &mut Sent, value: impl Into<String>) {
    sent.headers = vec![("authorization", value.into())];
}

#[rustfmt::skip]
pub const REQUEST_MUTATIONS: &[RequestMutation] = requests! {
    "no header" 5, |sent: &mut Sent, _: &mut Random| sent.headers.clear();
    "no token" 3, |sent, random| authorization(sent, random.pick(&["", " ", "Bearer", "Bearer ", "bearer  "]));
    "another scheme" 5, |sent, random| { let scheme = random.pick(&["Basic", "DPoP", "PoP", "Negotiate", "Digest", "Token", "Bearerx", "ApiKey"]); let text = sent.text.clone(); authorization(sent, format!("{scheme} {text}")); };
    "no scheme" 2, |sent, _| { let text = sent.text.clone(); authorization(sent, text); };
    "scheme in another form" 3, |sent, random| { let scheme = random.pick(&["bearer ", "BEARER ", "Bearer  ", "Bearer\t", "Bearer:", "Bearer: ", "Bearer=", "Bearer,", " Bearer "]); let text = sent.text.clone(); authorization(sent, format!("{scheme}{text}")); };
    "two headers" 5, |sent, random| { let second = random.pick(&["Basic bWFkZTp1cA==", "", "Bearer x"]).to_owned(); let second = if random.percent(40) { format!("Bearer {}", sent.text) } else { second }; sent.headers.push(("authorization", second)); };
    "token in a cookie" 5, |sent, random| { let text = std::mem::take(&mut sent.text); sent.headers = vec![("cookie", format!("{}={text}", random.pick(&["token", "session"])))]; };
    "cookie beside the header" 1, |sent, _| sent.headers.push(("cookie", "session=made-up".to_owned()));
    "token in the query" 5, |sent, random| { let name = random.pick(&["access_token", "token", "id_token", "ACCESS_TOKEN"]); sent.uri = format!("/orders?a=b&{name}=made-up"); sent.headers.clear(); if random.percent(20) { sent.headers.push(("cookie", "session=made-up".to_owned())); } };
    "token in another header" 2, |sent, _| { let text = sent.text.clone(); sent.headers = vec![("x-access-token", text)]; };
};
