//! The compact serialisation (RFC 7515, section 7.1) and the rules for the header. Keys and claims are not checked here.

mod base64url;

use std::{borrow::Cow, fmt, str::FromStr};

use memchr::memchr_iter;

pub(crate) use base64url::decode;

use crate::{
    claims::{json, payload::Payload},
    rejection::{Malformed, Rejection, RejectionKind},
};

/// A signature algorithm with a public key (RFC 7518, section 3.1, RFC 8037). `none` and algorithms with a shared secret are
/// not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what Entra signs with.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// EdDSA on the curve Ed25519: `EdDSA` (RFC 8037, section 3.1) or `Ed25519`
    /// ([RFC 9864, section 2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)), which are one algorithm here. Ed448,
    /// which `EdDSA` may also mean, is not supported: no key can be of that curve.
    EdDSA,
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 9] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    /// The name in headers and keys, compared exactly. [`EdDSA`](Self::EdDSA) has a second one, `Ed25519`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is none of [`Algorithm::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a signature algorithm with a public key that is known here")
    }
}

impl std::error::Error for UnknownAlgorithm {}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "Ed25519" {
            return Ok(Self::EdDSA);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

/// The three parts of a token, still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    /// Header and payload with the dot between: what is signed.
    pub(crate) signing_input: &'a [u8],
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// A parsed header. Keys and their addresses in it (`jwk`, `jku`, `x5u`, `x5c`) are ignored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<Box<str>>,
    /// `typ` is that of an access token by RFC 9068, section 2.1, which ID tokens never have.
    pub(crate) is_rfc9068: bool,
}

/// The members of a header that are read.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    key_id: Option<Cow<'a, str>>,
    /// `crit` is there, whatever its value.
    is_critical: bool,
    /// One that must be a string has another type.
    has_mistyped: bool,
}

impl<'a> Fields<'a> {
    /// `value` is `None` if it is not a string.
    fn take(&mut self, name: &str, value: Option<Cow<'a, str>>) {
        let field = match name {
            "alg" => &mut self.algorithm,
            "typ" => &mut self.kind,
            "kid" => &mut self.key_id,
            "crit" => return self.is_critical = true,
            _ => return,
        };
        self.has_mistyped |= value.is_none();
        *field = value;
    }
}

impl<'a> Compact<'a> {
    /// Splits a token at its dots.
    pub(crate) fn split(token: &'a [u8]) -> Result<Self, Rejection> {
        // Stops at one dot more than a JWE has.
        let mut dots = memchr_iter(b'.', token);
        match (dots.next(), dots.next(), dots.next()) {
            (Some(first), Some(second), None) => Ok(Self {
                signing_input: &token[..second],
                header: &token[..first],
                payload: &token[first + 1..second],
                signature: &token[second + 1..],
            }),
            (.., Some(_)) if dots.next().is_some() && dots.next().is_none() => {
                Err(Rejection::new(RejectionKind::EncryptedToken))
            }
            (None, ..) => Err(malformed(Malformed::NoDots)),
            _ => Err(malformed(Malformed::NotThreeParts)),
        }
    }

