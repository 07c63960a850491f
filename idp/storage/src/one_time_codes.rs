//! One-time codes by SMS. A try is counted before it is compared, and the right one counts once.

use idp_domain::Timestamp;
use idp_domain::factors::{CodePurpose, MAX_TRIES};
use idp_domain::ids::{CodeId, PersonId};
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// Only the newest code of a flow and purpose counts.
    REPLACE: "DELETE FROM one_time_codes WHERE flow_hash = $1 AND purpose = $2";
    INSERT: "INSERT INTO one_time_codes (id, flow_hash, purpose, person_id, recipient_enc,
            recipient_index, code_mac, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    TRY: "UPDATE one_time_codes SET attempts = attempts + 1
        WHERE flow_hash = $1 AND purpose = $2 AND used_at IS NULL AND attempts < $3
            AND expires_at > $4
        RETURNING id, person_id, recipient_enc, recipient_index, code_mac";
    USE: "UPDATE one_time_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    SENT: "SELECT id, recipient_enc, recipient_index, created_at, delivery
        FROM one_time_codes
        WHERE flow_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
    DELIVERY: "UPDATE one_time_codes SET delivery = $2 WHERE id = $1";
}

/// A code to be written.
#[derive(Clone, Debug)]
pub struct NewCode {
    pub id: CodeId,
    /// The sign-in (or other flow) that it belongs to.
    pub flow: Tag,
    pub purpose: CodePurpose,
    pub person: Option<PersonId>,
    pub recipient_enc: Vec<u8>,
    pub recipient_index: Tag,
    pub code_mac: Tag,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A code that one try was taken from.
#[derive(Clone, Debug)]
pub struct Tried {
    pub id: CodeId,
    pub person: Option<PersonId>,
    pub recipient_enc: Vec<u8>,
    pub recipient_index: Tag,
    pub code_mac: Tag,
}

/// What the page needs to know of a code that is on its way.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: CodeId,
    pub recipient_enc: Vec<u8>,
    pub recipient_index: Tag,
    pub created_at: Timestamp,
    /// `queued`, `sent`, `limited` or `failed`.
    pub delivery: String,
}

#[derive(sqlx::FromRow)]
struct TriedRow {
    id: Uuid,
    person_id: Option<Uuid>,
    recipient_enc: Vec<u8>,
    recipient_index: Vec<u8>,
    code_mac: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct SentRow {
    id: Uuid,
    recipient_enc: Vec<u8>,
    recipient_index: Vec<u8>,
    created_at: Micros,
    delivery: String,
}

/// Writes a code in the place of the flow's earlier ones for this purpose. Two at once for one flow
/// would both stay: call it under the lock of the flow's limit ([`crate::throttle::reserve`]).
pub async fn replace(tx: &mut Tx, code: &NewCode) -> Result<(), DbError> {
    forget(tx, &code.flow, code.purpose).await?;
    run!(tx, c => sqlx::query(INSERT)
        .bind(code.id.0)
        .bind(code.flow.as_bytes())
        .bind(code.purpose.as_str())
        .bind(code.person.map(|p| p.0))
        .bind(&code.recipient_enc)
        .bind(code.recipient_index.as_bytes())
        .bind(code.code_mac.as_bytes())
        .bind(Micros::from(code.created_at))
        .bind(Micros::from(code.expires_at))
        .execute(c))?;
    Ok(())
}

/// Drops the flow's codes for this purpose.
pub async fn forget(tx: &mut Tx, flow: &Tag, purpose: CodePurpose) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(REPLACE).bind(flow.as_bytes()).bind(purpose.as_str()).execute(c))?;
    Ok(())
}

/// Takes one of the tries of the flow's code, before anything is compared; `None` for a dead one.
pub async fn take_try(
    tx: &mut Tx,
    flow: &Tag,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<Option<Tried>, DbError> {
    let row: Option<TriedRow> = run!(tx, c => sqlx::query_as(TRY)
        .bind(flow.as_bytes())
        .bind(purpose.as_str())
        .bind(MAX_TRIES)
        .bind(Micros::from(now))
        .fetch_optional(c))?;
    Ok(row.map(|row| Tried {
        id: CodeId(row.id),
        person: row.person_id.map(PersonId),
        recipient_enc: row.recipient_enc,
        recipient_index: Tag::from_column(&row.recipient_index),
        code_mac: Tag::from_column(&row.code_mac),
    }))
}

/// Uses the code up; true for exactly one caller.
pub async fn spend(tx: &mut Tx, id: CodeId, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(USE).bind(id.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// The live code of a flow, for its page.
pub async fn sent(
    conn: &mut Conn,
    flow: &Tag,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<Option<Sent>, DbError> {
    let row: Option<SentRow> = run!(conn, c => sqlx::query_as(SENT)
        .bind(flow.as_bytes()).bind(purpose.as_str()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|row| Sent {
        id: CodeId(row.id),
        recipient_enc: row.recipient_enc,
        recipient_index: Tag::from_column(&row.recipient_index),
        created_at: row.created_at.into(),
        delivery: row.delivery,
    }))
}

/// Notes how the delivery went, for the page.
pub async fn note_delivery(tx: &mut Tx, id: CodeId, delivery: &str) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(DELIVERY).bind(id.0).bind(delivery).execute(c))?;
    Ok(())
}
