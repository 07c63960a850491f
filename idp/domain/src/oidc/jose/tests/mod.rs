mod confusion;
mod keys;
mod properties;
mod second_opinion;
mod vectors;

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::*;

/// A key of each algorithm, made once: RSA takes its time.
fn key(algorithm: SigningAlgorithm) -> &'static SigningKey {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let make = |alg| SigningKey::from_pkcs8(alg, &SigningKey::generate(alg).unwrap()).unwrap();
        SigningAlgorithm::ALL.map(make).into()
    });
    keys.iter().find(|k| k.algorithm() == algorithm).unwrap()
}

/// Our four keys as a set.
fn all_keys() -> KeySet {
    KeySet::of(
        SigningAlgorithm::ALL
            .map(|alg| key(alg).public().clone())
            .into(),
    )
}

fn set(keys: &[Value]) -> Result<KeySet, BadKeySet> {
    KeySet::from_json(&json!({ "keys": keys }))
}

fn claims() -> Value {
    json!({ "iss": "client", "exp": 1_790_000_000, "aud": ["a", "b"] })
}

/// A token of whatever parts.
fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| base64url(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), base64url(signature))
}

fn read_and_verify(
    token: &str,
    keys: &KeySet,
    permitted: &[SigningAlgorithm],
) -> Result<Claims, BadToken> {
    Unverified::read(token, Typ::ClientAssertion)?.verify(keys, permitted)
}
