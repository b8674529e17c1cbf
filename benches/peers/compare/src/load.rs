use std::{collections::HashMap, process::Command};

use crate::{
    PEERS,
    issuer::Issuer,
    server::Server,
    table::{Table, Target, median, noise},
};

/// How often each server is loaded, and for how long: under three minutes together.
const ROUNDS: usize = 11;
const SECONDS: &str = "1s";
const CONNECTIONS: &str = "16";

const NOTHING: &str = "a layer that decides nothing";

/// What one server did in one round.
pub struct Load {
    /// Requests per second.
    pub rate: f64,
    /// Requests per second of the server's processor time: less touched by what else the machine does, as wrk's waiting
    /// for its core is not in it.
    capacity: f64,
}

impl Load {
    fn over(&self, base: &Self) -> Self {
        Self { rate: self.rate / base.rate, capacity: self.capacity / base.capacity }
    }
}

pub fn load(issuer: &Issuer, server: &Server) -> Load {
    let before = server.computed();
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c", CONNECTIONS, "-d", SECONDS, "-H"])
        .arg(format!("authorization: Bearer {}", issuer.good))
        .arg(format!("http://{}/", server.address))
        .output()
        .unwrap();
    let computed = server.computed() - before;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |label: &str| text.split(label).nth(1).unwrap().split_whitespace().next().unwrap();
    let requests: f64 = text
        .lines()
        .find(|line| line.contains(" requests in "))
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    Load { rate: after("Requests/sec:").parse().unwrap(), capacity: requests / computed }
}

/// Whole servers over HTTP: one core for the server, one for the load, the same header to all. In each round the server
/// without authentication, that with a layer that decides nothing, and ours are loaded twice, and every figure is divided by
/// the nearest of the first.
pub fn run(issuer: &Issuer, table: &mut Table) {
    let start = |name, environment| Server::start(issuer, name, environment, Some("0"));
    let (none, nothing) = (start("none", &[]), start("nothing", &[]));
    let (cached, uncached) = (start("tower-entra", &[]), start("tower-entra", &[("CACHE", "off")]));
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
            note(NOTHING, &nothing);
            note("tower-entra, cached", &cached);
            note("tower-entra, uncached", &uncached);
            for server in half {
                note(names[&server.address], server);
            }
        }
    }
    let of = |name: &str, which: fn(&Load) -> f64| figures[name].iter().map(which).collect::<Vec<f64>>();
    let (rate, capacity) = (|load: &Load| load.rate, |load: &Load| load.capacity);
    println!("a whole axum server, unprotected\t{:.0} requests/s\t\t± {:.1} %\t", median(&bare), noise(&bare) * 100.0);
    let ours = ["tower-entra, cached", "tower-entra, uncached"];
    for name in [NOTHING].into_iter().chain(ours).chain(PEERS.map(|peer| peer.name)) {
        let is_cached = name == ours[0];
        let least = if is_cached { Target::AtLeast(0.95) } else { Target::None };
        let mut row = |what: &str, values: Vec<f64>, target| {
            table.row(&format!("{name}: {what}"), median(&values), "× unprotected", target, noise(&values));
        };
        row("requests/s", of(name, rate), least);
        row("requests per second of processor time", of(name, capacity), Target::None);
    }
    let best =
        PEERS.map(|peer| of(peer.name, rate)).into_iter().max_by(|one, other| median(one).total_cmp(&median(other)));
    let best = best.expect("there are others");
    for (name, least) in ours.into_iter().zip([4.0, 1.25]) {
        let rates = of(name, rate);
        let what = format!("{name}: requests/s");
        let target = Target::AtLeast(least);
        table.row(&what, median(&rates) / median(&best), "× the best other", target, noise(&rates) + noise(&best));
    }
}
