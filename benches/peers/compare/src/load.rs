use std::{collections::HashMap, process::Command};

use crate::{PEERS, issuer::Issuer, median, server::Server};

/// How often each server is loaded, and for how long: under three minutes together.
const ROUNDS: usize = 6;
const SECONDS: &str = "2s";
const CONNECTIONS: &str = "16";

/// Requests per second, and the 99th percentile in microseconds.
fn load(issuer: &Issuer, server: &Server) -> (f64, f64) {
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c", CONNECTIONS, "-d", SECONDS, "--latency", "-H"])
        .arg(format!("authorization: Bearer {}", issuer.good))
        .arg(format!("http://{}/", server.address))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |label: &str| text.split(label).nth(1).unwrap().split_whitespace().next().unwrap();
    let latency = after("99%");
    let (number, unit) = latency.split_at(latency.find(|c: char| c.is_alphabetic()).unwrap());
    let unit = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        _ => 1e6,
    };
    (after("Requests/sec:").parse().unwrap(), number.parse::<f64>().unwrap() * unit)
}

/// Whole servers over HTTP: one core for the server, one for the load, the same header to all. In each round the server
/// without authentication and ours with its cache are loaded twice, and every figure is divided by the nearest of the
/// former.
pub fn run(issuer: &Issuer) {
    let start = |name, environment| Server::start(issuer, name, environment, Some("0"));
    let (none, cached, uncached) =
        (start("none", &[]), start("tower-entra", &[]), start("tower-entra", &[("CACHE", "off")]));
    let peers: Vec<Server> = PEERS.iter().map(|peer| start(peer.program, peer.environment)).collect();
    let (first, second) = peers.split_at(peers.len() / 2);
    let names: HashMap<_, _> = peers.iter().zip(PEERS).map(|(server, peer)| (server.address, peer.name)).collect();
    let mut figures: HashMap<&str, Vec<(f64, f64)>> = HashMap::new();
    let mut bare = Vec::new();
    for _ in 0..ROUNDS {
        for half in [first, second] {
            let base = load(issuer, &none);
            bare.push(base.0);
            let mut note = |name, server| {
                let (rate, late) = load(issuer, server);
                figures.entry(name).or_default().push((rate / base.0, late / base.1));
            };
            note("tower-entra, cached", &cached);
            note("tower-entra, uncached", &uncached);
            for server in half {
                note(names[&server.address], server);
            }
        }
    }
    println!(
        "| a whole axum server over HTTP | requests/s: × unprotected | p99: × unprotected | requests/s of ours, uncached: × this | cached: × this |"
    );
    println!("|---|---|---|---|---|");
    let of = |name: &str, which: fn(&(f64, f64)) -> f64| median(&figures[name].iter().map(which).collect::<Vec<_>>());
    let rate = |name: &str| of(name, |figure| figure.0);
    let ours = ["tower-entra, cached", "tower-entra, uncached"];
    for name in ours.into_iter().chain(PEERS.map(|peer| peer.name)) {
        println!(
            "| {name} | {:.3} | {:.2} | {:.2} | {:.2} |",
            rate(name),
            of(name, |figure| figure.1),
            rate(ours[1]) / rate(name),
            rate(ours[0]) / rate(name),
        );
    }
    println!("\nUnprotected: {:.0} requests/s.", median(&bare));
}
