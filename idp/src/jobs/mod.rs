//! What a node does without being asked.

pub mod expiry;
pub mod keys;
pub mod notices;
pub mod outbox;
pub mod spraying;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;

/// How often the registry's version is looked at: a change reaches every node within a second.
const REGISTRY: Duration = Duration::from_millis(500);
const ALARM: Duration = Duration::from_secs(10);
const EXPIRY: Duration = Duration::from_mins(1);

/// Starts the jobs of a node; they end when `stop` turns true.
pub(crate) fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(outbox::run(Arc::clone(app), stop.clone()));
    jobs.spawn(notices::run(Arc::clone(app), stop.clone()));
    let node = Arc::clone(app);
    jobs.spawn(every(REGISTRY, stop.clone(), move || {
        let app = Arc::clone(&node);
        async move {
            if let Err(error) = app.applications.refresh_if_changed(&app.db).await {
                tracing::warn!(%error, "the registry of applications could not be read again");
            }
            if let Err(error) = keys::refresh(&app).await {
                tracing::warn!(%error, "the signing keys could not be read again");
            }
        }
    }));
    let node = Arc::clone(app);
    jobs.spawn(every(ALARM, stop.clone(), move || {
        let app = Arc::clone(&node);
        async move {
            if let Err(error) = spraying::watch(&app).await {
                tracing::warn!(%error, "the watch for spraying failed");
            }
            if let Err(error) = notices::gauge(&app).await {
                tracing::warn!(%error, "the logout notices could not be counted");
            }
        }
    }));
    let node = Arc::clone(app);
    jobs.spawn(every(EXPIRY, stop.clone(), move || {
        let app = Arc::clone(&node);
        async move {
            app.limiters.tidy();
            app.waiting.tidy(app.clock.now());
            if let Err(error) = keys::look_after(&app).await {
                tracing::error!(%error, "the signing keys could not be looked after");
            }
            if let Err(error) = expiry::sweep(&app).await {
                tracing::warn!(%error, "expired rows could not be removed");
            }
        }
    }));
    jobs
}

/// Runs `work` now and then after each `period`, until told to stop.
async fn every<F>(period: Duration, mut stop: watch::Receiver<bool>, mut work: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send,
{
    loop {
        work().await;
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
