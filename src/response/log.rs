//! What is logged of refusals, and how often.

use std::{
    fmt,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

use crate::{
    clock::{Clock, SystemClock},
    diagnosis::Explanation,
    rejection::{Rejection, RejectionKind},
};

/// Of refusals with the same code at the same authority, one event in this time.
const WINDOW: Duration = Duration::from_secs(10);
/// Authorities that are told apart. All others, and none, share the first place.
const AUTHORITIES: usize = 16;
const KINDS: usize = RejectionKind::ALL.len();

/// The log of one layer's refusals.
pub(crate) struct Log {
    /// `None`: every refusal is logged.
    limit: Option<Limit>,
}

impl Log {
    /// A flood of refusals for the same cause is one event, with the number of those that were not logged.
    pub(crate) fn limited(clock: Arc<dyn Clock>) -> Self {
        Self { limit: Some(Limit::new(clock)) }
    }

    /// Each refusal is an event.
    pub(crate) fn every() -> Self {
        Self { limit: None }
    }

    /// The one for what is answered without a layer: a refusal that a handler returns, a layer that is missing.
    pub(super) fn without_layer() -> Arc<Self> {
        static LOG: LazyLock<Arc<Log>> = LazyLock::new(|| Arc::new(Log::limited(Arc::new(SystemClock::default()))));
        Arc::clone(&LOG)
    }

    /// `explain` is called only if the event is written: it costs as much as a verification.
    pub(super) fn report<'a>(&self, rejection: &Rejection, explain: impl Fn() -> Option<&'a Explanation>) {
        let Some(limit) = &self.limit else { return refused(rejection, explain, None) };
        let now = u64::try_from(limit.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(suppressed) = limit.admit(rejection.kind(), rejection.authority(), now) {
            refused(rejection, explain, (suppressed > 0).then_some(suppressed));
        }
        limit.tell_ended(now);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("limited", &self.limit.is_some()).finish_non_exhaustive()
    }
}

/// Its memory is bounded and nobody waits for anybody: atomics alone, touched by refusals alone.
struct Limit {
    clock: Arc<dyn Clock>,
    /// Who has which place, from the second on.
    authorities: [OnceLock<Box<str>>; AUTHORITIES - 1],
    causes: Box<[Cause]>,
    /// When to look again for counts that nothing has told of, in milliseconds.
    next_look: AtomicU64,
}

/// One code at one authority.
#[derive(Default)]
struct Cause {
    /// Until when its refusals are counted and not logged, in milliseconds.
    until: AtomicU64,
    suppressed: AtomicU64,
}

impl Limit {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            authorities: [const { OnceLock::new() }; AUTHORITIES - 1],
            causes: std::iter::repeat_with(Cause::default).take(KINDS * AUTHORITIES).collect(),
            next_look: AtomicU64::new(0),
        }
    }

    /// The number of refusals not logged since the last that was, if this one is to be logged.
    fn admit(&self, kind: RejectionKind, authority: Option<&str>, now: u64) -> Option<u64> {
        let cause = self.causes.get(kind as usize * AUTHORITIES + self.place(authority))?;
        if opens(&cause.until, now) {
            return Some(cause.suppressed.swap(0, Ordering::Relaxed));
        }
        cause.suppressed.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// The authority's place. Names come from the configuration, so each keeps the one it took.
    fn place(&self, authority: Option<&str>) -> usize {
        let Some(authority) = authority else { return 0 };
        let taken = self.authorities.iter().position(|name| &**name.get_or_init(|| authority.into()) == authority);
        taken.map_or(0, |at| at + 1)
    }

    /// Tells of the floods that have ended, so that no count waits until the same cause comes again.
    fn tell_ended(&self, now: u64) {
        if !opens(&self.next_look, now) {
            return;
        }
        for (at, cause) in self.causes.iter().enumerate() {
            if cause.until.load(Ordering::Relaxed) > now || cause.suppressed.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let suppressed = cause.suppressed.swap(0, Ordering::Relaxed);
            let Some(&kind) = RejectionKind::ALL.get(at / AUTHORITIES) else { continue };
            let name = (at % AUTHORITIES).checked_sub(1).and_then(|place| self.authorities.get(place)?.get());
            if suppressed > 0 {
                ended(kind, name.map(AsRef::as_ref), suppressed);
            }
        }
    }
}

/// Whether the window that ended at `until` is over; then the next begins, and of those who ask at once one is told so.
fn opens(until: &AtomicU64, now: u64) -> bool {
    let seen = until.load(Ordering::Relaxed);
    let next = now.saturating_add(WINDOW.as_millis() as u64);
    seen <= now && until.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// Who has to know, by the answer's status.
macro_rules! at_level {
    ($kind:expr, $status:expr, $event:ident) => {
        match $status {
            StatusCode::INTERNAL_SERVER_ERROR => $event!(ERROR),
            StatusCode::SERVICE_UNAVAILABLE => $event!(WARN),
            // Every browser and every scanner comes without a token first.
            _ if $kind == RejectionKind::MissingToken => $event!(DEBUG),
            _ => $event!(INFO),
        }
    };
}

/// The event of a refusal. What came from the token is a string field, which subscribers escape, never the message.
fn refused<'a>(rejection: &Rejection, explain: impl Fn() -> Option<&'a Explanation>, suppressed: Option<u64>) {
    macro_rules! event {
        ($level:ident) => {
            // Fields are evaluated only if the event is enabled.
            tracing::event!(
                target: "tower_entra",
                tracing::Level::$level,
                code = rejection.code(),
                status = rejection.status().as_u16(),
                authority = rejection.authority(),
                kid = rejection.key_id(),
                detail = rejection.reason().map(ToString::to_string),
                expected = rejection.expected_value(),
                got = rejection.got_value(),
                cause = explain().map(Explanation::cause),
                remedy = explain().map_or(rejection.kind().remedy(), Explanation::remedy),
                suppressed,
                "request refused: {}", rejection.kind().summary(),
            )
        };
    }
    at_level!(rejection.kind(), rejection.status(), event);
}

