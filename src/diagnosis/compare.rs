//! Compares what is configured with what the token has, across settings and claims: an operator's mistakes.

use super::{facts::Facts, provider::host_and_path};
use crate::policy::microsoft_api;

/// A setting with an identifier in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tenant,
    Audience,
    Client,
}

impl Place {
    /// The claims whose values belong there.
    const fn claims(self) -> &'static [&'static str] {
        match self {
            Self::Tenant => &["tid"],
            Self::Audience => &["aud"],
            Self::Client => &["azp", "appid", "client_id", "cid"],
        }
    }
}

/// Claims that identify somebody or something, and their meaning.
const IDENTIFIERS: [(&str, &str); 10] = [
    ("aud", "the API that the token is for (aud)"),
    ("tid", "the tenant (tid)"),
    ("azp", "the client application (azp)"),
    ("appid", "the client application (appid)"),
    ("client_id", "the client application (client_id)"),
    ("cid", "the client application (cid)"),
    ("oid", "the user or service principal (oid)"),
    ("sub", "the subject (sub)"),
    ("iss", "the issuer (iss)"),
    ("xms_par_app_azp", "the parent application (xms_par_app_azp)"),
];

/// An identifier without what its spellings differ in: case, `api://` and a slash at the end.
pub(super) fn folded(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    text.strip_prefix("api://").unwrap_or(&text).trim_end_matches('/').to_owned()
}

/// The tenant and the client id of the API, as they are meant, where each is configured as the other one: both are in the token.
pub(super) fn swapped<'a>(facts: &Facts<'a>) -> Option<(&'a str, String)> {
    let client = facts.audience().map(folded)?;
    let tenant = facts.token.text("tid")?;
    let is_swapped = facts.only_tenant().as_deref() == Some(&*client)
        && facts.api_client_id().or(facts.left_out_client_id()) == Some(tenant)
        && client != tenant;
    is_swapped.then_some((tenant, client))
}

/// A configured value and its meaning in the token, where it is not in the claim that belongs there, but in another one.
pub(super) fn misplaced(facts: &Facts<'_>, place: Place) -> Option<(String, &'static str)> {
    let tenants;
    let configured: Vec<&str> = match place {
        Place::Tenant => {
            tenants = facts.tenants();
            tenants.iter().map(String::as_str).collect()
        }
        Place::Audience => facts.audiences().iter().map(String::as_str).collect(),
        Place::Client => facts.allowed_clients().iter().map(String::as_str).collect(),
    };
    let value_in = |claim: &str| {
        let found: Vec<String> = facts.token.list(claim).into_iter().map(folded).collect();
        configured.iter().find(|value| found.contains(&folded(value))).map(|value| (*value).to_owned())
    };
    if place.claims().iter().any(|claim| value_in(claim).is_some()) {
        return None;
    }
    let mut elsewhere = IDENTIFIERS.iter().filter(|(claim, _)| !place.claims().contains(claim));
    elsewhere.find_map(|(claim, meaning)| Some((value_in(claim)?, *meaning)))
}

/// Whether the token has this value in a claim that identifies something else than a client.
pub(super) fn is_other_identifier(facts: &Facts<'_>, value: &str) -> bool {
    let has = |claim: &str| facts.token.list(claim).into_iter().any(|found| folded(found) == folded(value));
    IDENTIFIERS.iter().any(|(claim, _)| !Place::Client.claims().contains(claim) && has(claim))
}

/// In what two identifiers differ, if it is little.
pub(super) fn difference(one: &str, other: &str) -> Option<&'static str> {
    let without_scheme = |text: &str| text.split_once("://").map(|(_, rest)| rest.to_owned());
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if one.eq_ignore_ascii_case(other) {
        return Some("in upper and lower case");
    }
    if bare(one) == bare(other) {
        return Some("by slashes at the end");
    }
    if without_scheme(&bare(one)).is_some() && without_scheme(&bare(one)) == without_scheme(&bare(other)) {
        return Some("in what stands before :// (http, https, api)");
    }
    let is_path = |long: &str, short: &str| long.strip_prefix(&*bare(short)).is_some_and(|path| path.starts_with('/'));
    if is_path(one, other) || is_path(other, one) {
        return Some("by a path");
    }
    let folded = |text: &str| without_scheme(&bare(text)).unwrap_or_else(|| bare(text)).to_ascii_lowercase();
    (folded(one) == folded(other)).then_some("in what stands before :// and in upper and lower case")
}

/// Whether tokens of other applications have this audience too, so that no API may accept it.
pub(super) fn is_shared_audience(facts: &Facts<'_>, audience: &str) -> bool {
    const SHARED: [&str; 6] =
        ["account", "https://sts.windows.net", "https://kubernetes.default.svc", "sts.amazonaws.com", "api", "default"];
    let hosts = [facts.token.text("iss"), facts.configured_issuer()].into_iter().flatten().filter_map(host_and_path);
    let hosts: Vec<&str> = hosts.map(|(host, _)| host).collect();
    let is_address_of_provider =
        host_and_path(audience).is_some_and(|(host, _)| hosts.iter().any(|issuer| issuer.eq_ignore_ascii_case(host)));
    microsoft_api(audience).is_some()
        || SHARED.contains(&audience.trim_end_matches('/'))
        || audience.starts_with("https://github.com/")
        || audience.ends_with("/userinfo")
        || is_address_of_provider
        || facts.client().is_some_and(|client| folded(client) == folded(audience))
        || facts.tenants().iter().any(|tenant| *tenant == folded(audience))
        || facts.token.text("tid").is_some_and(|tenant| folded(tenant) == folded(audience))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_described() {
        for (one, other, said) in [
            ("api://orders", "API://Orders", Some("in upper and lower case")),
            ("api://orders", "api://orders//", Some("by slashes at the end")),
            ("https://orders.example", "http://orders.example", Some("in what stands before :// (http, https, api)")),
            ("https://orders.example", "https://orders.example/v1", Some("by a path")),
            ("https://orders.example/v1", "https://orders.example/", Some("by a path")),
            (
                "https://orders.example",
                "http://Orders.example",
                Some("in what stands before :// and in upper and lower case"),
            ),
            ("api://orders", "api://orders2", None),
            ("a", "b", None),
            ("", "", Some("in upper and lower case")),
        ] {
            assert_eq!(difference(one, other), said, "{one} {other}");
        }
    }
}
