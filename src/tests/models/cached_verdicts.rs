use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use shuttle::thread;

use super::*;

/// Verifies a cached token a few times. A verification that begins after the change must be rejected with `expected`.
fn assert_rejected_after(verifier: &Verifier, is_changed: &AtomicBool, expected: &'static str) {
    let token = &PROVIDER.tokens[0];
    // From the third one on, it finds the copy of its thread.
    for _ in 0..6 {
        let was_changed = is_changed.load(Ordering::SeqCst);
        let code = verify(verifier, token);
        assert!(if was_changed { code == expected } else { ["accepted", expected].contains(&code) }, "{code}");
    }
}

/// Two threads verify a cached token while a third makes a change.
fn check_change(
    keys: KeySettings,
    expected: &'static str,
    change: impl Fn(&Verifier, &ModelFetch, &ManualClock) + Send + Sync + Copy + 'static,
) {
    check(move || {
        let (fetch, clock) = (ModelFetch::default(), ManualClock::new());
        let verifier = builder(&fetch).keys(keys.clone()).clock(clock.clone()).build().unwrap();
        for _ in 0..2 {
            assert_eq!(verify(&verifier, &PROVIDER.tokens[0]), "accepted");
        }
        let is_changed = Arc::new(AtomicBool::new(false));
        let requests = [(); 2].map(|()| {
            let (verifier, is_changed) = (verifier.clone(), Arc::clone(&is_changed));
            thread::spawn(move || assert_rejected_after(&verifier, &is_changed, expected))
        });
        change(&verifier, &fetch, &clock);
        is_changed.store(true, Ordering::SeqCst);
        assert_rejected_after(&verifier, &is_changed, expected);
        for request in requests {
            request.join().unwrap();
        }
    });
}

#[test]
fn revoked_key_is_not_accepted_after_revoke_key_has_returned() {
    check_change(KeySettings::default(), "unknown_key", |verifier, _, _| verifier.revoke_key(PROVIDER.key_id.clone()));
}

/// Without a grace period, a key that a new key set omits is gone at once.
#[test]
fn key_that_has_left_the_snapshot_is_not_accepted() {
    let keys = KeySettings { grace: Duration::ZERO, ..KeySettings::default() };
    check_change(keys, "unknown_key", |verifier, fetch, _| {
        fetch.rotate();
        assert_eq!(verify(verifier, &PROVIDER.tokens[1]), "accepted", "it is refreshed for the second key");
    });
}

#[test]
fn expired_token_is_not_accepted() {
    check_change(KeySettings::default(), "expired", |_, _, clock| clock.advance(Duration::from_secs(24 * 3600)));
}
