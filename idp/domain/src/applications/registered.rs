use super::origin::Scheme;
use super::pattern::{check_host, is_loopback};
use super::{BadPattern, OutboundUrl, PatternRules, RefusedUrl, ServiceUrl};

/// Why an address of an entry can't be registered (TKT-08, RED-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("{0}")]
    Url(#[from] RefusedUrl),
    #[error("{0}")]
    Host(#[from] BadPattern),
    #[error("must start with https://: what is sent there opens other applications")]
    NotHttps,
    #[error(
        "is http: without \"plain_http\": true in \"oidc\": what is sent there travels in clear"
    )]
    PlainHttp,
    #[error("has a fragment, which never reaches a server")]
    Fragment,
    #[error("has a '*': this address is compared whole; write one for each")]
    Wildcard,
    #[error("has a parameter pgtId or pgtIou of its own: those are added when it is asked")]
    PgtParameter,
    #[error("is at none of this entry's services: scheme, host and port must be one of theirs")]
    Elsewhere,
}

/// An address that an entry names whole, for our server to ask: a proxy callback, or where the end
/// of a session is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredUrl {
    url: ServiceUrl,
    outbound: OutboundUrl,
}

impl RegisteredUrl {
    /// # Errors
    /// [`BadAddress`]
    pub fn parse(text: &str, rules: PatternRules) -> Result<Self, BadAddress> {
        let url = ServiceUrl::parse(text)?;
        if text.contains('*') {
            return Err(BadAddress::Wildcard);
        }
        if url.fragment().is_some() {
            return Err(BadAddress::Fragment);
        }
        if url.scheme == Scheme::Http && !rules.plain_http {
            return Err(BadAddress::Host(BadPattern::PlainHttp));
        }
        check_host(&url.host, rules)?;
        let outbound = OutboundUrl::new(url.canonical()).ok_or(RefusedUrl::Host)?;
        Ok(Self { url, outbound })
    }

    /// A proxy callback: https always, since a proxy-granting ticket goes there.
    ///
    /// # Errors
    /// [`BadAddress`]
    pub fn parse_callback(text: &str, demo: bool) -> Result<Self, BadAddress> {
        let rules = PatternRules {
            plain_http: true,
            demo,
        };
        let callback = Self::parse(text, rules)?;
        if callback.url.scheme != Scheme::Https {
            return Err(BadAddress::NotHttps);
        }
        let added = |name: &str| matches!(name, "pgtId" | "pgtIou");
        if callback
            .outbound
            .url()
            .query_pairs()
            .any(|(n, _)| added(&n))
        {
            return Err(BadAddress::PgtParameter);
        }
        Ok(callback)
    }

    /// An address of an OIDC client: https, unless its entry says that `http:` is meant, or it is
    /// this machine in a demonstration.
    ///
    /// # Errors
    /// [`BadAddress`]
    pub fn parse_endpoint(text: &str, plain_http: bool, demo: bool) -> Result<Self, BadAddress> {
        let rules = PatternRules {
            plain_http: true,
            demo,
        };
        let endpoint = Self::parse(text, rules)?;
        let here = demo && is_loopback(&endpoint.url.host);
        if endpoint.url.scheme == Scheme::Http && !plain_http && !here {
            return Err(BadAddress::PlainHttp);
        }
        Ok(endpoint)
    }

    /// As it was registered, in canonical form.
    pub fn as_str(&self) -> &str {
        self.url.canonical()
    }

    /// `scheme://host[:port]`
    pub fn origin(&self) -> &str {
        self.url.origin()
    }

    pub fn outbound(&self) -> &OutboundUrl {
        &self.outbound
    }

    pub(super) fn service_url(&self) -> &ServiceUrl {
        &self.url
    }

    /// Origin, path and query are the same; the same octets may be encoded in either case.
    pub(super) fn is(&self, asked: &ServiceUrl) -> bool {
        asked.fragment().is_none()
            && self.url.origin() == asked.origin()
            && self.url.comparable_path() == asked.comparable_path()
            && self.url.comparable_query() == asked.comparable_query()
    }
}
