//! The headers of tokens that were accepted: those that one key has signed are the same to the byte, and are read once.

use std::{
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    jwt::{Compact, Header},
    keys::stats::{SHARDS, shard},
    rejection::Rejection,
};

/// How many headers each thread's part remembers: an issuer has a few keys at a time.
const MOST_HEADERS: usize = 16;
/// A longer one, encoded, is read each time. Entra's have about 120 bytes.
const LONGEST: usize = 512;

/// Headers by their encoded text, which says all there is in them: to remember one decides nothing.
#[derive(Default)]
pub(super) struct Headers([Part; SHARDS]);

/// On cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Part(RwLock<Remembered>);

#[derive(Default)]
struct Remembered {
    headers: Vec<(Box<[u8]>, Arc<Header>)>,
    /// The next to make room.
    oldest: usize,
}

/// A header that was read now, or before.
#[derive(Debug)]
pub(super) enum KnownHeader {
    Now(Header),
    Before(Arc<Header>),
}

impl Deref for KnownHeader {
    type Target = Header;

    fn deref(&self) -> &Header {
        match self {
            Self::Now(header) => header,
            Self::Before(header) => header,
        }
    }
}

impl Headers {
    /// The header of a token.
    pub(super) fn read(&self, token: &Compact<'_>) -> Result<KnownHeader, Rejection> {
        let known = self.part().read().unwrap_or_else(PoisonError::into_inner).find(token.header).cloned();
        known.map_or_else(|| token.read_header().map(KnownHeader::Now), |header| Ok(KnownHeader::Before(header)))
    }

    /// Remembers the header of a token that was accepted: only who can have tokens signed decides what is in here.
    pub(super) fn remember(&self, encoded: &[u8], header: KnownHeader) {
        let KnownHeader::Now(header) = header else { return };
        if encoded.len() > LONGEST {
            return;
        }
        let mut remembered = self.part().write().unwrap_or_else(PoisonError::into_inner);
        if remembered.find(encoded).is_none() {
            remembered.add((encoded.into(), Arc::new(header)));
        }
    }

    fn part(&self) -> &RwLock<Remembered> {
        &self.0[shard()].0
    }
}

impl Remembered {
    fn find(&self, encoded: &[u8]) -> Option<&Arc<Header>> {
        self.headers.iter().find_map(|(known, header)| (**known == *encoded).then_some(header))
    }

    fn add(&mut self, header: (Box<[u8]>, Arc<Header>)) {
        if self.headers.len() < MOST_HEADERS {
            self.headers.push(header);
        } else {
            self.headers[self.oldest] = header;
            self.oldest = (self.oldest + 1) % MOST_HEADERS;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::{Verifier, testing::MockEntra};

    fn token(key_id: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256","kid":"{key_id}"}}"#)))
    }

    fn read(headers: &Headers, key_id: &str) -> KnownHeader {
        let token = token(key_id);
        let header = headers.read(&Compact::split(token.as_bytes()).unwrap()).unwrap();
        assert_eq!(header.key_id.as_deref(), Some(key_id));
        header
    }

    fn remember(headers: &Headers, key_id: &str) {
        let header = read(headers, key_id);
        headers.remember(Compact::split(token(key_id).as_bytes()).unwrap().header, header);
    }

    fn is_known(headers: &Headers, key_id: &str) -> bool {
        matches!(read(headers, key_id), KnownHeader::Before(_))
    }

    #[test]
    fn a_header_is_read_once_it_was_accepted() {
        let headers = Headers::default();
        assert!(!is_known(&headers, "one"));
        assert!(!is_known(&headers, "one"), "to be read is not enough");
        remember(&headers, "one");
        assert!(is_known(&headers, "one"));
        assert!(!is_known(&headers, "two"));
    }

    #[tokio::test]
    async fn what_was_refused_is_not_remembered() {
        let mock = MockEntra::new();
        let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
        let verifier = builder.fetch(mock.clone()).build().unwrap();
        let token = mock.token();
        for (token, code) in [
            (token.clone().wrong_key(), "bad_signature"),
            (token.clone().audience("api://another"), "wrong_audience"),
            (token.clone().tenant(MockEntra::OTHER_TENANT), "wrong_tenant"),
        ] {
            assert_eq!(verifier.verify(&token.build()).await.unwrap_err().code(), code);
        }
        let remembered = || verifier.0.headers.part().read().unwrap().headers.len();
        assert_eq!(remembered(), 0);
        verifier.verify(&token.build()).await.unwrap();
        assert_eq!(remembered(), 1);
    }

    #[test]
    fn there_is_room_for_a_few_and_the_oldest_goes_first() {
        let headers = Headers::default();
        let key_ids: Vec<String> = (0..=MOST_HEADERS).map(|number| format!("key-{number}")).collect();
        for key_id in &key_ids {
            remember(&headers, key_id);
            remember(&headers, key_id);
        }
        assert!(!is_known(&headers, &key_ids[0]));
        assert!(key_ids[1..].iter().all(|key_id| is_known(&headers, key_id)));
        assert_eq!(headers.part().read().unwrap().headers.len(), MOST_HEADERS);
        let long = "k".repeat(LONGEST);
        remember(&headers, &long);
        assert!(!is_known(&headers, &long));
    }
}
