//! The rules of identifiers: GUIDs, client ids, audiences and tenants.

use super::{
    address::{self, AuthorityKind},
    flaw::Flaw,
    placeholder,
};
use crate::tenant::{HttpsUrl, MicrosoftHost, TenantId};

/// Characters around a GUID by mistake.
const OPENING: [char; 5] = ['{', '(', '<', '"', '\''];
const CLOSING: [char; 5] = ['}', ')', '>', '"', '\''];
const GUID_FORM: &str = "a GUID of the form 11111111-2222-3333-4444-555555555555";

/// A tenant as it is named in Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TenantName {
    Id(TenantId),
    /// In lower case.
    Domain(String),
    Keyword(&'static str),
}

/// A GUID in lower case; `None` for any other text.
pub(super) fn guid(text: &str) -> Option<String> {
    text.parse::<TenantId>().ok().map(|id| id.to_string())
}

/// Normalises the client id of the API or of a calling application: a GUID in lower case. A client id of another issuer is any
/// text.
///
/// # Errors
///
/// The mistake. `whose` completes the advice with whose client id is needed.
pub(super) fn client_id(text: &str, kind: AuthorityKind, whose: &str) -> Result<String, Flaw> {
    placeholder::check(text)?;
    match guid(text) {
        Some(id) => Ok(id),
        None if kind.has_guids() => Err(not_a_guid(text, &format!("{GUID_FORM} is needed{whose}"))),
        None if text.is_empty() || text.contains(char::is_whitespace) => {
            Err(Flaw::invalid("a client id without whitespace is needed"))
        }
        None => Ok(text.to_owned()),
    }
}

/// Refuses an audience that no token can have.
///
/// # Errors
///
/// The mistake.
pub(super) fn check_audience(text: &str) -> Result<(), Flaw> {
    placeholder::check(text)?;
    let advice = if text.trim_matches('/').is_empty() {
        "an audience is needed: a client id or an App ID URI such as api://orders"
    } else if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        "contains whitespace, which no audience has; remove it"
    } else if text.contains('*') {
        "audiences are compared exactly: * is not a wildcard"
    } else if text.starts_with(OPENING) {
        "is in braces or quotes, which no audience has; remove them"
    } else {
        return Ok(());
    };
    Err(Flaw::invalid(advice))
}

/// Parses a tenant of Entra: its GUID, a verified domain, or a keyword.
///
/// # Errors
///
/// The mistake. `or` lists further allowed forms.
pub(super) fn tenant(text: &str, or: &str) -> Result<TenantName, Flaw> {
    placeholder::check(text)?;
    if let Ok(id) = text.parse() {
        return Ok(TenantName::Id(id));
    }
    if let Some(keyword) = address::keyword(text) {
        return Ok(TenantName::Keyword(keyword));
    }
    if MicrosoftHost::of(text).is_some() {
        return Err(Flaw::invalid("is a host; write the Directory (tenant) ID of the app registration"));
    }
    if address::is_domain(text) {
        return Ok(TenantName::Domain(text.to_ascii_lowercase()));
    }
    if let Ok(address) = HttpsUrl::parse(text) {
        let last = address.path.trim_matches('/').split('/').next().unwrap_or_default();
        let advice = match address::is_tenant(last) {
            true => format!("is an address; write the tenant alone: {last}"),
            false => format!("is an address; {GUID_FORM} is needed"),
        };
        return Err(Flaw::invalid(advice));
    }
    if text.contains(',') {
        return Err(Flaw::invalid("contains a comma; list several tenants as TenantIds: [\"…\", \"…\"]"));
    }
    let advice = format!(
        "{GUID_FORM}, or a verified domain such as contoso.onmicrosoft.com{or} is needed; it is the Directory (tenant) ID \
         of the app registration"
    );
    Err(not_a_guid(text, &advice))
}

/// Checks a verified domain of a tenant of Entra.
///
/// # Errors
///
/// The mistake.
pub(super) fn check_domain(text: &str) -> Result<(), Flaw> {
    match tenant(text, "")? {
        TenantName::Domain(_) => Ok(()),
        TenantName::Id(_) | TenantName::Keyword(_) => {
            Err(Flaw::invalid(format!("{GUID_FORM}, or a verified domain such as contoso.onmicrosoft.com is needed")))
        }
    }
}

/// Checks the tenant of Azure AD B2C or External ID: its GUID or a domain.
///
/// # Errors
///
/// The mistake.
pub(super) fn check_customer_tenant(text: &str) -> Result<(), Flaw> {
    const ADVICE: &str = "the tenant's GUID, or its domain such as contoso.onmicrosoft.com is needed";
    match tenant(text, "") {
        Ok(TenantName::Keyword(_)) => Err(Flaw::invalid(ADVICE)),
        Ok(_) => Ok(()),
        Err(_) if placeholder::check(text).is_ok() && without_decoration(text).is_none() => Err(Flaw::invalid(ADVICE)),
        Err(flaw) => Err(flaw),
    }
}

/// The mistake in a text that should be a GUID.
fn not_a_guid(text: &str, advice: &str) -> Flaw {
    if text.is_empty() {
        return Flaw::invalid(advice);
    }
    if let Some(id) = without_decoration(text) {
        let what = match text.trim() == text {
            true => "is not written as tokens have it",
            false => "has whitespace around it",
        };
        return Flaw::invalid(format!("{what}; write {id}"));
    }
    Flaw::invalid(advice)
}

