//! A client proves that it holds the key to which its tokens are bound (`DPoP`, RFC 9449).

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::SpendOnce;
use super::jose::{
    BadKey, BadToken, NotAClaim, PublicKey, SigningAlgorithm, Typ, Unverified, base64url,
    sha256_base64url,
};
use crate::secrets::{Keyring, Use, hash_secret};

/// How old a proof may be: it is made for one request.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(2);
/// How far ahead of ours the clock of its maker may be.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);
/// A nonce of the server is good for this long, and then for as long again.
const NONCE_WINDOW_SECONDS: i64 = 180;
const MAX_ID_BYTES: usize = 256;

/// What a proof is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub method: &'a str,
    /// The address of the endpoint, made from the configured issuer and never from a header.
    pub address: &'a str,
    /// The access token that came along (§7); none at the endpoints that give tokens.
    pub access_token: Option<&'a str>,
    /// Whether the proof must carry a nonce of ours (§8). One that it carries must be good anyway.
    pub nonce_required: bool,
    /// Those by which this client may sign.
    pub algorithms: &'a [SigningAlgorithm],
    pub now: Timestamp,
}

/// A proof that holds, if what is to be noted has been noted now, for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Of the key, RFC 7638: what tokens say in `cnf.jkt`.
    pub thumbprint: String,
    pub spend: SpendOnce,
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    #[error("the DPoP proof: {0}")]
    Token(#[from] BadToken),
    #[error("the DPoP proof: jwk {0}")]
    Key(#[from] BadKey),
    #[error("the DPoP proof: {0} is missing, or not what it must be")]
    Claim(&'static str),
    #[error("the DPoP proof is for another method or address")]
    Request,
    #[error("the DPoP proof is too old, or from the future")]
    Time,
    #[error("the DPoP proof is for another access token")]
    AccessToken,
    /// The client hears `use_dpop_nonce`, with a nonce of now (§8).
    #[error("the DPoP proof must carry the nonce of this answer")]
    Nonce,
}

impl From<NotAClaim> for BadProof {
    fn from(NotAClaim(name): NotAClaim) -> Self {
        Self::Claim(name)
    }
}

/// Checks a proof (§4.3). That the request has exactly one `DPoP` header is the caller's to see.
///
/// # Errors
/// [`BadProof`]
pub fn check(proof: &str, keys: &Keyring, expected: Expected<'_>) -> Result<Proof, BadProof> {
    let token = Unverified::read(proof, Typ::DpopProof)?;
    let jwk = token.carried_key().ok_or(BadToken::Header)?;
    let key = PublicKey::from_jwk(jwk)?;
    // Its own algorithm, where it has one; the signature proves the key and nothing else.
    let algorithm = token.algorithm();
    let permitted = expected.algorithms.contains(&algorithm);
    if !permitted || key.algorithm_within(&[algorithm]).is_none() {
        return Err(BadToken::Algorithm.into());
    }
    let claims = token.verify_by(&key)?;
    let id = claims.text("jti")?.filter(|id| !id.is_empty());
    let id = id.filter(|id| id.len() <= MAX_ID_BYTES);
    let id = id.ok_or(BadProof::Claim("jti"))?;
    if claims.text("htm")? != Some(expected.method) {
        return Err(BadProof::Request);
    }
    let address = claims.text("htu")?.ok_or(BadProof::Claim("htu"))?;
    if !is_same_address(address, expected.address) {
        return Err(BadProof::Request);
    }
    let made = claims.time("iat")?.ok_or(BadProof::Claim("iat"))?;
    let age = expected.now.duration_since(made);
    // Its id is free again at that very moment.
    if age >= MAX_AGE || age < -TOLERANCE {
        return Err(BadProof::Time);
    }
    let bound = claims.text("ath")?;
    if let Some(access_token) = expected.access_token
        && bound != Some(sha256_base64url(access_token).as_str())
    {
        return Err(BadProof::AccessToken);
    }
    match claims.text("nonce")? {
        None if !expected.nonce_required => {}
        Some(nonce) if is_nonce(nonce, keys, expected.now) => {}
        _ => return Err(BadProof::Nonce),
    }
    let thumbprint = key.thumbprint();
    let spend = SpendOnce {
        // A thumbprint holds no blank, so that the two can't be mixed up.
        id: hash_secret("dpop-proof", &format!("{thumbprint} {id}")),
        until: made.checked_add(MAX_AGE).unwrap_or(Timestamp::MAX),
    };
    Ok(Proof { thumbprint, spend })
}

/// Without query and fragment, and however the same address is spelt (§4.3, 9; RFC 3986 §6.2).
fn is_same_address(claimed: &str, ours: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        url.set_query(None);
        url.set_fragment(None);
        (url.has_host() && !has_user).then_some(url)
    };
    match (plain(claimed), plain(ours)) {
        (Some(claimed), Some(ours)) => claimed == ours,
        _ => false,
    }
}

/// The nonce that answers of now carry in `DPoP-Nonce`. Every node makes the same, and none keeps
/// it.
pub fn nonce(keys: &Keyring, now: Timestamp) -> String {
    nonce_of(keys, window(now))
}

fn is_nonce(nonce: &str, keys: &Keyring, now: Timestamp) -> bool {
    let now = window(now);
    // The next one too, for a node whose clock is ahead.
    let windows = [now, now - 1, now + 1];
    windows.into_iter().any(|w| nonce_of(keys, w) == nonce)
}

fn window(now: Timestamp) -> i64 {
    now.as_second().div_euclid(NONCE_WINDOW_SECONDS)
}

fn nonce_of(keys: &Keyring, window: i64) -> String {
    let tag = keys.mac(Use::DpopNonce, &[&window.to_be_bytes()]);
    base64url(&tag.as_bytes()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::arbitrary::{any_change, any_object};
    use crate::oidc::jose::SigningKey;
    use crate::secrets::MasterKey;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use serde_json::{Value, json};

    const NOW: i64 = 1_790_000_000;
    const TOKEN: &str = "https://id.example.edu/oidc/token";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ring() -> Keyring {
        Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(1)))
    }

    fn make(algorithm: SigningAlgorithm) -> SigningKey {
        SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap()
    }

    fn expected() -> Expected<'static> {
        Expected {
            method: "POST",
            address: TOKEN,
            access_token: None,
            nonce_required: false,
            algorithms: &SigningAlgorithm::ALL,
            now: at(NOW),
        }
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = json!({ "jti": "one", "htm": "POST", "htu": TOKEN, "iat": NOW });
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }

    fn judge(claims: &Value, expected: Expected<'_>) -> Result<Proof, BadProof> {
        let proof = make(SigningAlgorithm::Es256).sign_proof(claims).unwrap();
        check(&proof, &ring(), expected)
    }

    fn verdict(name: &str, value: Value) -> Option<BadProof> {
        judge(&with(name, value), expected()).err()
    }

    #[test]
    fn every_algorithm_proves_its_key() {
        for algorithm in SigningAlgorithm::ALL {
            let key = make(algorithm);
            let proof = key.sign_proof(&with("", json!(1))).unwrap();
            let proof = check(&proof, &ring(), expected()).unwrap();
            assert_eq!(proof.thumbprint, key.kid());
            assert_eq!(proof.spend.until, at(NOW + 120));
        }
    }

    #[test] // FAPI 2.0 Security Profile §5.4.1
    fn an_algorithm_that_the_client_may_not_use_proves_nothing() {
        let fapi = Expected {
            algorithms: &SigningAlgorithm::FAPI,
            ..expected()
        };
        for algorithm in SigningAlgorithm::ALL {
            let proof = make(algorithm).sign_proof(&with("", json!(1))).unwrap();
            let judged = check(&proof, &ring(), fapi).err();
            let refused = (algorithm == SigningAlgorithm::Rs256)
                .then_some(BadProof::Token(BadToken::Algorithm));
            assert_eq!(judged, refused, "{algorithm}");
        }
    }

    #[test] // RFC 9449 §11.1
    fn an_id_is_the_keys_own() {
        let key = make(SigningAlgorithm::EdDsa);
        let spend = |key: &SigningKey, id: &str| {
            let proof = key.sign_proof(&with("jti", json!(id))).unwrap();
            check(&proof, &ring(), expected()).unwrap().spend.id
        };
        assert_eq!(spend(&key, "one"), spend(&key, "one"));
        assert_ne!(spend(&key, "one"), spend(&key, "two"));
        assert_ne!(
            spend(&key, "one"),
            spend(&make(SigningAlgorithm::EdDsa), "one")
        );
        for odd in [json!(null), json!(""), json!(7), json!("j".repeat(257))] {
            assert_eq!(verdict("jti", odd), Some(BadProof::Claim("jti")));
        }
    }

    #[test]
    fn it_is_for_this_request() {
        for same in [
            TOKEN,
            "HTTPS://ID.example.edu:443/oidc/token",
            "https://id.example.edu/oidc/token?a=b#c",
            "https://id.example.edu/x/../oidc/token",
        ] {
            assert_eq!(verdict("htu", json!(same)), None, "{same}");
        }
        for other in [
            "http://id.example.edu/oidc/token",
            "https://id.example.edu/oidc/token/",
            "https://id.example.edu/oidc/Token",
            "https://id.example.edu:8443/oidc/token",
            "https://x@id.example.edu/oidc/token",
            "/oidc/token",
            "",
        ] {
            assert_eq!(
                verdict("htu", json!(other)),
                Some(BadProof::Request),
                "{other}"
            );
        }
        for other in [json!("GET"), json!("post"), json!(null)] {
            assert_eq!(verdict("htm", other), Some(BadProof::Request));
        }
        assert_eq!(verdict("htu", json!(null)), Some(BadProof::Claim("htu")));
        assert_eq!(verdict("htm", json!(1)), Some(BadProof::Claim("htm")));
    }

    #[test]
    fn it_is_of_now() {
        let made = |by: i64| verdict("iat", json!(NOW + by));
        for good in [-119, -60, 0, 30] {
            assert_eq!(made(good), None, "{good}");
        }
        for bad in [-120, -3600, 31, 3600] {
            assert_eq!(made(bad), Some(BadProof::Time), "{bad}");
        }
        for odd in [json!(null), json!("now"), json!(-1)] {
            assert_eq!(verdict("iat", odd), Some(BadProof::Claim("iat")));
        }
    }

    #[test] // RFC 9449 §7
    fn it_names_the_access_token_that_comes_along() {
        let with_token = Expected {
            access_token: Some("AT-secret"),
            ..expected()
        };
        let ath = |value: Value| judge(&with("ath", value), with_token).err();
        assert_eq!(ath(json!(sha256_base64url("AT-secret"))), None);
        assert_eq!(
            ath(json!(sha256_base64url("AT-other"))),
            Some(BadProof::AccessToken)
        );
        assert_eq!(ath(json!(null)), Some(BadProof::AccessToken));
        assert_eq!(ath(json!(7)), Some(BadProof::Claim("ath")));
    }

    #[test] // RFC 9449 §8
    fn nonces_are_good_for_minutes() {
        let keys = ring();
        let required = |now: i64| Expected {
            nonce_required: true,
            now: at(now),
            ..expected()
        };
        let made = nonce(&keys, at(NOW));
        let judge = |nonce: Value, now: i64| {
            let mut claims = with("nonce", nonce);
            claims["iat"] = now.into();
            judge(&claims, required(now)).err()
        };
        for good in [0, 180] {
            assert_eq!(judge(json!(made), NOW + good), None, "{good}");
        }
        assert_eq!(judge(json!(made), NOW + 540), Some(BadProof::Nonce));
        assert_eq!(judge(json!(null), NOW), Some(BadProof::Nonce));
        assert_eq!(judge(json!(""), NOW), Some(BadProof::Nonce));
        // One that nobody asked for must be ours all the same.
        assert_eq!(verdict("nonce", json!("made-up")), Some(BadProof::Nonce));
        assert_eq!(verdict("nonce", json!(made)), None);
    }

    #[test] // OID-06, OID-17
    fn the_key_is_public_and_of_its_algorithm() {
        let key = make(SigningAlgorithm::Ps256);
        let no_key = key.sign(Typ::DpopProof, &with("", json!(1))).unwrap();
        let read = |proof: &str| check(proof, &ring(), expected()).unwrap_err();
        assert_eq!(read(&no_key), BadProof::Token(BadToken::Header));
        let assertion = key.sign(Typ::ClientAssertion, &with("", json!(1))).unwrap();
        assert_eq!(read(&assertion), BadProof::Token(BadToken::Type));
        let forged = |jwk: Value, alg: &str| {
            let header = json!({ "alg": alg, "typ": "dpop+jwt", "jwk": jwk });
            let claims = with("", json!(1)).to_string();
            format!(
                "{}.{}.{}",
                base64url(header.to_string()),
                base64url(claims),
                base64url([9; 64])
            )
        };
        let public = key.public().to_jwk();
        assert_eq!(
            read(&forged(public.clone(), "PS256")),
            BadToken::Signature.into()
        );
        assert_eq!(
            read(&forged(public.clone(), "RS256")),
            BadToken::Algorithm.into()
        );
        assert_eq!(
            read(&forged(public.clone(), "none")),
            BadToken::Algorithm.into()
        );
        assert_eq!(
            read(&forged(public.clone(), "HS256")),
            BadToken::Algorithm.into()
        );
        assert_eq!(
            read(&forged(json!("text"), "PS256")),
            BadToken::Header.into()
        );
        let mut private = public;
        private["d"] = json!("AQAB");
        assert_eq!(read(&forged(private, "PS256")), BadKey::Private.into());
    }

    proptest! {
        #[test] // OID-33: signed by the key that it carries, whatever else it says
        fn only_whole_claims_prove_a_key(
            changed in any_change(with("", Value::Null)),
            beside in any_object(),
        ) {
            let mut claims = beside.as_object().unwrap().clone();
            claims.extend(changed);
            let claims = Value::Object(claims);
            if judge(&claims, expected()).is_ok() {
                prop_assert_eq!((&claims["htm"], &claims["htu"]), (&json!("POST"), &json!(TOKEN)));
                prop_assert!(claims["jti"].as_str().is_some_and(|id| !id.is_empty()));
                prop_assert!(claims["iat"].is_number());
            }
        }
    }
}
