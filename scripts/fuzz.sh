#!/usr/bin/env bash
# Fuzzes what reads foreign text: `scripts/fuzz.sh [TARGET…]`, MINUTES each (10), one at a time.
# Begins with the committed corpus, keeps what it finds in target/fuzz/corpus; a failing input is
# left in target/fuzz/artifacts. MERGE=1 takes what is new into the committed corpus, as little as
# covers the same.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
minutes=${MINUTES:-10}
export CARGO_TARGET_DIR="$here/target/fuzz"

command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
toolchain=+nightly
if ! cargo +nightly --version >/dev/null 2>&1 &&
    ! rustup toolchain install nightly --profile minimal >/dev/null 2>&1; then
    # The sanitizers are in the stable compiler too, behind this switch.
    toolchain=
    export RUSTC_BOOTSTRAP=1
fi

cd "$here/idp/domain"
[ $# -gt 0 ] || set -- service_url saml11_request logout_document jwt jwks claims_request
for target in "$@"; do
    committed="fuzz/corpus/$target"
    found="$CARGO_TARGET_DIR/corpus/$target"
    artifacts="$CARGO_TARGET_DIR/artifacts/$target/"
    mkdir -p "$found" "$artifacts"
    # A service has 4 KiB at most, and an envelope or a document is rarely longer.
    nice -n 10 cargo $toolchain fuzz run "$target" "$found" "$committed" -- \
        -max_total_time=$((minutes * 60)) -max_len=4200 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$artifacts" -print_final_stats=1
    if [ "${MERGE:-}" = 1 ]; then
        cp -n "$found"/* "$committed"/ 2>/dev/null || true
        cargo $toolchain fuzz cmin "$target" "$committed"
    fi
done
