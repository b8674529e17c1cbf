//! The tenants of Entra that a policy trusts.

use std::collections::BTreeMap;

use super::{
    import::PolicyImport,
    trust::{Members, TEMPLATE, Trust, note_discovered_issuers},
    url::PolicyMetadata,
    value::Imported,
};
use crate::{claims::TokenVersion, config::address, tenant::Instance};

/// A tenant of an instance, and the versions of its tokens that are accepted.
struct Tenant {
    place: String,
    instance: Instance,
    text: String,
    versions: Vec<TokenVersion>,
}

impl Trust {
    /// The authorities of Entra, and whether one of them is a keyword such as `common`.
    pub(super) fn entra(&mut self, import: &mut PolicyImport) -> (Vec<Members>, bool) {
        let mut tenants: Vec<Tenant> = Vec::new();
        for (place, (_, metadata)) in &self.metadata {
            let PolicyMetadata::Entra { instance, tenant, version, .. } = metadata else { continue };
            let (place, text) = (place.clone(), tenant.clone());
            add(&mut tenants, Tenant { place, instance: instance.clone(), text, versions: vec![*version] });
        }
        let own: Vec<String> = tenants.iter().filter(|tenant| tenant.instance.cloud().is_none()).map(base_of).collect();
        let of_own = self.take(|issuer| own.iter().any(|base| issuer.starts_with(base)).then_some(()));
        note_discovered_issuers(&of_own, import);
        let instances: Vec<Instance> = tenants.iter().map(|tenant| tenant.instance.clone()).collect();
        let mut listed = self.take(|issuer| {
            let (instance, text, version) = instances.iter().find_map(|instance| named_by(instance, issuer))?;
            Some((instance, text, version))
        });
        listed.retain(|(_, (instance, text, version))| {
            // The template itself: every tenant that the address stands for.
            let is_template = text == TEMPLATE;
            for tenant in tenants.iter_mut().filter(|tenant| is_template && tenant.instance == *instance) {
                if address::keyword(&tenant.text).is_some() {
                    tenant.versions.push(*version);
                }
            }
            !is_template
        });
        if !listed.is_empty() {
            tenants.retain(|tenant| {
                let is_keyword = address::keyword(&tenant.text).is_some();
                if is_keyword {
                    let advice = "stands for many tenants, but only those that are listed under issuers are accepted";
                    import.note(&tenant.place, advice);
                }
                !is_keyword
            });
        }
        let is_listed = |tenant: &Tenant| {
            listed.iter().any(|(_, (_, text, version))| *text == tenant.text && tenant.versions == [*version])
        };
        for tenant in tenants.iter().filter(|tenant| !listed.is_empty() && !is_listed(tenant)) {
            import.note(&tenant.place, "its own issuer is accepted too, in addition to those under issuers");
        }
        for (place, (instance, text, version)) in listed {
            add(&mut tenants, Tenant { place, instance, text, versions: vec![version] });
        }
        let tenants = split_by_version(tenants);
        let mut has_keyword = false;
        let mut groups: BTreeMap<(String, bool, bool), Vec<Tenant>> = BTreeMap::new();
        for tenant in tenants {
            if address::keyword(&tenant.text).is_some() {
                has_keyword = true;
                let advice =
                    format!("{} accepts every account of its kind: name the tenants, if possible", tenant.text);
                import.note(&tenant.place, advice);
            }
            let has = |version| tenant.versions.contains(&version);
            let key = (tenant.instance.base().to_owned(), has(TokenVersion::V1), has(TokenVersion::V2));
            groups.entry(key).or_default().push(tenant);
        }
        let groups = groups.into_iter().map(|((base, v1, v2), tenants)| group(base, v1, v2, tenants, import));
        (groups.collect(), has_keyword)
    }
}

/// Adds a tenant, or its versions to the one that is there.
fn add(tenants: &mut Vec<Tenant>, tenant: Tenant) {
    let is_same =
        |known: &&mut Tenant| known.instance == tenant.instance && known.text.eq_ignore_ascii_case(&tenant.text);
    match tenants.iter_mut().find(is_same) {
        Some(known) => known.versions.extend(tenant.versions),
        None => tenants.push(tenant),
    }
}

/// Splits the tenants whose tokens of both versions are accepted, where a tenant is named by its domain and has other versions:
/// it may be the same as one that is named by its GUID, and no two authorities may accept the same tokens.
fn split_by_version(tenants: Vec<Tenant>) -> Vec<Tenant> {
    let has = |tenant: &Tenant, version| tenant.versions.contains(&version);
    let versions = |tenant: &Tenant| (has(tenant, TokenVersion::V1), has(tenant, TokenVersion::V2));
    let needs_split = |tenant: &Tenant| {
        let mut others = tenants.iter().filter(|other| other.instance == tenant.instance);
        let has_domain = others.clone().any(|other| address::is_domain(&other.text));
        has_domain && others.any(|other| versions(other) != versions(tenant))
    };
    let is_split: Vec<bool> = tenants.iter().map(needs_split).collect();
    let mut split = Vec::new();
    for (tenant, is_split) in tenants.into_iter().zip(is_split) {
        if !is_split || !has(&tenant, TokenVersion::V1) || !has(&tenant, TokenVersion::V2) {
            split.push(tenant);
            continue;
        }
        for version in [TokenVersion::V1, TokenVersion::V2] {
            let Tenant { place, instance, text, .. } = &tenant;
            let (place, instance, text) = (place.clone(), instance.clone(), text.clone());
            split.push(Tenant { place, instance, text, versions: vec![version] });
        }
    }
    split
}

/// The tenant and the version that an issuer of a known cloud names.
fn named_by(instance: &Instance, issuer: &str) -> Option<(Instance, String, TokenVersion)> {
    let cloud = instance.cloud()?;
    let forms = [(TokenVersion::V2, Some(cloud.v2_issuer())), (TokenVersion::V1, cloud.v1_issuer())];
    forms.into_iter().find_map(|(version, template)| {
        let template = template?;
        let text = match template.tenant_of(issuer) {
            Some(tenant) => tenant.to_string(),
            None if template.to_string() == issuer => TEMPLATE.to_owned(),
            None => return None,
        };
        Some((instance.clone(), text, version))
    })
}

/// The members for tenants of one instance whose tokens of the same versions are accepted.
fn group(base: String, v1: bool, v2: bool, tenants: Vec<Tenant>, import: &mut PolicyImport) -> Members {
    let place = tenants.first().map(|tenant| tenant.place.clone()).unwrap_or_default();
    let mut members: Members = Vec::new();
    match tenants.as_slice() {
        [only] => members.push(("TenantId", Imported::new(&only.place, only.text.clone()))),
        several => {
            let texts = several.iter().map(|tenant| Imported::new(&tenant.place, tenant.text.clone()));
            members.push(("TenantIds", Imported::list(&place, texts.collect())));
        }
    }
    members.push(("Instance", Imported::new(&place, base)));
    if v1 != v2 {
        let (version, other) = if v1 { ("1.0", "v2.0") } else { ("2.0", "v1.0") };
        let advice = format!(
            "only tokens of version {version} are accepted, as in API Management; without Version, those of {other} are \
             accepted too. The API's app registration decides which version it gets"
        );
        import.note(&place, advice);
        members.push(("Version", Imported::new(&place, version)));
    }
    members
}

fn base_of(tenant: &Tenant) -> String {
    format!("{}/", tenant.instance.base())
}
