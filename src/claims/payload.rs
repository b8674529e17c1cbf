//! The payload of a token, decoded once. Nothing in it is believed until the signature has verified.

use std::{borrow::Cow, slice, time::Duration};

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
#[derive(Clone, Debug)]
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

    fn weight(self) -> Weight {
        match self {
            Self::Issuer | Self::Subject | Self::Tenant => Weight::Always,
            _ => Weight::AtEntra,
        }
    }
}

impl ListClaim {
    const COUNT: usize = 6;

    /// What a wrong type does to the token; all others are the user's.
    fn weight(self) -> Weight {
        match self {
            Self::Audience => Weight::Always,
            Self::Roles => Weight::AtEntra,
            _ => Weight::Never,
        }
    }
}

/// The claims that are looked at when a payload is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    ExpiresAt,
    NotBefore,
    IssuedAt,
    /// `cnf`.
    Confirmation,
    IdTokenMark,
    Text(StringClaim),
    List(ListClaim),
}

/// By name, each one number: that is one look-up instead of thirty comparisons.
macro_rules! known {
    ($($constant:ident $name:literal $known:expr;)+) => {
        impl Known {
            fn named(name: &str) -> Option<Self> {
                $(const $constant: Option<(u64, usize)> = simple::short($name);)+
                Some(match simple::short(name) {
                    $($constant => $known,)+
                    _ => return None,
                })
            }
        }

        #[cfg(test)]
        const KNOWN: &[(&str, Known)] = &[$(($name, $known)),+];
    };
}

known! {
    EXP "exp" Known::ExpiresAt;
    NBF "nbf" Known::NotBefore;
    IAT "iat" Known::IssuedAt;
    CNF "cnf" Known::Confirmation;
    NONCE "nonce" Known::IdTokenMark;
    C_HASH "c_hash" Known::IdTokenMark;
    AT_HASH "at_hash" Known::IdTokenMark;
    ISS "iss" Known::Text(StringClaim::Issuer);
    SUB "sub" Known::Text(StringClaim::Subject);
    TID "tid" Known::Text(StringClaim::Tenant);
    OID "oid" Known::Text(StringClaim::ObjectId);
    VER "ver" Known::Text(StringClaim::Version);
    SCP "scp" Known::Text(StringClaim::Scope);
    AZP "azp" Known::Text(StringClaim::Azp);
    APPID "appid" Known::Text(StringClaim::AppId);
    AZPACR "azpacr" Known::Text(StringClaim::AzpAcr);
    APPIDACR "appidacr" Known::Text(StringClaim::AppIdAcr);
    IDTYP "idtyp" Known::Text(StringClaim::TokenType);
    AUD "aud" Known::List(ListClaim::Audience);
    ROLES "roles" Known::List(ListClaim::Roles);
    GROUPS "groups" Known::List(ListClaim::Groups);
    WIDS "wids" Known::List(ListClaim::DirectoryRoles);
    ACRS "acrs" Known::List(ListClaim::AuthContexts);
    XMS_CC "xms_cc" Known::List(ListClaim::ClientCapabilities);
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
#[derive(Clone, Debug)]
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
        let parsed = read(&json)?;
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

/// Reads all but the text itself.
fn read(json: &str) -> Result<Payload, &'static str> {
    read_the_short_way(json).unwrap_or_else(|| read_the_long_way(json))
}

fn read_the_short_way(json: &str) -> Option<Result<Payload, &'static str>> {
    let mut reader = Reader::new(json, false);
    simple::walk(json, |name, value| reader.take(Cow::Borrowed(name), value)).then(|| reader.finish())
}

fn read_the_long_way(json: &str) -> Result<Payload, &'static str> {
    let mut reader = Reader::new(json, true);
    for (Name(name), value) in json::object(json)? {
        reader.take(name, value);
    }
    reader.finish()
}

/// Fills a payload while the members come.
struct Reader<'a> {
    json: &'a str,
    may_have_escapes: bool,
    payload: Payload,
    expires_at: Option<Duration>,
    /// The first rule that is broken.
    fault: Option<&'static str>,
}

#[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
impl<'a> Reader<'a> {
    fn new(json: &'a str, may_have_escapes: bool) -> Self {
        const USUAL: usize = 32;
        let payload = Payload {
            json: String::new(),
            members: Vec::with_capacity((json.len() / USUAL).clamp(4, USUAL)),
            unescaped: Vec::new(),
            texts: Vec::new(),
            strings: [None; StringClaim::COUNT],
            lists: [None; ListClaim::COUNT],
            expires_at: Duration::ZERO,
            not_before: None,
            issued_at: None,
            is_bound: false,
            has_mistyped: false,
            has_id_token_mark: false,
        };
        Self { json, may_have_escapes, payload, expires_at: None, fault: None }
    }

