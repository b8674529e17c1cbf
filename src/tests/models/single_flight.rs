use std::sync::Arc;

use super::{ModelFetch, PROVIDER, builder, check};

/// Requests that arrive before any key is loaded share one refresh, also if some of them are cancelled.
#[test]
fn requests_for_an_unknown_key_share_one_refresh() {
    check(|| {
        let fetch = ModelFetch::default();
        let verifier = builder(&fetch).build().unwrap();
        let request = || {
            let verifier = verifier.clone();
            shuttle::future::spawn(async move { verifier.verify(&PROVIDER.tokens[0]).await.map(drop) })
        };
        let cancelled = [request(), request()];
        let waiting = [request(), request()];
        let cancelling = shuttle::thread::spawn(move || {
            cancelled.iter().for_each(|request| request.abort());
            cancelled.map(shuttle::future::block_on)
        });
        for request in waiting {
            let result = shuttle::future::block_on(request).unwrap();
            assert!(result.is_ok(), "{result:?}");
        }
        let _ = cancelling.join().unwrap();
        assert_eq!((verifier.stats().keys.refreshes, fetch.count()), (1, 2), "metadata and key set, once each");
    });
}

/// The same for a key that was rotated in: it is accepted at its first token, and the flood costs one refresh.
#[test]
fn requests_for_a_rotated_key_share_one_refresh() {
    check(|| {
        let fetch = ModelFetch::default();
        let verifier = Arc::new(builder(&fetch).build().unwrap());
        assert_eq!(super::verify(&verifier, &PROVIDER.tokens[0]), "accepted");
        fetch.rotate();
        let requests = [(); 3].map(|()| {
            let verifier = Arc::clone(&verifier);
            shuttle::thread::spawn(move || super::verify(&verifier, &PROVIDER.tokens[1]))
        });
        for request in requests {
            assert_eq!(request.join().unwrap(), "accepted");
        }
        assert_eq!(verifier.stats().keys.refreshes, 2);
    });
}
