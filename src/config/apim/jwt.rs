//! `validate-jwt` (`docs/entra.md`, "The validate-jwt policy").

use std::collections::HashSet;

use roxmltree::Node as Element;

use super::{
    claims::{self, Audiences},
    document::{children, no_attributes, text},
    expressions::unsupported_expression,
    import::PolicyImport,
    trust::Trust,
    url::{self, PolicyMetadata},
    value::{Imported, shortened},
};
use crate::error::ConfigProblemKind::{Duplicate, Invalid, Missing, Unknown, Unsupported};

/// Reads the element.
pub(super) fn read(element: Element<'_, '_>, import: &mut PolicyImport) {
    let policy = import.policy;
    attributes(element, import);
    let mut trust = Trust::default();
    let mut audiences = Audiences::default();
    let mut seen = HashSet::new();
    for child in element.children().filter(Element::is_element) {
        let name = child.tag_name().name();
        let place = format!("{policy}/{}", shortened(name));
        if !seen.insert(name) && name != "openid-config" {
            import.problem(Duplicate, place, None, "occurs twice; combine both into one");
            continue;
        }
        if !matches!(name, "openid-config" | "zumo-master-key") {
            no_attributes(child, &place, import);
        }
        match name {
            "openid-config" => openid_config(child, &place, &mut trust, import),
            "issuers" => trust.read_issuers(child, &place, import),
            "issuer-signing-keys" => signing_keys(child, &place, &mut trust, import),
            "audiences" => audiences.read_listed(child, &place, import),
            "required-claims" => claims::required_claims(child, &place, &mut audiences, import),
            "decryption-keys" => claims::decryption_keys(&place, import),
            "zumo-master-key" => trust.refuse_key(place, Unsupported, MOBILE_SERVICES),
            _ => {
                // A list of audiences, by its name.
                if name.starts_with("audiences") {
                    audiences.mark_invalid();
                }
                let advice = "is not an element of validate-jwt; supported: openid-config, issuer-signing-keys, \
                              decryption-keys, audiences, issuers, required-claims";
                import.problem(Unknown, place, None, advice);
            }
        }
    }
    let audiences = audiences.put(import);
    trust.put(&audiences, import);
}

const MOBILE_SERVICES: &str = "is the key of Azure Mobile Services, whose tokens are not supported: anyone who can validate them \
                               can also issue them";

fn attributes(element: Element<'_, '_>, import: &mut PolicyImport) {
    let (mut has_skew, mut has_scheme) = (false, false);
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let place = format!("{}/@{}", import.policy, shortened(name));
        match name {
            "require-scheme" => {
                has_scheme = true;
                if !value.trim().eq_ignore_ascii_case("Bearer") {
                    let advice = "the scheme is always Bearer here; for another, read the token with \
                                  AuthenticateLayer::token_from";
                    import.note(place, advice);
                }
            }
            "require-expiration-time" if is_not_true(value) => {
                import.note(place, "tokens without exp are always rejected here: their issuer must set an expiry");
            }
            "require-signed-tokens" if is_not_true(value) => {
                import.note(place, "tokens without a signature are always rejected here: anyone can write one");
            }
            "require-expiration-time" | "require-signed-tokens" => {}
            "clock-skew" => {
                has_skew = true;
                clock_skew(&place, value, import);
            }
            _ if claims::attribute(name, &place, value, import) => {}
            _ => import.problem(Unknown, place, Some(value), "is not an attribute of validate-jwt; remove it"),
        }
    }
    if !has_skew {
        let place = format!("{}/@clock-skew", import.policy);
        let advice =
            "is 0 s in API Management unless it is given, and so it is here; without ClockSkewSeconds, 60 s are usual";
        import.note(&place, advice);
        import.put("ClockSkewSeconds", Imported::new(place, 0));
    }
    let is_elsewhere = element.has_attribute("query-parameter-name") || element.has_attribute("token-value");
    let is_authorization = match element.attribute("header-name") {
        Some(header) => header.trim().eq_ignore_ascii_case("Authorization"),
        None => !is_elsewhere,
    };
    if !has_scheme && is_authorization {
        let advice = "is not given, so API Management also accepts a token without a scheme in Authorization; here the scheme \
                      Bearer is required";
        import.note(format!("{}/@require-scheme", import.policy), advice);
    }
}

fn is_not_true(value: &str) -> bool {
    !value.trim().eq_ignore_ascii_case("true")
}

