//! Causes in the issuer of the token.

use std::time::Duration;

use serde_json::json;

use super::keys::failure;
use crate::{
    claims::TokenVersion,
    diagnosis::{
        Action, CauseKind, Provider, Remedy,
        compare::{folded, is_shared_audience},
        decoded::cloud_of,
        facts::Facts,
        format,
        remedy::{investigate, renew},
        row::Row,
    },
    error::{DocumentFault, FetchFailure, InvalidDocument},
    rejection::{Detail, RejectionKind},
    tenant::{Cloud, MicrosoftHost},
};

/// A token older than this may be from before a change of the registration.
const CACHED_AFTER: Duration = Duration::from_secs(15 * 60);

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::DisputedIssuer,
        when: |f| f.reason() == Some(&Detail::AmbiguousIssuer),
        explanation: |f| {
            format!("Two of the configured authorities accept the issuer {}: {}.", f.issuer(), f.expected())
        },
        remedies: |_| vec![investigate("Remove one of the two authorities, so that it is clear which rules apply.")],
    },
    Row {
        kind: CauseKind::PlaceholderIssuer,
        when: |f| {
            unknown(f)
                && ["{tenantid}", "{tid}", "/common/", "/organizations/"].iter().any(|text| f.issuer().contains(text))
        },
        explanation: |f| {
            format!(
                "The issuer {:?} has a placeholder or a keyword where the GUID of a tenant should be: no real token has that.",
                f.issuer()
            )
        },
        remedies: |_| {
            vec![renew(
                "In the test or library that makes the token, put the tenant's id (tid) in place of {tenantid}.",
            )]
        },
    },
    Row {
        kind: CauseKind::CachedVersion,
        when: |f| is_other_version(f, TokenVersion::V1) && f.age().is_some_and(|age| age > CACHED_AFTER),
        explanation: |f| {
            format!(
                "{} The token was issued {} ago: if the manifest has been changed since, the client still has an old one.",
                v1_explanation(f),
                format::span(f.age().unwrap_or_default())
            )
        },
        remedies: |f| {
            vec![
                Remedy::new(Action::SetTokenVersion { version: 2 })
                    .on_condition("If the manifest does not have the value 2"),
                renew("Get a new token: clients cache tokens for an hour or more.")
                    .on_condition("If the manifest has the value 2 already"),
                both_versions(f),
            ]
        },
    },
    Row {
        kind: CauseKind::V1Token,
        when: |f| is_other_version(f, TokenVersion::V1),
        explanation: v1_explanation,
        remedies: |f| {
            vec![
                Remedy::new(Action::SetTokenVersion { version: 2 })
                    .on_condition("If this API is to have v2 tokens alone"),
                both_versions(f),
            ]
        },
    },
    Row {
        kind: CauseKind::V2Token,
        when: |f| is_other_version(f, TokenVersion::V2),
        explanation: |f| format!("{} is the issuer of v2 tokens, and only v1 tokens are accepted.", f.issuer()),
        remedies: |f| {
            vec![
                both_versions(f),
                Remedy::new(Action::SetTokenVersion { version: 1 })
                    .on_condition("If this API is to have v1 tokens alone"),
            ]
        },
    },
    Row {
        kind: CauseKind::B2cToken,
        when: |f| {
            let names_policy = f.token.has("tfp") && f.configured_provider() != Some(Provider::B2c);
            unknown(f) && (f.token_provider() == Provider::B2c || names_policy)
        },
        explanation: |f| {
            format!(
                "The issuer {} is a tenant of Azure AD B2C; configured is {}. The keys of B2C are in the metadata of a user flow \
                 or policy.",
                f.issuer(),
                f.expected()
            )
        },
        remedies: |f| {
            let (host, _) = f.issuer_parts().unwrap_or(("<name>.b2clogin.com", ""));
            let name = MicrosoftHost::tenant_name(host).unwrap_or("<name>");
            let policy = f.token.text("tfp").or(f.token.text("acr")).unwrap_or("<user flow>");
            let members = json!({
                "Instance": format!("https://{host}/"), "Domain": format!("{name}.onmicrosoft.com"),
                "SignUpSignInPolicyId": policy,
            });
            further_authority(f, members)
        },
    },
    Row {
        kind: CauseKind::ExternalIdToken,
        when: |f| unknown(f) && f.token_provider() == Provider::ExternalId,
        explanation: |f| {
            format!(
                "The issuer {} is a tenant of External ID; configured is {}. Its keys are in the metadata at ciamlogin.com alone.",
                f.issuer(),
                f.expected()
            )
        },
        remedies: |f| {
            let (host, _) = f.issuer_parts().unwrap_or(("<name>.ciamlogin.com", ""));
            let tenant = f.token.text("tid").unwrap_or("<tenant id>");
            further_authority(f, json!({ "Authority": format!("https://{host}/{tenant}/") }))
        },
    },
    Row {
        kind: CauseKind::OtherCloud,
        when: |f| unknown(f) && other_cloud(f).is_some(),
        explanation: |f| {
            let host = other_cloud(f).map_or("another", Cloud::login_host);
            format!("The issuer {} is in another cloud ({host}) than the configured {}.", f.issuer(), f.expected())
        },
        remedies: |f| {
            let host = other_cloud(f).map_or("<host>", Cloud::login_host);
            let change = f.configure(vec![("Instance", json!(format!("https://{host}/")))], &[]);
            let sign_in = sign_in(f);
            // A tenant is in one cloud alone, so that the one of the configured tenant is what the token says.
            let is_same_tenant =
                f.token.text("tid").is_some_and(|tenant| f.tenants().iter().any(|known| known == tenant));
            match is_same_tenant {
                true => vec![
                    change.on_condition("If the tenant is in that cloud, as the token says"),
                    sign_in.on_condition("Otherwise"),
                ],
                false => vec![
                    sign_in.on_condition("If the API is in the configured cloud"),
                    change.on_condition("If the tenant of the API is in the other cloud"),
                ],
            }
        },
    },
    Row {
        kind: CauseKind::ForeignIssuer,
        when: |f| foreign(f).is_some(),
        explanation: |f| {
            format!("The metadata of {} names an issuer it does not own: {}.", f.authority_name(), failure(f))
        },
        remedies: |f| {
            let mut issuers = foreign(f).map(|document| document.issuers().to_vec()).unwrap_or_default();
            issuers.sort_unstable();
            issuers.dedup();
            let check = investigate("Check which server responds at that URL.");
            let mut remedies = Vec::new();
            if let Some(Provider::ExternalId | Provider::B2c) = f.configured_provider() {
                let guid =
                    investigate("Configure the tenant's GUID instead of its domain, where the text above says so.");
                remedies.push(guid.on_condition("If the tenant is configured by its domain"));
            }
            if !issuers.is_empty() {
                let expected = format!("If {} is what you expect", issuers.join(" and "));
                remedies.push(f.configure(vec![("Issuers", json!(issuers))], &[]).on_condition(expected));
            }
            let is_alone = remedies.is_empty();
            remedies.push(if is_alone { check } else { check.on_condition("Otherwise") });
            remedies
        },
    },
];

