use std::fmt;

use jiff::SignedDuration;
use rand::CryptoRng;

use crate::secrets::{Tag, hash_secret, random_base62};

/// How long a service ticket may wait for its validation: the browser's next request and the
/// application's answer to it (CAS 3.0.3 §3.1.1 permits 5 minutes).
pub const SERVICE_TICKET_TTL: SignedDuration = SignedDuration::from_secs(10);

/// Random characters after the prefix: 172 bits. With it a ticket is as long as every client must
/// take, 32 characters (§3.1.1).
const RANDOM_CHARACTERS: usize = 29;

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

/// A service ticket in clear: only ever on its way to the browser, or just come back for
/// validation. At rest there is its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceTicket(String);

/// A text that can't be one of our service tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't a service ticket")]
pub struct BadTicket;

impl ServiceTicket {
    const PREFIX: &str = "ST-";

    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(format!(
            "{}{}",
            Self::PREFIX,
            random_base62(RANDOM_CHARACTERS, rng)
        ))
    }

    /// Only what we could have made is worth a look-up.
    ///
    /// # Errors
    /// [`BadTicket`] for another prefix, length or alphabet.
    pub fn parse(text: &str) -> Result<Self, BadTicket> {
        let random = text.strip_prefix(Self::PREFIX).ok_or(BadTicket)?;
        let ours = random.bytes().all(|b| b.is_ascii_alphanumeric());
        if ours && random.len() == RANDOM_CHARACTERS {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadTicket)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database knows it by.
    pub fn hash(&self) -> Tag {
        hash_secret("ST", &self.0)
    }
}

impl fmt::Debug for ServiceTicket {
    /// The last four characters, enough to follow one ticket through a log (TKT-09).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ST-…{}", &self.0[self.0.len() - 4..])
    }
}
