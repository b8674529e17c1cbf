//! `openid-config`, `issuers` and `issuer-signing-keys`: the token issuers that are trusted.

use std::collections::{BTreeMap, HashSet};

use roxmltree::Node as Element;

use super::{
    claims,
    import::PolicyImport,
    placeholder::is_placeholder,
    trust::{Members, Placed, TEMPLATE, Trust, UnusableKey, closest_issuer, note_discovered_issuers},
    url::PolicyMetadata,
    value::Imported,
};
use crate::{
    config::address::{self, AuthorityKind},
    error::ConfigProblemKind::{self, Conflict, Invalid, Missing, TooLarge},
    tenant::{MicrosoftHost, TenantId, after_https},
};

/// An application whose own keys are requested.
struct Application {
    place: String,
    id: String,
}

impl Trust {
    /// The maximum of metadata addresses, and of issuers, in one policy: each of either is compared with all of the other.
    pub(super) const MOST: usize = 500;

    /// Reads `issuers`.
    pub(super) fn read_issuers(&mut self, element: Element<'_, '_>, place: &str, import: &mut PolicyImport) {
        let problems = import.problems.len();
        for (at, text) in claims::texts(element, "issuer", place, import) {
            let Some(issuer) = import.evaluated(&at, &text) else { continue };
            if issuer.is_empty() {
                import.problem(Invalid, at, Some(""), "is empty; name the issuer, or remove the element");
            } else if is_placeholder(&issuer.replace(TEMPLATE, "")) {
                let advice = "is a placeholder; replace it with the issuer, as its tokens have it in iss";
                import.problem(Invalid, at, Some(&issuer), advice);
            } else {
                self.issuers.push((at, issuer));
            }
        }
        self.has_invalid_issuers = import.problems.len() > problems;
    }

    /// Adds a key that cannot be imported.
    pub(super) fn refuse_key(&mut self, place: String, kind: ConfigProblemKind, advice: &'static str) {
        self.has_keys = true;
        self.unusable.push(UnusableKey { place, kind, advice });
    }

    /// Each list is compared with the other, and each issuer gets all keys.
    fn check_size(&self) -> Result<(), String> {
        let most = Self::MOST;
        if self.metadata.len() > most || self.issuers.len() > most {
            return Err(format!("has more than {most} openid-config or {most} issuers, which is not supported"));
        }
        if !self.keys.is_empty() && self.issuers.len() * self.keys.len() > 20 * most {
            return Err("has too many issuers and issuer-signing-keys; name the keys by openid-config".to_owned());
        }
        Ok(())
    }

    /// Puts the authorities: as the section's own if there is one, as a list if there are several.
    pub(super) fn put(mut self, audiences: &[String], import: &mut PolicyImport) {
        if let Err(advice) = self.check_size() {
            return import.problem(TooLarge, import.policy, None, advice);
        }
        let applications = self.applications();
        self.read_custom_domains(import);
        let (mut all, has_keyword) = self.entra(import);
        let is_entra = all.len() == 1 && !has_keyword;
        all.extend(self.b2c(import));
        all.extend(self.external_id(import));
        all.extend(self.others(import));
        all.extend(self.with_keys(import));
        self.report_unusable_keys(all.is_empty(), import);
        for (place, issuer) in &self.issuers {
            let advice = match closest_issuer(issuer) {
                Some(right) => {
                    format!("{issuer} is not an issuer of Entra, so no token has it in iss; the form is {right}")
                }
                None => format!("tokens of {issuer} are rejected here: no openid-config of the policy belongs to it"),
            };
            import.note(place, advice);
        }
        let app_id = application_keys(applications, audiences, is_entra && all.len() == 1, import);
        match all.len() {
            0 if self.has_openid_config || self.has_keys => {}
            0 => {
                let advice = "is missing; name the metadata of the tenant, \
                              https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration";
                import.problem(Missing, format!("{}/openid-config", import.policy), None, advice);
            }
            1 => import.members.extend(all.into_iter().flatten().chain(app_id)),
            _ => {
                let policy = import.policy;
                let authority = |members: Members| {
                    let place = members.first().map_or(policy.to_owned(), |(_, value)| value.place.clone());
                    Imported::object(place, members)
                };
                import.put_list("Authorities", policy, all.into_iter().map(authority).collect());
            }
        }
    }

