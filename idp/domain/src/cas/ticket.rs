use jiff::SignedDuration;

use crate::secrets::random_secrets;

/// How long a service or proxy ticket may wait for its validation: the browser's next request and
/// the application's answer to it (CAS 3.0.3 §3.1.1 permits 5 minutes).
pub const SERVICE_TICKET_TTL: SignedDuration = SignedDuration::from_secs(10);

/// Random characters of a ticket that lives seconds: 172 bits. With its prefix it is as long as
/// every client must take, 32 characters (§3.1.1, §3.2.1).
const SHORT_LIVED: usize = 29;
/// Random characters of a ticket that lives as long as a session: 256 bits, and below the 64
/// characters that every client must take (§3.3.1, §3.4.1).
const LONG_LIVED: usize = 43;

/// What a ticket claims to be. A value of one kind is never looked up as another (TKT-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    Service,
    Proxy,
    ProxyGranting,
    ProxyGrantingIou,
    TicketGranting,
    Login,
}

impl TicketKind {
    /// By prefix (§3.1–§3.8); nothing for anything else.
    pub fn of(text: &str) -> Option<Self> {
        let (prefix, _) = text.split_once('-')?;
        Some(match prefix {
            "ST" => Self::Service,
            "PT" => Self::Proxy,
            "PGT" => Self::ProxyGranting,
            "PGTIOU" => Self::ProxyGrantingIou,
            "TGT" | "TGC" => Self::TicketGranting,
            "LT" => Self::Login,
            _ => return None,
        })
    }
}

/// A text that can't be one of our tickets of the kind that was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't a ticket of this kind")]
pub struct BadTicket;

random_secrets! { BadTicket:
    /// What a browser carries to the service (§3.1).
    ServiceTicket = "ST" + SHORT_LIVED;
    /// What one service shows to another in a person's name (§3.2).
    ProxyTicket = "PT" + SHORT_LIVED;
    /// What a service gets proxy tickets for (§3.3). It travels to the proxy callback alone.
    ProxyGrantingTicket = "PGT" + LONG_LIVED;
    /// What tells a service which proxy-granting ticket belongs to a validation (§3.4). Drawn by
    /// itself: nothing of the one can be had from the other.
    ProxyGrantingIou = "PGTIOU" + LONG_LIVED;
    /// A session of the REST protocol; a browser's session is a cookie and has no such ticket.
    TicketGrantingTicket = "TGT" + LONG_LIVED;
}
