//! The keys against a model: random rotations, flaps, outages, floods and leaps of the clock.

use std::{collections::HashMap, time::Duration};

use mock_entra::{Fault, KeySpec, ManualClock, MockEntra, MockKey};
use proptest::{prelude::*, test_runner::Config};
use tower_entra::Verifier;

use crate::support::at_once;

const HOUR: Duration = Duration::from_secs(3600);
const COOL_DOWN: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(24 * 3600);
/// The longest back-off, with its jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(36 * 60);

#[derive(Clone, Debug)]
enum Step {
    Rotate,
    Drop(usize),
    Republish(usize),
    Outage,
    Stall,
    Mend,
    Flood(usize),
    Advance(u64),
    LeapWall(i64),
    UseEveryKey,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Rotate),
        2 => any::<usize>().prop_map(Step::Drop),
        2 => any::<usize>().prop_map(Step::Republish),
        1 => Just(Step::Outage),
        1 => Just(Step::Stall),
        3 => Just(Step::Mend),
        1 => (1..200_usize).prop_map(Step::Flood),
        5 => prop_oneof![1..120_u64, 600..7_200_u64, 20_000..200_000_u64].prop_map(Step::Advance),
        1 => (-1_000_000..1_000_000_i64).prop_map(Step::LeapWall),
        4 => Just(Step::UseEveryKey),
    ];
    proptest::collection::vec(step, 1..40)
}

/// What the model knows of a key.
struct Known {
    key: MockKey,
    is_published: bool,
    /// How long it has been missing from documents that came; `None` if the newest had it.
    missing: Option<Duration>,
    /// A document has had it.
    was_seen: bool,
}

struct World {
    entra: MockEntra,
    clock: ManualClock,
    verifier: Verifier,
    keys: HashMap<String, Known>,
    now: Duration,
    is_up: bool,
    documents: u64,
    last_document: Option<Duration>,
    failures: u64,
    failures_at_document: u64,
    refreshes: u64,
    last_refresh: Option<Duration>,
}

