//! The payload of a token, decoded once. Nothing in it is believed until the signature has verified.

mod reader;

use std::{slice, time::Duration};

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

/// Whether tokens are judged by a claim.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A wrong type refuses any token.
    Always,
    /// A wrong type refuses a token of Entra.
    AtEntra,
    Never,
}

/// A payload of the right form. It is large, and stays where it was read.
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
    /// One of `nonce`, `c_hash`, `at_hash` is there: a mark of id tokens (`docs/entra.md`, "ID tokens").
    pub(crate) has_id_token_mark: bool,
    /// One of `c_hash`, `at_hash` is there: only id tokens have those (OpenID Connect Core, sections 3.1.3.6 and 3.3.2.11).
    pub(crate) has_id_token_hash: bool,
}

impl Payload {
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let (members, texts) =
            (self.members.capacity() * size_of::<Member>(), self.texts.capacity() * size_of::<Text>());
        let unescaped = self.unescaped.capacity() * size_of::<Box<str>>();
        let in_boxes: usize = self.unescaped.iter().map(|text| text.len()).sum();
        size_of::<Self>() + self.json.capacity() + members + texts + unescaped + in_boxes
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
