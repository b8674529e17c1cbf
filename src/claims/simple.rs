//! The short way through the JSON that tokens nearly always are: no white space, no escapes, no control characters, no dollar
//! signs; strings, whole numbers, truths, and flat lists of strings. Whatever is different goes the long way of
//! [`json`](super::json), also what is wrong: nothing is refused here.

use std::borrow::Cow;

use memchr::memchr;

use super::member::{Member, Name, USUAL};

/// More members go the long way, which sorts them.
const MOST_MEMBERS: usize = 64;

/// A piece of a text: where it begins, and where it has ended. Quotes and commas are around it, so that it can be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Piece {
    pub(super) fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// A string without its quotes.
    pub(super) fn unquoted(self) -> Self {
        Self { start: self.start + 1, end: self.end - 1 }
    }
}

/// What a value is, of what need not be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    String,
    /// A whole number, or the largest there is.
    Number(u64),
    /// Of strings, which have all been told.
    List,
    Word,
}

/// Takes what is read. If it turns out to be none that is read here, nothing of it counts.
pub(super) trait Visitor {
    /// A string in a list, without its quotes. The member whose value the list is comes behind the last.
    fn element(&mut self, element: Piece);
    /// A member: its name, also as a number if it is [`short`], and its value. `true` if it is certain that it was not there.
    fn member(&mut self, name: Piece, short: Option<Short>, value: Piece, what: What) -> bool;
}

/// The members of the one object that `text` is: what [`json::object`](super::json::object) gives, or `None`.
pub(super) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Vec::with_capacity(USUAL);
    each(text, |name, value, _| members.push((Name(Cow::Borrowed(name)), value))).then_some(members)
}

/// Calls `each` with the members of the one object that `text` is, and says whether it is one that is read here.
pub(super) fn each<'a>(text: &'a str, each: impl FnMut(&'a str, &'a str, What)) -> bool {
    struct Each<'a, F> {
        text: &'a str,
        each: F,
        seen: Seen,
    }

    impl<'a, F: FnMut(&'a str, &'a str, What)> Visitor for Each<'a, F> {
        fn element(&mut self, _: Piece) {}

        fn member(&mut self, name: Piece, short: Option<Short>, value: Piece, what: What) -> bool {
            let (Some(name), Some(value)) = (name.of(self.text), value.of(self.text)) else { return false };
            (self.each)(name, value, what);
            self.seen.is_new(name.as_bytes(), short)
        }
    }

    walk(text, &mut Each { text, each, seen: Seen::new() })
}

/// Tells `visitor` of the members of the one object that `text` is, and says whether it is one that is read here.
pub(super) fn walk(text: &str, visitor: &mut impl Visitor) -> bool {
    // With a dollar begin serde_json's own names, of which the long way knows where they may stand.
    text.bytes().fold(true, |simple, byte| simple & (byte >= b' ') & (byte != b'\\') & (byte != b'$'))
        && Scan::new(text).object(visitor).is_some_and(|end| end == text.len())
}

