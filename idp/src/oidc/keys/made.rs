use idp_domain::Timestamp;
use idp_domain::oidc::jose::{CantSign, SigningAlgorithm, SigningKey};
use idp_domain::secrets::{Keyring, Use};
use idp_storage::signing_keys::{self, NewKey};
use idp_storage::{Db, DbError, Tx};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// A private key that was made and is in use nowhere yet.
#[derive(Clone)]
pub struct Material {
    algorithm: SigningAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    kid: String,
    public_jwk: serde_json::Value,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Material({} {})", self.algorithm, self.kid)
    }
}

impl Material {
    /// Takes a while for RSA: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`CantSign`] when the machine has no randomness.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, CantSign> {
        let pkcs8 = SigningKey::generate(algorithm)?;
        // Read as every start reads it: what can't be read is never stored.
        let key = SigningKey::from_pkcs8(algorithm, &pkcs8)?;
        Ok(Self {
            algorithm,
            kid: key.kid().to_owned(),
            public_jwk: key.public().to_jwk(),
            pkcs8,
        })
    }

    /// On a thread of its own.
    ///
    /// # Errors
    /// [`CantSign`]
    pub(super) async fn make(algorithm: SigningAlgorithm) -> Result<Self, CantSign> {
        let made = tokio::task::spawn_blocking(move || Self::generate(algorithm)).await;
        made.unwrap_or(Err(CantSign))
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Stores the key, sealed; true for exactly one of those who store this generation.
    pub(super) async fn store(
        &self,
        tx: &mut Tx,
        keys: &Keyring,
        generation: i64,
        (now, active_from): (Timestamp, Timestamp),
        rng: &mut impl CryptoRng,
    ) -> Result<bool, DbError> {
        let place = place(&self.kid, self.algorithm);
        let private_enc = keys.seal(Use::SigningKey, place.as_bytes(), &self.pkcs8, rng);
        let key = NewKey {
            kid: &self.kid,
            algorithm: self.algorithm,
            generation,
            private_enc: &private_enc,
            public_jwk: &self.public_jwk,
            created_at: now,
            active_from,
        };
        signing_keys::insert(tx, &key).await
    }
}

/// Where a sealed key belongs: it can't be opened as another one.
pub(super) fn place(kid: &str, algorithm: SigningAlgorithm) -> String {
    format!("signing_keys/{algorithm}/{kid}")
}

/// Makes these the first keys of an empty database. For tests, where making RSA keys for each
/// database would take longer than all that is tested.
///
/// # Errors
/// [`DbError`]
pub async fn install(
    db: &Db,
    keys: &Keyring,
    material: &[Material],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    for material in material {
        material.store(&mut tx, keys, 1, (now, now), rng).await?;
    }
    signing_keys::bump(&mut tx).await?;
    tx.commit().await
}
