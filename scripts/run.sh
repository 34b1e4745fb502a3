#!/usr/bin/env bash
# run.sh DOCS DATA ADDRESS: models, build, ingest, serve. A second run does only what changed.
set -euo pipefail
docs=$1 data=$2 address=$3
cd "$(dirname "$0")/.."

command -v cargo >/dev/null || {
    echo "error: cargo is not there" >&2
    echo "hint: install Rust 1.95 with rustup (https://rustup.rs), open a new shell, run this again" >&2
    exit 1
}
[ -e "$docs" ] || {
    echo "error: there is no folder $docs" >&2
    echo "hint: make run DOCS=/path/of/your/folder" >&2
    exit 1
}
python3 scripts/setup.py models
echo "building (the first time takes about ten minutes on two cores)"
cargo build --release --locked --bin taproot

taproot=target/release/taproot
"$taproot" --data "$data" ingest "$docs"
echo
echo "  open        http://$address"
case $docs in
    examples/documents)
        echo "  try asking  My hotel blocks the VPN, it says VPN-809. Which transport setting should I pick?"
        echo "              年假最晚可以用到什么时候？"
        ;;
    *) echo "  try asking  something that your documents answer" ;;
esac
echo "  stop        Ctrl-C"
echo
exec "$taproot" --data "$data" serve --address "$address"
