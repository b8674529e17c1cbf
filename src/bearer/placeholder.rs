//! Placeholders that are sent in place of a token. It only decides how the rejection is explained.

/// Whether `token` is a placeholder of documentation, a template or a shell, rather than a token: `<token>`, `{{token}}`,
/// `$TOKEN`, `${TOKEN}`, `%TOKEN%`, `your-token-here`, `...`.
pub(crate) fn is_placeholder(token: &[u8]) -> bool {
    /// Longer ones are not names.
    const LONGEST: usize = 80;
    const WRAPPED: [(&str, &str); 6] = [("{{", "}}"), ("${", "}"), ("$(", ")"), ("<", ">"), ("{", "}"), ("%", "%")];
    const WORDS: [&str; 20] = [
        "a",
        "access",
        "accesstoken",
        "bearer",
        "enter",
        "here",
        "insert",
        "jwt",
        "my",
        "paste",
        "put",
        "some",
        "the",
        "this",
        "token",
        "with",
        "your",
        "youraccesstoken",
        "yourtoken",
        "yourtokenhere",
    ];
    let Some(text) = str::from_utf8(token).ok().filter(|text| !text.is_empty() && text.len() <= LONGEST) else {
        return false;
    };
    let is_name = |name: &str| {
        name.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _-.:$'".contains(&byte))
    };
    let inside = |(start, end): (&str, &str)| text.strip_prefix(start)?.strip_suffix(end);
    if WRAPPED.into_iter().filter_map(inside).any(is_name) {
        return true;
    }
    if let Some(variable) = text.strip_prefix('$') {
        return !variable.contains([' ', '$']) && is_name(variable);
    }
    let folded = text.to_ascii_lowercase();
    let mut words = folded.split([' ', '-', '_']).filter(|word| !word.is_empty());
    let is_of_words = words.clone().all(|word| WORDS.contains(&word));
    (is_of_words && words.any(|word| word.contains("token") || word == "jwt"))
        || text.chars().all(|letter| letter == '.' || letter == '…')
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn placeholder_is_distinguished_from_other_text() {
        for text in [
            "<token>",
            "<your access token>",
            "{{token}}",
            "{{login.response.token}}",
            "{token}",
            "$TOKEN",
            "$env:TOKEN",
            "${TOKEN}",
            "$(TOKEN)",
            "%TOKEN%",
            "your-token-here",
            "YOUR_ACCESS_TOKEN",
            "the token",
            "...",
            "…",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "{}",
            "<>",
            "{\"a\":1}",
            "<html>x</html>",
            "a<b",
            "x{token}",
            "{token",
            "$",
            "$a $b",
            "%",
            "100%",
            "eyJhbGciOiJSUzI1NiJ9.e30.AA",
            "0.AXoAtoken",
            "madeUpOpaqueTokenOfAuth0",
            "your",
            "a.b",
            "\u{fffd}",
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
        assert!(!is_placeholder(format!("<{}>", "a".repeat(80)).as_bytes()));
        assert!(!is_placeholder(b"\xFF"));
    }
}
