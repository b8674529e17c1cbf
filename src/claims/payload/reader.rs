//! How a payload is read: each member once, as it comes.

use std::{borrow::Cow, time::Duration};

use super::{ListClaim, Member, Payload, StringClaim, Text, Weight};
use crate::claims::{
    json::{self, Name},
    simple,
};

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

/// Reads all but the text itself.
pub(super) fn read(json: &str) -> Result<Payload, &'static str> {
    read_the_short_way(json).unwrap_or_else(|| read_the_long_way(json))
}

fn read_the_short_way(json: &str) -> Option<Result<Payload, &'static str>> {
    let mut reader = Reader::new(json, false);
    simple::walk(json, |name, value| reader.take(Cow::Borrowed(name), value)).then(|| reader.finish())
}

fn read_the_long_way(json: &str) -> Result<Payload, &'static str> {
    let mut reader = Reader::new(json, true);
    for (Name(name), value) in json::object_the_long_way(json)? {
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

/// The latest date that is read: the end of the year 9999.
const LATEST_DATE: u64 = 253_402_300_799;

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
mod tests;
