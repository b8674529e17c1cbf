//! Causes that lie with time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Cause, CauseKind, causes::Analysis, format};
use crate::rejection::{Rejection, RejectionKind};

/// How far clocks may differ before it is said.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

impl Analysis<'_> {
    pub(super) fn dates(&self, rejection: &Rejection) -> Cause {
        let now = self.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let at = |claim: &str| match self.token.date(claim) {
            Some(date) => (date.seconds, date.date.clone()),
            None => (now, rejection.got_value().unwrap_or("?").to_owned()),
        };
        let clocks = self.clocks();
        let is_same = clocks.0.is_none() && !clocks.1.is_empty();
        if rejection.kind() == RejectionKind::NotYetValid {
            let (from, text) = at("nbf");
            let ahead = format::span(Duration::from_secs(from.saturating_sub(now)));
            return Cause::new(
                CauseKind::NotYetValid,
                format!(
                    "The token counts from {text} on, which is {ahead} from now by this machine's clock.{}",
                    clocks.1
                ),
                if is_same {
                    "Wait until then, or ask who issued the token for what time: this machine's clock is right."
                } else {
                    "Set this machine's clock (NTP); Entra's tokens count from five minutes before they are issued."
                },
            );
        }
        let (end, text) = at("exp");
        let since = format::span(Duration::from_secs(now.saturating_sub(end)));
        let would_hold = clocks.0.is_some_and(|theirs| end > theirs);
        if would_hold {
            return Cause::new(
                CauseKind::ClockExpired,
                format!(
                    "By this machine's clock the token expired {since} ago ({text}).{} By that clock it would still count.",
                    clocks.1
                ),
                "Set this machine's clock (NTP).",
            );
        }
        Cause::new(
            CauseKind::Expired,
            format!("The token expired {since} ago, at {text}.{}", clocks.1),
            "Get a new token. A client that keeps tokens by hand must look at expires_in; with MSAL, ask for the token \
             silently before each call. If this one is new, compare the clocks of the client, this machine and the issuer.",
        )
    }

    /// The provider's time, if it differs, and a sentence about it.
    fn clocks(&self) -> (Option<u64>, String) {
        let Some((theirs, ours)) = self.authority.and_then(|authority| authority.clocks) else {
            return (None, String::new());
        };
        let (ahead, behind) = (ours.duration_since(theirs), theirs.duration_since(ours));
        let (difference, word) = match (&ahead, &behind) {
            (Ok(ahead), _) if *ahead > CLOCKS_DIFFER => (*ahead, "ahead of"),
            (_, Ok(behind)) if *behind > CLOCKS_DIFFER => (*behind, "behind"),
            _ => return (None, " This machine's clock is that of the issuer.".to_owned()),
        };
        let shifted: Option<SystemTime> = match word {
            "behind" => self.now.checked_add(difference),
            _ => self.now.checked_sub(difference),
        };
        let theirs = shifted.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|time| time.as_secs());
        (theirs, format!(" This machine's clock is {} {word} the issuer's.", format::span(difference)))
    }
}
