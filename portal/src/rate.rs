//! The coarse first line against floods: a budget per client, in this node's memory. Who a client
//! is, the program says, by the rules that it has for all its listeners.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::refusal::Refusal;
use crate::routes::is_unlimited;
use crate::visit::Context;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// An IPv4 address, or an IPv6 network that one household has.
    pub network: IpAddr,
    /// Thousands of people are behind it.
    pub is_campus: bool,
}

/// The client of a request from this peer with these headers.
type Tells = dyn Fn(IpAddr, &HeaderMap) -> Client + Send + Sync;

/// How the program knows clients, and how often each may ask.
#[derive(Clone)]
pub struct Clients {
    of: Arc<Tells>,
    per_minute: NonZeroU32,
    campus_per_minute: NonZeroU32,
}

impl Clients {
    /// `of` tells the client of a request from its peer's address and its headers. The numbers are
    /// requests a minute, by a client outside of the campus and by one of its addresses; a zero
    /// counts as one.
    pub fn new(
        of: impl Fn(IpAddr, &HeaderMap) -> Client + Send + Sync + 'static,
        per_minute: u32,
        campus_per_minute: u32,
    ) -> Self {
        let budget = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self {
            of: Arc::new(of),
            per_minute: budget(per_minute),
            campus_per_minute: budget(campus_per_minute),
        }
    }
}

impl Clients {
    /// The client of a request from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        (self.of)(peer, headers)
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients")
            .field("per_minute", &self.per_minute)
            .field("campus_per_minute", &self.campus_per_minute)
            .finish_non_exhaustive()
    }
}

/// The budgets of one node: a burst of a minute's, refilled evenly.
pub(crate) struct Budgets {
    clients: Clients,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    campus: DefaultKeyedRateLimiter<IpAddr>,
}

impl std::fmt::Debug for Budgets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.clients.fmt(f)
    }
}

impl Budgets {
    pub(crate) fn new(clients: Clients) -> Self {
        let limiter = |count| RateLimiter::keyed(Quota::per_minute(count));
        Self {
            strangers: limiter(clients.per_minute),
            campus: limiter(clients.campus_per_minute),
            clients,
        }
    }

    /// Who sent a request.
    pub(crate) fn client(&self, parts: &Parts) -> Client {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
        self.clients.client(peer, &parts.headers)
    }

    /// Takes one request; else the whole seconds until there is one again.
    fn take(&self, client: Client) -> Result<(), u32> {
        let budget = if client.is_campus {
            &self.campus
        } else {
            &self.strangers
        };
        budget.check_key(&client.network).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
        })
    }

    /// Forgets clients whose budget is full again. Call it now and then.
    pub(crate) fn tidy(&self) {
        for budget in [&self.strangers, &self.campus] {
            budget.retain_recent();
            budget.shrink_to_fit();
        }
    }
}

/// The layer of every way in that isn't [`Unlimited`](crate::routes::Rate::Unlimited), whether
/// there is a route or none.
pub(crate) async fn within_budget(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    if path.is_some_and(|path| is_unlimited(path.as_str())) {
        return next.run(request).await;
    }
    let Some(context) = request.extensions().get::<Context>() else {
        return Refusal::INTERNAL.into_response();
    };
    match context.app.budgets.take(context.client) {
        Ok(()) => next.run(request).await,
        Err(retry_seconds) => {
            metrics::counter!("hall_rate_limited_total").increment(1);
            Refusal::TooMany { retry_seconds }.into_response()
        }
    }
}
