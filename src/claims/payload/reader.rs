//! How a payload is read: each member once, as it comes.

mod known;

use std::{borrow::Cow, time::Duration};

use known::Known;

use super::{ListClaim, Member, Payload, StringClaim, Text, Weight};
use crate::claims::{
    json,
    member::Name,
    simple::{self, Piece, Seen, Short, Visitor, What},
};

impl Payload {
    /// Reads the JSON text of a payload.
    ///
    /// # Errors
    ///
    /// Says which rule it breaks, without anything of the token.
    pub(crate) fn parse(json: String) -> Result<Box<Self>, &'static str> {
        if u32::try_from(json.len()).is_err() {
            return Err("the payload is too large");
        }
        let mut payload = read(&json)?;
        payload.json = json;
        Ok(payload)
    }
}

/// Reads all but the text itself.
fn read(json: &str) -> Result<Box<Payload>, &'static str> {
    read_the_short_way(json).unwrap_or_else(|| read_the_long_way(json))
}

fn read_the_short_way(json: &str) -> Option<Result<Box<Payload>, &'static str>> {
    let mut reader = Reader::new(json);
    simple::walk(json, &mut reader).then(|| reader.finish())
}

fn read_the_long_way(json: &str) -> Result<Box<Payload>, &'static str> {
    let mut reader = Reader::new(json);
    for (Name(name), value) in json::object_the_long_way(json)? {
        reader.take(name, value);
    }
    reader.finish()
}

/// Fills a payload while the members come.
struct Reader<'a> {
    json: &'a str,
    payload: Box<Payload>,
    expires_at: Option<Duration>,
    /// The first rule that is broken.
    fault: Option<&'static str>,
    /// Where in the texts the elements of the next list begin.
    elements: usize,
    /// The places of known names that were there, each a bit.
    known: u64,
    others: Seen,
}

/// A value of a claim that is looked at.
enum Value {
    Text(Text),
    Number(u64),
    /// Its elements are the last of the texts.
    List,
    Other,
}

impl Visitor for Reader<'_> {
    #[inline(always)]
    fn element(&mut self, element: Piece) {
        self.payload.texts.push(span(element));
    }

    #[inline(always)]
    fn member(&mut self, name: Piece, short: Option<Short>, value: Piece, what: What) -> bool {
        let what = match what {
            What::String => Value::Text(span(value.unquoted())),
            What::Number(number) => Value::Number(number),
            What::List => Value::List,
            What::Word => Value::Other,
        };
        self.add(span(name), value);
        match Known::named(short) {
            Some((place, known)) => {
                let is_new = self.known & 1 << place == 0;
                self.known |= 1 << place;
                self.note(known, value, what);
                is_new
            }
            None => {
                self.forget_elements();
                let Some(name) = name.of(self.json) else { return false };
                self.check_unknown(name);
                self.others.is_new(name.as_bytes(), short)
            }
        }
    }
}

impl<'a> Reader<'a> {
    fn new(json: &'a str) -> Self {
        const USUAL: usize = 32;
        let payload = Box::new(Payload {
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
            has_id_token_hash: false,
        });
        Self { json, payload, expires_at: None, fault: None, elements: 0, known: 0, others: Seen::new() }
    }

