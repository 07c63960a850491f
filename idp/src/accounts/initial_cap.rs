//! The cap of wrong initial passwords, which an administrator lifts.

use idp_domain::Timestamp;
use idp_domain::accounts::AccountNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_storage::audit::{self, Entry};
use idp_storage::{Db, DbError, persons};
use rand::CryptoRng;

use super::UnknownNumber;

/// Lifts the cap for everybody who hasn't activated the account; tells for how many.
///
/// # Errors
/// [`DbError`]
pub async fn lift_all(db: &Db, now: Timestamp, rng: &mut impl CryptoRng) -> Result<u64, DbError> {
    let mut tx = db.write().await?;
    let lifted = persons::lift_initial_cap(&mut tx, None).await?;
    let row = Entry::new(
        AuditId::new(now, rng),
        now,
        Event::InitialCapLifted,
        Outcome::Success,
    );
    audit::record(&mut tx, &row.with("people", lifted)).await?;
    tx.commit().await?;
    Ok(lifted)
}

/// Lifts the cap of these people, or of none when a number is unknown; tells for how many there
/// was something to lift.
///
/// # Errors
/// [`UnknownNumber`]
pub async fn lift(
    db: &Db,
    numbers: &[AccountNumber],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<u64, UnknownNumber> {
    let mut tx = db.write().await?;
    let mut lifted = 0;
    for number in numbers {
        let person = super::holder_of(&mut tx, number).await?;
        lifted += persons::lift_initial_cap(&mut tx, Some(person)).await?;
        let row = Entry::new(
            AuditId::new(now, rng),
            now,
            Event::InitialCapLifted,
            Outcome::Success,
        );
        audit::record(&mut tx, &row.of(person)).await?;
    }
    tx.commit().await?;
    Ok(lifted)
}
