//! `openid-config`, `issuers` and `issuer-signing-keys`: whose tokens are accepted.

use std::collections::BTreeMap;

use super::{draft::Draft, url::Metadata};
use crate::{
    claims::TokenVersion,
    config::{
        address::{self, Form},
        flaw::Flaw,
        key::Key,
        value::{ConfigValue, Data},
    },
    error::ConfigProblemKind::{Missing, TooLarge},
    tenant::{Cloud, Instance},
};

/// A value and where it stands.
pub(super) type Placed<T> = (String, T);

/// Whose tokens a policy accepts.
#[derive(Default)]
pub(super) struct Trust {
    /// The addresses as they stand, and what they name.
    pub(super) metadata: Vec<Placed<(String, Metadata)>>,
    pub(super) issuers: Vec<Placed<String>>,
    /// Keys that stand in the policy, each as a JWK.
    pub(super) keys: Vec<Placed<ConfigValue>>,
    /// Something of it could not be read.
    pub(super) is_spoilt: bool,
}

/// The members of an authority.
type Members = Vec<(Key, ConfigValue)>;

/// Which tokens of which tenants of one instance are accepted.
struct Tenant {
    place: String,
    instance: Instance,
    text: String,
    versions: Vec<TokenVersion>,
}

impl Trust {
    /// The most metadata addresses, and the most issuers, of one policy: each of either is compared with all of the other.
    pub(super) const MOST: usize = 500;

    /// # Errors
    ///
    /// If there are more than can be compared.
    pub(super) fn check_size(&self) -> Result<(), Flaw> {
        let most = Self::MOST;
        if self.metadata.len() > most || self.issuers.len() > most {
            let advice = format!("has more than {most} openid-config or {most} issuers, which is not supported");
            return Err(Flaw::new(TooLarge, advice));
        }
        // Each issuer gets all keys.
        if !self.keys.is_empty() && self.issuers.len() * self.keys.len() > 20 * most {
            let advice = "has too many issuers and issuer-signing-keys; name the keys by openid-config";
            return Err(Flaw::new(TooLarge, advice));
        }
        Ok(())
    }

    /// Puts the authorities into the draft: as the section's own if there is one, as a list if there are several.
    pub(super) fn put(mut self, draft: &mut Draft) {
        if self.is_spoilt {
            draft.spoilt.extend([Key::TenantId, Key::TenantIds, Key::Authority]);
        }
        let mut all = self.entra(draft);
        all.extend(self.b2c(draft));
        all.extend(self.external_id(draft));
        all.extend(self.others(draft));
        all.extend(self.with_keys(draft));
        for (place, issuer) in &self.issuers {
            let advice = match nearly(issuer) {
                Some(right) => format!("{issuer} is no issuer of Entra's: no token has it in iss; {right} is the form"),
                None => format!("tokens of {issuer} are refused here: no openid-config of the policy is that issuer's"),
            };
            draft.note(place, advice);
        }
        match all.len() {
            0 if self.is_spoilt || !draft.problems.is_empty() => draft.spoilt.push(Key::TenantId),
            0 => draft.wrong(
                Missing,
                format!("{}/openid-config", draft.policy),
                None,
                "is missing: whose tokens are accepted? Name the metadata of the tenant, \
                 https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration",
            ),
            1 => draft.members.extend(all.into_iter().flatten()),
            _ => {
                let place = draft.policy.to_owned();
                let authority = |members: Members| {
                    let name = members.first().map_or_else(|| place.clone(), |(_, node)| node.name.clone());
                    let members = members.into_iter().map(|(key, node)| (key.name().to_owned(), node));
                    ConfigValue::new(name, Data::Object(members.collect()))
                };
                let authorities = all.into_iter().map(authority).collect();
                draft.list(Key::Authorities, &place, authorities);
            }
        }
    }

    /// Takes the issuers out for which there is something, and gives it.
    fn take<T>(&mut self, mut of: impl FnMut(&str) -> Option<T>) -> Vec<Placed<T>> {
        let mut taken = Vec::new();
        self.issuers.retain(|(place, issuer)| match of(issuer) {
            Some(found) => {
                taken.push((place.clone(), found));
                false
            }
            None => true,
        });
        taken
    }

