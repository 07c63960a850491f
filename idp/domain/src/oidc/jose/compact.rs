use serde_json::{Map, Value};

use super::{Claims, KeySet, NotAClaim, PublicKey, SigningAlgorithm, Typ, from_base64url, object};

/// Bytes of a token: more than any claim set that means something.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_HEADER_BYTES: usize = 4 * 1024;
/// An RSA signature of 4096 bits.
const MAX_SIGNATURE_BYTES: usize = 512;

/// A signed token that was read and not believed yet (JWS Compact Serialization, RFC 7515 §7.1).
#[derive(Clone, Debug)]
pub struct Unverified<'a> {
    signing_input: &'a str,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    jwk: Option<Map<String, Value>>,
    claims: Claims,
    signature: Vec<u8>,
}

/// Why a token is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("the token is too long")]
    Size,
    #[error("the token is not a signed JWT")]
    Form,
    #[error("the token has a header that is not understood")]
    Header,
    #[error("the token is of another type")]
    Type,
    #[error("the token is signed with an algorithm that is not the registered one")]
    Algorithm,
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    #[error("the token does not say which of several keys signed it")]
    AmbiguousKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token says something that it can't: {0}")]
    Claim(&'static str),
}

impl From<NotAClaim> for BadToken {
    fn from(NotAClaim(name): NotAClaim) -> Self {
        Self::Claim(name)
    }
}

impl<'a> Unverified<'a> {
    /// Takes a token apart: three parts, each in base64url without padding, header and claims one
    /// JSON object each. Critical headers are refused, since we understand none, and so is `b64`
    /// (RFC 7515 §4.1.11, RFC 7797 §7). Keys in the header, or pointers to them, decide nothing
    /// (OID-08).
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn read(token: &'a str, typ: Typ) -> Result<Self, BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken::Size);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(BadToken::Form)?;
        let (header, payload) = signing_input.split_once('.').ok_or(BadToken::Form)?;
        // A fourth part would be in the payload, whose alphabet has no dot.
        let part = |text: &str| from_base64url(text).ok_or(BadToken::Form);
        let (header, payload, signature) = (part(header)?, part(payload)?, part(signature)?);
        if header.len() > MAX_HEADER_BYTES || signature.len() > MAX_SIGNATURE_BYTES {
            return Err(BadToken::Size);
        }
        let header = object(&header).map_err(|_| BadToken::Form)?;
        let claims = object(&payload).map_err(|_| BadToken::Form)?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(BadToken::Header);
        }
        if !typ.admits(text(&header, "typ")?) {
            return Err(BadToken::Type);
        }
        // OID-06: whatever isn't one of ours, `none` first of all, ends here.
        let algorithm = text(&header, "alg")?.ok_or(BadToken::Header)?;
        Ok(Self {
            signing_input,
            algorithm: algorithm.parse().map_err(|_| BadToken::Algorithm)?,
            kid: text(&header, "kid")?.map(str::to_owned),
            jwk: match header.get("jwk") {
                None => None,
                Some(Value::Object(jwk)) => Some(jwk.clone()),
                Some(_) => return Err(BadToken::Header),
            },
            claims: Claims::new(claims),
            signature,
        })
    }

    /// What the token says and nobody has proven: good for finding whose keys to ask, and for
    /// nothing else.
    pub fn claimed(&self) -> &Claims {
        &self.claims
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key that the header carries. Only a `DPoP` proof may be checked with it.
    pub(in crate::oidc) fn carried_key(&self) -> Option<&Map<String, Value>> {
        self.jwk.as_ref()
    }

    pub(in crate::oidc) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Checks the signature with the one key of the set that fits. `permitted` is what our record
    /// says, in the order of preference: each key has one algorithm of it, and the header must
    /// name that one (OID-06). A set with several keys for it needs a `kid` (OpenID Connect Core
    /// §10.1).
    ///
    /// # Errors
    /// [`BadToken::UnknownKey`] says that the set has no key of this `kid`, so that a newer set is
    /// worth a look; everything else is final.
    pub fn verify(self, keys: &KeySet, permitted: &[SigningAlgorithm]) -> Result<Claims, BadToken> {
        let named: Vec<&PublicKey> = keys
            .keys()
            .iter()
            .filter(|key| match (self.kid(), key.kid()) {
                (Some(wanted), Some(kid)) => wanted == kid,
                _ => true,
            })
            .collect();
        let fits = |key: &&PublicKey| key.algorithm_within(permitted) == Some(self.algorithm);
        let mut fitting = named.iter().copied().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => self.verify_by(key),
            (Some(_), Some(_)) => Err(BadToken::AmbiguousKey),
            (None, _) if named.is_empty() => Err(BadToken::UnknownKey),
            (None, _) => Err(BadToken::Algorithm),
        }
    }

    /// Checks the signature with this key, by the algorithm that the caller has proven.
    pub(in crate::oidc) fn verify_by(self, key: &PublicKey) -> Result<Claims, BadToken> {
        let input = self.signing_input.as_bytes();
        if key.verifies(self.algorithm, input, &self.signature) {
            Ok(self.claims)
        } else {
            Err(BadToken::Signature)
        }
    }
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadToken> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadToken::Header),
    }
}
