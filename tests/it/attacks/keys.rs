//! Rows 8a and 8c: keys whose private halves customers hold, and keys that do not say for whom they speak.

use std::time::Duration;

use mock_entra::{KeySpec, MockEntra};
use tower_entra::{
    RejectionKind::{BadSignature, UnknownKey, WrongIssuer, WrongTenant},
    keys::KeySettings,
};

use super::claims::MODES;
use crate::support::Bench;

/// Tenants A and B are listed. B's admin holds a key of B's, and tries everything to speak for A with it.
#[tokio::test]
async fn row_8a_a_customers_key() {
    let (a, b) = (MockEntra::TENANT, MockEntra::OTHER_TENANT);
    let mock = MockEntra::new();
    let (current, own) = (mock.current_key(), mock.new_key());
    let (as_a, as_everybody) = (mock.new_key(), mock.new_key());
    let under_as_kid = own.with_kid(current.kid());
    mock.publish(KeySpec::new(&own).only_in(b));
    mock.publish(KeySpec::new(&as_a).only_in(b).issuer(mock.v2_issuer(a)));
    mock.publish(KeySpec::new(&as_everybody).only_in(b).issuer(mock.v2_issuer("{tenantid}")));
    let bench = Bench::of(mock, |builder| builder.tenant(a).tenant(b)).await;

    // B's own document is learnt by a token of B that is signed with B's own key. That is as it should be.
    assert_eq!(bench.code(&bench.token().tenant(b).signed_with(&own).build()).await, "accepted");
    assert!(bench.mock.fetches_of(b) > 0);
    bench.clock.advance(Duration::from_secs(1));
    let to_a = |key| bench.token().signed_with(key).build();
    // The first unknown key of all may cause the refresh of A's own document; then the budget is used up.
    assert_eq!(bench.code(&to_a(&own)).await, "unknown_key");
    for key in [&own, &as_a, &as_everybody] {
        bench.refuses("B's key for A", &to_a(key), UnknownKey).await;
        bench.refuses("B's key for A, v1", &bench.token().v1().signed_with(key).build(), UnknownKey).await;
        let crossed = bench.token().signed_with(key).claim("tid", b).build();
        bench.refuses("A's issuer, B's tid", &crossed, WrongIssuer).await;
        let crossed = bench.token().tenant(b).signed_with(key).claim("tid", a).build();
        bench.refuses("B's issuer, A's tid", &crossed, WrongIssuer).await;
    }
    bench.refuses("B's key under A's kid", &to_a(&under_as_kid), BadSignature).await;
    bench
        .refuses("B's key with A's issuer, for B", &bench.token().tenant(b).signed_with(&as_a).build(), WrongIssuer)
        .await;
    bench.accepts("B's own", &bench.token().tenant(b).signed_with(&own).build()).await;
    bench.accepts("A's own", &bench.token().build()).await;
}

/// B's document has B's key under the kid that A's tokens have: each is told apart by its document.
#[tokio::test]
async fn row_8a_the_same_kid_in_two_documents() {
    let (a, b) = (MockEntra::TENANT, MockEntra::OTHER_TENANT);
    for b_goes_first in [true, false] {
        let mock = MockEntra::new();
        let (shared, own) = (mock.current_key(), mock.new_key());
        let stolen_name = own.with_kid(shared.kid());
        mock.drop_all_keys();
        mock.publish(KeySpec::new(&shared).only_shared());
        mock.publish(KeySpec::new(&shared).only_in(a));
        mock.publish(KeySpec::new(&own).only_in(b));
        mock.publish(KeySpec::new(&stolen_name).only_in(b).issuer(mock.v2_issuer(a)));
        let bench = Bench::of(mock, |builder| builder.tenant(a).tenant(b)).await;
        if b_goes_first {
            assert_eq!(bench.code(&bench.token().tenant(b).signed_with(&own).build()).await, "accepted");
        }
        bench.refuses("for A", &bench.token().signed_with(&stolen_name).build(), BadSignature).await;
        bench.accepts("A's own", &bench.token().build()).await;
        let for_b = bench.token().tenant(b).signed_with(&stolen_name).build();
        bench.refuses("for B", &for_b, if b_goes_first { WrongIssuer } else { BadSignature }).await;
    }
}

#[tokio::test]
async fn row_8a_keys_of_one_application() {
    let (a, b) = (MockEntra::TENANT, MockEntra::OTHER_TENANT);
    let mock = MockEntra::new();
    let (ours, of_another) = (mock.new_key(), mock.new_key());
    mock.publish(KeySpec::new(&ours).only_in(a).for_app(MockEntra::CLIENT_ID));
    mock.publish(KeySpec::new(&of_another).only_in(a).for_app(MockEntra::OTHER_CALLER));
    let with = Bench::of(mock.clone(), |builder| builder.tenant(a).app_specific_keys(true)).await;
    with.accepts("our application's", &with.token().signed_with(&ours).build()).await;
    with.refuses("for another tenant", &with.token().tenant(b).signed_with(&ours).build(), WrongTenant).await;
    let crossed = with.token().signed_with(&ours).claim("tid", b).build();
    with.refuses("for another tenant's tid", &crossed, WrongIssuer).await;
    assert_eq!(with.code(&with.token().signed_with(&of_another).build()).await, "unknown_key");
    let without = Bench::of(mock, |builder| builder.tenant(a)).await;
    assert_eq!(without.code(&without.token().signed_with(&ours).build()).await, "unknown_key");
}

