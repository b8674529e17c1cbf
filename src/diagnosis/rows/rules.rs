//! Causes in what the API requires of every token: its type, the client, claims.

use serde_json::{Value, json};

use super::request::request_ours;
use crate::{
    diagnosis::{
        CauseKind, Provider,
        compare::{Place, folded, misplaced},
        facts::Facts,
        remedy::{change_client, change_code, grant},
        row::Row,
    },
    policy::{ClaimRule, Wanted},
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
                ),
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
            format!(
                "A value in the list of allowed clients is in the token {}. The client is {}.",
                misplaced(f, Place::Client).unwrap_or_default(),
                f.client_text()
            )
        },
        remedies: |f| {
            vec![
                f.configure(vec![("AllowedClients", json!([f.client_text()]))], &[]).noting(
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
    Row {
        kind: CauseKind::GroupsOverage,
        when: |f| {
            let is_about_groups = f.failure.claim() == Some("groups");
            f.is(RejectionKind::GroupsOverage)
                || (f.is(RejectionKind::ClaimMissing) && is_about_groups && has_overage(f))
        },
        explanation: |f| {
            format!("This API requires {}; the user is in so many groups that the token lists none.", f.expected())
        },
        remedies: |f| {
            let groups: Vec<&str> = f.wanted().into_iter().filter_map(group).collect();
            vec![
                grant(
                    "groups",
                    groups.first().copied(),
                    "In the API's app registration, under Token configuration, limit the groups claim to groups assigned to the \
                     application, and assign the group.",
                ),
                change_code("Require an app role, and assign the group to it in Entra.")
                    .on_condition("If roles can be used instead"),
            ]
        },
    },
    Row {
        kind: CauseKind::ImpossibleRule,
        when: |f| is_claim_rule(f) && impossible(f).is_some(),
        explanation: |f| {
            let (rule, why) = impossible(f).map_or((String::new(), ""), |(rule, why)| (rule.to_string(), why));
            format!("No token of this configuration can meet the rule {rule}: {why}.")
        },
        remedies: |f| {
            let Some((rule, _)) = impossible(f) else { return Vec::new() };
            if splits(f, rule) {
                return vec![
                    f.configure(vec![("RequiredClaims", rules_with(f, rule, rule.name(), true))], &[])
                        .noting("In code, ClaimRule::separated_by(\" \")."),
                ];
            }
            vec![change_code(format!("Remove the rule about {}, or correct its values.", rule.name()))]
        },
    },
    Row {
        kind: CauseKind::ClaimElsewhere,
        when: |f| is_claim_rule(f) && elsewhere(f).is_some(),
        explanation: |f| {
            let (rule, claim) = elsewhere(f).map_or((String::new(), ""), |(rule, claim)| (rule.to_string(), claim));
            format!("This API requires {rule}; the token has that value in the claim {claim}.")
        },
        remedies: |f| {
            let Some((rule, claim)) = elsewhere(f) else { return Vec::new() };
            let is_split = ["scp", "scope"].contains(&claim);
            vec![
                f.configure(vec![("RequiredClaims", rules_with(f, rule, claim, is_split))], &[])
                    .noting(format!("That replaces the rule about {} by one about {claim}.", rule.name())),
            ]
        },
    },
    Row {
        kind: CauseKind::ClaimMissing,
        when: |f| f.is(RejectionKind::ClaimMissing),
        explanation: |f| {
            let detail = f.detail();
            let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
            format!("The token lacks what this API requires: {}{detail}.", f.expected())
        },
        remedies: |f| {
            let claim = f.failure.claim().unwrap_or("the claim");
            let value =
                f.claim_rules().into_iter().find(|rule| rule.name() == claim).and_then(|rule| rule.values().first());
            let how = match f.provider() {
                Provider::Entra | Provider::ExternalId => {
                    format!(
                        "In the API's app registration, under Token configuration, add {claim} as an optional claim of access tokens."
                    )
                }
                Provider::B2c => format!("Add {claim} to the application claims of the user flow or policy."),
                Provider::Keycloak => format!(
                    "In Keycloak, add a mapper for {claim} to a client scope of the client, with Add to access token."
                ),
                Provider::Auth0 => format!(
                    "In Auth0, set the claim by an Action: api.accessToken.setCustomClaim. Its name is a URL: {claim} must be one."
                ),
                Provider::Okta => {
                    format!("In Okta, add the claim {claim} to the authorization server, included in access tokens.")
                }
                Provider::AdFs => format!("In AD FS, add an issuance transform rule for {claim} to the Web API."),
                _ => format!("Let the provider put {claim} into access tokens."),
            };
            vec![grant(claim, value.map(String::as_str), how)]
        },
    },
    Row {
        kind: CauseKind::ClaimValue,
        when: |f| f.is(RejectionKind::ClaimNotAllowed),
        explanation: |f| {
            let claim = f.failure.claim();
            let value = claim.and_then(|name| Some((name, f.token.claims()?.get(name)?)));
            let has = value.map(|(name, value)| format!(" Its {name} is {value}.")).unwrap_or_default();
            let detail = f.detail();
            let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
            format!("The token does not have what this API requires: {}{detail}.{has}", f.expected())
        },
        remedies: |f| {
            let claim = f.failure.claim().unwrap_or("the claim");
            let value =
                f.claim_rules().into_iter().find(|rule| rule.name() == claim).and_then(|rule| rule.values().first());
            let how =
                "Change the value where it comes from, or use another account or application; then get a new token.";
            vec![
                grant(claim, value.map(String::as_str), how),
                change_code("Add the value to those of the rule (RequiredClaims in JSON).")
                    .on_condition("If tokens with this value are to be accepted"),
            ]
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

/// All rules about claims, with one that is about another claim or splits it at spaces.
fn rules_with(facts: &Facts<'_>, changed: &ClaimRule, claim: &str, is_split: bool) -> Value {
    let rules = facts.claim_rules().into_iter().map(|rule| {
        let (is_any, separator) = rule.form();
        let is_changed = rule == changed;
        let separator = separator.or((is_changed && is_split).then_some(" "));
        let mut json = json!({ "Name": if is_changed { claim } else { rule.name() } });
        if !rule.values().is_empty() {
            json["Values"] = json!(rule.values());
            json["Match"] = json!(if is_any { "any" } else { "all" });
        }
        if let Some(separator) = separator {
            json["Separator"] = json!(separator);
        }
        json
    });
    rules.collect()
}

fn has_overage(facts: &Facts<'_>) -> bool {
    facts.token.has("hasgroups") || facts.token.has("_claim_names") || facts.token.text("groups").is_some()
}

fn is_claim_rule(facts: &Facts<'_>) -> bool {
    matches!(facts.kind(), RejectionKind::ClaimMissing | RejectionKind::ClaimNotAllowed)
        && facts.failure.claim().is_some()
}

/// The rules about the claim of the failure.
fn rules<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a ClaimRule> + use<'a> {
    let claim = facts.failure.claim();
    facts.claim_rules().into_iter().filter(move |rule| Some(rule.name()) == claim)
}

/// A rule that no token can meet, and why not.
fn impossible<'a>(facts: &Facts<'a>) -> Option<(&'a ClaimRule, &'static str)> {
    rules(facts).find_map(|rule| {
        let is_outside = |configured: &[String]| {
            let is_known = |value: &String| configured.iter().any(|known| folded(known) == folded(value));
            !configured.is_empty() && !rule.values().is_empty() && !rule.values().iter().any(is_known)
        };
        let why = match rule.name() {
            _ if rule.is_hopeless() => "it has no values",
            "tid" if is_outside(&facts.tenants()) => "only other tenants are configured",
            "azp" | "appid" if is_outside(facts.allowed_clients()) => "only other clients are allowed",
            "aud" if is_outside(facts.audiences()) => "only other audiences are configured",
            _ if splits(facts, rule) => {
                "the claim has several values in one string, separated by spaces, and the rule compares the whole string"
            }
            _ => return None,
        };
        Some((rule, why))
    })
}

/// The rule would hold if the claim were split at spaces.
fn splits(facts: &Facts<'_>, rule: &ClaimRule) -> bool {
    let text = facts.token.text(rule.name()).filter(|text| text.contains(' '));
    let has = |value: &String| text.is_some_and(|text| text.split_whitespace().any(|word| word == value));
    rule.is_equality() && rule.values().iter().any(has)
}

/// Another claim of the token that has a value of the rule.
fn elsewhere<'a>(facts: &Facts<'a>) -> Option<(&'a ClaimRule, &'a str)> {
    let claims = facts.token.claims()?;
    rules(facts).find_map(|rule| {
        let is_value = |word: &str| word.len() > 2 && rule.values().iter().any(|value| value == word);
        let has = |name: &str, value: &Value| match value {
            Value::String(text) if ["scp", "scope"].contains(&name) => text.split_whitespace().any(is_value),
            Value::String(text) => is_value(text),
            Value::Array(all) => all.iter().filter_map(Value::as_str).any(is_value),
            _ => false,
        };
        let found = claims.iter().find(|(name, value)| *name != rule.name() && has(name, value))?;
        Some((rule, found.0.as_str()))
    })
}

fn group(wanted: Wanted<'_>) -> Option<&str> {
    match wanted {
        Wanted::Group(id) => Some(id),
        _ => None,
    }
}
