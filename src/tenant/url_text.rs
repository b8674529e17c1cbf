//! Splits URLs as strings, exactly as they are written and without validation: for the issuers of tokens and documents, which
//! are compared as strings, and for messages. What is fetched is an [`HttpsUrl`](super::HttpsUrl).

use std::borrow::Cow;

const SCHEME_END: &str = "://";

/// Splits a URL around `://`. `None` if it has no scheme.
pub(crate) fn split_scheme(url: &str) -> Option<(&str, &str)> {
    url.split_once(SCHEME_END)
}

/// Splits a URL behind its host and port. `None` if it has no scheme or no path.
pub(crate) fn split_origin(url: &str) -> Option<(&str, &str)> {
    let host = url.find(SCHEME_END)? + SCHEME_END.len();
    let path = host + url[host..].find('/')?;
    Some(url.split_at(path))
}

/// The part of a URL behind `https://`. `None` for another scheme.
pub(crate) fn after_https(url: &str) -> Option<&str> {
    url.strip_prefix("https://")
}

/// The URL, with `https://` before it if it has no scheme.
pub(crate) fn with_scheme(url: &str) -> Cow<'_, str> {
    match split_scheme(url) {
        Some(_) => Cow::Borrowed(url),
        None => Cow::Owned(format!("https://{url}")),
    }
}

/// The host of an untrusted text, as leniently as any URL parser could read one: without a user name, a port and dots at its
/// end, whatever the scheme. For texts that `HttpsUrl` rejects.
pub(crate) fn lenient_host(text: &str) -> &str {
    let rest = split_scheme(text).map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    host.trim_end_matches('.')
}

/// The text without the user name and the password of a URL, for messages.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = split_scheme(text) else { return Cow::Borrowed(text) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://…{}", &rest[at..])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_is_split_without_normalising_it() {
        for (url, expected) in [
            ("https://Login.Example:443/A/", Some(("https://Login.Example:443", "/A/"))),
            ("https://login.example/", Some(("https://login.example", "/"))),
            ("x://y@z/{tenantid}", Some(("x://y@z", "/{tenantid}"))),
            ("https://login.example", None),
            ("login.example/a", None),
            ("", None),
        ] {
            assert_eq!(split_origin(url), expected, "{url}");
        }
    }

    #[test]
    fn scheme_is_added_only_where_it_is_missing() {
        for (url, expected) in [
            ("login.example", "https://login.example"),
            ("http://login.example", "http://login.example"),
            ("x://y", "x://y"),
            ("", "https://"),
        ] {
            assert_eq!(with_scheme(url), expected, "{url}");
        }
        assert_eq!(after_https("https://login.example/a"), Some("login.example/a"));
        assert_eq!(after_https("http://login.example/a"), None);
    }

    #[test]
    fn host_is_found_however_it_is_disguised() {
        for text in [
            "login.example",
            "https://login.example",
            "x://a:b@login.example:8443/p?q#f",
            "https://evil.example@login.example./",
            "https://login.example\\@evil.example/",
            "https://login.example#@evil.example",
        ] {
            assert_eq!(lenient_host(text), "login.example", "{text}");
        }
    }

    #[test]
    fn passwords_are_removed_from_urls() {
        for (text, expected) in [
            ("https://a:b@login.example/p@q", "https://…@login.example/p@q"),
            ("https://a@b@login.example?x", "https://…@login.example?x"),
            ("https://login.example/a@b", "https://login.example/a@b"),
            ("a:b@login.example", "a:b@login.example"),
        ] {
            let hidden = without_password(text);
            assert_eq!(hidden, expected);
            assert_eq!(without_password(&hidden), expected, "once is enough");
        }
    }
}
