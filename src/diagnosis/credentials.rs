//! Finds the credentials in headers that somebody pasted: of a request, a command, a log or a HAR file.

/// The value of a header that carries credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials<'a> {
    /// A token, without the scheme.
    Token(&'a str),
    /// The whole value of an `Authorization` header without the scheme `Bearer`.
    OtherScheme(&'a str),
}

/// Headers with an access token, and the option of curl for one.
const HEADERS: [&str; 5] =
    [AUTHORIZATION, "x-ms-token-aad-access-token", "x-forwarded-access-token", "x-amzn-oidc-accesstoken", CURL_OPTION];
const AUTHORIZATION: &str = "authorization";
const CURL_OPTION: &str = "--oauth2-bearer";
const SCHEME: &str = "bearer";
/// How many values of a header are read. Each takes time in proportion to the length of the text; names without a value do not.
const MOST_VALUES: usize = 10;
/// More different credentials are not reported: two are ambiguous already.
const MOST_CREDENTIALS: usize = 3;

/// The different credentials in the headers of a text.
pub(super) fn find(text: &str) -> Vec<Credentials<'_>> {
    let folded = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for name in HEADERS {
        for value in values(text, &folded, name) {
            let credentials = match after_scheme(value).or_else(|| after_encoded_scheme(value)) {
                Some("") => continue,
                Some(token) => Credentials::Token(token),
                None if name == AUTHORIZATION && !is_variable(value) => Credentials::OtherScheme(value),
                None => Credentials::Token(value),
            };
            if found.len() < MOST_CREDENTIALS && !found.contains(&credentials) {
                found.push(credentials);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// Whether a text has a `Cookie` header.
pub(super) fn has_cookie(text: &str) -> bool {
    !values(text, &text.to_ascii_lowercase(), "cookie").is_empty()
}

/// What follows the scheme `Bearer`, and a space or a colon.
pub(super) fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    let rest = rest.strip_prefix([' ', ':'])?.trim_start_matches([' ', ':']);
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// What follows the scheme `Bearer` in a value that is encoded for a form or an address.
fn after_encoded_scheme(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    let rest = rest.strip_prefix("%20").or_else(|| rest.strip_prefix('+'))?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// A variable may hold the scheme as well as the token.
fn is_variable(value: &str) -> bool {
    value.starts_with(['$', '<', '{', '%'])
}

/// The values of a header or option, without quotes and brackets.
fn values<'a>(text: &'a str, folded: &str, name: &str) -> Vec<&'a str> {
    let values = folded.match_indices(name).filter_map(|(at, _)| {
        // `Proxy-Authorization` is another header.
        let is_whole_name = !folded[..at].ends_with(|last: char| last.is_ascii_alphanumeric() || last == '-');
        let rest = text.get(at + name.len()..).filter(|_| is_whole_name)?;
        if name == CURL_OPTION { option_value(rest) } else { header_value(rest) }
    });
    values.take(MOST_VALUES).collect()
}

/// The value after the name of a header; `None` if the name is part of another text.
fn header_value(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches(['"', '\'', '\\', ' ']);
    let value = match rest.strip_prefix("=>").or_else(|| rest.strip_prefix([':', '='])) {
        Some(value) => value,
        // An entry of a HAR file: `"name": …, "value": …`.
        None => {
            let value = rest.strip_prefix(',')?.trim_start().strip_prefix("\"value\"")?;
            value.trim_start().strip_prefix(':')?
        }
    };
    let value = value.trim_start_matches([' ', '\t']);
    // A list of values, as Go and gateways write headers.
    let in_list = value.strip_prefix("[]string{").or_else(|| value.strip_prefix('[')).map(str::trim_start);
    let value = in_list.unwrap_or(value);
    let bare = value.trim_start_matches(['\\', '"', '\'']);
    let is_quoted = bare.len() < value.len();
    let ends: &[char] = match in_list {
        Some(_) => &['\n', '\r', '\\', '"', '\'', '`', ']', '}'],
        // `Bearer "…"` is in quotes itself, which is a fault.
        None if !is_quoted && after_scheme(bare).is_some_and(|token| token.starts_with('"')) => &['\n', '\r'],
        None => &['\n', '\r', '"', '\'', '`'],
    };
    let end = bare.find(ends).unwrap_or(bare.len());
    let value = bare[..end].trim_end_matches([' ', '\\', '^', '\t']);
    Some(value).filter(|value| !value.is_empty())
}

/// The value after an option of a command: it ends at a space unless it is in quotes.
fn option_value(rest: &str) -> Option<&str> {
    let value = rest.strip_prefix([' ', '='])?.trim_start();
    let bare = value.trim_start_matches(['"', '\'']);
    let ends: &[char] = if bare.len() < value.len() { &['"', '\'', '\n'] } else { &[' ', '\n', '\r', '\t'] };
    let end = bare.find(ends).unwrap_or(bare.len());
    Some(&bare[..end]).filter(|value| !value.is_empty())
}
