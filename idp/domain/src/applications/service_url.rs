use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use url::Url;

use super::ServicePattern;
use super::origin::{self, Scheme};

/// The longest `service` that is read, in bytes, as it came and as it goes out: nested return
/// addresses get long, but a `Location` of more than 4 KiB is cut or refused by the proxies of a
/// campus.
pub const MAX_SERVICE_BYTES: usize = 4096;

/// With all non-ASCII bytes, what may not stand in a URL.
const NO_URL_BYTES: &AsciiSet = &CONTROLS.add(b' ');
/// How often a path may be percent-encoded over itself before it is taken for an attack.
const MAX_ENCODING_DEPTH: usize = 4;

/// Why a `service` is refused before it is compared with any entry. The texts are for
/// administrators; visitors see a uniform page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUrl {
    #[error("is longer than {MAX_SERVICE_BYTES} bytes")]
    TooLong,
    #[error("holds a control character, plain or percent-encoded")]
    ControlByte,
    #[error("holds a backslash, which browsers take for a slash")]
    Backslash,
    #[error("starts or ends with a space")]
    Space,
    #[error("must start with https:// or http://")]
    Scheme,
    #[error("may name only host and port before its path: no user, no '@', no '%'")]
    UserInfo,
    #[error("names its host by an IPv6 address; use a host name")]
    Ipv6,
    #[error("has a host that is empty, ends with a dot, or isn't written in its usual form")]
    Host,
    #[error("has a port that isn't a number from 1 to 65535")]
    Port,
    #[error("has a path with '.' or '..' segments, or with broken percent-encoding")]
    Path,
    /// Our reading and that of the `url` crate (the rules of browsers) differ.
    #[error("is read in another way by browsers")]
    Disagreement,
}

impl RefusedUrl {
    /// The word in the audit trail.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::ControlByte => "control_byte",
            Self::Backslash => "backslash",
            Self::Space => "space",
            Self::Scheme => "scheme",
            Self::UserInfo => "userinfo",
            Self::Ipv6 => "ipv6",
            Self::Host => "host_form",
            Self::Port => "port_form",
            Self::Path => "path_form",
            Self::Disagreement => "disagreement",
        }
    }
}

/// A request's `service`, percent-decoded once by the form decoder, that has one meaning only: to
/// us and to every browser. Not yet known to belong to anybody.
///
/// Its canonical text has scheme and host in lower case and no default port; path and query stay
/// as they came, byte for byte, save that bytes which no URL may hold (non-ASCII, spaces) are
/// percent-encoded, as each browser does before it asks for the page, and that a parameter `ticket`
/// is left out: the remains of an earlier visit, in the place where the application will look for
/// the new ticket, or for none (CAS 3.0.3 §2.1.1 `gateway`, §2.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
    canonical: String,
    origin_bytes: usize,
    path_bytes: usize,
    fragment: Option<String>,
}

impl ServiceUrl {
    /// # Errors
    /// [`RefusedUrl`] for everything that two parsers might read differently (RED-02, RED-03,
    /// RED-05, RED-07, RED-08).
    pub fn parse(raw: &str) -> Result<Self, RefusedUrl> {
        if raw.len() > MAX_SERVICE_BYTES {
            return Err(RefusedUrl::TooLong);
        }
        let parts = origin::split(raw)?;
        let host = origin::canonical_host(parts.host)?;
        let port = parts
            .port
            .map_or(Ok(parts.scheme.default_port()), origin::port)?;
        if holds_encoded_control(parts.rest) {
            return Err(RefusedUrl::ControlByte);
        }
        let (locator, fragment) = match parts.rest.split_once('#') {
            Some((locator, fragment)) => (locator, Some(encode(fragment).into_owned())),
            None => (parts.rest, None),
        };
        let locator = without_tickets(encode(locator));
        let path_bytes = locator.find('?').unwrap_or(locator.len());
        check_path(&locator[..path_bytes])?;

        let mut canonical = origin::origin_text(parts.scheme, &host, port);
        let origin_bytes = canonical.len();
        canonical.push_str(&locator);
        let url = Self {
            scheme: parts.scheme,
            host,
            port,
            canonical,
            origin_bytes,
            path_bytes,
            fragment,
        };
        // Non-ASCII text grows threefold when it is percent-encoded, and that is what goes out.
        let fragment_bytes = url
            .fragment
            .as_ref()
            .map_or(0, |fragment| fragment.len() + 1);
        if url.canonical.len() + fragment_bytes > MAX_SERVICE_BYTES {
            return Err(RefusedUrl::TooLong);
        }
        if url.reads_alike(raw) && url.reads_alike(&url.canonical) {
            Ok(url)
        } else {
            Err(RefusedUrl::Disagreement)
        }
    }

