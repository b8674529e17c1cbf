//! `validate-jwt` (`docs/entra.md`, "The validate-jwt policy").

use std::collections::HashSet;

use roxmltree::Node as Element;

use super::{
    claims,
    document::{children, text},
    draft::{Draft, riddle},
    issuers::Trust,
    url::{self, Metadata},
};
use crate::{
    config::{
        key::Key,
        value::{ConfigValue, Data},
    },
    error::ConfigProblemKind::{Conflict, Duplicate, Invalid, Missing, Unknown},
};

/// Reads the element.
pub(super) fn read(element: Element<'_, '_>, draft: &mut Draft) {
    let policy = draft.policy;
    attributes(element, draft);
    let mut trust = Trust::default();
    let (mut audiences, mut demanded) = (Vec::new(), Vec::new());
    let mut has_unreadable_audiences = false;
    let mut seen = HashSet::new();
    for child in element.children().filter(Element::is_element) {
        let name = child.tag_name().name();
        let place = format!("{policy}/{name}");
        let problems = draft.problems.len();
        if !seen.insert(name) && name != "openid-config" {
            draft.wrong(Duplicate, place, None, "is there twice; put both into one");
            continue;
        }
        match name {
            "openid-config" => openid_config(child, &place, &mut trust, draft),
            "issuers" => {
                let found = claims::texts(child, "issuer", &place, draft);
                let text = |node: ConfigValue| match node.data {
                    Data::Text(text) => Some((node.name, text)),
                    _ => None,
                };
                trust.issuers.extend(found.into_iter().filter_map(text));
            }
            "issuer-signing-keys" => signing_keys(child, &place, &mut trust, draft),
            "audiences" => audiences.extend(claims::audiences(child, &place, draft)),
            "required-claims" => demanded.extend(claims::required_claims(child, &place, draft)),
            "decryption-keys" => claims::decryption_keys(&place, draft),
            "zumo-master-key" => {
                draft.note(place, "tokens of Mobile Services are not accepted here");
            }
            _ => draft.wrong(
                Unknown,
                place,
                None,
                "is no element of validate-jwt; there are openid-config, issuer-signing-keys, decryption-keys, audiences, \
                 issuers, required-claims",
            ),
        }
        has_unreadable_audiences |= is_for_audiences(name) && draft.problems.len() > problems;
    }
    put_audiences(audiences, demanded, has_unreadable_audiences, draft);
    if let Err(flaw) = trust.check_size() {
        trust = Trust { is_spoilt: true, ..Trust::default() };
        draft.wrong(flaw.kind, policy, None, flaw.advice);
    }
    trust.put(draft);
}

/// Whether an element is meant for the audiences, also if something is added to its name.
pub(super) fn is_for_audiences(element: &str) -> bool {
    element.starts_with("audiences")
}

/// The audiences: those that are listed, or else those that `required-claims` demands. If `audiences` is there but
/// unreadable, they are not missing.
pub(super) fn put_audiences(
    listed: Vec<ConfigValue>,
    demanded: Vec<ConfigValue>,
    has_unreadable_audiences: bool,
    draft: &mut Draft,
) {
    let place = format!("{}/audiences", draft.policy);
    match (listed.is_empty(), demanded.is_empty()) {
        (false, true) => draft.list(Key::Audiences, &place, listed),
        (true, false) => {
            draft.note(format!("{}/required-claims/claim[aud]", draft.policy), "is read as the audiences");
            draft.list(Key::Audiences, &place, demanded);
        }
        // Both hold there.
        (false, false) => {
            let all: HashSet<String> = demanded.iter().map(ConfigValue::to_text).collect();
            let is_demanded = |node: &ConfigValue| all.contains(&node.to_text());
            let both: Vec<ConfigValue> = listed.into_iter().filter(is_demanded).collect();
            if both.is_empty() {
                draft.wrong(
                    Conflict,
                    &place,
                    None,
                    "has none of the values that required-claims demands of aud: no token is accepted",
                );
                draft.spoilt.push(Key::Audiences);
            }
            draft.list(Key::Audiences, &place, both);
        }
        (true, true) if !has_unreadable_audiences && !draft.spoilt.contains(&Key::Audiences) => {
            let advice =
                "is missing: API Management then takes tokens for any API; name this API's client id or App ID URI";
            draft.wrong(Missing, place, None, advice);
            draft.spoilt.push(Key::Audiences);
        }
        (true, true) => draft.spoilt.push(Key::Audiences),
    }
}

fn attributes(element: Element<'_, '_>, draft: &mut Draft) {
    let mut has_skew = false;
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let place = format!("{}/@{name}", draft.policy);
        match name {
            "require-scheme" if value.eq_ignore_ascii_case("Bearer") => {}
            "require-scheme" => {
                draft.note(place, "the scheme is always Bearer here; for another, token_from takes the token")
            }
            "require-expiration-time" if is_not_true(value) => {
                draft.note(place, "tokens without exp are refused here, always: their issuer must name an expiry");
            }
            "require-signed-tokens" if is_not_true(value) => {
                draft.note(place, "tokens without a signature are refused here, always: anybody can write one");
            }
            "require-expiration-time" | "require-signed-tokens" => {}
            "clock-skew" => {
                has_skew = true;
                clock_skew(place, value, draft);
            }
            _ if claims::attribute(name, &place, value, draft) => {}
            _ => draft.wrong(Unknown, place, Some(value), "is no attribute of validate-jwt"),
        }
    }
    if !has_skew {
        let place = format!("{}/@clock-skew", draft.policy);
        draft.note(
            &place,
            "is 0 s if it is not given; without ClockSkewSeconds it would be 60 s, which spares many a 401",
        );
        draft.put(Key::ClockSkewSeconds, ConfigValue::new(place, Data::Other("0".to_owned())));
    }
}