    fn applications(&self) -> Vec<Application> {
        let application = |(place, (_, metadata)): &Placed<(String, PolicyMetadata)>| match metadata {
            PolicyMetadata::Entra { app_id: Some(id), .. } | PolicyMetadata::ExternalId { app_id: Some(id), .. } => {
                Some(Application { place: place.clone(), id: id.clone() })
            }
            _ => None,
        };
        self.metadata.iter().filter_map(application).collect()
    }

    fn report_unusable_keys(&self, is_only_trust: bool, import: &mut PolicyImport) {
        for UnusableKey { place, kind, advice } in &self.unusable {
            if is_only_trust && !self.has_openid_config {
                import.problem(*kind, place, None, *advice);
            } else {
                import.note(place, format!("{advice}. Tokens signed with it are rejected"));
            }
        }
    }

    /// Takes the issuers for which `of` has a value, and returns the values.
    pub(super) fn take<T>(&mut self, mut of: impl FnMut(&str) -> Option<T>) -> Vec<Placed<T>> {
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

    /// Finds out what metadata is that has the form of Entra at a host that is not Microsoft's: the issuers tell.
    fn read_custom_domains(&mut self, import: &mut PolicyImport) {
        let mut metadata = std::mem::take(&mut self.metadata);
        metadata.retain_mut(|(place, (url, metadata))| {
            let PolicyMetadata::Entra { instance, tenant, app_id, .. } = metadata else { return true };
            let base = instance.base().to_owned();
            let is_custom = instance.cloud().is_none() && after_https(&base).is_some();
            let is_its_own = |issuer: &str| issuer.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/'));
            if !is_custom || self.issuers.iter().any(|(_, issuer)| is_its_own(issuer)) {
                return true;
            }
            let ids = self.issuers.iter().filter_map(|(_, issuer)| MicrosoftHost::external_id_tenant(issuer));
            let mut ids: HashSet<TenantId> = ids.collect();
            if let Ok(named) = tenant.parse::<TenantId>()
                && !ids.is_empty()
            {
                ids.retain(|id| *id == named);
                if ids.is_empty() {
                    let advice = "names another tenant of External ID than issuers; correct one of them";
                    import.problem(Conflict, &*place, Some(url), advice);
                    return false;
                }
            }
            let mut ids = ids.into_iter();
            match (ids.next(), ids.next()) {
                (Some(id), None) => {
                    *metadata = PolicyMetadata::ExternalId { base, tenant: Some(id.to_string()), app_id: app_id.take() };
                    true
                }
                (Some(_), Some(_)) => {
                    let advice = "is at a custom domain, and the issuers name several tenants of External ID; use an address \
                                  at ciamlogin.com for each";
                    import.problem(Conflict, &*place, Some(url), advice);
                    false
                }
                (None, _) if !self.issuers.is_empty() => {
                    *metadata = PolicyMetadata::Other { issuer: None };
                    true
                }
                (None, _) if self.has_invalid_issuers => false,
                (None, _) => {
                    let advice = "is at a custom domain, which does not tell the issuer; name it under issuers (of External \
                                  ID it is https://{tenant ID}.ciamlogin.com/{tenant ID}/v2.0)";
                    import.problem(Missing, &*place, Some(url), advice);
                    false
                }
            }
        });
        self.metadata = metadata;
    }

    fn b2c(&mut self, import: &mut PolicyImport) -> Vec<Members> {
        let metadata = std::mem::take(&mut self.metadata);
        let mut all: BTreeMap<(String, String), Members> = BTreeMap::new();
        for (place, (_, found)) in &metadata {
            let PolicyMetadata::B2c { base, tenant, policy } = found else { continue };
            let text = |text: &str| Imported::new(place, text);
            let tenant = tenant.clone().unwrap_or_default();
            let members = all.entry((base.clone(), tenant.to_ascii_lowercase())).or_default();
            if let Some((_, policies)) = members.iter_mut().find(|(setting, _)| *setting == "Policies") {
                policies.push(text(policy));
                continue;
            }
            if !members.is_empty() {
                members.push(("Policies", Imported::list(place, vec![text(policy)])));
                continue;
            }
            if address::form(base) != Some(AuthorityKind::B2c) {
                members.push(("Kind", text("B2C")));
            }
            members.push(("Instance", text(base)));
            if !tenant.is_empty() {
                members.push(("TenantId", text(&tenant)));
            }
            members.push(("SignUpSignInPolicyId", text(policy)));
        }
        self.metadata = metadata;
        let mut found = Vec::new();
        for ((base, _), mut members) in all {
            let issuers = self.take(|issuer| {
                let rest = issuer.strip_prefix(&base)?.strip_prefix('/')?;
                Some(rest.to_ascii_lowercase().starts_with("tfp/"))
            });
            if let Some((place, _)) = issuers.iter().find(|(_, is_tfp)| *is_tfp) {
                members.push(("AcceptTfpIssuers", Imported::new(place, true)));
            }
            note_discovered_issuers(&issuers, import);
            found.push(members);
        }
        found
    }

    fn external_id(&mut self, import: &mut PolicyImport) -> Vec<Members> {
        let mut all: Vec<Members> = Vec::new();
        let mut tenants: Vec<Option<TenantId>> = Vec::new();
        for (place, (_, metadata)) in &self.metadata {
            let PolicyMetadata::ExternalId { base, tenant, .. } = metadata else { continue };
            let text = |text: &str| Imported::new(place, text);
            let mut members = Vec::new();
            if address::form(base) != Some(AuthorityKind::ExternalId) {
                members.push(("Kind", text("ExternalId")));
            }
            members.push(("Instance", text(base)));
            members.extend(tenant.iter().map(|tenant| ("TenantId", text(tenant))));
            tenants.push(tenant.as_ref().and_then(|tenant| tenant.parse().ok()));
            all.push(members);
        }
        if !all.is_empty() {
            // Of a tenant that is named by its domain, the GUID is not known.
            let is_any = tenants.contains(&None);
            let issuers = self.take(|issuer| {
                let id = MicrosoftHost::external_id_tenant(issuer);
                let is_its_own = is_any || id.is_none() || tenants.contains(&id);
                (address::form(issuer) == Some(AuthorityKind::ExternalId) && is_its_own).then_some(())
            });
            note_discovered_issuers(&issuers, import);
        }
        all
    }

    fn others(&mut self, import: &mut PolicyImport) -> Vec<Members> {
        let mut all = Vec::new();
        let other = |(place, (url, metadata)): &Placed<(String, PolicyMetadata)>| match metadata {
            PolicyMetadata::Other { issuer } => Some((place.clone(), url.clone(), issuer.clone())),
            _ => None,
        };
        let others: Vec<(String, String, Option<String>)> = self.metadata.iter().filter_map(other).collect();
        let is_only = others.len() == 1;
        for (place, url, guess) in others {
            let access_token_issuers = self.adfs_issuers(guess.as_deref());
            let is_guess = |issuer: &str| {
                guess.as_ref().is_some_and(|guess| issuer.trim_end_matches('/') == guess.trim_end_matches('/'))
            };
            let mut taken = false;
            let mut exact = self.take(|issuer| {
                let is_it = !taken && is_guess(issuer);
                taken |= is_it;
                is_it.then(|| issuer.to_owned())
            });
            if exact.is_empty() && is_only && access_token_issuers.is_empty() {
                exact = self.take(|issuer| {
                    let is_it = !std::mem::replace(&mut taken, true);
                    is_it.then(|| issuer.to_owned())
                });
            }
            let Some((at, issuer)) = exact.pop().or_else(|| {
                let guess = guess.clone()?;
                if !access_token_issuers.is_empty() {
                    return Some((place.clone(), guess));
                }
                let advice = format!(
                    "does not name the issuer, which is assumed to be {guess}: if the metadata has another one (with a slash \
                     at its end, for example), add it to issuers"
                );
                import.note(&place, advice);
                Some((place.clone(), guess))
            }) else {
                if !self.has_invalid_issuers {
                    import.problem(Missing, &place, Some(&url), "does not name the issuer; add it to issuers");
                }
                continue;
            };
            let mut members = Vec::new();
            if address::form(&issuer) != Some(AuthorityKind::OpenIdConnect) {
                members.push(("Kind", Imported::new(&at, "OpenIdConnect")));
            }
            let is_behind = is_guess(&issuer);
            members.push(("Authority", Imported::new(&at, issuer)));
            if !is_behind {
                members.push(("MetadataAddress", Imported::new(&place, url)));
            }
            if let Some((at, _)) = access_token_issuers.first() {
                let at = at.clone();
                let issuers = access_token_issuers.into_iter().map(|(at, issuer)| Imported::new(at, issuer));
                members.push(("Issuers", Imported::list(at, issuers.collect())));
            }
            import.note(&place, "only RS256 is accepted; name other algorithms of this issuer in Algorithms");
            all.push(members);
        }
        all
    }

    /// Takes the issuers of access tokens of AD FS, whose metadata is at `{issuer}/.well-known`: they differ from the issuer of
    /// its metadata.
    fn adfs_issuers(&mut self, issuer: Option<&str>) -> Vec<Placed<String>> {
        let host = issuer.and_then(|issuer| after_https(issuer)?.strip_suffix("/adfs"));
        let Some(host) = host else { return Vec::new() };
        let forms = ["http", "https"].map(|scheme| format!("{scheme}://{host}/adfs/services/trust"));
        self.take(|issuer| forms.iter().any(|form| form.eq_ignore_ascii_case(issuer)).then(|| issuer.to_owned()))
    }

    /// Keys in the policy count for the issuers that it names, unless an `openid-config` has their keys.
    fn with_keys(&mut self, import: &mut PolicyImport) -> Vec<Members> {
        let Some((place, _)) = self.keys.first() else { return Vec::new() };
        let place = place.clone();
        if self.issuers.is_empty() {
            if self.has_invalid_issuers {
                return Vec::new();
            }
            if !self.has_openid_config {
                let advice = "is missing; name the issuer whose tokens are signed with issuer-signing-keys";
                import.problem(Missing, format!("{}/issuers", import.policy), None, advice);
            } else {
                let advice = "are not imported: they are for an issuer without openid-config, and issuers has none";
                import.note(&place, advice);
            }
            return Vec::new();
        }
        let keys: Vec<Imported> = self.keys.iter().map(|(_, key)| key.clone()).collect();
        let document = Imported::object(&place, vec![("keys", Imported::list(&place, keys))]);
        import.note(
            &place,
            "are static, and never refreshed; an openid-config or a JwksUri follows the issuer's key rotation",
        );
        let issuers = std::mem::take(&mut self.issuers);
        let authority = |(at, issuer): Placed<String>| {
            let kind = Imported::new(&at, "OpenIdConnect");
            vec![("Kind", kind), ("Authority", Imported::new(&at, issuer)), ("StaticKeys", document.clone())]
        };
        issuers.into_iter().map(authority).collect()
    }
}

/// The settings by which the keys that an application has for itself are accepted, if the policy requests them for the API.
fn application_keys(
    applications: Vec<Application>,
    audiences: &[String],
    is_one_of_entra: bool,
    import: &mut PolicyImport,
) -> Vec<(&'static str, Imported)> {
    let id = |text: &str| text.parse::<TenantId>().ok();
    let Some(first) = applications.first() else { return Vec::new() };
    let is_same = applications.iter().all(|application| id(&application.id) == id(&first.id));
    let is_audience = audiences.iter().any(|audience| id(audience) == id(&first.id));
    if is_one_of_entra && is_same && is_audience {
        let advice = format!(
            "the keys that {} has for itself are accepted (AppSpecificKeys). They need its ClientId, which adds api://{} and \
             api://{{tenant}}/{} to the audiences: both name the same application",
            first.id, first.id, first.id
        );
        import.note(&first.place, advice);
        return vec![
            ("ClientId", Imported::new(&first.place, first.id.clone())),
            ("AppSpecificKeys", Imported::new(&first.place, true)),
        ];
    }
    for Application { place, id } in &applications {
        let advice = format!(
            "requests the keys that the application {id} has for itself, which is not imported: tokens signed with them are \
             rejected. If it has any, set ClientId and AppSpecificKeys"
        );
        import.note(place, advice);
    }
    Vec::new()
}