    fn finish(self) -> Result<Payload, &'static str> {
        match (self.fault, self.expires_at) {
            (Some(fault), _) => Err(fault),
            (None, None) => Err("the claim exp is missing"),
            (None, Some(expires_at)) => Ok(Payload { expires_at, ..self.payload }),
        }
    }

    /// The next member.
    fn take(&mut self, name: Cow<'a, str>, value: &'a str) {
        let start = offset(self.json, value);
        let place = match &name {
            Cow::Borrowed(name) => span(self.json, name),
            Cow::Owned(name) => self.keep(name.as_str().into()),
        };
        self.payload.members.push(Member { name: place, start, end: start + value.len() as u32 });
        if let Err(fault) = self.look(&name, value) {
            self.fault.get_or_insert(fault);
        }
    }

    fn look(&mut self, name: &str, value: &'a str) -> Result<(), &'static str> {
        let Some(known) = Known::named(name) else {
            return if is_variant_of_a_judged_name(name) {
                Err("a claim's name differs from iss, aud, exp, nbf or tid in case alone")
            } else {
                Ok(())
            };
        };
        match known {
            Known::ExpiresAt => self.expires_at = Some(date(value)?),
            Known::NotBefore => self.payload.not_before = Some(date(value)?),
            Known::IssuedAt => self.payload.issued_at = Some(date(value)?),
            Known::Confirmation => self.payload.is_bound = true,
            Known::IdTokenMark => self.payload.has_id_token_mark = true,
            Known::Text(claim) => {
                let text = self.string(value);
                match claim.weight() {
                    Weight::Always if text.is_none() => return Err("a claim that must be a string is none"),
                    _ => self.payload.has_mistyped |= text.is_none(),
                }
                self.payload.strings[claim as usize] = text;
            }
            Known::List(claim) => {
                let list = self.list(value);
                match claim.weight() {
                    Weight::Always if list.is_none() => {
                        return Err("a claim that must be a string or a list of strings is none");
                    }
                    Weight::AtEntra => self.payload.has_mistyped |= list.is_none(),
                    _ => {}
                }
                self.payload.lists[claim as usize] = list;
            }
        }
        Ok(())
    }

    fn string(&mut self, value: &'a str) -> Option<Text> {
        if !self.may_have_escapes {
            return Some(span(self.json, value.strip_prefix('"')?.strip_suffix('"')?));
        }
        Some(match json::string(value)? {
            Cow::Borrowed(text) => span(self.json, text),
            Cow::Owned(text) => self.keep(text.into()),
        })
    }

    fn list(&mut self, value: &'a str) -> Option<(u32, u32)> {
        let (start, whole) = (self.payload.texts.len(), self.json);
        if value.starts_with('"') {
            let text = self.string(value)?;
            self.payload.texts.push(text);
        } else if !simple::strings(value, |text| self.payload.texts.push(span(whole, text))) {
            self.payload.texts.truncate(start);
            for element in json::elements(value)? {
                let Some(text) = self.string(element) else {
                    self.payload.texts.truncate(start);
                    return None;
                };
                self.payload.texts.push(text);
            }
        }
        Some((start as u32, self.payload.texts.len() as u32))
    }

    fn keep(&mut self, text: Box<str>) -> Text {
        self.payload.unescaped.push(text);
        Text::Unescaped(self.payload.unescaped.len() as u32 - 1)
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
    const LETTERS: usize = 3;
    const LONGEST: usize = LETTERS * 4;
    if name.len() > LONGEST || name.is_ascii() {
        return name.len() == LETTERS
            && ["iss", "aud", "exp", "nbf", "tid"].iter().any(|judged| name.eq_ignore_ascii_case(judged));
    }
    name.chars().count() == LETTERS
        && matches!(
            &*name.chars().flat_map(char::to_uppercase).collect::<String>(),
            "ISS" | "AUD" | "EXP" | "NBF" | "TID"
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Payload, &'static str> {
        Payload::parse(json.to_owned())
    }

    #[test]
    fn every_known_claim_is_found_by_its_name() {
        for (name, known) in KNOWN {
            assert_eq!(Known::named(name), Some(*known), "{name}");
        }
        let places = |place: fn(Known) -> Option<usize>| -> Vec<usize> {
            KNOWN.iter().filter_map(|(_, known)| place(*known)).collect()
        };
        let texts = places(|known| if let Known::Text(claim) = known { Some(claim as usize) } else { None });
        let lists = places(|known| if let Known::List(claim) = known { Some(claim as usize) } else { None });
        assert_eq!(texts, (0..StringClaim::COUNT).collect::<Vec<_>>());
        assert_eq!(lists, (0..ListClaim::COUNT).collect::<Vec<_>>());
        for name in ["", "is", "isss", "exp\0", "appidac", "appidacr2", "_exp"] {
            assert_eq!(Known::named(name), None, "{name:?}");
        }
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
    fn names_that_serde_json_keeps_for_itself_are_refused() {
        for name in ["$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue"] {
            assert!(parse(&format!(r#"{{"exp":1,"{name}":"1"}}"#)).is_err(), "{name}");
            assert!(parse(&format!(r#"{{"exp":1,"a":{{"{name}":"1"}}}}"#)).is_err(), "{name}");
        }
        assert!(parse(r#"{"exp":1,"$":"1"}"#).is_ok());
    }

    /// Members as tokens have them, right and wrong.
    fn member() -> impl Strategy<Value = String> {
        let known: Vec<&str> =
            KNOWN.iter().map(|(name, _)| *name).chain(["TID", "name", "a_longer_name", "ıss"]).collect();
        let value = prop_oneof![
            Just("1700000000"),
            Just("\"text\""),
            Just("\"\""),
            Just("[\"a\",\"b\"]"),
            Just("[\"$serde_json::private::RawValue\"]"),
            Just("[]"),
            Just("\"é\""),
            Just("null"),
            Just("true"),
            Just("99999999999999999999"),
            Just("007"),
            Just("[\"a\",1]"),
            Just("[\"a\"")
        ];
        (proptest::sample::select(known), value).prop_map(|(name, value)| format!("\"{name}\":{value}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn the_short_way_reads_what_the_long_way_does(members in proptest::collection::vec(member(), 0..8)) {
            let text = format!("{{\"exp\":1,{}}}", members.join(","));
            if let Some(short) = read_the_short_way(&text) {
                prop_assert_eq!(format!("{short:?}"), format!("{:?}", read_the_long_way(&text)), "{}", text);
            }
        }
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
