# make run    sets up, builds, and starts a demonstration campus on http://localhost:8080
# make test   sets up, then format, lints, dependencies, all tests on both engines, real clients
# make timing what can be told from how long an answer takes (ENM-01)
# make fuzz   reads random text where we read foreign text, MINUTES=10 for each reader
# make load   throughput, and sign-ins beside an import

.PHONY: run build test timing fuzz load lint fmt

run: build
	target/demo/yimen up --demo

build:
	scripts/setup-build.sh
	cargo build --profile demo --package yimen

test:
	scripts/test.sh

timing:
	scripts/setup-build.sh
	cargo build --release --package yimen
	cargo run --release --package conformance-tests --bin timing

fuzz:
	scripts/fuzz.sh

load:
	scripts/setup-build.sh
	cargo build --release --package yimen
	cargo run --release --package conformance-tests --bin load

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fmt:
	cargo fmt --all
