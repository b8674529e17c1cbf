use std::fmt::{self, Formatter};

use super::{Requirement, node::Node, rule::Rule};
use crate::claims::ClientProof;

impl fmt::Display for Requirement {
    /// As one would say it: `scope Files.Read or (group 11111111-… and not guest)`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Requirement({self})")
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => rule.fmt(f),
            Self::Not(node) => {
                f.write_str("not ")?;
                node.inside(f)
            }
            Self::And(nodes) => joined(f, nodes, " and "),
            Self::Or(nodes) => joined(f, nodes, " or "),
        }
    }
}

impl Node {
    /// In parentheses where it is more than one rule.
    fn inside(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(_) | Self::Or(_) => write!(f, "({self})"),
            Self::Rule(_) | Self::Not(_) => fmt::Display::fmt(self, f),
        }
    }
}

fn joined(f: &mut Formatter<'_>, nodes: &[Node], word: &str) -> fmt::Result {
    nodes.iter().enumerate().try_for_each(|(at, node)| {
        if at > 0 {
            f.write_str(word)?;
        }
        node.inside(f)
    })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(f, "scope {scope}"),
            Self::AppPermission(role) => write!(f, "app permission {role}"),
            Self::UserRole(role) => write!(f, "user role {role}"),
            Self::AnyRole(role) => write!(f, "role {role}"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
            Self::Authority(authority) => write!(f, "authority {}", authority.name),
            Self::Client { id, proof: ClientProof::None } => write!(f, "client {id}"),
            Self::Client { id, proof: ClientProof::Secret } => write!(f, "client {id} with a secret or certificate"),
            Self::Client { id, proof: ClientProof::Certificate } => write!(f, "client {id} with a certificate"),
            Self::Group(group) => write!(f, "group {}", group.id),
            Self::DirectoryRole(id) => write!(f, "directory role {id}"),
            Self::Member => f.write_str("member"),
            Self::Guest => f.write_str("guest"),
            Self::AuthContext(context) => context.fmt(f),
            Self::Claim(rule) => rule.fmt(f),
        }
    }
}
