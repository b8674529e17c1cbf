//! The crate through its public face, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod issuer_cases;
mod support;
