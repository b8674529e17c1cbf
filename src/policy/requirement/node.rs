use super::rule::Rule;
use crate::{
    claims::Claims,
    policy::truth::Truth,
    rejection::{Rejection, RejectionKind},
};

/// Rules and how they are joined. No list is empty.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Node {
    Rule(Rule),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

impl Node {
    /// Whether it holds, if these authentication contexts are taken for satisfied. Nothing is allocated.
    pub(super) fn truth(&self, claims: &Claims, satisfied: &[u8]) -> Truth {
        match self {
            Self::Rule(rule) => rule.truth(claims, satisfied),
            Self::Not(node) => !node.truth(claims, satisfied),
            Self::And(all) => Truth::all(all.iter().map(|node| node.truth(claims, satisfied))),
            Self::Or(any) => Truth::any(any.iter().map(|node| node.truth(claims, satisfied))),
        }
    }

    /// The refusal where it would have to be `wanted` (to hold, or not to), and is not. `contexts` are those that a stronger
    /// sign-in could add.
    ///
    /// Of several that must all hold it is the first that certainly does not, then the first that nobody can tell, and last
    /// what a stronger sign-in could change. Of alternatives it is the one nearest to the root cause: an overage, then what
    /// fits the kind of the token, then the first.
    pub(super) fn refuse(&self, claims: &Claims, wanted: bool, contexts: &[u8]) -> Rejection {
        let held = |node: &Self, contexts: &[u8]| {
            let truth = node.truth(claims, contexts);
            if wanted { truth } else { !truth }
        };
        match (self, wanted) {
            (Self::Rule(rule), _) => rule.refuse(claims, wanted),
            (Self::Not(node), _) => node.refuse(claims, !wanted, contexts),
            (Self::And(nodes), true) | (Self::Or(nodes), false) => {
                let first = |is_it: &dyn Fn(&Self) -> bool| nodes.iter().find(|node| is_it(node));
                first(&|node| held(node, contexts) == Truth::False)
                    .or_else(|| first(&|node| held(node, contexts) == Truth::Unknown))
                    .or_else(|| first(&|node| held(node, &[]) != Truth::True))
                    .map_or_else(unfounded, |node| node.refuse(claims, wanted, contexts))
            }
            (Self::Or(nodes), true) | (Self::And(nodes), false) => {
                let fitting = if claims.is_app_only() {
                    RejectionKind::InsufficientRole
                } else {
                    RejectionKind::InsufficientScope
                };
                let distance = |rejection: &Rejection| match rejection.kind() {
                    RejectionKind::GroupsOverage => 0,
                    kind if kind == fitting => 1,
                    _ => 2,
                };
                nodes
                    .iter()
                    .map(|node| node.refuse(claims, wanted, contexts))
                    .min_by_key(distance)
                    .unwrap_or_else(unfounded)
            }
        }
    }

    /// Calls `each` with every rule that is asked to hold.
    pub(super) fn for_each_wanted<'a>(&'a self, wanted: bool, each: &mut impl FnMut(&'a Rule)) {
        match self {
            Self::Rule(rule) if wanted => each(rule),
            Self::Rule(_) => {}
            Self::Not(node) => node.for_each_wanted(!wanted, each),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.for_each_wanted(wanted, each)),
        }
    }

    /// The authentication contexts that are asked for, each once.
    pub(super) fn contexts(&self) -> Vec<u8> {
        let mut contexts = Vec::new();
        self.for_each_wanted(true, &mut |rule| {
            if let Rule::AuthContext(context) = rule
                && let Some(number) = context.number().filter(|number| !contexts.contains(number))
            {
                contexts.push(number);
            }
        });
        contexts
    }

    /// The first of the contexts with which it would hold, and without which it would not; `None` if no sign-in, however
    /// strong, would be enough.
    pub(super) fn helping(&self, claims: &Claims, contexts: &[u8]) -> Option<u8> {
        let mut needed = contexts.to_vec();
        if self.truth(claims, &needed) != Truth::True {
            return None;
        }
        for context in contexts.iter().rev() {
            let fewer: Vec<u8> = needed.iter().copied().filter(|other| other != context).collect();
            if self.truth(claims, &fewer) == Truth::True {
                needed = fewer;
            }
        }
        needed.first().copied()
    }
}

/// It is never said: somebody asked why something does not hold that does.
fn unfounded() -> Rejection {
    Rejection::new(RejectionKind::ClaimNotAllowed)
}
