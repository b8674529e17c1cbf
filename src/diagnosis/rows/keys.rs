//! Causes in keys, signatures, and the documents that they come from.

use serde_json::json;

use crate::{
    diagnosis::{
        CauseKind, Provider, Remedy,
        facts::{Facts, KeySource},
        remedy::{change_surroundings, investigate, renew},
        row::Row,
    },
    error::{DocumentFault, FetchFailure},
    rejection::RejectionKind,
};

const METADATA: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::StaleKeys,
        when: |f| f.is(RejectionKind::UnknownKey) && f.refresh_failure().is_some(),
        explanation: |f| {
            let failure = f.refresh_failure().map(ToString::to_string).unwrap_or_default();
            format!("The key {:?} is unknown, and the keys cannot be refreshed: {failure}.", f.key_id())
        },
        remedies: |_| {
            vec![change_surroundings(
                "Let this machine reach that URL (DNS, proxy, TLS); the keys are then refreshed without a restart.",
            )]
        },
    },
    Row {
        kind: CauseKind::UnknownKey,
        when: |f| f.is(RejectionKind::UnknownKey) && f.key_source() == KeySource::Configuration,
        explanation: |f| {
            format!(
                "The configured keys have no key {:?}. They are in the configuration, so that they are never refreshed: the \
                 issuer may have changed its keys since.",
                f.key_id()
            )
        },
        remedies: |f| {
            vec![
                investigate("Put the issuer's present keys into KeyFile or StaticKeys.")
                    .on_condition("If the keys must be in the configuration"),
                f.configure(Vec::new(), &["KeyFile", "StaticKeys"])
                    .on_condition("If this machine reaches the issuer, so that its keys can be fetched"),
            ]
        },
    },
    Row {
        kind: CauseKind::OwnSigningKey,
        when: |f| f.is(RejectionKind::UnknownKey) && f.lacks_app_keys(),
        explanation: |f| {
            format!(
                "The issuer's key set, as it was fetched last, has no key {:?}. The usual reason is that {} has its own signing \
                 key, because of SAML single sign-on or claims mapping.",
                f.key_id(),
                f.api()
            )
        },
        remedies: |f| {
            vec![
                f.configure(vec![("AppSpecificKeys", json!(true))], &[])
                    .on_condition("If the application has its own signing key")
                    .noting(
                        "The keys are then fetched with ?appid= and the client ID; in code, app_specific_keys(true).",
                    ),
                renew("Get a new token. If it has the same kid, it is not from this tenant.").on_condition("Otherwise"),
            ]
        },
    },
    Row {
        kind: CauseKind::UnknownKey,
        when: |f| f.is(RejectionKind::UnknownKey),
        explanation: |f| format!("The issuer's key set, as it was fetched last, has no key {:?}.", f.key_id()),
        remedies: |f| {
            vec![renew(format!(
                "Get a new token. If it has the same kid, it is not from this issuer: compare its metadata with {}.",
                f.document_address()
            ))]
        },
    },
    Row {
        kind: CauseKind::MetadataAsKeySet,
        when: |f| {
            let is_metadata = |address: &str| METADATA.iter().any(|path| address.trim_end_matches('/').ends_with(path));
            f.is(RejectionKind::KeysUnavailable)
                && matches!(f.key_source(), KeySource::KeySet(address) if is_metadata(address))
        },
        explanation: |f| {
            format!("The address configured as the key set is that of a metadata document: {}.", f.document_address())
        },
        remedies: |f| vec![f.configure(vec![("MetadataAddress", json!(f.document_address()))], &["JwksUri"])],
    },
    Row {
        kind: CauseKind::PolicyInIssuer,
        when: |f| fault(f) == Some(DocumentFault::PolicyInIssuer),
        explanation: |f| {
            format!(
                "The issuer of {} has the policy in it, and such issuers are not accepted: {}.",
                f.authority_name(),
                failure(f)
            )
        },
        remedies: |f| {
            vec![
                f.configure(vec![("AcceptTfpIssuers", json!(true))], &[])
                    .on_condition("If other APIs of the tenant need the issuer as it is"),
                investigate("Change the issuer in the properties of the user flow to the one without /tfp/.")
                    .on_condition("If all APIs of the tenant can change at once"),
            ]
        },
    },
    Row {
        kind: CauseKind::WrongMetadata,
        when: |f| fault(f) == Some(DocumentFault::NoUsableKey),
        explanation: |f| {
            format!(
                "The keys of {} were fetched, and none of them can verify a token: {}.",
                f.authority_name(),
                failure(f)
            )
        },
        remedies: |f| {
            vec![
                investigate(format!(
                    "Let the provider publish a signing key for {} that can verify tokens; the keys are then refreshed without a \
                     restart.",
                    f.algorithms().join(" or ")
                ))
                .on_condition("If the provider is meant to sign with it"),
                investigate("Configure the algorithm that the keys are for (Algorithms).")
                    .on_condition("If the provider signs with another one on purpose"),
            ]
        },
    },
    Row {
        kind: CauseKind::WrongMetadata,
        when: |f| f.is(RejectionKind::KeysUnavailable) && fault(f).is_some(),
        explanation: |f| {
            format!("The documents of {} cannot be used with this configuration: {}.", f.authority_name(), failure(f))
        },
        remedies: |f| {
            vec![
                investigate(format!(
                    "Open {} in a browser: a proxy or a sign-in page may respond there.",
                    f.document_address()
                ))
                .on_condition("If those are not the documents of the provider"),
                investigate("Configure the issuer and the tenant that the documents name.")
                    .on_condition("If the documents are the right ones"),
            ]
        },
    },
    Row {
        kind: CauseKind::NoSuchTenant,
        when: |f| f.is(RejectionKind::KeysUnavailable) && is_not_found(f),
        explanation: |f| format!("{} has no metadata: {}.", f.authority_name(), failure(f)),
        remedies: |f| {
            vec![investigate(match f.provider() {
                Provider::Entra | Provider::ExternalId => {
                    "Compare the tenant (its GUID or a verified domain) and the cloud with those on the overview page of the \
                     app registration."
                        .to_owned()
                }
                Provider::B2c => "Compare the name of the tenant and of the user flow or policy with those in the portal.".to_owned(),
                Provider::Keycloak => format!(
                    "Compare the realm: the issuer is https://<host>/realms/<realm>, without /auth since Keycloak 17, and {} must \
                     be its metadata.",
                    f.document_address()
                ),
                Provider::Okta => format!(
                    "Compare the issuer with that of the authorization server in Okta (Security > API), such as \
                     https://<org>.okta.com/oauth2/default; {} must be its metadata.",
                    f.document_address()
                ),
                _ => format!(
                    "Compare the configured issuer with that of the provider, character by character: {} must be its metadata.",
                    f.document_address()
                ),
            })]
        },
    },
    Row {
        kind: CauseKind::NoMetadata,
        when: |f| f.is(RejectionKind::KeysUnavailable) && matches!(f.fetch_failure(), Some(FetchFailure::Status(_))),
        explanation: |f| {
            let reason = match f.fetch_failure() {
                Some(FetchFailure::Status(304)) => {
                    " The request did not ask for it: it had no If-None-Match, so a cache responds wrongly."
                }
                Some(FetchFailure::Status(300..=399)) => " Redirects are not followed.",
                _ => "",
            };
            format!("The keys of {} cannot be fetched: {}.{reason}", f.authority_name(), failure(f))
        },
        remedies: |_| {
            vec![change_surroundings(
                "A server responds at that URL, but not with the document: look for a proxy, its sign-in page or a cache in \
                 between, or an outage of the provider. Try it with curl from the same machine.",
            )]
        },
    },
    Row {
        kind: CauseKind::NoMetadata,
        when: |f| f.is(RejectionKind::KeysUnavailable),
        explanation: |f| format!("The keys of {} cannot be fetched: {}.", f.authority_name(), failure(f)),
        remedies: |_| {
            vec![change_surroundings(
                "Let this machine reach that URL: check DNS, the proxy (HTTPS_PROXY), the firewall, and TLS inspection with a \
                 company's certificate (CaFile). Try it with curl from the same machine.",
            )]
        },
    },
    Row {
        kind: CauseKind::BadSignature,
        when: |f| f.is(RejectionKind::BadSignature),
        explanation: |f| {
            let nonce = match f.token.header_text("nonce") {
                Some(_) => {
                    " Its header has a nonce, as tokens for APIs of Microsoft have, which no other API can verify."
                }
                None => "",
            };
            format!(
                "The issuer has the key {:?}, and the signature does not fit it: the token was changed after it was signed, or \
                 somebody else made it.{nonce}",
                f.key_id()
            )
        },
        remedies: |_| -> Vec<Remedy> {
            vec![renew("Get a new token and send it unchanged: no change by a proxy or a script.")]
        },
    },
];

/// The provider responded that it does not have the metadata.
pub(super) fn is_not_found(facts: &Facts<'_>) -> bool {
    matches!(facts.fetch_failure(), Some(FetchFailure::NotFound { .. } | FetchFailure::Status(400 | 404)))
}

fn fault(facts: &Facts<'_>) -> Option<DocumentFault> {
    match facts.fetch_failure() {
        Some(FetchFailure::InvalidDocument(document)) if facts.is(RejectionKind::KeysUnavailable) => {
            Some(document.fault())
        }
        _ => None,
    }
}

pub(super) fn failure(facts: &Facts<'_>) -> String {
    match facts.fetch_error() {
        Some(error) => error.to_string(),
        None if facts.detail().is_empty() => "nothing has been fetched yet".to_owned(),
        None => facts.detail(),
    }
}
