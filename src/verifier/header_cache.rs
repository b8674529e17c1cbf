//! A cache of parsed headers. Tokens signed by one key have the same header, byte for byte.

use std::{ops::Deref, sync::Arc};

use crate::{
    jwt::{Compact, Header},
    rejection::Rejection,
    sync::{RwLock, read, write},
};

/// The maximum number of headers: an issuer has a few keys at a time.
const MAX_HEADERS: usize = 16;
/// Longer encoded headers are not cached. Entra's have about 120 bytes.
const MAX_HEADER_BYTES: usize = 512;

/// Parsed headers by their encoded form.
#[derive(Default)]
pub(super) struct HeaderCache(RwLock<Entries>);

#[derive(Default)]
struct Entries {
    headers: Vec<(Box<[u8]>, Arc<Header>)>,
    /// The entry to be replaced next.
    oldest: usize,
}

/// A parsed header.
#[derive(Debug)]
pub(super) enum CachedHeader {
    New(Header),
    Cached(Arc<Header>),
}

impl Deref for CachedHeader {
    type Target = Header;

    fn deref(&self) -> &Header {
        match self {
            Self::New(header) => header,
            Self::Cached(header) => header,
        }
    }
}

impl HeaderCache {
    /// The header of a token.
    pub(super) fn read(&self, token: &Compact<'_>) -> Result<CachedHeader, Rejection> {
        let known = read(&self.0).find(token.header).cloned();
        known.map_or_else(|| token.read_header().map(CachedHeader::New), |header| Ok(CachedHeader::Cached(header)))
    }

    /// Caches the header of an accepted token. Only headers of verified tokens are cached, so an attacker cannot fill the
    /// cache.
    pub(super) fn insert(&self, encoded: &[u8], header: CachedHeader) {
        let CachedHeader::New(header) = header else { return };
        if encoded.len() > MAX_HEADER_BYTES {
            return;
        }
        let mut entries = write(&self.0);
        if entries.find(encoded).is_none() {
            entries.add((encoded.into(), Arc::new(header)));
        }
    }
}

impl Entries {
    fn find(&self, encoded: &[u8]) -> Option<&Arc<Header>> {
        self.headers.iter().find_map(|(known, header)| (**known == *encoded).then_some(header))
    }

    fn add(&mut self, header: (Box<[u8]>, Arc<Header>)) {
        if self.headers.len() < MAX_HEADERS {
            self.headers.push(header);
        } else {
            self.headers[self.oldest] = header;
            self.oldest = (self.oldest + 1) % MAX_HEADERS;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::{Authority, Verifier, jwt::Algorithm};

    fn token(key_id: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256","kid":"{key_id}"}}"#)))
    }

    fn read(headers: &HeaderCache, key_id: &str) -> CachedHeader {
        let token = token(key_id);
        let header = headers.read(&Compact::split(token.as_bytes()).unwrap()).unwrap();
        assert_eq!(header.key_id.as_deref(), Some(key_id));
        header
    }

    fn insert(headers: &HeaderCache, key_id: &str) {
        let header = read(headers, key_id);
        headers.insert(Compact::split(token(key_id).as_bytes()).unwrap().header, header);
    }

    fn is_known(headers: &HeaderCache, key_id: &str) -> bool {
        matches!(read(headers, key_id), CachedHeader::Cached(_))
    }

    #[test]
    fn header_is_cached_once_it_is_inserted() {
        let headers = HeaderCache::default();
        assert!(!is_known(&headers, "one"));
        assert!(!is_known(&headers, "one"), "reading does not cache");
        insert(&headers, "one");
        assert!(is_known(&headers, "one"));
        assert!(!is_known(&headers, "two"));
    }

    #[tokio::test]
    async fn headers_of_rejected_tokens_are_not_cached() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = URL_SAFE_NO_PAD.encode(pair.public_key());
        let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{key}"}}]}}"#);
        let authority = Authority::openid_connect("https://id.contoso.example").static_keys(keys).audience("api://a");
        let verifier = Verifier::builder().authority(authority.algorithms([Algorithm::EdDSA])).build().unwrap();
        let token = |audience: &str, signed: bool| {
            let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
            let claims = format!(
                r#"{{"iss":"https://id.contoso.example","sub":"s","aud":"{audience}","scp":"a","exp":9000000000}}"#
            );
            let message = format!("{}.{}", part(r#"{"alg":"EdDSA","kid":"k"}"#), part(&claims));
            let signature = pair.sign(if signed { message.as_bytes() } else { b"another message" });
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        let entries = || verifier.state().headers.0.read().unwrap().headers.len();
        for (token, code) in [(token("api://a", false), "bad_signature"), (token("api://b", true), "wrong_audience")] {
            assert_eq!(verifier.verify(&token).await.unwrap_err().code(), code);
            assert_eq!(entries(), 0);
        }
        verifier.verify(&token("api://a", true)).await.unwrap();
        assert_eq!(entries(), 1);
    }

    #[test]
    fn full_cache_replaces_the_oldest_header() {
        let headers = HeaderCache::default();
        let key_ids: Vec<String> = (0..=MAX_HEADERS).map(|number| format!("key-{number}")).collect();
        for key_id in &key_ids {
            insert(&headers, key_id);
            insert(&headers, key_id);
        }
        assert!(!is_known(&headers, &key_ids[0]));
        assert!(key_ids[1..].iter().all(|key_id| is_known(&headers, key_id)));
        assert_eq!(headers.0.read().unwrap().headers.len(), MAX_HEADERS);
        // Then the next oldest one, and after all of them the first again.
        for number in 0..2 * MAX_HEADERS {
            let key_id = format!("later-{number}");
            insert(&headers, &key_id);
            for (at, old) in key_ids[1..].iter().enumerate() {
                assert_eq!(is_known(&headers, old), at > number, "{at} after {number}");
            }
            assert!(
                (number.saturating_sub(MAX_HEADERS - 2)..=number).all(|at| is_known(&headers, &format!("later-{at}")))
            );
        }
    }

    #[test]
    fn long_headers_are_not_cached() {
        let headers = HeaderCache::default();
        // 3 bytes become 4 characters; the rest of the header is as long as that of `token("")`.
        let others = 24;
        for (length, is_cached) in [(MAX_HEADER_BYTES / 4 * 3, true), (MAX_HEADER_BYTES / 4 * 3 + 1, false)] {
            let key_id = "k".repeat(length - others);
            let encoded = token(&key_id).split('.').next().unwrap().len();
            assert_eq!(encoded > MAX_HEADER_BYTES, !is_cached, "{encoded}");
            insert(&headers, &key_id);
            assert_eq!(is_known(&headers, &key_id), is_cached, "{encoded}");
        }
    }
}