fn is_not_true(value: &str) -> bool {
    !value.trim().eq_ignore_ascii_case("true")
}

/// Seconds, or a time span of .NET's (`hh:mm:ss`).
fn clock_skew(place: String, value: &str, draft: &mut Draft) {
    const MOST: u64 = 300;
    if riddle(value).is_some() {
        draft.note(&place, "is computed by API Management; 0 s are taken");
        return draft.put(Key::ClockSkewSeconds, ConfigValue::new(place, Data::Other("0".to_owned())));
    }
    let parts: Option<Vec<u64>> = value.trim().split(':').map(|part| part.parse().ok()).collect();
    let seconds = match parts.as_deref() {
        Some([seconds]) => Some(*seconds),
        Some([hours, minutes, seconds]) if hours.max(minutes).max(seconds) < &60 => {
            Some(hours * 3600 + minutes * 60 + seconds)
        }
        _ => None,
    };
    match seconds {
        None => {
            draft.wrong(Invalid, place, Some(value), format!("a whole number of seconds from 0 to {MOST} is needed"))
        }
        Some(seconds) => {
            if seconds > MOST {
                draft.note(&place, format!("is more than {MOST} s, which is the most here: {MOST} s are taken"));
            }
            draft.put(Key::ClockSkewSeconds, ConfigValue::new(place, Data::Other(seconds.min(MOST).to_string())));
        }
    }
}

fn openid_config(element: Element<'_, '_>, place: &str, trust: &mut Trust, draft: &mut Draft) {
    let at = format!("{place}/@url");
    for attribute in element.attributes() {
        match attribute.name() {
            "url" => {}
            "validate-connectivity" => draft.note(
                format!("{place}/@validate-connectivity"),
                "building a verifier asks for nothing; Verifier::warm_up says whether the metadata can be had",
            ),
            other => draft.wrong(
                Unknown,
                format!("{place}/@{other}"),
                None,
                "is no attribute of openid-config; there is url",
            ),
        }
    }
    let Some(url) = element.attribute("url") else {
        trust.is_spoilt = true;
        return draft.wrong(Missing, at, None, "is missing: the address of the metadata is needed");
    };
    let Some(url) = draft.plain(&at, url) else {
        trust.is_spoilt = true;
        return;
    };
    let found = url::metadata(&url);
    match found {
        Ok(metadata) => {
            let is_known = |(_, (known, metadata)): &(String, (String, Metadata))| {
                *known == url && !matches!(metadata, Metadata::Entra { .. })
            };
            // Past the limit the policy is refused, and there is nothing to compare.
            if trust.metadata.len() > Trust::MOST || !trust.metadata.iter().any(is_known) {
                trust.metadata.push((at, (url, metadata)));
            }
        }
        Err(flaw) => {
            trust.is_spoilt = true;
            draft.wrong(flaw.kind, at, Some(&url), flaw.advice);
        }
    }
}

/// Keys in the policy: RSA's are carried over.
fn signing_keys(element: Element<'_, '_>, place: &str, trust: &mut Trust, draft: &mut Draft) {
    for key in children(element, "key", place, draft) {
        let place = format!("{place}/key");
        let attribute = |name: &str| key.attribute(name).filter(|value| !value.trim().is_empty());
        let mut members = vec![("kty".to_owned(), ConfigValue::new(&place, Data::Text("RSA".to_owned())))];
        match (attribute("n"), attribute("e")) {
            (Some(n), Some(e)) => {
                for (name, value) in [("kid", attribute("id")), ("n", Some(n)), ("e", Some(e))] {
                    let Some(value) = value else { continue };
                    let Some(value) = draft.plain(&format!("{place}/@{name}"), value) else {
                        trust.is_spoilt = true;
                        continue;
                    };
                    members.push((name.to_owned(), ConfigValue::new(&place, Data::Text(value))));
                }
                trust.keys.push((place.clone(), ConfigValue::new(&place, Data::Object(members))));
            }
            _ if attribute("certificate-id").is_some() => draft.note(
                place,
                "is a certificate in API Management: export its public key (openssl x509 -pubkey -noout), and name it by KeyFile",
            ),
            // Its text is a secret: it is told nowhere.
            _ if !text(key).is_empty() => draft.note(
                place,
                "is a shared secret: whoever can check such tokens can make them, so they are refused here; have the issuer \
                 sign with a key pair",
            ),
            _ => draft.wrong(Missing, place, None, "has neither n and e, nor a certificate-id, nor a key"),
        }
    }
}
