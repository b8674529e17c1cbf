//! Reads the settings of a section.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    address::Form,
    key::{self, KEYS, Key, Meaning},
    location::Named,
    reader::{Reader, duplicate, mistyped, names, unknown, wrong},
    settings::{Place, Tenant},
    size::MOST_AUTHORITIES,
    value::{ConfigValue, Data},
    warning::Warning,
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{Invalid, NotApplicable, TooLarge, Unsupported},
};

impl Reader {
    /// Reads the members of the section.
    pub(super) fn section(&mut self, members: Vec<(String, ConfigValue)>) {
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut ignored: Vec<String> = Vec::new();
        for (name, node) in members {
            match seen.entry(key::fold(&name)) {
                Entry::Occupied(other) => {
                    self.report(duplicate(&node.name, other.get()));
                    continue;
                }
                Entry::Vacant(entry) => drop(entry.insert(node.name.clone())),
            }
            if self.problems.is_full() && key::known(&name).is_none() {
                self.problems.omit();
                continue;
            }
            match key::meaning(&name) {
                Meaning::Setting(Key::Domain) => {
                    ignored.push(node.name.clone());
                    self.setting(Key::Domain, node);
                }
                Meaning::Setting(key) => self.setting(key, node),
                Meaning::PassedOver => ignored.push(node.name),
                Meaning::NotRead(why) => self.report(ConfigProblem::new(Unsupported, &node.name, None, why)),
                Meaning::Unknown { nearest } => {
                    self.config.spoilt.extend(nearest.and_then(key::setting));
                    self.report(unknown(&node.name, nearest, &names(&KEYS)));
                }
            }
        }
        if self.config.form() == Form::B2c {
            let domain = self.config.site.text(Key::Domain);
            ignored.retain(|name| domain.is_none_or(|domain| domain.name.as_str() != name));
        }
        if !ignored.is_empty() {
            let scopes = ["scopes", "scope", "apppermissions"];
            let has_scopes = scopes.iter().any(|folded| seen.contains_key(*folded));
            let scopes =
                if has_scopes { "; scopes and app permissions are demanded with a `RequireLayer`" } else { "" };
            let text =
                format!("passed over, as they change nothing about access tokens: {}{scopes}", ignored.join(", "));
            self.config.warnings.push(Warning::of_all(ignored, text));
        }
    }

    /// Reads one setting.
    fn setting(&mut self, key: Key, node: ConfigValue) {
        let before = self.problems.len();
        if self.is_inner && key.is_global() {
            let advice = match key {
                Key::Authorities => "authorities have no authorities of their own; list them all in one list",
                Key::AppSpecificKeys => {
                    "is of the tenant outside of Authorities; in code, Authority::app_specific_keys() is of one"
                }
                _ => "holds for all authorities; put it outside of Authorities",
            };
            return self.report(ConfigProblem::new(NotApplicable, &node.name, None, advice));
        }
        match key {
            Key::Instance => {
                let place = |address: Named<String>| Named::new(address.name, Place::Address(address.value));
                let address = self.text(node, "a text such as \"https://login.microsoftonline.com/\" is needed");
                self.config.instances.extend(address.map(place));
            }
            Key::TenantId => {
                let tenant = self.text(node, "a text is needed: the tenant's GUID or a verified domain");
                self.config.tenants.extend(tenant.map(written));
            }
            Key::TenantIds => {
                let tenants = self.texts(node, "must be a list of strings: GUIDs or verified domains of tenants");
                self.config.tenants.extend(tenants.into_iter().map(written));
            }
            Key::ClientId => {
                let client_id = self.text(node, "a text is needed: the application's client id");
                self.config.client_ids.extend(client_id);
            }
            Key::Audience => {
                let audience = self.text(node, "a text is needed; several are listed under Audiences");
                self.config.audiences.extend(audience);
            }
            Key::Audiences => {
                let audiences = self.texts(node, "must be a list of strings; a single one can be given as Audience");
                self.config.audiences.extend(audiences);
            }
            Key::Authority => {
                let authority = self.text(node, "a text is needed: https://login.microsoftonline.com/ and the tenant");
                self.config.addresses.extend(authority);
            }
            Key::AllowWithoutRole => {
                let allow = self.truth(&node);
                self.config.allow_without_role.extend(allow);
            }
            Key::AppSpecificKeys => {
                let own = self.truth(&node);
                self.config.app_specific_keys.extend(own);
            }
            Key::AllowedClients => {
                if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
                    let advice = "an empty list lets nobody in; leave it out to let every application in";
                    self.report(wrong(&node, advice));
                }
                let clients = self.texts(node, "must be a list of strings: client ids of applications");
                self.config.allowed_clients.extend(clients);
            }
            Key::RequiredClaims => self.claim_rules(node),
            Key::ClockSkewSeconds => {
                let leeway = self.seconds(&node);
                self.config.leeway.extend(leeway);
            }
            Key::Resource => {
                let resource = self.text(node, "a text is needed: an https address or the App ID URI");
                self.config.resource.extend(resource);
            }
            Key::RevokedKeys => {
                let keys = self.texts(node, "must be a list of strings: `kid`s of signing keys");
                self.config.revoked_keys.extend(keys);
            }
            Key::DetailedErrors => {
                let detailed = self.truth(&node);
                self.config.detailed_errors.extend(detailed);
            }
            Key::StrictAudiences => {
                let strict = self.truth(&node);
                self.config.strict_audiences.extend(strict);
            }
            Key::Authorities => self.authorities(node),
            _ => self.site(key, node),
        }
        if self.problems.len() > before && !self.config.spoilt.contains(&key) {
            self.config.spoilt.push(key);
        }
    }

    /// Reads the authorities, each a section of its own.
    fn authorities(&mut self, node: ConfigValue) {
        const FORM: &str =
            "a list of authorities is needed, such as [{\"TenantId\": \"…\"}, {\"Authority\": \"https://…\"}]";
        let Data::List(authorities) = node.data else { return self.report(mistyped(&node, FORM)) };
        if authorities.is_empty() {
            self.report(ConfigProblem::new(Invalid, &node.name, Some("[]"), "is an empty list; leave it out"));
        }
        if authorities.len() > MOST_AUTHORITIES {
            let advice = format!("has {} entries, and at most {MOST_AUTHORITIES} are supported", authorities.len());
            return self.report(ConfigProblem::new(TooLarge, &node.name, None, advice));
        }
        for authority in authorities {
            let Data::Object(members) = authority.data else {
                let advice = "an object with the settings of one authority is needed";
                self.report(mistyped(&authority, advice));
                continue;
            };
            let mut inner = Self { folder: self.folder.clone(), is_inner: true, ..Self::default() };
            inner.config.source = self.config.source.inside(&authority.name);
            inner.section(members);
            self.problems.append(inner.problems);
            self.config.warnings.append(&mut inner.config.warnings);
            let section = self.named(authority.name, inner.config);
            self.config.sections.push(section);
        }
    }
}

fn written(tenant: Named<String>) -> Named<Tenant> {
    Named::new(tenant.name, Tenant::Written(tenant.value))
}
