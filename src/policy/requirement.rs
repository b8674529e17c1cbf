use std::fmt;

use super::ClaimRule;
use crate::{
    claims::Claims,
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// What an operation demands of an accepted token (§6). Built once, checked for each request.
///
/// ```
/// use tower_entra::Requirement;
///
/// let requirement = Requirement::scope("Files.Read").or(Requirement::app_role("Files.Read.All"));
/// assert_eq!(requirement.to_string(), "scope Files.Read or app role Files.Read.All");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Scope(String),
    AppRole(String),
    Role(String),
    AnyRole(String),
    Tenant(TenantId),
    Client(String),
    Claim(ClaimRule),
    And(Vec<Node>),
    Or(Vec<Node>),
}

impl Requirement {
    /// A delegated scope, compared exactly. An app-only token never has one.
    pub fn scope(scope: impl Into<String>) -> Self {
        Self(Node::Scope(scope.into()))
    }

    /// An app role in an app-only token. A user's role of the same name does not count.
    pub fn app_role(role: impl Into<String>) -> Self {
        Self(Node::AppRole(role.into()))
    }

    /// An app role in a user's token. An application's does not count.
    pub fn role(role: impl Into<String>) -> Self {
        Self(Node::Role(role.into()))
    }

    /// An app role, whoever has it.
    pub fn any_role(role: impl Into<String>) -> Self {
        Self(Node::AnyRole(role.into()))
    }

    /// A token of this tenant.
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Self {
        Self(Node::Tenant(tenant))
    }

    /// A token that this application got, by its client id. Anybody may claim the id of a public client
    /// ([`Claims::client_authentication`] is then `"0"`).
    pub fn client(client_id: impl Into<String>) -> Self {
        Self(Node::Client(client_id.into()))
    }

    /// A claim by a rule of its own.
    #[must_use]
    pub fn claim(rule: ClaimRule) -> Self {
        Self(Node::Claim(rule))
    }

    /// Both this and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut all = match self.0 {
            Node::And(all) => all,
            node => vec![node],
        };
        all.push(other.0);
        Self(Node::And(all))
    }

    /// This or `other`, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut any = match self.0 {
            Node::Or(any) => any,
            node => vec![node],
        };
        any.push(other.0);
        Self(Node::Or(any))
    }

    /// Holds the claims to it.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with status 403. Of alternatives it names the one that fits the kind of the token: the scopes
    /// for a user's, the roles for an application's.
    pub fn check(&self, claims: &Claims) -> Result<(), Rejection> {
        if self.0.holds(claims) {
            return Ok(());
        }
        let rejection = self.0.refuse(claims).verified().forbidden().expected(self.to_string());
        let scopes = self.0.scopes();
        Err(if scopes.is_empty() { rejection } else { rejection.scopes(scopes.join(" ")) })
    }
}

impl Node {
    fn holds(&self, claims: &Claims) -> bool {
        match self {
            Self::Scope(scope) => claims.scopes_count() && claims.has_scope(scope),
            Self::AppRole(role) => claims.is_app_only() && claims.has_role(role),
            Self::Role(role) => !claims.is_app_only() && claims.has_role(role),
            Self::AnyRole(role) => claims.has_role(role),
            Self::Tenant(tenant) => claims.tenant_id() == Some(*tenant),
            Self::Client(client) => claims.client_id().is_some_and(|id| id.eq_ignore_ascii_case(client)),
            Self::Claim(rule) => rule.check(claims.payload()).is_ok(),
            Self::And(all) => all.iter().all(|node| node.holds(claims)),
            Self::Or(any) => any.iter().any(|node| node.holds(claims)),
        }
    }

    /// The refusal of a node that does not hold.
    fn refuse(&self, claims: &Claims) -> Rejection {
        match self {
            Self::Scope(_) => Rejection::new(RejectionKind::InsufficientScope),
            Self::AppRole(_) | Self::Role(_) | Self::AnyRole(_) => Rejection::new(RejectionKind::InsufficientRole),
            Self::Tenant(_) => Rejection::new(RejectionKind::WrongTenant),
            Self::Client(_) => Rejection::new(RejectionKind::ClientNotAllowed),
            Self::Claim(rule) => match rule.check(claims.payload()) {
                Err(rejection) => rejection,
                Ok(()) => Rejection::new(RejectionKind::ClaimNotAllowed),
            },
            Self::And(all) => match all.iter().find(|node| !node.holds(claims)) {
                Some(node) => node.refuse(claims),
                None => Rejection::new(RejectionKind::InsufficientScope),
            },
            Self::Or(any) => {
                let fitting = if claims.is_app_only() {
                    RejectionKind::InsufficientRole
                } else {
                    RejectionKind::InsufficientScope
                };
                let mut refusals = any.iter().map(|node| node.refuse(claims));
                let first = refusals.next();
                let found = refusals.find(|refusal| refusal.kind() == fitting);
                match (first, found) {
                    (Some(first), Some(_)) if first.kind() == fitting => first,
                    (_, Some(found)) => found,
                    (Some(first), None) => first,
                    (None, None) => Rejection::new(fitting),
                }
            }
        }
    }

    /// Every scope that is named, for the challenge.
    fn scopes(&self) -> Vec<&str> {
        match self {
            Self::Scope(scope) => vec![scope],
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().flat_map(Self::scopes).collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, nodes: &[Node], word: &str| {
            nodes.iter().enumerate().try_for_each(|(at, node)| {
                if at > 0 {
                    write!(f, " {word} ")?;
                }
                if matches!(node, Node::And(_) | Node::Or(_)) { write!(f, "({node})") } else { node.fmt(f) }
            })
        };
        match self {
            Self::Scope(scope) => write!(f, "scope {scope}"),
            Self::AppRole(role) => write!(f, "app role {role}"),
            Self::Role(role) => write!(f, "user's role {role}"),
            Self::AnyRole(role) => write!(f, "role {role}"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
            Self::Client(client) => write!(f, "client {client}"),
            Self::Claim(rule) => rule.fmt(f),
            Self::And(nodes) => list(f, nodes, "and"),
            Self::Or(nodes) => list(f, nodes, "or"),
        }
    }
}
