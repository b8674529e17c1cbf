//! `RequiredClaims`: rules for claims, as JSON has them.

use std::collections::HashMap;

use super::{
    key,
    reader::{Reader, duplicate, mistyped, unknown},
    value::{ConfigValue, Data},
};
use crate::{
    error::{
        ConfigProblem,
        ConfigProblemKind::{Invalid, Missing, NotApplicable},
    },
    policy::ClaimRule,
};

impl Reader {
    pub(super) fn claim_rules(&mut self, node: ConfigValue) {
        let Data::List(rules) = node.data else {
            let advice =
                "a list is needed, such as [{\"Name\": \"roles\", \"Values\": [\"Reader\"], \"Match\": \"any\"}]";
            return self.report(mistyped(&node, advice));
        };
        for rule in rules {
            let name = rule.name.clone();
            let before = self.problems.len();
            let rule = self.claim_rule(rule).map(|rule| self.named(name, rule));
            if self.problems.len() == before {
                self.config.required_claims.extend(rule);
            }
        }
    }

    /// Reads one rule; `None` only if there is a problem.
    fn claim_rule(&mut self, node: ConfigValue) -> Option<ClaimRule> {
        const KNOWN: [&str; 4] = ["Name", "Values", "Match", "Separator"];
        let Data::Object(members) = node.data else {
            let advice = "an object is needed, such as {\"Name\": \"roles\", \"Values\": [\"Reader\"]}";
            self.report(mistyped(&node, advice));
            return None;
        };
        let (mut name, mut values, mut demand, mut separator) = (None, None, None, None);
        let mut seen: HashMap<String, String> = HashMap::new();
        for (key, member) in members {
            let folded = key::fold(&key);
            if let Some(other) = seen.insert(folded.clone(), member.name.clone()) {
                self.report(duplicate(&member.name, &other));
                continue;
            }
            match folded.as_str() {
                "name" => name = self.text(member, "a text is needed: the name of a claim"),
                "values" => values = Some(self.claim_values(member)),
                "match" => demand = self.text(member, "\"all\" or \"any\" is needed"),
                "separator" => separator = self.text(member, "a text is needed, such as \" \""),
                _ if self.problems.is_full() => self.problems.omit(),
                _ => self.report(unknown(&member.name, key::nearest(&key, KNOWN), &KNOWN)),
            }
        }
        if !seen.contains_key("name") {
            self.report(ConfigProblem::new(Missing, &node.name, None, "the Name of the claim is missing"));
        }
        let is_any = match &demand {
            None => false,
            Some(demand) if demand.value.eq_ignore_ascii_case("all") => false,
            Some(demand) if demand.value.eq_ignore_ascii_case("any") => true,
            Some(demand) => {
                let problem = ConfigProblem::new(
                    Invalid,
                    demand.name.as_str(),
                    Some(&demand.value),
                    "\"all\" or \"any\" is needed",
                );
                self.report(problem);
                false
            }
        };
        let idle = [&demand, &separator].into_iter().flatten().next();
        if let (None, Some(idle)) = (&values, idle) {
            let advice = "means nothing without Values; without both, the claim need only be there";
            self.report(ConfigProblem::new(NotApplicable, idle.name.as_str(), Some(&idle.value), advice));
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

    /// The values of a rule: strings, and numbers and booleans as the text they have in a token.
    fn claim_values(&mut self, node: ConfigValue) -> Vec<String> {
        let Data::List(values) = node.data else {
            self.report(mistyped(&node, "must be a list of strings"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in values {
            match value.data {
                Data::Text(text) => texts.push(text),
                Data::Other(text) if text != "null" => texts.push(text),
                _ => self.report(mistyped(&value, "a text is needed")),
            }
        }
        texts
    }
}
