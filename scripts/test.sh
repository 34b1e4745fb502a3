#!/usr/bin/env bash
# Sets up what the tests need, then runs all of them: unit, property, end to end, browser.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo >/dev/null || {
    echo "error: cargo is not there" >&2
    echo "hint: install Rust 1.95 with rustup (https://rustup.rs), open a new shell, run this again" >&2
    exit 1
}
python3 scripts/setup.py models browser ocr clients
cargo test --workspace --locked
if [ -z "${TAPROOT_TEST_QDRANT:-}" ]; then
    echo "note: TAPROOT_TEST_QDRANT is not set, so the vector store's suite ran without a Qdrant server"
fi
