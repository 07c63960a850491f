//! The suite's own keys, for client assertions and proofs of possession: ES256, made and used apart from
//! any code of the server.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// Base64url without padding, RFC 7515 §2.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// `count` random bytes in base64url.
pub fn random(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow!("no randomness"))?;
    Ok(base64url(bytes))
}

/// A private key of P-256 as a JWK (RFC 7517, RFC 7518 §6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateJwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub y: String,
    pub d: String,
}

/// A key that signs.
#[derive(Clone)]
pub struct Key {
    pair: Arc<EcdsaKeyPair>,
    x: String,
    y: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("x", &self.x)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// A new one.
    pub fn generate() -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| anyhow!("no key was made"))?;
        Ok(Self::of(pair))
    }

    fn of(pair: EcdsaKeyPair) -> Self {
        // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(COORDINATE);
        Self {
            x: base64url(x),
            y: base64url(y),
            pair: Arc::new(pair),
        }
    }

    /// The key of a JWK.
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self> {
        ensure!(
            jwk.kty == "EC" && jwk.crv == "P-256",
            "a key of the suite is of kind EC, curve P-256"
        );
        let mut point = vec![4];
        point.extend(URL_SAFE_NO_PAD.decode(&jwk.x)?);
        point.extend(URL_SAFE_NO_PAD.decode(&jwk.y)?);
        let private = URL_SAFE_NO_PAD.decode(&jwk.d)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private,
            &point,
        );
        Ok(Self::of(pair.map_err(|_| anyhow!("the JWK is no key"))?))
    }

    /// A new one as a JWK, for a file.
    pub fn generate_jwk() -> Result<PrivateJwk> {
        use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
        let key = Self::generate()?;
        let private: EcPrivateKeyBin = key
            .pair
            .private_key()
            .as_be_bytes()
            .map_err(|_| anyhow!("the key can't be written"))?;
        Ok(PrivateJwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            d: base64url(private.as_ref()),
            x: key.x,
            y: key.y,
        })
    }

    /// The public half.
    pub fn public_jwk(&self) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y })
    }

    /// RFC 7638 §3: members in the order of the alphabet, no space.
    pub fn thumbprint(&self) -> String {
        let (x, y) = (&self.x, &self.y);
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        base64url(sha256(text.as_bytes()))
    }

    /// A compact JWS (RFC 7515 §7.1) with exactly this header.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String> {
        let message = message(header, claims);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .map_err(|_| anyhow!("not signed"))?;
        Ok(format!("{message}.{}", base64url(signature.as_ref())))
    }
}

/// A JWS that nobody signed.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.", message(header, claims))
}

/// A JWS under a symmetric key, HS256.
pub fn with_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    use aws_lc_rs::hmac;
    let message = message(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::oidc::jose::Jwt;

    #[test]
    fn a_key_signs_before_and_after_it_was_in_a_file() {
        let jwk = Key::generate_jwk().unwrap();
        let key = Key::from_jwk(&jwk).unwrap();
        let mut public = key.public_jwk();
        public["kid"] = json!("1");
        let header = json!({ "alg": "ES256", "kid": "1" });
        let text = key.sign(&header, &json!({ "a": 1 })).unwrap();
        let jwt = Jwt::parse(&text).unwrap();
        jwt.verify(&json!({ "keys": [public] })).unwrap();
        let other = Key::generate()
            .unwrap()
            .sign(&header, &json!({ "a": 1 }))
            .unwrap();
        let forged = Jwt::parse(&other).unwrap();
        assert!(forged.verify(&json!({ "keys": [public] })).is_err());
        let none = unsigned(&json!({ "alg": "none" }), &json!({ "a": 1 }));
        assert!(
            Jwt::parse(&none)
                .unwrap()
                .verify(&json!({ "keys": [public] }))
                .is_err()
        );
    }

    /// RFC 7638 has no example of this kind: the thumbprint is that of `jsonwebtoken`.
    #[test]
    fn a_thumbprint_is_as_others_make_it() {
        let key = Key::generate().unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.public_jwk()).unwrap();
        let theirs = jwk
            .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
            .unwrap();
        assert_eq!(key.thumbprint(), theirs);
    }
}