/// The metadata that names an issuer it does not own, if that is why keys are missing or the token's issuer is unknown.
fn foreign<'a>(facts: &Facts<'a>) -> Option<&'a InvalidDocument> {
    let FetchFailure::InvalidDocument(document) = facts.fetch_failure()? else { return None };
    let is_issuer =
        || facts.token.text("iss").is_some_and(|issuer| document.issuers().iter().any(|named| named == issuer));
    let is_cause = facts.is(RejectionKind::KeysUnavailable) || (unknown(facts) && is_issuer());
    (document.fault() == DocumentFault::ForeignIssuer && is_cause).then_some(document)
}

pub(super) fn unknown(facts: &Facts<'_>) -> bool {
    facts.is(RejectionKind::UnknownIssuer) && facts.reason() != Some(&Detail::AmbiguousIssuer)
}

/// Sign in where the configuration says.
pub(super) fn sign_in(facts: &Facts<'_>) -> Remedy {
    let authority = facts.configured_issuer().unwrap_or_else(|| facts.authority_name());
    Remedy::new(Action::SignIn { authority: authority.to_owned() })
}

/// A further authority for a token whose audience is that of this API, and signing in at the configured one. The facts decide
/// which is the first.
fn further_authority(facts: &Facts<'_>, mut members: serde_json::Value) -> Vec<Remedy> {
    let audience = facts.audience().unwrap_or("<client id>");
    let is_ours = facts.audiences().iter().any(|known| folded(known) == folded(audience));
    members["ClientId"] = json!(folded(audience));
    let add = facts.configure(vec![("Authorities", json!([members]))], &[]);
    let add = add.noting("That admits everyone who can sign in there.");
    match is_ours && !is_shared_audience(facts, audience) {
        true => vec![
            add.on_condition("If this API is registered there, as the audience of the token says"),
            sign_in(facts).on_condition("Otherwise"),
        ],
        false if is_shared_audience(facts, audience) => vec![sign_in(facts)],
        false => vec![
            sign_in(facts).on_condition("If the client used the wrong tenant"),
            add.on_condition("If users of that tenant are to be accepted too"),
        ],
    }
}

fn other_cloud(facts: &Facts<'_>) -> Option<Cloud> {
    cloud_of(facts.issuer()).filter(|cloud| facts.cloud().is_some_and(|ours| ours != *cloud))
}

/// The version that an issuer of the configured instance has (`docs/entra.md`, "Issuers").
fn version_of(facts: &Facts<'_>) -> Option<TokenVersion> {
    let issuer = facts.issuer();
    let version = if issuer.ends_with("/v2.0") { TokenVersion::V2 } else { TokenVersion::V1 };
    match facts.cloud() {
        Some(Cloud::Public | Cloud::UsGovernment) if issuer.starts_with("https://sts.windows.net/") => {
            Some(TokenVersion::V1)
        }
        Some(cloud) => (cloud_of(issuer) == Some(cloud)).then_some(version),
        None => issuer.starts_with(&format!("{}/", facts.instance_base()?)).then_some(version),
    }
}

/// A token of this version, at an authority that accepts only the other.
fn is_other_version(facts: &Facts<'_>, version: TokenVersion) -> bool {
    unknown(facts) && facts.only_version().is_some_and(|only| only != version) && version_of(facts) == Some(version)
}

fn v1_explanation(facts: &Facts<'_>) -> String {
    format!(
        "{} is the issuer of v1 tokens, and only v2 tokens are accepted. The registration of {} decides which version its tokens \
         have, not the endpoint that the client uses (requestedAccessTokenVersion).",
        facts.issuer(),
        facts.api()
    )
}

fn both_versions(facts: &Facts<'_>) -> Remedy {
    let remedy = facts.configure(Vec::new(), &["Version"]);
    remedy
        .on_condition("If both versions may be accepted")
        .noting("Both are tokens of the same tenant; in code, version().")
}
