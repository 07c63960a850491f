use std::sync::Arc;

use arc_swap::ArcSwap;
use idp_domain::Timestamp;
use idp_domain::oidc::jose::{
    BadToken, CantSign, Claims, KeySet, SigningAlgorithm, SigningKey, Typ, Unverified,
};
use idp_domain::secrets::{Keyring, Use};
use idp_storage::signing_keys::{self, StoredKey};
use idp_storage::{Db, DbError};
use serde::Serialize;
use zeroize::Zeroizing;

use super::made::place;
use super::plan::{KeyLife, KeyState, Why, plan};
use super::rotation::{KeysError, rotate};
use crate::app::AppParts;
use crate::oidc::PublicDocument;

/// This node's copy of the keys, parsed and ready. Signing costs an atomic load and the signature;
/// one job calls [`refresh_if_changed`](Self::refresh_if_changed) twice a second.
#[derive(Debug)]
pub struct SigningKeys(ArcSwap<Held>);

#[derive(Debug)]
struct Held {
    version: i64,
    /// By algorithm, the newest first.
    keys: Vec<HeldKey>,
    published: Arc<Published>,
    /// With those that are not published any more.
    former: KeySet,
    /// When the next key ceases to be published.
    next_end: Option<Timestamp>,
}

/// A key of ours whose time is not over.
#[derive(Clone, Debug)]
pub struct HeldKey {
    pub kid: String,
    pub algorithm: SigningAlgorithm,
    pub generation: i64,
    pub created_at: Timestamp,
    pub active_from: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Nothing when its ciphertext is damaged.
    signing: Option<Arc<SigningKey>>,
}

impl HeldKey {
    /// False when it is damaged: then it is nothing, and not published either.
    pub fn is_usable(&self) -> bool {
        self.signing.is_some()
    }

    pub(super) fn state(&self) -> KeyState {
        KeyState {
            algorithm: self.algorithm,
            generation: self.generation,
            active_from: self.active_from,
            usable: self.is_usable(),
        }
    }
}

/// What verifiers are given.
#[derive(Debug)]
pub struct Published {
    pub set: KeySet,
    /// The JWK set (RFC 7517 §5), public members only.
    pub document: PublicDocument,
}

impl SigningKeys {
    /// Reads the keys, none of which need be there yet.
    ///
    /// # Errors
    /// [`DbError`]. A key that can't be used is told of and left out.
    pub async fn load(db: &Db, keyring: &Keyring, now: Timestamp) -> Result<Self, DbError> {
        let held = read(db, keyring, now).await?;
        Ok(Self(ArcSwap::from_pointee(held)))
    }

    /// Reads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// [`KeysError`]
    pub(crate) async fn open(parts: &AppParts) -> Result<Self, KeysError> {
        let (db, keyring) = (&parts.db, &parts.keys);
        let (life, now) = (KeyLife::of(&parts.config), parts.clock.now());
        let keys = Self::load(db, keyring, now).await?;
        if keys.wants(&life, now) {
            let mut rng = parts.entropy.rng();
            let made = rotate(db, keyring, Why::Schedule, &life, now, &mut rng);
            Box::pin(made).await?;
            keys.refresh_if_changed(db, keyring, now).await?;
        }
        Ok(keys)
    }

    /// Whether the schedule has something to do.
    pub fn wants(&self, life: &KeyLife, now: Timestamp) -> bool {
        let states: Vec<_> = self.0.load().keys.iter().map(HeldKey::state).collect();
        !plan(&states, Why::Schedule, life, now).is_empty()
    }

    /// Reads the keys again if they changed, or if one has ended; true when so. On an error the
    /// node keeps what it has.
    ///
    /// # Errors
    /// [`DbError`]
    pub async fn refresh_if_changed(
        &self,
        db: &Db,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let version = signing_keys::version(&mut db.read().await?).await?;
        let held = self.0.load();
        // Different, not greater: a restored backup counts from where it was.
        if version == held.version && held.next_end.is_none_or(|end| now < end) {
            return Ok(false);
        }
        self.0.store(Arc::new(read(db, keyring, now).await?));
        Ok(true)
    }

