#!/usr/bin/env bash
# Builds in release and measures; see tests/bench/bench.py. Arguments are passed on.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 scripts/setup.py models
cargo build --release --locked --bin taproot
exec python3 tests/bench/bench.py target/release/taproot "$@"
