#!/usr/bin/env bash
# Builds in release and measures; see tests/bench/bench.py, to which arguments are passed on. `bench.sh parts` measures the
# parts of a search (tests/bench/src/micro.rs), `bench.sh scale WORK` large stores (tests/bench/scale.py).
set -euo pipefail
cd "$(dirname "$0")/.."
python3 scripts/setup.py models
# In one go: then the benches have the product's features, and no crate is compiled twice.
cargo build --release --locked -p taproot-server -p taproot-bench --bins
case "${1:-}" in
parts) exec target/release/bench-micro --bench "${@:2}" ;;
scale) exec python3 tests/bench/scale.py target/release/taproot "${@:2}" ;;
esac
target/release/bench-micro --bench
exec python3 tests/bench/bench.py target/release/taproot "$@"
