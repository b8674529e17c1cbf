//! The rules for claims, as JSON has them.

use std::collections::HashMap;

use super::{
    Named, key,
    node::{Data, Node},
    read::{Reader, mistyped, twice, unknown},
};
use crate::{error::ConfigProblem, policy::ClaimRule};

impl Reader {
    pub(super) fn claim_rules(&mut self, node: Node) {
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
        let mut seen: HashMap<String, String> = HashMap::new();
        for (key, member) in members {
            let folded = key::fold(&key);
            if let Some(other) = seen.insert(folded.clone(), member.name.clone()) {
                self.problems.push(twice(&member.name, &other));
                continue;
            }
            match folded.as_str() {
                "name" => name = self.text(member, "a text is needed: the name of a claim"),
                "values" => values = Some(self.claim_values(member)),
                "match" => demand = self.text(member, "\"all\" or \"any\" is needed"),
                "separator" => separator = self.text(member, "a text is needed, such as \" \""),
                _ if self.problems.is_full() => self.problems.omit(),
                _ => self.problems.push(unknown(&member.name, key::nearest(&key, KNOWN), &KNOWN)),
            }
        }
        if !seen.contains_key("name") {
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
            self.problems.push(mistyped(&node, "must be a list of strings"));
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
