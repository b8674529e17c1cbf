//! The same paths for criterion, the limit in each group: `cargo bench`, and `cargo bench -- --save-baseline before` to
//! compare with later. Targets are judged by `run`, which measures all paths in turn.

use benches::{path::Path, paths};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};

fn add(group: &mut BenchmarkGroup<'_, WallTime>, path: &mut Path) {
    group.bench_function(path.name, |bencher| bencher.iter(|| (path.work)()));
}

fn all(criterion: &mut Criterion) {
    let mut paths = paths::all(&[1_000]);
    for (name, belongs) in [
        ("good tokens", (|path| path.name.starts_with("good token")) as fn(&Path) -> bool),
        ("bad tokens", |path| !path.name.starts_with("good token")),
    ] {
        let mut group = criterion.benchmark_group(name);
        for path in paths.iter_mut().filter(|path| path.name == paths::LIMIT || belongs(path)) {
            add(&mut group, path);
        }
        group.finish();
    }
}

criterion_group!(group, all);
criterion_main!(group);
