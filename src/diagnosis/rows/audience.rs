//! Causes in the audience of the token.

use serde_json::json;

use super::request::request_ours;
use crate::{
    diagnosis::{
        CauseKind, Provider, Remedy,
        compare::{Place, difference, folded, is_shared_audience, misplaced},
        facts::Facts,
        remedy::{change_client, change_surroundings, investigate},
        row::Row,
    },
    rejection::RejectionKind,
    tenant::TenantId,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::NoAudience,
        when: |f| wrong(f) && f.audience().is_none(),
        explanation: |f| {
            match f.provider() {
            Provider::Cognito if f.audience_claim() == "aud" => {
                "The token has no aud. Access tokens of Cognito never do; their client_id says for which app client they are."
                    .to_owned()
            }
            _ => format!("The token has no {}: it does not say for which API it is.", f.audience_claim()),
        }
        },
        remedies: |f| match f.provider() {
            Provider::Cognito if f.audience_claim() == "aud" => {
                let client = f.client_text();
                let mut members = vec![("AudienceClaim", json!("client_id"))];
                if !f.audiences().iter().any(|audience| audience == client) {
                    members.push(("Audiences", f.audiences_with(client)));
                }
                vec![f.configure(members, &[])]
            }
            Provider::Entra | Provider::ExternalId | Provider::B2c => {
                vec![investigate("Tokens of Microsoft always have one: find out who made this token.")]
            }
            _ => vec![request_ours(f)],
        },
    },
    Row {
        kind: CauseKind::AudienceForm,
        when: |f| wrong(f) && is_left_out(f),
        explanation: |f| {
            format!(
                "aud is {}: that is the configured ClientId. StrictAudiences leaves only the listed audiences: {}.",
                audience(f),
                f.accepted_audiences()
            )
        },
        remedies: |f| {
            vec![
                f.configure(Vec::new(), &["StrictAudiences"])
                    .on_condition("If all usual forms of this API's audience may be accepted")
                    .noting("Those are its client ID and its api:// URIs: names of this API alone."),
                request_ours(f).on_condition("If only the listed audiences are to be accepted"),
            ]
        },
    },
    Row {
        kind: CauseKind::AudienceForm,
        when: |f| wrong(f) && other_form(f).is_some(),
        explanation: |f| {
            format!(
                "aud is {}, another form of the configured {}: it names the same application.",
                audience(f),
                other_form(f).unwrap_or_default()
            )
        },
        remedies: |f| {
            let client = guid_of(audience(f)).map(|id| id.to_string()).unwrap_or_default();
            let add = f.configure(vec![("Audiences", f.audiences_with(audience(f)))], &[]);
            // The usual forms are accepted where the client id is configured.
            let is_usual =
                [client.clone(), format!("api://{client}")].contains(&audience(f).trim_end_matches('/').to_owned());
            match is_usual {
                true => vec![
                    f.configure(vec![("ClientId", json!(client))], &[])
                        .noting("Then all usual forms of its audience are accepted; in code, client_id()."),
                ],
                false => vec![add.noting("In code, audience().")],
            }
        },
    },
    Row {
        kind: CauseKind::AudienceNearMiss,
        when: |f| wrong(f) && near_miss(f).is_some() && !is_shared_audience(f, audience(f)),
        explanation: |f| {
            let (known, difference) = near_miss(f).unwrap_or_default();
            format!(
                "aud is {}, the configured audience is {known}: they differ {difference}, and audiences are compared exactly but \
                 for one slash at the end.",
                audience(f)
            )
        },
        remedies: |f| {
            let (known, _) = near_miss(f).unwrap_or_default();
            vec![
                f.configure(vec![("Audiences", f.audiences_with(audience(f)))], &[])
                    .on_condition("If the token has the API's right name"),
                change_client(format!(
                    "Request the audience exactly as {known}, which must be the registered name of the API."
                ))
                .on_condition("If the configuration has the right name"),
            ]
        },
    },
    Row {
        kind: CauseKind::MisplacedClientId,
        when: |f| wrong(f) && misplaced(f, Place::Audience).is_some(),
        explanation: |f| {
            let (value, meaning) = misplaced(f, Place::Audience).unwrap_or_default();
            format!(
                "The API is configured as {value}. In the token, that is {meaning}; the API that the token is for is {}.",
                audience(f)
            )
        },
        remedies: |f| {
            let again = request_ours(f).on_condition("If the configured value is the right one");
            if is_shared_audience(f, audience(f)) {
                return vec![request_ours(f)];
            }
            let member = match guid_of(audience(f)) {
                Some(id) => ("ClientId", json!(id.to_string())),
                None => ("Audience", json!(audience(f))),
            };
            let delete: &[&str] = if member.0 == "Audience" { &["ClientId"] } else { &[] };
            vec![
                f.configure(vec![member], delete)
                    .on_condition(format!("If {} is this API", audience(f)))
                    .noting("The API's own registration counts, not that of the client."),
                again,
            ]
        },
    },
    Row {
        kind: CauseKind::ManagedIdentity,
        when: |f| wrong(f) && f.token.has("xms_mirid"),
        explanation: |f| {
            format!("The managed identity {} got the token for {}, not for {}.", identity(f), audience(f), f.api())
        },
        remedies: |f| {
            let gateway = change_surroundings(
                "API Management's authentication-managed-identity replaces the Authorization header of the caller: put it after \
                 validate-jwt, or give its token to another header.",
            )
            .on_condition("If a gateway is in front of this API");
            let request = request_ours(f).on_condition("If the service with this identity calls the API itself");
            match is_gateway(f) {
                true => vec![gateway, request],
                false => vec![request, gateway],
            }
        },
    },
    Row {
        kind: CauseKind::ForwardedToken,
        when: |f| wrong(f) && f.token_provider().has_registrations() && !f.scopes().is_empty(),
        explanation: |f| {
            format!(
                "The application {} got the token for {}, with the scopes {}; expected is {}. A token for one API is not accepted \
                 by another.",
                f.client_text(),
                audience(f),
                f.scopes().join(" "),
                f.accepted_audiences()
            )
        },
        remedies: |f| {
            let mut remedies = vec![
                request_ours(f).on_condition("If the client calls this API itself"),
                change_client(format!(
                    "Let {} exchange the token for one for {} (on-behalf-of), instead of passing it on.",
                    audience(f),
                    f.api()
                ))
                .on_condition(format!("If {} is an API that calls this one", audience(f))),
            ];
            remedies.extend(accept(f));
            remedies
        },
    },
    Row {
        kind: CauseKind::OtherAudience,
        when: |f| wrong(f) && f.audience_claim() != "aud",
        explanation: |f| {
            format!(
                "The {} of the token is {}; expected is {}. This API takes the audience from that claim.",
                f.audience_claim(),
                audience(f),
                f.accepted_audiences()
            )
        },
        remedies: |f| {
            let request = change_client(format!("Let the client {} get the token.", f.accepted_audiences()));
            let request = if f.provider() == Provider::Cognito { request_ours(f) } else { request };
            vec![
                request.on_condition("If the client requested the token as the wrong one"),
                f.configure(vec![("Audiences", f.audiences_with(audience(f)))], &[])
                    .on_condition(format!("If {} belongs to this API", audience(f)))
                    .noting("That admits every token that it gets."),
            ]
        },
    },
    Row {
        kind: CauseKind::OtherAudience,
        when: wrong,
        explanation: |f| {
            format!("The token is for {}; expected is {}.", f.token_audiences().join(" and "), f.accepted_audiences())
        },
        remedies: |f| {
            let accept = accept(f);
            let request = request_ours(f);
            match accept {
                Some(accept) => vec![request.on_condition("If the client requested the wrong API"), accept],
                None => vec![request],
            }
        },
    },
];

