//! What is asked at the token and userinfo endpoints, and what is believed of the answers.

use chrono::DateTime;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreErrorResponseType, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, Nonce, NonceVerifier,
    OAuth2TokenResponse, PkceCodeVerifier, RefreshToken, RequestTokenError,
    SignatureVerificationError, SubjectIdentifier, TokenResponse, UserInfoError,
};
use serde::{Deserialize, Serialize};

use super::client::{Client, SessionClaims, TokenAnswer};
use super::{Away, Known, Provider, UserInfo, client};
use crate::config::Config;

/// The algorithms a provider's tokens may be signed with; never `none`, and none that our secret
/// could sign (OID-06).
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// An ID token was made just now, or it isn't for this sign-in.
const YOUNG: SignedDuration = SignedDuration::from_mins(10);
/// Two machines' clocks.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Of a provider that doesn't say how long its access tokens live.
const USUAL_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// Why an answer isn't used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAnswer {
    /// Another try may succeed.
    #[error("{0}")]
    Away(String),
    /// It was asked, and whether it did what it was asked for isn't known: no answer came, or none
    /// that can be read.
    #[error("{0}")]
    Lost(String),
    /// The code or refresh token isn't taken: used, too old, or its session has ended.
    #[error("the provider says invalid_grant")]
    Ended,
    /// The provider doesn't know us as we are configured.
    #[error("the provider refuses the hall: {0}")]
    Refused(String),
    /// A token is none that we may believe.
    #[error("{0}")]
    Untrusted(String),
}

impl From<Away> for BadAnswer {
    fn from(away: Away) -> Self {
        Self::Away(away.to_string())
    }
}

/// The tokens of a session. They stay on the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    /// For `id_token_hint`.
    pub(crate) id: String,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(…)")
    }
}

/// Whom a sign-in proved.
#[derive(Debug)]
pub(crate) struct SignedInAs {
    pub(crate) subject: String,
    pub(crate) sid: Option<String>,
    pub(crate) tokens: Kept,
    pub(crate) access_until: Timestamp,
    /// When the ID token was made.
    pub(crate) issued_at: Timestamp,
}

/// What an ID token is compared with.
struct Expected<'a, N> {
    nonce: N,
    /// Of a renewal: the same person as before (Core 12.2).
    subject: Option<&'a str>,
    now: Timestamp,
}

impl Provider {
    /// Turns a code into tokens.
    ///
    /// # Errors
    /// [`BadAnswer`]; then nobody is signed in.
    pub(crate) async fn redeem(
        &self,
        config: &Config,
        code: String,
        verifier: String,
        nonce: &str,
        now: Timestamp,
    ) -> Result<SignedInAs, BadAnswer> {
        let known = self.known(now).await?;
        let client = client(config, &known.metadata);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| BadAnswer::Refused(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let nonce = Nonce::new(nonce.to_owned());
        let check = |known: &Known| {
            let expected = Expected {
                nonce: &nonce,
                subject: None,
                now,
            };
            believe(&super::client(config, &known.metadata), &answer, expected)
        };
        let believed = self.with_keys(known, now, check).await?;
        believed.ok_or_else(|| BadAnswer::Untrusted("the answer has no ID token".into()))
    }

    /// New tokens for old ones.
    ///
    /// # Errors
    /// [`BadAnswer::Ended`] when the session at the provider is over.
    pub(crate) async fn refresh(
        &self,
        config: &Config,
        subject: &str,
        old: &Kept,
        now: Timestamp,
    ) -> Result<(Kept, Timestamp), BadAnswer> {
        let known = self.known(now).await?;
        let refresh = old.refresh.clone().ok_or(BadAnswer::Ended)?;
        let client = client(config, &known.metadata);
        let answer = client
            .exchange_refresh_token(&RefreshToken::new(refresh))
            .map_err(|error| BadAnswer::Refused(error.to_string()))?
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let check = |known: &Known| {
            let expected = Expected {
                // Core 12.2: a renewed ID token need not have one.
                nonce: |_: Option<&Nonce>| Ok(()),
                subject: Some(subject),
                now,
            };
            believe(&super::client(config, &known.metadata), &answer, expected)
        };
        // The refresh token is used by now: who couldn't read the keys comes again at once.
        let believed = self.with_keys(known, now, check).await;
        let believed = believed.map_err(|error| match error {
            BadAnswer::Away(reason) => BadAnswer::Lost(reason),
            other => other,
        })?;
        let (id, until) = match believed {
            Some(new) => (new.tokens.id, new.access_until),
            None => (old.id.clone(), access_until(&answer, now)),
        };
        let renewed = answer.refresh_token().map(|token| token.secret().clone());
        let kept = Kept {
            access: answer.access_token().secret().clone(),
            refresh: renewed.or_else(|| old.refresh.clone()),
            id,
        };
        Ok((kept, until))
    }

    /// What the provider tells of the person.
    ///
    /// # Errors
    /// [`BadAnswer`], also when it tells of somebody else.
    pub(crate) async fn userinfo(
        &self,
        config: &Config,
        subject: &str,
        access: &str,
        now: Timestamp,
    ) -> Result<UserInfo, BadAnswer> {
        let known = self.known(now).await?;
        let client = client(config, &known.metadata);
        client
            .user_info(
                AccessToken::new(access.to_owned()),
                Some(SubjectIdentifier::new(subject.to_owned())),
            )
            .map_err(|error| BadAnswer::Refused(error.to_string()))?
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                UserInfoError::Request(error) => BadAnswer::Away(error.to_string()),
                UserInfoError::Response(status, ..) => {
                    BadAnswer::Refused(format!("userinfo: {status}"))
                }
                other => BadAnswer::Untrusted(other.to_string()),
            })
    }

    /// Checks with the keys that are known and, when none of them fits, with new ones.
    async fn with_keys<T>(
        &self,
        known: std::sync::Arc<Known>,
        now: Timestamp,
        check: impl Fn(&Known) -> Result<T, ClaimsVerificationError>,
    ) -> Result<T, BadAnswer> {
        let untrusted = |error: ClaimsVerificationError| BadAnswer::Untrusted(error.to_string());
        match check(&known) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::CryptoError(_),
            )) => check(&*self.with_new_keys(now).await?).map_err(untrusted),
            other => other.map_err(untrusted),
        }
    }
}

