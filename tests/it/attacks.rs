//! The attacks of the threat table, by their rows: each is refused for its own reason, before the inner service, and
//! without a request to anybody.

mod cached;
mod claims;
mod clock;
mod directory;
mod fetching;
mod form;
mod keys;
mod listed_tenants;
mod order;
mod outside;
mod signatures;
mod takeover;
mod tenants;
