//! Row 8b: what a stranger can make us fetch by sending tokens. Nothing comes from the token, and there is a budget.

use mock_entra::{Fault, MockEntra};
use tower_entra::RejectionKind::{UnknownIssuer, WrongIssuer, WrongTenant};

use super::claims::MODES;
use crate::support::Bench;

fn random_tenant(number: usize) -> String {
    format!("{number:08x}-aaaa-4bbb-8ccc-dddddddddddd")
}

#[tokio::test]
async fn row_8b_random_tenants_and_kids() {
    for (at, mode) in MODES.into_iter().enumerate() {
        let bench = Bench::of(MockEntra::new(), mode).await;
        let (evil, before) = (bench.mock.new_key(), bench.mock.requested());
        for number in 0..200 {
            let tenant = random_tenant(number);
            let kid = format!("kid-{number}");
            let token = bench.token().tenant(&tenant).signed_with(&evil).kid(kid);
            let expected = if at == 2 { "unknown_key" } else { "wrong_tenant" };
            assert_eq!(bench.code(&token.build()).await, expected);
            assert_eq!(bench.code(&token.v1().build()).await, expected);
        }
        let asked = &bench.mock.requested()[before.len()..];
        assert!(!asked.iter().any(|url| url.contains("-aaaa-4bbb-8ccc-")), "{asked:?}");
        // Where any tenant is good, one refresh of the shared document: metadata and keys.
        assert_eq!(asked.len(), if at == 2 { 2 } else { 0 }, "{asked:?}");
        bench.accepts("ours", &bench.token().build()).await;
    }
}

/// Nor before there are any keys: a first fetch is of what the owner configured.
#[tokio::test]
async fn row_8b_on_a_cold_start() {
    for (at, mode) in MODES.into_iter().enumerate() {
        let bench = Bench::cold(MockEntra::new(), mode);
        let (tenant, stale) = (random_tenant(1), bench.token().expired().build());
        if at < 2 {
            bench.refuses("a foreign tenant", &bench.token().tenant(&tenant).build(), WrongTenant).await;
        }
        let token = bench.token().claim("iss", "https://evil.example/").build();
        bench.refuses("a foreign issuer", &token, UnknownIssuer).await;
        bench.refuses("two tenants", &bench.token().claim("tid", tenant.as_str()).build(), WrongIssuer).await;
        bench.refuses("no tenant", &bench.token().without_claim("tid").build(), WrongTenant).await;
        bench.refuses("long expired", &stale, tower_entra::RejectionKind::Expired).await;
        assert_eq!(bench.mock.requested(), Vec::<String>::new());
        assert_eq!(bench.code(&bench.token().build()).await, "accepted");
    }
}

/// Tenants by domain are not known before their document: junk does not make us ask for it.
#[tokio::test]
async fn row_8b_domains_that_are_not_resolved_yet() {
    let mock = MockEntra::new();
    mock.add_domain("contoso.example", MockEntra::TENANT.parse().unwrap());
    mock.add_domain("fabrikam.example", MockEntra::OTHER_TENANT.parse().unwrap());
    for both in [false, true] {
        let bench = Bench::cold(mock.clone(), |builder| {
            let builder = builder.tenant("contoso.example");
            if both { builder.tenant("fabrikam.example") } else { builder }
        });
        bench.mock.reset_fetches();
        let foreign = random_tenant(1);
        bench.refuses("two tenants", &bench.token().claim("tid", foreign.as_str()).build(), WrongIssuer).await;
        bench.refuses("no tenant", &bench.token().without_claim("tid").build(), WrongTenant).await;
        assert_eq!(bench.mock.requested(), Vec::<String>::new());
        // A foreign tenant might be one of them: this is asked once, and by the configured names alone.
        assert_eq!(bench.code(&bench.token().tenant(&foreign).build()).await, "wrong_tenant");
        for number in 2..50 {
            let token = bench.token().tenant(random_tenant(number)).build();
            bench.refuses("foreign", &token, WrongTenant).await;
        }
        let asked = bench.mock.requested();
        assert!(!asked.iter().any(|url| url.contains("-aaaa-")), "{asked:?}");
        assert_eq!(bench.code(&bench.token().build()).await, "accepted");
    }
}

/// While the provider is down, strangers cannot make us ask more often.
#[tokio::test]
async fn row_8b_while_the_provider_is_down() {
    for (at, mode) in MODES.into_iter().enumerate() {
        // A listed tenant may have keys of its own: while its document cannot be fetched, nobody knows.
        let expected = if at == 1 { "keys_unavailable" } else { "unknown_key" };
        let bench = Bench::of(MockEntra::new(), mode).await;
        bench.mock.set_fault(Fault::Down);
        let (evil, before) = (bench.mock.new_key(), bench.mock.fetches());
        for number in 0..100 {
            let token = bench.token().signed_with(&evil).kid(format!("kid-{number}")).build();
            assert_eq!(bench.code(&token).await, expected);
            bench.accepts("ours", &bench.token().build()).await;
        }
        assert!(bench.mock.fetches() - before <= 2, "{:?}", &bench.mock.requested()[before..]);
    }
}

/// The owner's own look-up sees nothing but claims that were verified.
#[tokio::test]
async fn row_8b_checks_run_after_the_signature() {
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let bench = Bench::of(MockEntra::new(), |builder| {
        builder.danger_any_organization().check(move |claims| {
            log.lock().unwrap().push(claims.tenant_id().unwrap().to_string());
            async { Ok(()) }
        })
    })
    .await;
    let evil = bench.mock.new_key();
    let tokens = [
        bench.token().tenant(random_tenant(1)).wrong_key(),
        bench.token().tenant(random_tenant(2)).signed_with(&evil),
        bench.token().tenant(random_tenant(3)).claim("tid", MockEntra::TENANT),
        bench.token().tenant(random_tenant(4)).audience("x"),
        bench.token().tenant(random_tenant(5)).expired(),
        bench.token().tenant(random_tenant(6)).without_claim("scp"),
    ];
    for token in tokens {
        assert_ne!(bench.code(&token.build()).await, "accepted");
    }
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
    let good = bench.token().build();
    for calls in 1..4 {
        assert_eq!(bench.code(&good).await, "accepted");
        assert_eq!(seen.lock().unwrap().len(), calls, "on every request, cached or not");
    }
}