    /// What a ticket is bound to: without the fragment, which never reaches a server (RED-08).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// `scheme://host[:port]`.
    pub fn origin(&self) -> &str {
        &self.canonical[..self.origin_bytes]
    }

    /// The path as it came; empty for `https://host`.
    pub fn path(&self) -> &str {
        &self.canonical[self.origin_bytes..][..self.path_bytes]
    }

    /// The query after its `?`.
    pub(super) fn query(&self) -> Option<&str> {
        self.canonical[self.origin_bytes + self.path_bytes..].strip_prefix('?')
    }

    /// What follows `#`, if there is one.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// The path in the form that is compared: at least `/`, hexadecimal digits of `%e4` in upper
    /// case (RFC 3986 §6.2.2.1).
    pub(super) fn comparable_path(&self) -> Cow<'_, str> {
        comparable(self.path())
    }

    /// The query in the form that is compared. A `?` with nothing behind it asks for nothing: it is
    /// as good as none.
    pub(super) fn comparable_query(&self) -> Cow<'_, str> {
        comparable_octets(self.query().unwrap_or_default())
    }

    /// Scheme, host and port are exact; the path is exact or below the pattern's; the query is the
    /// pattern's if it names one.
    pub fn matches(&self, pattern: &ServicePattern) -> bool {
        pattern.is_origin_of(self)
            && pattern.covers(&self.comparable_path(), &self.comparable_query())
    }

    fn reads_alike(&self, text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| {
            url.scheme() == self.scheme.as_str()
                && url.host_str() == Some(&self.host)
                && url.port_or_known_default() == Some(self.port)
                && url.username().is_empty()
                && url.password().is_none()
        })
    }
}

/// Percent-encodes what may not stand in a URL, and nothing else.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NO_URL_BYTES).into()
}

/// Path and query without any `ticket`, however that name is encoded.
fn without_tickets(locator: Cow<'_, str>) -> Cow<'_, str> {
    let Some((path, query)) = locator.split_once('?') else {
        return locator;
    };
    if !query.split('&').any(is_ticket) {
        return locator;
    }
    let own: Vec<&str> = query.split('&').filter(|pair| !is_ticket(pair)).collect();
    let own = own.join("&");
    Cow::Owned(if own.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{own}")
    })
}

fn is_ticket(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    percent_decode(name.as_bytes()).eq(b"ticket".iter().copied())
}

/// `/` for an empty path, and one way to write each octet that is percent-encoded.
pub(super) fn comparable(path: &str) -> Cow<'_, str> {
    if path.is_empty() {
        return Cow::Borrowed("/");
    }
    comparable_octets(path)
}

/// One way to write each octet that is percent-encoded: `%e4` as `%E4`. A `%` without two
/// hexadecimal digits behind it stays as it is.
pub(super) fn comparable_octets(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split('%');
    let mut written = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        written.push('%');
        match piece.as_bytes() {
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                written.extend(piece[..2].chars().map(|digit| digit.to_ascii_uppercase()));
                written.push_str(&piece[2..]);
            }
            _ => written.push_str(piece),
        }
    }
    Cow::Owned(written)
}

/// `%00` … `%1f` and `%7f`: a line break in a header to be, at whoever decodes it (RED-08).
pub(super) fn holds_encoded_control(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| {
        w[0] == b'%'
            && (matches!(w[1], b'0' | b'1') && w[2].is_ascii_hexdigit()
                || w[1] == b'7' && w[2].eq_ignore_ascii_case(&b'f'))
    })
}

/// A prefix is only a border if no segment climbs over it: not as `..`, not encoded, not encoded
/// twice, not as `..;` (which Java containers read as `..`), not behind an encoded (back)slash.
pub(super) fn check_path(path: &str) -> Result<(), RefusedUrl> {
    let broken = path.bytes().enumerate().any(|(i, b)| {
        b == b'%'
            && !path
                .as_bytes()
                .get(i + 1..i + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if broken {
        return Err(RefusedUrl::Path);
    }
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..=MAX_ENCODING_DEPTH {
        if bytes.split(|b| matches!(b, b'/' | b'\\')).any(climbs) {
            return Err(RefusedUrl::Path);
        }
        let decoded: Vec<u8> = percent_decode(&bytes).collect();
        if decoded == bytes {
            return Ok(());
        }
        bytes = decoded;
    }
    Err(RefusedUrl::Path)
}

fn climbs(segment: &[u8]) -> bool {
    let name = segment.split(|b| *b == b';').next().unwrap_or_default();
    matches!(name, b"." | b"..")
}
