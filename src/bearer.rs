//! Takes the token from the `Authorization` header (RFC 6750, section 2.1; RFC 9110, section 11.4). Nothing is decoded here.
//!
//! The characters of the token are checked in a second step, so that a cached token is found before it.

mod placeholder;

use http::{HeaderMap, header::AUTHORIZATION};

pub(crate) use placeholder::is_placeholder;

use crate::rejection::{Malformed, Rejection, RejectionKind};

const SCHEME: &[u8] = b"Bearer";

/// The token of the `Authorization` header, of which there must be one, with at most `max_bytes`.
pub(crate) fn from_headers(headers: &HeaderMap, max_bytes: usize) -> Result<&[u8], Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Rejection::new(RejectionKind::MalformedHeader));
    }
    let credentials = behind_scheme(trim(value.as_bytes())).ok_or_else(missing)?;
    bounded(credentials, max_bytes)
}

/// `token` without the spaces around it, if it is not empty and not too long.
pub(crate) fn bounded(token: &[u8], max_bytes: usize) -> Result<&[u8], Rejection> {
    let token = trim(token);
    if token.is_empty() {
        return Err(missing());
    }
    if token.len() > max_bytes {
        return Err(too_large(token.len(), max_bytes));
    }
    Ok(token)
}

/// The rejection of a token that is longer than `max_bytes`.
pub(crate) fn too_large(bytes: usize, max_bytes: usize) -> Rejection {
    Rejection::new(RejectionKind::TokenTooLarge)
        .expected(format!("at most {max_bytes} bytes"))
        .got(format!("{bytes} bytes"))
}

/// `token` as a string, if it has only the characters of a token.
pub(crate) fn text(token: &[u8]) -> Result<&str, Rejection> {
    if let Some(fault) = fault(token) {
        return Err(malformed(fault));
    }
    str::from_utf8(token).map_err(|_| malformed(Malformed::OtherCharacters))
}

/// The credentials after the scheme `Bearer`; `None` if there is another scheme.
///
/// A scheme ends at the first character that is not a `tchar`, so that `Bearer"…"` is a malformed token and `Bearerx …` has
/// another scheme.
pub(crate) fn behind_scheme(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    // The usual spelling first.
    if scheme == SCHEME && rest.first() == Some(&b' ') {
        return Some(rest);
    }
    let ends = rest.first().is_none_or(|&byte| !is_scheme_character(byte));
    (ends && scheme.eq_ignore_ascii_case(SCHEME)).then_some(rest)
}

/// `tchar` (RFC 9110, section 5.6.2).
fn is_scheme_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Why `token` is not a `token68` (RFC 9110, section 11.2).
fn fault(token: &[u8]) -> Option<Malformed> {
    let padding = token.iter().rev().take_while(|&&byte| byte == b'=').count();
    let body = &token[..token.len() - padding];
    // Without an early exit, so that the loop is vectorised.
    let all = body.iter().fold(true, |all, &byte| all & is_token_character(byte));
    let wrong = if all { None } else { body.iter().copied().find(|&byte| !is_token_character(byte)) };
    match wrong {
        None if body.is_empty() && padding > 0 => Some(Malformed::OnlyPadding),
        None => None,
        Some(b' ') if starts_with_scheme(token) => Some(Malformed::SchemeTwice),
        Some(b' ' | b'\t') => Some(Malformed::Whitespace),
        Some(b'"' | b'\'') => Some(Malformed::Quotes),
        Some(b',') => Some(Malformed::Comma),
        Some(b'<' | b'{' | b'$') if is_placeholder(token) => Some(Malformed::Placeholder),
        Some(_) => Some(Malformed::OtherCharacters),
    }
}

/// Letters, digits and `-._~+/`.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphabetic() | matches!(byte, b'-'..=b'9') | (byte == b'_') | (byte == b'~') | (byte == b'+')
}

fn starts_with_scheme(token: &[u8]) -> bool {
    token.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// Removes the spaces at both ends. Tabs stay, and are rejected.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = bytes {
        bytes = rest;
    }
    bytes
}

fn missing() -> Rejection {
    Rejection::new(RejectionKind::MissingToken)
}

