//! What people let applications know. One row for each of both; a withdrawal takes it away with
//! all that the application still holds.

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::PersonId;
use idp_domain::oidc::Disclosure;
use migrations::run;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx, authorizations};

migrations::statements! {
    /// A write that changes nothing: whoever withdraws waits for the end of the transaction, on
    /// either engine.
    HOLD: "UPDATE consents SET granted_at = granted_at
        WHERE person_id = $1 AND application_id = $2
        RETURNING granted";
    FIND: "SELECT granted FROM consents WHERE person_id = $1 AND application_id = $2";
    /// Whoever writes it has the row to herself until her transaction ends.
    TOUCH: "INSERT INTO consents (person_id, application_id, granted, granted_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id, application_id) DO UPDATE SET granted_at = excluded.granted_at
        RETURNING granted";
    WIDEN: "UPDATE consents SET granted = $3 WHERE person_id = $1 AND application_id = $2";
    LIST: "SELECT application_id, granted, granted_at FROM consents WHERE person_id = $1
        ORDER BY granted_at DESC, application_id";
    WITHDRAW: "DELETE FROM consents WHERE person_id = $1 AND application_id = $2";
    /// What is on its way and not redeemed yet.
    BURN_CODES: "UPDATE authorization_codes SET consumed_at = $3
        WHERE application_id = $2 AND consumed_at IS NULL AND grant_id IN (SELECT g.id
            FROM grants g JOIN sessions s ON s.sid = g.sid WHERE s.person_id = $1)";
    /// And what a device that she let in hasn't fetched.
    TURN_AWAY: "UPDATE device_grants SET state = 'denied'
        WHERE application_id = $2 AND state = 'approved' AND grant_id IN (SELECT g.id
            FROM grants g JOIN sessions s ON s.sid = g.sid WHERE s.person_id = $1)";
}

/// Which of her consents an application has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub application: String,
    pub granted: Disclosure,
    pub granted_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ConsentRow {
    application_id: String,
    granted: Json<Disclosure>,
    granted_at: Micros,
}

/// What she agreed to before.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    application: &ApplicationId,
) -> Result<Option<Disclosure>, DbError> {
    let granted: Option<Json<Disclosure>> = run!(conn, c => sqlx::query_scalar(FIND)
        .bind(person.0).bind(application.as_str()).fetch_optional(c))?;
    Ok(granted.map(|granted| granted.0))
}

/// The same, and nobody takes it back before this transaction ends.
pub async fn hold(
    tx: &mut Tx,
    person: PersonId,
    application: &ApplicationId,
) -> Result<Option<Disclosure>, DbError> {
    let granted: Option<Json<Disclosure>> = run!(tx, c => sqlx::query_scalar(HOLD)
        .bind(person.0).bind(application.as_str()).fetch_optional(c))?;
    Ok(granted.map(|granted| granted.0))
}

/// Keeps it, with what she agreed to before. Of two answers at once neither is lost.
pub async fn keep(
    tx: &mut Tx,
    person: PersonId,
    application: &ApplicationId,
    granted: &Disclosure,
    now: Timestamp,
) -> Result<(), DbError> {
    let before: Json<Disclosure> = run!(tx, c => sqlx::query_scalar(TOUCH)
        .bind(person.0)
        .bind(application.as_str())
        .bind(Json(granted))
        .bind(Micros::from(now))
        .fetch_one(c))?;
    if !granted.is_within(&before.0) {
        let both = Json(granted.with(&before.0));
        run!(tx, c => sqlx::query(WIDEN)
            .bind(person.0).bind(application.as_str()).bind(both).execute(c))?;
    }
    Ok(())
}

/// All of hers, the newest first.
pub async fn list(conn: &mut Conn, person: PersonId) -> Result<Vec<Consent>, DbError> {
    let rows: Vec<ConsentRow> = run!(conn, c => sqlx::query_as(LIST).bind(person.0).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Consent {
            application: row.application_id,
            granted: row.granted.0,
            granted_at: row.granted_at.into(),
        })
        .collect())
}

/// Takes back all that an application has of her: her consent if there is one, its authorizations,
/// devices that haven't fetched theirs, and codes on their way. True for exactly one caller, where
/// there was a consent or an authorization.
pub async fn withdraw(
    tx: &mut Tx,
    person: PersonId,
    application: &ApplicationId,
    now: Timestamp,
) -> Result<bool, DbError> {
    // In the order in which redemptions take them: code or device, consent, authorization. What is
    // redeemed meanwhile has its authorization when those are looked at; what is issued meanwhile
    // finds no consent when it is redeemed.
    run!(tx, c => sqlx::query(BURN_CODES)
        .bind(person.0).bind(application.as_str()).bind(Micros::from(now)).execute(c))?;
    run!(tx, c => sqlx::query(TURN_AWAY)
        .bind(person.0).bind(application.as_str()).execute(c))?;
    let rows = run!(tx, c => sqlx::query(WITHDRAW)
        .bind(person.0).bind(application.as_str()).execute(c))?;
    let because = "consent_withdrawn";
    let revoked = authorizations::revoke_all(tx, person, application, because, now).await?;
    Ok(rows > 0 || revoked > 0)
}
