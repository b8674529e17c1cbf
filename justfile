# Everything that is checked, by name; .ci/run runs all of it. `just --list` has the recipes.

set positional-arguments

# List the recipes.
default:
    @just --list --unsorted

# Format, lints, tests: the quick part, before each commit.
check: fmt lint test

# Formatting.
fmt:
    cargo fmt --all --check
    for crate in fuzz tests/rust_crypto_user tools/*/; do cargo fmt --manifest-path "$crate/Cargo.toml" --check || exit 1; done

# Lints; warnings are errors.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Lints with each feature alone, and with none.
features:
    #!/usr/bin/env bash
    set -euo pipefail
    for features in "" reqwest axum apim metrics reqwest,axum reqwest,apim,axum,metrics; do
        cargo clippy -p tower-entra --lib --no-default-features --features "$features" -- -D warnings
    done

# The number of dependencies: at most 38 crates without features, 99 with the default ones.
crates:
    #!/usr/bin/env bash
    # A server with axum gets 59 of the 98 from the default features, and has the others already (benches/peers/footprint).
    set -euo pipefail
    count() { cargo tree -p tower-entra -e normal --prefix none --no-dedupe "$@" | sed 's/ (.*//' | sort -u | wc -l; }
    bare=$(count --no-default-features)
    default=$(count)
    echo "$bare without features, $default with the default ones"
    [ "$bare" -le 38 ] && [ "$default" -le 99 ]

# Documentation; warnings are errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --features tower-entra/apim,tower-entra/axum

# Compare the public interface to docs/public-api.txt; --update writes the file.
public-api *args:
    tools/public-api/run "$@"

# Write docs/public-api.txt.
update-public-api:
    tools/public-api/run --update

# Install real clients for the tests; prints the path of their Python, for TOWER_ENTRA_PYTHON.
@python:
    tests/clients/install

# Install real providers for the tests; prints the path of node, for TOWER_ENTRA_NODE.
@node:
    tests/clients/install-node

# Find or install a browser for the tests; prints its path, for TOWER_ENTRA_BROWSER.
@browser:
    tests/browser/install

# All tests, as the README says. Those that need real clients, providers or a browser are ignored: see `just clients`.
test:
    cargo test

# Tests with real clients, providers and a browser.
clients:
    #!/usr/bin/env bash
    set -euo pipefail
    TOWER_ENTRA_PYTHON=$(just python)
    TOWER_ENTRA_NODE=$(just node)
    TOWER_ENTRA_BROWSER=$(just browser)
    export TOWER_ENTRA_PYTHON TOWER_ENTRA_NODE TOWER_ENTRA_BROWSER
    cargo test -p tower-entra --test it -- --ignored clients
    if [ -n "$TOWER_ENTRA_BROWSER" ]; then
        cargo test -p entra-explain --test it -- --ignored browser
    else
        echo "clients: no browser was found or installed, so the page of entra-explain was not tested" >&2
    fi

# Compare the reader of payloads to an independent one: ten million generated payloads, or as many as are given, and a seed.
payloads count="10000000" seed="1":
    TOWER_ENTRA_PAYLOADS="$1" TOWER_ENTRA_SEED="$2" cargo test -p tower-entra --release --lib payload::tests::generated -- --ignored --nocapture

# Third-party vectors, from the folder TOWER_ENTRA_VECTORS.
vectors:
    cargo test -p tower-entra --lib --test it -- --ignored vectors issuer_cases

# Configurations in the form of public reports, from the folder TOWER_ENTRA_CASES.
reference-cases:
    cargo test -p tower-entra --test it -- --ignored reference_files

# The counters in the metrics facade.
metrics:
    cargo test -p tower-entra --lib --features metrics stats::

# Models of the concurrency, in thousands of schedules. They have their own target folder, since a cfg rebuilds everything.
models:
    CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/models" RUSTFLAGS="--cfg shuttle" cargo test -p tower-entra --lib tests::models

# A soak of 20 s, or of as many seconds as are given.
soak seconds="20":
    TOWER_ENTRA_SOAK_SECONDS="$1" cargo test -p tower-entra --test soak -- --ignored --nocapture

# Tests with both back ends of jsonwebtoken in one build.
both-backends:
    cargo test -p tower-entra --lib --test it --features jsonwebtoken/rust_crypto

# The mock in a crate that signs with jsonwebtoken and rust_crypto alone.
rust-crypto-user:
    cargo test --manifest-path tests/rust_crypto_user/Cargo.toml

# Replay the corpora, then fuzz: 20 s for each target unless other options of fuzz/run are given.
fuzz *args:
    cargo test --manifest-path fuzz/Cargo.toml
    fuzz/run "$@"

# Allocations, memory and instructions per request.
counts:
    #!/usr/bin/env bash
    set -euo pipefail
    if ! command -v valgrind >/dev/null; then
        apt-get install -y valgrind >/dev/null 2>&1 || { apt-get update && apt-get install -y valgrind; } >/dev/null 2>&1 || true
    fi
    benches/run --counts

# The benchmarks; benches/run has the options.
bench *args:
    benches/run "$@"

# Record verdicts of many tokens and configurations, before code is moved.
record *args:
    cargo run --release --manifest-path tools/record/Cargo.toml -- record "$@"

# Compare the verdicts of this source to recorded ones.
compare *args:
    cargo run --release --manifest-path tools/record/Cargo.toml -- compare "$@"

# Mutation tests of the pipeline, the policy and key authorization (.cargo/mutants.toml). It takes hours.
mutants *args:
    #!/usr/bin/env bash
    set -euo pipefail
    command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked --version 27.1.0
    tool=cargo
    if command -v cargo-nextest >/dev/null; then tool=nextest; fi
    cargo mutants --test-tool "$tool" "$@"
