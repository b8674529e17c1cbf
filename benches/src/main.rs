//! What a request costs, as ratios to the limit: one verification with a key that is prepared, in the same run.
//!
//! Every path is measured in turn, many times over, so that a slow moment of the machine hits all of them; medians count.
//! Verdicts are checked before anything is timed.
//!
//! - without an argument: the table, and exit code 1 where a target is missed by more than the noise; `--large`: with 100,000
//!   cached tokens (which takes minutes to sign)
//! - `--threads`: two threads against one
//! - `--allocations`: counts alone, which do not depend on the machine
//! - the name of a path, and a number: that path in a loop, for a profiler

mod allocations;
mod path;
mod paths;
mod setup;
mod threads;

use crate::path::{Path, ROUNDS, median, noise};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Nothing but the path, for `callgrind --toggle-collect='*profiled*'`.
#[inline(never)]
fn profiled(path: &mut Path, times: usize) {
    for _ in 0..times {
        (path.work)();
    }
}

/// Prints what each path allocates, and gives back how many allocate more than they may.
fn allocated(paths: &mut [Path]) -> usize {
    let mut bare = 0;
    let mut missed = 0;
    for path in paths {
        (path.work)();
        path.allocated = allocations::count(|| (path.work)());
        if path.name == "the bare service" {
            bare = path.allocated;
        }
        let allocated = path.allocated - if path.is_net { bare } else { 0 };
        let is_greedy = path.allocations.is_some_and(|most| allocated > most);
        missed += usize::from(is_greedy);
        println!("{:<40} {allocated:>6} {}", path.name, if is_greedy { "missed" } else { "" });
    }
    for (name, bytes, most) in paths::memory() {
        let is_greedy = bytes > most;
        missed += usize::from(is_greedy);
        println!("{name:<40} {bytes:>6} bytes {}", if is_greedy { "missed" } else { "" });
    }
    missed
}

/// What must cost the same however many there are: those of a path's name, compared with the path without.
fn grown(paths: &[Path], bare: f64) -> usize {
    const MOST: f64 = 1.05;
    const ONE: &str = "good token, uncached";
    let find = |name: &str| paths.iter().find(|path| path.name == name).expect("a path");
    let one = find(ONE);
    let mut missed = 0;
    for many in ["100 tenants", "10,000 tenants", "1,000 authorities", "10 keys", "100 keys"] {
        let path = find(&format!("{ONE}, {many}"));
        let ratio = (median(&path.nanos) - bare) / (median(&one.nanos) - bare);
        let noise = noise(&path.nanos) + noise(&one.nanos);
        let is_more = ratio > MOST * (1.0 + noise);
        missed += usize::from(is_more);
        println!(
            "{many:<40} {ratio:>9.3} x one {MOST:>12} {:>6.1}% {}",
            noise * 100.0,
            if is_more { "missed" } else { "" }
        );
    }
    missed
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |name: &str| arguments.first().is_some_and(|first| first == name);
    if is("--threads") {
        std::process::exit(i32::from(threads::compare() > 0));
    }
    // Each has to be signed: as few as will do where nothing is timed.
    let tokens = match arguments.first().map(String::as_str) {
        None => 1_000,
        Some("--large") => 100_000,
        Some(_) => 1,
    };
    let mut paths = paths::all(tokens);
    if is("--allocations") {
        std::process::exit(i32::from(allocated(&mut paths) > 0));
    }
    if let Some(wanted) = arguments.first().filter(|_| !is("--large")) {
        let path = paths.iter_mut().find(|path| path.name.starts_with(wanted.as_str())).expect("no such path");
        let times = arguments.get(1).map_or(2_000, |times| times.parse().unwrap());
        profiled(path, times);
        return;
    }
    for path in &mut paths {
        (path.work)();
        path.allocated = allocations::count(|| (path.work)());
    }
    for _ in 0..ROUNDS {
        for path in &mut paths {
            path.measure();
        }
    }
    let (limit, bare) = (median(&paths[0].nanos), median(&paths[1].nanos));
    let bare_allocated = paths[1].allocated;
    let mut missed = 0;
    println!("{:<40} {:>9} {:>8} {:>8} {:>7} {:>6} {:>6}", "", "ns", "x limit", "target", "noise", "allocs", "most");
    for path in &paths {
        let nanos = median(&path.nanos) - if path.is_net { bare } else { 0.0 };
        let allocated = path.allocated - if path.is_net { bare_allocated } else { 0 };
        let ratio = nanos / limit;
        let noise = noise(&path.nanos) + noise(&paths[0].nanos);
        let is_slow = path.target.is_some_and(|target| ratio > target * (1.0 + noise));
        let is_greedy = path.allocations.is_some_and(|most| allocated > most);
        missed += usize::from(is_slow) + usize::from(is_greedy);
        println!(
            "{:<40} {nanos:>9.0} {ratio:>8.3} {:>8} {:>6.1}% {allocated:>6} {:>6} {}",
            path.name,
            path.target.map_or(String::new(), |target| format!("{target}")),
            noise * 100.0,
            path.allocations.map_or(String::new(), |most| most.to_string()),
            if is_slow || is_greedy { "missed" } else { "" },
        );
    }
    missed += grown(&paths, bare);
    std::process::exit(i32::from(missed > 0));
}
