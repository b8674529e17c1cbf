//! `RequiredClaims`: rules for claims in JSON.

use std::collections::HashMap;

use super::{
    names,
    reader::{Reader, duplicate, mistyped, unknown},
    value::{ConfigValue, Data, fold},
};
use crate::{
    error::{
        ConfigProblem,
        ConfigProblemKind::{Invalid, Missing, NotApplicable},
    },
    policy::ClaimRule,
};

impl Reader<'_> {
    pub(super) fn claim_rules(&mut self, value: &ConfigValue) {
        let Data::List(rules) = &value.data else {
            let advice =
                "must be a list, such as [{\"Name\": \"roles\", \"Values\": [\"Reader\"], \"Match\": \"any\"}]";
            return self.report(mistyped(value, advice));
        };
        for rule in rules {
            let name = rule.name.clone();
            let before = self.problems.len();
            let rule = self.claim_rule(rule).map(|rule| self.named(name, rule));
            if self.problems.len() == before {
                self.settings.required_claims.extend(rule);
            }
        }
    }

    /// Parses one rule; `None` only if there is a problem.
    fn claim_rule(&mut self, value: &ConfigValue) -> Option<ClaimRule> {
        const KNOWN: [&str; 4] = ["Name", "Values", "Match", "Separator"];
        let Data::Object(members) = &value.data else {
            let advice = "must be an object, such as {\"Name\": \"roles\", \"Values\": [\"Reader\"]}";
            self.report(mistyped(value, advice));
            return None;
        };
        let (mut name, mut values, mut demand, mut separator) = (None, None, None, None);
        let mut seen: HashMap<String, String> = HashMap::new();
        for (key, member) in members {
            let folded = fold(key);
            if let Some(other) = seen.insert(folded.clone(), member.name.clone()) {
                self.report(duplicate(&member.name, &other));
                continue;
            }
            match folded.as_str() {
                "name" => name = self.text(member, "must be a string: the name of a claim"),
                "values" => values = Some(self.claim_values(member)),
                "match" => demand = self.text(member, "must be \"all\" or \"any\""),
                "separator" => separator = self.text(member, "must be a string, such as \" \""),
                _ if self.problems.is_full() => self.problems.omit(),
                _ => self.report(unknown(&member.name, names::nearest(key, KNOWN).map(|(known, _)| known), &KNOWN)),
            }
        }
        if !seen.contains_key("name") {
            self.report(ConfigProblem::new(Missing, &value.name, None, "the Name of the claim is missing"));
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
                    "must be \"all\" or \"any\"",
                );
                self.report(problem);
                false
            }
        };
        let idle = [&demand, &separator].into_iter().flatten().next();
        if let (None, Some(idle)) = (&values, idle) {
            let advice = "has no meaning without Values; without both, the claim is only required to be present";
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

    /// The values of a rule: strings, and numbers and booleans in the text form that they have in a token.
    fn claim_values(&mut self, value: &ConfigValue) -> Vec<String> {
        let Data::List(values) = &value.data else {
            self.report(mistyped(value, "must be a list of strings"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in values {
            match &value.data {
                Data::Text(text) | Data::Other(text) if !value.is_empty() => texts.push(text.clone()),
                _ => self.report(mistyped(value, "must be a string that is not empty")),
            }
        }
        texts
    }
}
