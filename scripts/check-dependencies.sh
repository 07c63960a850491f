#!/usr/bin/env bash
# Licences, bans, sources and advisories of every dependency (deny.toml). The advisories are those
# of the copy in ../shared/advisory-db when it is there, else the newest, fetched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(realpath -m ../shared/advisory-db)
# Where cargo-deny keeps the database of this address; it takes its age from .git/FETCH_HEAD.
place=target/advisory-dbs/advisory-db-3157b0e258782691
offline=()
if [ -d "$copy/crates" ]; then
    echo "Advisories: the copy in $copy"
    rm -rf "$place"
    mkdir -p "$place/.git"
    touch "$place/.git/FETCH_HEAD"
    ln -s "$copy/crates" "$copy/rust" "$place/"
    offline=(--offline)
    cargo fetch --locked --quiet
else
    echo "Advisories: fetched from github.com/RustSec/advisory-db"
    [ ! -L "$place/crates" ] || rm -rf "$place"
fi
cargo deny --locked "${offline[@]}" check --allow unused-wrapper --allow no-license-field
