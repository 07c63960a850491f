use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_storage::audit::{self, Entry};
use idp_storage::{Db, DbError, signing_keys};
use rand::CryptoRng;

/// Removes a key that somebody else may have: it is published no more, nothing that it signed is
/// believed here any more, and its private part is gone. False where there is none of this id, or
/// it is the one of its algorithm that signs or will sign next: replace that first.
///
/// # Errors
/// [`DbError`]; nothing has changed then.
pub async fn withdraw(
    db: &Db,
    kid: &str,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, DbError> {
    let mut tx = db.write().await?;
    if !signing_keys::withdraw(&mut tx, kid, now).await? {
        return Ok(false);
    }
    let id = AuditId::new(now, rng);
    let entry = Entry::new(id, now, Event::KeyWithdrawn, Outcome::Success).with("kid", kid);
    audit::record(&mut tx, &entry).await?;
    signing_keys::bump(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}
