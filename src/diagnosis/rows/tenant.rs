//! Causes in the tenant, the policy and the consistency of the token's origin.

use serde_json::json;

use super::{keys::is_not_found, request::request_ours};
use crate::{
    diagnosis::{
        Action, CauseKind, Provider, Remedy,
        compare::{Place, misplaced, swapped},
        facts::Facts,
        remedy::{change_code, investigate},
        row::Row,
    },
    rejection::{Detail, RejectionKind, Unstated},
    tenant::TenantId,
};

const COMPARE: &str =
    "Compare both with the overview page of the app registration: application (client) ID and directory (tenant) ID.";

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::TenantRejected,
        when: |f| f.reason() == Some(&Detail::TenantRejected),
        explanation: |f| {
            format!("The token is genuine, but the operator of the API does not accept its tenant {}.", f.got())
        },
        remedies: |_| {
            vec![change_code(
                "Add the tenant to the operator's list of tenants (in code, what tenants_matching() or tenants_from_lookup() uses). The \
                 result of a lookup is cached for five minutes; forget_tenant() removes it.",
            )]
        },
    },
    Row {
        kind: CauseKind::MisplacedTenant,
        // A tenant that is a client id cannot be found, so that there are no keys either.
        when: |f| {
            use RejectionKind as Kind;
            matches!(f.kind(), Kind::WrongTenant | Kind::UnknownIssuer | Kind::KeysUnavailable | Kind::WrongAudience)
                && swapped(f).is_some()
        },
        explanation: |f| {
            let (tenant, client) = swapped(f).unwrap_or_default();
            format!(
                "TenantId and ClientId are swapped in the configuration: in the token, {tenant} is the tenant (tid) and {client} \
                 is the API that the token is for (aud)."
            )
        },
        remedies: |f| {
            let (tenant, client) = swapped(f).unwrap_or_default();
            vec![f.configure(vec![("TenantId", json!(tenant)), ("ClientId", json!(client))], &[]).noting(COMPARE)]
        },
    },
    Row {
        kind: CauseKind::MisplacedTenant,
        when: |f| {
            let is_absent = f.is(RejectionKind::KeysUnavailable) && is_not_found(f);
            (f.is(RejectionKind::WrongTenant) || is_absent)
                && token_tenant(f).is_some()
                && misplaced(f, Place::Tenant).is_some()
        },
        explanation: |f| {
            let (value, meaning) = misplaced(f, Place::Tenant).unwrap_or_default();
            format!(
                "The tenant is configured as {value}. In the token, that is {meaning}; its tenant is {}.",
                f.token.text("tid").unwrap_or_default()
            )
        },
        remedies: |f| {
            let tenant = f.token.text("tid").unwrap_or_default();
            vec![
                f.configure(vec![("TenantId", json!(tenant))], &[])
                    .on_condition(format!("If {tenant} is the directory (tenant) ID of this API's app registration"))
                    .noting(COMPARE),
            ]
        },
    },
    Row {
        kind: CauseKind::UnstatedTenant,
        when: |f| f.is(RejectionKind::WrongTenant) && matches!(f.reason(), Some(Detail::CannotState(_))),
        explanation: unstated,
        remedies: unstated_remedies,
    },
    Row {
        kind: CauseKind::UnstatedClaim,
        when: |f| matches!(f.reason(), Some(Detail::CannotState(_))),
        explanation: unstated,
        remedies: unstated_remedies,
    },
    Row {
        kind: CauseKind::NoTenant,
        when: |f| f.is(RejectionKind::WrongTenant) && token_tenant(f).is_none(),
        explanation: |f| {
            format!(
                "The claim tid is missing or not a GUID in lower case, so that the tenant of the token is unknown; its issuer is \
                 {}.",
                f.issuer()
            )
        },
        remedies: |_| vec![investigate("Tokens of Entra always have this claim: find out who made this one.")],
    },
    Row {
        kind: CauseKind::PersonalAccount,
        when: |f| f.is(RejectionKind::WrongTenant) && token_tenant(f) == Some(TenantId::PERSONAL_ACCOUNTS),
        explanation: |f| format!("Somebody signed in with a personal Microsoft account; accepted is {}.", accepted(f)),
        remedies: |f| {
            vec![
                sign_in(f).on_condition("If only work and school accounts are to be accepted").noting(
                    "The client must use the tenant as its authority, or organizations, not common or consumers; the user needs a \
                     work or school account.",
                ),
                f.configure(vec![("TenantId", json!("common"))], &[])
                    .on_condition("If personal accounts are to be accepted")
                    .noting("That admits anybody who has any Microsoft account; in code, danger_any_account()."),
            ]
        },
    },
    Row {
        kind: CauseKind::OtherTenant,
        when: |f| f.is(RejectionKind::WrongTenant),
        explanation: |f| {
            format!(
                "The token is from tenant {}; accepted is {}. Guests have tokens of the tenant that they are guests of, if they \
                 sign in there.",
                f.token.text("tid").unwrap_or("?"),
                accepted(f)
            )
        },
        remedies: |f| {
            let mut tenants = f.tenants();
            tenants.extend(f.token.text("tid").map(str::to_owned));
            vec![
                sign_in(f).on_condition("If only the configured tenant is to be accepted"),
                f.configure(vec![("TenantIds", json!(tenants))], &["TenantId"])
                    .on_condition("If that tenant is to be accepted too")
                    .noting("That admits its users and applications that get a token for this API."),
            ]
        },
    },
    Row {
        kind: CauseKind::NoPolicy,
        when: |f| f.reason() == Some(&Detail::PolicyMissing),
        explanation: |f| {
            format!(
                "The token names no user flow or policy: it has neither tfp nor acr. Accepted is {}. Tokens that applications get \
                 by client credentials are like that.",
                f.expected()
            )
        },
        remedies: |f| {
            let client = f.client().map(|client| vec![client]).unwrap_or_default();
            let mut clients: Vec<&str> = f.allowed_clients().iter().map(String::as_str).collect();
            clients.extend(client);
            clients.sort_unstable();
            clients.dedup();
            let settings = vec![("AcceptAppTokensWithoutPolicy", json!(true)), ("AllowedClients", json!(clients))];
            vec![
                request_ours(f).on_condition("If a user is meant to have signed in"),
                f.configure(settings, &[])
                    .on_condition("If the application itself is to be accepted")
                    .noting("In code, accept_app_tokens_without_policy() and allowed_client()."),
            ]
        },
    },
    Row {
        kind: CauseKind::OtherPolicy,
        when: |f| f.reason() == Some(&Detail::PolicyNotAccepted),
        explanation: |f| {
            let name = if f.token.has("tfp") { "tfp" } else { "acr" };
            format!("The token is from the user flow or policy {} ({name}); accepted is {}.", policy(f), f.expected())
        },
        remedies: |f| {
            vec![
                sign_in(f)
                    .on_condition("If only the configured ones are to be accepted")
                    .noting("That is the accepted user flow or policy."),
                f.configure(vec![("Policies", json!([policy(f)]))], &[])
                    .on_condition("If that one is to be accepted too")
                    .noting(
                        "That admits its users, whatever it demands of them. A custom policy names itself in tfp if its \
                         TokenIssuerPolicy claim is tfp.",
                    ),
            ]
        },
    },
    Row {
        kind: CauseKind::ForeignKey,
        when: |f| matches!(f.reason(), Some(Detail::KeyNotAuthorized(_))),
        explanation: |f| {
            format!("The signature is genuine, but the key is not authorized for {}: {}.", f.issuer(), f.detail())
        },
        remedies: |_| {
            vec![investigate(
                "The client did nothing wrong by mistake: the token was made with a key of another tenant or cloud. Keep it, and \
                 find out who sent it.",
            )]
        },
    },
    Row {
        kind: CauseKind::Contradiction,
        when: |f| f.is(RejectionKind::WrongIssuer),
        explanation: |f| {
            let detail = f.detail();
            let colon = if detail.is_empty() { "" } else { ": " };
            let values = match (f.failure.expected_value(), f.failure.got_value()) {
                (Some(expected), Some(got)) => format!(" (expected {expected}, found {got})"),
                _ => String::new(),
            };
            format!(
                "The claims that say who issued the token contradict each other{colon}{detail}{values}. Its issuer is {}.",
                f.issuer()
            )
        },
        remedies: |f| {
            let who = match f.configured_provider() {
                Some(Provider::Entra | Provider::ExternalId | Provider::B2c) => "Entra never issues such a token",
                _ => "The provider does not issue such a token",
            };
            vec![investigate(format!("{who}: find out who made or changed it, such as the token maker of a test."))]
        },
    },
];

