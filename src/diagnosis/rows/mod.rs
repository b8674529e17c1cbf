//! The table of causes. The order decides: the first row whose condition holds is the cause.

mod access;
mod audience;
mod claims;
mod dates;
mod form;
mod grants;
mod issuer;
mod keys;
mod microsoft;
mod other_issuer;
mod request;
mod requirement;
mod rules;
mod tenant;

use super::{Cause, facts::Facts, row::Row};
use grants::LAST;

/// From the most specific to the most general: each file ends with the general causes of its codes.
const TABLE: [&[Row]; 13] = [
    access::FIRST,
    form::ROWS,
    microsoft::ROWS,
    requirement::ROWS,
    issuer::ROWS,
    other_issuer::ROWS,
    tenant::ROWS,
    keys::ROWS,
    dates::ROWS,
    audience::ROWS,
    rules::ROWS,
    claims::ROWS,
    grants::ROWS,
];

/// All rows whose conditions hold, in their order, and then the one without a condition.
pub(super) fn matching<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = &'static Row> + use<'a> {
    TABLE.into_iter().flatten().filter(|row| (row.when)(facts)).chain([&LAST])
}

/// The first row whose condition holds.
pub(super) fn first(facts: &Facts<'_>) -> &'static Row {
    matching(facts).next().unwrap_or(&LAST)
}

/// The cause of a failed check.
pub(super) fn cause(facts: &Facts<'_>) -> Cause {
    first(facts).cause(facts)
}
