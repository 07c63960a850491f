//! Every way into the hall, in one table. A route that isn't here doesn't exist; one that changes
//! something names its protection against forgery, or says why it needs none.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use themes::pages::Failure;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::forgery::admit;
use crate::rate::within_budget;
use crate::refusal::Refusal;
use crate::{home, pages, signin};

/// How a route is kept from being used through somebody else's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csrf {
    /// It changes nothing.
    Unneeded,
    /// A token of the session, and `Origin`.
    Session,
    /// `state`, which is bound to the browser, and PKCE.
    State,
    /// A token that the provider signed; no cookie counts.
    SignedToken,
}

/// How often a way may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Files that browsers keep; and the provider's notices, of which one server sends thousands
    /// when a day ends, while a stranger's cost nothing but the look at a signature.
    Unlimited,
    /// By client address.
    Client,
}

/// A way in.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub csrf: Csrf,
    pub rate: Rate,
    handler: fn() -> MethodRouter<Arc<App>>,
}

/// The table.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/",
        csrf: Csrf::Unneeded,
        rate: Rate::Client,
        handler: || get(home::home),
    },
    Route {
        method: "GET",
        path: "/assets/{version}/{name}",
        csrf: Csrf::Unneeded,
        rate: Rate::Unlimited,
        handler: || get(pages::asset),
    },
    // Begins a sign-in and stores nothing: the answer counts, and only with its state.
    Route {
        method: "GET",
        path: "/signin",
        csrf: Csrf::Unneeded,
        rate: Rate::Client,
        handler: || get(signin::begin),
    },
    Route {
        method: "GET",
        path: crate::config::CALLBACK,
        csrf: Csrf::State,
        rate: Rate::Client,
        handler: || get(signin::callback),
    },
    Route {
        method: "POST",
        path: crate::config::BACKCHANNEL,
        csrf: Csrf::SignedToken,
        rate: Rate::Unlimited,
        handler: || post(signin::tell),
    },
    Route {
        method: "POST",
        path: "/signout",
        csrf: Csrf::Session,
        rate: Rate::Client,
        handler: || post(signin::leave),
    },
];

pub(crate) fn is_unlimited(path: &str) -> bool {
    let mut routes = ROUTES.iter();
    routes.any(|route| route.path == path && route.rate == Rate::Unlimited)
}

pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let mut method = (route.handler)();
        if route.csrf == Csrf::Session {
            method = method.layer(from_fn(admit));
        }
        router = router.route(route.path, method);
    }
    router
        .fallback(|| async { Refusal::NOT_FOUND })
        .method_not_allowed_fallback(|| async { Refusal::Page(Failure::Method) })
        .with_state(Arc::clone(app))
        .layer(from_fn(within_budget))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(app), pages::present))
}

/// FLT-15: a defect in a handler costs one request and tells nothing.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse;
    metrics::counter!("panics_total").increment(1);
    tracing::error!("a handler of the hall panicked");
    Refusal::INTERNAL.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SES-04
    fn what_changes_something_is_protected() {
        for route in ROUTES {
            let changes = route.method != "GET" || route.path == crate::config::CALLBACK;
            assert_eq!(changes, route.csrf != Csrf::Unneeded, "{}", route.path);
        }
    }
}
