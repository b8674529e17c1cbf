use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ids, token_spec::Version};
use tower_entra::tenant::TenantId;

/// The registered tenants, policies, applications and APIs.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) tenants: BTreeSet<TenantId>,
    /// In lower case.
    pub(super) domains: BTreeMap<String, TenantId>,
    /// The policies of B2C in their original letter case. The first one is the default.
    pub(super) policies: Vec<String>,
    /// Whether B2C's issuers contain the policy.
    pub(super) policy_in_issuer: bool,
    /// By client id, in lower case.
    pub(super) apps: HashMap<String, App>,
    /// By App ID URI.
    pub(super) apis: HashMap<String, Api>,
}

/// A client application that may request tokens.
#[derive(Clone, Debug)]
pub(super) struct App {
    /// `None` accepts any secret.
    pub(super) secret: Option<String>,
    pub(super) roles: Vec<String>,
}

/// A registered API.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) version: Version,
    pub(super) audience: String,
}

impl Directory {
    /// These tenants and the two predefined applications.
    pub(super) fn new(tenants: &[&str]) -> Self {
        let app = |roles| App { secret: None, roles };
        let apps = [
            (ids::CALLER.to_owned(), app(vec!["Files.Read.All".to_owned()])),
            (ids::OTHER_CALLER.to_owned(), app(Vec::new())),
        ];
        Self {
            tenants: tenants.iter().filter_map(|id| id.parse().ok()).collect(),
            domains: BTreeMap::new(),
            policies: Vec::new(),
            policy_in_issuer: false,
            apps: HashMap::from(apps),
            apis: HashMap::new(),
        }
    }

    /// The registered tenant with this id or domain.
    pub(super) fn tenant(&self, name: &str) -> Option<TenantId> {
        let by_id = name.parse().ok().filter(|id| self.tenants.contains(id));
        by_id.or_else(|| self.domains.get(&name.to_ascii_lowercase()).copied())
    }

    /// The registered policy with this name, in its original letter case.
    pub(super) fn policy(&self, name: &str) -> Option<&str> {
        self.policies.iter().find(|policy| policy.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    pub(super) fn default_policy(&self) -> &str {
        self.policies.first().map_or("", String::as_str)
    }
}
