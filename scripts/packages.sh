# Sourced by the set-up scripts: installs Debian packages that are missing, and is silent when
# none is.

# packages NAME…
packages() {
    local missing=() name
    for name in "$@"; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] \
            || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "These packages, or what they are called here, are needed: ${missing[*]}" >&2
        return 1
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "As root: apt-get install ${missing[*]}" >&2
            return 1
        }
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}" >/dev/null
}

# Rust stands where rustup puts it, in PATH or not.
export PATH="$HOME/.cargo/bin:$PATH"
need_cargo() {
    command -v cargo >/dev/null || {
        echo "Rust is needed: https://rustup.rs" >&2
        return 1
    }
}