fn token_error(
    error: RequestTokenError<
        super::HttpError,
        openidconnect::StandardErrorResponse<CoreErrorResponseType>,
    >,
) -> BadAnswer {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => BadAnswer::Ended,
            // The description isn't ours to log: it may quote the request.
            other => BadAnswer::Refused(other.as_ref().to_owned()),
        },
        RequestTokenError::Request(error) if error.may_be_done() => {
            BadAnswer::Lost(error.to_string())
        }
        RequestTokenError::Request(error) => BadAnswer::Away(error.to_string()),
        RequestTokenError::Parse(error, body) if has_tokens(&body) => {
            BadAnswer::Untrusted(error.to_string())
        }
        RequestTokenError::Parse(error, _) => BadAnswer::Lost(error.to_string()),
        RequestTokenError::Other(error) => BadAnswer::Away(error),
    }
}

/// The provider's own answer, whatever is wrong with it, and no gateway's page in its place.
fn has_tokens(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Tokens {
        #[serde(rename = "access_token")]
        _access: String,
    }
    serde_json::from_slice::<Tokens>(body).is_ok()
}

/// OIDC Core 3.1.3.7: the ID token of an answer, where it has one.
fn believe(
    client: &Client,
    answer: &TokenAnswer,
    expected: Expected<'_, impl NonceVerifier>,
) -> Result<Option<SignedInAs>, ClaimsVerificationError> {
    let Some(token) = answer.id_token() else {
        return Ok(None);
    };
    let now = expected.now;
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || DateTime::from_timestamp(now.as_second(), 0).unwrap_or_default())
        .set_issue_time_verifier_fn(move |at| {
            let age = now.as_second() - at.timestamp();
            if (-SKEW.as_secs()..=YOUNG.as_secs()).contains(&age) {
                Ok(())
            } else {
                Err(format!("issued {age} s ago"))
            }
        });
    let claims = token.claims(&verifier, expected.nonce)?;
    if let Some(party) = claims.authorized_party()
        && party.as_str() != client.client_id().as_str()
    {
        return Err(ClaimsVerificationError::InvalidAudience("azp".into()));
    }
    let subject = claims.subject().as_str();
    if subject.is_empty() || expected.subject.is_some_and(|before| before != subject) {
        return Err(ClaimsVerificationError::InvalidSubject("sub".into()));
    }
    // Core 3.1.3.8: the access token is the one that the ID token was given with.
    let unsigned = ClaimsVerificationError::SignatureVerification;
    if let Some(hash) = claims.access_token_hash() {
        let key = token.signing_key(&verifier).map_err(unsigned)?;
        let algorithm = token.signing_alg().map_err(unsigned)?;
        let ours = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
        if ours.ok().as_ref() != Some(hash) {
            return Err(ClaimsVerificationError::Other("at_hash".into()));
        }
    }
    let SessionClaims { sid } = claims.additional_claims();
    Ok(Some(SignedInAs {
        subject: subject.to_owned(),
        sid: sid.clone(),
        access_until: access_until(answer, now),
        issued_at: Timestamp::from_second(claims.issue_time().timestamp()).unwrap_or(now),
        tokens: Kept {
            access: answer.access_token().secret().clone(),
            refresh: answer.refresh_token().map(|token| token.secret().clone()),
            id: token.to_string(),
        },
    }))
}

fn access_until(answer: &TokenAnswer, now: Timestamp) -> Timestamp {
    let life = answer
        .expires_in()
        .and_then(|life| SignedDuration::try_from(life).ok())
        .unwrap_or(USUAL_LIFE);
    now.saturating_add(life).unwrap_or(now)
}
