use std::fmt;

use url::Url;

/// An address that our own server may ask: every one comes from the registry, where its host and
/// port are written (TKT-08). Made inside `applications` alone, so that a request to anywhere else
/// can't be written.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundUrl(Url);

impl OutboundUrl {
    /// The caller has found `address` in the registry. Nothing for what is no address of a host.
    pub(super) fn new(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        (url.has_host() && matches!(url.scheme(), "http" | "https")).then_some(Self(url))
    }

    /// The same with these behind its own query, which stays as it is.
    pub(super) fn with_parameters(&self, parameters: &[(&str, &str)]) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        Self(url)
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// As the registry compares it: ASCII, lower case.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Debug for OutboundUrl {
    /// Without path and query, where a ticket may be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutboundUrl({}…)", self.0.origin().ascii_serialization())
    }
}
