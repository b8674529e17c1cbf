//! Tokens for APIs of Microsoft.

use super::request::request_ours;
use crate::{
    diagnosis::{CauseKind, Remedy, facts::Facts, remedy::change_client, row::Row},
    policy::microsoft_api,
    rejection::RejectionKind,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::GraphToken,
        when: |f| api(f) == Some("Microsoft Graph"),
        explanation,
        remedies: |f| {
            vec![request_ours(f).noting("The field scope of the token response says what its access token is for.")]
        },
    },
    Row {
        kind: CauseKind::ArmToken,
        when: |f| api(f) == Some("Azure Resource Manager"),
        explanation: |f| {
            format!("{} Managed identities and the Azure CLI request it where nothing else is said.", explanation(f))
        },
        remedies: |f| {
            let scope = f.default_scope();
            let cli = change_client(format!("Name this API: az account get-access-token --scope {scope}."))
                .on_condition("If the Azure CLI got the token");
            let identity: Remedy = change_client(format!("Name this API as the scope of the token request: {scope}."))
                .on_condition("If a managed identity got the token");
            let other = request_ours(f).on_condition("If another client got it");
            match (f.provider().has_registrations(), f.token.has("xms_mirid")) {
                (false, _) => vec![request_ours(f)],
                (true, true) => vec![identity],
                (true, false) => vec![cli, identity, other],
            }
        },
    },
    Row {
        kind: CauseKind::MicrosoftToken,
        when: |f| f.is(RejectionKind::MicrosoftApiToken) || api(f).is_some(),
        explanation,
        remedies: |f| vec![request_ours(f)],
    },
];

/// The API of Microsoft's that the token is for, if that is why it was rejected.
fn api(facts: &Facts<'_>) -> Option<&'static str> {
    let is_cause = facts.is(RejectionKind::MicrosoftApiToken)
        || (facts.is(RejectionKind::BadSignature) && facts.recording.is_genuine_for_microsoft);
    audience(facts).filter(|_| is_cause).and_then(microsoft_api)
}

fn audience<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    facts.token.list("aud").into_iter().find(|audience| microsoft_api(audience).is_some())
}

fn explanation(facts: &Facts<'_>) -> String {
    let audience = audience(facts).unwrap_or("?");
    let api = microsoft_api(audience).unwrap_or("an API of Microsoft");
    let scopes = facts.scopes().join(" ");
    let scopes = if scopes.is_empty() { scopes } else { format!(" Its scopes are {scopes}.") };
    let genuine = if facts.recording.is_genuine_for_microsoft {
        " It is genuine: its signature was verified with the nonce hashed, as only Microsoft's own APIs do. Anywhere else its \
         signature is invalid."
    } else if facts.token.header_text("nonce").is_none() {
        ""
    } else if facts.is_signature_wrong() {
        " Its signature is wrong, even with the nonce hashed, as Microsoft's own APIs verify it: the token was changed after it \
         was signed, or somebody else made it."
    } else {
        " Its header has a nonce, so that its signature can be verified by that API alone: \"signature invalid\" in other tools \
         means just this."
    };
    format!("This token is for {api} ({audience}), not for {}.{scopes}{genuine}", facts.api())
}
