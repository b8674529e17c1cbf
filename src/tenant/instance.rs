use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use http::Uri;

use super::Cloud;

/// Where an identity provider lives: a Microsoft cloud, or the address of something that speaks like one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    base: String,
    cloud: Option<Cloud>,
}

/// An address that may not be used, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress(&'static str);

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidAddress {}

/// The parts of an address by which two are compared: scheme, host and port in lower case, and the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) origin: String,
    pub(crate) host: String,
    pub(crate) path: String,
}

/// Reads an absolute address that may be fetched from: `https`, or `http` on loopback; no user, no fragment.
pub(crate) fn check_address(text: &str) -> Result<Address, InvalidAddress> {
    const FORM: &str = "an absolute address such as https://login.microsoftonline.com is needed";
    if text.contains('#') {
        return Err(InvalidAddress("an address with a fragment (#) is not allowed"));
    }
    let uri: Uri = text.parse().map_err(|_| InvalidAddress(FORM))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(InvalidAddress(FORM));
    };
    if authority.host().is_empty() || authority.as_str().ends_with(':') {
        return Err(InvalidAddress(FORM));
    }
    if authority.as_str().contains('@') {
        return Err(InvalidAddress("an address with a user name is not allowed"));
    }
    let host = authority.host().to_ascii_lowercase();
    // Behind a host there is a port or nothing. `Uri` takes a port that is not a number for none at all.
    let rest = authority.as_str().get(host.len()..).unwrap_or("/");
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if rest.strip_prefix(':').is_some_and(|port| !is_port(port)) {
        return Err(InvalidAddress(FORM));
    }
    let is_whole = rest.is_empty() || rest.starts_with(':');
    if !is_whole || !is_plain_host(&host) {
        return Err(InvalidAddress(
            "a host has letters, digits, hyphens and dots only, or is an IPv6 address in brackets",
        ));
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(&host) => {}
        "http" => return Err(InvalidAddress("http:// is accepted for loopback addresses only, use https://")),
        _ => return Err(InvalidAddress("only https:// addresses are accepted")),
    }
    let port = match (scheme, authority.port_u16()) {
        (_, None) | ("https", Some(443)) | ("http", Some(80)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(Address { origin: format!("{scheme}://{host}{port}"), host, path })
}

/// Whether no two readers of addresses can take the host for different ones.
fn is_plain_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')),
    }
}

/// Whether a host, in lower case, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Instance {
    /// Reads a base address such as `https://login.microsoftonline.com` or `http://127.0.0.1:4000`. Every host of a
    /// Microsoft cloud is understood, aliases too, and every [name](Cloud::from_name) of one.
    ///
    /// # Errors
    ///
    /// If it is not `https` (or `http` on loopback), or has a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        if let Some(cloud) = Cloud::from_name(text) {
            return Ok(cloud.into());
        }
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let address = check_address(&with_scheme)?;
        if address.path.contains('?') {
            return Err(InvalidAddress("an address with a query (?) is not allowed"));
        }
        match Cloud::from_host(&address.host) {
            Some(cloud) if address.path == "/" && address.origin == format!("https://{}", address.host) => {
                Ok(cloud.into())
            }
            Some(_) => Err(InvalidAddress("a Microsoft cloud is named by its host alone: no port, no path")),
            None => {
                let base = format!("{}{}", address.origin, address.path.trim_end_matches('/'));
                Ok(Self { base, cloud: None })
            }
        }
    }

    /// The address without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The cloud, if it is one of Microsoft's.
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
    fn knows_the_clouds_by_every_host() {
        for text in ["https://login.microsoftonline.com", "https://LOGIN.windows.net/", "sts.windows.net"] {
            let instance = Instance::parse(text).unwrap();
            assert_eq!((instance.cloud(), instance.base()), (Some(Cloud::Public), "https://login.microsoftonline.com"));
        }
        assert_eq!(Instance::parse("AzureUSGovernment").unwrap(), Cloud::UsGovernment.into());
    }

    #[test]
    fn http_is_for_loopback_alone() {
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
            "https://login.example:444(x",
            "https://login.example:+444",
            "https://login.example:65536",
            "https://[::1",
            "https://[::1]x",
            "https://[login.example]",
            "",
        ] {
            assert!(Instance::parse(text).is_err(), "{text}");
        }
    }
}
