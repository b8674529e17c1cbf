//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod authorities;
mod cache;
mod clients;
mod codes;
mod diagnosis;
mod emulator;
mod examples;
mod fuzz;
mod harm;
mod issuer_cases;
mod jsonwebtoken;
mod keys;
mod keys_http;
mod keys_model;
mod log;
mod metadata;
mod presets;
mod program;
mod requirements;
mod secrets;
mod support;
