use std::fmt;

use url::form_urlencoded;

use super::{OutboundUrl, Scheme, ServiceUrl};
use crate::cas::ServiceTicket;

/// A service that was matched against a registered application: the proof that a browser may be
/// sent there, and tickets be bound to it. Made by [`super::Registry::resolve`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenService(ServiceUrl);

impl ProvenService {
    /// The caller has matched `url` and settled whether its fragment may stay.
    pub(super) fn new(url: ServiceUrl) -> Self {
        Self(url)
    }

    /// What a ticket is bound to, and what is compared at validation.
    pub fn canonical(&self) -> &str {
        self.0.canonical()
    }

    /// `scheme://host[:port]`, for the `form-action` of the page whose POST leads there.
    pub fn origin(&self) -> &str {
        self.0.origin()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme == Scheme::Https
    }

    /// `host[:port]`: what is asked of one host waits for the rest of it.
    pub fn lane(&self) -> &str {
        let origin = self.origin();
        origin.split_once("://").map_or(origin, |(_, host)| host)
    }

    /// The service as it is: after a logout, or a gateway request without a session.
    pub fn plain(&self) -> ProvenRedirect {
        self.redirect("")
    }

    /// The service for a request of our own server's: a logout notice.
    pub fn outbound(&self) -> Option<OutboundUrl> {
        OutboundUrl::new(self.canonical())
    }

    /// The service with a ticket for a request of our own server's: the application doctor's.
    pub fn outbound_with_ticket(&self, ticket: &ServiceTicket) -> Option<OutboundUrl> {
        OutboundUrl::new(self.with_ticket(ticket).as_str())
    }

    /// The service with `ticket` as the last parameter of its query, and the only one of this
    /// name, before any fragment; the rest byte for byte as it came (CAS 3.0.3 §2.2.4).
    pub fn with_ticket(&self, ticket: &ServiceTicket) -> ProvenRedirect {
        let separator = match self.0.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        self.redirect(&format!("{separator}ticket={}", ticket.as_str()))
    }

    fn redirect(&self, addition: &str) -> ProvenRedirect {
        let mut address = format!("{}{addition}", self.0.canonical());
        if let Some(fragment) = self.0.fragment() {
            address.push('#');
            address.push_str(fragment);
        }
        ProvenRedirect::new(address, self.origin().to_owned())
    }
}

/// The only address outside of our own origin that a `Location` may hold, or a form of ours be
/// posted to. ASCII without spaces and control bytes, so it always fits into a header. Made of
/// what the registry has: [`ProvenService`], [`super::Registry::redirect`].
#[derive(Clone, PartialEq, Eq)]
pub struct ProvenRedirect {
    address: String,
    origin: String,
}

impl ProvenRedirect {
    /// The caller has found `address` in the registry; `origin` is its own.
    pub(super) fn new(address: String, origin: String) -> Self {
        Self { address, origin }
    }

    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// What a `form-action` names so that a form may end there: `scheme://host[:port]`, or
    /// `scheme:` where it is no web address, or at a host that a policy can't name.
    pub fn origin(&self) -> &str {
        // CSP 3 §2.3.1: a host-source has no brackets.
        if self.origin.contains('[') {
            return "http:";
        }
        &self.origin
    }

    /// The same with these behind its own query, which stays byte for byte (RFC 6749 §3.1.2).
    #[must_use]
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> Self {
        let added = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        if added.is_empty() {
            return self.clone();
        }
        let (locator, fragment) = match self.address.split_once('#') {
            Some((locator, fragment)) => (locator, Some(fragment)),
            None => (self.address.as_str(), None),
        };
        let separator = match locator.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let mut address = format!("{locator}{separator}{added}");
        if let Some(fragment) = fragment {
            address.push('#');
            address.push_str(fragment);
        }
        Self::new(address, self.origin.clone())
    }
}

impl fmt::Debug for ProvenRedirect {
    /// Without the query, where a ticket or a code may be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.address.split(['?', '#']).next().unwrap_or_default();
        write!(f, "ProvenRedirect({shown}…)")
    }
}
