use super::IssuerTemplate;

/// One of Microsoft's clouds, each with its own [login hosts](crate::guide::entra#clouds-and-login-hosts),
/// [issuers](crate::guide::entra#issuers) and keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// The public cloud, `login.microsoftonline.com`.
    #[default]
    Public,
    /// Azure for US Government, `login.microsoftonline.us`.
    UsGovernment,
    /// Azure in China, operated by 21Vianet, `login.partner.microsoftonline.cn`.
    China,
    /// Bleu, France, `login.sovcloud-identity.fr`.
    Bleu,
    /// Delos, Germany, `login.sovcloud-identity.de`.
    Delos,
    /// The Singapore government's cloud, `login.sovcloud-identity.sg`.
    GovSg,
}

impl Cloud {
    /// All clouds.
    pub const ALL: [Self; 6] = [Self::Public, Self::UsGovernment, Self::China, Self::Bleu, Self::Delos, Self::GovSg];

    /// The hosts that serve this cloud, the preferred one first.
    #[must_use]
    pub const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Public => &[
                "login.microsoftonline.com",
                "login.windows.net",
                "login.microsoft.com",
                "sts.windows.net",
                "login-us.microsoftonline.com",
            ],
            Self::UsGovernment => &["login.microsoftonline.us", "login.usgovcloudapi.net"],
            Self::China => &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
            Self::Bleu => &["login.sovcloud-identity.fr"],
            Self::Delos => &["login.sovcloud-identity.de"],
            Self::GovSg => &["login.sovcloud-identity.sg"],
        }
    }

    /// The host from which this crate fetches metadata and keys.
    #[must_use]
    pub const fn login_host(self) -> &'static str {
        self.hosts()[0]
    }

    /// Its name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Its names: first its own, then those of MSAL and of the Azure CLI.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["Public", "AzurePublic", "AzureCloud"],
            Self::UsGovernment => &["UsGovernment", "AzureUsGovernment"],
            Self::China => &["China", "AzureChina", "AzureChinaCloud"],
            Self::Bleu => &["Bleu"],
            Self::Delos => &["Delos"],
            Self::GovSg => &["GovSg"],
        }
    }

    /// The cloud with this name in a configuration: `UsGovernment`, or as MSAL (`AzureUsGovernment`) and the Azure CLI
    /// (`AzureUSGovernment`) write it, ignoring case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.names().iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The cloud with this login host or alias, ignoring case.
    #[must_use]
    pub fn from_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.hosts().iter().any(|known| known.eq_ignore_ascii_case(host)))
    }

    /// The name of this cloud in keys and metadata ([`cloud_instance_name`](crate::guide::entra#signing-keys-jwks)), if it is
    /// known.
    #[must_use]
    pub const fn instance_name(self) -> Option<&'static str> {
        match self {
            Self::Public => Some("microsoftonline.com"),
            Self::UsGovernment => Some("microsoftonline.us"),
            _ => None,
        }
    }

    /// The [issuer](crate::guide::entra#issuers) of v1 tokens, if it is known. The public and the US Government cloud share it.
    pub(crate) fn v1_issuer(self) -> Option<IssuerTemplate> {
        match self {
            Self::Public | Self::UsGovernment => Some(IssuerTemplate::new("https://sts.windows.net/", "/")),
            Self::China => Some(IssuerTemplate::new("https://sts.chinacloudapi.cn/", "/")),
            _ => None,
        }
    }

    /// The [issuer](crate::guide::entra#issuers) of v2 tokens.
    pub(crate) fn v2_issuer(self) -> IssuerTemplate {
        IssuerTemplate::new(&format!("https://{}/", self.login_host()), "/v2.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/entra.md`, "Clouds and login hosts".
    #[test]
    fn cloud_is_found_by_host_and_name() {
        use Cloud::{Bleu, China, Delos, GovSg, Public, UsGovernment};
        let hosts = [
            (Public, "login.microsoftonline.com"),
            (Public, "login.windows.net"),
            (Public, "login.microsoft.com"),
            (Public, "sts.windows.net"),
            (Public, "login-us.microsoftonline.com"),
            (UsGovernment, "login.microsoftonline.us"),
            (UsGovernment, "login.usgovcloudapi.net"),
            (China, "login.partner.microsoftonline.cn"),
            (China, "login.chinacloudapi.cn"),
            (Bleu, "login.sovcloud-identity.fr"),
            (Delos, "login.sovcloud-identity.de"),
            (GovSg, "login.sovcloud-identity.sg"),
        ];
        for (cloud, host) in hosts {
            assert_eq!(Cloud::from_host(host), Some(cloud), "{host}");
        }
        assert_eq!(
            hosts.len(),
            Cloud::ALL.into_iter().map(|cloud| cloud.hosts().len()).sum::<usize>(),
            "and no others"
        );
        for (cloud, name) in [
            (Public, "public"),
            (Public, "AzurePublic"),
            (Public, "AzureCloud"),
            (UsGovernment, "UsGovernment"),
            (UsGovernment, "AzureUsGovernment"),
            (UsGovernment, "AzureUSGovernment"),
            (China, "China"),
            (China, "AzureChina"),
            (China, "AzureChinaCloud"),
            (Bleu, "bleu"),
            (Delos, "DELOS"),
            (GovSg, "GovSG"),
        ] {
            assert_eq!(Cloud::from_name(name), Some(cloud), "{name}");
        }
        for cloud in Cloud::ALL {
            assert_eq!(Cloud::from_name(cloud.name()), Some(cloud));
        }
        for name in ["", "AzureGermany", "AzureGermanCloud", "US", "login.microsoftonline.us"] {
            assert_eq!(Cloud::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_host_leads_to_its_cloud() {
        for cloud in Cloud::ALL {
            for host in cloud.hosts() {
                assert_eq!(Cloud::from_host(&host.to_uppercase()), Some(cloud));
            }
        }
        assert_eq!(Cloud::from_host("login.microsoftonline.com.evil.example"), None);
        assert_eq!(Cloud::from_host("login.microsoftonline.de"), None, "closed in 2021");
    }
}
