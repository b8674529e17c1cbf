use super::{Cloud, TenantId, after_https, split_origin};

/// A Microsoft host, by the service there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MicrosoftHost {
    /// The metadata and keys of a cloud.
    Login(Cloud),
    /// Nothing: the host occurs only in the issuer of v1 tokens in China.
    Issuer,
    B2c,
    ExternalId,
}

const B2C: &str = ".b2clogin.com";
const EXTERNAL_ID: &str = ".ciamlogin.com";
pub(crate) const CHINA_V1_HOST: &str = "sts.chinacloudapi.cn";

impl MicrosoftHost {
    /// The service at a host, which has no port, ignoring case. `None` for a host that is not Microsoft's.
    pub(crate) fn of(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        if let Some(cloud) = Cloud::from_host(&host) {
            Some(Self::Login(cloud))
        } else if host == CHINA_V1_HOST {
            Some(Self::Issuer)
        } else if host.ends_with(B2C) {
            Some(Self::B2c)
        } else if host.ends_with(EXTERNAL_ID) {
            Some(Self::ExternalId)
        } else {
            None
        }
    }

    /// The name before the domain of Azure AD B2C or External ID: `contoso` of `contoso.b2clogin.com`.
    pub(crate) fn tenant_name(host: &str) -> Option<&str> {
        host.strip_suffix(B2C).or_else(|| host.strip_suffix(EXTERNAL_ID))
    }

    /// The domain of External ID, without a tenant's name.
    pub(crate) fn external_id_domain() -> &'static str {
        &EXTERNAL_ID[1..]
    }

    /// The tenant whose GUID is the host of an issuer of External ID.
    pub(crate) fn external_id_tenant(issuer: &str) -> Option<TenantId> {
        let (origin, _) = split_origin(issuer)?;
        after_https(origin)?.strip_suffix(EXTERNAL_ID).and_then(TenantId::from_canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_tells_its_service() {
        for (host, expected) in [
            ("login.microsoftonline.com", Some(MicrosoftHost::Login(Cloud::Public))),
            ("STS.windows.net", Some(MicrosoftHost::Login(Cloud::Public))),
            ("login.microsoftonline.us", Some(MicrosoftHost::Login(Cloud::UsGovernment))),
            ("sts.chinacloudapi.cn", Some(MicrosoftHost::Issuer)),
            ("contoso.b2clogin.com", Some(MicrosoftHost::B2c)),
            ("Contoso.CIAMlogin.com", Some(MicrosoftHost::ExternalId)),
            ("b2clogin.com", None),
            ("ciamlogin.com", None),
            ("contoso.ciamlogin.com.evil.example", None),
            ("contosob2clogin.com", None),
            ("login.contoso.example", None),
            ("", None),
        ] {
            assert_eq!(MicrosoftHost::of(host), expected, "{host}");
        }
    }

    #[test]
    fn external_id_issuer_names_its_tenant() {
        const TENANT: &str = "11111111-2222-3333-4444-555555555555";
        for (issuer, is_found) in [
            (format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), true),
            (format!("https://{TENANT}.ciamlogin.com/"), true),
            (format!("https://{TENANT}.ciamlogin.com"), false),
            (format!("http://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), false),
            (format!("https://contoso.ciamlogin.com/{TENANT}/v2.0"), false),
            (format!("https://{TENANT}.ciamlogin.com.evil.example/{TENANT}/v2.0"), false),
            (format!("https://evil.example/{TENANT}.ciamlogin.com/"), false),
        ] {
            assert_eq!(
                MicrosoftHost::external_id_tenant(&issuer),
                is_found.then(|| TENANT.parse().unwrap()),
                "{issuer}"
            );
        }
    }
}
