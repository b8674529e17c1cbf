//! `MetadataAddress` of authorities whose metadata has a known URL, which it must equal.

use super::{
    address::{self, AuthorityKind, ParsedAuthority},
    flaw::Flaw,
    identifier,
    key::Key,
    location::Named,
    rules::Rules,
};
use crate::{
    authority::{Authority, AuthoritySpec, Tenants, WELL_KNOWN},
    error::ConfigProblemKind::Conflict,
    tenant::HttpsUrl,
};

impl Rules<'_> {
    /// Refuses another metadata URL than that of `authority`, which is `None` if a problem was reported.
    pub(super) fn check_metadata_address(&mut self, kind: AuthorityKind, authority: Option<&Authority>) {
        if !kind.has_guids() {
            return;
        }
        let config = self.config;
        for metadata in config.authority_section.all(Key::MetadataAddress) {
            let checked = self.metadata_flaw(metadata, kind, authority);
            self.accepted(&metadata.name, &metadata.value, checked.map_or(Ok(()), Err));
        }
    }

    fn metadata_flaw(
        &self,
        metadata: &Named<String>,
        kind: AuthorityKind,
        authority: Option<&Authority>,
    ) -> Option<Flaw> {
        let checked = match HttpsUrl::parse(&metadata.value) {
            Ok(checked) => checked,
            Err(error) => return Some(error.into()),
        };
        let (plain, query) = metadata.value.split_once('?').unwrap_or((&metadata.value, ""));
        // B2C also accepts the policy as a parameter.
        let policy = query.strip_prefix("p=").filter(|policy| kind == AuthorityKind::B2c && !policy.contains('&'));
        if !query.is_empty() && policy.is_none() && !self.asks_for_own_keys(query) {
            return Some(address::query_flaw(&checked, query, kind));
        }
        let Some(start) = plain.trim_end_matches('/').strip_suffix(WELL_KNOWN) else {
            return Some(Flaw::invalid(format!(
                "is not the address of metadata, which ends in {WELL_KNOWN}; leave it out"
            )));
        };
        let parsed = address::authority(start, kind).map(|parsed| match parsed {
            ParsedAuthority::B2c { base, tenant, policy: None } => {
                ParsedAuthority::B2c { base, tenant, policy: policy.map(str::to_owned) }
            }
            parsed => parsed,
        });
        match (parsed, authority) {
            (Ok(_), None) => None,
            (Ok(parsed), Some(authority)) if is_of(&parsed, &authority.spec) => None,
            (Ok(_), Some(authority)) => {
                let advice = format!(
                    "is not the metadata of {authority}, which the other settings name; leave it out, or correct them"
                );
                Some(Flaw::new(Conflict, advice))
            }
            (Err(flaw), _) => Some(flaw),
        }
    }

    /// Whether a query is the one that `AppSpecificKeys` adds.
    fn asks_for_own_keys(&self, query: &str) -> bool {
        let config = self.config;
        let is_on = config.app_specific_keys.iter().any(|own| own.value);
        let wanted = query.strip_prefix("appid=").and_then(identifier::guid);
        is_on
            && wanted.is_some_and(|id| {
                config.client_ids.iter().any(|client| identifier::guid(&client.value) == Some(id.clone()))
            })
    }
}

/// Whether a URL is that of the authority.
fn is_of(parsed: &ParsedAuthority, spec: &AuthoritySpec) -> bool {
    let same =
        |tenant: &Option<String>, own: &str| tenant.as_ref().is_some_and(|tenant| tenant.eq_ignore_ascii_case(own));
    match (parsed, spec) {
        (ParsedAuthority::Entra { instance, tenant }, AuthoritySpec::Entra(entra)) => {
            let own = match &entra.tenants {
                Tenants::One(id) => id.to_string(),
                Tenants::Domain(domain) => domain.clone(),
                Tenants::List { .. } | Tenants::AnyOrganization => "organizations".to_owned(),
                Tenants::AnyAccount => "common".to_owned(),
                Tenants::PersonalAccounts => "consumers".to_owned(),
            };
            *instance == entra.instance && tenant.eq_ignore_ascii_case(&own)
        }
        (ParsedAuthority::B2c { base, tenant, policy: Some(policy) }, AuthoritySpec::B2c(b2c)) => {
            let has_policy = b2c.policies.iter().any(|own| own.eq_ignore_ascii_case(policy));
            *base == b2c.address && same(tenant, &b2c.tenant) && has_policy
        }
        (ParsedAuthority::ExternalId { base, tenant }, AuthoritySpec::ExternalId(external)) => {
            *base == external.address && same(tenant, &external.tenant)
        }
        _ => false,
    }
}
