//! The corpora replayed, without libFuzzer. `TOWER_ENTRA_SHOW_LABELS=1` prints what came of each input.

use std::{collections::BTreeMap, fs, path::Path};

use tower_entra_fuzz::TARGETS;

#[test]
fn corpora_hold_and_reach_every_outcome() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut size = 0;
    for (target, run) in TARGETS {
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        let mut files: Vec<_> = fs::read_dir(root.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort_unstable();
        for file in files {
            let data = fs::read(&file).unwrap();
            size += data.len();
            *labels.entry(run(&data)).or_default() += 1;
        }
        if std::env::var_os("TOWER_ENTRA_SHOW_LABELS").is_some() {
            println!("{target}: {labels:#?}");
        }
        // What any seed reaches, the corpus reaches: nothing was lost when it was minimised.
        let seeds = tower_entra_fuzz::seeds::all();
        let (_, seeds) = seeds.iter().find(|(name, _)| *name == target).unwrap();
        for seed in seeds {
            let label = run(seed);
            let shown = String::from_utf8_lossy(&seed[..seed.len().min(200)]).into_owned();
            assert!(
                labels.contains_key(&label),
                "{target}: no input of the corpus ends as {label:?}, as this seed does: {shown}"
            );
        }
    }
    assert!(size <= 1 << 20, "the corpora have {size} bytes");
}

#[test]
fn seeds_reach_every_code_of_a_token() {
    // Those of requirements, of the layer, and of a provider that cannot be reached do not come of a token.
    const ELSEWHERE: [&str; 10] = [
        "missing_token",
        "malformed_header",
        "keys_unavailable",
        "insufficient_scope",
        "insufficient_role",
        "groups_overage",
        "insufficient_claims",
        "layer_missing",
        "tenant_lookup_failed",
        "check_failed",
    ];
    let seeds = tower_entra_fuzz::seeds::all();
    let reached: Vec<String> = seeds[0].1.iter().map(|seed| tower_entra_fuzz::token(seed)).collect();
    for kind in tower_entra::RejectionKind::ALL.iter().map(|kind| kind.code()).filter(|code| !ELSEWHERE.contains(code))
    {
        assert!(reached.iter().any(|code| code == kind), "no seed is refused as {kind}");
    }
    for accepted in ["accepted: OpenID Connect", "accepted: Entra \"1.0\"", "accepted: Entra \"2.0\""] {
        assert!(reached.iter().any(|code| code == accepted), "no seed is {accepted}");
    }
}
