//! Row 23: the clock, at its edges.

use std::time::{Duration, UNIX_EPOCH};

use mock_entra::MockEntra;
use serde_json::json;
use tower_entra::RejectionKind::{Expired, NotYetValid};

use crate::support::{Bench, START};

async fn with_leeway(seconds: u64) -> Bench {
    Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).leeway(Duration::from_secs(seconds))).await
}

/// Refused from `exp` + leeway on, and before `nbf` − leeway.
#[tokio::test]
async fn row_23_both_edges() {
    for leeway in [0_i32, 1, 60, 300] {
        let bench = with_leeway(leeway.unsigned_abs().into()).await;
        let leeway_seconds = i64::from(leeway);
        let expiring = |offset: i64| bench.token().expires_at(START - leeway_seconds + offset).build();
        bench.refuses("at exp", &expiring(0), Expired).await;
        bench.refuses("after exp", &expiring(-1), Expired).await;
        bench.accepts("before exp", &expiring(1)).await;
        let starting = |offset: i64| bench.token().not_before(START + leeway_seconds + offset).build();
        bench.accepts("at nbf", &starting(0)).await;
        bench.accepts("after nbf", &starting(-1)).await;
        bench.refuses("before nbf", &starting(1), NotYetValid).await;
        let edge = f64::from(i32::try_from(START).unwrap());
        let halves = |claim, offset: f64| bench.token().claim(claim, json!(edge + offset)).build();
        bench.accepts("half a second before exp", &halves("exp", 0.5 - f64::from(leeway))).await;
        bench.refuses("half a second after exp", &halves("exp", -0.5 - f64::from(leeway)), Expired).await;
        bench.refuses("half a second before nbf", &halves("nbf", 0.5 + f64::from(leeway)), NotYetValid).await;
    }
}

#[tokio::test]
async fn row_23_dates_at_their_limits() {
    let bench = Bench::new().await;
    const YEAR_9999: i64 = 253_402_300_799;
    bench.accepts("the year 9999", &bench.token().expires_at(YEAR_9999).build()).await;
    bench.accepts("nbf 0", &bench.token().not_before(0).build()).await;
    bench.refuses("exp 0", &bench.token().expires_at(0).build(), Expired).await;
    bench.refuses("nbf 9999", &bench.token().not_before(YEAR_9999).build(), NotYetValid).await;
    bench.refuses("nbf after exp", &bench.token().not_before(START + 7200).build(), NotYetValid).await;
    // iat is told, and nothing is decided by it.
    bench.accepts("iat in the future", &bench.token().not_before(START).issued_at(YEAR_9999).build()).await;
    for seconds in [-1, i64::MIN, i64::MAX, YEAR_9999 + 1] {
        let token = bench.token().expires_at(seconds).build();
        bench.refuses("no date", &token, tower_entra::RejectionKind::MalformedToken).await;
    }
}

#[tokio::test]
async fn row_23_a_clock_that_leaps() {
    let bench = Bench::new().await;
    let token = bench.token().build();
    for (name, wall, kind) in [
        ("1970", UNIX_EPOCH, NotYetValid),
        ("before 1970", UNIX_EPOCH - Duration::from_secs(1_000_000), Expired),
        ("the year 10,000", UNIX_EPOCH + Duration::from_secs(253_402_300_800), Expired),
    ] {
        bench.clock.set_wall(wall);
        bench.refuses(name, &token, kind).await;
    }
    bench.clock.set_wall(UNIX_EPOCH + Duration::from_secs(START.unsigned_abs()));
    bench.accepts("back again", &token).await;
    assert_eq!(bench.mock.fetches(), 2, "what waits is not counted by the wall");
}
