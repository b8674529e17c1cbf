//! From the `Authorization` header to the token (RFC 6750 §2.1, RFC 9110 §11.4). Nothing is decoded here.
//!
//! In two steps, so that a token that was accepted before can be looked up between them.

use http::{HeaderMap, header::AUTHORIZATION};

use crate::rejection::{Rejection, RejectionKind};

const SCHEME: &[u8] = b"Bearer";

/// What stands for a token in the one `Authorization` header, at most `max_bytes`.
pub(crate) fn from_headers(headers: &HeaderMap, max_bytes: usize) -> Result<&[u8], Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Rejection::new(RejectionKind::MalformedHeader));
    }
    let credentials = behind_scheme(trim(value.as_bytes())).ok_or_else(missing)?;
    bounded(credentials, max_bytes)
}

/// `token` itself, from whichever place, if there is one and it is not too long.
pub(crate) fn bounded(token: &[u8], max_bytes: usize) -> Result<&[u8], Rejection> {
    let token = trim(token);
    if token.is_empty() {
        return Err(missing());
    }
    if token.len() > max_bytes {
        return Err(Rejection::new(RejectionKind::TokenTooLarge)
            .expected(format!("at most {max_bytes} bytes"))
            .got(format!("{} bytes", token.len())));
    }
    Ok(token)
}

/// `token` as text, if it has the characters of one.
pub(crate) fn text(token: &[u8]) -> Result<&str, Rejection> {
    if let Some(fault) = fault(token) {
        return Err(malformed(fault));
    }
    str::from_utf8(token).map_err(|_| malformed(NOT_ASCII))
}

/// What stands behind `Bearer`, `None` where another scheme does.
///
/// A scheme ends where its characters do, so that `Bearer"…"` is a malformed token and `Bearerx …` another scheme.
pub(crate) fn behind_scheme(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    // As nearly everybody writes it.
    if scheme == SCHEME && rest.first() == Some(&b' ') {
        return Some(rest);
    }
    let ends = rest.first().is_none_or(|&byte| !is_scheme_character(byte));
    (ends && scheme.eq_ignore_ascii_case(SCHEME)).then_some(rest)
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_scheme_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

const NOT_ASCII: &str = "it has characters that no token has";

/// Why `token` is not a `token68` (RFC 9110 §11.2).
fn fault(token: &[u8]) -> Option<&'static str> {
    let padding = token.iter().rev().take_while(|&&byte| byte == b'=').count();
    let body = &token[..token.len() - padding];
    // All of them first, without a way out in between: that is done many at a time.
    let all = body.iter().fold(true, |all, &byte| all & is_token_character(byte));
    let wrong = if all { None } else { body.iter().copied().find(|&byte| !is_token_character(byte)) };
    match wrong {
        None if body.is_empty() && padding > 0 => Some("it is nothing but padding"),
        None => None,
        Some(b' ') if starts_with_scheme(token) => Some("it starts with the word Bearer a second time"),
        Some(b' ' | b'\t') => Some("it has white space inside"),
        Some(b'"' | b'\'') => Some("it is in quotes"),
        Some(b',') => Some("it has a comma: two values were joined into one"),
        Some(b'<' | b'>' | b'{' | b'}' | b'$') => Some("a placeholder was not filled in"),
        Some(_) => Some(NOT_ASCII),
    }
}

/// Letters, digits and `-._~+/`.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphabetic() | matches!(byte, b'-'..=b'9') | (byte == b'_') | (byte == b'~') | (byte == b'+')
}

fn starts_with_scheme(token: &[u8]) -> bool {
    token.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// Without the spaces at both ends. Tabs stay, and are refused.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = bytes {
        bytes = rest;
    }
    bytes
}

fn missing() -> Rejection {
    Rejection::new(RejectionKind::MissingToken)
}

fn malformed(fault: &'static str) -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).detail(fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use http::HeaderValue;

    use super::*;
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
        assert_eq!(rejection.detail_text(), Some("it starts with the word Bearer a second time"));
        assert!(!format!("{rejection} {rejection:?} {}", rejection.hint()).contains("secret"));
    }

    #[test]
    fn ten_megabytes_are_refused_by_length_alone() {
        let rejection = bounded(&vec![0xff; 10_000_000], CAP).unwrap_err();
        assert_eq!(rejection.kind(), TokenTooLarge);
        assert_eq!(rejection.expected_value(), Some("at most 40 bytes"));
    }
}
