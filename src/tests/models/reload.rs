use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use shuttle::thread;

use super::*;

fn config(client: &str) -> crate::Config {
    let section = json!({
        "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID, "AllowedClients": [client],
    });
    crate::Config::from_json(&json!({ "AzureAd": section }).to_string()).unwrap()
}

/// A token that the old configuration accepts is cached; the new configuration does not allow its client.
#[test]
fn verification_after_reload_uses_the_new_configuration_and_no_old_verdict() {
    check(|| {
        let fetch = ModelFetch::default();
        let clock = ManualClock::new();
        let verifier =
            VerifierBuilder::from(config(MockEntra::CALLER)).fetch(fetch.clone()).clock(clock).build().unwrap();
        assert_eq!(verify(&verifier, &PROVIDER.tokens[0]), "accepted");
        let is_reloaded = Arc::new(AtomicBool::new(false));
        let requests = [(); 2].map(|()| {
            let (verifier, is_reloaded) = (verifier.clone(), Arc::clone(&is_reloaded));
            thread::spawn(move || {
                for _ in 0..3 {
                    let was_reloaded = is_reloaded.load(Ordering::SeqCst);
                    let code = verify(&verifier, &PROVIDER.tokens[0]);
                    assert!(code == "client_not_allowed" || !was_reloaded && code == "accepted", "{code}");
                }
            })
        });
        verifier.reload(&config(MockEntra::OTHER_CALLER)).unwrap();
        is_reloaded.store(true, Ordering::SeqCst);
        assert_eq!(verify(&verifier, &PROVIDER.tokens[0]), "client_not_allowed");
        for request in requests {
            request.join().unwrap();
        }
        assert_eq!(verifier.stats().keys.refreshes, 1, "the reload keeps the keys");
    });
}
