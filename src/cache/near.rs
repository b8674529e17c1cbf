//! The verdicts that a thread gives again and again. A token that all threads see all the time would else be their meeting
//! point: by the lock of its place in the cache, and by the counts of its owners.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    cached_token::CachedToken,
    key::{Key, KeyRef},
};
use crate::keys::stats::{SHARDS, shard};

/// The most verdicts of one thread.
const MOST_PLACES: usize = 32;
/// There is room for an entry of so many bytes at each place.
const USUAL: usize = 8 << 10;

/// A few verdicts for each of a few threads.
pub(super) struct Near {
    parts: [Part; SHARDS],
    /// The longest entry, in bytes.
    longest: usize,
}

/// On cache lines of its own.
#[repr(align(128))]
struct Part(Mutex<Box<[Place]>>);

#[derive(Default)]
struct Place {
    kept: Option<(Key, Arc<CachedToken>)>,
    /// The token that was last asked for here and not kept.
    asked: u128,
}

impl Near {
    /// It takes one part in so many of what the settings allow.
    pub(super) const PART: usize = 8;

    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        let (entries, bytes) = (max_entries / Self::PART / SHARDS, max_bytes / Self::PART / SHARDS);
        let places = entries.min(bytes / USUAL).min(MOST_PLACES);
        let part = |_| Part(Mutex::new(std::iter::repeat_with(Place::default).take(places).collect()));
        let longest = bytes / places.max(1);
        Self { parts: std::array::from_fn(part), longest }
    }

    /// The settings are too small for any place.
    pub(super) fn is_empty(&self) -> bool {
        self.places().is_empty()
    }

    /// The token, if this thread has a copy.
    pub(super) fn get(&self, key: &KeyRef<'_>) -> Option<Arc<CachedToken>> {
        let mut places = self.places();
        let (kept, cached) = place(&mut places, key)?.kept.as_ref()?;
        key.is(kept).then(|| Arc::clone(cached))
    }

    /// Takes a copy of a token that was found elsewhere, if its token was also the last that was asked for at its place and
    /// was not near: many tokens in turn are not worth it.
    pub(super) fn offer(&self, key: &KeyRef<'_>, cached: &CachedToken) {
        let mut places = self.places();
        let Some(place) = place(&mut places, key) else { return };
        if place.asked != key.number() {
            place.asked = key.number();
        } else if cached.bytes(key.length()) <= self.longest {
            place.kept = Some((key.to_key(), Arc::new(cached.copy())));
        }
    }

    /// Removes the copy of this thread.
    pub(super) fn remove(&self, key: &KeyRef<'_>) {
        let mut places = self.places();
        if let Some(place) = place(&mut places, key) {
            place.kept.take_if(|(kept, _)| key.is(kept));
        }
    }

    fn places(&self) -> MutexGuard<'_, Box<[Place]>> {
        self.parts[shard()].0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one place where the token may be; `None` if there are none.
#[expect(clippy::cast_possible_truncation, reason = "any bits of the number will do")]
fn place<'a>(places: &'a mut [Place], key: &KeyRef<'_>) -> Option<&'a mut Place> {
    // Not those bits by which the cache finds its places.
    let at = ((key.number() >> 64) as usize).checked_rem(places.len())?;
    places.get_mut(at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::thread;

    use super::*;
    use crate::cache::{CacheSettings, key::Secret, tests::cached};

    fn with(settings: CacheSettings) -> Near {
        Near::new(settings.max_entries, settings.max_bytes)
    }

    fn near() -> (Near, Secret) {
        (with(CacheSettings::default()), Secret::new())
    }

    /// Two tokens that share a place.
    fn neighbours(secret: &Secret) -> [Vec<u8>; 2] {
        let at = |token: &Vec<u8>| (secret.key(token).unwrap().number() >> 64) as usize % MOST_PLACES;
        let mut tokens = (0..).map(|number| format!("a.{number}.c{number}").into_bytes());
        let one = tokens.next().unwrap();
        let other = tokens.find(|token| at(token) == at(&one)).unwrap();
        [one, other]
    }

    #[test]
    fn what_is_asked_for_twice_in_a_row_comes_near() {
        let (near, secret) = near();
        let [one, other] = neighbours(&secret).map(|token| (token, cached()));
        let key = |(token, _): &(Vec<u8>, CachedToken)| secret.key(token).unwrap().to_key();
        let asks = |(token, cached): &(Vec<u8>, CachedToken)| {
            let key = secret.key(token).unwrap();
            let is_near = near.get(&key).is_some();
            if !is_near {
                near.offer(&key, cached);
            }
            is_near
        };
        assert!(key(&one) != key(&other));
        assert_eq!([&one, &other, &one, &other].map(asks), [false; 4], "by turns neither does");
        assert_eq!([&one, &one, &one].map(asks), [false, false, true]);
        assert_eq!([&other, &one, &one].map(asks), [false, true, true], "once is not enough to push another out");
        assert_eq!([&other, &other, &one].map(asks), [false, true, false]);
    }

    #[test]
    fn it_is_a_copy_and_is_forgotten_by_its_own_token_alone() {
        let (near, secret) = near();
        let [one, other] = neighbours(&secret);
        let (key, cached) = (secret.key(&one).unwrap(), Arc::new(cached()));
        near.offer(&key, &cached);
        near.offer(&key, &cached);
        assert!(!Arc::ptr_eq(&near.get(&key).unwrap(), &cached));
        near.remove(&secret.key(&other).unwrap());
        assert!(near.get(&key).is_some());
        near.remove(&key);
        assert!(near.get(&key).is_none());
    }

    #[test]
    fn each_thread_has_its_own() {
        let (near, secret) = near();
        let key = secret.key(b"a.b.c").unwrap();
        near.offer(&key, &cached());
        near.offer(&key, &cached());
        assert!(near.get(&key).is_some());
        let own = shard();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert!(shard() == own || near.get(&key).is_none()));
            }
        });
    }

    #[test]
    fn it_keeps_within_its_part_of_the_settings() {
        let kept = |settings| {
            let near = with(settings);
            let keeps = |token: &[u8]| {
                let key = Secret::new().key(token).unwrap().to_key();
                let key = KeyRef::of(&key);
                near.offer(&key, &cached());
                near.offer(&key, &cached());
                near.get(&key).is_some()
            };
            assert!(!keeps(&[&vec![b'a'; near.longest], &b".b.c"[..]].concat()), "too long");
            (keeps(b"a.b.c"), near.parts.iter().map(|part| part.0.lock().unwrap().len()).sum::<usize>())
        };
        assert_eq!(kept(CacheSettings::default()), (true, SHARDS * MOST_PLACES));
        let few = Near::PART * SHARDS;
        assert_eq!(kept(CacheSettings { max_entries: few, ..CacheSettings::default() }), (true, SHARDS));
        assert_eq!(kept(CacheSettings { max_entries: few - 1, ..CacheSettings::default() }), (false, 0));
        let little = USUAL * few;
        assert_eq!(kept(CacheSettings { max_bytes: little, ..CacheSettings::default() }), (true, SHARDS));
        assert_eq!(kept(CacheSettings { max_bytes: little - 1, ..CacheSettings::default() }), (false, 0));
        assert_eq!(kept(CacheSettings::off()), (false, 0));
    }
}
