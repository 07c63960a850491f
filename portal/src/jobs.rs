//! What goes on without anybody's request.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::signin;
use crate::store::{endings, sessions, spent};

/// The list of applications is so old at most.
const LIST: Duration = Duration::from_mins(1);
/// While something can't be had, it is asked for more often.
const SOON: Duration = Duration::from_secs(2);
const TIDY: Duration = Duration::from_mins(5);

/// They end when `stop` turns true.
pub(crate) fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(know_the_provider(Arc::clone(app), stop.clone()));
    jobs.spawn(tidy(Arc::clone(app), stop.clone()));
    jobs.spawn(finish_renewals(Arc::clone(app), stop.clone()));
    jobs
}

/// Keeps metadata, keys and the list of applications fresh, so that no visitor waits for them.
async fn know_the_provider(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        let work = async {
            app.provider.renew(app.ambient.now()).await;
            app.launcher.renew(&app.provider.http, &app.config).await
        };
        let listed = tokio::select! {
            listed = work => listed,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let known = listed && app.provider.current().is_some();
        let pause = if known { LIST } else { SOON };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// A stop waits for renewals under way, whose answers would else be lost.
async fn finish_renewals(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    // The program's end without a word is a stop too.
    drop(stop.wait_for(|stop| *stop).await);
    let _all_done = app.renewals.write().await;
}

async fn tidy(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        app.budgets.tidy();
        if let Err(error) = remove_old(&app).await {
            tracing::warn!(%error, "what is over could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(TIDY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn remove_old(app: &App) -> Result<(), migrations::DbError> {
    let now = app.ambient.now();
    let mut tx = app.db.write().await?;
    sessions::purge(&mut tx, now, signin::idle_since(app, now)).await?;
    spent::purge(&mut tx, now).await?;
    endings::purge(&mut tx, now).await?;
    tx.commit().await
}
