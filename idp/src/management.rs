//! Health and metrics, on a listener of their own (NET-11).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;

/// A node whose clock is further off than this must not judge what is expired (TKT-05).
const MOST_SKEW_MICROS: i64 = 2_000_000;

/// `/healthz`, `/readyz`, `/metrics`
pub(crate) fn router(app: &Arc<App>, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(move || {
                let text = metrics
                    .as_ref()
                    .map(PrometheusHandle::render)
                    .unwrap_or_default();
                async move { text }
            }),
        )
        .with_state(Arc::clone(app))
}

/// Ready: the database answers, and agrees with our clock.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    metrics::gauge!("password_hash_waiting").set(gauge(app.hashing.waiting()));
    let unready = |reason: String| (StatusCode::SERVICE_UNAVAILABLE, reason + "\n");
    if let Err(error) = app.db.read().await {
        return unready(error.to_string());
    }
    match app.db.clock().await {
        Ok(Some(database)) => {
            let skew = database.0.abs_diff(app.clock.now().as_microsecond());
            if skew > MOST_SKEW_MICROS.unsigned_abs() {
                return unready(format!("the clock is {skew} µs off the database's"));
            }
        }
        Ok(None) => {}
        Err(error) => return unready(error.to_string()),
    }
    (StatusCode::OK, "ready\n".to_owned())
}

fn gauge(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
