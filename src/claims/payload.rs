//! The payload of a token, parsed once. Nothing in it is trusted until the signature has verified.

use std::{borrow::Cow, fmt, slice, time::Duration};

use super::json;

/// The claims that are lists of strings, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListClaim {
    Audience,
    Roles,
    Groups,
    DirectoryRoles,
    AuthContexts,
    ClientCapabilities,
}

/// The claims that are strings and that rules depend on.
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

    /// Whether another type makes any token malformed. For the others, only tokens of Entra are.
    fn is_string_everywhere(self) -> bool {
        matches!(self, Self::Issuer | Self::Subject | Self::Tenant)
    }
}

impl ListClaim {
    const COUNT: usize = 6;
}

/// A part of [`Payload::text`], in bytes.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

/// A well-formed payload. It is large, so it stays in its box.
#[derive(Clone)]
pub(crate) struct Payload {
    /// The JSON text, then the strings that had escapes in it, without them.
    text: String,
    json_length: usize,
    /// The names of all members and the JSON texts of their values.
    members: Vec<(Span, Span)>,
    /// The elements of all lists, one list after the other.
    elements: Vec<Span>,
    strings: [Option<Span>; StringClaim::COUNT],
    /// Ranges of the elements.
    lists: [Option<(u32, u32)>; ListClaim::COUNT],
    /// Since the Unix epoch. Required.
    pub(crate) expires_at: Duration,
    pub(crate) not_before: Option<Duration>,
    pub(crate) issued_at: Option<Duration>,
    /// `cnf` is there, whatever its value.
    pub(crate) is_bound: bool,
    /// A claim that tokens of Entra are judged by has another type than theirs. Other issuers may use its name for something
    /// else.
    pub(crate) has_mistyped: bool,
    /// One of `nonce`, `c_hash`, `at_hash` is there: a mark of ID tokens (`docs/entra.md`, "ID tokens").
    pub(crate) has_id_token_mark: bool,
    /// One of `c_hash`, `at_hash` is there: only ID tokens have those (OpenID Connect Core, sections 3.1.3.6 and 3.3.2.11).
    pub(crate) has_id_token_hash: bool,
}

impl Payload {
    /// Parses the JSON text of a payload.
    ///
    /// # Errors
    ///
    /// Names the rule that it breaks, without quoting the token.
    pub(crate) fn parse(json: String) -> Result<Box<Self>, &'static str> {
        // Spans are 32 bits, also of the strings that are added to the text.
        if u32::try_from(json.len()).map_or(true, |length| length > u32::MAX / 2) {
            return Err("the payload is too large");
        }
        let members = json::object(&json)?;
        let mut parser = Parser::new(&json, members.len());
        for (name, value) in members {
            parser.add(name, value)?;
        }
        let Parser { mut payload, unescaped, expires_at, .. } = parser;
        payload.expires_at = expires_at.ok_or("the claim exp is missing")?;
        payload.json_length = json.len();
        payload.text = json;
        payload.text.reserve_exact(unescaped.len());
        payload.text.push_str(&unescaped);
        Ok(payload)
    }

    pub(crate) fn json(&self) -> &str {
        self.text.get(..self.json_length).unwrap_or_default()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let spans = 2 * self.members.capacity() + self.elements.capacity();
        size_of::<Self>() + self.text.capacity() + spans * size_of::<Span>()
    }

    pub(crate) fn string(&self, claim: StringClaim) -> Option<&str> {
        self.strings[claim as usize].map(|span| self.at(span))
    }

    /// The elements of a list; of a single string, that one. `None` if it is missing, or not a list of strings.
    pub(crate) fn list(&self, claim: ListClaim) -> Option<Elements<'_>> {
        let (start, end) = self.lists[claim as usize]?;
        Some(Elements { payload: self, rest: self.elements[start as usize..end as usize].iter() })
    }

    /// The JSON text of any claim.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| self.at(*known) == name).map(|(_, value)| self.at(*value))
    }

    fn at(&self, Span { start, end }: Span) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Payload {
    /// Nothing of the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").finish_non_exhaustive()
    }
}

/// The elements of a list claim.
#[derive(Clone)]
pub(crate) struct Elements<'a> {
    payload: &'a Payload,
    rest: slice::Iter<'a, Span>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest.next().map(|&span| self.payload.at(span))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// Fills a payload, member by member.
struct Parser<'a> {
    json: &'a str,
    payload: Box<Payload>,
    unescaped: String,
    expires_at: Option<Duration>,
}

impl<'a> Parser<'a> {
    fn new(json: &'a str, members: usize) -> Self {
        let payload = Box::new(Payload {
            text: String::new(),
            json_length: 0,
            members: Vec::with_capacity(members),
            elements: Vec::new(),
            strings: [None; StringClaim::COUNT],
            lists: [None; ListClaim::COUNT],
            expires_at: Duration::ZERO,
            not_before: None,
            issued_at: None,
            is_bound: false,
            has_mistyped: false,
            has_id_token_mark: false,
            has_id_token_hash: false,
        });
        Self { json, payload, unescaped: String::new(), expires_at: None }
    }

