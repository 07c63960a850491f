#!/usr/bin/env bash
# What the tests need: PostgreSQL, Apache with mod_auth_cas and mod_auth_openidc, phpCAS, Chromium
# with its driver and a font for Chinese, Python and Node for their libraries, cargo-deny. Does
# nothing where it is there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/scripts/packages.sh"

"$here/scripts/setup-build.sh"
packages apache2 libapache2-mod-auth-cas libapache2-mod-auth-openidc chromium chromium-driver \
    fonts-noto-cjk git php-cas php-cgi php-curl php-xml postgresql python3-venv
# Node's own packages bring npm with them; Debian's don't.
command -v npm >/dev/null || packages npm
command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny
"$here/conformance-tests/scripts/setup"
