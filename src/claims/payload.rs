//! The payload of a token, decoded once. Nothing in it is believed until the signature has verified.

use std::{slice, time::Duration};

use super::{
    json::{self, Name},
    simple,
};

/// A place in the payload's text, or the number of a string that had escapes.
#[derive(Clone, Copy, Debug)]
enum Text {
    Span { start: u32, end: u32 },
    Unescaped(u32),
}

/// One member: its name, and where its value stands.
#[derive(Debug)]
struct Member {
    name: Text,
    start: u32,
    end: u32,
}

/// The claims that are lists, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListClaim {
    Audience,
    Roles,
    Groups,
    DirectoryRoles,
    AuthContexts,
    ClientCapabilities,
}

/// The claims that are strings by which we judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringClaim {
    Issuer,
    Subject,
    Tenant,
    ObjectId,
    Version,
    Scope,
    Azp,
    AppId,
    AzpAcr,
    AppIdAcr,
    TokenType,
}

impl StringClaim {
    const COUNT: usize = 11;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "iss" => Self::Issuer,
            "sub" => Self::Subject,
            "tid" => Self::Tenant,
            "oid" => Self::ObjectId,
            "ver" => Self::Version,
            "scp" => Self::Scope,
            "azp" => Self::Azp,
            "appid" => Self::AppId,
            "azpacr" => Self::AzpAcr,
            "appidacr" => Self::AppIdAcr,
            "idtyp" => Self::TokenType,
            _ => return None,
        })
    }

    fn weight(self) -> Weight {
        match self {
            Self::Issuer | Self::Subject | Self::Tenant => Weight::Always,
            _ => Weight::AtEntra,
        }
    }
}

impl ListClaim {
    const COUNT: usize = 6;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "aud" => Self::Audience,
            "roles" => Self::Roles,
            "groups" => Self::Groups,
            "wids" => Self::DirectoryRoles,
            "acrs" => Self::AuthContexts,
            "xms_cc" => Self::ClientCapabilities,
            _ => return None,
        })
    }

    /// What a wrong type does to the token; all others are the user's.
    fn weight(self) -> Weight {
        match self {
            Self::Audience => Weight::Always,
            Self::Roles => Weight::AtEntra,
            _ => Weight::Never,
        }
    }
}

/// Whether tokens are judged by a claim.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A wrong type refuses any token.
    Always,
    /// A wrong type refuses a token of Entra.
    AtEntra,
    Never,
}

/// The latest date that is read: the end of the year 9999.
const LATEST_DATE: u64 = 253_402_300_799;

/// A payload of the right form.
#[derive(Debug)]
pub(crate) struct Payload {
    json: String,
    members: Vec<Member>,
    unescaped: Vec<Box<str>>,
    texts: Vec<Text>,
    strings: [Option<Text>; StringClaim::COUNT],
    lists: [Option<(u32, u32)>; ListClaim::COUNT],
    /// Since the Unix epoch. Required.
    pub(crate) expires_at: Duration,
    pub(crate) not_before: Option<Duration>,
    pub(crate) issued_at: Option<Duration>,
    /// `cnf` is there, whatever it holds.
    pub(crate) is_bound: bool,
    /// A claim by which tokens of Entra are judged is of the wrong type: other issuers may use its name for something else.
    pub(crate) has_mistyped: bool,
    /// One of `nonce`, `c_hash`, `at_hash` is there: a mark of id tokens (§4.4).
    pub(crate) has_id_token_mark: bool,
}

impl Payload {
    /// Reads the JSON text of a payload.
    ///
    /// # Errors
    ///
    /// Says which rule it breaks, without anything of the token.
    pub(crate) fn parse(json: String) -> Result<Self, &'static str> {
        if u32::try_from(json.len()).is_err() {
            return Err("the payload is too large");
        }
        let parsed = Reader::default().read(&json)?;
        Ok(Self { json, ..parsed })
    }

    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn string(&self, claim: StringClaim) -> Option<&str> {
        self.strings[claim as usize].map(|text| self.text(text))
    }

    /// The elements of a list; of a single string, that one. `None` if it is missing, or no list of strings.
    pub(crate) fn list(&self, claim: ListClaim) -> Option<Texts<'_>> {
        let (start, end) = self.lists[claim as usize]?;
        Some(Texts { payload: self, rest: self.texts[start as usize..end as usize].iter() })
    }

    /// The JSON text of any claim.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| self.text(member.name) == name)?;
        self.json.get(member.start as usize..member.end as usize)
    }

    fn text(&self, text: Text) -> &str {
        match text {
            Text::Span { start, end } => self.json.get(start as usize..end as usize).unwrap_or_default(),
            Text::Unescaped(number) => self.unescaped.get(number as usize).map_or("", |text| text),
        }
    }
}

