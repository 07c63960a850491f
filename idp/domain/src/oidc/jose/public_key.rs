use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use serde_json::{Map, Value, json};

use super::{SigningAlgorithm, base64url, from_base64url, sha256_base64url};

/// Members of private and shared keys (RFC 7518 §6): who shows one has no secret any more.
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Odd, and no longer than this: a longer one only costs the verifier.
const MAX_EXPONENT_BYTES: usize = 5;
const MAX_KID_BYTES: usize = 255;

/// Somebody's public key, as a JWK says it, proven to be usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kid: Option<String>,
    /// What the JWK itself says that it is for.
    algorithm: Option<SigningAlgorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The point, uncompressed (SEC 1 §2.3.3).
    P256([u8; 65]),
    Ed25519([u8; 32]),
}

/// Why a JWK is no key for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("holds a private or shared key; only public keys belong here, so make a new pair")]
    Private,
    #[error("is of a kind that is not used here: RSA, EC with P-256, or OKP with Ed25519")]
    Kind,
    #[error("is not for signatures (use, key_ops or alg say so)")]
    Purpose,
    #[error("RSA keys must have 2048 to 4096 bits")]
    Size,
    #[error("is not a valid key")]
    Value,
}

impl PublicKey {
    /// Reads a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Certificates and addresses in it are
    /// not looked at (OID-08).
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, BadKey> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(BadKey::Private);
        }
        let material = match (text(jwk, "kty")?, text(jwk, "crv")?) {
            (Some("RSA"), _) => rsa(jwk)?,
            (Some("EC"), Some("P-256")) => p256(jwk)?,
            (Some("OKP"), Some("Ed25519")) => Material::Ed25519(exactly(jwk, "x")?),
            _ => return Err(BadKey::Kind),
        };
        let algorithm = match text(jwk, "alg")? {
            None => None,
            Some(name) => Some(name.parse().map_err(|_| BadKey::Purpose)?),
        };
        let kid = text(jwk, "kid")?.map(str::to_owned);
        let key = Self {
            kid,
            algorithm,
            material,
        };
        let fits = key.algorithm.is_none_or(|alg| key.family().contains(&alg));
        if !fits || !is_for_signatures(jwk)? {
            return Err(BadKey::Purpose);
        }
        let long = key.kid.as_ref().is_some_and(|k| k.len() > MAX_KID_BYTES);
        if long || !key.is_valid() {
            return Err(BadKey::Value);
        }
        Ok(key)
    }

    pub(super) fn of_rsa(n: &[u8], e: &[u8]) -> Self {
        Self::of(Material::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        })
    }

    /// Nothing when it is no uncompressed point.
    pub(super) fn of_p256(point: &[u8]) -> Option<Self> {
        Some(Self::of(Material::P256(point.try_into().ok()?)))
    }

    pub(super) fn of_ed25519(key: &[u8]) -> Option<Self> {
        Some(Self::of(Material::Ed25519(key.try_into().ok()?)))
    }

    fn of(material: Material) -> Self {
        Self {
            kid: None,
            algorithm: None,
            material,
        }
    }

    /// The same, named by its thumbprint and for one algorithm alone.
    pub(super) fn named(mut self, algorithm: SigningAlgorithm) -> Self {
        self.kid = Some(self.thumbprint());
        self.algorithm = Some(algorithm);
        self
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm for which the key is: its own, if it is among those that the record
    /// permits, else the first of them that suits it.
    pub fn algorithm_within(&self, permitted: &[SigningAlgorithm]) -> Option<SigningAlgorithm> {
        match self.algorithm {
            Some(own) => permitted.contains(&own).then_some(own),
            None => permitted
                .iter()
                .copied()
                .find(|alg| self.family().contains(alg)),
        }
    }

    /// The algorithms that suit its kind.
    fn family(&self) -> &'static [SigningAlgorithm] {
        match self.material {
            Material::Rsa { .. } => &[SigningAlgorithm::Rs256, SigningAlgorithm::Ps256],
            Material::P256(_) => &[SigningAlgorithm::Es256],
            Material::Ed25519(_) => &[SigningAlgorithm::EdDsa],
        }
    }

    /// Whether the signature is this key's. `false` also for an algorithm of another kind.
    pub(super) fn verifies(&self, algorithm: SigningAlgorithm, input: &[u8], sig: &[u8]) -> bool {
        if self.algorithm_within(&[algorithm]).is_none() {
            return false;
        }
        match self.parsed(algorithm) {
            Some(key) => key.verify_sig(input, sig).is_ok(),
            None => false,
        }
    }

    fn parsed(&self, algorithm: SigningAlgorithm) -> Option<ParsedPublicKey> {
        match &self.material {
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(algorithm.rsa()?)
                .ok(),
            Material::P256(bytes) => ParsedPublicKey::new(algorithm.verification(), bytes).ok(),
            Material::Ed25519(bytes) => ParsedPublicKey::new(algorithm.verification(), bytes).ok(),
        }
    }

    /// A point may lie beside its curve, and a modulus be even.
    fn is_valid(&self) -> bool {
        self.parsed(self.family()[0]).is_some()
    }

    /// RFC 7638, with SHA-256, in base64url: the same for each spelling of the key.
    pub fn thumbprint(&self) -> String {
        // The required members in the order of the alphabet; their values need no escapes.
        sha256_base64url(&match &self.material {
            Material::Rsa { n, e } => format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                base64url(e),
                base64url(n)
            ),
            Material::P256(point) => {
                let (x, y) = coordinates(point);
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Material::Ed25519(key) => {
                format!(
                    r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
                    base64url(key)
                )
            }
        })
    }

    /// The JWK: public members only (OID-26).
    pub fn to_jwk(&self) -> Value {
        let mut jwk = match &self.material {
            Material::Rsa { n, e } => {
                json!({ "kty": "RSA", "n": base64url(n), "e": base64url(e) })
            }
            Material::P256(point) => {
                let (x, y) = coordinates(point);
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Material::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(key) })
            }
        };
        if let Some(kid) = &self.kid {
            jwk["kid"] = kid.as_str().into();
        }
        if let Some(algorithm) = self.algorithm {
            jwk["alg"] = algorithm.as_str().into();
            jwk["use"] = "sig".into();
        }
        jwk
    }
}

