//! From a tree of settings to a [`Config`].

use std::time::Duration;

use super::{
    Config, Named, Place, Tenant,
    key::{self, KEYS, Key, Meaning},
    node::{Data, Node},
};
use crate::{
    error::ConfigProblem,
    policy::{ClaimRule, MAX_LEEWAY},
};

/// Reads one section; what cannot be read is put among the problems and goes on.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) config: Config,
    pub(super) problems: Vec<ConfigProblem>,
}

/// The problem of a value that is of another type or form.
fn wrong(node: &Node, advice: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(&node.name, Some(&node.to_text()), advice)
}

/// The problem of a value that is of another type.
fn mistyped(node: &Node, advice: &str) -> ConfigProblem {
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
        let mut seen: Vec<(String, String)> = Vec::new();
        let mut passed_over: Vec<String> = Vec::new();
        for (name, node) in members {
            let folded = key::fold(&name);
            if let Some((_, other)) = seen.iter().find(|(known, _)| *known == folded) {
                self.problems.push(twice(&node.name, other));
                continue;
            }
            seen.push((folded, node.name.clone()));
            match key::meaning(&name) {
                Meaning::Setting(key) => self.setting(key, node),
                Meaning::PassedOver => passed_over.push(node.name),
                Meaning::NotRead(why) => self.problems.push(ConfigProblem::new(&node.name, None, why)),
                Meaning::Unknown { nearest } => {
                    self.config.spoilt.extend(nearest.and_then(key::setting));
                    self.problems.push(unknown(&node.name, nearest, &names(&KEYS)));
                }
            }
        }
        if !passed_over.is_empty() {
            let scopes = ["scopes", "scope", "apppermissions"];
            let has_scopes = seen.iter().any(|(folded, _)| scopes.contains(&folded.as_str()));
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
                let tenants = self.texts(node, "a list of texts is needed: GUIDs or verified domains of tenants");
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
                let audiences = self.texts(node, "a list of texts is needed; a single one can be given as Audience");
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
            Key::AllowedClients => {
                if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
                    let advice = "an empty list lets nobody in; leave it out to let every application in";
                    self.problems.push(wrong(&node, advice));
                }
                let clients = self.texts(node, "a list of texts is needed: client ids of applications");
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
                let keys = self.texts(node, "a list of texts is needed: `kid`s of signing keys");
                self.config.revoked_keys.extend(keys);
            }
            Key::DetailedErrors => {
                let detailed = self.truth(&node);
                self.config.detailed_errors.extend(detailed);
            }
        }
        if self.problems.len() > before {
            self.config.spoilt.push(key);
        }
    }

    fn text(&mut self, node: Node, advice: &str) -> Option<Named<String>> {
        match node.data {
            Data::Text(text) => Some(Named::new(node.name, text)),
            _ => {
                self.problems.push(mistyped(&node, advice));
                None
            }
        }
    }

    fn texts(&mut self, node: Node, advice: &str) -> Vec<Named<String>> {
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

    fn truth(&mut self, node: &Node) -> Option<Named<bool>> {
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

    fn claim_rules(&mut self, node: Node) {
        let Data::List(rules) = node.data else {
            let advice =
                "a list is needed, such as [{\"Name\": \"roles\", \"Values\": [\"Reader\"], \"Match\": \"any\"}]";
            return self.problems.push(mistyped(&node, advice));
        };
        for rule in rules {
            let name = rule.name.clone();
            let before = self.problems.len();
            let rule = self.claim_rule(rule);
            if self.problems.len() == before {
                self.config.required_claims.extend(rule.map(|rule| Named::new(name, rule)));
            }
        }
    }

    /// Reads one rule; `None` only beside a problem.
    fn claim_rule(&mut self, node: Node) -> Option<ClaimRule> {
        const KNOWN: [&str; 4] = ["Name", "Values", "Match", "Separator"];
        let Data::Object(members) = node.data else {
            let advice = "an object is needed, such as {\"Name\": \"roles\", \"Values\": [\"Reader\"]}";
            self.problems.push(mistyped(&node, advice));
            return None;
        };
        let (mut name, mut values, mut demand, mut separator) = (None, None, None, None);
        let mut seen: Vec<(String, String)> = Vec::new();
        for (key, member) in members {
            let folded = key::fold(&key);
            if let Some((_, other)) = seen.iter().find(|(known, _)| *known == folded) {
                self.problems.push(twice(&member.name, other));
                continue;
            }
            seen.push((folded.clone(), member.name.clone()));
            match folded.as_str() {
                "name" => name = self.text(member, "a text is needed: the name of a claim"),
                "values" => values = Some(self.claim_values(member)),
                "match" => demand = self.text(member, "\"all\" or \"any\" is needed"),
                "separator" => separator = self.text(member, "a text is needed, such as \" \""),
                _ => self.problems.push(unknown(&member.name, key::nearest(&key, KNOWN), &KNOWN)),
            }
        }
        if !seen.iter().any(|(key, _)| key == "name") {
            self.problems.push(ConfigProblem::new(&node.name, None, "the Name of the claim is missing"));
        }
        let is_any = match &demand {
            None => false,
            Some(demand) if demand.value.eq_ignore_ascii_case("all") => false,
            Some(demand) if demand.value.eq_ignore_ascii_case("any") => true,
            Some(demand) => {
                let problem = ConfigProblem::new(&demand.name, Some(&demand.value), "\"all\" or \"any\" is needed");
                self.problems.push(problem);
                false
            }
        };
        let idle = [&demand, &separator].into_iter().flatten().next();
        if let (None, Some(idle)) = (&values, idle) {
            let advice = "means nothing without Values; without both, the claim need only be there";
            self.problems.push(ConfigProblem::new(&idle.name, Some(&idle.value), advice));
        }
        let name = name?.value;
        let rule = match values {
            None => ClaimRule::present(name),
            Some(values) if is_any => ClaimRule::any(name, values),
            Some(values) => ClaimRule::all(name, values),
        };
        Some(match separator {
            Some(separator) => rule.separated_by(separator.value),
            None => rule,
        })
    }

    /// The values of a rule: texts, and numbers and truth values by the text they have in a token.
    fn claim_values(&mut self, node: Node) -> Vec<String> {
        let Data::List(values) = node.data else {
            self.problems.push(mistyped(&node, "a list of texts is needed"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in values {
            match value.data {
                Data::Text(text) => texts.push(text),
                Data::Other(text) if text != "null" => texts.push(text),
                _ => self.problems.push(mistyped(&value, "a text is needed")),
            }
        }
        texts
    }
}

fn written(tenant: Named<String>) -> Named<Tenant> {
    Named::new(tenant.name, Tenant::Written(tenant.value))
}
