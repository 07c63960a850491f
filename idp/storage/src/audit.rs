//! The audit trail: one row in the same transaction as the change it tells of.

use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId};
use idp_domain::secrets::Tag;
use idp_domain::signin::PROBE;
use migrations::run;
use serde_json::Value;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO audit_events (id, at, event, result, reason, person_id, claimed,
            application_id, address, request_id, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    COUNT: "SELECT count(*) FROM audit_events WHERE event = $1 AND at > $2";
    LIST: "SELECT event, result, reason, person_id, application_id, detail FROM audit_events
        WHERE at > $1 ORDER BY id LIMIT $2";
}

/// A row to be written. `detail` holds facts, never a secret.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: AuditId,
    pub at: Timestamp,
    pub event: Event,
    pub outcome: Outcome,
    pub reason: Option<&'static str>,
    pub person: Option<PersonId>,
    /// MAC of the number that was claimed, where no person is known.
    pub claimed: Option<Tag>,
    pub application: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub detail: Value,
}

impl Entry {
    /// A row without subject and place; the methods below add them.
    pub fn new(id: AuditId, at: Timestamp, event: Event, outcome: Outcome) -> Self {
        Self {
            id,
            at,
            event,
            outcome,
            reason: None,
            person: None,
            claimed: None,
            application: None,
            address: None,
            request_id: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// Whom it is about.
    #[must_use]
    pub fn of(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }

    /// The number that was claimed, as its MAC.
    #[must_use]
    pub fn claiming(mut self, account: Tag) -> Self {
        self.claimed = Some(account);
        self
    }

    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    #[must_use]
    pub fn at_application(mut self, id: &str) -> Self {
        self.application = Some(id.to_owned());
        self
    }

    /// A fact; never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(fields) = &mut self.detail {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }
}

/// What a reader of the trail gets.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Recorded {
    pub event: String,
    pub result: String,
    pub reason: Option<String>,
    pub person_id: Option<uuid::Uuid>,
    pub application_id: Option<String>,
    pub detail: Json<Value>,
}

/// Writes a row. One of the probe says so: whoever counts people leaves it out.
pub async fn record(tx: &mut Tx, entry: &Entry) -> Result<(), DbError> {
    let marked;
    let entry = if entry.person == Some(PROBE) {
        marked = entry.clone().with("probe", true);
        &marked
    } else {
        entry
    };
    run!(tx, c => sqlx::query(INSERT)
        .bind(entry.id.0)
        .bind(Micros::from(entry.at))
        .bind(entry.event.as_str())
        .bind(entry.outcome.as_str())
        .bind(entry.reason)
        .bind(entry.person.map(|p| p.0))
        .bind(entry.claimed.as_ref().map(Tag::as_bytes))
        .bind(&entry.application)
        .bind(&entry.address)
        .bind(&entry.request_id)
        .bind(Json(&entry.detail))
        .execute(c))?;
    Ok(())
}

/// How often `event` happened after `since`.
pub async fn count(conn: &mut Conn, event: Event, since: Timestamp) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(COUNT)
        .bind(event.as_str()).bind(Micros::from(since)).fetch_one(c))
}

/// The oldest `limit` rows after `since`.
pub async fn list(conn: &mut Conn, since: Timestamp, limit: i64) -> Result<Vec<Recorded>, DbError> {
    run!(conn, c => sqlx::query_as(LIST).bind(Micros::from(since)).bind(limit).fetch_all(c))
}
