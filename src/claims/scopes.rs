//! Scopes in the claims of a token.

use super::payload::{Payload, StringClaim};

/// Whether `text` is one scope: a `scope-token` of [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
///
/// Scopes are separated by spaces and by nothing else. So a tab, a no-break space or an invisible character is never part of
/// one, and a claim of such characters alone has no scope.
pub(crate) fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// The scopes between the spaces of `text`. Parts that are not scopes are ignored, the scopes beside them are not.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(' ').filter(|scope| is_scope_token(scope))
}

/// The scopes of a token of Entra (`scp`). A `/` means that there are none.
pub(crate) fn of_payload(payload: &Payload) -> impl Iterator<Item = &str> + Clone {
    split(payload.string(StringClaim::Scope).unwrap_or_default()).filter(|scope| *scope != "/")
}

/// Whether a name, for example of a role, has a visible character. One without grants nothing.
pub(crate) fn is_visible(name: &str) -> bool {
    name.chars().any(|character| character.is_ascii_graphic() || character.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_tokens_are_printable_ascii_without_quotes_and_backslashes() {
        for scope in ["Files.Read", "/", "!", "#", "[", "]", "~", "api://a/B", "a,b", "'", "{}"] {
            assert!(is_scope_token(scope), "{scope:?}");
        }
        for scope in [
            "", " ", "a b", "\t", "a\tb", "\n", "\r", "\u{b}", "\u{c}", "\0", "\u{7f}", "\u{a0}", "\u{200b}",
            "\u{feff}", "\u{2028}", "\"", "\\", "a\"b", "a\\b", "é", "Ａ",
        ] {
            assert!(!is_scope_token(scope), "{scope:?}");
        }
    }

    #[test]
    fn scopes_are_separated_by_spaces_only() {
        for (text, scopes) in [
            ("", vec![]),
            ("a b", vec!["a", "b"]),
            ("  a   b ", vec!["a", "b"]),
            ("a\tb", vec![]),
            ("a\tb c", vec!["c"]),
            ("a\u{a0}b c\u{200b} d", vec!["d"]),
            ("\t \n \u{3000}", vec![]),
        ] {
            assert_eq!(split(text).collect::<Vec<_>>(), scopes, "{text:?}");
        }
    }

    #[test]
    fn names_without_a_visible_character_are_not_visible() {
        for name in ["", " ", "\t", "\u{a0}", "\u{200b}\u{feff}", "\0", "\u{2028}"] {
            assert!(!is_visible(name), "{name:?}");
        }
        for name in ["Admin", "/staff", "Verwaltung ", "職員", "*"] {
            assert!(is_visible(name), "{name:?}");
        }
    }
}
