//! `validate-azure-ad-token` (`docs/entra.md`, "The validate-azure-ad-token policy").

use std::collections::HashSet;

use roxmltree::Node as Element;

use super::{
    claims,
    draft::Draft,
    jwt::{is_for_audiences, put_audiences},
};
use crate::{
    config::{
        address::{self, Form},
        key::Key,
        value::{ConfigValue, Data},
    },
    error::ConfigProblemKind::{Duplicate, Invalid, Missing, Unknown},
};

/// Reads the element.
pub(super) fn read(element: Element<'_, '_>, draft: &mut Draft) {
    let policy = draft.policy;
    attributes(element, draft);
    let (mut audiences, mut backends, mut demanded) = (Vec::new(), Vec::new(), Vec::new());
    let mut has_unreadable_audiences = false;
    let mut seen = HashSet::new();
    for child in element.children().filter(Element::is_element) {
        let name = child.tag_name().name();
        let place = format!("{policy}/{name}");
        let problems = draft.problems.len();
        if !seen.insert(name) {
            draft.wrong(Duplicate, place, None, "is there twice; put both into one");
            continue;
        }
        match name {
            "backend-application-ids" => {
                backends.extend(
                    claims::texts(child, "application-id", &place, draft).into_iter().map(|id| (place.clone(), id)),
                );
            }
            "client-application-ids" => {
                let clients = claims::texts(child, "application-id", &place, draft);
                if clients.is_empty() && draft.problems.is_empty() {
                    draft.wrong(
                        Invalid,
                        &place,
                        None,
                        "is empty, which lets nobody in; leave it out to let every application in",
                    );
                }
                draft.list(Key::AllowedClients, &place, clients);
            }
            "audiences" => audiences.extend(claims::audiences(child, &place, draft)),
            "required-claims" => demanded.extend(claims::required_claims(child, &place, draft)),
            "decryption-keys" => claims::decryption_keys(&place, draft),
            _ => draft.wrong(
                Unknown,
                place,
                None,
                "is no element of validate-azure-ad-token; there are backend-application-ids, client-application-ids, \
                 audiences, required-claims, decryption-keys",
            ),
        }
        has_unreadable_audiences |= is_for_audiences(name) && draft.problems.len() > problems;
    }
    if let Some((place, _)) = backends.first().cloned() {
        if audiences.is_empty() {
            draft.note(place, "are read as the audiences");
            audiences.extend(backends.into_iter().map(|(_, id)| id));
        } else {
            draft.note(place, "are passed over: the audiences alone count");
        }
    }
    put_audiences(audiences, demanded, has_unreadable_audiences, draft);
}

fn attributes(element: Element<'_, '_>, draft: &mut Draft) {
    let mut has_tenant = false;
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let place = format!("{}/@{name}", draft.policy);
        match name {
            "tenant-id" => {
                has_tenant = true;
                tenant(&place, value, draft);
            }
            "authentication-endpoint" => match draft.plain(&place, value) {
                Some(value) => draft.put(Key::Instance, ConfigValue::new(place, Data::Text(value))),
                None => draft.spoilt.push(Key::Instance),
            },
            _ if claims::attribute(name, &place, value, draft) => {}
            _ => draft.wrong(Unknown, place, Some(value), "is no attribute of validate-azure-ad-token"),
        }
    }
    if !has_tenant {
        let place = format!("{}/@tenant-id", draft.policy);
        draft.wrong(Missing, place, None, "is missing: whose tokens are accepted? It is the Directory (tenant) ID");
        draft.spoilt.push(Key::TenantId);
    }
    let place = format!("{}/@clock-skew", draft.policy);
    draft.note(&place, "there is none in this policy; 60 s are allowed here, ClockSkewSeconds says how many");
}

/// A tenant by its GUID, its domain, a keyword, or an address that ends with one of them.
fn tenant(place: &str, value: &str, draft: &mut Draft) {
    let Some(value) = draft.plain(place, value) else { return draft.spoilt.push(Key::TenantId) };
    if value.is_empty() {
        draft.spoilt.push(Key::TenantId);
        return draft.wrong(
            Missing,
            place,
            Some(""),
            "is empty: whose tokens are accepted? It is the Directory (tenant) ID",
        );
    }
    if let Some(keyword) = address::keyword(&value) {
        draft.note(place, format!("{keyword} lets anybody in who has an account there: name the tenants, if you can"));
    }
    if value.contains("://") && !matches!(address::form(&value), Some(Form::Entra | Form::ExternalId)) {
        draft.spoilt.push(Key::TenantId);
        let advice = "is no address of a tenant of Entra's; for another issuer's tokens there is validate-jwt";
        return draft.wrong(Invalid, place, Some(&value), advice);
    }
    let key = if value.contains("://") { Key::Authority } else { Key::TenantId };
    draft.put(key, ConfigValue::new(place, Data::Text(value)));
}
