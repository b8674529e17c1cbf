//! How large a configuration may become. Its input is limited already; here it must not be multiplied.

use super::{flaw::Flaw, provenance::AuthorityEntry, rules::Common, settings::ConfigSettings};
use crate::{authority::AuthoritySpec, error::ConfigProblemKind::TooLarge, policy::ClaimRule};

/// The most authorities in one configuration.
pub(super) const MOST_AUTHORITIES: usize = 2_000;

/// Each authority gets its own copy of the audiences, clients and claims that hold for all, and each policy of B2C is an
/// authority here: together they must stay in proportion to what was written.
pub(super) fn check(entries: &[AuthorityEntry<'_>], common: &Common, config: &ConfigSettings) -> Result<(), Flaw> {
    const MOST_ENTRIES: usize = 200_000;
    let count = |entry: &AuthorityEntry<'_>| match &entry.authority.spec {
        AuthoritySpec::B2c(b2c) => b2c.policies.len().max(1),
        _ => 1,
    };
    let authorities: usize = entries.iter().map(count).sum();
    if authorities > MOST_AUTHORITIES {
        let advice = format!(
            "there are {authorities} authorities, policies of B2C counted each, and at most {MOST_AUTHORITIES} are \
             supported"
        );
        return Err(Flaw::new(TooLarge, advice));
    }
    let values = |entry: &AuthorityEntry<'_>| {
        let settings = &entry.authority.settings;
        let audiences = if settings.names_an_audience() { settings.audiences.len() } else { config.audiences.len() };
        let clients = settings.allowed_clients.len() + common.allowed_clients.len();
        let claims = settings.required_claims.iter().chain(&common.required_claims).map(ClaimRule::len);
        count(entry).saturating_mul(audiences + clients + claims.sum::<usize>())
    };
    let values = entries.iter().map(values).fold(0, usize::saturating_add);
    // Long lists alone are fine: only what is multiplied is not.
    if authorities > 1 && values > MOST_ENTRIES {
        let advice = format!(
            "audiences, clients and claims of all authorities come to {values} together, and at most {MOST_ENTRIES} are \
             supported; list those that an authority needs in its own entry"
        );
        return Err(Flaw::new(TooLarge, advice));
    }
    Ok(())
}
