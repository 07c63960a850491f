use serde_json::Value;

use super::{BadKey, PublicKey, SigningAlgorithm, object};

/// Bytes of a set as others publish it.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// Keys of a set, those that we can't use counted too.
pub const MAX_KEYS: usize = 32;

/// The public keys of one client (RFC 7517 §5), or our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<PublicKey>);

/// Why a set can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    #[error("must be a JSON object with a list \"keys\"")]
    Form,
    #[error("must have at most 64 KiB and 32 keys")]
    Size,
    #[error("keys[{0}] {1}")]
    Key(usize, BadKey),
}

impl KeySet {
    /// Reads a set as others publish it.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadKeySet> {
        if bytes.len() > MAX_KEY_SET_BYTES {
            return Err(BadKeySet::Size);
        }
        let set = object(bytes).map_err(|_| BadKeySet::Form)?;
        Self::from_json(&Value::Object(set))
    }

    /// Keys for other purposes and of other kinds are left out, as RFC 7517 §5 wants; a damaged
    /// one isn't, since its owner should hear of it, and a private one spoils the set: whoever
    /// could read it could sign.
    ///
    /// # Errors
    /// [`BadKeySet`]
    pub fn from_json(set: &Value) -> Result<Self, BadKeySet> {
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(BadKeySet::Form)?;
        if keys.len() > MAX_KEYS {
            return Err(BadKeySet::Size);
        }
        let mut usable = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let jwk = key.as_object().ok_or(BadKeySet::Form)?;
            match PublicKey::from_jwk(jwk) {
                Ok(key) => usable.push(key),
                Err(BadKey::Kind | BadKey::Purpose) => {}
                Err(bad) => return Err(BadKeySet::Key(index, bad)),
            }
        }
        Ok(Self(usable))
    }

    /// Of keys that are proven already.
    pub fn of(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// Whether some key can be used with one of these.
    pub fn has_key_for(&self, permitted: &[SigningAlgorithm]) -> bool {
        let mut keys = self.0.iter();
        keys.any(|key| key.algorithm_within(permitted).is_some())
    }

    /// The public members, as they are published.
    pub fn to_json(&self) -> Value {
        let keys: Vec<Value> = self.0.iter().map(PublicKey::to_jwk).collect();
        serde_json::json!({ "keys": keys })
    }
}
