use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use http::Uri;

use super::url_text::after_https;

/// A URL that is not allowed. Its text says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress(pub(super) &'static str);

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidAddress {}

/// A URL that may be fetched, in its parts. Scheme, host and port are normalised, so it is not for comparing issuers, which are
/// exact strings, see [`split_origin`](super::split_origin).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpsUrl {
    /// Scheme, host and port in lower case, without the default port.
    pub(crate) origin: String,
    /// In lower case, without the port.
    pub(crate) host: String,
    /// With the query, exactly as it is written.
    pub(crate) path: String,
}

impl HttpsUrl {
    /// Parses an absolute URL that may be fetched: `https`, or `http` on loopback; no user name, no fragment.
    ///
    /// # Errors
    ///
    /// Says which part is not allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidAddress> {
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
        // Only a port may follow the host, so that all parsers read the same host.
        let port = match authority.as_str().get(host.len()..) {
            Some("") => Some(None),
            Some(rest) => rest.strip_prefix(':').filter(|port| is_port(port)).map(|_| authority.port_u16()),
            None => None,
        };
        let Some(port) = port.filter(|_| is_plain_host(&host)) else {
            return Err(InvalidAddress(
                "a host has letters, digits, hyphens and dots only, without a dot at the end, or is an IPv6 address in brackets; a port is a number up to 65535",
            ));
        };
        match scheme {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err(InvalidAddress("http:// is accepted for loopback addresses only, use https://")),
            _ => return Err(InvalidAddress("only https:// addresses are accepted")),
        }
        let port = match (scheme, port) {
            (_, None) | ("https", Some(443)) | ("http", Some(80)) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { origin: format!("{scheme}://{host}{port}"), host, path })
    }

    /// Whether the scheme is `https` and the port is 443.
    pub(crate) fn is_https_at_standard_port(&self) -> bool {
        after_https(&self.origin) == Some(&*self.host)
    }

    /// Whether the scheme is `https`; the other one is `http`, on loopback.
    #[cfg(any(test, feature = "reqwest"))]
    pub(crate) fn is_https(&self) -> bool {
        after_https(&self.origin).is_some()
    }
}

/// Whether all URL parsers read the same host.
fn is_plain_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        // A dot at the end names the same host, but is another string.
        None => {
            !host.ends_with('.')
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        }
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Whether a host, in lower case, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_parsers_read_differently_are_rejected() {
        for text in [
            "https://login.contoso.example.",
            "https://login.contoso.example./x",
            "https://login.contoso.example:x",
            "https://login.contoso.example:",
            "https://:443/x",
            "https://user@login.contoso.example",
            "https://login%2econtoso.example",
            "https://[::1",
        ] {
            assert!(HttpsUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origin_is_normalised_and_path_is_exact() {
        for (text, origin, path) in [
            ("https://Login.Contoso.example", "https://login.contoso.example", "/"),
            ("https://login.contoso.example:443/A?b=C", "https://login.contoso.example", "/A?b=C"),
            ("HTTPS://login.contoso.example:8443/", "https://login.contoso.example:8443", "/"),
            ("http://127.0.0.1:80/x", "http://127.0.0.1", "/x"),
            ("http://[::1]:4000/x/", "http://[::1]:4000", "/x/"),
        ] {
            let url = HttpsUrl::parse(text).unwrap();
            assert_eq!((&*url.origin, &*url.path), (origin, path), "{text}");
            assert_eq!(url.is_https(), origin.starts_with("https:"), "{text}");
            assert_eq!(url.is_https_at_standard_port(), origin == "https://login.contoso.example", "{text}");
        }
    }
}
