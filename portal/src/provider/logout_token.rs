//! Back-Channel Logout 1.0 §2.6: a logout token, believed only whole.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::tokens::{ALGORITHMS, SKEW};
use super::{Away, Known, Provider};

/// The member of `events` that makes a token a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A token says at most so far ahead when it expires, or its `jti` would have to be kept long.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
const MOST_BYTES: usize = 8 * 1024;

/// Whose sessions end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogoutToken {
    pub(crate) jti: String,
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Why a token isn't believed, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLogoutToken {
    #[error("it is no signed token")]
    Form,
    #[error("its header asks for what isn't understood")]
    Header,
    #[error("its algorithm isn't one of ours")]
    Algorithm,
    #[error("no key of the provider has its name")]
    Key,
    #[error("its signature is wrong")]
    Signature,
    #[error("iss")]
    Issuer,
    #[error("aud")]
    Audience,
    #[error("exp")]
    Expired,
    #[error("iat")]
    Issued,
    #[error("events")]
    Events,
    #[error("it has a nonce")]
    Nonce,
    #[error("jti")]
    Id,
    #[error("neither sub nor sid")]
    Nobody,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Value,
    iat: i64,
    exp: i64,
    jti: String,
    sub: Option<String>,
    sid: Option<String>,
    events: serde_json::Map<String, Value>,
    nonce: Option<Value>,
}

