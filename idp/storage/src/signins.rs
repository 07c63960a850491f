//! Sign-ins under way. Steps are compare-and-swap on the version, so that a step replayed, raced
//! or taken in two tabs counts once (TKT-15).

use idp_domain::Timestamp;
use idp_domain::factors::Factor;
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use idp_domain::signin::{Destination, Proof, SignIn, Wishes};
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO signins (id_hash, person_id, number, purpose, destination, version,
            created_at, expires_at, warn, remember)
        VALUES ($1, $2, $3, 'sign_in', $4, 0, $5, $6, $7, $8)";
    FIND: "SELECT s.person_id, s.number, s.destination, s.version, s.created_at, s.expires_at,
            s.warn, s.remember
        FROM signins s JOIN persons p ON p.id = s.person_id
        WHERE s.id_hash = $1 AND s.finished_at IS NULL AND s.expires_at > $2
            AND s.created_at >= p.not_before AND p.state = 'active'
            AND EXISTS (SELECT 1 FROM current_roster r
                WHERE r.number = s.number AND r.person_id = s.person_id
                    AND (r.valid_from IS NULL OR r.valid_from <= $2)
                    AND (r.valid_until IS NULL OR r.valid_until > $2))";
    PROOFS: "SELECT factor, recipient, shown_at FROM proofs WHERE signin_hash = $1";
    ADVANCE: "UPDATE signins SET version = version + 1
        WHERE id_hash = $1 AND version = $2 AND finished_at IS NULL AND expires_at > $3";
    PROVE: "INSERT INTO proofs (signin_hash, factor, recipient, shown_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (signin_hash, factor) DO UPDATE
            SET recipient = excluded.recipient, shown_at = excluded.shown_at";
    FINISH: "UPDATE signins SET finished_at = $3, version = version + 1
        WHERE id_hash = $1 AND version = $2 AND finished_at IS NULL AND expires_at > $3";
    /// A password that was just set overtakes every other sign-in under way.
    END_OTHERS: "UPDATE signins SET finished_at = $3
        WHERE person_id = $1 AND id_hash <> $2 AND finished_at IS NULL";
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    person_id: Uuid,
    number: String,
    destination: Json<Destination>,
    version: i64,
    created_at: Micros,
    expires_at: Micros,
    warn: bool,
    remember: bool,
}

#[derive(sqlx::FromRow)]
struct ProofRow {
    factor: String,
    recipient: Option<Vec<u8>>,
    shown_at: Micros,
}

/// Writes a sign-in with its first proofs.
pub async fn create(tx: &mut Tx, signin: &SignIn) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(signin.id_hash.as_bytes())
        .bind(signin.person.0)
        .bind(&signin.number)
        .bind(Json(&signin.destination))
        .bind(Micros::from(signin.created_at))
        .bind(Micros::from(signin.expires_at))
        .bind(signin.wishes.warn)
        .bind(signin.wishes.remember)
        .execute(c))?;
    for proof in &signin.proofs {
        prove(tx, &signin.id_hash, proof).await?;
    }
    Ok(())
}

/// The sign-in of this cookie, unless it is finished, too old or overtaken, its person is suspended
/// (SES-12), or the number that it began with is over or somebody else's by now.
pub async fn find(
    conn: &mut Conn,
    id_hash: &Tag,
    now: Timestamp,
) -> Result<Option<SignIn>, DbError> {
    let row: Option<SignInRow> = run!(conn, c => sqlx::query_as(FIND)
        .bind(id_hash.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    let Some(row) = row else { return Ok(None) };
    let proofs: Vec<ProofRow> =
        run!(conn, c => sqlx::query_as(PROOFS).bind(id_hash.as_bytes()).fetch_all(c))?;
    Ok(Some(SignIn {
        id_hash: *id_hash,
        person: PersonId(row.person_id),
        number: row.number,
        destination: row.destination.0,
        wishes: Wishes {
            warn: row.warn,
            remember: row.remember,
        },
        version: row.version,
        created_at: row.created_at.into(),
        expires_at: row.expires_at.into(),
        proofs: proofs
            .into_iter()
            .filter_map(|p| {
                Some(Proof {
                    factor: Factor::parse(&p.factor)?,
                    recipient: p.recipient.as_deref().map(Tag::from_column),
                    shown_at: p.shown_at.into(),
                })
            })
            .collect(),
    }))
}

/// Takes the step from `version`; false when another request took it.
pub async fn advance(
    tx: &mut Tx,
    id_hash: &Tag,
    version: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ADVANCE)
        .bind(id_hash.as_bytes()).bind(version).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Adds a proof to a sign-in. Call it in the transaction that took the step.
pub async fn prove(tx: &mut Tx, id_hash: &Tag, proof: &Proof) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(PROVE)
        .bind(id_hash.as_bytes())
        .bind(proof.factor.as_str())
        .bind(proof.recipient.as_ref().map(Tag::as_bytes))
        .bind(Micros::from(proof.shown_at))
        .execute(c))?;
    Ok(())
}

/// Ends it from `version`; true for exactly one caller.
pub async fn finish(
    tx: &mut Tx,
    id_hash: &Tag,
    version: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(FINISH)
        .bind(id_hash.as_bytes()).bind(version).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Ends every other sign-in of the person that is under way.
pub async fn end_others(
    tx: &mut Tx,
    person: PersonId,
    keep: &Tag,
    now: Timestamp,
) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(END_OTHERS)
        .bind(person.0).bind(keep.as_bytes()).bind(Micros::from(now)).execute(c))
}
