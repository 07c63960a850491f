//! A client proves who it is by a token that it signed (`private_key_jwt`: RFC 7523 §3, OpenID
//! Connect Core §9).

use jiff::{SignedDuration, Timestamp};

use super::SpendOnce;
use super::jose::{BadToken, Claims, KeySet, NotAClaim, SigningAlgorithm, Typ, Unverified};
use crate::secrets::hash_secret;

/// How long an assertion may live: it is made for one request (OID-12).
pub const MAX_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// What the clocks of a client and of ours may differ by.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);
/// Bytes of a `jti`.
const MAX_ID_BYTES: usize = 256;

/// What an assertion is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub client_id: &'a str,
    /// The client's keys.
    pub keys: &'a KeySet,
    /// What its record permits, in order of preference.
    pub algorithms: &'a [SigningAlgorithm],
    /// The names of ours that it may be made for: the issuer, and where the client's profile
    /// permits it the address of the token endpoint.
    pub audiences: &'a [&'a str],
    /// Whether a list of one is none of them (FAPI 2.0 Security Profile §5.3.2.1).
    pub audience_is_text: bool,
    pub now: Timestamp,
}

/// Why an assertion proves nothing. For the log; the client hears `invalid_client`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    #[error("client_assertion: {0}")]
    Token(#[from] BadToken),
    #[error("client_assertion: iss and sub must be the client_id")]
    Client,
    #[error("client_assertion: aud must be the issuer, and nothing else")]
    Audience,
    #[error("client_assertion: {0} is missing, or not what it must be")]
    Claim(&'static str),
    #[error("client_assertion: it has expired")]
    Expired,
    #[error("client_assertion: exp must be at most five minutes ahead")]
    TooLong,
    #[error("client_assertion: it is from the future; check the clock")]
    Early,
}

impl From<NotAClaim> for BadAssertion {
    fn from(NotAClaim(name): NotAClaim) -> Self {
        Self::Claim(name)
    }
}

/// Takes an assertion apart, to find by [`claimed_client`] whose it wants to be.
///
/// # Errors
/// [`BadAssertion::Token`]
pub fn read(assertion: &str) -> Result<Unverified<'_>, BadAssertion> {
    Ok(Unverified::read(assertion, Typ::ClientAssertion)?)
}

/// Whose assertion it wants to be; nothing is proven by it.
pub fn claimed_client<'a>(assertion: &'a Unverified<'_>) -> Option<&'a str> {
    assertion.claimed().text("sub").ok().flatten()
}

/// Checks an assertion. It counts only if what is returned has been noted now, for the first time.
///
/// # Errors
/// [`BadAssertion`]; of them [`BadToken::UnknownKey`] may end with a newer set of keys.
pub fn check(assertion: Unverified<'_>, expected: Expected<'_>) -> Result<SpendOnce, BadAssertion> {
    let claims = assertion.verify(expected.keys, expected.algorithms)?;
    // RFC 7523 §3, 1 and 2.B
    for name in ["iss", "sub"] {
        if claims.text(name)? != Some(expected.client_id) {
            return Err(BadAssertion::Client);
        }
    }
    // RFC 7523 §3, 3: for us, and for nobody besides, who could use it here.
    if expected.audience_is_text && claims.text("aud").is_err() {
        return Err(BadAssertion::Audience);
    }
    match claims.audiences()?.as_slice() {
        [one] if expected.audiences.contains(one) => {}
        _ => return Err(BadAssertion::Audience),
    }
    let expiry = check_times(&claims, expected.now)?;
    let id = claims.text("jti")?.filter(|id| !id.is_empty());
    let id = id.filter(|id| id.len() <= MAX_ID_BYTES);
    let id = id.ok_or(BadAssertion::Claim("jti"))?;
    Ok(SpendOnce {
        // A client id holds no blank, so that the two can't be mixed up.
        id: hash_secret("client-assertion", &format!("{} {id}", expected.client_id)),
        until: expiry.checked_add(TOLERANCE).unwrap_or(Timestamp::MAX),
    })
}

