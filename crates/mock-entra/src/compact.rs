//! The compact serialization of tokens (RFC 7515, section 7.1).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    SigningAlgorithm,
    token_spec::{TokenSpec, Version},
};

/// An encoded header.
pub(super) struct Header {
    /// As it is in the token.
    pub(super) sent: String,
    /// As the signature covers it: in tokens for Microsoft Graph, with the SHA-256 hash of the nonce (`docs/entra.md`,
    /// "Nonce in the token header").
    pub(super) signed: String,
}

/// The header for a signer with the key id `kid`.
pub(super) fn header(spec: &TokenSpec, kid: &str, algorithm: &SigningAlgorithm, typ: Option<&str>) -> Header {
    if let Some(bytes) = &spec.header.raw {
        let header = encoded(bytes);
        return Header { sent: header.clone(), signed: header };
    }
    let kid = spec.kid.as_deref().unwrap_or(kid);
    let mut header = Map::new();
    header.extend(typ.map(|typ| ("typ".into(), typ.into())));
    header.insert("alg".into(), algorithm.name().into());
    header.insert("kid".into(), kid.into());
    if spec.version == Version::V1 {
        header.insert("x5t".into(), kid.into());
    }
    if spec.graph {
        header.insert("nonce".into(), "bWFkZS11cC1ub25jZS1mb3ItdGVzdHMtb25seQ".into());
    }
    spec.header.overrides.apply(&mut header);
    let sent = encoded_json(&header);
    if let (true, Some(Value::String(nonce))) = (spec.graph, header.get_mut("nonce")) {
        *nonce = encoded(digest(&SHA256, nonce.as_bytes()));
    }
    Header { sent, signed: encoded_json(&header) }
}

/// Base64url without padding.
pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encoded_json(header: &Map<String, Value>) -> String {
    encoded(serde_json::to_vec(header).unwrap_or_default())
}
