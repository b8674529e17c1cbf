use std::{collections::HashMap, process::Command};

use crate::{PEERS, issuer::Issuer, median, server::Server};

/// How often each server is loaded, and for how long: under three minutes together.
const ROUNDS: usize = 11;
const SECONDS: &str = "1s";
const CONNECTIONS: &str = "16";

/// What one server did in one round.
struct Load {
    /// Requests per second.
    rate: f64,
    /// Requests per second of the server's processor time: less touched by what else the machine does, as wrk's waiting
    /// for its core is not in it.
    capacity: f64,
    /// The 99th percentile, in microseconds.
    late: f64,
}

impl Load {
    fn over(&self, base: &Self) -> Self {
        Self { rate: self.rate / base.rate, capacity: self.capacity / base.capacity, late: self.late / base.late }
    }
}

fn load(issuer: &Issuer, server: &Server) -> Load {
    let before = server.computed();
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c", CONNECTIONS, "-d", SECONDS, "--latency", "-H"])
        .arg(format!("authorization: Bearer {}", issuer.good))
        .arg(format!("http://{}/", server.address))
        .output()
        .unwrap();
    let computed = server.computed() - before;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |label: &str| text.split(label).nth(1).unwrap().split_whitespace().next().unwrap();
    let latency = after("\n     99%");
    let (number, unit) = latency.split_at(latency.find(|c: char| c.is_alphabetic()).unwrap());
    let unit = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        _ => 1e6,
    };
    let requests: f64 = text
        .lines()
        .find(|line| line.contains(" requests in "))
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    Load {
        rate: after("Requests/sec:").parse().unwrap(),
        capacity: requests / computed,
        late: number.parse::<f64>().unwrap() * unit,
    }
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
    let mut figures: HashMap<&str, Vec<Load>> = HashMap::new();
    let mut bare = Vec::new();
    for _ in 0..ROUNDS {
        for half in [first, second] {
            let base = load(issuer, &none);
            bare.push(base.rate);
            let mut note = |name, server| figures.entry(name).or_default().push(load(issuer, server).over(&base));
            note("tower-entra, cached", &cached);
            note("tower-entra, uncached", &uncached);
            for server in half {
                note(names[&server.address], server);
            }
        }
    }
    let of = |name: &str, which: fn(&Load) -> f64| median(&figures[name].iter().map(which).collect::<Vec<_>>());
    println!(
        "| a whole axum server over HTTP, × the same without authentication | requests/s | p99 | requests per second of processor time | ours, uncached: × this, by requests/s | by processor time | ours, cached: × this, by requests/s | by processor time |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let ours = ["tower-entra, cached", "tower-entra, uncached"];
    let rate = |name: &str| of(name, |load| load.rate);
    let capacity = |name: &str| of(name, |load| load.capacity);
    for name in ours.into_iter().chain(PEERS.map(|peer| peer.name)) {
        println!(
            "| {name} | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} | {:.2} | {:.2} |",
            rate(name),
            of(name, |load| load.late),
            capacity(name),
            rate(ours[1]) / rate(name),
            capacity(ours[1]) / capacity(name),
            rate(ours[0]) / rate(name),
            capacity(ours[0]) / capacity(name),
        );
    }
    println!("\nUnprotected: {:.0} requests/s.", median(&bare));
}