/// The GUID in a text with whitespace or braces around it, or without hyphens; `None` if there is none, or if it is one.
fn without_decoration(text: &str) -> Option<String> {
    let inside = text.trim().trim_start_matches(OPENING).trim_end_matches(CLOSING).trim();
    let is_compact = inside.len() == 32 && inside.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = match is_compact {
        true => guid(&[&inside[..8], &inside[8..12], &inside[12..16], &inside[16..20], &inside[20..]].join("-")),
        false => guid(inside),
    };
    id.filter(|_| guid(text).is_none())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "aaaaaaaa-2222-3333-4444-555555555555";
    const OPENID: AuthorityKind = AuthorityKind::OpenIdConnect;

    #[test]
    fn client_id_is_a_guid_except_for_other_issuers() {
        let read = |text: &str, kind| client_id(text, kind, ": the client id").map_err(|flaw| flaw.advice);
        for (text, kind, expected) in [
            (ID, AuthorityKind::Entra, Ok(ID)),
            ("AAAAAAAA-2222-3333-4444-555555555555", AuthorityKind::Entra, Ok(ID)),
            ("AAAAAAAA-2222-3333-4444-555555555555", OPENID, Ok(ID)),
            ("0oa1", OPENID, Ok("0oa1")),
            ("0oa1", AuthorityKind::Entra, Err(": the client id")),
            ("0oa1", AuthorityKind::B2c, Err(": the client id")),
            ("0oa1", AuthorityKind::ExternalId, Err(": the client id")),
            ("", AuthorityKind::Entra, Err("is needed")),
            ("", OPENID, Err("without whitespace")),
            (" 0oa1", OPENID, Err("without whitespace")),
            (" aaaaaaaa-2222-3333-4444-555555555555", AuthorityKind::Entra, Err("has whitespace around it; write aaa")),
            ("{aaaaaaaa-2222-3333-4444-555555555555}", AuthorityKind::Entra, Err("; write aaaaaaaa-2222")),
            ("aaaaaaaa222233334444555555555555", AuthorityKind::Entra, Err("; write aaaaaaaa-2222")),
            ("<client id>", OPENID, Err("placeholder")),
            ("00000000-0000-0000-0000-000000000000", AuthorityKind::Entra, Err("placeholder")),
        ] {
            match (read(text, kind), expected) {
                (Ok(id), Ok(expected)) => assert_eq!(id, expected, "{text}"),
                (Err(advice), Err(part)) => assert!(advice.contains(part), "{text}: {advice}"),
                other => assert!(other.0.is_ok() == other.1.is_ok(), "{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn audience_that_no_token_has_is_refused() {
        for text in [
            "api://orders",
            "api://orders/",
            ID,
            "aaaaaaaa222233334444555555555555",
            "https://orders.example/x",
            "urn:a:b",
            "orders",
        ] {
            assert_eq!(check_audience(text), Ok(()), "{text}");
        }
        for (text, part) in [
            ("", "is needed"),
            ("/", "is needed"),
            (" ", "whitespace"),
            (" api://orders", "whitespace"),
            ("api://or\u{a0}ders", "whitespace"),
            ("api://orders\n", "whitespace"),
            ("api://*", "wildcard"),
            ("{aaaaaaaa-2222-3333-4444-555555555555}", "braces"),
            ("api://{client}", "placeholder"),
            ("api://00000000-0000-0000-0000-000000000000", "placeholder"),
        ] {
            let advice = check_audience(text).unwrap_err().advice;
            assert!(advice.contains(part), "{text:?}: {advice}");
        }
    }

    #[test]
    fn tenant_is_a_guid_a_domain_or_a_keyword() {
        for (text, name) in [
            (ID, TenantName::Id(ID.parse().unwrap())),
            ("AAAAAAAA-2222-3333-4444-555555555555", TenantName::Id(ID.parse().unwrap())),
            ("Contoso.Example", TenantName::Domain("contoso.example".to_owned())),
            ("ORGANIZATIONS", TenantName::Keyword("organizations")),
        ] {
            assert_eq!(tenant(text, ""), Ok(name), "{text}");
        }
        for (text, part) in [
            ("", "Directory (tenant) ID"),
            ("contoso", "Directory (tenant) ID"),
            ("  ", "Directory (tenant) ID"),
            (" aaaaaaaa-2222-3333-4444-555555555555 ", "whitespace"),
            ("{aaaaaaaa-2222-3333-4444-555555555555}", "write aaaaaaaa-2222"),
            ("aaaaaaaa222233334444555555555555", "write aaaaaaaa-2222"),
            ("aaaaaaaa-2222-3333-4444-555555555555,contoso.example", "TenantIds"),
            ("https://login.microsoftonline.com/aaaaaaaa-2222-3333-4444-555555555555/v2.0", "alone: aaaaaaaa-2222"),
            ("https://login.microsoftonline.com/", "is an address"),
            ("login.microsoftonline.com", "is a host"),
            ("contoso.ciamlogin.com", "is a host"),
            ("yourtenant.onmicrosoft.com", "placeholder"),
        ] {
            let advice = tenant(text, "").unwrap_err().advice;
            assert!(advice.contains(part), "{text:?}: {advice}");
        }
        for text in ["common", "contoso", "", "a b"] {
            let advice = check_customer_tenant(text).unwrap_err().advice;
            assert!(advice.contains("or its domain such as contoso.onmicrosoft.com"), "{text}: {advice}");
        }
        assert!(check_customer_tenant("contoso.onmicrosoft.com").is_ok());
    }
}
