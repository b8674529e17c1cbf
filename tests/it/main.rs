//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apim;
mod attacks;
mod cache;
mod clients;
mod codes;
mod config;
mod emulator;
mod examples;
mod fuzz;
mod harm;
mod issuer_cases;
mod jsonwebtoken;
mod keys;
mod keys_http;
mod keys_model;
mod program;
mod secrets;
mod support;
