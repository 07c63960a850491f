//! Scheme, host and port, read the same way for patterns and for requests.

use url::Host;

use super::RefusedUrl;

/// The schemes that a service may have; any other (`javascript:`, `data:`, …) is refused (RED-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A URL cut at its borders; nothing of it is interpreted yet but the scheme.
pub(super) struct Parts<'a> {
    pub(super) scheme: Scheme,
    pub(super) host: &'a str,
    /// What follows the host's `:`.
    pub(super) port: Option<&'a str>,
    /// Path, query and fragment.
    pub(super) rest: &'a str,
}

/// Cuts `scheme://host[:port]rest`. The raw text must hold no byte that a browser drops or takes
/// for another one (RED-03), and an authority of host and port only (RED-02).
pub(super) fn split(raw: &str) -> Result<Parts<'_>, RefusedUrl> {
    // Browsers strip or rewrite all of these, each in its own place: what we compared would not
    // be what they open.
    if raw.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err(RefusedUrl::ControlByte);
    }
    if raw.contains('\\') {
        return Err(RefusedUrl::Backslash);
    }
    if raw.starts_with(' ') || raw.ends_with(' ') {
        return Err(RefusedUrl::Space);
    }
    let (scheme, after) = raw.split_once("://").ok_or(RefusedUrl::Scheme)?;
    let scheme = if scheme.eq_ignore_ascii_case("https") {
        Scheme::Https
    } else if scheme.eq_ignore_ascii_case("http") {
        Scheme::Http
    } else {
        return Err(RefusedUrl::Scheme);
    };
    let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    // A percent-encoded authority has no honest use, and `%40` or `%2e` many others.
    if authority.contains(['@', '%']) {
        return Err(RefusedUrl::UserInfo);
    }
    if authority.starts_with('[') {
        return Err(RefusedUrl::Ipv6);
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    Ok(Parts {
        scheme,
        host,
        port,
        rest,
    })
}

/// The host in the one form that is compared: ASCII lower case, `xn--` labels, no trailing dot
/// (RED-05).
///
/// An IPv4 address must be written in its usual form: `127.1`, `0x7f.0.0.1` and `2130706433` are
/// the same host to a browser.
///
/// Of other alphabets only letters and digits of the basic plane are read: the tables of what may
/// stand in a name grow with each Unicode version, and browsers' are older or newer than ours.
pub(crate) fn canonical_host(text: &str) -> Result<String, RefusedUrl> {
    if !text.chars().all(is_settled) {
        return Err(RefusedUrl::Host);
    }
    let canonical = match Host::parse(text) {
        Ok(Host::Domain(domain)) => domain,
        Ok(Host::Ipv4(address)) if text.is_ascii() => address.to_string(),
        _ => return Err(RefusedUrl::Host),
    };
    let as_written = !text.is_ascii() || text.eq_ignore_ascii_case(&canonical);
    // The alphabet of names, and of what a Content-Security-Policy can say unquoted.
    let plain = canonical
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let labelled = canonical.split('.').all(|label| !label.is_empty());
    // The same for what an `xn--` label stands for.
    let (unicode, decoded) = idna::domain_to_unicode(&canonical);
    let settled = decoded.is_ok() && unicode.chars().all(is_settled);
    if as_written && plain && labelled && settled && canonical.len() <= 253 {
        Ok(canonical)
    } else {
        Err(RefusedUrl::Host)
    }
}

/// U+3002 is the full stop that Chinese keyboards type; browsers read it as a dot.
fn is_settled(c: char) -> bool {
    c.is_ascii() || c == '\u{3002}' || (c.is_alphanumeric() && c <= '\u{fffd}')
}

/// A port as digits, without a leading zero; port 0 is nobody's.
pub(super) fn port(text: &str) -> Result<u16, RefusedUrl> {
    let digits = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits => Ok(port),
        _ => Err(RefusedUrl::Port),
    }
}

/// `scheme://host[:port]` without a default port.
pub(super) fn origin_text(scheme: Scheme, host: &str, port: u16) -> String {
    if port == scheme.default_port() {
        format!("{}://{host}", scheme.as_str())
    } else {
        format!("{}://{host}:{port}", scheme.as_str())
    }
}
