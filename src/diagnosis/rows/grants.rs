//! Causes in scopes, roles and authentication contexts that an operation requires.

use crate::{
    diagnosis::{
        CauseKind, Provider,
        facts::Facts,
        remedy::{change_client, change_code, grant, investigate},
        row::Row,
    },
    policy::Wanted,
    rejection::RejectionKind,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::ScopeWithResource,
        when: |f| f.is(RejectionKind::InsufficientScope) && scope_with_resource(f).is_some(),
        explanation: |f| {
            let (required, short) = scope_with_resource(f).unwrap_or_default();
            format!(
                "The requirement names the scope {required}, with the API in front of it. The token has it as {short}: scopes in \
                 tokens have their short name."
            )
        },
        remedies: |f| {
            let (_, short) = scope_with_resource(f).unwrap_or_default();
            vec![change_code(format!("Require the scope {short} (in code, Requirement::scope({short:?}))."))]
        },
    },
    Row {
        kind: CauseKind::ScopeAmongRoles,
        when: |f| f.is(RejectionKind::InsufficientScope) && scope_among_roles(f).is_some(),
        explanation: |f| {
            format!(
                "This API requires {}; the token has {} as a role, not as a scope.{}",
                f.expected(),
                scope_among_roles(f).unwrap_or_default(),
                if f.token.is_app() {
                    " It is an application's own token: those have roles, and never scopes."
                } else {
                    ""
                }
            )
        },
        remedies: |f| {
            let name = scope_among_roles(f).unwrap_or_default();
            let allow = change_code(format!(
                "Accept the role {name} too (in code, Requirement::scope({name:?}).or(Requirement::any_role({name:?})))."
            ));
            let user = grant("scp", Some(name), "Let a user sign in, so that the token has scopes.");
            match f.token.is_app() {
                true => vec![
                    allow.on_condition("If applications may call without a user"),
                    user.on_condition("If a user is meant to have signed in"),
                ],
                false => vec![
                    user.on_condition("If the scope is what counts"),
                    allow.on_condition("If the role is what counts"),
                ],
            }
        },
    },
    Row {
        kind: CauseKind::NoScope,
        when: |f| f.is(RejectionKind::InsufficientScope) && f.token.is_app() && f.provider().has_registrations(),
        explanation: |f| {
            format!(
                "This API requires {}, and the token is an application's own: {} got it for itself. An application cannot get a \
                 scope: it gets app roles.",
                f.expected(),
                f.client_text()
            )
        },
        remedies: |f| {
            let scope = required_scope(f);
            let name = scope.unwrap_or("<scope>");
            let uri = f.app_id_uri();
            let user =
                format!("Let a user sign in, and the client request the scope {uri}/{name} on behalf of the user.");
            vec![
                grant("scp", scope, user).on_condition("If a user is meant to have signed in"),
                change_code(format!(
                    "Accept an application permission too (in code, Requirement::scope({name:?}).or(Requirement::app_permission(…))), \
                     and assign it to {}.",
                    f.client_text()
                ))
                .on_condition("If applications may call without a user"),
            ]
        },
    },
    Row {
        kind: CauseKind::NoScope,
        when: |f| f.is(RejectionKind::InsufficientScope),
        explanation: |f| {
            let have = f.scopes().join(" ");
            let have = if have.is_empty() { "none" } else { &have };
            let detail = f.detail();
            let detail = if detail.is_empty() { detail } else { format!(" In addition, {detail}.") };
            format!("This API requires {}; the token has the scopes: {have}.{detail}", f.expected())
        },
        remedies: |f| {
            let scope = required_scope(f);
            let how = match (f.provider(), scope) {
                (Provider::Entra | Provider::ExternalId, Some(scope)) => format!(
                    "Let the client request the scope {}/{scope}, and get consent to it; the API's registration has it under \
                     Expose an API.",
                    f.app_id_uri()
                ),
                (Provider::Keycloak, Some(scope)) => {
                    format!(
                        "Assign the client scope {scope} to the client {} in Keycloak, and request it.",
                        f.client_text()
                    )
                }
                (_, Some(scope)) => format!("Let the client request the scope {scope}."),
                (_, None) => "Let the client request a scope that is required.".to_owned(),
            };
            vec![grant(if f.token.has("scope") { "scope" } else { "scp" }, scope, how)]
        },
    },
    Row {
        kind: CauseKind::RoleOfOtherKind,
        when: |f| f.is(RejectionKind::InsufficientRole) && role_of_other_kind(f).is_some(),
        explanation: |f| {
            let (name, is_app) = role_of_other_kind(f).unwrap_or_default();
            match is_app {
                true => format!(
                    "This API requires {name} of a user, and the token is an application's own: it has {name} as an application \
                     permission."
                ),
                false => format!(
                    "This API requires {name} as an application permission, and the token is a user's: the user has the role \
                     {name}."
                ),
            }
        },
        remedies: |f| {
            let (name, is_app) = role_of_other_kind(f).unwrap_or_default();
            let other = if is_app {
                "Let a user sign in who has the role."
            } else {
                "Let the application get a token for itself (client credentials)."
            };
            vec![
                change_client(other).on_condition("If the requirement is right"),
                change_code(format!(
                    "Require the role {name} of either kind (in code, Requirement::any_role({name:?}))."
                ))
                .on_condition("If both kinds of token may have the role"),
            ]
        },
    },
    Row {
        kind: CauseKind::RoleAmongScopes,
        when: |f| f.is(RejectionKind::InsufficientRole) && role_among_scopes(f).is_some(),
        explanation: |f| {
            format!(
                "This API requires {}; the token has {} as a scope, not as a role.",
                f.expected(),
                role_among_scopes(f).unwrap_or_default()
            )
        },
        remedies: |f| {
            let name = role_among_scopes(f).unwrap_or_default();
            vec![
                change_code(format!("Require the scope {name} (in code, Requirement::scope({name:?}))."))
                    .on_condition("If the permission of a signed-in user's client is what counts"),
                grant(
                    "roles",
                    Some(name),
                    "Define an app role of this name, and assign it to the user or application.",
                )
                .on_condition("If the role is what counts"),
            ]
        },
    },
    Row {
        kind: CauseKind::NoRole,
        when: |f| f.is(RejectionKind::InsufficientRole),
        explanation: |f| {
            let have = f.token.list("roles").join(", ");
            let have = if have.is_empty() { "none" } else { &have };
            format!("This API requires {}; the token has the roles: {have}.", f.expected())
        },
        remedies: |f| {
            let role = f.wanted().into_iter().find_map(role);
            let how = match f.provider() {
                Provider::Entra | Provider::ExternalId if f.token.is_app() => {
                    "In the registration of the client, under API permissions, add the app role as an application permission and \
                     grant admin consent; then get a new token."
                }
                Provider::Entra | Provider::ExternalId => {
                    "Assign the app role to the user or a group of theirs under Enterprise applications; then get a new token."
                }
                Provider::Keycloak => {
                    "Assign the role in Keycloak; RoleClaim must name the claim with the roles, such as /realm_access/roles."
                }
                _ => "Assign the role at the provider; RoleClaim must name the claim with the roles.",
            };
            vec![grant("roles", role, how)]
        },
    },
    Row {
        kind: CauseKind::ImpossibleContext,
        when: |f| {
            let is_invalid = |wanted| matches!(wanted, Wanted::AuthContext { is_valid: false, .. });
            f.is(RejectionKind::InsufficientClaims) && f.wanted().into_iter().any(is_invalid)
        },
        explanation: |f| {
            let name = f.wanted().into_iter().find_map(|wanted| match wanted {
                Wanted::AuthContext { name, is_valid: false } => Some(name),
                _ => None,
            });
            format!(
                "The requirement names the authentication context {:?}. No token can have it: contexts are c1 to c99.",
                name.unwrap_or_default()
            )
        },
        remedies: |_| {
            vec![change_code(
                "Name the id of the authentication context in Conditional Access, c1 to c99, not its display name.",
            )]
        },
    },
    Row {
        kind: CauseKind::ChallengeWithoutUser,
        when: |f| f.is(RejectionKind::InsufficientClaims) && f.token.is_app(),
        explanation: |f| {
            format!(
                "This API requires {}, and the token is an application's own: no user can sign in again.",
                f.expected()
            )
        },
        remedies: |_| {
            vec![change_code(
                "Require the authentication context of users only: applications need a requirement without it, joined by or().",
            )]
        },
    },
    Row {
        kind: CauseKind::StrongerSignIn,
        when: |f| {
            let declares = f.token.list("xms_cc").iter().any(|known| known.eq_ignore_ascii_case("cp1"));
            f.is(RejectionKind::InsufficientClaims) && declares
        },
        explanation: |f| {
            format!(
                "This API requires {}: the user must sign in again, in a stronger way. The client declares that it handles such a \
                 challenge (cp1).",
                f.expected()
            )
        },
        remedies: |f| {
            vec![grant("acrs", context(f), "Let the client get a new token with the claims of the challenge.")]
        },
    },
    Row {
        kind: CauseKind::ChallengeNotUnderstood,
        when: |f| f.is(RejectionKind::InsufficientClaims),
        explanation: |f| {
            format!(
                "This API requires {}. The client does not declare that it handles claims challenges (xms_cc with cp1), so it is \
                 rejected again and again.",
                f.expected()
            )
        },
        remedies: |f| {
            vec![grant(
                "acrs",
                context(f),
                "Let the client declare the capability cp1 (MSAL: client capabilities) and handle the challenge: get a new token \
                 with its claims.",
            )]
        },
    },
];