/// RFC 7523 §3, 4 to 6. Gives when it expires.
fn check_times(claims: &Claims, now: Timestamp) -> Result<Timestamp, BadAssertion> {
    let expiry = claims.time("exp")?.ok_or(BadAssertion::Claim("exp"))?;
    if now.duration_since(expiry) >= TOLERANCE {
        return Err(BadAssertion::Expired);
    }
    if expiry.duration_since(now) > MAX_LIFE + TOLERANCE {
        return Err(BadAssertion::TooLong);
    }
    for name in ["nbf", "iat"] {
        let begins = claims.time(name)?;
        if begins.is_some_and(|begins| begins.duration_since(now) > TOLERANCE) {
            return Err(BadAssertion::Early);
        }
    }
    Ok(expiry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::arbitrary::{any_change, any_object};
    use crate::oidc::jose::SigningKey;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::sync::OnceLock;

    const NOW: i64 = 1_790_000_000;
    const ISSUER: &str = "https://id.example.edu";
    const TOKEN: &str = "https://id.example.edu/oidc/token";

    fn key() -> &'static SigningKey {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(|| {
            let der = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
            SigningKey::from_pkcs8(SigningAlgorithm::Es256, &der).unwrap()
        })
    }

    fn good() -> Value {
        json!({
            "iss": "library", "sub": "library", "aud": ISSUER, "jti": "one",
            "iat": NOW, "exp": NOW + 60,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }

    fn judge(claims: &Value, audiences: &[&str]) -> Result<SpendOnce, BadAssertion> {
        let token = key().sign(Typ::ClientAssertion, claims).unwrap();
        let keys = KeySet::of(vec![key().public().clone()]);
        let expected = Expected {
            client_id: "library",
            keys: &keys,
            algorithms: &SigningAlgorithm::ALL,
            audiences,
            audience_is_text: false,
            now: Timestamp::from_second(NOW).unwrap(),
        };
        check(read(&token)?, expected)
    }

    fn refusal(claims: &Value) -> BadAssertion {
        judge(claims, &[ISSUER]).unwrap_err()
    }

    #[test] // OID-12
    fn an_assertion_has_its_own_id_until_it_is_too_old() {
        let first = judge(&good(), &[ISSUER]).unwrap();
        assert_eq!(first.until, Timestamp::from_second(NOW + 90).unwrap());
        assert_eq!(judge(&good(), &[ISSUER]).unwrap(), first);
        let other = judge(&with("jti", json!("two")), &[ISSUER]).unwrap();
        assert_ne!(other.id, first.id);
        for odd in [json!(null), json!(""), json!(7), json!("j".repeat(257))] {
            assert_eq!(refusal(&with("jti", odd)), BadAssertion::Claim("jti"));
        }
    }

    #[test] // OID-12
    fn it_is_for_us_alone() {
        let aud = |value: Value, audiences: &[&str]| judge(&with("aud", value), audiences).is_ok();
        assert!(aud(json!([ISSUER]), &[ISSUER]));
        assert!(aud(json!(TOKEN), &[ISSUER, TOKEN]));
        for odd in [
            json!(TOKEN),
            json!([ISSUER, "https://other.example"]),
            json!([ISSUER, ISSUER]),
            json!([]),
            json!("https://id.example.edu/"),
            json!("HTTPS://id.example.edu"),
            json!("https://id.example.edu.evil.example"),
        ] {
            assert_eq!(refusal(&with("aud", odd)), BadAssertion::Audience);
        }
        assert_eq!(refusal(&with("aud", json!(null))), BadAssertion::Audience);
        assert_eq!(refusal(&with("aud", json!(1))), BadAssertion::Claim("aud"));
    }

    #[test]
    fn it_is_the_clients_own() {
        for name in ["iss", "sub"] {
            for odd in [json!(null), json!("other"), json!("library ")] {
                assert_eq!(refusal(&with(name, odd)), BadAssertion::Client);
            }
            assert_eq!(refusal(&with(name, json!(1))), BadAssertion::Claim(name));
        }
        let token = key().sign(Typ::ClientAssertion, &good()).unwrap();
        assert_eq!(claimed_client(&read(&token).unwrap()), Some("library"));
    }

    #[test] // OID-12: life of five minutes, clocks that differ by half a minute
    fn it_lives_for_minutes() {
        let exp = |seconds: i64| judge(&with("exp", json!(NOW + seconds)), &[ISSUER]).err();
        assert_eq!(exp(330), None);
        assert_eq!(exp(331), Some(BadAssertion::TooLong));
        assert_eq!(exp(24 * 3600), Some(BadAssertion::TooLong));
        assert_eq!(exp(-29), None);
        assert_eq!(exp(-30), Some(BadAssertion::Expired));
        for odd in [json!(null), json!("soon"), json!(-1), json!(1e300)] {
            assert_eq!(refusal(&with("exp", odd)), BadAssertion::Claim("exp"));
        }
        for name in ["iat", "nbf"] {
            let begins = |by: i64| judge(&with(name, json!(NOW + by)), &[ISSUER]).err();
            assert_eq!(begins(30), None);
            assert_eq!(begins(31), Some(BadAssertion::Early));
            assert_eq!(begins(-3600), None);
            assert_eq!(judge(&with(name, json!(null)), &[ISSUER]).err(), None);
            assert_eq!(refusal(&with(name, json!("x"))), BadAssertion::Claim(name));
        }
    }

    #[test] // OID-06, OID-17
    fn another_key_algorithm_or_type_is_refused() {
        let now = Timestamp::from_second(NOW).unwrap();
        let verdict = |typ, algorithms: &[SigningAlgorithm]| {
            let token = key().sign(typ, &good()).unwrap();
            let keys = KeySet::of(vec![key().public().clone()]);
            let expected = Expected {
                client_id: "library",
                keys: &keys,
                algorithms,
                audiences: &[ISSUER],
                audience_is_text: true,
                now,
            };
            check(read(&token)?, expected).map(|_| ())
        };
        let es256 = &[SigningAlgorithm::Es256];
        assert_eq!(verdict(Typ::ClientAssertion, es256), Ok(()));
        assert_eq!(
            verdict(Typ::ClientAssertion, &[SigningAlgorithm::Ps256]),
            Err(BadToken::Algorithm.into())
        );
        for typ in [Typ::AccessToken, Typ::LogoutToken, Typ::DpopProof] {
            assert_eq!(verdict(typ, es256), Err(BadToken::Type.into()));
        }
    }

    proptest! {
        #[test] // OID-12, OID-33: signed by the client, whatever else it says
        fn only_whole_claims_prove_a_client(changed in any_change(good()), beside in any_object()) {
            let mut claims = beside.as_object().unwrap().clone();
            claims.extend(changed);
            let claims = Value::Object(claims);
            if judge(&claims, &[ISSUER]).is_ok() {
                prop_assert_eq!((&claims["iss"], &claims["sub"]), (&json!("library"), &json!("library")));
                prop_assert!(claims["aud"] == ISSUER || claims["aud"] == json!([ISSUER]));
                prop_assert!(claims["jti"].as_str().is_some_and(|id| !id.is_empty()));
                prop_assert!(claims["exp"].is_number());
            }
        }
    }
}
