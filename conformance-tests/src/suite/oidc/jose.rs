//! Signed tokens of the server: read, and verified by its published keys.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

/// A compact JWS, read and not yet believed.
#[derive(Clone, Debug)]
pub struct Jwt {
    pub text: String,
    pub header: Value,
    pub claims: Value,
}

/// What a server may sign with: never a symmetric key, never none.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

impl Jwt {
    /// Splits and decodes (RFC 7515 §7.1).
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        ensure!(parts.len() == 3, "no compact JWS: {} parts", parts.len());
        let json = |part: &str| -> Result<Value> {
            let bytes = URL_SAFE_NO_PAD.decode(part).context("no base64url")?;
            serde_json::from_slice(&bytes).context("no JSON")
        };
        Ok(Self {
            text: text.to_owned(),
            header: json(parts[0]).context("the JWS header")?,
            claims: json(parts[1]).context("the claims")?,
        })
    }

    /// The header's `alg`.
    pub fn alg(&self) -> &str {
        self.header["alg"].as_str().unwrap_or_default()
    }

    /// A claim as text.
    pub fn text_of(&self, claim: &str) -> Result<&str> {
        let value = self.claims.get(claim);
        let value = value.with_context(|| format!("no {claim} in the token"))?;
        value
            .as_str()
            .with_context(|| format!("{claim} is no text: {value}"))
    }

    /// A claim as whole seconds.
    pub fn seconds(&self, claim: &str) -> Result<i64> {
        let value = self.claims.get(claim);
        let value = value.with_context(|| format!("no {claim} in the token"))?;
        value
            .as_i64()
            .with_context(|| format!("{claim} is no number of seconds: {value}"))
    }

    /// Whether `aud` names somebody, alone or among others.
    pub fn is_for(&self, audience: &str) -> bool {
        match &self.claims["aud"] {
            Value::String(one) => one == audience,
            Value::Array(many) => many.iter().any(|it| it == audience),
            _ => false,
        }
    }

    /// Verified by the key of a JWK set that its `kid` names, or by the only one of its kind
    /// (OpenID Connect Core §10.1).
    pub fn verify(&self, jwks: &Value) -> Result<()> {
        let name = self.alg();
        let algorithm = ALGORITHMS.iter().find(|(known, _)| *known == name);
        let Some((_, algorithm)) = algorithm else {
            bail!("signed with «{name}»");
        };
        let key = self.key(jwks)?;
        let jwk: Jwk = serde_json::from_value(key.clone()).context("the key is unreadable")?;
        let key = DecodingKey::from_jwk(&jwk)?;
        let (message, signature) = self.text.rsplit_once('.').context("no signature")?;
        let good = crypto::verify(signature, message.as_bytes(), &key, *algorithm);
        ensure!(good.unwrap_or(false), "the signature is not good");
        Ok(())
    }

    fn key<'a>(&self, jwks: &'a Value) -> Result<&'a Value> {
        let keys = jwks["keys"].as_array().context("the JWK set has no keys")?;
        if let Some(kid) = self.header["kid"].as_str() {
            let found = keys.iter().find(|key| key["kid"] == kid);
            return found.with_context(|| format!("no published key has kid «{kid}»"));
        }
        let family = match &self.alg()[..1.min(self.alg().len())] {
            "E" if self.alg() == "EdDSA" => "OKP",
            "E" => "EC",
            _ => "RSA",
        };
        let mut fitting = keys.iter().filter(|key| key["kty"] == family);
        let first = fitting.next().context("no published key fits")?;
        ensure!(
            fitting.next().is_none(),
            "no kid, though several keys are published"
        );
        Ok(first)
    }
}

/// A token with one character of its signature changed.
pub fn tampered(token: &str) -> String {
    let (head, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    // The first character: the last may hold bits that mean nothing.
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let rest: String = signature.chars().skip(1).collect();
    format!("{head}.{first}{rest}")
}
