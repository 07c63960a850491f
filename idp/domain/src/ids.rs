//! Typed ids. UUIDv7 (RFC 9562 §5.7): sorted by the time of making, so that indexes stay dense.

use jiff::Timestamp;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id of this moment.
            pub fn new(now: Timestamp, rng: &mut impl CryptoRng) -> Self {
                Self(uuid_v7(now, rng))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A human, permanent; also the OIDC `sub`.
    PersonId;
    /// An org unit (院系, 部门).
    OrgUnitId;
    /// An SSO session as applications and people may see it; its cookie is another value.
    Sid;
    /// One application's participation in a session.
    GrantId;
    /// An application's right to act for a signed-in person (CAS proxy-granting ticket).
    ProxyGrantingId;
    /// What an OIDC application may do for a person, or for itself.
    AuthorizationId;
    /// A one-time code that was sent.
    CodeId;
    /// A message in the outbox; also its idempotency key.
    OutboxId;
    /// A row of the audit trail.
    AuditId;
    /// A row that nothing refers to (a counted event).
    EventId;
}

/// A UUIDv7 with 74 random bits.
pub fn uuid_v7(now: Timestamp, rng: &mut impl CryptoRng) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
