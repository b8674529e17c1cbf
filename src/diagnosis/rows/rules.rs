//! Causes in what the API requires of every token: its type and the client.

use serde_json::{Value, json};

use super::request::request_ours;
use crate::{
    diagnosis::{
        CauseKind, Provider,
        compare::{Place, is_other_identifier, misplaced},
        facts::Facts,
        remedy::{change_client, grant},
        row::Row,
    },
    rejection::RejectionKind,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::WorkloadToken,
        when: |f| f.is(RejectionKind::NotAnAccessToken) && f.token_provider() == Provider::GithubActions,
        explanation: |_| {
            "It is the token of a GitHub Actions workflow. It has neither a scope nor a role, so it is accepted only from an \
             authority for workload identities."
                .to_owned()
        },
        remedies: |f| {
            let owner = f.token.text("repository_owner_id").unwrap_or("<id>");
            vec![
                f.configure(
                    vec![
                        ("Kind", json!("Workload")),
                        ("RequiredClaims", json!([{ "Name": "repository_owner_id", "Values": [owner] }])),
                    ],
                    &[],
                )
                .noting(format!(
                    "That admits every workflow in the repositories of the owner {owner}; a rule on sub or repository_id admits \
                     fewer."
                )),
            ]
        },
    },
    Row {
        kind: CauseKind::AppWithoutRole,
        when: |f| f.is(RejectionKind::NotAnAccessToken) && f.token.is_app() && f.provider() != Provider::Other,
        explanation: |f| {
            format!(
                "The application {} got the token for itself, and it does not have an app role of {}.",
                f.client_text(),
                f.api()
            )
        },
        remedies: |f| {
            if !f.provider().has_registrations() {
                return vec![request_ours(f)];
            }
            vec![
                grant(
                    "roles",
                    None,
                    format!(
                        "In the registration of {} add an app role for applications; in that of {}, under API permissions, add \
                         it as an application permission and grant admin consent; then get a new token.",
                        f.api(),
                        f.client_text()
                    ),
                )
                .on_condition("If app roles decide which applications may call"),
                f.configure(
                    vec![("AllowWebApiToBeAuthorizedByACL", json!(true)), ("AllowedClients", clients_with(f))],
                    &[],
                )
                .on_condition("If a list of applications decides instead of roles")
                .noting("Without AllowedClients, that would admit every application of the tenant."),
            ]
        },
    },
    Row {
        kind: CauseKind::NoScopeNoRole,
        when: |f| f.is(RejectionKind::NotAnAccessToken),
        explanation: |f| {
            let marks = if f.provider().has_registrations() {
                " (scp), nor the marks and a role of an application"
            } else {
                " nor a role"
            };
            format!("The token has neither a scope{marks}: it permits nothing at {}.", f.api())
        },
        remedies: |f| {
            let how = match f.provider() {
                Provider::Entra | Provider::ExternalId => format!(
                    "Expose a scope in the API's registration, get consent to it, and request it: {}.",
                    f.default_scope()
                ),
                Provider::Keycloak => "Assign a client scope of this API to the client, and request it.".to_owned(),
                Provider::Auth0 => "Define a permission of the API in Auth0, and request it as a scope.".to_owned(),
                Provider::Okta => "Define a scope in the authorization server of Okta, and request it.".to_owned(),
                _ => "Request a scope of this API.".to_owned(),
            };
            let claim = if f.provider().has_registrations() { "scp" } else { "scope" };
            vec![grant(claim, None, how)]
        },
    },
    Row {
        kind: CauseKind::BoundToken,
        when: |f| f.is(RejectionKind::ProofRequired),
        explanation: |_| {
            "The token has a claim cnf: it is bound to a key of the client, and was sent without a proof of that key."
                .to_owned()
        },
        remedies: |_| {
            vec![change_client(
                "Switch token binding (proof of possession, DPoP, mTLS) off in the client, so that it gets a plain bearer token.",
            )]
        },
    },
    Row {
        kind: CauseKind::MisplacedClient,
        when: |f| {
            f.is(RejectionKind::ClientNotAllowed) && f.client().is_some() && misplaced(f, Place::Client).is_some()
        },
        explanation: |f| {
            let (value, meaning) = misplaced(f, Place::Client).unwrap_or_default();
            format!(
                "The list of allowed clients has {value}. In the token, that is {meaning}; the client is {}.",
                f.client_text()
            )
        },
        remedies: |f| {
            vec![
                f.configure(vec![("AllowedClients", json!(clients_in_place_of_misplaced(f)))], &[]).noting(
                    "That is the application (client) ID of the caller (azp, appid), instead of the other value.",
                ),
            ]
        },
    },
    Row {
        kind: CauseKind::OtherClient,
        when: |f| f.is(RejectionKind::ClientNotAllowed),
        explanation: |f| {
            let allowed = f.allowed_clients().join(", ");
            let allowed = if allowed.is_empty() { String::new() } else { format!(": {allowed}") };
            format!(
                "The application {} got the token, and it is not on the list of those that may call{allowed}.",
                f.failure.got_value().unwrap_or(f.client_text())
            )
        },
        remedies: |f| {
            let mut remedies = vec![
                change_client("Use an application that is on the list.").on_condition("If the client is the wrong one"),
            ];
            if f.client().is_some() && !f.allowed_clients().is_empty() {
                remedies.push(
                    f.configure(vec![("AllowedClients", clients_with(f))], &[])
                        .on_condition(format!("If {} may call this API", f.client_text()))
                        .noting("In code, allowed_client()."),
                );
            }
            remedies
        },
    },
];

/// The allowed clients and the token's.
fn clients_with(facts: &Facts<'_>) -> Value {
    let mut clients: Vec<&str> = facts.allowed_clients().iter().map(String::as_str).chain(facts.client()).collect();
    clients.sort_unstable();
    clients.dedup();
    json!(clients)
}

/// The allowed clients, with the token's in place of those that are other identifiers of it.
fn clients_in_place_of_misplaced<'a>(facts: &Facts<'a>) -> Vec<&'a str> {
    let right = facts.allowed_clients().iter().map(String::as_str).filter(|client| !is_other_identifier(facts, client));
    let mut clients: Vec<&str> = right.chain(facts.client()).collect();
    clients.sort_unstable();
    clients.dedup();
    clients
}
