//! The reasons for the outcome of an input: events of the crate and of the targets, with placeholders for values of the input.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::{self, Write},
    rc::Rc,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

thread_local! {
    static FOUND: RefCell<Option<Rc<RefCell<BTreeSet<String>>>>> = const { RefCell::new(None) };
}

/// Runs a target. The reasons come in no order, and each once.
pub fn of(run: impl FnOnce() -> String) -> (String, BTreeSet<String>) {
    let found = Rc::default();
    FOUND.set(Some(Rc::clone(&found)));
    let label = tracing::subscriber::with_default(Collector, run);
    FOUND.set(None);
    (label, found.take())
}

/// Collects the events of the current thread: a target runs on one thread.
struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_entra")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(reason) = fields.reason(*event.metadata().level()) else { return };
        let found = FOUND.with_borrow(Clone::clone);
        if let Some(found) = found {
            found.borrow_mut().insert(normalised(&reason));
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The fields of an event that describe what happened; all other fields are ignored, since they hold values of the input.
#[derive(Default)]
struct Fields {
    event: String,
    message: String,
    why: String,
    /// The cause of a rejection follows from its code and detail, and is tested elsewhere; that of a failed refresh says what
    /// happened.
    cause: String,
    is_rejection: bool,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.is_rejection |= field.name() == "code";
        let text = match field.name() {
            "event" | "code" => &mut self.event,
            "message" => &mut self.message,
            "reason" | "change" | "detail" => &mut self.why,
            "cause" => &mut self.cause,
            _ => return,
        };
        let _ = write!(text, "{value:?}");
    }
}

