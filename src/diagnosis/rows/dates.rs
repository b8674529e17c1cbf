//! Causes in the dates of a token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    diagnosis::{
        CauseKind,
        facts::Facts,
        format,
        remedy::{change_surroundings, renew},
        row::Row,
    },
    rejection::RejectionKind,
};

/// A larger difference between the clocks is reported.
const MAX_SKEW: Duration = Duration::from_secs(60);

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::NotYetValid,
        when: |f| f.is(RejectionKind::NotYetValid),
        explanation: |f| {
            let (seconds, date) = date(f, "nbf");
            let ahead = format::span(Duration::from_secs(seconds.saturating_sub(f.seconds_now())));
            format!("The token is valid from {date}, which is in {ahead} by this machine's clock.{}", clocks(f))
        },
        remedies: |f| match skew(f) {
            Skew::Same => {
                vec![renew("Wait until then. This machine's clock is right: ask who issued the token for that time.")]
            }
            _ => vec![change_surroundings("Set this machine's clock (NTP).")],
        },
    },
    Row {
        kind: CauseKind::ClockExpired,
        when: |f| f.is(RejectionKind::Expired) && provider_time(f).is_some_and(|time| date(f, "exp").0 > time),
        explanation: |f| {
            format!(
                "By this machine's clock the token has expired: {}.{} By that clock it is still valid.",
                expiry(f),
                clocks(f)
            )
        },
        remedies: |_| vec![change_surroundings("Set this machine's clock (NTP).")],
    },
    Row {
        kind: CauseKind::Expired,
        when: |f| f.is(RejectionKind::Expired),
        explanation: |f| format!("The token has expired: {}.{}", expiry(f), clocks(f)),
        remedies: |f| {
            let cached = "Get a new token. A client that stores tokens itself must look at expires_in";
            let msal = if f.provider().has_registrations() {
                "; with MSAL, acquire the token silently before each call"
            } else {
                ""
            };
            let renew = renew(format!("{cached}{msal}."));
            match skew(f) {
                Skew::Same => vec![renew],
                _ => vec![
                    renew.on_condition("If the client has had it for a while"),
                    change_surroundings("Compare the clocks of the issuer and of this machine.")
                        .on_condition("If the token is new"),
                ],
            }
        },
    },
];

/// This machine's clock compared to the issuer's.
enum Skew {
    Unknown,
    Same,
    Ahead(Duration),
    Behind(Duration),
}

fn skew(facts: &Facts<'_>) -> Skew {
    let Some((theirs, ours)) = facts.clocks() else { return Skew::Unknown };
    match (ours.duration_since(theirs), theirs.duration_since(ours)) {
        (Ok(ahead), _) if ahead > MAX_SKEW => Skew::Ahead(ahead),
        (_, Ok(behind)) if behind > MAX_SKEW => Skew::Behind(behind),
        _ => Skew::Same,
    }
}

fn clocks(facts: &Facts<'_>) -> String {
    match skew(facts) {
        Skew::Unknown => String::new(),
        Skew::Same => " This machine's clock agrees with the issuer's.".to_owned(),
        Skew::Ahead(by) => format!(" This machine's clock is {} ahead of the issuer's.", format::span(by)),
        Skew::Behind(by) => format!(" This machine's clock is {} behind the issuer's.", format::span(by)),
    }
}

/// The issuer's time in seconds since the Unix epoch, if it differs from this machine's.
fn provider_time(facts: &Facts<'_>) -> Option<u64> {
    let time: SystemTime = match skew(facts) {
        Skew::Ahead(by) => facts.now.checked_sub(by)?,
        Skew::Behind(by) => facts.now.checked_add(by)?,
        Skew::Unknown | Skew::Same => return None,
    };
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

fn date(facts: &Facts<'_>, claim: &str) -> (u64, String) {
    match facts.token.date(claim) {
        Some(date) => (date.seconds, date.date.clone()),
        None => (facts.seconds_now(), facts.got().to_owned()),
    }
}

fn expiry(facts: &Facts<'_>) -> String {
    let (seconds, date) = date(facts, "exp");
    format!("{}, at {date}", format::relative(seconds.min(facts.seconds_now().saturating_sub(1)), facts.now))
}
