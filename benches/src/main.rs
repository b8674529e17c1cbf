//! What a request costs, as ratios to the limit: one verification with a key that is prepared, in the same run.
//!
//! Every path is measured in turn, many times over, so that a slow moment of the machine hits all of them; medians count.
//! Verdicts are checked before anything is timed, and each time.
//!
//! - without an argument: the table, and exit code 1 where a target is missed by more than the noise; `--small`: without
//!   100,000 cached tokens, which take minutes to sign
//! - `--threads`: two threads against one
//! - `--allocations`: counts alone, which do not depend on the machine
//! - `--readers`: the names of the inputs for `--reader NUMBER BYTES`, which reads one once
//! - the name of a path, and a number: that path in a loop, for a profiler

use benches::{
    allocations,
    path::{Path, ROUNDS},
    paths, readers,
    table::{Table, Target, median, noise},
    threads,
};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Nothing but the path, for `callgrind --toggle-collect='*profiled*'`.
#[inline(never)]
fn profiled(path: &mut Path, times: usize) {
    for _ in 0..times {
        (path.work)();
    }
}

/// Prints what each path allocates.
fn allocated(table: &mut Table, paths: &[Path]) {
    let bare = paths.iter().find(|path| path.name == paths::BARE).expect("a path").allocated;
    for path in paths {
        let allocated = path.allocated - if path.is_net { bare } else { 0 };
        let target = path.allocations.map_or(Target::None, |most| Target::AtMost(most as f64));
        table.row(path.name, allocated as f64, "allocations", target, 0.0);
    }
}

/// Prints what each path costs, and what must cost the same however many there are.
fn timed(table: &mut Table, paths: &[Path]) {
    let find = |name: &str| paths.iter().find(|path| path.name == name).expect("a path");
    let (limit, bare) = (find(paths::LIMIT), median(&find(paths::BARE).nanos));
    let net = |path: &Path| median(&path.nanos) - if path.is_net { bare } else { 0.0 };
    println!("{}\t{:.0} ns\t\t± {:.1} %\t", limit.name, net(limit), noise(&limit.nanos) * 100.0);
    for path in paths.iter().filter(|path| path.name != paths::LIMIT) {
        let target = path.target.map_or(Target::None, Target::AtMost);
        table.row(path.name, net(path) / net(limit), "× limit", target, noise(&path.nanos) + noise(&limit.nanos));
    }
    for (one, most, many) in paths::grown() {
        let one = find(one);
        for path in paths.iter().filter(|path| many.iter().any(|end| path.name.ends_with(end))) {
            let name = format!("{}, against one", path.name);
            let noise = noise(&path.nanos) + noise(&one.nanos);
            table.row(&name, net(path) / net(one), "×", Target::AtMost(most), noise);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |name: &str| arguments.first().is_some_and(|first| first == name);
    let mut table = Table::default();
    if is("--threads") {
        threads::compare(&mut table);
        std::process::exit(i32::from(table.missed() > 0));
    }
    if is("--readers") {
        readers::INPUTS.iter().for_each(|input| println!("{}", input.name));
        return;
    }
    if is("--reader") {
        let number = |at: usize| arguments.get(at).and_then(|number| number.parse().ok()).expect("a number");
        readers::read(number(1), number(2));
        return;
    }
    // Each has to be signed: as few as will do where nothing is timed.
    let tokens = match arguments.first().map(String::as_str) {
        None => &[1_000, 100_000][..],
        Some("--small") => &[1_000],
        Some(_) => &[],
    };
    let mut paths = paths::all(tokens);
    if let Some(wanted) = arguments.first().filter(|first| !first.starts_with("--")) {
        let path = paths.iter_mut().find(|path| path.name.starts_with(wanted.as_str())).expect("no such path");
        let times = arguments.get(1).map_or(2_000, |times| times.parse().unwrap());
        profiled(path, times);
        return;
    }
    for path in &mut paths {
        (path.work)();
        path.allocated = allocations::count(|| (path.work)());
    }
    if is("--allocations") {
        allocated(&mut table, &paths);
        for (name, bytes, most) in paths::memory() {
            table.row(name, bytes as f64, "bytes", Target::AtMost(most as f64), 0.0);
        }
    } else {
        for _ in 0..ROUNDS {
            for path in &mut paths {
                path.measure();
            }
        }
        timed(&mut table, &paths);
    }
    std::process::exit(i32::from(table.missed() > 0));
}
