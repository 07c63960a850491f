//! Contacts that their owner proved. A unique key lets one number belong to one person, whatever
//! runs in parallel.

use idp_domain::Timestamp;
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// Does nothing when the number is somebody else's: the unique key of (kind, value).
    BIND: "INSERT INTO contacts (person_id, kind, value_enc, value_index, verified_at)
        SELECT $1, $2, $3, $4, $5
        WHERE NOT EXISTS (SELECT 1 FROM contacts
            WHERE kind = $2 AND value_index = $4 AND person_id <> $1)
        ON CONFLICT (person_id, kind) DO UPDATE SET value_enc = excluded.value_enc,
            value_index = excluded.value_index, verified_at = excluded.verified_at";
    /// PostgreSQL gives a whole transaction up at a conflict; the caller's goes on from here.
    MARK: "SAVEPOINT contact_binding";
    BACK: "ROLLBACK TO SAVEPOINT contact_binding";
    FORGET_MARK: "RELEASE SAVEPOINT contact_binding";
    OF_PERSON: "SELECT value_enc, value_index FROM contacts WHERE person_id = $1 AND kind = $2";
}

/// What kind of contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactKind {
    Phone,
    Email,
}

impl ContactKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// A bound contact, sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SealedContact {
    pub value_enc: Vec<u8>,
    pub value_index: Vec<u8>,
}

/// Binds a proved contact; false when it belongs to somebody else. The transaction goes on in
/// either case, so that its audit row tells of it.
pub async fn bind(
    tx: &mut Tx,
    person: PersonId,
    kind: ContactKind,
    sealed: &[u8],
    index: &Tag,
    now: Timestamp,
) -> Result<bool, DbError> {
    run!(tx, c => sqlx::query(MARK).execute(c))?;
    let bound = run!(tx, c => sqlx::query(BIND)
        .bind(person.0)
        .bind(kind.as_str())
        .bind(sealed)
        .bind(index.as_bytes())
        .bind(Micros::from(now))
        .execute(c));
    let bound = match bound {
        Ok(rows) => rows == 1,
        // Somebody else bound it between the check and the insert.
        Err(error) if error.is_conflict() => {
            run!(tx, c => sqlx::query(BACK).execute(c))?;
            false
        }
        Err(error) => return Err(error),
    };
    run!(tx, c => sqlx::query(FORGET_MARK).execute(c))?;
    Ok(bound)
}

pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    kind: ContactKind,
) -> Result<Option<SealedContact>, DbError> {
    let person: Uuid = person.0;
    run!(conn, c => sqlx::query_as(OF_PERSON).bind(person).bind(kind.as_str()).fetch_optional(c))
}
