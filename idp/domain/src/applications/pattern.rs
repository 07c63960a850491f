use std::fmt;
use std::net::Ipv4Addr;

use super::origin::{self, Scheme};
use super::service_url::{
    check_path, comparable, comparable_octets, encode, holds_encoded_control,
};
use super::{RefusedUrl, ServiceUrl};

/// Which ports a pattern covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PatternPort {
    Exact(u16),
    /// `*`: only for loopback hosts of a demonstration.
    Any,
}

/// What an entry and the installation permit its patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatternRules {
    /// The entry says that `http:` is meant.
    pub plain_http: bool,
    /// A demonstration: loopback hosts and any of their ports.
    pub demo: bool,
}

/// Why a pattern can't be registered (RED-07, RED-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    #[error("{0}")]
    Url(#[from] RefusedUrl),
    #[error("is http: without \"plain_http\": true in the entry: tickets would travel in clear")]
    PlainHttp,
    #[error(
        "has a wildcard in its host: a pattern names one host; for every page of it write \
         https://host/*"
    )]
    HostWildcard,
    #[error("covers any port, which is only for 127.0.0.1 and localhost in a demonstration")]
    AnyPort,
    #[error(
        "names this machine itself (loopback), which every visitor's computer takes for its own"
    )]
    Loopback,
    #[error(
        "names an address that is no server's (unspecified, link-local, multicast or broadcast)"
    )]
    Address,
    #[error("names a host without a dot, which means another server in every network")]
    SingleLabel,
    #[error(
        "has '*' in its query: a query is compared whole; without '?' any query is accepted, and \
         none with '?' at the end"
    )]
    QueryWildcard,
    #[error("has a fragment, which never reaches a server")]
    Fragment,
    #[error("has an empty path segment ('//')")]
    EmptySegment,
    #[error("has '*' elsewhere than alone at the end, as in /app/* or /app/*+")]
    PathWildcard,
}

/// What a service URL must look like: scheme, host and port exact, a path that is exact or, ending
/// in `/*`, a prefix that ends with a slash (`/*+` where something must follow it), and any query
/// unless one is named. Kept as separate
/// fields, never as a text to compare with, and never a regular expression (RED-01).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServicePattern {
    scheme: Scheme,
    host: String,
    port: PatternPort,
    path: PathPattern,
    /// In its comparable form: empty for no query at all; nothing where any is accepted.
    query: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum PathPattern {
    /// Starts with `/`.
    Exact(String),
    /// Without the closing `/*`: empty for the whole host, `/app` for `/app/`, `/app/x` and neither
    /// `/app` nor `/apple`.
    Below(String),
    /// The same, closing with `/*+`: `/app/` alone isn't covered, `/app/?x` and `/app/x` are.
    Beyond(String),
}

