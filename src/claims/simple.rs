//! The short way through the JSON that tokens nearly always are: no white space, no escapes, no control characters;
//! strings, whole numbers, truths, and flat lists of strings. Whatever is different goes the long way of
//! [`json`](super::json), also what is wrong: nothing is refused here.

use std::borrow::Cow;

use memchr::memchr;

use super::json::{Member, Name};

/// More members go the long way, which sorts them.
const MOST_MEMBERS: usize = 64;

/// The members of the one object that `text` is: what [`json::object`](super::json::object) gives, or `None`.
pub(super) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    const USUAL: usize = 32;
    if !text.bytes().fold(true, |simple, byte| simple & (byte >= b' ') & (byte != b'\\')) {
        return None;
    }
    let mut scan = Scan { text, at: 0 };
    let mut members = Vec::with_capacity((text.len() / USUAL).clamp(4, USUAL));
    let mut seen = Seen::default();
    let mut opens = scan.takes(b'{');
    while opens {
        let name = scan.string()?;
        if members.len() == MOST_MEMBERS || seen.has(name, &members) || !scan.takes(b':') {
            return None;
        }
        members.push((Name(Cow::Borrowed(name)), scan.value()?));
        opens = scan.takes(b',');
    }
    (!members.is_empty() && scan.takes(b'}') && scan.at == text.len()).then_some(members)
}

/// Calls `each` with the strings of the list that `value`, which is JSON, is. `false` if it is no list of strings, or has
/// white space or escapes; then the calls count for nothing.
pub(super) fn strings<'a>(value: &'a str, each: impl FnMut(&'a str)) -> bool {
    memchr(b'\\', value.as_bytes()).is_none()
        && Scan { text: value, at: 0 }.list(each).is_some_and(|end| end == value.len())
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// What is between quotes. There are no escapes: the next quote ends it.
    fn string(&mut self) -> Option<&'a str> {
        if !self.takes(b'"') {
            return None;
        }
        let rest = self.text.get(self.at..)?;
        let length = quote(rest.as_bytes())?;
        self.at += length + 1;
        rest.get(..length)
    }

    /// A value, as it stands in the text.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                self.string()?;
            }
            b'0'..=b'9' => self.whole_number()?,
            b'[' => {
                self.list(|_| ())?;
            }
            _ => {
                let rest = &self.text[start..];
                self.at += ["true", "false", "null"].iter().find(|word| rest.starts_with(**word))?.len();
            }
        }
        self.text.get(start..self.at)
    }

    /// Digits; a zero stands alone.
    fn whole_number(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.text.as_bytes()[start] != b'0' || self.at == start + 1).then_some(())
    }

    /// A list of strings, and where it ends.
    fn list(&mut self, mut each: impl FnMut(&'a str)) -> Option<usize> {
        if !self.takes(b'[') {
            return None;
        }
        if !self.takes(b']') {
            loop {
                each(self.string()?);
                if self.takes(b']') {
                    break;
                }
                if !self.takes(b',') {
                    return None;
                }
            }
        }
        Some(self.at)
    }
}

/// Where the first quote is. Names and most values are short: eight bytes are looked at in one number, before anything is
/// called.
fn quote(bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 16;
    const ONES: u64 = 0x0101_0101_0101_0101;
    const QUOTES: u64 = ONES * b'"' as u64;
    let mut at = 0;
    while at < SHORT {
        let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        // A byte that is a quote becomes 0; the lowest 0 is where a borrow first reaches a byte's highest bit.
        let differing = u64::from_le_bytes(*eight) ^ QUOTES;
        let zeros = differing.wrapping_sub(ONES) & !differing & (ONES << 7);
        if zeros != 0 {
            return Some(at + (zeros.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    memchr(b'"', &bytes[at..]).map(|found| at + found)
}

/// Which names were there, roughly: what it has not seen was not there.
#[derive(Default)]
struct Seen([u64; 4]);

impl Seen {
    /// Whether `name` is one of the `members`. Notes it if not.
    fn has(&mut self, name: &str, members: &[Member<'_>]) -> bool {
        let bytes = name.as_bytes();
        let at = |place: usize| u32::from(bytes.get(place).copied().unwrap_or_default());
        let mixed = at(0) | at(bytes.len() / 2) << 8 | at(bytes.len().wrapping_sub(1)) << 16;
        let slot = ((mixed ^ (bytes.len() as u32) << 24).wrapping_mul(0x9E37_79B1) >> 24) as usize;
        let (word, bit) = (&mut self.0[slot / 64], 1_u64 << (slot % 64));
        let maybe = *word & bit != 0;
        *word |= bit;
        maybe && members.iter().any(|(other, _)| *other.0 == *name)
    }
}

#[cfg(test)]
mod tests;
