//! Whether the master key is the one that the data were written with.

use idp_domain::secrets::{Keyring, Use};
use idp_storage::settings::{self, MASTER_KEY_CHECK};
use idp_storage::{Db, DbError};

/// Why a start must stop.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the master key is not the one that the data were encrypted with")]
    Wrong,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// True when something was written under a master key: a new key would make it unreadable.
///
/// # Errors
/// [`DbError`]
pub async fn has_data(db: &Db) -> Result<bool, DbError> {
    settings::has_sealed_data(&mut db.read().await?).await
}

/// Compares the key with the data; the first key of an empty database is noted as theirs. Two
/// nodes that start at once note one and refuse the other.
///
/// # Errors
/// [`KeyError::Wrong`] for another key.
pub async fn check(db: &Db, keys: &Keyring) -> Result<(), KeyError> {
    let ours = keys.mac(Use::Check, &[b"master key"]).to_hex();
    if settings::get(&mut db.read().await?, MASTER_KEY_CHECK)
        .await?
        .is_none()
    {
        let mut tx = db.write().await?;
        settings::insert(&mut tx, MASTER_KEY_CHECK, &ours).await?;
        tx.commit().await?;
    }
    match settings::get(&mut db.read().await?, MASTER_KEY_CHECK).await? {
        Some(noted) if noted == ours => Ok(()),
        _ => Err(KeyError::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_domain::secrets::MasterKey;
    use migrations::testing::engines;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[tokio::test]
    async fn the_first_key_is_the_only_one() {
        let ring = |seed| Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(seed)));
        for db in engines(&[migrations::IDP]).await {
            assert!(!has_data(&db).await.unwrap());
            check(&db, &ring(1)).await.unwrap();
            assert!(has_data(&db).await.unwrap());
            check(&db, &ring(1)).await.unwrap();
            assert!(matches!(check(&db, &ring(2)).await, Err(KeyError::Wrong)));
        }
    }
}
