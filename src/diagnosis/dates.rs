//! Causes in the dates of a token.

use std::time::{Duration, UNIX_EPOCH};

use super::{Cause, CauseKind, causes::Analysis, format};
use crate::rejection::{Rejection, RejectionKind};

/// A larger difference between the clocks is reported.
const MAX_SKEW: Duration = Duration::from_secs(60);

/// This machine's clock compared to the issuer's.
enum Clocks {
    Unknown,
    Same,
    Ahead(Duration),
    Behind(Duration),
}

impl Analysis<'_> {
    pub(super) fn dates(&self, rejection: &Rejection) -> Cause {
        let now = self.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let at = |claim: &str| match self.token.date(claim) {
            Some(date) => (date.seconds, date.date.clone()),
            None => (now, rejection.got_value().unwrap_or("?").to_owned()),
        };
        let clocks = self.clocks();
        let sentence = clocks.sentence();
        if rejection.kind() == RejectionKind::NotYetValid {
            let (from, text) = at("nbf");
            let ahead = format::span(Duration::from_secs(from.saturating_sub(now)));
            return Cause::new(
                CauseKind::NotYetValid,
                format!(
                    "The token counts from {text} on, which is {ahead} from now by this machine's clock.{sentence}"
                ),
                if matches!(clocks, Clocks::Same) {
                    "Wait until then, or ask who issued the token for what time: this machine's clock is right."
                } else {
                    "Set this machine's clock (NTP); Entra's tokens count from five minutes before they are issued."
                },
            );
        }
        let (end, text) = at("exp");
        let since = format::span(Duration::from_secs(now.saturating_sub(end)));
        let would_hold = self.their_time(&clocks).is_some_and(|theirs| end > theirs);
        if would_hold {
            return Cause::new(
                CauseKind::ClockExpired,
                format!(
                    "By this machine's clock the token expired {since} ago ({text}).{sentence} By that clock it would still count."
                ),
                "Set this machine's clock (NTP).",
            );
        }
        Cause::new(
            CauseKind::Expired,
            format!("The token expired {since} ago, at {text}.{sentence}"),
            "Get a new token. A client that keeps tokens by hand must look at expires_in; with MSAL, ask for the token \
             silently before each call. If this one is new, compare the clocks of the client, this machine and the issuer.",
        )
    }

    fn clocks(&self) -> Clocks {
        let Some((theirs, ours)) = self.authority.and_then(|authority| authority.clocks) else {
            return Clocks::Unknown;
        };
        match (ours.duration_since(theirs), theirs.duration_since(ours)) {
            (Ok(ahead), _) if ahead > MAX_SKEW => Clocks::Ahead(ahead),
            (_, Ok(behind)) if behind > MAX_SKEW => Clocks::Behind(behind),
            _ => Clocks::Same,
        }
    }

    /// The provider's time in seconds since the Unix epoch, if it differs.
    fn their_time(&self, clocks: &Clocks) -> Option<u64> {
        let time = match clocks {
            Clocks::Ahead(difference) => self.now.checked_sub(*difference)?,
            Clocks::Behind(difference) => self.now.checked_add(*difference)?,
            Clocks::Unknown | Clocks::Same => return None,
        };
        Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
    }
}

impl Clocks {
    fn sentence(&self) -> String {
        let (difference, word) = match self {
            Self::Unknown => return String::new(),
            Self::Same => return " This machine's clock is that of the issuer.".to_owned(),
            Self::Ahead(difference) => (difference, "ahead of"),
            Self::Behind(difference) => (difference, "behind"),
        };
        format!(" This machine's clock is {} {word} the issuer's.", format::span(*difference))
    }
}