/// The elements of a list, one after the other.
#[derive(Clone)]
pub(crate) struct Texts<'a> {
    payload: &'a Payload,
    rest: slice::Iter<'a, Text>,
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest.next().map(|&text| self.payload.text(text))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Texts<'_> {}

/// Fills a payload while it walks through the members.
#[derive(Default)]
struct Reader {
    unescaped: Vec<Box<str>>,
    texts: Vec<Text>,
}

#[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
impl Reader {
    fn read(mut self, json: &str) -> Result<Payload, &'static str> {
        let members = json::object(json)?;
        let mut strings = [None; StringClaim::COUNT];
        let mut lists = [None; ListClaim::COUNT];
        let (mut expires_at, mut not_before, mut issued_at) = (None, None, None);
        let (mut is_bound, mut has_id_token_mark, mut has_mistyped) = (false, false, false);
        let mut places = Vec::with_capacity(members.len());

        for (name, value) in members {
            let start = offset(json, value);
            places.push(Member { name: self.name(json, &name), start, end: start + value.len() as u32 });
            match &*name.0 {
                "exp" => expires_at = Some(date(value)?),
                "nbf" => not_before = Some(date(value)?),
                "iat" => issued_at = Some(date(value)?),
                "cnf" => is_bound = true,
                "nonce" | "c_hash" | "at_hash" => has_id_token_mark = true,
                other => {
                    if let Some(claim) = StringClaim::named(other) {
                        let text = self.string(json, value);
                        match claim.weight() {
                            Weight::Always if text.is_none() => return Err("a claim that must be a string is none"),
                            _ => has_mistyped |= text.is_none(),
                        }
                        strings[claim as usize] = text;
                    } else if let Some(claim) = ListClaim::named(other) {
                        let list = self.list(json, value);
                        match claim.weight() {
                            Weight::Always if list.is_none() => {
                                return Err("a claim that must be a string or a list of strings is none");
                            }
                            Weight::AtEntra => has_mistyped |= list.is_none(),
                            _ => {}
                        }
                        lists[claim as usize] = list;
                    } else if is_variant_of_a_judged_name(other) {
                        return Err("a claim's name differs from iss, aud, exp, nbf or tid in case alone");
                    }
                }
            }
        }
        Ok(Payload {
            json: String::new(),
            members: places,
            unescaped: self.unescaped,
            texts: self.texts,
            strings,
            lists,
            expires_at: expires_at.ok_or("the claim exp is missing")?,
            not_before,
            issued_at,
            is_bound,
            has_mistyped,
            has_id_token_mark,
        })
    }

    fn name(&mut self, json: &str, name: &Name<'_>) -> Text {
        match &name.0 {
            std::borrow::Cow::Borrowed(name) => span(json, name),
            std::borrow::Cow::Owned(name) => self.keep(name.as_str().into()),
        }
    }

    fn string(&mut self, json: &str, value: &str) -> Option<Text> {
        Some(match json::string(value)? {
            std::borrow::Cow::Borrowed(text) => span(json, text),
            std::borrow::Cow::Owned(text) => self.keep(text.into()),
        })
    }

    fn list(&mut self, json: &str, value: &str) -> Option<(u32, u32)> {
        let start = self.texts.len();
        if value.starts_with('"') {
            let text = self.string(json, value)?;
            self.texts.push(text);
        } else if !simple::strings(value, |text| self.texts.push(span(json, text))) {
            self.texts.truncate(start);
            for element in json::elements(value)? {
                let Some(text) = self.string(json, element) else {
                    self.texts.truncate(start);
                    return None;
                };
                self.texts.push(text);
            }
        }
        Some((start as u32, self.texts.len() as u32))
    }

    fn keep(&mut self, text: Box<str>) -> Text {
        self.unescaped.push(text);
        Text::Unescaped(self.unescaped.len() as u32 - 1)
    }
}

/// Where `part`, a piece of `whole`, begins in it.
#[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
fn offset(whole: &str, part: &str) -> u32 {
    (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
fn span(whole: &str, part: &str) -> Text {
    let start = offset(whole, part);
    Text::Span { start, end: start + part.len() as u32 }
}

/// A `NumericDate` (RFC 7519 §2): a number, fractions allowed, from the epoch to the year 9999.
fn date(value: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a date is no number of seconds since 1970";
    if let Ok(seconds) = value.parse::<u64>() {
        return if seconds <= LATEST_DATE { Ok(Duration::from_secs(seconds)) } else { Err(WRONG) };
    }
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(WRONG);
    }
    let seconds: f64 = value.parse().map_err(|_| WRONG)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|date| date.as_secs() <= LATEST_DATE).ok_or(WRONG)
}

