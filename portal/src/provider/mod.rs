//! The identity provider, as the hall knows it: its metadata and keys, kept and renewed; what is
//! asked of it; what it tells on its own.

mod client;
mod http;
mod logout_token;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use jiff::{SignedDuration, Timestamp};
use openidconnect::{EndSessionUrl, IssuerUrl, JsonWebKeySet};
use tokio::sync::Mutex;

use crate::config::Config;

pub(crate) use client::{UserInfo, client};
pub use http::NoClient;
pub(crate) use http::{Http, HttpError};
pub(crate) use logout_token::LogoutToken;
pub(crate) use tokens::{BadAnswer, Kept, SignedInAs};

use client::Metadata;

/// Metadata and keys older than this are read again, in the background.
const RENEW_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// While the provider is away it is asked this often, and no more.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(3);
/// For a key that isn't known the keys are read again, this often at most: whoever sends tokens
/// with invented keys must not make us flood the provider. A key that signs was published for
/// longer than that, so that keys just read have it.
const KEYS_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// What the provider published.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) metadata: Metadata,
    read_at: Timestamp,
    keys_at: Timestamp,
}

impl Known {
    /// Where sign-outs go (RP-Initiated Logout 1.0 §2.1).
    pub(crate) fn end_session(&self) -> Option<&url::Url> {
        let extra = self.metadata.additional_metadata();
        extra.end_session_endpoint.as_ref().map(EndSessionUrl::url)
    }

    /// Whether every answer names its issuer (RFC 9207 §3).
    pub(crate) fn names_itself(&self) -> bool {
        self.metadata
            .additional_metadata()
            .additional_metadata
            .authorization_response_iss_parameter_supported
    }
}

/// The provider can't be reached, or says what can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity provider is away")]
pub(crate) struct Away;

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) http: Http,
    issuer: String,
    known: ArcSwapOption<Known>,
    /// It was asked in vain the last time.
    failed: AtomicBool,
    /// When it was last asked in vain. Locked while it is asked, so that one asks for all.
    asking: Mutex<Option<Timestamp>>,
}

impl Provider {
    /// # Errors
    /// When no HTTPS client can be made on this machine.
    pub(crate) fn new(config: &Config) -> Result<Self, NoClient> {
        Ok(Self {
            http: Http::new(config.authorities.as_deref(), config.patience)?,
            issuer: config.issuer.clone(),
            known: ArcSwapOption::empty(),
            failed: AtomicBool::new(false),
            asking: Mutex::new(None),
        })
    }

    /// What is known now, without asking.
    pub(crate) fn current(&self) -> Option<Arc<Known>> {
        self.known.load_full()
    }

    /// Nothing is known, and it was asked for.
    pub(crate) fn is_away(&self) -> bool {
        self.failed.load(Ordering::Relaxed) && self.current().is_none()
    }

    /// What is known; asked for where nothing is, but not in every request.
    pub(crate) async fn known(&self, now: Timestamp) -> Result<Arc<Known>, Away> {
        match self.current() {
            Some(known) => Ok(known),
            None => self.ask(now, |_| true).await,
        }
    }

    /// Reads again what has grown old. For the background.
    pub(crate) async fn renew(&self, now: Timestamp) {
        let old = |known: &Known| now.duration_since(known.read_at) >= RENEW_AFTER;
        if self.current().is_none_or(|known| old(&known)) {
            let _away = self.ask(now, old).await;
        }
    }

    /// The keys once more, for a token that none of them signed.
    ///
    /// # Errors
    /// [`Away`] when they can't be read: the token may be good, and nobody is to be told that it
    /// isn't.
    pub(crate) async fn with_new_keys(&self, now: Timestamp) -> Result<Arc<Known>, Away> {
        let mut failed_at = self.asking.lock().await;
        let known = self.current().ok_or(Away)?;
        if now.duration_since(known.keys_at) < KEYS_AFTER {
            return Ok(known);
        }
        if failed_at.is_some_and(|at| now.duration_since(at) < RETRY_AFTER) {
            return Err(Away);
        }
        let keys = JsonWebKeySet::fetch_async(known.metadata.jwks_uri(), &self.http).await;
        let keys = keys.map_err(|error| {
            tracing::warn!(%error, "the identity provider's keys can't be read");
            *failed_at = Some(now);
            Away
        })?;
        *failed_at = None;
        let known = Arc::new(Known {
            metadata: known.metadata.clone().set_jwks(keys),
            read_at: known.read_at,
            keys_at: now,
        });
        self.known.store(Some(Arc::clone(&known)));
        Ok(known)
    }

    /// Asks, unless another request just did and what it got needs no renewal.
    async fn ask(&self, now: Timestamp, old: impl Fn(&Known) -> bool) -> Result<Arc<Known>, Away> {
        let mut failed_at = self.asking.lock().await;
        let known = self.current();
        let recent = failed_at.is_some_and(|at| now.duration_since(at) < RETRY_AFTER);
        match known {
            Some(known) if recent || !old(&known) => return Ok(known),
            None if recent => return Err(Away),
            _ => {}
        }
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|_| Away)?;
        match Metadata::discover_async(issuer, &self.http).await {
            Ok(metadata) => {
                self.failed.store(false, Ordering::Relaxed);
                if failed_at.take().is_some() {
                    tracing::info!("the identity provider is back");
                }
                let known = Arc::new(Known {
                    metadata,
                    read_at: now,
                    keys_at: now,
                });
                self.known.store(Some(Arc::clone(&known)));
                Ok(known)
            }
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                if failed_at.replace(now).is_none() {
                    tracing::warn!(issuer = self.issuer, %error, "the identity provider is away");
                }
                // Old metadata serve as long as their keys do.
                self.current().ok_or(Away)
            }
        }
    }
}
