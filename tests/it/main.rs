//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clients;
mod emulator;
mod examples;
mod keys;
mod keys_http;
mod keys_model;