/// Calls `each` with the strings of the list that `value`, which is JSON, is. `false` if it is no list of strings, or has
/// white space or escapes; then the calls count for nothing.
pub(super) fn strings(value: &str, each: impl FnMut(Piece)) -> bool {
    memchr(b'\\', value.as_bytes()).is_none() && Scan::new(value).list(each).is_some_and(|end| end == value.len())
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    quotes: Quotes<'a>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, quotes: Quotes::new(text.as_bytes()) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// An object, and where it ends.
    fn object(&mut self, visitor: &mut impl Visitor) -> Option<usize> {
        let mut opens = self.takes(b'{');
        if !opens || self.peek() == Some(b'}') {
            return None;
        }
        while opens {
            let name = self.string()?.unquoted();
            let short = short(self.bytes.get(name.start..name.end)?);
            if !self.takes(b':') {
                return None;
            }
            let start = self.at;
            let what = self.value(visitor)?;
            if !visitor.member(name, short, Piece { start, end: self.at }, what) {
                return None;
            }
            opens = self.takes(b',');
        }
        self.takes(b'}').then_some(self.at)
    }

    /// A string with its quotes. There are no escapes: the next quote ends it.
    #[inline(always)]
    fn string(&mut self) -> Option<Piece> {
        let (opens, closes) = (self.quotes.next()?, self.quotes.next()?);
        if opens != self.at {
            return None;
        }
        self.at = closes + 1;
        Some(Piece { start: opens, end: self.at })
    }

    #[inline(always)]
    fn value(&mut self, visitor: &mut impl Visitor) -> Option<What> {
        Some(match self.peek()? {
            b'"' => {
                self.string()?;
                What::String
            }
            b'0'..=b'9' => What::Number(self.whole_number()?),
            b'[' => {
                self.list(|element| visitor.element(element))?;
                What::List
            }
            _ => {
                let rest = &self.bytes[self.at..];
                self.at += ["true", "false", "null"].iter().find(|word| rest.starts_with(word.as_bytes()))?.len();
                What::Word
            }
        })
    }

    /// Digits; a zero stands alone.
    fn whole_number(&mut self) -> Option<u64> {
        let (start, mut number) = (self.at, 0_u64);
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (self.bytes[start] != b'0' || self.at == start + 1).then_some(number)
    }

    /// A list of strings, and where it ends.
    fn list(&mut self, mut each: impl FnMut(Piece)) -> Option<usize> {
        if !self.takes(b'[') {
            return None;
        }
        if !self.takes(b']') {
            loop {
                each(self.string()?.unquoted());
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

const BLOCK: usize = 64;

/// Where the quotes are, one after the other: of 64 bytes at a time each is a bit.
pub(super) struct Quotes<'a> {
    bytes: &'a [u8],
    /// Where the 64 bytes begin.
    block: usize,
    /// Those of their quotes that are still to be told.
    bits: u64,
}

impl<'a> Quotes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut quotes = Self { bytes, block: 0, bits: 0 };
        quotes.look();
        quotes
    }

    fn look(&mut self) {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        self.bits = match rest.first_chunk::<BLOCK>() {
            Some(block) => quotes_of(block),
            None => quotes_of(rest),
        };
    }
}

impl Iterator for Quotes<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            self.block += BLOCK;
            if self.block >= self.bytes.len() {
                return None;
            }
            self.look();
        }
        let at = self.block + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

/// The quotes in at most 64 bytes, the first byte's in the lowest bit.
#[inline(always)]
fn quotes_of(bytes: &[u8]) -> u64 {
    /// Brings the lowest bits of eight bytes together in the highest byte, in their order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut is_quote = [0_u8; BLOCK];
    for (is_quote, byte) in is_quote.iter_mut().zip(bytes) {
        *is_quote = u8::from(*byte == b'"');
    }
    let (eights, _) = is_quote.as_chunks::<8>();
    let bits = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56);
    bits.enumerate().fold(0, |all, (number, bits)| all | bits << (8 * number))
}

/// The names that were there, each as one number. Different names may have the same, which is seldom; then the long way tells
/// them apart.
pub(super) struct Seen {
    numbers: [u64; MOST_MEMBERS],
    count: usize,
    /// Which numbers are there, roughly: what is not here is not there.
    places: [u64; 4],
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { numbers: [0; MOST_MEMBERS], count: 0, places: [0; 4] }
    }

    /// Notes a name, if it is certain that it was not there, and there is room.
    pub(super) fn is_new(&mut self, name: &[u8], short: Option<Short>) -> bool {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let number = match (short, name.first_chunk(), name.last_chunk()) {
            (None, Some(first), Some(last)) => {
                let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
                (first.rotate_left(29) ^ last).wrapping_mul(MIX) ^ name.len() as u64
            }
            _ => short.map_or(0, |(number, _)| number),
        };
        let slot = (number.wrapping_mul(MIX) >> 56) as usize;
        let (place, bit) = (&mut self.places[slot / 64], 1_u64 << (slot % 64));
        let maybe = *place & bit != 0;
        *place |= bit;
        if self.count == MOST_MEMBERS || (maybe && self.numbers[..self.count].contains(&number)) {
            return false;
        }
        self.numbers[self.count] = number;
        self.count += 1;
        true
    }
}

/// A name as one number, and its length.
pub(super) type Short = (u64, usize);

/// A name of at most eight bytes as one number, and its length: different for each.
pub(super) const fn short(name: &[u8]) -> Option<Short> {
    let length = name.len();
    let number = match (name, name.first_chunk(), name.last_chunk()) {
        // What is in both chunks is the same in both.
        (_, Some(first), Some(last)) if length <= 8 => {
            u32::from_le_bytes(*first) as u64 | (u32::from_le_bytes(*last) as u64) << (8 * (length - 4))
        }
        ([], ..) => 0,
        ([one], ..) => *one as u64,
        ([one, two], ..) => *one as u64 | (*two as u64) << 8,
        ([one, two, three], ..) => *one as u64 | (*two as u64) << 8 | (*three as u64) << 16,
        _ => return None,
    };
    Some((number, length))
}

#[cfg(test)]
mod tests;