fn token_tenant(facts: &Facts<'_>) -> Option<TenantId> {
    facts.token.text("tid")?.parse().ok()
}

/// The accepted tenants, where they are configured by their GUIDs.
fn accepted(facts: &Facts<'_>) -> String {
    match facts.tenants().as_slice() {
        [] => facts.authority_name().to_owned(),
        tenants => tenants.join(" or "),
    }
}

fn policy<'a>(facts: &Facts<'a>) -> &'a str {
    facts.token.text("tfp").or(facts.token.text("acr")).unwrap_or("none")
}

fn sign_in(facts: &Facts<'_>) -> Remedy {
    Remedy::new(Action::SignIn { authority: facts.authority_name().to_owned() })
}

fn unstated(facts: &Facts<'_>) -> String {
    format!(
        "This API requires {}, and the operator of {} could put that into its tokens: {}.",
        facts.expected(),
        facts.authority_name(),
        facts.detail()
    )
}

fn unstated_remedies(facts: &Facts<'_>) -> Vec<Remedy> {
    let Some(Detail::CannotState(unstated)) = facts.reason() else { return Vec::new() };
    let by_name = change_code(
        "Require the authority by its name (in code, Requirement::authority()): that tells providers apart.",
    );
    let is_microsoft =
        matches!(facts.configured_provider(), Some(Provider::Entra | Provider::ExternalId | Provider::B2c));
    match unstated {
        Unstated::Groups | Unstated::Assignments => vec![
            match facts.is_only_authority {
                true => change_code("Require a scope or an app role in place of it: the provider grants those for this API.")
                    .on_condition("If a scope or role can decide instead"),
                false => by_name.on_condition("If the operation is for one provider alone"),
            },
            facts
                .configure(vec![("TrustDirectoryClaims", json!(true))], &[])
                .on_condition("If the operator of that provider may decide about your groups and directory roles")
                .noting(
                    "That operator can then put anyone into a group. The provider's own groups are read by GroupClaim; in code, \
                     trust_directory_claims() and group_claim().",
                ),
        ],
        // No setting makes another provider state it.
        Unstated::Tenant | Unstated::Membership if is_microsoft => vec![
            by_name.on_condition("If the operation is for one provider alone"),
            investigate("Configure the tenant by its GUID instead of its domain.")
                .on_condition("If the tenant is configured by its domain"),
        ],
        Unstated::Tenant | Unstated::Membership => vec![by_name],
        Unstated::Grants => vec![change_code(
            "Require the authority and a claim that identifies the workload in place of a scope or role (in code, \
             Requirement::authority() and Requirement::claim()).",
        )],
    }
}
