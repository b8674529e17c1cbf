//! The integration tests: one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apim;
mod attacks;
mod authorities;
mod cache;
mod clients;
mod codes;
mod config;
mod crossing;
mod diagnosis;
mod emulator;
mod everyone;
mod examples;
mod fuzz;
mod fuzz_authorities;
mod guide;
mod harm;
mod hosted;
mod issuer_cases;
mod jsonwebtoken;
mod key_documents;
mod keys;
mod keys_http;
mod keys_model;
mod log;
mod metadata;
mod presets;
mod program;
mod requirements;
mod review;
mod secrets;
mod subject_keys;
mod support;
mod vectors;
