//! Policy expressions: `@(…)` and `@{…}` contain C#.
//!
//! API Management stores and shows policies with unescaped expressions, which is not XML: quotes in a quoted attribute, `<`
//! and `&&` in text. They are escaped here, before the XML is parsed.

use std::borrow::Cow;

/// An expression without an end: its brackets or quotes do not match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unbalanced {
    /// The line in which it starts, counted from 1.
    pub(super) line: usize,
}

/// The reason why a value cannot be read: only API Management can evaluate it.
pub(super) fn unsupported_expression(value: &str) -> Option<&'static str> {
    if value.contains("@(") || value.contains("@{") {
        Some("is a policy expression, which only API Management can evaluate; replace it with its value")
    } else if value.contains("{{") {
        Some("is a named value of API Management; replace it with its value")
    } else {
        None
    }
}

/// Escapes the expressions that are not escaped yet. Comments, CDATA sections and everything else stay as they are.
///
/// # Errors
///
/// If an expression has no end.
pub(super) fn escape(xml: &str) -> Result<Cow<'_, str>, Unbalanced> {
    let mut escaped = String::new();
    let (mut copied, mut at) = (0, 0);
    let mut context = Context::Text;
    let mut value = Value::default();
    while let Some(byte) = xml.as_bytes().get(at) {
        let rest = xml.as_bytes().get(at..).unwrap_or_default();
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        match (context, byte) {
            (Context::Text, b'<') => match skipped.iter().find(|(start, _)| rest.starts_with(start.as_bytes())) {
                Some((start, end)) => {
                    let behind = at + start.len();
                    at = xml[behind..].find(end).map_or(xml.len(), |length| behind + length + end.len());
                    continue;
                }
                None => context = Context::Tag,
            },
            (Context::Tag, b'"' | b'\'') => context = Context::Attribute(*byte),
            (Context::Tag, b'>') => context = Context::Text,
            (Context::Attribute(quote), byte) if *byte == quote => context = Context::Tag,
            (Context::Text | Context::Attribute(_), b'@') if matches!(rest.get(1), Some(b'(' | b'{')) => {
                value.extend_to(xml, at, if let Context::Attribute(quote) = context { quote } else { b'<' });
                let start = at + 1;
                if let Some(length) = (!value.is_raw).then(|| end_of(&xml[start..value.end], Form::Escaped)).flatten() {
                    at = start + length;
                    continue;
                }
                value.is_raw = true;
                let Some(length) = end_of(&xml[start..], Form::Raw) else {
                    let line = 1 + xml[..at].bytes().filter(|byte| *byte == b'\n').count();
                    return Err(Unbalanced { line });
                };
                escaped.push_str(&xml[copied..at]);
                push_escaped(&xml[at..start + length], &mut escaped);
                at = start + length;
                copied = at;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(xml));
    }
    escaped.push_str(&xml[copied..]);
    Ok(Cow::Owned(escaped))
}

#[derive(Clone, Copy)]
enum Context {
    Text,
    Tag,
    /// A value in these quotes.
    Attribute(u8),
}

/// The text or attribute value around an expression.
#[derive(Default)]
struct Value {
    /// Where it would end if all of its expressions were escaped.
    end: usize,
    /// One of its expressions is not escaped. The others are then not tried in the escaped form, which keeps the time
    /// linear.
    is_raw: bool,
}

impl Value {
    fn extend_to(&mut self, xml: &str, at: usize, end: u8) {
        if at >= self.end {
            let length = xml.as_bytes()[at..].iter().position(|byte| *byte == end);
            *self = Self { end: length.map_or(xml.len(), |length| at + length), is_raw: false };
        }
    }
}

fn push_escaped(text: &str, escaped: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
}

/// How the characters of an expression are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As XML: `&quot;` is a quote.
    Escaped,
    /// As C#.
    Raw,
}

/// An open bracket.
enum Open {
    Bracket(char),
    /// `{` in an interpolated string, which goes on behind it.
    Hole {
        is_verbatim: bool,
    },
}

