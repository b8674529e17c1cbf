//! The examples, started and talked to as their readers would.

mod mistakes;
mod others;
mod quickstart;
mod server;
mod tonic;
