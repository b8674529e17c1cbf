//! Key sets (RFC 7517, section 5): several entries of one key are merged, and contradictions between entries resolved.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Jwk, JwkEntry, PRIVATE_HALF, Public, Skipped, without_bom};
use crate::{
    jwt::Algorithm,
    signature::{NoKey, PublicKey},
};

/// The contents of a key set document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct KeySet {
    /// Each key once for each `kid`. Which ones are usable depends on the accepted algorithms.
    pub(crate) keys: Vec<Jwk>,
    pub(crate) skipped: Vec<Skipped>,
    /// Keys whose private half is in the document.
    pub(crate) leaked: HashSet<Public>,
    /// The `kid`s of keys whose `n` or `e` is padded, or in standard base64.
    pub(crate) oddly_encoded: Vec<Box<str>>,
    /// The keys were configured one by one. They need no `kid`, however many they are.
    pub(super) are_single: bool,
}

/// The usable keys of a set.
pub(crate) struct Usable<'a> {
    pub(crate) keys: Vec<(&'a Jwk, Arc<PublicKey>)>,
    /// Further keys that are skipped.
    pub(crate) skipped: Vec<Skipped>,
}

impl KeySet {
    /// Parses a fetched document. Keys that cannot be used are listed with the reason.
    ///
    /// # Errors
    ///
    /// If it is not a JSON object with an array `keys`.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, &'static str> {
        Self::read(document, true)
    }

    /// Parses a document of static keys.
    ///
    /// # Errors
    ///
    /// If it is not a JSON object with an array `keys`.
    pub(crate) fn parse_static(document: &[u8]) -> Result<Self, &'static str> {
        Self::read(document, false)
    }

    fn read(document: &[u8], is_lenient: bool) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct KeySetMembers<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }

        let document: KeySetMembers<'_> = serde_json::from_slice(without_bom(document))
            .map_err(|_| "it is no key set: a JSON object with an array \"keys\"")?;
        let mut set = Self::default();
        let mut entries = Vec::new();
        for raw in document.keys {
            match JwkEntry::parse(raw.get(), is_lenient) {
                Ok(entry) => entries.push(entry),
                Err(skipped) => set.skipped.push(skipped),
            }
        }
        set.merge(entries);
        Ok(set)
    }

    /// Merges the entries of one key under one `kid`, such as one entry per `alg`: the algorithms are united, and the
    /// constraints of all entries apply.
    fn merge(&mut self, entries: Vec<JwkEntry>) {
        let mut positions: HashMap<(Box<str>, Public), usize> = HashMap::new();
        let mut merged: Vec<Jwk> = Vec::new();
        let mut refused: HashMap<usize, &'static str> = HashMap::new();
        let mut contradictory: HashSet<Box<str>> = HashSet::new();
        for JwkEntry { key, refused: why_not, has_private_half, is_oddly_encoded } in entries {
            if has_private_half {
                self.leaked.insert(key.material.public.clone());
            }
            if is_oddly_encoded {
                self.oddly_encoded.push(key.key_id.clone());
            }
            let at = *positions.entry((key.key_id.clone(), key.material.public.clone())).or_insert(merged.len());
            if let Some(reason) = why_not {
                refused.entry(at).or_insert(reason);
            }
            let Some(first) = merged.get_mut(at) else {
                merged.push(key);
                continue;
            };
            if first.issuer != key.issuer || first.cloud != key.cloud {
                contradictory.insert(key.key_id);
            }
            // Without `alg`, an entry allows all.
            let both = first.material.algorithms.take().zip(key.material.algorithms);
            first.material.algorithms = both.map(|(mut algorithms, more)| {
                algorithms.extend(more);
                algorithms.sort_unstable();
                algorithms.dedup();
                algorithms
            });
        }
        for (at, key) in merged.into_iter().enumerate() {
            if self.leaked.contains(&key.material.public) {
                self.skipped.push(Skipped::alarming(&key.key_id, PRIVATE_HALF));
            } else if contradictory.contains(&key.key_id) {
                let reason = "is in the document more than once, with different issuers or clouds";
                self.skipped.push(Skipped::alarming(&key.key_id, reason));
            } else if let Some(reason) = refused.get(&at) {
                self.skipped.push(Skipped::new(&key.key_id, reason));
            } else {
                self.keys.push(key);
            }
        }
    }

    /// The keys that can verify a token with one of `algorithms`, prepared, of `most` different `kid`s.
    ///
    /// `known` returns a key that was prepared before. A key without `kid` is usable only if `accepts_nameless`, and only if
    /// there is no other signing key in the document.
    pub(crate) fn usable(
        &self,
        algorithms: &[Algorithm],
        accepts_nameless: bool,
        most: usize,
        known: impl Fn(&Jwk) -> Option<Arc<PublicKey>>,
    ) -> Usable<'_> {
        let mut usable = Usable { keys: Vec::new(), skipped: Vec::new() };
        let mut signing_keys = 0;
        let mut attempts = 0_usize;
        let mut key_ids = HashSet::new();
        for key in &self.keys {
            // A key under a known `kid` is always prepared: it may make that `kid` ambiguous. Preparing takes time, even for a
            // weak key, and a document of the maximum size has thousands.
            let known = known(key);
            if (key_ids.len() >= most && !key_ids.contains(&*key.key_id))
                || (known.is_none() && attempts >= most.saturating_mul(2))
            {
                signing_keys += 1;
                continue;
            }
            attempts += usize::from(known.is_none());
            let prepared = known.map_or_else(|| key.material.prepare(algorithms).map(Arc::new), Ok);
            match prepared {
                Ok(prepared) => {
                    key_ids.insert(&*key.key_id);
                    usable.keys.push((key, prepared));
                }
                Err(NoKey::OtherAlgorithm) => {}
                Err(NoKey::Invalid(reason)) => {
                    usable.skipped.push(Skipped::new(&key.key_id, reason));
                    continue;
                }
                Err(NoKey::Weak(reason)) => {
                    usable.skipped.push(Skipped::alarming(&key.key_id, reason));
                    continue;
                }
            }
            signing_keys += 1;
        }
        if !self.are_single {
            usable.drop_nameless(accepts_nameless && signing_keys == 1);
            usable.drop_ambiguous();
        }
        usable
    }
}

impl Usable<'_> {
    fn drop_nameless(&mut self, is_accepted: bool) {
        let Self { keys, skipped } = self;
        keys.retain(|(key, _)| {
            let is_dropped = key.key_id.is_empty() && !is_accepted;
            if is_dropped {
                skipped.push(Skipped::new("", "has no kid"));
            }
            !is_dropped
        });
    }

    /// Drops the keys under one `kid` that could verify the same token. An RSA and an EC key may share a `kid`
    /// ([RFC 7517, section 4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
    fn drop_ambiguous(&mut self) {
        let Self { keys, skipped } = self;
        let mut counts: HashMap<(&str, Algorithm), usize> = HashMap::new();
        for (key, prepared) in &*keys {
            for algorithm in prepared.algorithms() {
                *counts.entry((&*key.key_id, algorithm)).or_default() += 1;
            }
        }
        counts.retain(|_, count| *count > 1);
        keys.retain(|(key, prepared)| {
            let is_ambiguous = prepared.algorithms().any(|algorithm| counts.contains_key(&(&*key.key_id, algorithm)));
            if is_ambiguous {
                let reason = "shares its kid with another key for the same algorithm";
                skipped.push(Skipped::alarming(&key.key_id, reason));
            }
            !is_ambiguous
        });
    }
}
