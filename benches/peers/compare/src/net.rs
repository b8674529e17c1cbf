use std::{collections::HashMap, process::Command};

use crate::{PEERS, issuer::Issuer, median, server::program};

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
pub fn run(issuer: &Issuer) {
    let mut runs: Vec<Vec<Figures>> = vec![Vec::new(); PEERS.len()];
    for _ in 0..ROUNDS {
        for (peer, runs) in PEERS.iter().zip(&mut runs) {
            runs.push(measure(issuer, peer));
        }
    }
    let ratio = |runs: &[&Figures], path: &str, to: &str| {
        median(&runs.iter().map(|figures| figures[path].0 / figures[to].0).collect::<Vec<_>>())
    };
    println!(
        "| net of the bare service | good token: × limit | × ours, uncached | × ours, cached | allocations | bad signature: × limit | × ours |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all: Vec<&Figures> = runs.iter().flatten().collect();
    let bad = (ratio(&all, "ours bad", "limit"), 1);
    for (name, path) in [("tower-entra, cached", "ours cached"), ("tower-entra, uncached", "ours")] {
        println!(
            "| {name} | {:.3} | {:.2} | {:.1} | {} | {:.2} | {} |",
            ratio(&all, path, "limit"),
            ratio(&all, path, "ours"),
            ratio(&all, path, "ours cached"),
            all[0][path].1,
            bad.0,
            bad.1,
        );
    }
    for (peer, runs) in PEERS.iter().zip(&runs) {
        let runs: Vec<&Figures> = runs.iter().collect();
        println!(
            "| {} | {:.2} | {:.2} | {:.0} | {} | {:.2} | {:.2} |",
            peer.name,
            ratio(&runs, "peer", "limit"),
            ratio(&runs, "peer", "ours"),
            ratio(&runs, "peer", "ours cached"),
            runs[0]["peer"].1,
            ratio(&runs, "peer bad", "limit"),
            ratio(&runs, "peer bad", "ours bad"),
        );
    }
    println!("\nThe limit: {:.0} ns.", median(&all.iter().map(|figures| figures["limit"].0).collect::<Vec<_>>()));
}
