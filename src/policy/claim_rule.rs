use std::fmt;

use super::{Path, truth::Truth};
use crate::{
    claims::{
        claim_values::{self, Found},
        payload::Payload,
    },
    rejection::{Rejection, RejectionKind},
};

/// A claim that must be there, with what it must hold (as [API
/// Management](crate::guide::entra#the-validate-jwt-policy)'s `required-claims`).
///
/// Values are compared exactly. A list has its elements as values, a string itself; numbers and booleans are compared as they
/// stand in the token. A name that begins with a slash is a JSON Pointer (RFC 6901) to a claim inside another one, such as
/// `/kubernetes.io/namespace`. An object, a list in a list and null are no value that could be compared: a rule that would need
/// one to decide is unknown, as it is where the claim is absent.
///
/// ```
/// use tower_entra::{Requirement, policy::ClaimRule};
///
/// let abroad = Requirement::not(Requirement::claim(ClaimRule::any("ctry", ["DE", "FR"])));
/// assert_eq!(abroad.to_string(), "not claim ctry with any of [DE, FR]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    name: String,
    /// Where the claim is, if the name is a JSON Pointer.
    path: Option<Path>,
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
    /// It begins with the one value.
    Prefix,
}

impl ClaimRule {
    /// How many texts it holds.
    pub(crate) fn len(&self) -> usize {
        1 + self.values.len()
    }

    /// The claim must be there, whatever it holds.
    pub fn present(name: impl Into<String>) -> Self {
        Self::new(name.into(), Vec::new(), Demand::Present)
    }

    /// One of `values` must be among those of the claim. With no values at all, nothing is good enough.
    pub fn any(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(name.into(), values.into_iter().map(Into::into).collect(), Demand::Any)
    }

    /// The claim must begin with `prefix`, or one of its values must.
    pub(crate) fn prefix(name: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::new(name.into(), vec![prefix.into()], Demand::Prefix)
    }

    fn new(name: String, values: Vec<String>, demand: Demand) -> Self {
        let path = if name.starts_with('/') { Path::parse(&name) } else { None };
        Self { name, path, values, demand, separator: None }
    }

    /// Every one of `values` must be among those of the claim.
    pub fn all(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { demand: Demand::All, ..Self::any(name, values) }
    }

    /// The same, with a string claim split at `separator`: `" "` for `scp`. Without it such a string is one value, and the
    /// opposite of a rule about one of its parts lets everybody in who has it.
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

    /// The name of the claim in which it looks.
    pub(crate) fn claim_name(&self) -> &str {
        self.path.as_ref().map_or(&self.name, Path::first)
    }

    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether one of its values is enough, and how a string is split, for explanations.
    pub(crate) fn form(&self) -> (bool, Option<&str>) {
        (self.demand == Demand::Any, self.separator.as_deref())
    }

    /// Whether the whole claim, or a value of its list, must be equal to a value of the rule.
    pub(crate) fn is_equality(&self) -> bool {
        matches!(self.demand, Demand::Any | Demand::All) && !self.values.is_empty() && self.separator.is_none()
    }

    /// Whether its name is a JSON Pointer that cannot be read.
    pub(crate) fn is_pointer_to_nothing(&self) -> bool {
        self.name.starts_with('/') && self.path.is_none()
    }

