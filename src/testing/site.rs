use crate::tenant::{Cloud, TenantId};

/// Where a look-alike stands and what it calls itself: everything in which one cloud differs from another.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) cloud: Option<Cloud>,
    /// The address without a slash at its end.
    pub(super) base: String,
    /// Other addresses that mean the same.
    pub(super) aliases: Vec<String>,
    v1_issuer: String,
    v2_issuer: String,
    pub(super) cloud_instance_name: Option<String>,
    pub(super) graph_host: &'static str,
    pub(super) msgraph_host: &'static str,
    /// Whether there are v1 documents. Nobody has seen those of the newer clouds (§1.2).
    pub(super) has_v1: bool,
}

const PLACEHOLDER: &str = "{tenantid}";

impl Site {
    /// One of Microsoft's clouds.
    pub(super) fn of_cloud(cloud: Cloud) -> Self {
        let base = format!("https://{}", cloud.login_host());
        let v1_issuer = cloud.v1_issuer();
        let (graph_host, msgraph_host) = match cloud {
            Cloud::UsGovernment => ("graph.windows.net", "graph.microsoft.us"),
            Cloud::China => ("graph.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
            _ => ("graph.windows.net", "graph.microsoft.com"),
        };
        Self {
            cloud: Some(cloud),
            aliases: cloud.hosts().iter().skip(1).map(|host| format!("https://{host}")).collect(),
            has_v1: v1_issuer.is_some(),
            v1_issuer: v1_issuer.map_or_else(|| format!("{base}/{PLACEHOLDER}/"), |issuer| issuer.to_string()),
            v2_issuer: cloud.v2_issuer().to_string(),
            cloud_instance_name: cloud.instance_name().map(str::to_owned),
            graph_host,
            msgraph_host,
            base,
        }
    }

    /// An emulator at an address of its own, which is in its issuers too.
    pub(super) fn at(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        Self {
            cloud: None,
            base: base.to_owned(),
            aliases: Vec::new(),
            v1_issuer: format!("{base}/{PLACEHOLDER}/"),
            v2_issuer: format!("{base}/{PLACEHOLDER}/v2.0"),
            cloud_instance_name: None,
            graph_host: "graph.windows.net",
            msgraph_host: "graph.microsoft.com",
            has_v1: true,
        }
    }

    /// The part of `url` behind this site's address, if it is on this site.
    pub(super) fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        let bases = std::iter::once(&self.base).chain(&self.aliases);
        bases.filter_map(|base| url.strip_prefix(base.as_str())).find(|rest| rest.starts_with('/'))
    }

    /// The issuer of `version` with `tenant` put in, whatever that is.
    pub(super) fn issuer(&self, version: Version, tenant: &str) -> String {
        self.issuer_template(version).replace(PLACEHOLDER, tenant)
    }

    pub(super) fn issuer_template(&self, version: Version) -> &str {
        match version {
            Version::V1 => &self.v1_issuer,
            Version::V2 => &self.v2_issuer,
        }
    }
}

/// The two generations of tokens and of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// Whose document it is: the first segment of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// `None` for `common` and `organizations`.
    pub(super) tenant: Option<TenantId>,
    /// How addresses inside the document name it: the shared name, else the tenant's id, also if a domain was asked.
    pub(super) segment: String,
}

impl Owner {
    pub(super) fn shared(name: &str) -> Self {
        Self { tenant: None, segment: name.to_owned() }
    }

    pub(super) fn tenant(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), segment: tenant.to_string() }
    }

    /// The `issuer` of this owner's document, with the placeholder where it is shared.
    pub(super) fn issuer(&self, site: &Site, version: Version) -> String {
        match self.tenant {
            Some(_) => site.issuer(version, &self.segment),
            None => site.issuer_template(version).to_owned(),
        }
    }
}
