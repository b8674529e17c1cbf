//! `validate-azure-ad-token` (`docs/entra.md`, "The validate-azure-ad-token policy").

use std::collections::HashSet;

use roxmltree::Node as Element;

use super::{
    claims::{self, Audiences},
    document::no_attributes,
    import::PolicyImport,
    value::{Imported, shortened},
};
use crate::{
    config::address::{self, ParsedAuthority},
    error::ConfigProblemKind::{Conflict, Duplicate, Invalid, Missing, Unknown},
    tenant::{Instance, split_scheme},
};

const TENANT: &str = "the directory (tenant) ID";
const CLIENT: &str = "the client ID of an application";

/// Reads the element.
pub(super) fn read(element: Element<'_, '_>, import: &mut PolicyImport) {
    let policy = import.policy;
    attributes(element, import);
    let mut audiences = Audiences::default();
    let mut backends = Vec::new();
    let mut seen = HashSet::new();
    for child in element.children().filter(Element::is_element) {
        let name = child.tag_name().name();
        let place = format!("{policy}/{}", shortened(name));
        if !seen.insert(name) {
            import.problem(Duplicate, place, None, "occurs twice; combine both into one");
            continue;
        }
        no_attributes(child, &place, import);
        let problems = import.problems.len();
        match name {
            "backend-application-ids" => {
                backends = claims::identifiers(child, "application-id", &place, "the API's client ID", import);
                if import.problems.len() > problems {
                    audiences.mark_invalid();
                }
            }
            "client-application-ids" => {
                let clients = claims::identifiers(child, "application-id", &place, CLIENT, import);
                if clients.is_empty() && import.problems.len() == problems {
                    let advice = "is empty, so that no application is accepted; remove it to accept every application";
                    import.problem(Invalid, &place, None, advice);
                }
                import.put_list("AllowedClients", &place, clients);
            }
            "audiences" => audiences.read_listed(child, &place, import),
            "required-claims" => claims::required_claims(child, &place, &mut audiences, import),
            "decryption-keys" => claims::decryption_keys(&place, import),
            _ => {
                if name.starts_with("audiences") {
                    audiences.mark_invalid();
                }
                let advice = "is not an element of validate-azure-ad-token; supported: backend-application-ids, \
                              client-application-ids, audiences, required-claims, decryption-keys";
                import.problem(Unknown, place, None, advice);
            }
        }
    }
    if !backends.is_empty() {
        let place = format!("{policy}/backend-application-ids");
        if audiences.is_empty() {
            import.note(place, "become the audiences");
            audiences.extend(backends);
        } else {
            import.note(place, "are ignored, because audiences are listed: only those are accepted here");
        }
    }
    audiences.put(import);
}

fn attributes(element: Element<'_, '_>, import: &mut PolicyImport) {
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let place = format!("{}/@{}", import.policy, shortened(name));
        match name {
            "tenant-id" | "authentication-endpoint" => {}
            _ if claims::attribute(name, &place, value, import) => {}
            _ => {
                import.problem(Unknown, place, Some(value), "is not an attribute of validate-azure-ad-token; remove it")
            }
        }
    }
    let place = format!("{}/@authentication-endpoint", import.policy);
    let endpoint = element.attribute("authentication-endpoint");
    let endpoint = endpoint.and_then(|value| import.identifier(&place, value, "the address of the cloud"));
    let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty()).map(|endpoint| Imported::new(place, endpoint));
    let place = format!("{}/@tenant-id", import.policy);
    match element.attribute("tenant-id") {
        Some(value) => tenant(&place, value, endpoint, import),
        None => import.problem(Missing, place, None, format!("is missing; it is {TENANT}")),
    }
    let place = format!("{}/@clock-skew", import.policy);
    import.note(
        &place,
        "does not exist in this policy; 60 s are allowed here, unless ClockSkewSeconds sets another value",
    );
}

/// A tenant by its GUID, its domain, a keyword, or an address that ends with one of them.
fn tenant(place: &str, value: &str, endpoint: Option<Imported>, import: &mut PolicyImport) {
    let Some(value) = import.identifier(place, value, TENANT) else { return };
    if value.is_empty() {
        return import.problem(Missing, place, Some(""), format!("is empty; it is {TENANT}"));
    }
    let (instance, tenant) = if split_scheme(&value).is_some() {
        let spot = address::form(&value).and_then(|form| address::authority(&value, form).ok());
        match spot {
            Some(ParsedAuthority::Entra { instance, tenant }) => (Some(instance.base().to_owned()), tenant),
            Some(ParsedAuthority::ExternalId { base, tenant: Some(tenant) }) => (Some(base), tenant),
            _ => {
                let advice = "is not the address of a tenant of Entra; for tokens of another issuer, use validate-jwt";
                return import.problem(Invalid, place, Some(&value), advice);
            }
        }
    } else {
        (None, value)
    };
    if let Some(keyword) = address::keyword(&tenant) {
        import.note(place, format!("{keyword} accepts every account of its kind: name the tenants, if possible"));
    }
    import.put("TenantId", Imported::new(place, tenant));
    match (endpoint, instance) {
        (Some(endpoint), Some(instance)) => {
            let named = endpoint.as_str().unwrap_or_default();
            let is_same = Instance::parse(named).is_ok_and(|named| named.base() == instance)
                || named.trim_end_matches('/') == instance;
            if !is_same {
                let advice = format!("differs from {place}, whose address is {instance}; remove one");
                let named = named.to_owned();
                import.problem(Conflict, endpoint.place.clone(), Some(&named), advice);
            }
            import.put("Instance", endpoint);
        }
        (Some(endpoint), None) => import.put("Instance", endpoint),
        (None, Some(instance)) => import.put("Instance", Imported::new(place, instance)),
        (None, None) => {}
    }
}