    fn finish(mut self) -> Result<Box<Payload>, &'static str> {
        match self.fault {
            Some(fault) => Err(fault),
            None => {
                self.payload.expires_at = self.expires_at.ok_or("the claim exp is missing")?;
                Ok(self.payload)
            }
        }
    }

    /// The next member, of which nothing is known: name and value may have escapes, white space and depth.
    fn take(&mut self, name: Cow<'a, str>, value: &'a str) {
        let place = match &name {
            Cow::Borrowed(name) => span(self.piece(name)),
            Cow::Owned(name) => self.keep(name.as_str().into()),
        };
        let piece = self.piece(value);
        self.add(place, piece);
        match Known::named(simple::short(name.as_bytes())) {
            Some((_, known)) => {
                let value = self.value(known, value);
                self.note(known, piece, value);
            }
            None => self.check_unknown(&name),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
    fn add(&mut self, name: Text, value: Piece) {
        self.payload.members.push(Member { name, start: value.start as u32, end: value.end as u32 });
    }

    fn check_unknown(&mut self, name: &str) {
        if is_variant_of_a_judged_name(name) {
            self.fault.get_or_insert("a claim's name differs from iss, aud, exp, nbf or tid in case alone");
        }
    }

    fn note(&mut self, known: Known, value: Piece, what: Value) {
        if let Err(fault) = self.look(known, value, what) {
            self.fault.get_or_insert(fault);
        }
        match known {
            Known::List(_) => self.elements = self.payload.texts.len(),
            _ => self.forget_elements(),
        }
    }

    /// Those of a list that nobody asks for.
    fn forget_elements(&mut self) {
        self.payload.texts.truncate(self.elements);
    }

    #[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
    fn look(&mut self, known: Known, value: Piece, what: Value) -> Result<(), &'static str> {
        let date = |what| match what {
            Value::Number(seconds) => whole_date(seconds),
            _ => date(value.of(self.json).unwrap_or_default()),
        };
        match known {
            Known::ExpiresAt => self.expires_at = Some(date(what)?),
            Known::NotBefore => self.payload.not_before = Some(date(what)?),
            Known::IssuedAt => self.payload.issued_at = Some(date(what)?),
            Known::Confirmation => self.payload.is_bound = true,
            Known::Nonce => self.payload.has_id_token_mark = true,
            Known::IdTokenHash => {
                self.payload.has_id_token_mark = true;
                self.payload.has_id_token_hash = true;
            }
            Known::Text(claim) => {
                let text = if let Value::Text(text) = what { Some(text) } else { None };
                match claim.weight() {
                    Weight::Always if text.is_none() => return Err("a claim that must be a string is none"),
                    _ => self.payload.has_mistyped |= text.is_none(),
                }
                self.payload.strings[claim as usize] = text;
            }
            Known::List(claim) => {
                if let Value::Text(text) = what {
                    self.payload.texts.push(text);
                }
                let is_list = matches!(what, Value::Text(_) | Value::List);
                match claim.weight() {
                    Weight::Always if !is_list => {
                        return Err("a claim that must be a string or a list of strings is none");
                    }
                    Weight::AtEntra => self.payload.has_mistyped |= !is_list,
                    _ => {}
                }
                let list = (self.elements as u32, self.payload.texts.len() as u32);
                self.payload.lists[claim as usize] = is_list.then_some(list);
            }
        }
        Ok(())
    }

    /// Looks at a value that was not read the short way, as far as anybody asks for it.
    fn value(&mut self, known: Known, value: &'a str) -> Value {
        match (known, value.as_bytes().first()) {
            (Known::Text(_) | Known::List(_), Some(b'"')) => self.string(value).map_or(Value::Other, Value::Text),
            (Known::List(_), Some(b'[')) if self.elements(value).is_some() => Value::List,
            (Known::List(_), Some(b'[')) => {
                self.forget_elements();
                Value::Other
            }
            _ => Value::Other,
        }
    }

    fn elements(&mut self, value: &'a str) -> Option<()> {
        let start = self.piece(value).start;
        let texts = &mut self.payload.texts;
        let moved = |Piece { start: from, end }| Piece { start: start + from, end: start + end };
        if !simple::strings(value, |element| texts.push(span(moved(element)))) {
            self.forget_elements();
            for element in json::elements(value)? {
                let text = self.string(element)?;
                self.payload.texts.push(text);
            }
        }
        Some(())
    }

    fn string(&mut self, value: &'a str) -> Option<Text> {
        Some(match json::string(value)? {
            Cow::Borrowed(text) => span(self.piece(text)),
            Cow::Owned(text) => self.keep(text.into()),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
    fn keep(&mut self, text: Box<str>) -> Text {
        self.payload.unescaped.push(text);
        Text::Unescaped(self.payload.unescaped.len() as u32 - 1)
    }

    /// Where `part`, a piece of the payload, stands in it.
    fn piece(&self, part: &str) -> Piece {
        let start = (part.as_ptr() as usize).wrapping_sub(self.json.as_ptr() as usize);
        Piece { start, end: start + part.len() }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the payload is shorter than 4 GiB")]
fn span(piece: Piece) -> Text {
    Text::Span { start: piece.start as u32, end: piece.end as u32 }
}

/// The latest date that is read: the end of the year 9999.
const LATEST_DATE: u64 = 253_402_300_799;
const WRONG_DATE: &str = "a date is no number of seconds since 1970";

/// A `NumericDate` (RFC 7519 §2): a number, fractions allowed, from the epoch to the year 9999.
fn date(value: &str) -> Result<Duration, &'static str> {
    if let Ok(seconds) = value.parse() {
        return whole_date(seconds);
    }
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(WRONG_DATE);
    }
    let seconds: f64 = value.parse().map_err(|_| WRONG_DATE)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|date| date.as_secs() <= LATEST_DATE).ok_or(WRONG_DATE)
}

fn whole_date(seconds: u64) -> Result<Duration, &'static str> {
    if seconds <= LATEST_DATE { Ok(Duration::from_secs(seconds)) } else { Err(WRONG_DATE) }
}

/// `ISS`, `Tid`, also with letters such as `ſ` and `ı` that become `S` and `I`.
fn is_variant_of_a_judged_name(name: &str) -> bool {
    const LETTERS: usize = 3;
    const LONGEST: usize = LETTERS * 4;
    match name.len() {
        LETTERS => ["iss", "aud", "exp", "nbf", "tid"].iter().any(|judged| name.eq_ignore_ascii_case(judged)),
        LETTERS..=LONGEST if !name.is_ascii() => {
            name.chars().count() == LETTERS
                && matches!(
                    &*name.chars().flat_map(char::to_uppercase).collect::<String>(),
                    "ISS" | "AUD" | "EXP" | "NBF" | "TID"
                )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
