//! Delivers the codes that wait in the outbox: leased, so that any node may, with retry and an
//! end. Logout notices have a worker of their own (`notices`), and can't hold these up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use idp_domain::accounts::PhoneNumber;
use idp_domain::secrets::Use;
use idp_storage::outbox::{self, Claim, Leased};
use idp_storage::{DbError, one_time_codes};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use crate::app::App;
use crate::factors::codes::{CodeMessage, OUTBOX_KIND, OUTBOX_PLACE};

/// How a message fared at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Sent,
    /// The number's own limits, or a country that isn't served.
    Limited,
}

/// The gateway can't be asked now; the same message is given to it again later.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Undelivered(pub String);

/// What a hand-over to the gateway comes to.
type Sending = BoxFuture<'static, Result<Delivery, Undelivered>>;

/// The SMS gateway, as the program that knows both parts hands it over.
#[derive(Clone)]
pub struct SmsSender {
    /// Takes the message, its idempotency key, and the time.
    pub send: Arc<dyn Fn(CodeMessage, String, Timestamp) -> Sending + Send + Sync>,
    /// Whether the gateway would send to this number at all (SMS-05).
    pub permits: Arc<dyn Fn(&PhoneNumber) -> bool + Send + Sync>,
}

impl std::fmt::Debug for SmsSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsSender(…)")
    }
}

const LOOK: Duration = Duration::from_millis(500);
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const BATCH: i64 = 20;
/// A code is worth nothing later.
const WORTHLESS_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Woken when this node put something in, so that its visitor need not wait for the next look.
#[derive(Debug, Default)]
pub struct Bell(Notify);

impl Bell {
    pub fn ring(&self) {
        self.0.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.0.notified().await;
    }
}

/// Works until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        match deliver_due(&app).await {
            // More may wait.
            Ok(delivered) if delivered > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the outbox could not be worked on"),
        }
        tokio::select! {
            () = app.bell.rung() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Delivers what is due now; gives how many were taken.
///
/// # Errors
/// [`DbError`]; leases run out, and another look takes them again.
pub async fn deliver_due(app: &App) -> Result<usize, DbError> {
    let now = app.clock.now();
    let until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
    let mut tx = app.db.write().await?;
    let what = Claim {
        kind: OUTBOX_KIND,
        until,
        limit: BATCH,
    };
    let leased = outbox::claim(&mut tx, what, now).await?;
    tx.commit().await?;
    let taken = leased.len();
    for message in leased {
        deliver(app, message).await?;
    }
    Ok(taken)
}

async fn deliver(app: &App, leased: Leased) -> Result<(), DbError> {
    let now = app.clock.now();
    let Some(message) = open(app, &leased) else {
        tracing::error!(id = %leased.id, "a message in the outbox can't be opened");
        return finish(app, &leased, None, "unreadable").await;
    };
    if now.duration_since(leased.created_at) > WORTHLESS_AFTER {
        return finish(app, &leased, Some(&message), "failed").await;
    }
    let sent = if message.to.is_some() {
        (app.sms.send)(message.clone(), leased.id.to_string(), now).await
    } else {
        // Nobody has the number that was typed: the same way, and nothing goes out.
        Ok(Delivery::Sent)
    };
    match sent {
        Ok(Delivery::Sent) => finish(app, &leased, Some(&message), "sent").await,
        Ok(Delivery::Limited) => finish(app, &leased, Some(&message), "limited").await,
        Err(error) => {
            tracing::warn!(id = %leased.id, %error, attempts = leased.attempts, "not delivered");
            let backoff = SignedDuration::from_secs(1 << leased.attempts.clamp(0, 6));
            let next_at = now.checked_add(backoff).unwrap_or(now);
            let mut tx = app.db.write().await?;
            outbox::retry(&mut tx, &leased, next_at).await?;
            tx.commit().await
        }
    }
}

fn open(app: &App, leased: &Leased) -> Option<CodeMessage> {
    let json = app
        .keys
        .open(Use::Outbox, OUTBOX_PLACE, &leased.payload_enc)
        .ok()?;
    serde_json::from_slice(&json).ok()
}

async fn finish(
    app: &App,
    leased: &Leased,
    message: Option<&CodeMessage>,
    result: &str,
) -> Result<(), DbError> {
    let now = app.clock.now();
    let mut tx = app.db.write().await?;
    outbox::done(&mut tx, leased.id, result, now).await?;
    if let Some(message) = message {
        one_time_codes::note_delivery(&mut tx, message.code_id, result).await?;
    }
    tx.commit().await
}