/// The length of the expression at the start, whose first character is its opening bracket. `None` if it has no end.
fn end_of(text: &str, form: Form) -> Option<usize> {
    let mut letters = Letters { text, at: 0, form };
    let mut open: Vec<Open> = Vec::new();
    loop {
        match letters.next()? {
            bracket @ ('(' | '[' | '{') => open.push(Open::Bracket(bracket)),
            bracket @ (')' | ']' | '}') => {
                match (open.pop()?, bracket) {
                    (Open::Bracket('('), ')') | (Open::Bracket('['), ']') | (Open::Bracket('{'), '}') => {}
                    (Open::Hole { is_verbatim }, '}') => string(&mut letters, is_verbatim, true, &mut open)?,
                    _ => return None,
                }
                if open.is_empty() {
                    return Some(letters.at);
                }
            }
            '"' => string(&mut letters, false, false, &mut open)?,
            prefix @ ('@' | '$') => {
                let other = if prefix == '@' { '$' } else { '@' };
                let has_both = letters.skip(other);
                if letters.skip('"') {
                    string(&mut letters, prefix == '@' || has_both, prefix == '$' || has_both, &mut open)?;
                }
            }
            '\'' => character(&mut letters)?,
            '/' if letters.skip('/') => while letters.next()? != '\n' {},
            '/' if letters.skip('*') => while letters.next()? != '*' || !letters.skip('/') {},
            _ => {}
        }
    }
}

/// Reads a string up to its end, or up to the next hole of an interpolated one.
fn string(letters: &mut Letters<'_>, is_verbatim: bool, is_interpolated: bool, open: &mut Vec<Open>) -> Option<()> {
    loop {
        match letters.next()? {
            '"' if is_verbatim && letters.skip('"') => {}
            '"' => return Some(()),
            '\\' if !is_verbatim => drop(letters.next()?),
            // Only a verbatim string has several lines. This finds a missing quote soon.
            '\n' if !is_verbatim => return None,
            '{' if is_interpolated && !letters.skip('{') => {
                open.push(Open::Hole { is_verbatim });
                return Some(());
            }
            _ => {}
        }
    }
}

/// Reads a character literal, such as `' '` or `'\u0041'`.
fn character(letters: &mut Letters<'_>) -> Option<()> {
    const LONGEST_ESCAPE: usize = "u00000041".len();
    if letters.next()? != '\\' {
        return letters.skip('\'').then_some(());
    }
    letters.next()?;
    (0..LONGEST_ESCAPE).find_map(|_| (letters.next()? == '\'').then_some(()))
}

struct Letters<'a> {
    text: &'a str,
    at: usize,
    form: Form,
}

impl Letters<'_> {
    /// The next character. `None` at the end, and where an escaped text is not well-formed.
    fn next(&mut self) -> Option<char> {
        let (letter, length) = self.peek()?;
        self.at += length;
        Some(letter)
    }

    /// Skips this character, if it is the next one.
    fn skip(&mut self, wanted: char) -> bool {
        match self.peek() {
            Some((letter, length)) if letter == wanted => {
                self.at += length;
                true
            }
            _ => false,
        }
    }

    fn peek(&self) -> Option<(char, usize)> {
        let rest = self.text.get(self.at..)?;
        let letter = rest.chars().next()?;
        match (self.form, letter) {
            (Form::Escaped, '&') => reference(rest),
            (Form::Escaped, '<') => None,
            _ => Some((letter, letter.len_utf8())),
        }
    }
}

