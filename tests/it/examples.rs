//! The examples, started and talked to as their readers would.

mod entra_explain;
mod explain;
mod mistakes;
mod others;
mod playground;
mod quickstart;
mod server;
mod tonic;
