#!/usr/bin/env bash
# Kills an ingest many times at random moments, and checks after each kill that nothing is lost or half there.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 scripts/setup.py models
TAPROOT_TEST_KILLS="${KILLS:-300}" cargo test --locked -p taproot-server --test e2e -- \
    --nocapture --exact recovery::a_killed_ingest_leaves_whole_documents_only