/// The character reference or predefined entity at the start, and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    const LONGEST: usize = "&#x0010ffff;".len();
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let letter = match (name, name.strip_prefix("#x"), name.strip_prefix('#')) {
        ("lt", ..) => '<',
        ("gt", ..) => '>',
        ("amp", ..) => '&',
        ("quot", ..) => '"',
        ("apos", ..) => '\'',
        (_, Some(digits), _) => char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
        (_, None, Some(digits)) => char::from_u32(digits.parse().ok()?)?,
        _ => return None,
    };
    Some((letter, end + 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use roxmltree::Document;

    use super::*;

    /// The expression as it stands in C#; each must survive as an attribute and as text, raw and escaped.
    const EXPRESSIONS: [&str; 28] = [
        r#"@(context.Request.Headers.GetValueOrDefault("Authorization").Split(' ').Last())"#,
        r#"@(context.Variables.GetValueOrDefault<string>("a"))"#,
        r#"@((string)context.Variables["a"])"#,
        "@(1 < 2 && 3 > 2)",
        "@(a&b)",
        "@()",
        r#"@("")"#,
        r#"@(")")"#,
        r#"@("\")")"#,
        r#"@("a\\")"#,
        r#"@(@"c:\")"#,
        r#"@(@"say "")"" twice")"#,
        "@(@\"two\nlines)\")",
        r#"@($"Bearer {context.Variables["token"]}")"#,
        r#"@($"{{literal) {(a ? "(" : ")")}}}")"#,
        r#"@($@"c:\{a["}"]}\")"#,
        r#"@(@$"c:\{a["}"]}\")"#,
        "@(s.Split('\"')[0])",
        "@(s.Split(')')[0])",
        r"@(s.Split('\'')[0])",
        r"@(s.Split('\u0029')[0])",
        "@{ // it's ) here\n return 1; }",
        "@{ /* \" it's ) * here */ return 1; }",
        "@{ if (a < b) { return \"}\"; } return @\"\"; }",
        r#"@("{{named}}" + x)"#,
        r#"@(a / b)"#,
        r#"@(s.Replace("<a>)", "&quot;"))"#,
        r#"@(new JObject(new JProperty("é", "日本)")).ToString())"#,
    ];

    fn parsed(xml: &str) -> (String, String, String) {
        let escaped = escape(xml).unwrap_or_else(|Unbalanced { line }| panic!("line {line}: {xml}"));
        let document = Document::parse(&escaped).unwrap_or_else(|error| panic!("{error}\n{xml}\n{escaped}"));
        let root = document.root_element();
        let attribute = |name: &str| root.attribute(name).unwrap_or_default().to_owned();
        (attribute("a"), attribute("b"), root.text().unwrap_or_default().to_owned())
    }

    #[test]
    fn expressions_are_read_in_every_position_and_form() {
        for expression in EXPRESSIONS {
            let mut escaped = String::new();
            push_escaped(expression, &mut escaped);
            // In an attribute, XML makes spaces of line breaks.
            let in_attribute = expression.replace('\n', " ");
            for written in [expression, &escaped] {
                for quote in ['"', '\''] {
                    let xml = format!("<x a={quote}{written}{quote} b={quote}1{quote}>{written}</x>");
                    assert_eq!(parsed(&xml), (in_attribute.clone(), "1".to_owned(), expression.to_owned()), "{xml}");
                    let xml = format!("<x b={quote}<!-- {written}|{written}{quote}><y/></x>").replace("<!-- ", "");
                    assert_eq!(parsed(&xml).1, format!("{in_attribute}|{in_attribute}"), "{xml}");
                }
            }
        }
    }

    #[test]
    fn escaped_documents_stay_as_they_are() {
        for xml in [
            "<x/>",
            "<x a=\"@(&quot;)&quot;)\" b='@(\")\")'>@(a &lt; b &amp;&amp; &#x28;c&#41;)</x>",
            "<!-- @( --><x><![CDATA[@( < ]]><?p @( ?></x>",
            "<x a=\"me@contoso.example\">@ ( @a</x>",
        ] {
            assert_eq!(escape(xml), Ok(Cow::Borrowed(xml)));
        }
    }

    #[test]
    fn expressions_without_an_end_name_their_line() {
        for expression in
            ["@(", "@(()", "@(\")", "@('a)", "@(]", "@{)", "@(\"\n\")", "@{ /* }", "@(@\")", "@($\"{)", "@('')"]
        {
            assert_eq!(escape(&format!("<a>\n<b>\n{expression}</b></a>")), Err(Unbalanced { line: 3 }), "{expression}");
            assert_eq!(escape(&format!("<a\nb=\"{expression}\"/>")), Err(Unbalanced { line: 2 }), "{expression}");
        }
    }

    #[test]
    fn time_is_linear_in_hostile_documents() {
        let megabyte = |piece: &str| piece.repeat((1 << 20) / piece.len());
        for piece in
            ["@()", "@(&#40;)", "@(&quot;)", "@(\"a\")", "@(", "@{(", "@($\"{", "@('", "@(a&b)", "<!--", "<a b=\"@("]
        {
            for start in ["<x>", "<x a=\"", ""] {
                let start_of_test = std::time::Instant::now();
                let _ = escape(&format!("{start}{}", megabyte(piece)));
                assert!(start_of_test.elapsed().as_secs() < 5, "{start}{piece}");
            }
        }
    }
}
