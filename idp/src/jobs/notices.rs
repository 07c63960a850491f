//! Delivers logout notices: many at once, few to one host, each leased, so that any node may and
//! another does when one dies.

use std::sync::Arc;
use std::time::Duration;

use idp_storage::DbError;
use idp_storage::logouts::KINDS;
use idp_storage::outbox::{self, LaneClaim, Leased};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::logout;

/// Requests of one node under way at once.
const MOST: usize = 32;
/// Of all nodes to one host (XML-06).
const PER_LANE: i64 = 4;
const LOOK: Duration = Duration::from_millis(500);
/// Longer than a request may take.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// Works until told to stop, then lets the requests under way come to their end.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut under_way = JoinSet::new();
    loop {
        match claim(&app, MOST - under_way.len()).await {
            Ok(leased) => {
                for message in leased {
                    under_way.spawn(deliver(Arc::clone(&app), message));
                }
            }
            Err(error) => tracing::warn!(%error, "logout notices could not be looked for"),
        }
        tokio::select! {
            // A place is free, of the node and of the host.
            Some(_) = under_way.join_next() => {}
            () = app.notice_bell.rung() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// Delivers what is due now, and comes back when each of these has its answer; gives how many.
///
/// # Errors
/// [`DbError`]; leases run out, and another look takes them again.
pub async fn deliver_due(app: &Arc<App>) -> Result<usize, DbError> {
    let leased = claim(app, MOST).await?;
    let taken = leased.len();
    let mut under_way = JoinSet::new();
    for message in leased {
        under_way.spawn(deliver(Arc::clone(app), message));
    }
    while under_way.join_next().await.is_some() {}
    Ok(taken)
}

async fn claim(app: &App, room: usize) -> Result<Vec<Leased>, DbError> {
    let now = app.clock.now();
    let Some(limit) = i64::try_from(room).ok().filter(|room| *room > 0) else {
        return Ok(Vec::new());
    };
    // The writer is everybody's: only when there is something.
    if !outbox::is_claimable(&mut app.db.read().await?, KINDS, PER_LANE, now).await? {
        return Ok(Vec::new());
    }
    let what = LaneClaim {
        kinds: KINDS,
        per_lane: PER_LANE,
        until: now.checked_add(LEASE).unwrap_or(Timestamp::MAX),
        limit,
    };
    let mut tx = app.db.write().await?;
    let leased = outbox::claim_by_lane(&mut tx, what, now).await?;
    tx.commit().await?;
    Ok(leased)
}

async fn deliver(app: Arc<App>, message: Leased) {
    if let Err(error) = logout::deliver(&app, &message).await {
        // The lease runs out, and the application is told the same again.
        tracing::warn!(id = %message.id, %error, "what came of a logout notice can't be kept");
    }
}

/// Says how many wait.
///
/// # Errors
/// [`DbError`]
pub async fn gauge(app: &App) -> Result<(), DbError> {
    let mut conn = app.db.read().await?;
    let mut pending = 0;
    for kind in KINDS {
        pending += outbox::pending(&mut conn, kind).await?;
    }
    let pending = u32::try_from(pending).unwrap_or(u32::MAX);
    metrics::gauge!("logout_notices_pending").set(f64::from(pending));
    Ok(())
}
