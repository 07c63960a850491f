//! Who administers.

use idp_domain::Timestamp;
use idp_domain::accounts::AccountNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_storage::Db;
use idp_storage::audit::{self, Entry};
use idp_storage::roles::{self, ADMINISTRATOR};
use rand::CryptoRng;

pub use idp_storage::roles::{RoleHolder, list};

use super::UnknownNumber;

/// Makes the holder of `number` an administrator; false when that was so before.
///
/// # Errors
/// [`UnknownNumber`]
pub async fn grant(
    db: &Db,
    number: &AccountNumber,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, UnknownNumber> {
    let mut tx = db.write().await?;
    let person = super::holder_of(&mut tx, number).await?;
    let granted = roles::grant(&mut tx, person, ADMINISTRATOR, now).await?;
    if granted {
        let row = Entry::new(
            AuditId::new(now, rng),
            now,
            Event::RoleGranted,
            Outcome::Success,
        );
        audit::record(&mut tx, &row.of(person).with("role", ADMINISTRATOR)).await?;
    }
    tx.commit().await?;
    Ok(granted)
}

/// Takes the role back; false when there was none. The last administrator may go too: whoever
/// runs this program on the server can grant again.
///
/// # Errors
/// [`UnknownNumber`]
pub async fn revoke(
    db: &Db,
    number: &AccountNumber,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, UnknownNumber> {
    let mut tx = db.write().await?;
    let person = super::holder_of(&mut tx, number).await?;
    let revoked = roles::revoke(&mut tx, person, ADMINISTRATOR).await?;
    if revoked {
        let row = Entry::new(
            AuditId::new(now, rng),
            now,
            Event::RoleRevoked,
            Outcome::Success,
        );
        audit::record(&mut tx, &row.of(person).with("role", ADMINISTRATOR)).await?;
    }
    tx.commit().await?;
    Ok(revoked)
}
