//! Causes in claims that the API requires of every token, and in groups.

use serde_json::{Value, json};

use crate::{
    diagnosis::{
        CauseKind, Provider, Remedy,
        compare::folded,
        facts::Facts,
        remedy::{change_code, grant},
        row::Row,
    },
    policy::{ClaimRule, Wanted},
    rejection::RejectionKind,
};

pub(super) const ROWS: &[Row] = &[
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
                )
                .on_condition("If the group must be in the token"),
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
            if splits(f, rule) && f.is_of_requirement() {
                return vec![change_code(format!(
                    "Split {} at spaces in the requirement (in code, ClaimRule::separated_by(\" \")).",
                    rule.name()
                ))];
            }
            if splits(f, rule) {
                return vec![
                    f.configure(vec![("RequiredClaims", rules_with(f, rule, rule.name(), true))], &[])
                        .noting("In code, ClaimRule::separated_by(\" \")."),
                ];
            }
            vec![change_rule(
                f,
                "In RequiredClaims, correct the values of the rule, or remove the rule, about",
                rule.name(),
            )]
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
            if f.is_of_requirement() {
                return vec![change_code(format!("Require the claim {claim} in place of {}.", rule.name()))];
            }
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
                Provider::Entra | Provider::ExternalId if source(claim).is_some() => {
                    source(claim).unwrap_or_default().to_owned()
                }
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
            let has = claim.map(|name| has(f, name)).unwrap_or_default();
            let detail = f.detail();
            let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
            format!("The token does not have what this API requires: {}{detail}.{has}", f.expected())
        },
        remedies: |f| {
            let claim = f.failure.claim().unwrap_or("the claim");
            let value =
                f.claim_rules().into_iter().find(|rule| rule.name() == claim).and_then(|rule| rule.values().first());
            let how = source(claim).filter(|_| f.provider().has_registrations()).unwrap_or(
                "Change the value where it comes from, or use another account or application; then get a new token.",
            );
            vec![
                grant(claim, value.map(String::as_str), how).on_condition("If the rule is right"),
                change_rule(f, "In RequiredClaims, add the value to those of the rule about", claim)
                    .on_condition("If tokens with this value are to be accepted"),
            ]
        },
    },
];

/// Changes a rule: a setting, or the requirement in the code of the API.
fn change_rule(facts: &Facts<'_>, how: &str, claim: &str) -> Remedy {
    match facts.is_of_requirement() {
        true => {
            change_code(format!("Correct the rule about {claim} in the requirement (in code, Requirement::claim())."))
        }
        false => change_code(format!("{how} {claim}.")),
    }
}

/// How a token of Entra gets a value of a claim that is not an optional claim.
pub(super) fn source(claim: &str) -> Option<&'static str> {
    Some(match claim {
        "roles" => {
            "Assign the app role of the API: to users and groups under Enterprise applications, to an application under API \
             permissions, with admin consent; then get a new token."
        }
        "scp" => "Let a user sign in, and the client request the scope, which the API's registration exposes.",
        "groups" => {
            "Add the user to the group, and the groups claim to access tokens: in the API's app registration, under Token \
             configuration."
        }
        "acrs" => {
            "A token gets it by a claims challenge: require the authentication context in place of the claim (in code, \
             Requirement::auth_context()), and let the client declare the capability cp1 and handle the challenge."
        }
        _ => return None,
    })
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

/// The value of a claim as a sentence.
fn has(facts: &Facts<'_>, claim: &str) -> String {
    let Some(value) = facts.token.claims().and_then(|claims| claims.get(claim)) else { return String::new() };
    match value {
        Value::Array(_) => format!(" Its claim {claim} has the values: {}.", facts.token.list(claim).join(", ")),
        Value::String(text) => format!(" Its claim {claim} is {text}."),
        other => format!(" Its claim {claim} is {other}."),
    }
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
