//! Whether this hall can serve, on a listener of its own (NET-11).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;

/// `/healthz`, `/readyz`, `/metrics` of a hall that runs alone.
pub(crate) fn router(app: &Arc<App>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(move || {
                let text = metrics.render();
                async move { text }
            }),
        )
        .with_state(Arc::clone(app))
}

/// `/readyz/hall` beside another part's.
pub(crate) fn beside(app: &Arc<App>) -> Router {
    Router::new()
        .route("/readyz/hall", get(ready))
        .with_state(Arc::clone(app))
}

/// Ready: the database answers. Without the provider the hall still shows its pages, and says so.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    if let Err(error) = app.db.read().await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"));
    }
    let provider = match app.provider.current() {
        Some(_) => "provider: known",
        None => "provider: away",
    };
    (StatusCode::OK, format!("ready\n{provider}\n"))
}
