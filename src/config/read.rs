//! From a tree of settings to a [`Config`].

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
    time::Duration,
};

use super::{
    Config, Named, Place, Tenant,
    address::Form,
    key::{self, KEYS, Key, Meaning},
    node::{Data, Node},
    size::MOST_AUTHORITIES,
};
use crate::{
    error::{ConfigProblem, Problems},
    policy::MAX_LEEWAY,
};

/// The longest text that a setting may be: more than any address, identifier or name has.
const LONGEST_TEXT: usize = 2_048;

/// Reads one section; what cannot be read is put among the problems and goes on.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) config: Config,
    pub(super) problems: Problems,
    /// Where the names of files begin; the working directory if nothing is said.
    pub(super) folder: Option<PathBuf>,
    /// One of several authorities is read, within a section.
    pub(super) is_inner: bool,
}

/// The problem of a value that is of another type or form.
pub(super) fn wrong(node: &Node, advice: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(&node.name, Some(&node.to_text()), advice)
}

/// The problem of a value that is of another type.
pub(super) fn mistyped(node: &Node, advice: &str) -> ConfigProblem {
    let is = match &node.data {
        Data::Text(_) => "a text",
        Data::List(_) => "a list",
        Data::Object(_) => "an object",
        Data::Other(text) => match text.as_str() {
            "null" => "null",
            "true" | "false" => "a truth value",
            _ => "a number",
        },
    };
    wrong(node, format!("is {is}; {advice}"))
}

/// The problem of a setting that was given twice.
pub(super) fn twice(name: &str, other: &str) -> ConfigProblem {
    let advice = if name == other {
        "is given twice; leave one out".to_owned()
    } else {
        format!("is given twice, as {other} too; leave one out")
    };
    ConfigProblem::new(name, None, advice)
}

/// The problem of a name that is not known.
pub(super) fn unknown(name: &str, nearest: Option<&str>, known: &[&str]) -> ConfigProblem {
    let advice = match nearest {
        Some(nearest) => format!("there is no such setting; did you mean `{nearest}`?"),
        None => format!("there is no such setting; there are {}", known.join(", ")),
    };
    // Not the value: nobody knows what it is.
    ConfigProblem::new(name, None, advice)
}

