//! Causes in what an operation requires besides scopes, roles and claims. The requirement is in the code of the API, so that no
//! setting helps.

use super::claims::source;
use crate::{
    diagnosis::{
        Action, CauseKind, Remedy,
        facts::Facts,
        remedy::{change_client, change_code, grant},
        row::Row,
    },
    policy::Wanted,
    rejection::{Detail, RejectionKind, Unmet},
    tenant::TenantId,
};

pub(super) const ROWS: &[Row] = &[Row {
    kind: CauseKind::UnmetRequirement,
    when: |f| {
        use RejectionKind as Kind;
        let is_other =
            matches!(f.kind(), Kind::WrongTenant | Kind::ClientNotAllowed | Kind::ClaimMissing | Kind::ClaimNotAllowed);
        is_other
            && f.is_of_requirement()
            && f.failure.claim().is_none()
            && !matches!(f.reason(), Some(Detail::CannotState(_)))
    },
    explanation: |f| {
        let who = if f.operation.is_some() { "This operation" } else { "This API" };
        format!("{who} requires {}; {}", f.expected(), found(f))
    },
    remedies: |f| match (f.reason(), f.kind()) {
        (Some(Detail::Unmet(unmet)), _) => unmet_remedies(f, *unmet),
        (_, RejectionKind::WrongTenant) => tenant_remedies(f),
        (_, RejectionKind::ClientNotAllowed) => client_remedies(f),
        _ => vec![correct("Correct the requirement.")],
    },
}];

/// What the token has instead, as the end of a sentence.
fn found(facts: &Facts<'_>) -> String {
    let tenant = facts.token.text("tid").unwrap_or("none");
    match (facts.reason(), facts.kind()) {
        (Some(Detail::Unmet(Unmet::UnknownAuthority)), _) => {
            format!("there is no authority of that name. The authorities are: {}.", facts.authority_names().join(", "))
        }
        (Some(Detail::Unmet(Unmet::OtherAuthority)), _) => {
            format!("the token is from the authority {}.", facts.authority_name())
        }
        (Some(Detail::Unmet(Unmet::IsGuest)), _) => {
            format!("the user is a guest in the tenant {tenant} (acct is 1), and guests are rejected.")
        }
        (Some(Detail::Unmet(Unmet::NoUser)), _) => {
            "the token is an application's own, so that it has no user.".to_owned()
        }
        (Some(Detail::Unmet(_)), _) => format!("{}.", facts.detail()),
        (_, RejectionKind::WrongTenant) => match unreachable_tenant(facts) {
            Some(_) => format!(
                "the token is of the tenant {tenant}. No token can meet that: the API accepts the tenant {} alone.",
                facts.tenants().join(" or ")
            ),
            None => format!("the token is of the tenant {tenant}."),
        },
        (_, RejectionKind::ClientNotAllowed) => format!("the client is {}.", facts.client().unwrap_or("not named")),
        _ => format!("{}.", facts.failure),
    }
}

/// A change of the requirement, which no setting replaces.
fn correct(how: &str) -> Remedy {
    change_code(format!("{how} It is in the code of the API; no setting changes it."))
}

fn required_tenant(facts: &Facts<'_>) -> Option<TenantId> {
    facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::Tenant(tenant) => Some(tenant),
        _ => None,
    })
}

/// The required tenant, if the API accepts no token of it.
fn unreachable_tenant(facts: &Facts<'_>) -> Option<TenantId> {
    let tenants = facts.tenants();
    let is_unknown = |tenant: &TenantId| !tenants.is_empty() && !tenants.contains(&tenant.to_string());
    required_tenant(facts).filter(|tenant| facts.is_only_authority && is_unknown(tenant))
}

fn tenant_remedies(facts: &Facts<'_>) -> Vec<Remedy> {
    let found = facts.token.text("tid").unwrap_or("none");
    let other = correct("Change the tenant in the requirement (in code, Requirement::tenant()).")
        .on_condition(format!("If the operation is for the tenant {found}"));
    match (unreachable_tenant(facts), required_tenant(facts)) {
        (Some(_), _) => vec![correct(&format!(
            "Name an accepted tenant in the requirement (in code, Requirement::tenant()): {}.",
            facts.tenants().join(" or ")
        ))],
        (None, Some(tenant)) => {
            let base = facts.instance_base().unwrap_or("the authority of the tenant");
            let sign_in = Remedy::new(Action::SignIn { authority: format!("{base}/{tenant}") });
            vec![sign_in.on_condition(format!("If the operation is for the tenant {tenant} alone")), other]
        }
        (None, None) => vec![
            change_client("Use an account of another tenant.").on_condition("If the tenant is excluded on purpose"),
            correct("Change the requirement.").on_condition(format!("If the tenant {found} may call")),
        ],
    }
}