#[tokio::test]
async fn row_8c_keys_that_say_nothing() {
    for (at, mode) in MODES.into_iter().enumerate() {
        let is_shared = at > 0;
        let mock = MockEntra::new();
        let (no_issuer, blank, no_cloud, null) = (mock.new_key(), mock.new_key(), mock.new_key(), mock.new_key());
        mock.publish(KeySpec::new(&no_issuer).without_issuer());
        mock.publish(KeySpec::new(&blank).issuer("  "));
        mock.publish(KeySpec::new(&null).member("issuer", serde_json::Value::Null));
        mock.publish(KeySpec::new(&no_cloud).without_cloud_instance_name());
        let bench = Bench::of(mock, mode).await;
        for token in [bench.token(), bench.token().v1()] {
            for key in [&no_issuer, &blank, &null] {
                let token = token.clone().signed_with(key).build();
                if is_shared {
                    bench.refuses("no issuer in a shared document", &token, WrongIssuer).await;
                } else {
                    bench.accepts("no issuer in a document of its own", &token).await;
                }
            }
            bench.refuses("no cloud", &token.signed_with(&no_cloud).build(), WrongIssuer).await;
        }
    }
}

/// Where no key of a document has a cloud's name, none needs one.
#[tokio::test]
async fn row_8c_documents_without_clouds() {
    for mode in MODES {
        let mock = MockEntra::new();
        mock.set_cloud_instance_name(None);
        let bench = Bench::of(mock, mode).await;
        bench.accepts("as before 2025", &bench.token().v1().build()).await;
    }
}

/// An issuer that names another kind of thing is a constraint that nothing meets, and never none.
#[tokio::test]
async fn row_8c_issuers_of_the_wrong_type() {
    for mode in MODES {
        for (name, value) in [
            ("issuer", serde_json::json!(1)),
            ("issuer", serde_json::json!([MockEntra::new().v2_issuer("{tenantid}")])),
            ("cloud_instance_name", serde_json::json!(["microsoftonline.com"])),
            ("cloud_instance_name", serde_json::json!(false)),
        ] {
            let mock = MockEntra::new();
            let odd = mock.new_key();
            mock.publish(KeySpec::new(&odd).member(name, value));
            let bench = Bench::of(mock, mode).await;
            assert_eq!(bench.code(&bench.token().signed_with(&odd).build()).await, "unknown_key", "{name}");
            bench.accepts("the others", &bench.token().build()).await;
        }
    }
}

/// Within the grace period, a later document cannot take back what a key's document has said of it.
#[tokio::test]
async fn constraints_are_not_weakened_at_once() {
    let mock = MockEntra::new();
    let key = mock.new_key();
    mock.publish(KeySpec::new(&key).issuer(mock.v2_issuer(MockEntra::OTHER_TENANT)));
    let bench = Bench::of(mock.clone(), |builder| builder.danger_any_organization()).await;
    let token = bench.token().expires_in(Duration::from_secs(1_000_000));
    let (ours, theirs) =
        (token.clone().signed_with(&key), token.clone().tenant(MockEntra::OTHER_TENANT).signed_with(&key));
    bench.refuses("at first", &ours.build(), WrongIssuer).await;
    bench.accepts("its own tenant", &theirs.build()).await;
    for weaker in [KeySpec::new(&key), KeySpec::new(&key).without_issuer(), KeySpec::new(&key).issuer("")] {
        mock.drop_key(key.kid());
        mock.publish(weaker);
        bench.clock.advance(Duration::from_secs(3700));
        let fetches = mock.fetches();
        // The refresh that is due runs in the background.
        assert_eq!(bench.code(&token.build()).await, "accepted");
        crate::support::settle().await;
        assert!(mock.fetches() > fetches);
        bench.refuses("later", &ours.build(), WrongIssuer).await;
        bench.accepts("its own tenant, later", &theirs.build()).await;
    }
}

/// One kid with two keys in one document: neither is believed, and the rest is.
#[tokio::test]
async fn a_kid_twice_in_one_document() {
    let mock = MockEntra::new();
    let (key, other) = (mock.new_key(), mock.new_key());
    mock.publish(KeySpec::new(&key));
    mock.publish(KeySpec::new(&other.with_kid(key.kid())));
    let bench = Bench::of(mock, |builder| builder.tenant(MockEntra::TENANT)).await;
    assert_eq!(bench.code(&bench.token().signed_with(&key).build()).await, "unknown_key");
    assert_eq!(bench.code(&bench.token().signed_with(&other.with_kid(key.kid())).build()).await, "unknown_key");
    bench.accepts("the rest", &bench.token().build()).await;
}

/// A key that the owner revoked comes back with no document.
#[tokio::test]
async fn a_revoked_key() {
    let mock = MockEntra::new();
    let stolen = mock.current_key();
    mock.rotate();
    let settings = KeySettings { revoked: [stolen.kid().to_owned()].into(), ..KeySettings::default() };
    for by_name in [false, true] {
        let bench = Bench::of(mock.clone(), |builder| {
            let builder = builder.tenant(MockEntra::TENANT);
            if by_name { builder.revoke_key(stolen.kid()) } else { builder.keys(settings.clone()) }
        })
        .await;
        for _ in 0..3 {
            assert_eq!(bench.code(&bench.token().signed_with(&stolen).build()).await, "unknown_key");
            bench.clock.advance(Duration::from_secs(3700));
        }
        assert_eq!(bench.code(&bench.token().build()).await, "accepted");
    }
}
