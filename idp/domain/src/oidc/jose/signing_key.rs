use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{PublicKey, SigningAlgorithm, Typ, base64url};

/// A key of ours, ready to sign: parsed once, since reading an RSA key costs more than signing
/// with it. It is for one algorithm, and named by its thumbprint (RFC 7638), which is therefore
/// proven by the key itself.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    public: PublicKey,
    kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.kid)
    }
}

/// A key can't be made, read or used: damage, or a defect of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing key can't be used")]
pub struct CantSign;

impl SigningKey {
    /// A new private key, as PKCS #8. RSA-2048 takes a tenth of a second and more: not for a
    /// thread that others wait for. Its randomness is the operating system's, by way of the
    /// cryptographic library, which takes no other.
    ///
    /// # Errors
    /// [`CantSign`] when the machine has no randomness.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, CantSign> {
        let rng = SystemRandom::new();
        let der = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| CantSign)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| CantSign)?;
                der.as_ref().to_vec()
            }
            SigningAlgorithm::Es256 => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng);
                made.map_err(|_| CantSign)?.as_ref().to_vec()
            }
            SigningAlgorithm::EdDsa => {
                let made = Ed25519KeyPair::generate_pkcs8(&rng);
                made.map_err(|_| CantSign)?.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(der))
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// [`CantSign`] when it is none for the algorithm.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, CantSign> {
        let (pair, public) = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| CantSign)?;
                let key = pair.public_key();
                let public = PublicKey::of_rsa(
                    key.modulus().big_endian_without_leading_zero(),
                    key.exponent().big_endian_without_leading_zero(),
                );
                (Pair::Rsa(Box::new(pair)), public)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
                let pair = pair.map_err(|_| CantSign)?;
                let public = PublicKey::of_p256(pair.public_key().as_ref()).ok_or(CantSign)?;
                (Pair::P256(pair), public)
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| CantSign)?;
                let public = PublicKey::of_ed25519(pair.public_key().as_ref()).ok_or(CantSign)?;
                (Pair::Ed25519(pair), public)
            }
        };
        let public = public.named(algorithm);
        Ok(Self {
            algorithm,
            kid: public.thumbprint(),
            public,
            pair,
        })
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// With `kid`, `alg` and `use`.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signed token (JWS Compact Serialization, RFC 7515 §7.1). `claims` must become a JSON
    /// object.
    ///
    /// # Errors
    /// [`CantSign`]
    pub fn sign(&self, typ: Typ, claims: &impl Serialize) -> Result<String, CantSign> {
        self.sign_with_header(typ, "", claims)
    }

    /// The same with further members of the header, as JSON with a comma in front.
    fn sign_with_header(
        &self,
        typ: Typ,
        members: &str,
        claims: &impl Serialize,
    ) -> Result<String, CantSign> {
        let claims = serde_json::to_vec(claims).map_err(|_| CantSign)?;
        // None of the values needs an escape.
        let typ = typ.written().map(|typ| format!(r#""typ":"{typ}","#));
        let header = format!(
            r#"{{"alg":"{}",{}"kid":"{}"{members}}}"#,
            self.algorithm,
            typ.unwrap_or_default(),
            self.kid,
        );
        let mut token = base64url(header);
        token.push('.');
        token.push_str(&base64url(claims));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url(signature));
        Ok(token)
    }

    /// A `DPoP` proof, which carries its key (RFC 9449 §4.2): for clients, and tests as one.
    ///
    /// # Errors
    /// [`CantSign`]
    pub fn sign_proof(&self, claims: &impl Serialize) -> Result<String, CantSign> {
        let jwk = format!(r#","jwk":{}"#, self.public.to_jwk());
        self.sign_with_header(Typ::DpopProof, &jwk, claims)
    }

    fn signature(&self, input: &[u8]) -> Result<Vec<u8>, CantSign> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = match self.algorithm {
                    SigningAlgorithm::Ps256 => {
                        pair.sign(&RSA_PSS_SHA256, &rng, input, &mut signature)
                    }
                    _ => pair.sign(&RSA_PKCS1_SHA256, &rng, input, &mut signature),
                };
                signed.map_err(|_| CantSign)?;
                Ok(signature)
            }
            Pair::P256(pair) => {
                let signature = pair.sign(&rng, input).map_err(|_| CantSign)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(input).map_err(|_| CantSign)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}
