use std::fmt;

use percent_encoding::percent_decode;

use super::origin::{self, Scheme};
use super::pattern::{check_host, is_loopback};
use super::service_url::{check_path, holds_encoded_control};
use super::{BadPattern, PatternRules, ProvenRedirect, RefusedUrl, ServiceUrl};

/// What an entry and the installation permit its redirect URIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectRules {
    /// The application runs on the person's own device.
    pub native: bool,
    /// The entry says that `http:` is meant.
    pub plain_http: bool,
    /// A demonstration: loopback hosts.
    pub demo: bool,
}

/// Why a redirect URI can't be registered (OID-01, RED-07, RED-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirect {
    #[error("{0}")]
    Url(#[from] RefusedUrl),
    #[error("{0}")]
    Host(#[from] BadPattern),
    #[error("must be 1 to {longest} characters", longest = RedirectUri::LONGEST)]
    Length,
    #[error("has a character that no URI may hold; percent-encode it, and write the host as xn--…")]
    Character,
    #[error("has a fragment, which a redirect URI may not have")]
    Fragment,
    #[error("has a '*': a redirect URI is compared whole; write one for each")]
    Wildcard,
    #[error("is http: without \"plain_http\": true in \"oidc\": codes would travel in clear")]
    PlainHttp,
    #[error(
        "is http: on a host; a native application has https:, a loopback address or a scheme of its own"
    )]
    NativeHttp,
    #[error("is no web address, which is only for \"application_type\": \"native\"")]
    NotNative,
    #[error(
        "has a scheme without a dot; write a name of yours backwards, as in cn.edu.example.app:/signed-in"
    )]
    Scheme,
    #[error("must go on with a '/' behind its scheme, and without a user name")]
    Custom,
    #[error(
        "has a parameter of its own that answers have: \"code\", \"state\", \"iss\", \"error\" or another"
    )]
    AnswerParameter,
}

/// Where a client may have browsers sent: compared byte for byte with what a request says
/// (RFC 9700 §2.1, OIDC Core §3.1.2.1). Its text has one meaning to us and to every browser.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedirectUri {
    text: String,
    origin: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    /// A host's.
    Host { host: String },
    /// `http:` on the visitor's own computer (RFC 8252 §7.3). In the text, where the host ends,
    /// and where path and query begin.
    Loopback {
        host: String,
        host_end: usize,
        rest: usize,
    },
    /// A scheme that an application on the device has taken (RFC 8252 §7.1).
    Scheme,
}

impl RedirectUri {
    /// In bytes: with a code and a `state` of 2 KiB behind it, it is still a `Location` that the
    /// proxies of a campus let through.
    pub const LONGEST: usize = 1024;