impl ServicePattern {
    /// Reads `https://host[:port]/path`, `https://host[:port]/path/*` or
    /// `https://host[:port]/path/*+`, each with `?` at its end for no query, or `?query` for this
    /// one.
    ///
    /// # Errors
    /// [`BadPattern`], which says what to write instead where that isn't plain.
    pub fn parse(text: &str, rules: PatternRules) -> Result<Self, BadPattern> {
        let parts = origin::split(text)?;
        if parts.rest.contains('#') {
            return Err(BadPattern::Fragment);
        }
        if parts.host.contains('*') {
            return Err(BadPattern::HostWildcard);
        }
        let host = origin::canonical_host(parts.host)?;
        check_host(&host, rules)?;
        let port = match parts.port {
            None => PatternPort::Exact(parts.scheme.default_port()),
            Some("*") if rules.demo && is_loopback(&host) => PatternPort::Any,
            Some(port) if port.contains('*') => return Err(BadPattern::AnyPort),
            Some(port) => PatternPort::Exact(origin::port(port)?),
        };
        if parts.scheme == Scheme::Http && !rules.plain_http {
            return Err(BadPattern::PlainHttp);
        }
        let (path, query) = match parts.rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (parts.rest, None),
        };
        Ok(Self {
            scheme: parts.scheme,
            host,
            port,
            path: PathPattern::parse(path)?,
            query: query.map(parse_query).transpose()?,
        })
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// ASCII, lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> PatternPort {
        self.port
    }

    /// The one page that it covers, where it is for one.
    pub(super) fn page(&self) -> Option<String> {
        match &self.path {
            PathPattern::Exact(_) => self.first_page(),
            PathPattern::Below(_) | PathPattern::Beyond(_) => None,
        }
    }

    /// The first page that it covers; nothing where it names no port, or pages of unknown names
    /// only.
    pub(super) fn first_page(&self) -> Option<String> {
        let PatternPort::Exact(port) = self.port else {
            return None;
        };
        let origin = origin::origin_text(self.scheme, &self.host, port);
        let path = match &self.path {
            PathPattern::Exact(path) => path.clone(),
            PathPattern::Below(prefix) => format!("{prefix}/"),
            PathPattern::Beyond(_) => return None,
        };
        let query = self.query.as_deref().filter(|query| !query.is_empty());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{origin}{path}{query}"))
    }

    /// Whether scheme, host and port are those of `url`.
    pub(super) fn is_origin_of(&self, url: &ServiceUrl) -> bool {
        let port = match self.port {
            PatternPort::Any => true,
            PatternPort::Exact(port) => port == url.port,
        };
        port && self.scheme == url.scheme && self.host == url.host
    }

    pub(super) fn path(&self) -> &PathPattern {
        &self.path
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Whether a path in its comparable form is the pattern's or below it, and such a query,
    /// empty for none, the pattern's where it names one.
    pub(super) fn covers(&self, path: &str, query: &str) -> bool {
        let inside = match &self.path {
            PathPattern::Exact(exact) => path == exact,
            PathPattern::Below(prefix) => path
                .strip_prefix(prefix.as_str())
                .is_some_and(|below| below.starts_with('/')),
            PathPattern::Beyond(prefix) => path
                .strip_prefix(prefix.as_str())
                .and_then(|below| below.strip_prefix('/'))
                .is_some_and(|beyond| !beyond.is_empty() || !query.is_empty()),
        };
        inside && self.query.as_deref().is_none_or(|named| named == query)
    }

    /// Whether it covers whatever `other` does.
    pub(super) fn holds(&self, other: &Self) -> bool {
        let port = self.port == PatternPort::Any || self.port == other.port;
        let below = |prefix: &str, path: &str| {
            path.strip_prefix(prefix)
                .is_some_and(|below| below.starts_with('/'))
        };
        let path = match (&self.path, &other.path) {
            (PathPattern::Exact(_), PathPattern::Exact(_)) => self.path == other.path,
            (PathPattern::Exact(_), _) => false,
            (PathPattern::Below(prefix), PathPattern::Exact(path)) => below(prefix, path),
            (
                PathPattern::Below(prefix),
                PathPattern::Below(inner) | PathPattern::Beyond(inner),
            ) => prefix == inner || below(prefix, inner),
            (PathPattern::Beyond(prefix), PathPattern::Exact(path)) => {
                let query = other.query.as_deref().unwrap_or_default();
                below(prefix, path) && self.covers(path, query)
            }
            (PathPattern::Beyond(prefix), PathPattern::Below(inner)) => below(prefix, inner),
            (PathPattern::Beyond(prefix), PathPattern::Beyond(inner)) => {
                prefix == inner || below(prefix, inner)
            }
        };
        let query = self.query.is_none() || self.query == other.query;
        path && query && port && (self.scheme, &self.host) == (other.scheme, &other.host)
    }
}

impl fmt::Display for ServicePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            PatternPort::Exact(port) => {
                f.write_str(&origin::origin_text(self.scheme, &self.host, port))?;
            }
            PatternPort::Any => write!(f, "{}://{}:*", self.scheme.as_str(), self.host)?,
        }
        match &self.path {
            PathPattern::Exact(path) => f.write_str(path)?,
            PathPattern::Below(prefix) => write!(f, "{prefix}/*")?,
            PathPattern::Beyond(prefix) => write!(f, "{prefix}/*+")?,
        }
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

impl PathPattern {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        let (path, open) = match (text.strip_suffix("/*"), text.strip_suffix("/*+")) {
            (Some(prefix), _) => (prefix, Some(Self::Below as fn(String) -> Self)),
            (None, Some(prefix)) => (prefix, Some(Self::Beyond as fn(String) -> Self)),
            (None, None) => (text, None),
        };
        if path.contains('*') {
            return Err(BadPattern::PathWildcard);
        }
        if path.contains("//") || (open.is_some() && path.ends_with('/')) {
            return Err(BadPattern::EmptySegment);
        }
        let encoded = encode(path);
        check_path(&encoded)?;
        Ok(match open {
            None => Self::Exact(comparable(&encoded).into_owned()),
            Some(kind) if path.is_empty() => kind(String::new()),
            Some(kind) => kind(comparable(&encoded).into_owned()),
        })
    }
}

fn parse_query(text: &str) -> Result<String, BadPattern> {
    if text.contains('*') {
        return Err(BadPattern::QueryWildcard);
    }
    if holds_encoded_control(text) {
        return Err(BadPattern::Url(RefusedUrl::ControlByte));
    }
    Ok(comparable_octets(&encode(text)).into_owned())
}

pub(super) fn check_host(host: &str, rules: PatternRules) -> Result<(), BadPattern> {
    if is_loopback(host) {
        return if rules.demo {
            Ok(())
        } else {
            Err(BadPattern::Loopback)
        };
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        let nobody = address.octets()[0] == 0
            || address.is_link_local()
            || address.is_multicast()
            || address.is_broadcast();
        return if nobody {
            Err(BadPattern::Address)
        } else {
            Ok(())
        };
    }
    if host.contains('.') {
        Ok(())
    } else {
        Err(BadPattern::SingleLabel)
    }
}

/// 127.0.0.0/8, `localhost` and the names below it (RFC 6761 §6.3), and its old second name.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "localhost.localdomain"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback())
}