fn malformed(fault: Malformed) -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).because(fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::rejection::Detail;
    use RejectionKind::{MalformedHeader, MalformedToken, MissingToken, TokenTooLarge};

    const CAP: usize = 40;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn header_to_token() {
        let forty = format!("Bearer {}", "a".repeat(CAP));
        let forty_one = format!("Bearer {}", "a".repeat(CAP + 1));
        let long_and_bad = format!("Bearer {}", "\" ,".repeat(CAP));
        type Row<'a> = (&'a [&'a [u8]], Result<&'a str, RejectionKind>);
        #[rustfmt::skip]
        let table: &[Row<'_>] = &[
            (&[],                                   Err(MissingToken)),
            (&[b""],                                Err(MissingToken)),
            (&[b"Basic dTpw"],                      Err(MissingToken)),
            (&[b"PoP eyJ.eyJ.sig"],                 Err(MissingToken)),
            (&[b"eyJ.eyJ.sig"],                     Err(MissingToken)),
            (&[b"Bear eyJ"],                        Err(MissingToken)),
            (&[b"Bearerx eyJ"],                     Err(MissingToken)),
            (&[b"BearereyJ.eyJ.sig"],               Err(MissingToken)),
            (&[b"Bearer"],                          Err(MissingToken)),
            (&[b"Bearer "],                         Err(MissingToken)),
            (&[b"bearer    "],                      Err(MissingToken)),
            (&[b"Bearer eyJ.eyJ.sig"],              Ok("eyJ.eyJ.sig")),
            (&[b"bearer eyJ.eyJ.sig"],              Ok("eyJ.eyJ.sig")),
            (&[b"BEARER eyJ.eyJ.sig"],              Ok("eyJ.eyJ.sig")),
            (&[b"bEaReR   eyJ.eyJ.sig"],            Ok("eyJ.eyJ.sig")),
            (&[b"  Bearer eyJ.eyJ.sig  "],          Ok("eyJ.eyJ.sig")),
            (&[b"Bearer a-._~+/Z09=="],             Ok("a-._~+/Z09==")),
            (&[b"Bearer a=b"],                      Err(MalformedToken)),
            (&[b"Bearer =="],                       Err(MalformedToken)),
            (&[b"Bearer eyJ eyJ"],                  Err(MalformedToken)),
            (&[b"Bearer Bearer eyJ"],               Err(MalformedToken)),
            (&[b"Bearer eyJ, Bearer eyJ"],          Err(MalformedToken)),
            (&[b"Bearer eyJ,"],                     Err(MalformedToken)),
            (&[b"Bearer \"eyJ\""],                  Err(MalformedToken)),
            (&[b"Bearer\"eyJ\""],                   Err(MalformedToken)),
            (&[b"Bearer 'eyJ'"],                    Err(MalformedToken)),
            (&[b"Bearer <token>"],                  Err(MalformedToken)),
            (&[b"Bearer ${TOKEN}"],                 Err(MalformedToken)),
            (&[b"Bearer token=\"eyJ\""],            Err(MalformedToken)),
            (&[b"Bearer\teyJ"],                     Err(MalformedToken)),
            (&[b"Bearer \teyJ"],                    Err(MalformedToken)),
            (&[b"Bearer eyJ\t"],                    Err(MalformedToken)),
            (&[b"Bearer:eyJ"],                      Err(MalformedToken)),
            (&[b"Bearer eyJ\xc3\xa9"],              Err(MalformedToken)),
            (&[b"Bearer \xff\xfe"],                 Err(MalformedToken)),
            (&[b"Bearer e%79J"],                    Err(MalformedToken)),
            (&[b"Bearer a\\b"],                     Err(MalformedToken)),
            (&[forty.as_bytes()],                   Ok(&forty[7..])),
            (&[forty_one.as_bytes()],               Err(TokenTooLarge)),
            (&[long_and_bad.as_bytes()],            Err(TokenTooLarge)),
            (&[b"Bearer eyJ", b"Bearer eyJ"],       Err(MalformedHeader)),
            (&[b"Bearer eyJ", b"Basic dTpw"],       Err(MalformedHeader)),
            (&[b"Basic dTpw", b"Bearer eyJ"],       Err(MalformedHeader)),
            (&[b"", b""],                           Err(MalformedHeader)),
        ];
        for (values, expected) in table {
            let headers = headers(values);
            let result = from_headers(&headers, CAP).and_then(text).map_err(|rejection| rejection.kind());
            let shown: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
            assert_eq!(result, *expected, "{shown:?}");
        }
    }

    #[test]
    fn only_token68_passes() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(bounded(&[b'a', byte, b'a'], CAP).and_then(text).is_ok(), expected, "{byte}");
        }
    }

    #[test]
    fn the_fault_is_named_and_nothing_echoed() {
        let headers = headers(&[b"Bearer Bearer eyJsecret"]);
        let rejection = from_headers(&headers, CAP).and_then(text).unwrap_err();
        assert_eq!(rejection.reason(), Some(&Detail::Malformed(Malformed::SchemeTwice)));
        assert!(!format!("{rejection} {rejection:?} {}", rejection.hint()).contains("secret"));
    }

    #[test]
    fn ten_megabytes_are_refused_by_length_alone() {
        let rejection = bounded(&vec![0xff; 10_000_000], CAP).unwrap_err();
        assert_eq!(rejection.kind(), TokenTooLarge);
        assert_eq!(rejection.expected_value(), Some("at most 40 bytes"));
    }
}
