//! Protects a served mock against DNS rebinding: only requests that address the mock by one of its names are accepted.
//!
//! A web site can make its own name resolve to 127.0.0.1, and its pages could then read tokens from a mock on the
//! developer's machine. The browser still sends the site's name as `Host` (RFC 9110, section 7.2).

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, HeaderName, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

use super::{MockEntra, message::MockResponse};

impl MockEntra {
    /// Accepts requests for an additional host name when the mock is [served](Self::serve): the name of a container or of
    /// a machine, such as `mock-entra` (any port) or `mock-entra:4000` (this port only). May be called more than once.
    ///
    /// Loopback addresses, `localhost`, the local address of the connection and the host of the [base address](Self::at)
    /// are always accepted. Any other `Host` is rejected with status 421, and any other `Origin` with status 403, so that
    /// a web page cannot read tokens from a mock on the same machine (DNS rebinding).
    ///
    /// ```
    /// use mock_entra::MockEntra;
    ///
    /// let entra = MockEntra::at("http://127.0.0.1:4000");
    /// entra.allow_host("mock-entra:4000");
    /// ```
    pub fn allow_host(&self, host: impl Into<String>) {
        self.lock().allowed_hosts.push(host.into());
    }

    /// The error response to a request from another site. `local` is the local address of the connection.
    pub(super) fn reject_other_site(
        &self,
        local: Option<SocketAddr>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<MockResponse> {
        // A target in absolute form takes precedence over `Host` (RFC 9112, section 3.2.2), so both are checked.
        let host = single(headers, HOST).filter(|host| self.is_own(host, local));
        if host.is_none() || uri.authority().is_some_and(|target| !self.is_own(target.as_str(), local)) {
            let text = "This mock only accepts requests for its own address. To use another host name, call \
                        MockEntra::allow_host(\"name\"), or start mock-entra with --allow-host.\n";
            return Some(MockResponse::text(421, text));
        }
        // Without CORS headers, other sites cannot read responses. They could still submit a form.
        let is_own_origin = |origin: &str| {
            origin
                .split_once("://")
                .is_some_and(|(_, host)| host_name(host).is_some_and(is_loopback) || self.is_own(host, local))
        };
        if headers.contains_key(ORIGIN) && !single(headers, ORIGIN).is_some_and(is_own_origin) {
            let text = "This mock only accepts requests from pages of loopback addresses. To use it from another site, call \
                        MockEntra::allow_host(\"name\"), or start mock-entra with --allow-host.\n";
            return Some(MockResponse::text(403, text));
        }
        None
    }

    fn is_own(&self, host: &str, local: Option<SocketAddr>) -> bool {
        // User information before an `@` would hide the real host.
        let Some(authority) = host.parse::<Authority>().ok().filter(|_| !host.contains('@')) else { return false };
        let Some(name) = host_name(host) else { return false };
        let state = self.lock();
        let is_secure = state.base_url.url.starts_with("https:");
        let port = |authority: &Authority| authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let is_base = |base: &String| {
            let base = base.parse::<Uri>().ok().and_then(|base| base.authority().cloned());
            base.is_some_and(|base| {
                base.host().eq_ignore_ascii_case(authority.host()) && port(&base) == port(&authority)
            })
        };
        let is_allowed = |allowed: &String| {
            let names_port = allowed.parse::<Authority>().is_ok_and(|allowed| allowed.port_u16().is_some());
            allowed.eq_ignore_ascii_case(if names_port { host } else { authority.host() })
        };
        let is_local = local.is_some_and(|local| {
            let is_address = name.parse::<IpAddr>().is_ok_and(|address| address == local.ip().to_canonical());
            (is_address || is_loopback(name)) && port(&authority) == local.port()
        });
        is_local || state.base_url.all().any(is_base) || state.allowed_hosts.iter().any(is_allowed)
    }
}

/// The host without its port and without the brackets of an IPv6 address.
fn host_name(host: &str) -> Option<&str> {
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(address, _)| address),
        None => host.split(':').next(),
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The value of a header that occurs exactly once and is ASCII.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}
