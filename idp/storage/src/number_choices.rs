//! Which of her numbers a person chose for an application that lets her.

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::PersonId;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    FIND: "SELECT number FROM number_choices WHERE person_id = $1 AND application_id = $2";
    KEEP: "INSERT INTO number_choices (person_id, application_id, number, chosen_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id, application_id)
            DO UPDATE SET number = excluded.number, chosen_at = excluded.chosen_at";
}

/// The canonical number, whether or not it still is hers.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    application: &ApplicationId,
) -> Result<Option<String>, DbError> {
    run!(conn, c => sqlx::query_scalar(FIND)
        .bind(person.0).bind(application.as_str()).fetch_optional(c))
}

/// Keeps the choice in place of a former one.
pub async fn keep(
    tx: &mut Tx,
    person: PersonId,
    application: &ApplicationId,
    number: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(KEEP)
        .bind(person.0)
        .bind(application.as_str())
        .bind(number)
        .bind(Micros::from(now))
        .execute(c))?;
    Ok(())
}