    /// A signed token. `claims` must become a JSON object.
    ///
    /// # Errors
    /// [`CantSign`]: a defect, or no key of this algorithm that isn't damaged.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        typ: Typ,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, CantSign> {
        let key = self.signer(algorithm, now).ok_or(CantSign)?;
        key.sign(typ, claims)
    }

    /// The newest key whose time has come. Before the time of the first one, for a node whose
    /// clock is behind, that first one.
    fn signer(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Option<Arc<SigningKey>> {
        let held = self.0.load();
        let usable = || {
            let of_it = held.keys.iter().filter(|key| key.algorithm == algorithm);
            of_it.filter_map(|key| Some((key.active_from, key.signing.as_ref()?)))
        };
        let active = usable().find(|(from, _)| *from <= now);
        let (_, key) = active.or_else(|| usable().next_back())?;
        Some(Arc::clone(key))
    }

    /// What a token of ours says: its signature, its type, and nothing else is checked. Whoever
    /// takes it looks at `exp` and `aud`.
    ///
    /// # Errors
    /// [`BadToken`]; [`BadToken::UnknownKey`] also for one whose key is not published any more.
    pub fn verify(&self, token: &str, typ: Typ) -> Result<Claims, BadToken> {
        let token = Unverified::read(token, typ)?;
        if token.kid().is_none() {
            return Err(BadToken::UnknownKey);
        }
        let published = self.published();
        token.verify(&published.set, &SigningAlgorithm::ALL)
    }

    /// The same for a token that an application kept: also by a key that is not published any
    /// more. Only for what opens nothing.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn verify_former(&self, token: &str, typ: Typ) -> Result<Claims, BadToken> {
        let token = Unverified::read(token, typ)?;
        if token.kid().is_none() {
            return Err(BadToken::UnknownKey);
        }
        token.verify(&self.0.load().former, &SigningAlgorithm::ALL)
    }

    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.0.load().published)
    }

    /// Every key whose time is not over, by algorithm, the newest first.
    pub fn list(&self) -> Vec<HeldKey> {
        self.0.load().keys.clone()
    }
}

async fn read(db: &Db, keyring: &Keyring, now: Timestamp) -> Result<Held, DbError> {
    let mut conn = db.read().await?;
    let version = signing_keys::version(&mut conn).await?;
    let stored = signing_keys::list(&mut conn).await?;
    let all = stored.iter().filter_map(|key| open(key, keyring));
    let (mut keys, ended): (Vec<HeldKey>, Vec<HeldKey>) =
        all.partition(|key| key.expires_at.is_none_or(|end| end > now));
    keys.sort_by_key(|key| (key.algorithm, std::cmp::Reverse(key.generation)));
    let set = public_keys(keys.iter());
    Ok(Held {
        version,
        former: public_keys(keys.iter().chain(&ended)),
        next_end: keys.iter().filter_map(|key| key.expires_at).min(),
        published: Arc::new(Published {
            document: PublicDocument::new(&set.to_json()),
            set,
        }),
        keys,
    })
}

fn public_keys<'a>(keys: impl Iterator<Item = &'a HeldKey>) -> KeySet {
    let usable = keys.filter_map(|key| key.signing.as_ref());
    KeySet::of(usable.map(|key| key.public().clone()).collect())
}

/// A row that doesn't open is nothing: if its public part were published on its own word, whoever
/// can write into the database could bring a key of theirs among ours.
fn open(stored: &StoredKey, keyring: &Keyring) -> Option<HeldKey> {
    let Ok(algorithm) = stored.algorithm.parse() else {
        tracing::error!(kid = %stored.kid, "a signing key of an unknown algorithm is left out");
        return None;
    };
    let place = place(&stored.kid, algorithm);
    let signing = keyring
        .open(Use::SigningKey, place.as_bytes(), &stored.private_enc)
        .ok()
        .map(Zeroizing::new)
        .and_then(|pkcs8| SigningKey::from_pkcs8(algorithm, &pkcs8).ok())
        .filter(|key| key.kid() == stored.kid);
    if signing.is_none() {
        tracing::error!(
            kid = %stored.kid, %algorithm,
            "a signing key is left out: it is damaged, or sealed under another master key"
        );
    }
    Some(HeldKey {
        kid: stored.kid.clone(),
        algorithm,
        generation: stored.generation,
        created_at: stored.created_at,
        active_from: stored.active_from,
        expires_at: stored.expires_at,
        signing: signing.map(Arc::new),
    })
}