    /// Whether no claim can ever keep it: it wants one of no values.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.demand != Demand::Present && self.values.is_empty()
    }

    /// Holds a payload to the rule. The refusal says nothing of what the claim held: it may be personal.
    pub(crate) fn check(&self, payload: &Payload) -> Result<(), Rejection> {
        match self.truth(payload) {
            Truth::True => Ok(()),
            Truth::False | Truth::Unknown => Err(self.refuse(payload)),
        }
    }

    /// Whether the rule holds. Unknown where the claim is absent or null, where it has something that cannot be compared,
    /// and where the rule has no values. Nothing is allocated but for a text with escapes in it.
    pub(crate) fn truth(&self, payload: &Payload) -> Truth {
        let Some(claim) = self.value(payload) else { return Truth::Unknown };
        let find =
            |is_it: &dyn Fn(&str) -> bool| match claim_values::find(claim, self.separator.as_deref(), &mut |text| {
                is_it(text)
            }) {
                Found::Yes => Truth::True,
                Found::No => Truth::False,
                Found::Unclear => Truth::Unknown,
            };
        match self.demand {
            Demand::Present => Truth::True,
            Demand::Any | Demand::All | Demand::Prefix if self.values.is_empty() => Truth::Unknown,
            Demand::Prefix => find(&|text| self.values.iter().all(|prefix| text.starts_with(prefix.as_str()))),
            Demand::Any => find(&|text| self.values.iter().any(|value| value == text)),
            Demand::All => Truth::all(self.values.iter().map(|value| find(&|text| value == text))),
        }
    }

    /// The refusal of a payload for which it does not hold.
    pub(crate) fn refuse(&self, payload: &Payload) -> Rejection {
        let kind = match self.value(payload) {
            Some(_) => RejectionKind::ClaimNotAllowed,
            None => RejectionKind::ClaimMissing,
        };
        Rejection::new(kind).expected(self.to_string()).about_claim(&self.name)
    }

    /// The JSON text of the claim; null is as good as absent.
    fn value<'a>(&self, payload: &'a Payload) -> Option<&'a str> {
        match &self.path {
            Some(path) => path.find(payload),
            None if self.is_pointer_to_nothing() => None,
            None => payload.raw(&self.name).filter(|raw| *raw != "null"),
        }
    }
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.demand {
            Demand::Present => write!(f, "claim {}", self.name),
            Demand::Any => write!(f, "claim {} with any of [{}]", self.name, self.values.join(", ")),
            Demand::Prefix => write!(f, "claim {} that begins with {}", self.name, self.values.join(", ")),
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
            r#"{"exp":1,"dept":"a b","list":["x","y z",3],"n":7,"t":true,"null":null,"obj":{"x":1},"empty":[],
                "escaped":"a\u0062 c","odd":["\u0078",1.50,true,null,{"y":1},["z"]],"half":7.0,"a/b":{"c~d":"e"},"/":1}"#
                .into(),
        )
        .unwrap();
        let missing = Some(RejectionKind::ClaimMissing);
        let wrong = Some(RejectionKind::ClaimNotAllowed);
        for (rule, outcome) in [
            (ClaimRule::present("dept"), None),
            (ClaimRule::any("/obj/x", ["1"]), None),
            (ClaimRule::any("/obj/x", ["2"]), wrong),
            (ClaimRule::any("/obj/y", ["1"]), missing),
            (ClaimRule::any("/list/0", ["x"]), missing),
            (ClaimRule::any("/dept", ["a b"]), None),
            (ClaimRule::any("/a~1b/c~0d", ["e"]), None),
            (ClaimRule::present("/"), missing),
            (ClaimRule::prefix("dept", "a "), None),
            (ClaimRule::prefix("dept", "b"), wrong),
            (ClaimRule::prefix("list", "y "), None),
            (ClaimRule::prefix("obj", "x"), wrong),
            (ClaimRule::prefix("absent", ""), missing),
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
            (ClaimRule::any("escaped", ["ab c"]), None),
            (ClaimRule::any("escaped", ["ab"]), wrong),
            (ClaimRule::all("escaped", ["c", "ab"]).separated_by(" "), None),
            (ClaimRule::all("odd", ["x", "1.50", "true"]), None),
            (ClaimRule::any("odd", ["1.5", "null", "y", "z", ""]), wrong),
            (ClaimRule::any("half", ["7.0"]), None),
            (ClaimRule::any("null", ["null"]), missing),
            (ClaimRule::any("dept", ["a  b"]).separated_by("  "), wrong),
            (ClaimRule::any("dept", [""]).separated_by("a"), wrong),
            (ClaimRule::any("dept", Vec::<String>::new()), wrong),
            (ClaimRule::all("dept", Vec::<String>::new()), wrong),
        ] {
            assert_eq!(rule.check(&payload).err().map(|rejection| rejection.kind()), outcome, "{rule}");
        }
    }

    #[test]
    fn length_of_a_rule_counts_its_name_and_values() {
        for (rule, length) in
            [(ClaimRule::present("a"), 1), (ClaimRule::any("a", ["b"]), 2), (ClaimRule::all("a", ["b", "c"]), 3)]
        {
            assert_eq!(rule.len(), length, "{rule}");
        }
    }
}