fn coordinates(point: &[u8; 65]) -> (String, String) {
    (base64url(&point[1..33]), base64url(&point[33..]))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadKey> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadKey::Value),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, BadKey> {
    let text = text(jwk, name)?.ok_or(BadKey::Value)?;
    from_base64url(text).ok_or(BadKey::Value)
}

fn exactly<const N: usize>(jwk: &Map<String, Value>, name: &str) -> Result<[u8; N], BadKey> {
    bytes(jwk, name)?.try_into().map_err(|_| BadKey::Value)
}

fn rsa(jwk: &Map<String, Value>) -> Result<Material, BadKey> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    // RFC 7518 §6.3.1: the fewest bytes, so that a key has one spelling.
    let (Some(first @ 1..), Some(1..), Some(last)) = (n.first(), e.first(), e.last()) else {
        return Err(BadKey::Value);
    };
    let bits = 8 * n.len() - first.leading_zeros() as usize;
    if !RSA_BITS.contains(&bits) {
        return Err(BadKey::Size);
    }
    if last % 2 == 0 || e == [1] || e.len() > MAX_EXPONENT_BYTES {
        return Err(BadKey::Value);
    }
    Ok(Material::Rsa { n, e })
}

fn p256(jwk: &Map<String, Value>) -> Result<Material, BadKey> {
    let (x, y): ([u8; 32], [u8; 32]) = (exactly(jwk, "x")?, exactly(jwk, "y")?);
    let mut point = [4; 65];
    point[1..33].copy_from_slice(&x);
    point[33..].copy_from_slice(&y);
    Ok(Material::P256(point))
}

/// RFC 7517 §4.2 and §4.3.
fn is_for_signatures(jwk: &Map<String, Value>) -> Result<bool, BadKey> {
    let used = text(jwk, "use")?.is_none_or(|purpose| purpose == "sig");
    let operations = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(|name| name == "verify"),
        Some(_) => return Err(BadKey::Value),
    };
    Ok(used && operations)
}
