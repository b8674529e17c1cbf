use std::fmt;

use super::{Cloud, HttpsUrl, InvalidAddress, with_scheme};

/// An instance of Entra: a Microsoft cloud, or another host with the same interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    base: String,
    cloud: Option<Cloud>,
}

impl Instance {
    /// Parses a base URL such as `https://login.microsoftonline.com` or `http://127.0.0.1:4000`. Every login host of a
    /// Microsoft cloud is accepted, including aliases, and so is every [name](Cloud::from_name) of a cloud.
    ///
    /// # Errors
    ///
    /// If the URL is not `https` (or `http` on loopback), or has a user name, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        if let Some(cloud) = Cloud::from_name(text) {
            return Ok(cloud.into());
        }
        let address = HttpsUrl::parse(&with_scheme(text))?;
        if address.path.contains('?') {
            return Err(InvalidAddress("an address with a query (?) is not allowed"));
        }
        match Cloud::from_host(&address.host) {
            Some(cloud) if address.path == "/" && address.is_https_at_standard_port() => Ok(cloud.into()),
            Some(_) => Err(InvalidAddress("a Microsoft cloud is named by its host alone: no port, no path")),
            None => {
                let base = format!("{}{}", address.origin, address.path.trim_end_matches('/'));
                Ok(Self { base, cloud: None })
            }
        }
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The Microsoft cloud; `None` for another host.
    #[must_use]
    pub fn cloud(&self) -> Option<Cloud> {
        self.cloud
    }
}

impl From<Cloud> for Instance {
    fn from(cloud: Cloud) -> Self {
        Self { base: format!("https://{}", cloud.login_host()), cloud: Some(cloud) }
    }
}

impl Default for Instance {
    fn default() -> Self {
        Cloud::default().into()
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_is_recognised_by_every_host_and_name() {
        for text in ["https://login.microsoftonline.com", "https://LOGIN.windows.net/", "sts.windows.net"] {
            let instance = Instance::parse(text).unwrap();
            assert_eq!((instance.cloud(), instance.base()), (Some(Cloud::Public), "https://login.microsoftonline.com"));
        }
        assert_eq!(Instance::parse("AzureUSGovernment").unwrap(), Cloud::UsGovernment.into());
    }

    #[test]
    fn http_is_accepted_for_loopback_only() {
        for text in ["http://127.0.0.1:4000", "http://[::1]:4000", "http://localhost:4000/"] {
            assert_eq!(Instance::parse(text).unwrap().cloud(), None, "{text}");
        }
        for text in [
            "http://login.microsoftonline.com",
            "http://192.168.1.1",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "file:///etc/passwd",
            "ftp://127.0.0.1",
            "https://user@login.microsoftonline.com",
            "https://login.microsoftonline.com/#x",
            "https://login.example/?x",
            "https://login.microsoftonline.com:8443",
            "https://login.microsoftonline.com/common",
            "https://",
            "https:// login.example",
            "https://log(in.example",
            "https://login.example%2f.evil.example",
            "https://login.example;evil.example",
            "https://[::1",
            "https://[::1]x",
            "https://[login.example]",
            "https://login.example:65536",
            "https://login.example:61111111-2222",
            "https://login.example:8x",
            "https://login.example:+443",
            "",
        ] {
            assert!(Instance::parse(text).is_err(), "{text}");
        }
    }
}
