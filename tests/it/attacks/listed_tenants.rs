//! Row 31: forged tokens that name listed tenants, 1,000 in a second, while the first token of another listed tenant
//! arrives that is signed with that tenant's own key.

use std::time::Duration;

use mock_entra::{KeySpec, MockEntra};
use tokio::{task::JoinSet, time::Instant};
use tower_entra::Verifier;

use crate::support::{Bench, settle};

const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);
/// The longest wait of a request for its tenant's own document.
const WAIT: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(10);
const FLOODED: usize = 100;

fn listed(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// 101 listed tenants. The last has a key of its own, the others if `all_own` says so.
async fn listed_tenants(all_own: bool) -> (Bench, String) {
    let mock = MockEntra::new();
    let key = mock.new_key();
    for number in 0..=FLOODED {
        mock.add_tenant(listed(number).parse().unwrap());
        if all_own || number == FLOODED {
            mock.publish(KeySpec::new(&key).only_in(listed(number)));
        }
    }
    let bench =
        Bench::of(mock, |builder| (0..=FLOODED).fold(builder, |builder, number| builder.tenant(listed(number))));
    let bench = bench.await;
    let token = bench.token().tenant(listed(FLOODED)).signed_with(&key).build();
    (bench, token)
}

/// Sends forged tokens in turn for all tenants but the last, and holds what each request gets and what is fetched.
struct Flood<'a> {
    bench: &'a Bench,
    tokens: Vec<String>,
    sent: usize,
    started: Instant,
    requests: JoinSet<(&'static str, Option<Duration>, Duration)>,
    unavailable: usize,
}

impl<'a> Flood<'a> {
    fn new(bench: &'a Bench) -> Self {
        let forged = |number| bench.token().tenant(listed(number % FLOODED)).kid(format!("forged-{number}")).build();
        let tokens = (0..2 * FLOODED).map(forged).collect();
        Self { bench, tokens, sent: 0, started: Instant::now(), requests: JoinSet::new(), unavailable: 0 }
    }

    async fn tick(&mut self, tokens: usize, tick: Duration) {
        for _ in 0..tokens {
            let (verifier, token) = (self.bench.verifier.clone(), self.tokens[self.sent % self.tokens.len()].clone());
            self.sent += 1;
            self.requests.spawn(async move {
                let started = Instant::now();
                let rejection = verifier.verify(&token).await.unwrap_err();
                (rejection.code(), rejection.retry_after_time(), started.elapsed())
            });
        }
        settle().await;
        self.bench.clock.advance(tick);
        tokio::time::advance(tick).await;
        settle().await;
        while let Some(request) = self.requests.try_join_next() {
            let (code, retry_after, waited) = request.unwrap();
            assert!(waited <= WAIT + tick, "a request waited {waited:?}");
            match code {
                "keys_unavailable" => {
                    assert!(retry_after.is_some_and(|wait| (SECOND..2 * COOLDOWN).contains(&wait)), "{retry_after:?}");
                    self.unavailable += 1;
                }
                code => assert_eq!(code, "unknown_key"),
            }
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let fetches = self.bench.mock.fetches_of("/00000000-0000-4000-");
        assert!(fetches as f64 <= 20.0 + 4.0 * seconds, "{fetches} fetches in {seconds} s");
    }

    /// The time until a token is accepted that arrives now, with 1,000 forged tokens in each second beside it.
    async fn delays(&mut self, token: String) -> Duration {
        let (arrived, accepted) = (Instant::now(), tokio::spawn(until_accepted(self.bench.verifier.clone(), token)));
        while !accepted.is_finished() {
            self.tick(10, TICK).await;
            assert!(arrived.elapsed() <= 3 * COOLDOWN, "it is kept out");
        }
        accepted.await.unwrap()
    }
}

/// A client that comes back after each 503 when it is told to: the time until its token is accepted.
async fn until_accepted(verifier: Verifier, token: String) -> Duration {
    let arrived = Instant::now();
    loop {
        let asked = Instant::now();
        let Err(rejection) = verifier.verify(&token).await else { return arrived.elapsed() };
        assert_eq!((rejection.code(), rejection.status().as_u16()), ("keys_unavailable", 503));
        assert!(asked.elapsed() <= WAIT + TICK, "it waited {:?}", asked.elapsed());
        tokio::time::sleep(rejection.retry_after_time().unwrap()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_31_without_a_flood_a_listed_tenants_own_key_is_accepted_at_once() {
    let (bench, token) = listed_tenants(false).await;
    assert_eq!(until_accepted(bench.verifier.clone(), token).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn row_31_a_flood_for_100_listed_tenants_delays_another_by_two_cooldowns_at_most() {
    let (bench, token) = listed_tenants(false).await;
    let mut flood = Flood::new(&bench);
    for _ in 0..100 {
        flood.tick(10, TICK).await;
    }
    let took = flood.delays(token).await;
    assert!(took <= 2 * COOLDOWN, "{took:?}");
    assert!(took > 30 * SECOND, "without 90 tenants in front of it this shows nothing: {took:?}");
    assert!(flood.unavailable > 0);
}

/// The worst case: all tenants have keys of their own, and so are asked again after each cooldown.
#[tokio::test(start_paused = true)]
async fn row_31_the_same_in_the_middle_of_a_long_flood() {
    let (bench, token) = listed_tenants(true).await;
    let mut flood = Flood::new(&bench);
    for _ in 0..150 {
        flood.tick(FLOODED, SECOND).await;
    }
    let took = flood.delays(token).await;
    assert!(took <= 2 * COOLDOWN, "{took:?}");
    assert!(took > 5 * SECOND, "without a queue this shows nothing: {took:?}");
}