/// `ISS`, `Tid`, also with letters such as `ſ` and `ı` that become `S` and `I`.
fn is_variant_of_a_judged_name(name: &str) -> bool {
    const LONGEST: usize = 3 * 4;
    if name.is_ascii() {
        return ["iss", "aud", "exp", "nbf", "tid"].iter().any(|judged| name.eq_ignore_ascii_case(judged));
    }
    name.len() <= LONGEST
        && name.chars().count() == 3
        && matches!(
            &*name.chars().flat_map(char::to_uppercase).collect::<String>(),
            "ISS" | "AUD" | "EXP" | "NBF" | "TID"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Payload, &'static str> {
        Payload::parse(json.to_owned())
    }

    #[test]
    fn every_name_has_a_place() {
        for (at, name) in
            ["iss", "sub", "tid", "oid", "ver", "scp", "azp", "appid", "azpacr", "appidacr", "idtyp"].iter().enumerate()
        {
            assert_eq!(StringClaim::named(name).map(|claim| claim as usize), Some(at), "{name}");
        }
        for (at, name) in ["aud", "roles", "groups", "wids", "acrs", "xms_cc"].iter().enumerate() {
            assert_eq!(ListClaim::named(name).map(|claim| claim as usize), Some(at), "{name}");
        }
        assert_eq!(StringClaim::TokenType as usize + 1, StringClaim::COUNT);
        assert_eq!(ListClaim::ClientCapabilities as usize + 1, ListClaim::COUNT);
    }

    #[test]
    fn reads_strings_lists_and_dates() {
        let payload = parse(
            r#"{"iss":"i","aud":["a","b\n"],"exp":17.5,"nbf":3,"roles":"one","groups":7,"x":{"y":[1]},"tid":"t\u0041"}"#,
        )
        .unwrap();
        assert_eq!(payload.string(StringClaim::Issuer), Some("i"));
        assert_eq!(payload.string(StringClaim::Tenant), Some("tA"));
        assert_eq!(payload.string(StringClaim::Scope), None);
        assert_eq!(payload.list(ListClaim::Audience).unwrap().collect::<Vec<_>>(), ["a", "b\n"]);
        assert_eq!(payload.list(ListClaim::Roles).unwrap().collect::<Vec<_>>(), ["one"]);
        assert!(payload.list(ListClaim::Groups).is_none(), "a number is no list, and no fault");
        assert_eq!(payload.raw("x"), Some(r#"{"y":[1]}"#));
        assert_eq!(payload.raw("y"), None);
        assert_eq!(payload.expires_at, Duration::from_millis(17_500));
        assert_eq!(payload.not_before, Some(Duration::from_secs(3)));
    }

    #[test]
    fn wrong_types_of_judged_claims_are_refused() {
        for claim in [
            r#""exp":"1""#,
            r#""exp":null"#,
            r#""exp":[1]"#,
            r#""exp":-1"#,
            r#""exp":-0.5"#,
            r#""exp":1e300"#,
            r#""exp":9223372036854775808"#,
            r#""exp":18446744073709551615"#,
            r#""exp":18446744073709551616"#,
            r#""exp":253402300800"#,
            r#""exp":true"#,
            r#""exp":1,"nbf":"1""#,
            r#""exp":1,"nbf":null"#,
            r#""exp":1,"iat":[]"#,
            r#""exp":1,"iss":["i"]"#,
            r#""exp":1,"iss":1"#,
            r#""exp":1,"iss":null"#,
            r#""exp":1,"aud":{}"#,
            r#""exp":1,"aud":[1]"#,
            r#""exp":1,"aud":[["a"]]"#,
            r#""exp":1,"aud":null"#,
            r#""exp":1,"tid":["t"]"#,
            r#""exp":1,"sub":1"#,
            r#""exp":1,"ISS":"i""#,
            r#""exp":1,"Tid":"t""#,
            r#""exp":1,"t\u0049d":"t""#,
            r#""exp":1,"tıd":"t""#,
            r#""exp":1,"iſs":"t""#,
            r#""exp":1,"aud":"a","AUD":"b""#,
            r#""exp":1,"sub":"\ud800""#,
            r#""iss":"no exp""#,
        ] {
            assert!(parse(&format!("{{{claim}}}")).is_err(), "{claim}");
        }
    }

    #[test]
    fn wrong_types_of_what_other_issuers_may_use_are_noted() {
        for claim in
            [r#""oid":1"#, r#""scp":["a"]"#, r#""roles":{"a":1}"#, r#""idtyp":false"#, r#""ver":2.0"#, r#""azp":null"#]
        {
            assert!(parse(&format!("{{\"exp\":1,{claim}}}")).unwrap().has_mistyped, "{claim}");
        }
        assert!(!parse(r#"{"exp":1,"ver":"2.0","roles":"a","groups":7,"wids":{}}"#).unwrap().has_mistyped);
    }

    #[test]
    fn dates_may_have_fractions_and_exponents() {
        for (text, millis) in [("0", 0), ("1.7e9", 1_700_000_000_000), ("1700000000.25", 1_700_000_000_250)] {
            assert_eq!(date(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(date("253402300799"), Ok(Duration::from_secs(LATEST_DATE)));
    }
}