/// Whatever no other row explains.
pub(super) static LAST: Row = Row {
    kind: CauseKind::LayerMissing,
    when: |_| true,
    explanation: |f| format!("The request was rejected: {}.", f.failure),
    remedies: |f| match f.is(RejectionKind::LayerMissing) {
        true => vec![change_code(
            "Add AuthenticateLayer outside of RequireLayer and of handlers that take Claims: with axum, after them.",
        )],
        false => vec![investigate("Look for the code of the rejection in the troubleshooting guide.")],
    },
};

fn required_scope<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::Scope(name) => Some(name),
        _ => None,
    })
}

fn role(wanted: Wanted<'_>) -> Option<&str> {
    match wanted {
        Wanted::AppPermission(name) | Wanted::UserRole(name) | Wanted::AnyRole(name) => Some(name),
        _ => None,
    }
}

fn context<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::AuthContext { name, .. } => Some(name),
        _ => None,
    })
}

fn scope_with_resource<'a>(facts: &Facts<'a>) -> Option<(&'a str, &'a str)> {
    facts.wanted().into_iter().find_map(|wanted| {
        let Wanted::Scope(name) = wanted else { return None };
        let short = name.rsplit('/').next().filter(|short| *short != name && name.contains("://"))?;
        facts.scopes().contains(&short).then_some((name, short))
    })
}

fn scope_among_roles<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let roles = facts.token.list("roles");
    facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::Scope(name) => Some(name).filter(|name| roles.contains(name)),
        _ => None,
    })
}

fn role_among_scopes<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let scopes = facts.scopes();
    facts.wanted().into_iter().filter_map(role).find(|name| scopes.contains(name))
}

/// A required role that is in the token, which is of the other kind; and whether that is an application's.
fn role_of_other_kind<'a>(facts: &Facts<'a>) -> Option<(&'a str, bool)> {
    let roles = facts.token.list("roles");
    facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::AppPermission(name) if roles.contains(&name) => Some((name, false)),
        Wanted::UserRole(name) if roles.contains(&name) => Some((name, true)),
        _ => None,
    })
}
