use std::sync::Arc;

use jiff::Timestamp;
use migrations::{Db, DbError};
use rand::CryptoRng;
use uuid::{Builder, Uuid};

use crate::store::{self, Bucket, Request};
use crate::{
    Config, ConfigError, Deployment, Inbox, InboxMessage, Limits, Message, NumberKey, PhoneNumber,
    ProviderName,
};

/// Accepts messages within limits and hands them to the provider. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway {
    db: Db,
    config: Arc<Config>,
    key: NumberKey,
    provider: Provider,
}

/// Who carries the messages.
#[derive(Clone, Debug)]
enum Provider {
    Inbox(Inbox),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Handed to the provider, now or when its idempotency key came before.
    Accepted { id: Uuid },
    /// The number, or its country, had its share: another message (with a key of its own) is
    /// accepted from `retry_at` on. Nothing was counted.
    Limited { retry_at: Timestamp },
    /// Never accepted as things are configured. Nothing was kept.
    Refused(Refusal),
}

/// Why a number is not written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("phones of this country get no messages here")]
    Country,
    #[error("numbers of virtual operators get messages only for somebody who is signed in")]
    VirtualOperator,
}

/// Why it isn't known what became of a message.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Submit it again with the same key later: what was done is not done twice.
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("an idempotency key has 1 to 128 printable ASCII characters")]
    KeyFormat,
    /// A defect of the caller.
    #[error("this idempotency key came before with another message")]
    KeyReused,
}

impl Gateway {
    /// Takes a database that has the tables of [`migrations::SMS`].
    ///
    /// # Errors
    /// The first value of `config` that can't be used.
    pub fn new(
        db: Db,
        config: Config,
        key: NumberKey,
        deployment: Deployment,
    ) -> Result<Self, ConfigError> {
        config.validate(deployment)?;
        let provider = match config.provider {
            ProviderName::Inbox => Provider::Inbox(Inbox::new(db.clone())),
        };
        Ok(Self {
            db,
            config: Arc::new(config),
            key,
            provider,
        })
    }

    /// Whether this number may be written to at all: to be asked before a message is queued
    /// (SMS-05). [`submit`](Self::submit) asks it too.
    pub fn permits(&self, to: &PhoneNumber, signed_in: bool) -> Result<(), Refusal> {
        if !to.is_mainland() && !self.config.countries.contains_key(to.country()) {
            return Err(Refusal::Country);
        }
        if to.is_virtual_operator() && !signed_in {
            return Err(Refusal::VirtualOperator);
        }
        Ok(())
    }

    /// Decides about a message and, within the limits, hands it to the provider: exactly once for
    /// each idempotency key, however often and by how many it is submitted (SMS-08).
    ///
    /// An attempt counts whether the message arrives or not.
    pub async fn submit(
        &self,
        message: &Message,
        now: Timestamp,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Outcome, SubmitError> {
        if !is_idempotency_key(&message.idempotency_key) {
            return Err(SubmitError::KeyFormat);
        }
        if let Err(refusal) = self.permits(&message.to, message.signed_in) {
            return Ok(Outcome::Refused(refusal));
        }
        let body = message.body(&self.config.signature);
        let request = Request {
            id: new_id(now, rng),
            idempotency_key: &message.idempotency_key,
            mac: self.key.message(message, &body),
            number_key: self.key.number(&message.to),
            purpose: message.purpose.as_str(),
            now,
        };
        self.decide(message, &body, &request).await
    }

    async fn decide(
        &self,
        message: &Message,
        body: &str,
        request: &Request<'_>,
    ) -> Result<Outcome, SubmitError> {
        let mut tx = self.db.write().await?;
        if !store::claim(&mut tx, request).await? {
            let decided = store::find(&mut tx, request.idempotency_key).await?;
            if !decided.is_about(&request.mac) {
                return Err(SubmitError::KeyReused);
            }
            let limited = decided
                .retry_at()
                .map(|retry_at| Outcome::Limited { retry_at });
            return Ok(limited.unwrap_or(Outcome::Accepted { id: decided.id }));
        }
        let buckets = self.buckets(&message.to, request);
        let retry_at = store::count_attempt(&mut tx, request, &buckets).await?;
        let outcome = if let Some(retry_at) = retry_at {
            Outcome::Limited { retry_at }
        } else {
            let Provider::Inbox(inbox) = &self.provider;
            inbox
                .receive(&mut tx, request.id, &message.to, body, request.now)
                .await?;
            Outcome::Accepted { id: request.id }
        };
        tx.commit().await?;
        tracing::info!(
            id = %request.id,
            purpose = request.purpose,
            country = message.to.country(),
            accepted = matches!(outcome, Outcome::Accepted { .. }),
            "text message",
        );
        Ok(outcome)
    }

    /// The country first: it is the lock that more messages share.
    fn buckets(&self, to: &PhoneNumber, request: &Request<'_>) -> Vec<Bucket> {
        let country = self
            .config
            .countries
            .get(to.country())
            .map(|country| Bucket {
                key: self.key.country(to.country()),
                limits: Limits {
                    per_minute: country.per_day,
                    per_hour: country.per_day,
                    per_day: country.per_day,
                },
            });
        let number = Bucket {
            key: request.number_key,
            limits: self.config.limits,
        };
        country.into_iter().chain([number]).collect()
    }

    /// What the inbox received, the newest first, at most `limit` messages.
    pub async fn inbox(
        &self,
        to: Option<&PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<InboxMessage>, DbError> {
        let Provider::Inbox(inbox) = &self.provider;
        inbox.messages(to, limit).await
    }

    /// How many messages the inbox keeps.
    pub async fn inbox_count(&self) -> Result<u64, DbError> {
        let Provider::Inbox(inbox) = &self.provider;
        inbox.count().await
    }

    /// Deletes what is too old to matter: texts after 24 hours, counted attempts after 24 hours,
    /// idempotency keys after 7 days. Gives the number of rows. To be called every few minutes.
    pub async fn purge(&self, now: Timestamp) -> Result<u64, DbError> {
        let Provider::Inbox(inbox) = &self.provider;
        Ok(inbox.purge(now).await? + store::purge(&self.db, now).await?)
    }
}

fn is_idempotency_key(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
}

/// An id (version 7) of the injected clock and randomness.
fn new_id(now: Timestamp, rng: &mut impl CryptoRng) -> Uuid {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    let millis = now.as_millisecond().try_into().unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
