# Two commands do all the set-up they need: `make run` and `make test`.

# The folder that `make run` ingests, and where it keeps what it read.
DOCS ?= examples/documents
DATA ?= taproot-data
ADDRESS ?= 127.0.0.1:8080

.PHONY: run test torture lint bench openapi

run:
	@scripts/run.sh "$(DOCS)" "$(DATA)" "$(ADDRESS)"

test:
	@scripts/test.sh

# Kills an ingest 300 times at random moments; takes about a quarter of an hour.
torture:
	@scripts/torture.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

bench:
	@scripts/bench.sh

# Writes schemas/openapi.json anew, after a change of the API.
openapi:
	cargo run --quiet --locked --bin taproot -- openapi > schemas/openapi.json
