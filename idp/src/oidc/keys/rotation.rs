use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_domain::oidc::jose::{CantSign, SigningAlgorithm};
use idp_domain::secrets::Keyring;
use idp_storage::audit::{self, Entry};
use idp_storage::{Db, DbError, Tx, signing_keys};
use rand::CryptoRng;

use super::held::{HeldKey, SigningKeys};
use super::made::Material;
use super::plan::{KeyLife, KeyState, Step, Why, later, plan};

/// Why keys could not be looked after.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("a signing key could not be made")]
    Make(#[from] CantSign),
}

/// A key that was made, or begins to sign earlier than was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    pub algorithm: SigningAlgorithm,
    pub generation: i64,
    /// When it begins to sign.
    pub active_from: Timestamp,
}

/// Makes the keys whose time has come, or that are asked for; gives what changed. Where another
/// node makes the same at the same moment, one of them does, and the others find it made.
///
/// # Errors
/// [`KeysError`]; nothing has changed then.
pub async fn rotate(
    db: &Db,
    keyring: &Keyring,
    why: Why,
    life: &KeyLife,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Vec<MadeKey>, KeysError> {
    // Read anew, since a copy may be half a second old; the newest of each algorithm never ends.
    let held = SigningKeys::load(db, keyring, now).await?.list();
    let states: Vec<KeyState> = held.iter().map(HeldKey::state).collect();
    let steps = plan(&states, why, life, now);
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let mut made = Vec::with_capacity(steps.len());
    // Before the transaction, in which everybody who writes would wait for RSA.
    for step in steps {
        let material = if step.exists {
            None
        } else {
            Some(Material::make(step.algorithm).await?)
        };
        made.push((step, material));
    }
    let mut done = Vec::new();
    let mut tx = db.write().await?;
    for (step, material) in &made {
        if !take(&mut tx, keyring, step, material.as_ref(), now, rng).await? {
            continue;
        }
        let end = later(step.active_from, life.keep);
        signing_keys::retire_before(&mut tx, step.algorithm, step.generation, end).await?;
        audit::record(&mut tx, &entry(step, why, now, rng)).await?;
        done.push(MadeKey {
            algorithm: step.algorithm,
            generation: step.generation,
            active_from: step.active_from,
        });
    }
    if !done.is_empty() {
        signing_keys::bump(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(done)
}

/// True when it was this node that did it.
async fn take(
    tx: &mut Tx,
    keyring: &Keyring,
    step: &Step,
    material: Option<&Material>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, DbError> {
    let (algorithm, generation, from) = (step.algorithm, step.generation, step.active_from);
    match material {
        Some(material) => {
            let moments = (now, from);
            material.store(tx, keyring, generation, moments, rng).await
        }
        None => signing_keys::advance(tx, algorithm, generation, from).await,
    }
}

fn entry(step: &Step, why: Why, now: Timestamp, rng: &mut impl CryptoRng) -> Entry {
    let id = AuditId::new(now, rng);
    Entry::new(id, now, Event::KeysRotated, Outcome::Success)
        .because(why.reason())
        .with("algorithm", step.algorithm.as_str())
        .with("generation", step.generation)
        .with("active_from", step.active_from.to_string())
}