    fn entra(&mut self, draft: &mut Draft) -> Vec<Members> {
        let mut tenants: Vec<Tenant> = Vec::new();
        for (place, (_, metadata)) in &self.metadata {
            let Metadata::Entra { instance, tenant, version, app_id } = metadata else { continue };
            if let Some(app_id) = app_id {
                let advice = format!(
                    "asks for the keys that the application {app_id} has for itself, which is not carried over: if it has any, \
                     say app_specific_keys(true) and client_id(…)"
                );
                draft.note(place, advice);
            }
            let (place, text) = (place.clone(), tenant.clone());
            add(&mut tenants, Tenant { place, instance: instance.clone(), text, versions: vec![*version] });
        }
        let own: Vec<String> = tenants.iter().filter(|tenant| tenant.instance.cloud().is_none()).map(base_of).collect();
        let of_own = self.take(|issuer| own.iter().any(|base| issuer.starts_with(base)).then_some(()));
        learnt(&of_own, draft);
        let instances: Vec<Instance> = tenants.iter().map(|tenant| tenant.instance.clone()).collect();
        let mut listed = self.take(|issuer| {
            let (instance, text, version) = instances.iter().find_map(|instance| named_by(instance, issuer))?;
            Some((instance, text, version))
        });
        listed.retain(|(_, (instance, text, version))| {
            // The template itself: of every tenant that the address stands for.
            let is_template = text == "{tenantid}";
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
                    let advice = "stands for many tenants, of which the issuers name some: those alone are accepted";
                    draft.note(&tenant.place, advice);
                }
                !is_keyword
            });
        }
        let is_listed = |tenant: &Tenant| {
            listed.iter().any(|(_, (_, text, version))| *text == tenant.text && tenant.versions == [*version])
        };
        for tenant in tenants.iter().filter(|tenant| !listed.is_empty() && !is_listed(tenant)) {
            draft.note(&tenant.place, "its own issuer is accepted too, beside those under issuers");
        }
        for (place, (instance, text, version)) in listed {
            add(&mut tenants, Tenant { place, instance, text, versions: vec![version] });
        }
        let mut groups: BTreeMap<(String, bool, bool), Vec<Tenant>> = BTreeMap::new();
        for tenant in tenants {
            if address::keyword(&tenant.text).is_some() {
                let advice =
                    format!("{} lets anybody in who has an account there: name the tenants, if you can", tenant.text);
                draft.note(&tenant.place, advice);
            }
            let has = |version| tenant.versions.contains(&version);
            let key = (tenant.instance.base().to_owned(), has(TokenVersion::V1), has(TokenVersion::V2));
            groups.entry(key).or_default().push(tenant);
        }
        groups.into_iter().map(|((base, v1, v2), tenants)| group(base, v1, v2, tenants, draft)).collect()
    }

    fn b2c(&mut self, draft: &mut Draft) -> Vec<Members> {
        let metadata = std::mem::take(&mut self.metadata);
        let mut all: BTreeMap<(String, String), Members> = BTreeMap::new();
        for (place, (_, found)) in &metadata {
            let Metadata::B2c { base, tenant, policy } = found else { continue };
            let text = |text: &str| ConfigValue::new(place, Data::Text(text.to_owned()));
            let tenant = tenant.clone().unwrap_or_default();
            let members = all.entry((base.clone(), tenant.to_ascii_lowercase())).or_default();
            if let Some((_, policies)) = members.iter_mut().find(|(key, _)| *key == Key::Policies) {
                if let Data::List(policies) = &mut policies.data {
                    policies.push(text(policy));
                }
                continue;
            }
            if !members.is_empty() {
                members.push((Key::Policies, ConfigValue::new(place, Data::List(vec![text(policy)]))));
                continue;
            }
            members.push((Key::Instance, text(base)));
            if !tenant.is_empty() {
                members.push((Key::TenantId, text(&tenant)));
            }
            members.push((Key::Policy, text(policy)));
        }
        self.metadata = metadata;
        let mut found = Vec::new();
        for ((base, _), mut members) in all {
            let issuers = self.take(|issuer| {
                let rest = issuer.strip_prefix(&base)?.strip_prefix('/')?;
                Some(rest.to_ascii_lowercase().starts_with("tfp/"))
            });
            if let Some((place, _)) = issuers.iter().find(|(_, is_tfp)| *is_tfp) {
                members.push((Key::AcceptTfpIssuers, ConfigValue::new(place, Data::Other("true".to_owned()))));
            }
            learnt(&issuers, draft);
            found.push(members);
        }
        found
    }

    fn external_id(&mut self, draft: &mut Draft) -> Vec<Members> {
        let mut all: Vec<Members> = Vec::new();
        for (place, (_, metadata)) in &self.metadata {
            let Metadata::ExternalId { base, tenant } = metadata else { continue };
            let text = |text: &str| ConfigValue::new(place, Data::Text(text.to_owned()));
            let mut members = vec![(Key::Instance, text(base))];
            members.extend(tenant.iter().map(|tenant| (Key::TenantId, text(tenant))));
            all.push(members);
        }
        if !all.is_empty() {
            let issuers = self.take(|issuer| (address::form(issuer) == Some(Form::ExternalId)).then_some(()));
            learnt(&issuers, draft);
        }
        all
    }

    fn others(&mut self, draft: &mut Draft) -> Vec<Members> {
        let mut all = Vec::new();
        let metadata = std::mem::take(&mut self.metadata);
        let other = |(place, (url, metadata)): Placed<(String, Metadata)>| match metadata {
            Metadata::Other { issuer } => Some((place, url, issuer)),
            _ => None,
        };
        let others: Vec<(String, String, Option<String>)> = metadata.into_iter().filter_map(other).collect();
        let is_only = others.len() == 1;
        for (place, url, guess) in others {
            let is_guess = |issuer: &str| {
                guess.as_ref().is_some_and(|guess| issuer.trim_end_matches('/') == guess.trim_end_matches('/'))
            };
            let mut taken = false;
            let mut exact = self.take(|issuer| {
                let is_it = !taken && is_guess(issuer);
                taken |= is_it;
                is_it.then(|| issuer.to_owned())
            });
            if exact.is_empty() && is_only {
                exact = self.take(|issuer| {
                    let is_it = !std::mem::replace(&mut taken, true);
                    is_it.then(|| issuer.to_owned())
                });
            }
            let Some((at, issuer)) = exact.pop().or_else(|| {
                let guess = guess.clone()?;
                let advice = format!(
                    "the issuer is not in the address, and is taken to be {guess}: if the metadata says another (with a slash \
                     at its end, say), name that under issuers"
                );
                draft.note(&place, advice);
                Some((place.clone(), guess))
            }) else {
                draft.wrong(Missing, &place, Some(&url), "does not say whose metadata it is; name the issuer under issuers");
                draft.spoilt.push(Key::Authority);
                continue;
            };
            let mut members = Vec::new();
            if address::form(&issuer) != Some(Form::OpenIdConnect) {
                members.push((Key::Kind, ConfigValue::new(&at, Data::Text("OpenIdConnect".to_owned()))));
            }
            let is_behind = is_guess(&issuer);
            members.push((Key::Authority, ConfigValue::new(&at, Data::Text(issuer))));
            if !is_behind {
                members.push((Key::MetadataAddress, ConfigValue::new(&place, Data::Text(url))));
            }
            draft.note(&place, "RS256 alone is accepted; name other algorithms of this issuer under Algorithms");
            all.push(members);
        }
        all
    }

    /// Keys that stand in the policy count for the issuers it names, if nothing else has their keys.
    fn with_keys(&mut self, draft: &mut Draft) -> Vec<Members> {
        let Some((place, _)) = self.keys.first() else { return Vec::new() };
        let place = place.clone();
        if self.issuers.is_empty() {
            let advice = "are not carried over: keys stand for an issuer that has no openid-config, and there is none under \
                          issuers";
            draft.note(&place, advice);
            return Vec::new();
        }
        let keys: Vec<ConfigValue> = self.keys.iter().map(|(_, key)| key.clone()).collect();
        let document = ConfigValue::new(
            &place,
            Data::Object(vec![("keys".to_owned(), ConfigValue::new(&place, Data::List(keys)))]),
        );
        draft.note(
            &place,
            "are used as they stand, and never renewed; a JwksUri or an openid-config would follow the issuer",
        );
        let issuers = std::mem::take(&mut self.issuers);
        let authority = |(at, issuer): Placed<String>| {
            let kind = ConfigValue::new(&at, Data::Text("OpenIdConnect".to_owned()));
            let authority = ConfigValue::new(&at, Data::Text(issuer));
            vec![(Key::Kind, kind), (Key::Authority, authority), (Key::StaticKeys, document.clone())]
        };
        issuers.into_iter().map(authority).collect()
    }
}

