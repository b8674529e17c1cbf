use std::{collections::HashMap, process::Command};

use crate::{
    PEERS,
    issuer::Issuer,
    server::program,
    table::{Table, Target, median, noise},
};

/// How often each program runs.
const ROUNDS: usize = 3;

/// Figures of one program in one run, by path.
type Figures = HashMap<String, (f64, u64)>;

fn measure(issuer: &Issuer, peer: &crate::Peer) -> Figures {
    let mut command = Command::new(program("net", peer.program));
    let output = issuer.tell(&mut command).envs(peer.environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}: {}", peer.name, String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[0].to_owned(), (fields[1].parse().unwrap(), fields[2].parse().unwrap()))
        })
        .collect()
}

/// Through the whole layer, in one process each, always beside ours and the limit.
pub fn run(issuer: &Issuer, table: &mut Table) {
    let mut runs: Vec<Vec<Figures>> = vec![Vec::new(); PEERS.len()];
    for _ in 0..ROUNDS {
        for (peer, runs) in PEERS.iter().zip(&mut runs) {
            runs.push(measure(issuer, peer));
        }
    }
    let ratios = |runs: &[Figures], path: &str, to: &str| -> Vec<f64> {
        runs.iter().map(|figures| figures[path].0 / figures[to].0).collect()
    };
    let all: Vec<Figures> = runs.iter().flatten().cloned().collect();
    let mut rows = |name: &str, runs: &[Figures], good: &str, bad: Option<&str>| {
        let mut row = |what: &str, values: &[f64], unit: &str| {
            table.row(&format!("{name}: {what}"), median(values), unit, Target::None, noise(values));
        };
        row("good token", &ratios(runs, good, "limit"), "× limit");
        if let Some(bad) = bad {
            row("bad signature", &ratios(runs, bad, "limit"), "× limit");
        }
        row("good token", &[runs[0][good].1 as f64], "allocations");
    };
    rows("tower-entra, cached", &all, "ours cached", None);
    rows("tower-entra, uncached", &all, "ours", Some("ours bad"));
    for (peer, runs) in PEERS.iter().zip(&runs) {
        rows(peer.name, runs, "peer", Some("peer bad"));
    }
    for (peer, runs) in PEERS.iter().zip(&runs) {
        let values = ratios(runs, "peer", "ours");
        let name = format!("{}: good token", peer.name);
        table.row(&name, median(&values), "× tower-entra, uncached", Target::None, noise(&values));
    }
}
