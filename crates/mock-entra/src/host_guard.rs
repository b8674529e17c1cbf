//! Which requests the served mock answers: those that name it by an address of its own.
//!
//! A page of any site can have its own name resolve to 127.0.0.1 (DNS rebinding) and would then read tokens out of a mock
//! that runs on the developer's machine. The browser still sends the page's name as `Host` (RFC 9110, section 7.2).

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, HeaderName, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

use super::{MockEntra, answer::Answer};

impl MockEntra {
    /// Answers requests under this host name too, when it is [served](Self::serve): the name of a container or of a
    /// machine, such as `mock-entra` (any port) or `mock-entra:4000` (this port only). May be called more than once.
    ///
    /// Loopback addresses, `localhost`, the address a connection arrived at and the host of the
    /// [base address](Self::at) are answered without it. Any other `Host` gets status 421, and any other `Origin` status
    /// 403, so that no web page can read tokens from a mock on the same machine (DNS rebinding).
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

    /// The response to a request that must not be answered. `local` is the address at which it arrived.
    pub(super) fn refuse(&self, local: Option<SocketAddr>, uri: &Uri, headers: &HeaderMap) -> Option<Answer> {
        // The target in absolute form takes precedence over `Host` (RFC 9112, section 3.2.2); both must be right.
        let host = single(headers, HOST).filter(|host| self.is_own(host, local));
        if host.is_none() || uri.authority().is_some_and(|target| !self.is_own(target.as_str(), local)) {
            let text = "This mock answers requests for its own address only. To reach it under another host name, call \
                        MockEntra::allow_host(\"name\"), or start the example with --allow-host.\n";
            return Some(Answer::text(421, text));
        }
        // No response has CORS headers. A form of another site could still be posted here.
        let is_own_origin = |origin: &str| {
            origin
                .split_once("://")
                .is_some_and(|(_, host)| host_name(host).is_some_and(is_loopback) || self.is_own(host, local))
        };
        if headers.contains_key(ORIGIN) && !single(headers, ORIGIN).is_some_and(is_own_origin) {
            let text = "This mock answers pages of loopback addresses only. To use it from another one, call \
                        MockEntra::allow_host(\"name\"), or start the example with --allow-host.\n";
            return Some(Answer::text(403, text));
        }
        None
    }

    fn is_own(&self, host: &str, local: Option<SocketAddr>) -> bool {
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
        let is_here = local.is_some_and(|local| {
            let is_address = name.parse::<IpAddr>().is_ok_and(|address| address == local.ip().to_canonical());
            (is_address || is_loopback(name)) && port(&authority) == local.port()
        });
        is_here
            || std::iter::once(&state.base_url.url).chain(&state.base_url.aliases).any(is_base)
            || state.allowed_hosts.iter().any(is_allowed)
    }
}

/// The host without its port, and without the brackets of an IPv6 address.
fn host_name(host: &str) -> Option<&str> {
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(address, _)| address),
        None => host.split(':').next(),
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The value of a header that occurs exactly once.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}