/// Adds a tenant, or what it has more to one that is there.
fn add(tenants: &mut Vec<Tenant>, tenant: Tenant) {
    let is_same =
        |known: &&mut Tenant| known.instance == tenant.instance && known.text.eq_ignore_ascii_case(&tenant.text);
    match tenants.iter_mut().find(is_same) {
        Some(known) => known.versions.extend(tenant.versions),
        None => tenants.push(tenant),
    }
}

/// The tenant and the version that an issuer of a known cloud names.
fn named_by(instance: &Instance, issuer: &str) -> Option<(Instance, String, TokenVersion)> {
    let cloud = instance.cloud()?;
    let forms = [(TokenVersion::V2, Some(cloud.v2_issuer())), (TokenVersion::V1, cloud.v1_issuer())];
    forms.into_iter().find_map(|(version, template)| {
        let template = template?;
        let text = match template.tenant_of(issuer) {
            Some(tenant) => tenant.to_string(),
            None if template.to_string() == issuer => "{tenantid}".to_owned(),
            None => return None,
        };
        Some((instance.clone(), text, version))
    })
}

/// The members for tenants of one instance whose tokens of the same versions are accepted.
fn group(base: String, v1: bool, v2: bool, tenants: Vec<Tenant>, draft: &mut Draft) -> Members {
    let place = tenants.first().map(|tenant| tenant.place.clone()).unwrap_or_default();
    let mut members: Members = Vec::new();
    match tenants.as_slice() {
        [only] => members.push((Key::TenantId, ConfigValue::new(&only.place, Data::Text(only.text.clone())))),
        several => {
            let texts = several.iter().map(|tenant| ConfigValue::new(&tenant.place, Data::Text(tenant.text.clone())));
            members.push((Key::TenantIds, ConfigValue::new(&place, Data::List(texts.collect()))));
        }
    }
    members.push((Key::Instance, ConfigValue::new(&place, Data::Text(base))));
    if v1 != v2 {
        let (version, other) = if v1 { ("1.0", "v2.0") } else { ("2.0", "v1.0") };
        let advice = format!(
            "accepts tokens of version {version} alone, as this policy does; without Version, those of {other} are accepted \
             too, which the API's registration decides about"
        );
        draft.note(&place, advice);
        members.push((Key::Version, ConfigValue::new(&place, Data::Text(version.to_owned()))));
    }
    members
}

fn base_of(tenant: &Tenant) -> String {
    format!("{}/", tenant.instance.base())
}

fn learnt<T>(issuers: &[Placed<T>], draft: &mut Draft) {
    for (place, _) in issuers {
        draft.note(place, "is learnt from the metadata, and need not be named");
    }
}

/// The form that an issuer of Entra's has, where one is nearly it.
fn nearly(issuer: &str) -> Option<String> {
    let bare = issuer.trim_end_matches('/');
    let variants = [bare.to_owned(), format!("{bare}/"), bare.replacen("http://", "https://", 1)];
    Cloud::ALL.into_iter().find_map(|cloud| {
        let forms = [Some(cloud.v2_issuer()), cloud.v1_issuer()].into_iter().flatten();
        let mut right = forms.flat_map(|form| variants.iter().filter(move |text| form.tenant_of(text).is_some()));
        right.next().filter(|right| *right != issuer).cloned()
    })
}
