#!/usr/bin/env bash
# What a build needs beside Rust: a C compiler, for aws-lc and SQLite. Does nothing where it is.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

need_cargo
if ! command -v cc >/dev/null; then
    packages gcc libc6-dev
fi