/// Seconds, or a time span of .NET (`hh:mm:ss`).
fn clock_skew(place: &str, value: &str, import: &mut PolicyImport) {
    const MOST: u64 = 300;
    if unsupported_expression(value).is_some() {
        import.note(place, "only API Management can evaluate it; here it is 0 s");
        return import.put("ClockSkewSeconds", Imported::new(place, 0));
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
        None => import.problem(Invalid, place, Some(value), format!("must be a number of seconds from 0 to {MOST}")),
        Some(seconds) => {
            if seconds > MOST {
                import.note(place, format!("is more than {MOST} s, which is the maximum here and is used instead"));
            }
            import.put("ClockSkewSeconds", Imported::new(place, seconds.min(MOST)));
        }
    }
}

fn openid_config(element: Element<'_, '_>, place: &str, trust: &mut Trust, import: &mut PolicyImport) {
    trust.has_openid_config = true;
    let at = format!("{place}/@url");
    for attribute in element.attributes() {
        let place = format!("{place}/@{}", shortened(attribute.name()));
        match attribute.name() {
            "url" => {}
            "validate-connectivity" => {
                import.note(
                    place,
                    "building a verifier fetches nothing; Verifier::warm_up tells whether the metadata is available",
                );
            }
            _ => import.problem(Unknown, place, None, "is not an attribute of openid-config; supported: url"),
        }
    }
    let Some(url) = element.attribute("url") else {
        return import.problem(Missing, at, None, "is missing; name the address of the metadata");
    };
    let Some(url) = import.identifier(&at, url, "the address of the metadata") else { return };
    match url::metadata(&url) {
        Ok(metadata) => {
            let is_known = |(_, (known, metadata)): &(String, (String, PolicyMetadata))| {
                *known == url && !matches!(metadata, PolicyMetadata::Entra { .. })
            };
            // Beyond the limit the policy is refused, and there is nothing to compare.
            if trust.metadata.len() > Trust::MOST || !trust.metadata.iter().any(is_known) {
                trust.metadata.push((at, (url, metadata)));
            }
        }
        Err(fault) => import.problem(fault.kind, at, Some(&url), fault.advice),
    }
}

/// Keys in the policy: those of RSA are imported.
fn signing_keys(element: Element<'_, '_>, place: &str, trust: &mut Trust, import: &mut PolicyImport) {
    const CERTIFICATE: &str = "the key is a certificate stored in API Management, not in the policy: export its public key in \
                               PEM (openssl x509 -pubkey -noout), and name the file as KeyFile in the configuration of its \
                               issuer";
    const SECRET: &str = "the key is a shared secret, which is not supported: anyone who can validate such tokens can also \
                          issue them; have the issuer sign with a key pair";
    trust.has_keys |= element.children().any(|child| child.is_element());
    let (mobile, others): (Vec<_>, Vec<_>) =
        element.children().filter(Element::is_element).partition(|child| child.has_tag_name("zumo-master-key"));
    if !mobile.is_empty() {
        let place = format!("{place}/zumo-master-key");
        trust.refuse_key(place, Unsupported, MOBILE_SERVICES);
        if others.is_empty() {
            return;
        }
    }
    let keys = others.into_iter().filter(|key| key.has_tag_name("key"));
    for key in keys {
        let place = format!("{place}/key");
        let attribute = |name: &str| key.attribute(name).filter(|value| !value.trim().is_empty());
        if let (Some(n), Some(e)) = (attribute("n"), attribute("e")) {
            rsa_key(&place, attribute("id"), n, e, trust, import);
        } else if attribute("certificate-id").is_some() {
            trust.refuse_key(place, Unsupported, CERTIFICATE);
        } else if !text(key).is_empty() {
            // The text is a secret, and occurs in no message.
            trust.refuse_key(place, Unsupported, SECRET);
        } else {
            import.problem(Missing, place, None, "has neither n and e, nor certificate-id, nor a value");
        }
    }
    // Reports the others.
    if mobile.is_empty() {
        children(element, "key", place, import);
    }
}

fn rsa_key(place: &str, id: Option<&str>, n: &str, e: &str, trust: &mut Trust, import: &mut PolicyImport) {
    // 2048 to 8192 bits in base64.
    const LENGTHS: std::ops::RangeInclusive<usize> = 342..=1366;
    let mut members = vec![("kty", Imported::new(place, "RSA"))];
    for (name, attribute, value) in [("kid", "id", id), ("n", "n", Some(n)), ("e", "e", Some(e))] {
        let Some(value) = value else { continue };
        let Some(value) = import.evaluated(&format!("{place}/@{attribute}"), value) else { return };
        if name == "n" && !LENGTHS.contains(&value.trim_end_matches('=').len()) {
            let advice = "the key is not an RSA key of 2048 to 8192 bits, as is required here";
            return trust.refuse_key(place.to_owned(), Invalid, advice);
        }
        members.push((name, Imported::new(place, value)));
    }
    trust.keys.push((place.to_owned(), Imported::object(place, members)));
}
