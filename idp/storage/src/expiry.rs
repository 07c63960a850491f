//! Keeps the tables of one-use objects small: a few rows at a time, so that nobody waits.

use idp_domain::Timestamp;
use jiff::SignedDuration;
use migrations::run;

use crate::{DbError, Micros, Tx};

migrations::statements! {
    TICKETS: "DELETE FROM service_tickets WHERE ticket_hash IN (SELECT ticket_hash
        FROM service_tickets WHERE expires_at < $1 LIMIT $2)";
    SIGNINS: "DELETE FROM signins WHERE id_hash IN (SELECT id_hash
        FROM signins WHERE expires_at < $1 LIMIT $2)";
    HOPS: "DELETE FROM hops WHERE id_hash IN (SELECT id_hash
        FROM hops WHERE expires_at < $1 LIMIT $2)";
    /// One that nobody has ended yet still has somebody to tell.
    SESSIONS: "DELETE FROM sessions WHERE id_hash IN (SELECT id_hash
        FROM sessions WHERE expires_at < $1 AND ended_at IS NOT NULL LIMIT $2)";
    CAPTCHAS: "DELETE FROM spent_captchas WHERE id_hash IN (SELECT id_hash
        FROM spent_captchas WHERE expires_at < $1 LIMIT $2)";
    CODES: "DELETE FROM one_time_codes WHERE id IN (SELECT id
        FROM one_time_codes WHERE expires_at < $1 LIMIT $2)";
    DEVICES: "DELETE FROM known_devices WHERE id_hash IN (SELECT id_hash
        FROM known_devices WHERE expires_at < $1 LIMIT $2)";
    THROTTLES: "DELETE FROM throttles WHERE bucket IN (SELECT bucket
        FROM throttles WHERE touched_at < $1 LIMIT $2)";
    FAILED_SECRETS: "DELETE FROM failed_secrets WHERE id IN (SELECT id
        FROM failed_secrets WHERE at < $1 LIMIT $2)";
    OUTBOX: "DELETE FROM outbox WHERE id IN (SELECT id
        FROM outbox WHERE done_at < $1 LIMIT $2)";
    SIGNING_KEYS: "DELETE FROM signing_keys WHERE kid IN (SELECT kid
        FROM signing_keys WHERE expires_at < $1 LIMIT $2)";
    ACCESS_TOKENS: "DELETE FROM access_tokens WHERE token_hash IN (SELECT token_hash
        FROM access_tokens WHERE expires_at < $1 LIMIT $2)";
    AUTHORIZATION_CODES: "DELETE FROM authorization_codes WHERE code_hash IN (SELECT code_hash
        FROM authorization_codes WHERE expires_at < $1 LIMIT $2)";
    AUTHORIZATIONS: "DELETE FROM authorizations WHERE id IN (SELECT id
        FROM authorizations WHERE expires_at < $1 LIMIT $2)";
    PUSHED_REQUESTS: "DELETE FROM pushed_requests WHERE uri_hash IN (SELECT uri_hash
        FROM pushed_requests WHERE expires_at < $1 LIMIT $2)";
    SPENT_IDS: "DELETE FROM spent_ids WHERE id_hash IN (SELECT id_hash
        FROM spent_ids WHERE expires_at < $1 LIMIT $2)";
    DEVICE_GRANTS: "DELETE FROM device_grants WHERE device_hash IN (SELECT device_hash
        FROM device_grants WHERE expires_at < $1 LIMIT $2)";
    INITIAL_ACCESS_TOKENS: "DELETE FROM initial_access_tokens WHERE token_hash IN (SELECT token_hash
        FROM initial_access_tokens WHERE expires_at < $1 LIMIT $2)";
    LOGOUTS: "DELETE FROM logouts WHERE id IN (SELECT id
        FROM logouts WHERE ended_at < $1 LIMIT $2)";
}

/// A table with the time that its rows stay after their end.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    pub name: &'static str,
    sql: &'static str,
    keep: SignedDuration,
}

const fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Every sweep, in the order in which foreign keys permit them.
pub const SWEEPS: &[Sweep] = &[
    // Consumed and expired tickets stay a day, to tell a replay from a guess in the audit.
    Sweep {
        name: "service_tickets",
        sql: TICKETS,
        keep: hours(24),
    },
    Sweep {
        name: "signins",
        sql: SIGNINS,
        keep: hours(1),
    },
    Sweep {
        name: "hops",
        sql: HOPS,
        keep: hours(0),
    },
    // Ended sessions stay a week for the person's own list.
    Sweep {
        name: "sessions",
        sql: SESSIONS,
        keep: hours(7 * 24),
    },
    Sweep {
        name: "spent_captchas",
        sql: CAPTCHAS,
        keep: hours(0),
    },
    Sweep {
        name: "one_time_codes",
        sql: CODES,
        keep: hours(1),
    },
    Sweep {
        name: "known_devices",
        sql: DEVICES,
        keep: hours(0),
    },
    // No window is longer than a day.
    Sweep {
        name: "throttles",
        sql: THROTTLES,
        keep: hours(25),
    },
    Sweep {
        name: "failed_secrets",
        sql: FAILED_SECRETS,
        keep: hours(24),
    },
    Sweep {
        name: "outbox",
        sql: OUTBOX,
        keep: hours(7 * 24),
    },
    // A year, in which applications show ID tokens of theirs again (`id_token_hint`).
    Sweep {
        name: "signing_keys",
        sql: SIGNING_KEYS,
        keep: hours(365 * 24),
    },
    // An hour for nodes whose clock is behind.
    Sweep {
        name: "access_tokens",
        sql: ACCESS_TOKENS,
        keep: hours(1),
    },
    // Used and expired codes stay a day, to tell a replay from a guess.
    Sweep {
        name: "authorization_codes",
        sql: AUTHORIZATION_CODES,
        keep: hours(24),
    },
    // With whatever is left of their tokens; a week for the person's own list.
    Sweep {
        name: "authorizations",
        sql: AUTHORIZATIONS,
        keep: hours(7 * 24),
    },
    // An hour for nodes whose clock is behind, which would take the assertion again.
    Sweep {
        name: "pushed_requests",
        sql: PUSHED_REQUESTS,
        keep: hours(1),
    },
    Sweep {
        name: "spent_ids",
        sql: SPENT_IDS,
        keep: hours(1),
    },
    // A day, so that a device that asks late is told that it is.
    Sweep {
        name: "device_grants",
        sql: DEVICE_GRANTS,
        keep: hours(24),
    },
    // A month, so that whoever comes late is told that it ended, and the list shows it.
    Sweep {
        name: "initial_access_tokens",
        sql: INITIAL_ACCESS_TOKENS,
        keep: hours(30 * 24),
    },
    // The ledger stays 90 days, for administrators.
    Sweep {
        name: "logouts",
        sql: LOGOUTS,
        keep: hours(90 * 24),
    },
];

/// Deletes at most `limit` rows; gives how many.
pub async fn sweep(tx: &mut Tx, sweep: &Sweep, now: Timestamp, limit: i64) -> Result<u64, DbError> {
    let before = now.checked_sub(sweep.keep).unwrap_or(Timestamp::MIN);
    let sql = sweep.sql;
    run!(tx, c => sqlx::query(sql).bind(Micros::from(before)).bind(limit).execute(c))
}