    fn add(&mut self, name: Cow<'a, str>, value: &'a str) -> Result<(), &'static str> {
        match &*name {
            "exp" => self.expires_at = Some(date(value)?),
            "nbf" => self.payload.not_before = Some(date(value)?),
            "iat" => self.payload.issued_at = Some(date(value)?),
            "cnf" => self.payload.is_bound = true,
            "nonce" => self.payload.has_id_token_mark = true,
            "c_hash" | "at_hash" => {
                self.payload.has_id_token_mark = true;
                self.payload.has_id_token_hash = true;
            }
            "iss" => self.add_string(StringClaim::Issuer, value)?,
            "sub" => self.add_string(StringClaim::Subject, value)?,
            "tid" => self.add_string(StringClaim::Tenant, value)?,
            "oid" => self.add_string(StringClaim::ObjectId, value)?,
            "ver" => self.add_string(StringClaim::Version, value)?,
            "scp" => self.add_string(StringClaim::Scope, value)?,
            "azp" => self.add_string(StringClaim::Azp, value)?,
            "appid" => self.add_string(StringClaim::AppId, value)?,
            "azpacr" => self.add_string(StringClaim::AzpAcr, value)?,
            "appidacr" => self.add_string(StringClaim::AppIdAcr, value)?,
            "idtyp" => self.add_string(StringClaim::TokenType, value)?,
            "aud" => self.add_list(ListClaim::Audience, value)?,
            "roles" => self.add_list(ListClaim::Roles, value)?,
            "groups" => self.add_list(ListClaim::Groups, value)?,
            "wids" => self.add_list(ListClaim::DirectoryRoles, value)?,
            "acrs" => self.add_list(ListClaim::AuthContexts, value)?,
            "xms_cc" => self.add_list(ListClaim::ClientCapabilities, value)?,
            other if is_case_variant(other) => {
                return Err("a claim's name differs from iss, aud, exp, nbf or tid in case alone");
            }
            _ => {}
        }
        let member = (self.span(name), self.span(Cow::Borrowed(value)));
        self.payload.members.push(member);
        Ok(())
    }

    fn add_string(&mut self, claim: StringClaim, value: &'a str) -> Result<(), &'static str> {
        let string = json::string(value).map(|string| self.span(string));
        if string.is_none() && claim.is_string_everywhere() {
            return Err("a claim that must be a string is not one");
        }
        self.payload.has_mistyped |= string.is_none();
        self.payload.strings[claim as usize] = string;
        Ok(())
    }

    fn add_list(&mut self, claim: ListClaim, value: &'a str) -> Result<(), &'static str> {
        let list = self.list(value);
        match claim {
            ListClaim::Audience if list.is_none() => {
                return Err("a claim that must be a string or a list of strings is neither");
            }
            ListClaim::Roles => self.payload.has_mistyped |= list.is_none(),
            // A rule that needs one of the others does not find it.
            _ => {}
        }
        self.payload.lists[claim as usize] = list;
        Ok(())
    }

    /// Adds the elements of a list of strings, or a single string, and returns their range.
    fn list(&mut self, value: &'a str) -> Option<(u32, u32)> {
        let start = self.payload.elements.len();
        if let Some(string) = json::string(value) {
            let span = self.span(string);
            self.payload.elements.push(span);
        } else {
            for string in json::strings(value)? {
                let span = self.span(string);
                self.payload.elements.push(span);
            }
        }
        Some((index(start), index(self.payload.elements.len())))
    }

    /// Where a string is in the text. One that had escapes is added to it.
    fn span(&mut self, string: Cow<'a, str>) -> Span {
        let start = match &string {
            // A part of the JSON text.
            Cow::Borrowed(part) => part.as_ptr() as usize - self.json.as_ptr() as usize,
            Cow::Owned(string) => {
                self.unescaped.push_str(string);
                self.json.len() + self.unescaped.len() - string.len()
            }
        };
        Span { start: index(start), end: index(start + string.len()) }
    }
}

/// [`Payload::parse`] has checked that the text is short enough.
#[expect(clippy::cast_possible_truncation, reason = "the text is shorter than 4 GiB")]
fn index(at: usize) -> u32 {
    at as u32
}

/// The latest accepted date: the end of the year 9999.
const LATEST_DATE: u64 = 253_402_300_799;

/// A `NumericDate` ([RFC 7519, section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)): a number of seconds, fractions
/// allowed, from the epoch to the year 9999.
fn date(value: &str) -> Result<Duration, &'static str> {
    let seconds = match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // f64 also parses words, and a minus before a zero.
        Err(_) if !value.starts_with(|first: char| first.is_ascii_digit()) => None,
        Err(_) => value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    seconds.filter(|date| date.as_secs() <= LATEST_DATE).ok_or("a date is not a number of seconds since 1970")
}

/// Whether a name is `iss`, `aud`, `exp`, `nbf` or `tid` but for case, also with letters such as `ſ` and `ı`, whose upper case
/// is `S` and `I`.
fn is_case_variant(name: &str) -> bool {
    if name.is_ascii() {
        return ["iss", "aud", "exp", "nbf", "tid"].iter().any(|claim| name.eq_ignore_ascii_case(claim));
    }
    let upper: String = name.chars().flat_map(char::to_uppercase).collect();
    name.chars().count() == 3 && ["ISS", "AUD", "EXP", "NBF", "TID"].contains(&&*upper)
}

#[cfg(test)]
mod tests;