pub(super) fn names<T>(known: &[(&'static str, T)]) -> Vec<&'static str> {
    known.iter().map(|(name, _)| *name).collect()
}

impl Reader {
    /// Reads the members of the section.
    pub(super) fn section(&mut self, members: Vec<(String, Node)>) {
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut passed_over: Vec<String> = Vec::new();
        for (name, node) in members {
            match seen.entry(key::fold(&name)) {
                Entry::Occupied(other) => {
                    self.problems.push(twice(&node.name, other.get()));
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
                    passed_over.push(node.name.clone());
                    self.setting(Key::Domain, node);
                }
                Meaning::Setting(key) => self.setting(key, node),
                Meaning::PassedOver => passed_over.push(node.name),
                Meaning::NotRead(why) => self.problems.push(ConfigProblem::new(&node.name, None, why)),
                Meaning::Unknown { nearest } => {
                    self.config.spoilt.extend(nearest.and_then(key::setting));
                    self.problems.push(unknown(&node.name, nearest, &names(&KEYS)));
                }
            }
        }
        if self.config.form() == Form::B2c {
            passed_over.retain(|name| self.config.site.text(Key::Domain).is_none_or(|domain| domain.name != *name));
        }
        if !passed_over.is_empty() {
            let scopes = ["scopes", "scope", "apppermissions"];
            let has_scopes = scopes.iter().any(|folded| seen.contains_key(*folded));
            let scopes =
                if has_scopes { "; scopes and app permissions are demanded with a `RequireLayer`" } else { "" };
            let names = passed_over.join(", ");
            self.config
                .warnings
                .push(format!("passed over, as they change nothing about access tokens: {names}{scopes}"));
        }
    }

    /// Reads one setting.
    fn setting(&mut self, key: Key, node: Node) {
        let before = self.problems.len();
        if self.is_inner && key.is_global() {
            let advice = match key {
                Key::Authorities => "authorities have no authorities of their own; list them all in one list",
                Key::AppSpecificKeys => {
                    "is of the tenant outside of Authorities; in code, Authority::app_specific_keys() is of one"
                }
                _ => "holds for all authorities; put it outside of Authorities",
            };
            return self.problems.push(ConfigProblem::new(&node.name, None, advice));
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
                    self.problems.push(wrong(&node, advice));
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
            Key::Authorities => self.authorities(node),
            _ => self.site(key, node),
        }
        if self.problems.len() > before && !self.config.spoilt.contains(&key) {
            self.config.spoilt.push(key);
        }
    }

    /// Reads the authorities, each a section of its own.
    fn authorities(&mut self, node: Node) {
        const FORM: &str =
            "a list of authorities is needed, such as [{\"TenantId\": \"…\"}, {\"Authority\": \"https://…\"}]";
        let Data::List(authorities) = node.data else { return self.problems.push(mistyped(&node, FORM)) };
        if authorities.is_empty() {
            self.problems.push(ConfigProblem::new(&node.name, Some("[]"), "is an empty list; leave it out"));
        }
        if authorities.len() > MOST_AUTHORITIES {
            let advice = format!("has {} entries, and at most {MOST_AUTHORITIES} are supported", authorities.len());
            return self.problems.push(ConfigProblem::new(&node.name, None, advice));
        }
        for authority in authorities {
            let Data::Object(members) = authority.data else {
                let advice = "an object with the settings of one authority is needed";
                self.problems.push(mistyped(&authority, advice));
                continue;
            };
            let mut inner = Self { folder: self.folder.clone(), is_inner: true, ..Self::default() };
            inner.config.source = self.config.source.inside(&authority.name);
            inner.section(members);
            self.problems.append(inner.problems);
            self.config.warnings.append(&mut inner.config.warnings);
            self.config.sections.push(Named::new(authority.name, inner.config));
        }
    }

    pub(super) fn text(&mut self, node: Node, advice: &str) -> Option<Named<String>> {
        match node.data {
            Data::Text(text) if text.len() > LONGEST_TEXT => {
                let advice = format!("is longer than {LONGEST_TEXT} bytes");
                self.problems.push(ConfigProblem::new(node.name, Some(&text), advice));
                None
            }
            Data::Text(text) => Some(Named::new(node.name, text)),
            _ => {
                self.problems.push(mistyped(&node, advice));
                None
            }
        }
    }

    pub(super) fn texts(&mut self, node: Node, advice: &str) -> Vec<Named<String>> {
        match node.data {
            Data::List(elements) => {
                elements.into_iter().filter_map(|element| self.text(element, "a text is needed")).collect()
            }
            _ => {
                self.problems.push(mistyped(&node, advice));
                Vec::new()
            }
        }
    }

    pub(super) fn truth(&mut self, node: &Node) -> Option<Named<bool>> {
        let truth = match &node.data {
            Data::Other(text) => text.parse().ok(),
            Data::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if truth.is_none() {
            self.problems.push(wrong(node, "true or false is needed"));
        }
        truth.map(|truth| Named::new(&node.name, truth))
    }

    fn seconds(&mut self, node: &Node) -> Option<Named<Duration>> {
        let seconds = match &node.data {
            Data::Other(text) | Data::Text(text) => text.parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if seconds.is_none() {
            let most = MAX_LEEWAY.as_secs();
            self.problems.push(wrong(node, format!("a whole number of seconds from 0 to {most} is needed")));
        }
        seconds.map(|seconds| Named::new(&node.name, Duration::from_secs(seconds)))
    }
}

fn written(tenant: Named<String>) -> Named<Tenant> {
    Named::new(tenant.name, Tenant::Written(tenant.value))
}
