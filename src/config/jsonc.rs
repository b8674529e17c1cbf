//! JSON with comments, as .NET reads it.

/// JSON as the configuration of .NET reads it: a byte order mark, comments and trailing commas are allowed. They become
/// spaces, so that lines and columns stay the same.
pub(super) fn strip_jsonc(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    // Where the last comma is, if only whitespace follows it, and whether an element precedes it.
    let mut comma = None;
    let mut has_element = false;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(0, |end| end + 2),
            _ => letter.len_utf8(),
        };
        // Leave an unterminated comment in place, so that serde_json reports it.
        let length = if length == 0 { rest.len() } else { length };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        if letter == '/' && (piece.starts_with("//") || piece.len() >= 4 && piece.ends_with("*/")) {
            plain.extend(piece.chars().map(|letter| if matches!(letter, '\n' | '\r') { letter } else { ' ' }));
            continue;
        }
        match letter {
            ' ' | '\t' | '\n' | '\r' => {}
            ',' => {
                comma = has_element.then_some(plain.len());
                has_element = false;
            }
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    plain.replace_range(at..=at, " ");
                }
                has_element = true;
            }
            '[' | '{' => {
                comma = None;
                has_element = false;
            }
            _ => {
                comma = None;
                has_element = true;
            }
        }
        plain.push_str(piece);
    }
    plain
}

/// The length of the JSON string at the start, its quotes included; all of the text if it has no end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        for (text, plain) in [
            ("{} // x", "{}     "),
            ("{/* a\n b */\"k\":1}", "{    \n     \"k\":1}"),
            (r#"{"a":"// no /* no */"}"#, r#"{"a":"// no /* no */"}"#),
            (r#"{"a":"\"// no","b":"\\"}//"#, r#"{"a":"\"// no","b":"\\"}  "#),
            ("[1,2,]", "[1,2 ]"),
            ("[1,2, // x\n]", "[1,2      \n]"),
            (r#"{"a":[1,],}"#, r#"{"a":[1 ] }"#),
            ("[,]", "[,]"),
            ("[1,,]", "[1,,]"),
            ("/*/", "/*/"),
            ("/**/1", "    1"),
            ("{} /* x", "{} /* x"),
            ("\"open // x", "\"open // x"),
            ("1 / 2", "1 / 2"),
            ("// é\n1", "    \n1"),
            ("\u{feff}{}", "{}"),
            ("//\r\n1", "  \r\n1"),
        ] {
            assert_eq!(strip_jsonc(text), plain, "{text}");
        }
    }
}
