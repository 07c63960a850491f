//! The table's routes behind what lies in front of every one of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::ALLOW;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use themes::pages::Failure;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::forgery::admit;
use crate::refusal::Refusal;
use crate::routes::{Auth, ROUTES, Rate, Route};
use crate::{pages, rate};

/// The public listener's router, `others` under the same layers.
pub(crate) fn router(app: &Arc<App>, others: Router) -> Router {
    let unlimited = routes(|rate| rate == Rate::Unlimited, None).with_state(Arc::clone(app));
    let limited = |captchas: rate::Layer| {
        routes(|rate| rate != Rate::Unlimited, Some(&captchas))
            .fallback(|| async { Refusal::NOT_FOUND })
            .method_not_allowed_fallback(|| async { Refusal::new(Failure::Method) })
            .with_state(Arc::clone(app))
    };
    unlimited
        .merge(others)
        .fallback_service(app.limiters.by_network(limited))
        .method_not_allowed_fallback(|| async { Refusal::new(Failure::Method) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(app), pages::present))
}

/// The table's routes of some rates, each behind its protection against forgery.
fn routes(of: impl Fn(Rate) -> bool, captchas: Option<&rate::Layer>) -> Router<Arc<App>> {
    let mut router = Router::new();
    for route in ROUTES.iter().filter(|route| of(route.rate)) {
        let mut method = (route.handler)();
        if issues_without_cookies(route) {
            method = method.head(|| async { ([(ALLOW, "GET")], Refusal::new(Failure::Method)) });
        }
        if let Some(csrf) = route.csrf {
            method = method.layer(from_fn(move |request: Request, next: Next| {
                admit(csrf, request, next)
            }));
        }
        if let (Rate::Captcha, Some(layer)) = (route.rate, captchas) {
            method = method.layer(layer.clone());
        }
        router = router.route(route.path, method);
    }
    router
}

/// FLT-15: a defect in a handler costs one request and tells nothing.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse;
    metrics::counter!("panics_total").increment(1);
    tracing::error!("a handler panicked");
    Refusal::new(Failure::Internal).into_response()
}

/// A GET that burns or issues by what its address holds. HEAD would do the same, though it has to
/// be safe (RFC 9110 §9.2.1), and nobody would read what came of it. Elsewhere it is enough that a
/// HEAD comes without cookies (`visit::Context`).
fn issues_without_cookies(route: &Route) -> bool {
    route.method == "GET" && route.auth == Auth::Application && !route.audit.is_empty()
}
