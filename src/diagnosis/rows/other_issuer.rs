//! Causes in the issuer of the token that end with another issuer than the configured one.

use serde_json::json;

use super::issuer::{sign_in, unknown};
use crate::{
    diagnosis::{
        Action, CauseKind, Provider, Remedy,
        compare::{difference, is_shared_audience},
        decoded::cloud_of,
        facts::Facts,
        provider::host_and_path,
        remedy::{change_client, investigate},
        row::Row,
    },
    error::{DocumentFault, FetchFailure},
    tenant::{Cloud, TenantId},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::WorkloadToken,
        when: |f| unknown(f) && f.token_provider() == Provider::GithubActions && f.provider().has_registrations(),
        explanation: |f| {
            format!(
                "It is the token of a GitHub Actions workflow, issued by GitHub; accepted is {}. A workflow exchanges it for a \
                 token of Entra.",
                accepted(f)
            )
        },
        remedies: |f| {
            let scope = f.default_scope();
            let exchange = change_client(format!(
                "Exchange it by workload identity federation: add a federated credential for the repository to an app registration \
                 (Certificates & secrets), sign in with azure/login and its client-id, and send the token that az account \
                 get-access-token --scope {scope} prints."
            ));
            match admit_issuer(f) {
                None => vec![exchange],
                Some(admit) => vec![exchange.on_condition("If workflows call as an application of Entra"), admit],
            }
        },
    },
    Row {
        kind: CauseKind::IssuerNearMiss,
        when: |f| unknown(f) && near_miss(f).is_some(),
        explanation: |f| {
            if is_org_server(f) {
                return format!(
                    "The token's issuer is {}, the org authorization server of Okta. Its access tokens are for Okta alone: no other \
                     API can verify them. Accepted is {}.",
                    f.issuer(),
                    f.configured_issuer().unwrap_or_default()
                );
            }
            format!(
                "The token's issuer is {}, the configured one is {}: they differ {}, and issuers are compared exactly.",
                f.issuer(),
                f.configured_issuer().unwrap_or_default(),
                near_miss(f).unwrap_or("a little")
            )
        },
        remedies: |f| {
            let configured = f.configured_issuer().unwrap_or_default();
            // The org authorization server of Okta issues tokens for Okta's own APIs.
            if is_org_server(f) {
                return vec![Remedy::new(Action::SignIn { authority: configured.to_owned() }).noting(
                    "That is a custom authorization server of Okta; the org authorization server issues access tokens for Okta \
                     alone.",
                )];
            }
            vec![
                f.configure(vec![("Authority", json!(f.issuer()))], &[])
                    .on_condition("If the provider's metadata names the issuer of the token"),
                Remedy::new(Action::SignIn { authority: configured.to_owned() })
                    .on_condition("If the configured address is the right one"),
            ]
        },
    },
    Row {
        kind: CauseKind::OtherIssuer,
        when: unknown,
        explanation: |f| match f.token.has("iss") {
            true => format!("The issuer of the token is {}; accepted is {}.", f.issuer(), accepted(f)),
            false => format!("The token has no iss: it does not say who issued it. Accepted is {}.", accepted(f)),
        },
        remedies: |f| {
            // Without its metadata there is nothing to compare with.
            if let Some(failure) = f.refresh_failure()
                && matches!(failure.failure(), FetchFailure::InvalidDocument(document)
                    if document.fault() == DocumentFault::ForeignIssuer)
            {
                return vec![investigate(format!("Correct the configuration first: {failure}."))];
            }
            let mut remedies = vec![sign_in(f)];
            remedies.extend(admit_issuer(f));
            if remedies.len() > 1
                && let Some(first) = remedies.first_mut()
            {
                *first = first.clone().on_condition("If the client used the wrong address");
            }
            remedies
        },
    },
];

/// What is accepted, with the only tenant in place of the placeholder.
fn accepted(facts: &Facts<'_>) -> String {
    match facts.only_tenant() {
        Some(tenant) => facts.expected().replace("{tenantid}", &tenant),
        None => facts.expected().to_owned(),
    }
}

/// Accept the issuer of the token too. Never with an audience that tokens of other applications have.
fn admit_issuer(facts: &Facts<'_>) -> Option<Remedy> {
    let issuer = facts.token.text("iss")?;
    let audience = facts.audience().filter(|audience| !is_shared_audience(facts, audience))?;
    let (host, _) = host_and_path(issuer)?;
    let members = match (facts.token_provider(), facts.token.text("tid")) {
        (Provider::Entra, Some(tenant)) => {
            tenant.parse::<TenantId>().ok()?;
            match cloud_of(issuer).filter(|cloud| *cloud != Cloud::Public) {
                Some(_) => json!({ "Instance": format!("https://{host}/"), "TenantId": tenant, "Audience": audience }),
                None => json!({ "TenantId": tenant, "Audience": audience }),
            }
        }
        (Provider::Entra, None) => return None,
        (Provider::GithubActions, _) => {
            let owner = facts.token.text("repository_owner_id").unwrap_or("<id>");
            json!({
                "Kind": "Workload", "Authority": issuer, "Audience": audience,
                "RequiredClaims": [{ "Name": "repository_owner_id", "Values": [owner] }],
            })
        }
        _ => json!({ "Authority": issuer, "Audience": audience }),
    };
    let added = facts.configure(vec![("Authorities", json!([members]))], &[]);
    Some(added.on_condition(format!("If tokens of {issuer} are to be accepted too")).noting(
        "That admits everyone to whom it issues a token for this audience. Add it as an authority of this same layer: two layers, one behind the other, reject each other's tokens.",
    ))
}

/// The token is of the org authorization server of Okta, whose issuer has no path.
fn is_org_server(facts: &Facts<'_>) -> bool {
    let is_okta = facts.token_provider() == Provider::Okta || facts.configured_provider() == Some(Provider::Okta);
    is_okta && facts.issuer_parts().is_some_and(|(_, path)| path.len() < 2)
}

/// In what the issuer differs from the configured one of an OpenID Connect provider, if it is little.
fn near_miss(facts: &Facts<'_>) -> Option<&'static str> {
    let (configured, found) = (facts.configured_issuer()?, facts.token.text("iss")?);
    let ((our_host, our_path), (host, path)) = (host_and_path(configured)?, host_and_path(found)?);
    let bare = |path: &str| path.trim_end_matches('/').trim_start_matches("/auth").to_owned();
    if our_host.eq_ignore_ascii_case(host)
        && bare(our_path) == bare(path)
        && our_path.contains("/realms/")
        && our_path != path
    {
        return Some("in /auth, which Keycloak has before its realms until version 16");
    }
    let small = difference(configured, found);
    // The same provider under an internal and a public name.
    let is_same_place = bare(path).len() > 1 && our_path == path && our_host != host;
    small.or(is_same_place.then_some("in the host: the provider is reached under two names"))
}