/// A token taken apart, nothing of it believed.
struct Parts<'a> {
    signed: &'a str,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn take_apart(token: &str) -> Option<Parts<'_>> {
    if token.len() > MOST_BYTES {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    Some(Parts {
        signed,
        header: serde_json::from_slice(&decode(header)?).ok()?,
        payload: decode(payload)?,
        signature: decode(signature)?,
    })
}

impl Provider {
    /// Believes a logout token for `client_id`, or says why not. Whether it was used before is for
    /// the caller to ask.
    ///
    /// # Errors
    /// [`Away`] outside when no key of the provider is known at all.
    pub(crate) async fn believe_logout(
        &self,
        client_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<LogoutToken, BadLogoutToken>, Away> {
        let known = self.known(now).await?;
        Ok(match believe(&known, client_id, token, now) {
            Err(BadLogoutToken::Key | BadLogoutToken::Signature) => {
                let known = self.with_new_keys(now).await?;
                believe(&known, client_id, token, now)
            }
            other => other,
        })
    }
}

fn believe(
    known: &Known,
    client_id: &str,
    token: &str,
    now: Timestamp,
) -> Result<LogoutToken, BadLogoutToken> {
    let parts = take_apart(token).ok_or(BadLogoutToken::Form)?;
    check_header(&parts.header)?;
    check_signature(known, &parts)?;
    let claims: Claims =
        serde_json::from_slice(&parts.payload).map_err(|_| BadLogoutToken::Form)?;
    check_claims(&claims, known, client_id, now)?;
    Ok(LogoutToken {
        jti: claims.jti,
        sub: claims.sub,
        sid: claims.sid,
        issued_at: Timestamp::from_second(claims.iat).unwrap_or(now),
        expires_at: Timestamp::from_second(claims.exp).unwrap_or(now),
    })
}

/// §2.4: `logout+jwt` is recommended, not required. What another kind of token names itself, such
/// as `at+jwt`, is refused (OID-17).
fn check_header(header: &Header) -> Result<(), BadLogoutToken> {
    let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    if header.crit.is_some() || !["logout+jwt", "jwt"].contains(&kind) {
        return Err(BadLogoutToken::Header);
    }
    if ALGORITHMS.contains(&header.alg) {
        Ok(())
    } else {
        Err(BadLogoutToken::Algorithm)
    }
}

/// The key is the one of that name, and serves the algorithm that it was published for (OID-06);
/// keys that the token itself brings are not looked at (OID-08).
fn check_signature(known: &Known, parts: &Parts<'_>) -> Result<(), BadLogoutToken> {
    let algorithm = &parts.header.alg;
    let serves = |key: &&CoreJsonWebKey| match key.signing_alg() {
        JsonWebKeyAlgorithm::Algorithm(alg) => alg == algorithm,
        JsonWebKeyAlgorithm::Unspecified => true,
        JsonWebKeyAlgorithm::Unsupported => false,
    };
    let named = |key: &&CoreJsonWebKey| {
        let kid = parts.header.kid.as_deref();
        kid.is_some() && key.key_id().map(|id| id.as_str()) == kid
    };
    let key = known
        .metadata
        .jwks()
        .keys()
        .iter()
        .filter(named)
        .find(serves)
        .ok_or(BadLogoutToken::Key)?;
    key.verify_signature(algorithm, parts.signed.as_bytes(), &parts.signature)
        .map_err(|_| BadLogoutToken::Signature)
}

fn check_claims(
    claims: &Claims,
    known: &Known,
    client_id: &str,
    now: Timestamp,
) -> Result<(), BadLogoutToken> {
    let for_us = match &claims.aud {
        Value::String(one) => one == client_id,
        Value::Array(all) => all.iter().any(|one| one == client_id),
        _ => false,
    };
    let (now, skew) = (now.as_second(), SKEW.as_secs());
    let asked = |holds: bool, why| if holds { Ok(()) } else { Err(why) };
    asked(
        claims.iss == known.metadata.issuer().as_str(),
        BadLogoutToken::Issuer,
    )?;
    asked(for_us, BadLogoutToken::Audience)?;
    asked(
        claims.exp.saturating_add(skew) > now
            && claims.exp <= now.saturating_add(LONGEST.as_secs()),
        BadLogoutToken::Expired,
    )?;
    asked(
        claims.iat <= now + skew && claims.iat >= now - LONGEST.as_secs(),
        BadLogoutToken::Issued,
    )?;
    asked(
        claims.events.get(EVENT).is_some_and(Value::is_object),
        BadLogoutToken::Events,
    )?;
    asked(claims.nonce.is_none(), BadLogoutToken::Nonce)?;
    asked(
        !claims.jti.is_empty() && claims.jti.len() <= 256,
        BadLogoutToken::Id,
    )?;
    asked(
        claims.sub.is_some() || claims.sid.is_some(),
        BadLogoutToken::Nobody,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test] // OID-33: read to its end, whatever it is, and never as two texts
        fn a_token_is_taken_apart_in_one_way(
            text in "\\PC{0,200}|[A-Za-z0-9_.=-]{0,200}",
            parts in prop::array::uniform3("\\PC{0,60}"),
        ) {
            let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
            let made = parts.each_ref().map(|part| encode(part)).join(".");
            for token in [&text, &made] {
                if let Some(read) = take_apart(token) {
                    let signature = URL_SAFE_NO_PAD.encode(&read.signature);
                    prop_assert_eq!(&format!("{}.{signature}", read.signed), token);
                    let claims = serde_json::from_slice::<Claims>(&read.payload);
                    prop_assert!(claims.is_err() || token == &made);
                }
            }
        }

        #[test] // OID-06, OID-17: of all headers only those of a signed logout token pass
        fn no_other_header_passes(
            alg in "none|None|HS256|ES256|RS256|PS256|EdDSA|[A-Z0-9]{0,6}",
            typ in prop::option::of("logout\\+jwt|JWT|at\\+jwt|dpop\\+jwt|[a-z+]{0,12}"),
            crit in any::<bool>(),
        ) {
            let mut header = serde_json::json!({ "alg": alg, "kid": "k" });
            if let Some(typ) = &typ {
                header["typ"] = typ.as_str().into();
            }
            if crit {
                header["crit"] = serde_json::json!(["b64"]);
            }
            if let Ok(header) = serde_json::from_value::<Header>(header)
                && check_header(&header).is_ok()
            {
                prop_assert!(!crit && !alg.eq_ignore_ascii_case("none") && !alg.starts_with("HS"));
                let typ = typ.unwrap_or("JWT".into()).to_ascii_lowercase();
                prop_assert!(["jwt", "logout+jwt"].contains(&typ.as_str()));
            }
        }
    }
}