    /// Parses the header and checks its rules.
    pub(crate) fn read_header(&self) -> Result<Header, Rejection> {
        let text = decode_text(self.header).ok_or_else(|| malformed(Malformed::HeaderEncoding))?;
        let mut fields = Fields::default();
        for (name, value) in json::object(&text).map_err(|fault| malformed(Malformed::HeaderJson(fault)))? {
            fields.take(&name, json::string(value));
        }
        let Fields { algorithm, kind, key_id, is_critical, has_mistyped } = fields;
        if has_mistyped {
            return Err(malformed(Malformed::HeaderMemberType));
        }

        let algorithm = algorithm.ok_or_else(|| malformed(Malformed::NoAlgorithm))?;
        let algorithm = algorithm
            .parse()
            .map_err(|_| Rejection::new(RejectionKind::UnsupportedAlgorithm).got(algorithm.into_owned()))?;
        let is_rfc9068 = kind.as_deref().is_some_and(is_rfc9068_type);
        if kind.is_some_and(|kind| !is_rfc9068 && !kind.eq_ignore_ascii_case("JWT")) {
            return Err(malformed(Malformed::OtherType));
        }
        if is_critical {
            return Err(malformed(Malformed::CriticalExtension));
        }
        let key_id = key_id.filter(|key_id| !key_id.is_empty()).map(|key_id: Cow<'_, str>| key_id.into());
        Ok(Header { algorithm, key_id, is_rfc9068 })
    }

    /// Decodes and parses the payload.
    pub(crate) fn read_payload(&self) -> Result<Box<Payload>, Rejection> {
        let text = decode_text(self.payload).ok_or_else(|| malformed(Malformed::PayloadEncoding))?;
        Payload::parse(text).map_err(|fault| malformed(Malformed::PayloadJson(fault)))
    }

    /// Decodes the signature.
    pub(crate) fn read_signature(&self) -> Result<Vec<u8>, Rejection> {
        decode(self.signature).ok_or_else(|| malformed(Malformed::SignatureEncoding))
    }
}

fn decode_text(text: &[u8]) -> Option<String> {
    decode(text).and_then(|bytes| String::from_utf8(bytes).ok())
}

/// RFC 9068, section 2.1, wants `at+jwt`; a media type's `application/` may be left out. Entra writes `JWT`
/// (`docs/entra.md`, "The typ header").
fn is_rfc9068_type(kind: &str) -> bool {
    ["at+jwt", "application/at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(kind))
}

fn malformed(malformed: Malformed) -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).because(malformed)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn header(json: &str) -> Result<Header, RejectionKind> {
        let token = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(json));
        Compact::split(token.as_bytes()).unwrap().read_header().map_err(|rejection| rejection.kind())
    }

    #[test]
    fn tokens_are_split_into_three_parts() {
        let parts = Compact::split(b"aa.bb.cc").unwrap();
        assert_eq!((parts.header, parts.payload, parts.signature), (&b"aa"[..], &b"bb"[..], &b"cc"[..]));
        assert_eq!(parts.signing_input, b"aa.bb");
        let dots = ".".repeat(1_000_000);
        for (token, kind) in [
            ("", RejectionKind::MalformedToken),
            ("opaque", RejectionKind::MalformedToken),
            ("a.b", RejectionKind::MalformedToken),
            ("a.b.c.d", RejectionKind::MalformedToken),
            ("a.b.c.d.e", RejectionKind::EncryptedToken),
            ("a.b.c.d.e.f", RejectionKind::MalformedToken),
            (&dots, RejectionKind::MalformedToken),
        ] {
            assert_eq!(Compact::split(token.as_bytes()).err().map(|rejection| rejection.kind()), Some(kind));
        }
    }

    #[test]
    fn headers_and_payloads_that_are_not_utf8_are_rejected() {
        for bytes in [&b"{\"exp\":1,\"alg\":\"\xff\"}"[..], b"{\"exp\":1,\"alg\":\"\xc0\x80\"}", b"\xff\xfe{\0}\0"] {
            let encoded = URL_SAFE_NO_PAD.encode(bytes);
            let token = format!("{encoded}.{encoded}.AA");
            let parts = Compact::split(token.as_bytes()).unwrap();
            let kind = |rejection: Option<Rejection>| rejection.map(|rejection| rejection.kind());
            assert_eq!(kind(parts.read_header().err()), Some(RejectionKind::MalformedToken));
            assert_eq!(kind(parts.read_payload().err()), Some(RejectionKind::MalformedToken));
        }
    }

    #[test]
    fn valid_headers_are_accepted() {
        for (json, is_rfc9068) in [
            (r#"{"alg":"RS256","kid":"k"}"#, false),
            (r#"{"alg":"RS256","kid":"k","typ":"jwt","x5t":"k","nonce":"n"}"#, false),
            (r#"{"alg":"RS256","kid":"k","typ":"AT+JWT"}"#, true),
            (r#"{"alg":"RS256","kid":"k","typ":"application/at+jwt"}"#, true),
            (r#"{"alg":"RS256","kid":"k","jwk":{"kty":"RSA"},"jku":"https://evil.example","x5u":1,"x5c":[]}"#, false),
        ] {
            let expected = Header { algorithm: Algorithm::RS256, key_id: Some("k".into()), is_rfc9068 };
            assert_eq!(header(json), Ok(expected), "{json}");
        }
        let nameless = Header { algorithm: Algorithm::ES256, key_id: None, is_rfc9068: false };
        assert_eq!(header(r#"{"alg":"ES256","kid":""}"#), Ok(nameless));
    }

    #[test]
    fn invalid_headers_are_rejected() {
        for (json, kind) in [
            ("", RejectionKind::MalformedToken),
            ("[]", RejectionKind::MalformedToken),
            (r#"{"kid":"k"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":5,"kid":"k"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":null,"kid":"k"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":["RS256"],"kid":"k"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","alg":"RS256"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","kid":7}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","typ":"dpop+jwt"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","typ":"JWE"}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","typ":1}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","crit":["unknown"]}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","crit":[]}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"RS256","crit":null}"#, RejectionKind::MalformedToken),
            (r#"{"alg":"none"}"#, RejectionKind::UnsupportedAlgorithm),
            (r#"{"alg":"None"}"#, RejectionKind::UnsupportedAlgorithm),
            (r#"{"alg":"NONE"}"#, RejectionKind::UnsupportedAlgorithm),
            (r#"{"alg":""}"#, RejectionKind::UnsupportedAlgorithm),
            (r#"{"alg":"HS256"}"#, RejectionKind::UnsupportedAlgorithm),
            (r#"{"alg":"rs256"}"#, RejectionKind::UnsupportedAlgorithm),
        ] {
            assert_eq!(header(json), Err(kind), "{json}");
        }
    }
}
