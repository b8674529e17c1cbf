//! Limits that hold before the XML is parsed: the parser's time grows with the square of nested namespaces and of attributes
//! in one tag.

/// Deeper than any policy: `policies`, a section, some `choose` and `when`.
const DEEPEST: usize = 100;
/// In one tag. `validate-jwt` has about ten.
const MOST_ATTRIBUTES: usize = 100;
/// In the whole document. Policies have none; a SOAP message in a `set-body` has a few.
const MOST_NAMESPACES: usize = 100;

/// Checks the tags of a document against the limits.
///
/// It follows well-formed XML. Where the document is not well-formed, the parser ends at that place too.
///
/// # Errors
///
/// The limit that is exceeded, and the fix.
pub(super) fn check(xml: &str) -> Result<(), String> {
    let advice = "give only the element validate-jwt or validate-azure-ad-token";
    let (mut depth, mut namespaces) = (0_usize, 0_usize);
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let behind = |end: &str| rest.find(end).map(|at| at + end.len());
        let length = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.find("-->").map(|at| "<!--".len() + at + "-->".len())
        } else if rest.starts_with("<![CDATA[") {
            behind("]]>")
        } else if rest.starts_with("<?") {
            behind("?>")
        } else if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
            behind(">")
        } else if rest.starts_with("<!") {
            behind(">")
        } else {
            let tag = Tag::of(rest);
            if tag.attributes > MOST_ATTRIBUTES {
                return Err(format!("has a tag with more than {MOST_ATTRIBUTES} attributes; {advice}"));
            }
            namespaces += rest[..tag.length].matches("xmlns").count();
            if namespaces > MOST_NAMESPACES {
                return Err(format!("declares more than {MOST_NAMESPACES} namespaces (xmlns); {advice}"));
            }
            depth += usize::from(!tag.is_empty);
            if depth > DEEPEST {
                return Err(format!("has elements nested deeper than {DEEPEST} levels; {advice}"));
            }
            Some(tag.length)
        };
        // The parser reports what has no end.
        let Some(length) = length else { return Ok(()) };
        rest = &rest[length..];
    }
    Ok(())
}

/// A tag at the start of a text.
struct Tag {
    /// To its `>`, or to the end of the text.
    length: usize,
    attributes: usize,
    /// Ends with `/>`.
    is_empty: bool,
}

impl Tag {
    fn of(text: &str) -> Self {
        let mut quote = None;
        let (mut attributes, mut last) = (0, b'<');
        for (at, byte) in text.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => {
                    quote = Some(byte);
                    attributes += 1;
                }
                (None, b'>') => return Self { length: at + 1, attributes, is_empty: last == b'/' },
                (None, _) => {}
            }
            last = byte;
        }
        Self { length: text.len(), attributes, is_empty: false }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_exact_and_only_tags_count() {
        let nested = |count: usize| format!("{}{}", "<a>".repeat(count), "</a>".repeat(count));
        let attributes = |count: usize| {
            let all: String = (0..count).map(|at| format!(" a{at}='>'")).collect();
            format!("<a{all}/>")
        };
        let namespaces = |count: usize| format!("<a>{}</a>", "<b xmlns:c=\"d\"/>".repeat(count));
        for (xml, problem) in [
            (nested(DEEPEST), None),
            (nested(DEEPEST + 1), Some("nested deeper than 100 levels")),
            ("<a/>".repeat(1000), None),
            ("<a></a>".repeat(1000), None),
            (attributes(MOST_ATTRIBUTES), None),
            (attributes(MOST_ATTRIBUTES + 1), Some("more than 100 attributes")),
            (namespaces(MOST_NAMESPACES), None),
            (namespaces(MOST_NAMESPACES + 1), Some("more than 100 namespaces")),
            (format!("<!--{}-->", nested(500)), None),
            (format!("<!-->{}-->", "<a>".repeat(500)), None),
            (format!("<![CDATA[{}]]>", nested(500)), None),
            (format!("<?a {}?>", "<a>".repeat(500)), None),
            (format!("<a b=\"{}\"/>", "<a>".repeat(500)), None),
            (format!("<a b='\"'/>{}", nested(500)), Some("nested deeper")),
            (format!("<!-- x -->{}", nested(500)), Some("nested deeper")),
            ("<!-- no end".to_owned(), None),
            ("<a b=\"no end".to_owned(), None),
            ("<".repeat(500), None),
        ] {
            let found = check(&xml).err();
            let is_right = match (&found, problem) {
                (None, None) => true,
                (Some(found), Some(problem)) => found.contains(problem),
                _ => false,
            };
            assert!(is_right, "{:?} of {}", found, &xml[..xml.len().min(60)]);
        }
    }
}
