//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod codes;
mod fuzz;
mod issuer_cases;
mod jsonwebtoken;
mod keys;
mod keys_model;
mod secrets;
mod support;
