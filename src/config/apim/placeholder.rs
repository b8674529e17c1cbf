//! Placeholders of templates and of Microsoft's documentation that nobody has replaced.

use std::net::Ipv6Addr;

/// Whether an identifier is a placeholder, or has one in it: `{tenant}`, `${TENANT}`, `#{tenant}#`, `<client-id>`, `[audience]`,
/// `Enter_the_Application_Id_Here`, `your-client-id`, a GUID of zeros.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if text.contains(['{', '}', '<', '>']) || is_in_brackets(&text) {
        return true;
    }
    let is_separator = |letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_';
    text.split(is_separator).any(|word| {
        let starts =
            ["enter_the_", "your-", "your_", "yourtenant", "yourdomain", "yourcompany", "yourapp", "yourclient"];
        starts.iter().any(|start| word.starts_with(start)) || is_empty_guid(word)
    })
}

/// Whether the value of a claim is a placeholder as a whole. Brackets in it may be meant.
pub(super) fn is_placeholder_value(text: &str) -> bool {
    let is_in = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    let has_form = is_in("{", "}") || is_in("<", ">") || is_in("${", "}") || is_in("#{", "}#");
    // Microsoft's documentation has "insert claim here".
    has_form && !text.contains(['"', ' ']) || text.to_ascii_lowercase().starts_with("insert ")
}

/// `[audience]`, but not the brackets of an IPv6 address.
fn is_in_brackets(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| rest.split_once(']').is_none_or(|(inner, _)| inner.parse::<Ipv6Addr>().is_err()))
}

/// A GUID of zeros or of one letter, as templates have it.
fn is_empty_guid(word: &str) -> bool {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let has_form = word.split('-').map(str::len).eq(LENGTHS);
    let mut letters = word.bytes().filter(|byte| *byte != b'-');
    let first = letters.next();
    has_form && matches!(first, Some(b'0' | b'x')) && letters.all(|letter| Some(letter) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_identifiers() {
        for text in [
            "{your-audience}",
            "api://{client-id}",
            "${AUDIENCE}",
            "#{audience}#",
            "{{audience}}",
            "<client-id>",
            "[audience]",
            "https://login.microsoftonline.com/[tenant]/v2.0",
            "Enter_the_Application_Id_Here",
            "your-client-id",
            "api://YOUR_CLIENT_ID",
            "https://login.microsoftonline.com/your-tenant-id/v2.0",
            "yourtenant.onmicrosoft.com",
            "00000000-0000-0000-0000-000000000000",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "",
            "api://orders",
            "66666666-7777-8888-9999-000000000000",
            "00000000-0000-0000-0000-000000000001",
            "contoso.onmicrosoft.com",
            "https://[::1]:4000/x",
            "common",
            "https://api.yours.example",
            "in-your-face",
            "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
        for text in ["{role}", "<role>", "${ROLE}", "#{role}#", "insert claim here"] {
            assert!(is_placeholder_value(text), "{text}");
        }
        for text in ["", "a", "{\"a\":1}", "a{b}c", "[a]", "<a", "inserted"] {
            assert!(!is_placeholder_value(text), "{text}");
        }
    }
}
