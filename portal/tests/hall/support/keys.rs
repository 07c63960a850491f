//! Keys and tokens of the fake provider.
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    Es256,
    EdDsa,
    /// With a key that isn't published, under a name that is.
    Stranger,
    /// With a key that isn't published, under a name of its own.
    Unpublished,
    None,
    /// With the client secret.
    Hs256,
    /// ES256 that names the Ed25519 key.
    WrongKey,
}

pub struct Keys {
    es256: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Keys {
    pub fn new() -> Self {
        let ec = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self {
            es256: ec(),
            stranger: ec(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// The published half; with `all` also the key that usually isn't.
    pub fn jwks(&self, all: bool) -> Value {
        let ec = |key: &EcdsaKeyPair, kid: &str| {
            let point = key.public_key().as_ref().to_vec();
            json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
                "x": b64(&point[1..33]), "y": b64(&point[33..])})
        };
        let mut keys = vec![
            ec(&self.es256, "ec-1"),
            json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "ed-1",
                "x": b64(self.ed25519.public_key())}),
        ];
        if all {
            keys.push(ec(&self.stranger, "ec-2"));
        }
        json!({ "keys": keys })
    }

    pub fn sign(&self, signing: Signing, typ: &str, claims: &Value) -> String {
        let (alg, kid) = match signing {
            Signing::Es256 | Signing::Stranger => ("ES256", "ec-1"),
            Signing::Unpublished => ("ES256", "ec-2"),
            Signing::EdDsa => ("EdDSA", "ed-1"),
            Signing::None => ("none", ""),
            Signing::Hs256 => ("HS256", ""),
            Signing::WrongKey => ("ES256", "ed-1"),
        };
        let mut header = json!({"alg": alg, "typ": typ});
        if !kid.is_empty() {
            header["kid"] = kid.into();
        }
        let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let ec = |key: &EcdsaKeyPair| {
            let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            b64(signature)
        };
        let signature = match signing {
            Signing::Es256 | Signing::WrongKey => ec(&self.es256),
            Signing::Stranger | Signing::Unpublished => ec(&self.stranger),
            Signing::EdDsa => b64(self.ed25519.sign(signed.as_bytes())),
            Signing::None => String::new(),
            Signing::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, super::SECRET.as_bytes());
                b64(hmac::sign(&key, signed.as_bytes()))
            }
        };
        format!("{signed}.{signature}")
    }
}

/// OIDC Core 3.1.3.6: the left half of the hash that the algorithm signs with.
pub fn at_hash(signing: Signing, access: &str) -> String {
    let algorithm = match signing {
        Signing::EdDsa => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(algorithm, access.as_bytes());
    b64(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// RFC 7636 §4.6
pub fn challenge(verifier: &str) -> String {
    b64(digest::digest(&digest::SHA256, verifier.as_bytes()))
}
