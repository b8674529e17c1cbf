//! Runs the programs of `servers/` beside each other, and prints tables of ratios.

mod issuer;
mod load;
mod net;
mod open_loop;
mod server;
#[path = "../../../src/table.rs"]
mod table;

use issuer::Issuer;
use table::Table;

/// One way to have a peer.
#[derive(Clone, Copy)]
pub struct Peer {
    pub name: &'static str,
    /// The end of its programs' names.
    pub program: &'static str,
    /// What its environment has besides.
    pub environment: &'static [(&'static str, &'static str)],
}

const AWS_LC: &[(&str, &str)] = &[("BACK_END", "aws-lc")];

pub const PEERS: [Peer; 7] = [
    Peer { name: "aliri_tower 0.6", program: "aliri-tower", environment: &[] },
    Peer { name: "axum-jose 0.2", program: "axum-jose", environment: &[] },
    Peer { name: "axum-jwt-auth 0.7", program: "axum-jwt-auth", environment: &[] },
    Peer { name: "axum-jwt-auth 0.7, aws-lc", program: "axum-jwt-auth", environment: AWS_LC },
    Peer { name: "jwt-authorizer 0.15", program: "jwt-authorizer", environment: &[] },
    Peer { name: "tower-oauth2-resource-server 0.12", program: "tower-oauth2-resource-server", environment: &[] },
    Peer {
        name: "tower-oauth2-resource-server 0.12, aws-lc",
        program: "tower-oauth2-resource-server",
        environment: AWS_LC,
    },
];

fn main() {
    if std::env::args().nth(1).as_deref() == Some("open-loop") {
        return open_loop::run();
    }
    let issuer = Issuer::start();
    let mut table = Table::default();
    match std::env::args().nth(1).as_deref() {
        Some("net") => net::run(&issuer, &mut table),
        Some("load") => load::run(&issuer, &mut table),
        Some("latency") => open_loop::compare(&issuer, &mut table),
        _ => panic!("net, load or latency"),
    }
    std::process::exit(i32::from(table.missed() > 0));
}