    /// # Errors
    /// [`BadRedirect`]
    pub fn parse(text: &str, rules: RedirectRules) -> Result<Self, BadRedirect> {
        if !(1..=Self::LONGEST).contains(&text.len()) {
            return Err(BadRedirect::Length);
        }
        if text.contains('#') {
            return Err(BadRedirect::Fragment);
        }
        if text.contains('*') {
            return Err(BadRedirect::Wildcard);
        }
        if text.contains('\\') {
            return Err(BadRedirect::Url(RefusedUrl::Backslash));
        }
        if !text.bytes().all(is_uri_byte) {
            return Err(BadRedirect::Character);
        }
        if text
            .split_once('?')
            .is_some_and(|(_, q)| q.split('&').any(is_answer))
        {
            return Err(BadRedirect::AnswerParameter);
        }
        let (scheme, rest) = text.split_once(':').ok_or(RefusedUrl::Scheme)?;
        if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            Self::web(text, rules)
        } else {
            Self::custom(text, scheme, rest, rules)
        }
    }

    fn web(text: &str, rules: RedirectRules) -> Result<Self, BadRedirect> {
        // RFC 8252 §7.3 names this one; nobody else's IPv6 address is read here.
        const IPV6: &str = "http://[::1]";
        if let Some(rest) = text.strip_prefix(IPV6)
            && (rules.native || rules.demo)
        {
            let url = ServiceUrl::parse(&format!("http://127.0.0.1{rest}"))?;
            let origin = url.origin().replace("127.0.0.1", "[::1]");
            return Ok(Self::loopback(text, "[::1]", origin, IPV6.len()));
        }
        let url = ServiceUrl::parse(text)?;
        let origin = url.origin().to_owned();
        let device = is_loopback(&url.host);
        if url.scheme == Scheme::Http && device && (rules.native || rules.demo) {
            // The two that RFC 8252 §8.3 speaks of; other names are those of a demonstration.
            if matches!(url.host.as_str(), "127.0.0.1" | "localhost") {
                let host_end = "http://".len() + url.host.len();
                return Ok(Self::loopback(text, &url.host, origin, host_end));
            }
        } else if url.scheme == Scheme::Http && rules.native {
            return Err(BadRedirect::NativeHttp);
        } else if url.scheme == Scheme::Http && !rules.plain_http {
            return Err(BadRedirect::PlainHttp);
        }
        let hosts = PatternRules {
            plain_http: true,
            demo: rules.demo,
        };
        check_host(&url.host, hosts)?;
        Ok(Self {
            text: text.to_owned(),
            origin,
            place: Place::Host { host: url.host },
        })
    }

    fn loopback(text: &str, host: &str, origin: String, host_end: usize) -> Self {
        let after = &text[host_end..];
        let rest = host_end + after.find(['/', '?']).unwrap_or(after.len());
        Self {
            text: text.to_owned(),
            origin,
            place: Place::Loopback {
                host: host.to_owned(),
                host_end,
                rest,
            },
        }
    }

    fn custom(
        text: &str,
        scheme: &str,
        rest: &str,
        rules: RedirectRules,
    ) -> Result<Self, BadRedirect> {
        let alphabet = scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        let labels = scheme.split('.').all(|label| !label.is_empty());
        if !rules.native {
            return Err(BadRedirect::NotNative);
        }
        // A name of one's own, so that two applications don't meet (RFC 8252 §7.1); and no
        // `javascript:`, `data:` or `intent:`.
        let starts = scheme.starts_with(|c: char| c.is_ascii_lowercase());
        if !(alphabet && labels && starts && scheme.contains('.')) {
            return Err(BadRedirect::Scheme);
        }
        let path = rest.split('?').next().unwrap_or_default();
        let authority = path.strip_prefix("//").unwrap_or_default();
        let authority = authority.split('/').next().unwrap_or_default();
        if !path.starts_with('/') || authority.contains('@') {
            return Err(BadRedirect::Custom);
        }
        if holds_encoded_control(rest) {
            return Err(BadRedirect::Url(RefusedUrl::ControlByte));
        }
        check_path(path)?;
        Ok(Self {
            text: text.to_owned(),
            origin: format!("{scheme}:"),
            place: Place::Scheme,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `scheme://host[:port]`, or `scheme:` for one of an application's own.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// ASCII, lower case; nothing for a scheme of an application's own.
    pub fn host(&self) -> Option<&str> {
        match &self.place {
            Place::Host { host } | Place::Loopback { host, .. } => Some(host),
            Place::Scheme => None,
        }
    }

    /// Whether it is at a host, which has an owner, and not on the visitor's own computer.
    pub fn has_host(&self) -> bool {
        matches!(self.place, Place::Host { .. })
    }

    /// The proof that a browser may be sent to `raw`, which is this very text (OID-01). With
    /// `free_port` the port of a loopback address is the request's.
    pub(super) fn prove(&self, raw: &str, free_port: bool) -> Option<ProvenRedirect> {
        if raw == self.text {
            return Some(ProvenRedirect::new(self.text.clone(), self.origin.clone()));
        }
        let Place::Loopback { host_end, rest, .. } = self.place else {
            return None;
        };
        let after = raw
            .strip_prefix(&self.text[..host_end])
            .filter(|_| free_port)?;
        let port = after.strip_suffix(&self.text[rest..])?;
        // Digits alone may stand there: no user name, no longer host (RFC 8252 §7.3).
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(origin::port(digits).ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        let scheme_and_host = self.text[..host_end].to_owned();
        let origin = match port {
            None | Some(80) => scheme_and_host,
            Some(port) => format!("{scheme_and_host}:{port}"),
        };
        Some(ProvenRedirect::new(raw.to_owned(), origin))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 3986 §2: unreserved, reserved, `%`.
fn is_uri_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b)
}

/// A parameter that an answer adds: the application would have to guess which of two counts.
fn is_answer(pair: &str) -> bool {
    const ANSWERS: [&[u8]; 8] = [
        b"code",
        b"state",
        b"iss",
        b"error",
        b"error_description",
        b"error_uri",
        b"response",
        b"session_state",
    ];
    let name = pair.split('=').next().unwrap_or_default();
    let name: Vec<u8> = percent_decode(name.as_bytes()).collect();
    ANSWERS.contains(&name.as_slice())
}
