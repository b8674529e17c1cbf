//! `--require`: what an operation requires, in a few words.

use tower_entra::{Requirement, TenantId};

const KINDS: &str = "scope, app_permission, user_role, any_role, group, directory_role, tenant, authority or auth_context, each \
                     with a value, or member";

/// Parses `KIND VALUE`, and alternatives of it separated by ` or `.
pub(crate) fn parse(text: &str) -> Result<Requirement, String> {
    let mut alternatives = text.split(" or ").map(|one| rule(one.trim()));
    let first = alternatives.next().unwrap_or_else(|| rule(""))?;
    alternatives.try_fold(first, |any, one| Ok(any.or(one?)))
}

fn rule(text: &str) -> Result<Requirement, String> {
    let (kind, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let value = value.trim();
    if kind == "member" {
        return if value.is_empty() { Ok(Requirement::member()) } else { Err("member takes no value".to_owned()) };
    }
    let make: fn(&str) -> Requirement = match kind {
        "scope" => |value| Requirement::scope(value),
        "app_permission" => |value| Requirement::app_permission(value),
        "user_role" => |value| Requirement::user_role(value),
        "any_role" => |value| Requirement::any_role(value),
        "group" => |value| Requirement::group(value),
        "directory_role" => |value| Requirement::directory_role(value),
        "authority" => |value| Requirement::authority(value),
        "auth_context" => |value| Requirement::auth_context(value),
        "tenant" => {
            let tenant: TenantId = value.parse().map_err(|_| "tenant needs a GUID".to_owned())?;
            return Ok(Requirement::tenant(tenant));
        }
        "" => return Err(format!("a rule is missing; it is {KINDS}")),
        // A longer word may be a secret that was pasted in the wrong place.
        word if word.len() > 30 => return Err(format!("a rule is {KINDS}")),
        word => return Err(format!("{word:?} is not a kind of rule; it is {KINDS}")),
    };
    if value.is_empty() {
        return Err(format!("{kind} needs a value"));
    }
    // The names of authorities, groups and roles may have spaces; a scope cannot (RFC 6749, section 3.3).
    if kind == "scope" && value.contains(char::is_whitespace) {
        return Err(
            "scope takes one name; for several, repeat --require, or separate them by \" or scope \"".to_owned()
        );
    }
    Ok(make(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read() {
        let tenant = "11111111-2222-3333-4444-555555555555";
        for (text, requirement) in [
            ("scope Files.Read", Requirement::scope("Files.Read")),
            ("app_permission Files.Read.All", Requirement::app_permission("Files.Read.All")),
            ("user_role  Reader ", Requirement::user_role("Reader")),
            ("any_role Reader", Requirement::any_role("Reader")),
            ("group Finance Team", Requirement::group("Finance Team")),
            ("directory_role x", Requirement::directory_role("x")),
            ("authority partner", Requirement::authority("partner")),
            ("auth_context c1", Requirement::auth_context("c1")),
            ("member", Requirement::member()),
            (&format!("tenant {tenant}"), Requirement::tenant(tenant.parse().unwrap())),
            (
                "scope A or member or user_role B",
                Requirement::scope("A").or(Requirement::member()).or(Requirement::user_role("B")),
            ),
        ] {
            assert_eq!(parse(text), Ok(requirement), "{text}");
        }
    }

    #[test]
    fn mistakes_name_the_word_or_what_is_missing() {
        for (text, error) in [
            ("scop Files.Read", "\"scop\" is not a kind of rule; it is scope, app_permission, "),
            ("Files.Read", "\"Files.Read\" is not a kind"),
            ("scope", "scope needs a value"),
            ("scope A or ", "a rule is missing"),
            ("scope A or B", "\"B\" is not a kind"),
            ("scope A B", "scope takes one name"),
            ("member x", "member takes no value"),
            ("tenant contoso.example", "tenant needs a GUID"),
            ("", "a rule is missing"),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