fn client_remedies(facts: &Facts<'_>) -> Vec<Remedy> {
    let client = facts.wanted().into_iter().find_map(|wanted| match wanted {
        Wanted::Client(id) => Some(id),
        _ => None,
    });
    let only = match client {
        Some(client) => change_client(format!("Let the client {client} get the token and call the operation.")),
        None => change_client("Use another client."),
    };
    vec![
        only.on_condition("If the requirement is right"),
        correct("Change the client in the requirement (in code, Requirement::client()).")
            .on_condition(format!("If {} may call this operation", facts.client_text())),
    ]
}

fn unmet_remedies(facts: &Facts<'_>, unmet: Unmet) -> Vec<Remedy> {
    let wanted = |find: fn(Wanted<'_>) -> Option<&str>| facts.wanted().into_iter().find_map(find);
    let is_right = "If the requirement is right";
    match unmet {
        Unmet::UnknownAuthority => vec![correct(&format!(
            "Name an authority that exists in the requirement (in code, Requirement::authority()): {}.",
            facts.authority_names().join(" or ")
        ))],
        Unmet::SharedAuthorityName => {
            vec![change_code("Give each of the authorities its own name (in code, named()), and require that name.")]
        }
        Unmet::OtherAuthority => {
            let name = wanted(|wanted| match wanted {
                Wanted::Authority(name) => Some(name),
                _ => None,
            });
            vec![
                change_client(format!(
                    "Let the client get its token from the authority {}.",
                    name.unwrap_or("required")
                ))
                .on_condition(is_right),
                correct("Change the authority in the requirement (in code, Requirement::authority()).")
                    .on_condition(format!("If the operation is for tokens of {} too", facts.authority_name())),
            ]
        }
        Unmet::IsGuest => vec![
            change_client("Sign in with an account that is a member of the tenant.")
                .on_condition("If only members may call"),
            correct("Remove member from the requirement (in code, Requirement::member()).")
                .on_condition("If guests may call too"),
        ],
        Unmet::IsMember => vec![
            change_client("Sign in with the account of a guest.").on_condition("If only guests may call"),
            correct("Remove guest from the requirement (in code, Requirement::guest()).")
                .on_condition("If members may call too"),
        ],
        Unmet::NoUser => vec![
            change_client("Let a user sign in.").on_condition("If a user is meant to have signed in"),
            correct(
                "Join an application permission to the requirement by or (in code, Requirement::app_permission()).",
            )
            .on_condition("If applications may call without a user"),
        ],
        Unmet::WeakClientProof => vec![change_client(
            "Let the client authenticate with a certificate or a secret when it requests the token: the requirement does not \
             accept public clients.",
        )],
        Unmet::Group | Unmet::NoGroups => {
            let group = wanted(|wanted| match wanted {
                Wanted::Group(id) => Some(id),
                _ => None,
            });
            let how = source("groups").filter(|_| facts.provider().has_registrations());
            vec![grant(
                "groups",
                group,
                how.unwrap_or("Add the user to the group at the provider; then get a new token."),
            )]
        }
        Unmet::DirectoryRole | Unmet::NoDirectoryRoles => vec![grant(
            "wids",
            None,
            "Assign the directory role to the user in Entra, and add the groups claim with directory roles to access tokens: in \
             the API's app registration, under Token configuration.",
        )],
        Unmet::NoAccountKind => vec![grant(
            "acct",
            None,
            "In the API's app registration, under Token configuration, add acct as an optional claim of access tokens.",
        )],
        Unmet::Excluded => vec![
            change_client("Use another account or application.").on_condition(is_right),
            correct("Change the requirement.").on_condition("If tokens like this one are to be accepted"),
        ],
    }
}