impl Fields {
    fn reason(&self, level: Level) -> Option<String> {
        let Self { event, message, why, cause, is_rejection } = self;
        let why = if *is_rejection { why } else { &format!("{why}{cause}") };
        let text = match (event.as_str(), why.as_str()) {
            ("", _) => message.clone(),
            (event, "") => format!("{level} {event}: {message}"),
            (event, why) => format!("{level} {event}: {why}"),
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

/// Values of the input that messages have without quotes: between such a start and such an end. An empty end is that of the text.
const UNQUOTED: [(&str, &str); 42] = [
    // Messages of other crates and of the operating system.
    ("is not JSON: ", "; correct it there"),
    ("is not XML: ", "; give the element"),
    ("cannot be read as ", ""),
    // Names of settings and authorities.
    ("differs from ", " = "),
    ("is given twice, as ", " too"),
    ("did you mean `", "`?"),
    ("names another tenant than ", " = "),
    ("names another tenant than ", "; leave one out"),
    ("names another policy than ", " = "),
    ("says where the keys are, as ", " does"),
    ("accepts tokens that ", " accepts too"),
    ("is the name of another authority too (", "); give"),
    ("shares an issuer with ", ", so its tokens"),
    (", as ", " at the same address"),
    // The target `key_set` covers the reasons for skipping a key.
    ("can be used for ", ""),
    ("WARN configuration: ", ", and is passed over"),
    ("it has no usable key: ", ""),
    ("the document at ", " is not usable"),
    // The fault of the second of two metadata documents.
    ("this authority does not own it; ", ""),
    ("problem: needs ", ", by which those keys"),
    ("problem: needs ", ": a tenant's own document"),
    ("but the authority is ", "; leave one out"),
    ("but the authority is ", ", whose addresses"),
    ("the authority is ", ", which has one version"),
    ("note: asks for the keys that the application ", " has for itself"),
    ("/claim[", "]; there is"),
    ("WARN configuration: ", ": the claim "),
    (": the claim ", " counts as it stands"),
    ("in the token, and ", " can write"),
    ("WARN configuration: ", ", an API of Microsoft's"),
    ("WARN configuration: ", " lets personal Microsoft accounts in"),
    ("WARN configuration: ", " is none of Microsoft's clouds"),
    ("WARN configuration: ", " is the tenant's id too"),
    ("nothing about access tokens: ", "; scopes and app"),
    ("nothing about access tokens: ", ""),
    // Values of tokens, metadata and policies.
    ("set the user flow's to ", ""),
    ("the token is for ", ": ask for"),
    ("is in the header ", ": take it"),
    ("is in the query parameter ", ": take it"),
    ("is taken to be ", ": if the metadata"),
    ("note: tokens of ", " are refused here"),
    ("ApiManagement::new().status(…) with ", ""),
];

/// One text for all that differ in values of the input alone.
fn normalised(text: &str) -> String {
    let mut text = text.to_owned();
    for (start, end) in UNQUOTED {
        let Some(from) = text.find(start).map(|at| at + start.len()) else { continue };
        let length = if end.is_empty() { Some(text.len() - from) } else { text[from..].find(end) };
        // A message without the end of its pattern was cut there.
        let length = length.or_else(|| text.ends_with(CUT).then_some(text.len() - from));
        // This value has been replaced already.
        let is_done = text[from..].starts_with(CUT);
        if let Some(length) = length.filter(|_| !is_done) {
            text.replace_range(from..from + length, "…");
        }
    }
    let mut text = without_values(&text);
    // The setting by which the kind of an authority is known.
    if let Some(end) = text.find(" = \"…\")")
        && let Some(start) = text[..end].rfind(" (")
    {
        text.replace_range(start + 2..end, "…");
    }
    // One of many types that a value may have instead.
    for is in ["a text", "a list", "an object", "null", "a truth value", "a number"] {
        text = text.replacen(&format!(": is {is}; "), ": is of another type; ", 1);
    }
    text
}

/// The end of a message that was too long.
const CUT: char = '…';

/// Whether a reason is the one in the table, or the start of it where the message was cut.
pub fn is_same(expected: &str, found: &str) -> bool {
    let Some(start) = found.strip_suffix(CUT) else { return expected == found };
    // The cut may be within the scheme of an address.
    let words = ["https:/", "https:", "https", "http", "htt", "ht", "h", ""];
    words.into_iter().filter_map(|word| start.strip_suffix(word)).any(|start| expected.starts_with(start))
}

/// With `"…"` for quotes, URL, GUID, N for a number.
fn without_values(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (length, shown) = match letter {
            '"' => match quoted(&rest[1..]) {
                Some(length) => (length + 1, "\"…\""),
                None => (rest.len(), "\"…"),
            },
            'h' if rest.starts_with("https://") || rest.starts_with("http://") => {
                (rest.find([' ', ';', ',', ')', '"', CUT]).unwrap_or(rest.len()), "URL")
            }
            _ if is_guid(rest) => (GUID, "GUID"),
            '0'..='9' if !plain.ends_with(|letter: char| letter.is_ascii_alphanumeric()) => {
                (rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len()), "N")
            }
            _ => (letter.len_utf8(), &rest[..letter.len_utf8()]),
        };
        plain.push_str(shown);
        rest = &rest[length..];
    }
    plain
}

/// The length of a quoted text from behind its first quote to behind its last.
fn quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

const GUID: usize = 36;

fn is_guid(text: &str) -> bool {
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() >= GUID && text.as_bytes()[..GUID].iter().enumerate().all(is_right)
}

#[test]
fn values_do_not_make_reasons() {
    for (text, reason) in [
        (r#"its issuer is "a\"b", not "https://c""#, r#"its issuer is "…", not "…""#),
        ("is not one with 11111111-2222-3333-4444-555555555555; at 10 s", "is not one with GUID; at N s"),
        ("the document at https://a.example/b)c is not usable", "the document at … is not usable"),
        ("problem: is a number; a text is needed", "problem: is of another type; a text is needed"),
        (r#"problem: is Entra's (A:b = "c"); leave"#, r#"problem: is Entra's (… = "…"); leave"#),
        ("is not JSON: 1 \" 2; correct it there", "is not JSON: …; correct it there"),
        (r#"not "cut…"#, r#"not "…"#),
    ] {
        assert_eq!(normalised(text), reason);
    }
    for (expected, found, same) in [
        ("not a", "not a", true),
        ("not a", "not b", false),
        (r#"not "…"; use b"#, r#"not "…"#, true),
        ("at URL; use b", "at htt…", true),
        ("at URL; use b", "in htt…", false),
        ("at …", "at …", true),
    ] {
        assert_eq!(is_same(expected, found), same, "{found}");
    }
}
