//! The binary, run as its users run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod explain;
mod layout;
mod paste;
mod program;
mod require;
mod serve;
mod settings;
mod terminal;
mod usage;