fn wrong(facts: &Facts<'_>) -> bool {
    facts.is(RejectionKind::WrongAudience)
}

fn audience<'a>(facts: &Facts<'a>) -> &'a str {
    facts.audience().unwrap_or("no audience")
}

/// Accept the audience of the token too: the last resort, and only if it is that of one API.
fn accept(facts: &Facts<'_>) -> Option<Remedy> {
    let audience = facts.audience().filter(|audience| !is_shared_audience(facts, audience))?;
    let remedy = facts.configure(vec![("Audiences", facts.audiences_with(audience))], &[]);
    Some(
        remedy
            .on_condition(format!("If {audience} is another name of this API"))
            .noting("That admits every client with a token for it."),
    )
}

/// The configured audience that names the same application in another form.
fn other_form<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let found = facts.audience()?;
    let id = guid_of(found)?;
    let is_form = |known: &&str| !known.eq_ignore_ascii_case(found) && guid_of(known) == Some(id);
    facts.audiences().iter().map(String::as_str).find(is_form)
}

/// The audience is the API's client id, in a form that `StrictAudiences` leaves out.
fn is_left_out(facts: &Facts<'_>) -> bool {
    let Some(client) = facts.left_out_client_id() else { return false };
    let found = facts.audience().map(|found| found.trim_end_matches('/')).unwrap_or_default();
    found == client || found.strip_prefix("api://") == Some(client)
}

fn near_miss<'a>(facts: &Facts<'a>) -> Option<(&'a str, &'static str)> {
    let found = facts.audience()?;
    facts.audiences().iter().find_map(|known| Some((known.as_str(), difference(known, found)?)))
}

/// The client id in an audience: alone, or behind `api://`, perhaps with a tenant or a host.
fn guid_of(audience: &str) -> Option<TenantId> {
    folded(audience).rsplit('/').next()?.parse().ok()
}

/// The name of the managed identity in its resource id.
fn identity<'a>(facts: &Facts<'a>) -> &'a str {
    facts.token.text("xms_mirid").and_then(|id| id.rsplit('/').next()).unwrap_or_default()
}

fn is_gateway(facts: &Facts<'_>) -> bool {
    facts.token.text("xms_mirid").is_some_and(|id| id.to_ascii_lowercase().contains("microsoft.apimanagement/"))
}
