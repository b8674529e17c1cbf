//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod issuer_cases;
mod keys;
mod keys_model;
mod support;
