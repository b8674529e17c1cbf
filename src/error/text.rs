/// The text, shortened to this number of characters and an ellipsis.
pub(crate) fn truncated(mut text: String, max_chars: usize) -> String {
    // No text has more characters than bytes.
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The text with everything escaped that breaks a line, controls a terminal or changes the direction of writing. Texts of
/// tokens, documents and servers are shown and logged, and anybody may have written them.
pub(crate) fn escaped(text: String) -> String {
    let is_control = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_control) {
        return text;
    }
    let escape =
        |letter: char| if is_control(letter) { letter.escape_default().to_string() } else { letter.to_string() };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        for (text, spelled) in [
            ("a b é …", "a b é …"),
            ("a\nb\r\t\0", "a\\nb\\r\\t\\u{0}"),
            ("\u{1b}[2J\u{9b}1m", "\\u{1b}[2J\\u{9b}1m"),
            ("\u{202e}x\u{2066}y\u{2028}", "\\u{202e}x\\u{2066}y\\u{2028}"),
            ("\u{61c}x\u{200e}", "\\u{61c}x\\u{200e}"),
        ] {
            assert_eq!(escaped(text.to_owned()), spelled);
        }
    }
}
