#!/usr/bin/env bash
# Everything that must hold: format, lints, dependencies, and all tests on both engines with the
# real clients. Stops at the first that doesn't.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

step() { printf '\n\033[1m== %s\033[0m (%s min)\n' "$1" "$((SECONDS / 60))"; }

step "Set-up"
scripts/setup-tests.sh

step "Format"
cargo fmt --all --check

step "Lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

step "Dependencies"
scripts/check-dependencies.sh

step "Tests on SQLite and PostgreSQL, real clients, browser"
# A cluster in /tmp: PostgreSQL runs as another user, who may not enter a home folder.
postgres=$(mktemp -d /tmp/yimen-postgres.XXXXXX)
rmdir "$postgres"
started=$(conformance-tests/scripts/postgres.sh start "$postgres")
trap 'conformance-tests/scripts/postgres.sh stop "$postgres"' EXIT
eval "$started"
# A test that finds no PostgreSQL must fail here, not be left out.
export YIMEN_REQUIRE_POSTGRES=1
cargo build --workspace --locked
cargo test --workspace --locked

step "All is well"
