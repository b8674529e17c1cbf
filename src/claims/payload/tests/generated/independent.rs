//! A strict reader of payloads that shares nothing with the one in the library: tokens come from `hifijson`, and the rules are
//! written once more.

use std::collections::HashSet;

use hifijson::{
    Read, SliceLexer,
    num::Lex as _,
    str::{Lex as _, LexAlloc as _},
    token::Lex as _,
};

const MOST_LEVELS: usize = 64;
const STRINGS: [&str; 11] = ["iss", "sub", "tid", "oid", "ver", "scp", "azp", "appid", "azpacr", "appidacr", "idtyp"];
const DATES: [&str; 3] = ["exp", "nbf", "iat"];
/// The first second of the year 10000.
const YEAR_10000: f64 = 253_402_300_800.0;
const RESERVED: &str = "$serde_json::private::";

/// A JSON value.
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// As it stands in the text.
    Number(&'a str),
    /// `None` for half a surrogate pair.
    String(Option<String>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Node<'_> {
    /// Whether no program can hold it.
    pub(super) fn has_no_value(&self) -> bool {
        match self {
            Self::String(content) => content.is_none(),
            Self::Number(text) => !text.parse::<f64>().is_ok_and(f64::is_finite),
            _ => false,
        }
    }
}

pub(super) struct Member<'a> {
    pub(super) name: String,
    pub(super) raw: &'a str,
    pub(super) value: Node<'a>,
}

/// A payload that is accepted.
pub(super) struct Reading<'a> {
    pub(super) text: &'a str,
    pub(super) members: Vec<Member<'a>>,
}

/// Reads a payload; `None` if it must be rejected.
pub(super) fn read(bytes: &[u8]) -> Option<Reading<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lexer = SliceLexer::new(bytes);
    if lexer.ws_peek()? != b'{' {
        return None;
    }
    let mut members = Vec::new();
    for_each_member(&mut lexer, |lexer, name| {
        let start = text.len() - lexer.as_slice().len();
        let value = value(lexer, text, 1)?;
        let raw = &text[start..text.len() - lexer.as_slice().len()];
        members.push(Member { name, raw, value });
        Some(())
    })?;
    let is_whole = lexer.ws_peek().is_none();
    let reading = Reading { text, members };
    (is_whole && reading.is_valid()).then_some(reading)
}

/// The members of the object at which the lexer stands. Every name is different.
fn for_each_member<'a>(
    lexer: &mut SliceLexer<'a>,
    mut each: impl FnMut(&mut SliceLexer<'a>, String) -> Option<()>,
) -> Option<()> {
    let mut names = HashSet::new();
    lexer.take_next();
    if lexer.ws_peek()? == b'}' {
        lexer.take_next();
        return Some(());
    }
    loop {
        if lexer.ws_peek()? != b'"' {
            return None;
        }
        lexer.take_next();
        let name = lexer.str_string().ok()?.into_owned();
        if name.starts_with(RESERVED) || !names.insert(name.clone()) {
            return None;
        }
        lexer.ws_peek();
        if lexer.take_next()? != b':' {
            return None;
        }
        lexer.ws_peek()?;
        each(lexer, name)?;
        match (lexer.ws_peek()?, lexer.take_next()).0 {
            b',' => {}
            b'}' => return Some(()),
            _ => return None,
        }
    }
}

/// The value at which the lexer stands, inside of so many levels.
fn value<'a>(lexer: &mut SliceLexer<'a>, text: &'a str, levels: usize) -> Option<Node<'a>> {
    let start = text.len() - lexer.as_slice().len();
    let node = match lexer.peek_next()? {
        b'"' => {
            lexer.take_next();
            let content = SliceLexer::new(lexer.as_slice()).str_string().ok().map(|content| content.into_owned());
            lexer.str_ignore().ok()?;
            // Only values of claims may be strings without content.
            return (levels == 1 || content.is_some()).then_some(Node::String(content));
        }
        b'-' | b'0'..=b'9' => {
            lexer.num_ignore().validate().ok()?;
            let number = Node::Number(&text[start..text.len() - lexer.as_slice().len()]);
            return (levels == 1 || !number.has_no_value()).then_some(number);
        }
        b'{' | b'[' if levels == MOST_LEVELS => return None,
        b'{' => {
            let mut members = Vec::new();
            for_each_member(lexer, |lexer, name| {
                members.push((name, value(lexer, text, levels + 1)?));
                Some(())
            })?;
            Node::Object(members)
        }
        b'[' => {
            lexer.take_next();
            let mut elements = Vec::new();
            if lexer.ws_peek()? == b']' {
                lexer.take_next();
                return Some(Node::Array(elements));
            }
            loop {
                lexer.ws_peek()?;
                elements.push(value(lexer, text, levels + 1)?);
                match (lexer.ws_peek()?, lexer.take_next()).0 {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
            Node::Array(elements)
        }
        b'a'..=b'z' => return Some(lexer.null_or_bool()?.map_or(Node::Null, Node::Bool)),
        _ => return None,
    };
    // Also in strings, inside of objects and arrays.
    let is_reserved = text[start..text.len() - lexer.as_slice().len()].contains(RESERVED);
    (!is_reserved).then_some(node)
}

impl<'a> Reading<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members.iter().find(|member| member.name == name).map(|member| &member.value)
    }

    pub(super) fn string(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Node::String(content) => content.as_deref(),
            _ => None,
        }
    }

    /// A list of strings, or one string.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        match self.get(name)? {
            Node::String(content) => content.as_deref().map(|content| vec![content]),
            Node::Array(elements) => elements
                .iter()
                .map(|element| if let Node::String(content) = element { content.as_deref() } else { None })
                .collect(),
            _ => None,
        }
    }

    /// Whether one of the claims that only tokens of Entra are judged by has another type.
    pub(super) fn has_mistyped(&self) -> bool {
        let is_mistyped = |name: &str| match name {
            "roles" => self.list(name).is_none(),
            _ => STRINGS.contains(&name) && self.string(name).is_none(),
        };
        self.members.iter().any(|member| is_mistyped(&member.name))
    }

    pub(super) fn scopes(&self) -> Vec<&str> {
        let is_scope = |scope: &&str| {
            let is_allowed = |character: char| ('!'..='~').contains(&character) && !matches!(character, '"' | '\\');
            !scope.is_empty() && *scope != "/" && scope.chars().all(is_allowed)
        };
        self.string("scp").unwrap_or_default().split(' ').filter(is_scope).collect()
    }

    fn is_valid(&self) -> bool {
        let is_valid = |member: &Member<'_>| match &*member.name {
            "iss" | "sub" | "tid" => matches!(member.value, Node::String(Some(_))),
            "aud" => self.list("aud").is_some(),
            name if DATES.contains(&name) => match member.value {
                Node::Number(text) => {
                    !text.starts_with('-') && text.parse::<f64>().is_ok_and(|seconds| seconds < YEAR_10000)
                }
                _ => false,
            },
            "nbf" => true,
            name => {
                let is_variant = matches!(&*name.to_uppercase(), "ISS" | "AUD" | "EXP" | "NBF" | "TID");
                // `ß` is `SS` in upper case.
                !(is_variant && name.chars().count() == 3)
            }
        };
        self.get("exp").is_some() && self.members.iter().all(is_valid)
    }
}
