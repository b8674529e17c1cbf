//! Causes that are the same whatever was rejected first.

use super::request::request_ours;
use crate::{
    diagnosis::{
        Action, CauseKind, Provider, Remedy,
        facts::{Facts, Hook},
        remedy::change_code,
        row::Row,
    },
    rejection::RejectionKind,
};

pub(super) const FIRST: &[Row] = &[
    Row {
        kind: CauseKind::OwnersCheck,
        when: |f| f.hook().is_some(),
        explanation: |f| {
            let what = match f.hook() {
                Some(Hook::TenantLookup) => "the tenant lookup",
                _ => "a check of the application",
            };
            format!("The token itself passed every check; {what} rejected it: {}.", f.failure)
        },
        remedies: |f| {
            let setting = match f.hook() {
                Some(Hook::TenantLookup) => "tenants_from_lookup()",
                _ => "check()",
            };
            vec![change_code(format!(
                "Look at the API's own function for this ({setting} in code), and at the list or service that it uses."
            ))]
        },
    },
    Row {
        kind: CauseKind::IdToken,
        when: |f| {
            use RejectionKind as Kind;
            f.is_only_id_token() && matches!(f.kind(), Kind::WrongAudience | Kind::NotAnAccessToken | Kind::Expired)
        },
        explanation: |_| "It is an ID token: it tells the client who signed in, and no API accepts it.".to_owned(),
        remedies: |f| {
            let send = Remedy::new(Action::SendAccessToken);
            vec![match request(f) {
                Some(request) => send.noting(request),
                None => send,
            }]
        },
    },
];

/// How the token response gets an access token for this API, where its access token may be for another one.
fn request(facts: &Facts<'_>) -> Option<String> {
    match facts.provider() {
        Provider::Cognito => {
            Some("In Cognito, access tokens have the claim token_use with the value access.".to_owned())
        }
        Provider::Keycloak | Provider::Okta | Provider::Other => None,
        _ => Some(request_ours(facts).text().to_owned()),
    }
}