impl World {
    fn new() -> Self {
        let (entra, clock) = (MockEntra::new(), ManualClock::new());
        entra.set_clock(clock.clone());
        let verifier = Verifier::builder()
            .tenant(MockEntra::TENANT)
            .client_id(MockEntra::CLIENT_ID)
            .fetch(entra.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        let mut world = Self {
            entra,
            clock,
            verifier,
            keys: HashMap::new(),
            now: Duration::ZERO,
            is_up: true,
            documents: 0,
            last_document: None,
            failures: 0,
            failures_at_document: 0,
            refreshes: 0,
            last_refresh: None,
        };
        world.learn(world.entra.current_key());
        world
    }

    fn learn(&mut self, key: MockKey) {
        let known = Known { key: key.clone(), is_published: true, missing: None, was_seen: false };
        self.keys.insert(key.kid().to_owned(), known);
    }

    /// Brings the model up to date with the refreshes that have ended, and holds the budget.
    fn observe(&mut self) {
        let keys = self.verifier.stats().keys;
        let started = keys.refreshes - self.refreshes;
        assert!(started <= 2, "{started} refreshes at one moment");
        if started > 0 {
            // The first document of all is free, and so is the retry soon after a failed one.
            if let Some(last) = self.last_refresh
                && self.documents > 1
            {
                assert!(started == 1 && self.now - last >= COOL_DOWN, "refreshes {:?} apart", self.now - last);
            }
            self.last_refresh = Some(self.now);
        }
        self.refreshes = keys.refreshes;
        let documents = keys.refreshes - keys.failures;
        if documents > self.documents {
            let passed = self.last_document.map_or(Duration::ZERO, |last| self.now - last);
            let outage = keys.failures > self.failures_at_document;
            for known in self.keys.values_mut() {
                if known.is_published {
                    (known.missing, known.was_seen) = (None, true);
                } else if known.was_seen {
                    known.missing = Some(match known.missing {
                        Some(before) if !outage => before + passed,
                        Some(before) => before + passed.min(2 * HOUR),
                        None => passed.min(2 * HOUR),
                    });
                    known.was_seen = known.missing.is_none_or(|missing| missing < GRACE);
                }
            }
            self.last_document = Some(self.now);
            self.failures_at_document = keys.failures;
        }
        self.documents = documents;
        self.failures = keys.failures;
    }

    async fn settle(&mut self) {
        for _ in 0..30 {
            tokio::task::yield_now().await;
        }
        // A stalled refresh ends with its timeout.
        tokio::time::advance(Duration::from_secs(11)).await;
        for _ in 0..30 {
            tokio::task::yield_now().await;
        }
        self.observe();
    }

    async fn verify(&mut self, key: &MockKey) -> bool {
        let token = self.entra.token().signed_with(key).build();
        let accepted = self.verifier.verify(&token).await.is_ok();
        self.settle().await;
        accepted
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.now += by;
    }

    async fn use_every_key(&mut self) {
        let kids: Vec<String> = self.keys.keys().cloned().collect();
        for kid in kids {
            let (key, published, seen, missing) = {
                let known = &self.keys[&kid];
                (known.key.clone(), known.is_published, known.was_seen, known.missing)
            };
            let since = self.last_document.map_or(Duration::ZERO, |last| self.now - last);
            let is_fresh = self.last_document.is_some() && since <= 7 * 24 * HOUR;
            if seen && missing.is_none() && is_fresh {
                let token = self.entra.token().signed_with(&key).build();
                let verdict = at_once(self.verifier.verify(&token));
                assert!(verdict.is_some_and(|verdict| verdict.is_ok()), "a known key waited, or was refused");
                self.settle().await;
                continue;
            }
            let accepted = self.verify(&key).await;
            if !published && !seen {
                assert!(!accepted, "{kid} is gone for longer than its grace, or was never there");
            }
            if published && self.is_up && !accepted {
                self.advance(LONGEST_WAIT);
                assert!(self.verify(&key).await, "{kid} is in the document, and refused after the longest back-off");
            }
        }
    }

    async fn step(&mut self, step: Step) {
        let published: Vec<String> =
            self.keys.iter().filter(|(_, known)| known.is_published).map(|(kid, _)| kid.clone()).collect();
        let dropped: Vec<String> =
            self.keys.iter().filter(|(_, known)| !known.is_published).map(|(kid, _)| kid.clone()).collect();
        match step {
            Step::Rotate if self.keys.len() < 8 => {
                let key = self.entra.rotate();
                self.learn(key);
            }
            Step::Drop(which) if published.len() > 1 => {
                let kid = &published[which % published.len()];
                assert!(self.entra.drop_key(kid));
                self.keys.get_mut(kid).unwrap().is_published = false;
            }
            Step::Republish(which) if !dropped.is_empty() => {
                let known = self.keys.get_mut(&dropped[which % dropped.len()]).unwrap();
                known.is_published = true;
                self.entra.publish(KeySpec::new(&known.key));
            }
            Step::Outage => {
                self.entra.set_fault(Fault::Down);
                self.is_up = false;
            }
            Step::Stall => {
                self.entra.set_fault(Fault::Stall);
                self.is_up = false;
            }
            Step::Mend => {
                self.entra.clear_faults();
                self.is_up = true;
            }
            Step::Flood(tokens) => {
                for number in 0..tokens {
                    let token = self.entra.token().kid(format!("invented-{number}")).build();
                    assert!(self.verifier.verify(&token).await.is_err());
                }
                self.settle().await;
            }
            Step::Advance(seconds) => self.advance(Duration::from_secs(seconds)),
            Step::LeapWall(seconds) => {
                let now = tower_entra::clock::Clock::now(&self.clock);
                let by = Duration::from_secs(seconds.unsigned_abs());
                self.clock.set_wall(if seconds < 0 { now - by } else { now + by });
            }
            Step::UseEveryKey => self.use_every_key().await,
            Step::Rotate | Step::Drop(_) | Step::Republish(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn keys_follow_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.step(step).await;
            }
            world.entra.clear_faults();
            world.is_up = true;
            world.advance(LONGEST_WAIT);
            world.use_every_key().await;
        });
    }
}
