//! Looks for one password tried on many accounts, which no counter of a single account sees
//! (BRU-04, PWD-02).

use std::sync::atomic::Ordering;

use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_storage::audit::{self, Entry};
use idp_storage::{DbError, alarms, failed_secrets};
use jiff::SignedDuration;

use crate::app::App;

/// How far back it looks.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Accounts on which one wrong password was tried.
const ONE_SECRET: i64 = 20;
/// Accounts not yet activated that saw a wrong initial password.
const INITIAL_ACCOUNTS: i64 = 100;
/// Activated accounts that saw a wrong password.
const ALL_ACCOUNTS: i64 = 500;
/// How long strangers are asked for a captcha then.
const STANDS: SignedDuration = SignedDuration::from_mins(30);

/// One look: raises the alarm if it must, and learns what other nodes raised.
///
/// # Errors
/// [`DbError`]; the alarm stays as it was.
pub async fn watch(app: &App) -> Result<(), DbError> {
    let now = app.clock.now();
    let since = now.checked_sub(WINDOW).unwrap_or(now);
    let mut conn = app.db.read().await?;
    let spread = failed_secrets::widest_spread(&mut conn, since).await?;
    let initial = failed_secrets::accounts_tried(&mut conn, true, since).await?;
    let own = failed_secrets::accounts_tried(&mut conn, false, since).await?;
    drop(conn);
    if spread >= ONE_SECRET || initial >= INITIAL_ACCOUNTS || own >= ALL_ACCOUNTS {
        raise(app, spread, initial, own).await?;
    }
    let mut conn = app.db.read().await?;
    let stands = alarms::is_active(&mut conn, alarms::SPRAYING, now).await?;
    app.alarm.store(stands, Ordering::Relaxed);
    metrics::gauge!("alarm_spraying").set(if stands { 1.0 } else { 0.0 });
    Ok(())
}

async fn raise(app: &App, spread: i64, initial: i64, own: i64) -> Result<(), DbError> {
    let now = app.clock.now();
    let until = now.checked_add(STANDS).unwrap_or(now);
    let detail = format!("one secret on {spread} accounts, {initial} initial, {own} own");
    let mut tx = app.db.write().await?;
    let new = alarms::raise(&mut tx, alarms::SPRAYING, &detail, now, until).await?;
    if new {
        let id = AuditId::new(now, &mut app.entropy.rng());
        let entry = Entry::new(id, now, Event::AlarmRaised, Outcome::Success)
            .because("spraying")
            .with("widest_spread", spread)
            .with("initial_accounts", initial)
            .with("own_accounts", own);
        audit::record(&mut tx, &entry).await?;
        tracing::error!(
            spread,
            initial,
            own,
            "passwords are being sprayed over the school"
        );
    }
    tx.commit().await
}