/// The event at the end of a flood.
fn ended(kind: RejectionKind, authority: Option<&str>, suppressed: u64) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "tower_entra",
                tracing::Level::$level,
                code = kind.code(),
                authority,
                suppressed,
                "more requests refused: {}", kind.summary(),
            )
        };
    }
    at_level!(kind, kind.status(), event);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{sync::atomic::AtomicU64, thread};

    use super::*;

    const WINDOW: u64 = super::WINDOW.as_millis() as u64;

    fn limit() -> Limit {
        Limit::new(Arc::new(SystemClock::default()))
    }

    #[test]
    fn the_first_of_a_window_is_logged_with_the_number_of_the_others_before() {
        let limit = limit();
        let admit = |now| limit.admit(RejectionKind::Expired, Some("a"), now);
        for (now, admitted) in [
            (5, Some(0)),
            (5, None),
            (6, None),
            (WINDOW + 4, None),
            (WINDOW + 5, Some(3)),
            (WINDOW + 6, None),
            (5, None),
            (9 * WINDOW, Some(2)),
            (u64::MAX, Some(0)),
            (u64::MAX, Some(0)),
        ] {
            assert_eq!(admit(now), admitted, "at {now}");
        }
    }

    #[test]
    fn nothing_is_explained_that_is_not_logged() {
        let explained = AtomicU64::new(0);
        let explain = || {
            explained.fetch_add(1, Ordering::Relaxed);
            None
        };
        let rejection = Rejection::new(RejectionKind::Expired);
        tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
            Log::every().report(&rejection, explain);
        });
        assert_eq!(explained.load(Ordering::Relaxed), 0, "nobody listens");
        let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::callsite::rebuild_interest_cache();
            let log = Log::limited(Arc::new(SystemClock::default()));
            log.report(&rejection, explain);
            let once = explained.load(Ordering::Relaxed);
            assert!(once > 0);
            (0..100).for_each(|_| log.report(&rejection, explain));
            assert_eq!(explained.load(Ordering::Relaxed), once, "a flood is not explained");
        });
    }

    #[test]
    fn each_code_at_each_authority_is_a_cause_of_its_own() {
        let limit = limit();
        for _ in 0..2 {
            for authority in [None, Some("a"), Some("b")] {
                for &kind in RejectionKind::ALL {
                    limit.admit(kind, authority, 0);
                }
            }
        }
        for authority in [None, Some("b"), Some("a")] {
            for &kind in RejectionKind::ALL {
                assert_eq!(limit.admit(kind, authority, WINDOW), Some(1), "{kind:?} {authority:?}");
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let limit = limit();
        let places: Vec<usize> = (0..100).map(|at| limit.place(Some(&format!("authority {at}")))).collect();
        assert_eq!(places[..AUTHORITIES - 1], (1..AUTHORITIES).collect::<Vec<_>>());
        assert!(places[AUTHORITIES - 1..].iter().all(|&place| place == 0));
        assert_eq!((limit.place(None), limit.place(Some("authority 3"))), (0, 4));
        assert_eq!(limit.causes.len(), KINDS * AUTHORITIES);
    }

    #[test]
    fn none_is_lost_among_threads() {
        const THREADS: u64 = 4;
        const EACH: u64 = 20_000;
        let (limit, now) = (limit(), AtomicU64::new(0));
        let admit = |at| limit.admit(RejectionKind::BadSignature, Some("a"), at);
        let told: u64 = thread::scope(|scope| {
            let flood = || {
                let steps = (0..EACH).filter_map(|_| admit(now.fetch_add(7, Ordering::Relaxed)));
                steps.map(|suppressed| suppressed + 1).sum::<u64>()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(flood)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(told + admit(u64::MAX).unwrap(), THREADS * EACH);
    }

    #[test]
    fn of_those_who_come_at_once_one_is_logged() {
        const THREADS: u64 = 2;
        const ROUNDS: u64 = 10_000;
        let (limit, arrived) = (limit(), AtomicU64::new(0));
        let admitted: usize = thread::scope(|scope| {
            let rounds = || {
                let admit = |round| {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    // Spinning, so that they go on at the same moment; where there is one core alone, not for long.
                    let mut spins = 0;
                    while arrived.load(Ordering::SeqCst) < (round + 1) * THREADS {
                        spins += 1;
                        if spins < 1000 { std::hint::spin_loop() } else { thread::yield_now() }
                    }
                    limit.admit(RejectionKind::Expired, None, round * WINDOW).is_some()
                };
                (0..ROUNDS).filter(|&round| admit(round)).count()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(rounds)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted as u64, ROUNDS);
    }

    #[test]
    fn what_has_no_layer_has_one_log() {
        assert!(Arc::ptr_eq(&Log::without_layer(), &Log::without_layer()));
        assert!(Log::without_layer().limit.is_some());
    }
}
