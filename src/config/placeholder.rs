//! Placeholders of templates in values.

use std::net::Ipv6Addr;

use super::flaw::Flaw;
use crate::tenant::{TenantId, split_scheme};

/// Delimiters of placeholders in .NET, Helm, shells, Azure DevOps, documentation and project templates.
const BRACKETS: [(char, char); 3] = [('{', '}'), ('<', '>'), ('[', ']')];

/// The first words of placeholders, without separators.
const WORDS: [&str; 11] = [
    "enterthe",
    "enteryour",
    "inserthere",
    "insertyour",
    "replaceme",
    "replacewith",
    "changeme",
    "yourtenant",
    "yourclientid",
    "yourdomain",
    "yourcompany",
];

/// The nil GUID: an identifier that was never set.
const NIL_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// Refuses a placeholder, which no token could contain.
///
/// # Errors
///
/// If the value is a placeholder.
pub(super) fn check(text: &str) -> Result<(), Flaw> {
    match is_placeholder(text) {
        true => Err(Flaw::invalid("is a placeholder that was not replaced; write the value that it stands for")),
        false => Ok(()),
    }
}

fn is_placeholder(text: &str) -> bool {
    is_bracketed(text) || text.contains("$(") || is_percent(text) || has_word(text) || text.contains(NIL_GUID)
}

/// `{tenant}`, `{{tenant}}`, `${TENANT}`, `#{Tenant}#`, `<tenant>`, `[Enter the tenant]`. Not an IPv6 address in a URL, nor a
/// GUID in braces, which has its own advice.
fn is_bracketed(text: &str) -> bool {
    BRACKETS.iter().any(|(open, close)| {
        let Some((_, rest)) = text.split_once(*open) else { return false };
        let Some((inside, _)) = rest.split_once(*close) else { return false };
        inside.parse::<Ipv6Addr>().is_err() && inside.parse::<TenantId>().is_err()
    })
}

/// `%TENANT_ID%`, a variable of Windows. Not the percent-encoding in a URL.
fn is_percent(text: &str) -> bool {
    let name = text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// `Enter_the_Client_Id_Here`, `your-client-id`, `YOUR_TENANT.onmicrosoft.com`, `TODO`, `xxxxxxxx-xxxx-…`.
fn has_word(text: &str) -> bool {
    // In lower case it may be the name of an API: api://todo.
    let is_todo = text.eq_ignore_ascii_case("todo") || text.split(['/', '.', ':']).any(|segment| segment == "TODO");
    let text = text.to_ascii_lowercase();
    // Not only of URLs: of any setting.
    let rest = split_scheme(&text).map_or(&*text, |(_, rest)| rest);
    let is_word = |segment: &str| {
        let letters: String = segment.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).collect();
        // A host may really be called your-energy; an identifier with that word alone is a template's.
        let is_yours = segment.starts_with("your_") || (segment.starts_with("your-") && !text.contains('.'));
        let is_crossed_out = letters.len() >= 8 && letters.bytes().all(|byte| byte == b'x');
        is_yours || is_crossed_out || WORDS.iter().any(|word| letters.starts_with(word))
    };
    is_todo || rest.split(['/', '.', ':', '@']).any(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_templates_are_found() {
        for text in [
            "{tenant}",
            "{{tenant}}",
            "{}",
            "api://{abc}",
            "${TENANT_ID}",
            "#{Tenant}#",
            "$(TenantId)",
            "%TENANT_ID%",
            "<tenant>",
            "<your tenant id>",
            "[Enter the Client Id of the application]",
            "api://{client-id}",
            "https://login.microsoftonline.com/{tenant}/v2.0",
            "https://{name}.b2clogin.com",
            "Enter_the_Client_Id_Here",
            "Enter the tenant",
            "enter-your-tenant",
            "your-client-id",
            "your_audience",
            "api://your-api",
            "YOUR_CLIENT_ID",
            "YOUR-TENANT.onmicrosoft.com",
            "yourtenant.onmicrosoft.com",
            "https://yourtenant.b2clogin.com/tfp",
            "https://your-tenant-name.ciamlogin.com/",
            "TODO",
            "todo",
            "api://TODO",
            "CHANGE_ME",
            "replace-with-client-id",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            NIL_GUID,
            "api://00000000-0000-0000-0000-000000000000",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn genuine_values_are_not_placeholders() {
        for text in [
            "",
            "11111111-2222-3333-4444-555555555555",
            "{11111111-2222-3333-4444-555555555555}",
            "api://orders",
            "api://contoso/orders",
            "contoso.onmicrosoft.com",
            "https://your-energy.example/orders",
            "your-energy.example",
            "https://orders.example/a%20b",
            "http://[::1]:4000",
            "https://[2001:db8::1]/",
            "0oa1",
            "B2C_1_susi",
            "organizations",
            "todos",
            "api://todo",
            "todo.contoso.example",
            "urn:contoso:orders",
            "https://kubernetes.default.svc.cluster.local",
            "repo:contoso/orders:ref:refs/heads/main",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }
}
