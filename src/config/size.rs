//! How large a configuration may become. Its input is limited already; here it must not be multiplied.

use super::{Config, authorities::Common, origin::Written};
use crate::{authority::Kind, error::Problems, policy::ClaimRule};

/// The most authorities in one configuration.
pub(super) const MOST_AUTHORITIES: usize = 2_000;

/// Each authority gets its own copy of the audiences, clients and claims that hold for all, and each policy of B2C is an
/// authority here: together they must stay in proportion to what was written.
pub(super) fn check(written: &[Written<'_>], common: &Common, config: &Config) -> Result<(), String> {
    const MOST_ENTRIES: usize = 200_000;
    let count = |written: &Written<'_>| match &written.authority.kind {
        Kind::B2c(b2c) => b2c.policies.len().max(1),
        _ => 1,
    };
    let authorities: usize = written.iter().map(count).sum();
    if authorities > MOST_AUTHORITIES {
        return Err(format!(
            "there are {authorities} authorities, policies of B2C counted each, and at most {MOST_AUTHORITIES} are \
             supported"
        ));
    }
    let entries = |written: &Written<'_>| {
        let settings = &written.authority.settings;
        let audiences = if settings.names_an_audience() { settings.audiences.len() } else { config.audiences.len() };
        let clients = settings.allowed_clients.len() + common.allowed_clients.len();
        let claims = settings.required_claims.iter().chain(&common.required_claims).map(ClaimRule::len);
        count(written).saturating_mul(audiences + clients + claims.sum::<usize>())
    };
    let entries = written.iter().map(entries).fold(0, usize::saturating_add);
    // Long lists alone are fine: only what is multiplied is not.
    if authorities > 1 && entries > MOST_ENTRIES {
        return Err(format!(
            "audiences, clients and claims of all authorities come to {entries} together, and at most {MOST_ENTRIES} are \
             supported; list those that an authority needs in its own entry"
        ));
    }
    Ok(())
}

/// The first warnings, and the number of the others.
pub(super) fn first_of(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(Problems::MOST);
    if more > 0 {
        warnings.truncate(Problems::MOST);
        warnings.push(format!("there are {more} more warnings, which are not listed"));
    }
    warnings
}
