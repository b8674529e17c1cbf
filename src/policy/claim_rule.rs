use std::fmt;

use serde_json::Value;

use crate::{
    claims::payload::Payload,
    rejection::{Rejection, RejectionKind},
};

/// A claim that must be there, with what it must hold (§8.1, as API Management's `required-claims`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    name: String,
    values: Vec<String>,
    demand: Demand,
    separator: Option<String>,
}

/// How the values of a rule are held against those of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Present,
    Any,
    All,
}

impl ClaimRule {
    /// The claim must be there, whatever it holds.
    pub fn present(name: impl Into<String>) -> Self {
        Self { name: name.into(), values: Vec::new(), demand: Demand::Present, separator: None }
    }

    /// One of `values` must be among those of the claim. With no values at all, nothing is good enough.
    pub fn any(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { name: name.into(), values, demand: Demand::Any, separator: None }
    }

    /// Every one of `values` must be among those of the claim.
    pub fn all(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { demand: Demand::All, ..Self::any(name, values) }
    }

    /// The same, with a string claim split at `separator`: `" "` for `scp`.
    #[must_use]
    pub fn separated_by(mut self, separator: impl Into<String>) -> Self {
        self.separator = Some(separator.into()).filter(|separator| !separator.is_empty());
        self
    }

    /// The claim's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether no claim can ever keep it: it wants one of no values.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.demand != Demand::Present && self.values.is_empty()
    }

    /// Holds a payload to the rule. The refusal says nothing of what the claim held: it may be personal.
    pub(crate) fn check(&self, payload: &Payload) -> Result<(), Rejection> {
        let value = payload.raw(&self.name).and_then(|raw| serde_json::from_str::<Value>(raw).ok());
        let have = match value {
            None | Some(Value::Null) => {
                return Err(Rejection::new(RejectionKind::ClaimMissing).expected(self.to_string()));
            }
            Some(value) => self.texts(value),
        };
        let is_had = |value: &String| have.contains(value);
        let holds = match self.demand {
            Demand::Present => true,
            Demand::Any => self.values.iter().any(is_had),
            Demand::All => !self.values.is_empty() && self.values.iter().all(is_had),
        };
        if holds { Ok(()) } else { Err(Rejection::new(RejectionKind::ClaimNotAllowed).expected(self.to_string())) }
    }

    /// The values of a claim as texts; an object has none.
    fn texts(&self, value: Value) -> Vec<String> {
        match value {
            Value::String(text) => match &self.separator {
                Some(separator) => {
                    text.split(separator.as_str()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
                }
                None => vec![text],
            },
            Value::Number(number) => vec![number.to_string()],
            Value::Bool(truth) => vec![truth.to_string()],
            Value::Array(values) => values
                .into_iter()
                .filter(|value| !matches!(value, Value::Array(_) | Value::Object(_) | Value::Null))
                .flat_map(|value| match value {
                    Value::String(text) => vec![text],
                    value => self.texts(value),
                })
                .collect(),
            Value::Null | Value::Object(_) => Vec::new(),
        }
    }
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.demand {
            Demand::Present => write!(f, "claim {}", self.name),
            Demand::Any => write!(f, "claim {} with any of [{}]", self.name, self.values.join(", ")),
            Demand::All => write!(f, "claim {} with all of [{}]", self.name, self.values.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_their_outcomes() {
        let payload = Payload::parse(
            r#"{"exp":1,"dept":"a b","list":["x","y z",3],"n":7,"t":true,"null":null,"obj":{"x":1},"empty":[]}"#.into(),
        )
        .unwrap();
        let missing = Some(RejectionKind::ClaimMissing);
        let wrong = Some(RejectionKind::ClaimNotAllowed);
        for (rule, outcome) in [
            (ClaimRule::present("dept"), None),
            (ClaimRule::present("obj"), None),
            (ClaimRule::present("absent"), missing),
            (ClaimRule::present("null"), missing),
            (ClaimRule::present("Dept"), missing),
            (ClaimRule::any("absent", ["a"]), missing),
            (ClaimRule::any("dept", ["a b", "c"]), None),
            (ClaimRule::any("dept", ["a"]), wrong),
            (ClaimRule::any("dept", ["A B"]), wrong),
            (ClaimRule::any("dept", ["a", "c"]).separated_by(" "), None),
            (ClaimRule::all("dept", ["a", "b"]).separated_by(" "), None),
            (ClaimRule::all("dept", ["a", "c"]).separated_by(" "), wrong),
            (ClaimRule::all("list", ["x", "y z", "3"]), None),
            (ClaimRule::all("list", ["y"]).separated_by(" "), wrong),
            (ClaimRule::any("n", ["7"]), None),
            (ClaimRule::any("t", ["true"]), None),
            (ClaimRule::any("obj", ["x"]), wrong),
            (ClaimRule::any("empty", ["x"]), wrong),
            (ClaimRule::any("dept", Vec::<String>::new()), wrong),
            (ClaimRule::all("dept", Vec::<String>::new()), wrong),
        ] {
            assert_eq!(rule.check(&payload).err().map(|rejection| rejection.kind()), outcome, "{rule}");
        }
    }
}
