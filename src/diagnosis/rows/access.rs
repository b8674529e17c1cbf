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
                "Look at the function that was given to the builder by {setting}, and at the list or service that it uses."
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
        remedies: |f| vec![Remedy::new(Action::SendAccessToken).noting(request(f))],
    },
];

/// How the token response gets an access token for this API.
fn request(facts: &Facts<'_>) -> String {
    match facts.provider() {
        Provider::Cognito => "In Cognito, access tokens have the claim token_use with the value access.".to_owned(),
        _ => request_ours(facts).text().to_owned(),
    }
}
