//! The coarse first line against floods: a budget per client address (IPv6: per /64), in this
//! node's memory. The counters that decide are in the database; an address alone never refuses a
//! person for long, and the campus, thousands behind each address, has a budget of its own.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use governor::middleware::NoOpMiddleware;
use themes::pages::Failure;
use tower::Service;
use tower_governor::governor::{GovernorConfig, GovernorConfigBuilder};
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::config::{Limits, Networks, household};
use crate::refusal::Refusal;
use crate::visit::Context;

/// The address that configured proxies tell, of IPv6 the network that one household has.
#[derive(Clone, Copy, Debug)]
pub struct ClientNetwork;

impl KeyExtractor for ClientNetwork {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        request
            .extensions()
            .get::<Context>()
            .map(|context| household(context.address))
            .ok_or(GovernorError::UnableToExtractKey)
    }
}

type Governor = Arc<GovernorConfig<ClientNetwork, NoOpMiddleware>>;
pub(crate) type Layer = GovernorLayer<ClientNetwork, NoOpMiddleware, Body>;

/// The smallest budget that can be configured is ten a minute: so soon there is something again.
const RETRY_SECONDS: u32 = 6;

/// The budgets of one node.
#[derive(Clone, Debug)]
pub struct Limiters {
    campus_networks: Networks,
    stranger: Governor,
    campus: Governor,
    captcha: Governor,
    campus_captcha: Governor,
}

/// The limits can't be used (a budget of nothing).
#[derive(Debug, thiserror::Error)]
#[error("limits: a budget of zero")]
pub struct NoBudget;

impl Limiters {
    /// # Errors
    /// [`NoBudget`] for a zero that the configuration should have refused.
    pub fn new(limits: &Limits) -> Result<Self, NoBudget> {
        Ok(Self {
            campus_networks: limits.campus_networks.clone(),
            stranger: per_minute(limits.stranger_per_minute.get())?,
            campus: per_minute(limits.campus_per_minute.get())?,
            captcha: per_minute(limits.captcha_per_minute.get())?,
            campus_captcha: per_minute(limits.campus_captcha_per_minute.get())?,
        })
    }

    /// The limited routes behind the budgets of the network that a request comes from.
    /// `routes` makes them with the layer for new captchas.
    pub(crate) fn by_network(&self, routes: impl Fn(Layer) -> Router) -> ByNetwork {
        ByNetwork {
            networks: self.campus_networks.clone(),
            stranger: routes(layer(&self.captcha)).layer(layer(&self.stranger)),
            campus: routes(layer(&self.campus_captcha)).layer(layer(&self.campus)),
        }
    }

    /// Takes a request from the budget of its address, where only the handler sees that it is a
    /// stranger's. It is the same budget as that of the limited routes.
    ///
    /// # Errors
    /// 429 where nothing is left of it.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), Refusal> {
        let budget = if self.campus_networks.contains(address) {
            &self.campus
        } else {
            &self.stranger
        };
        let taken = budget.limiter().check_key(&household(address));
        taken.map_err(|_| too_many(Some(RETRY_SECONDS)))
    }

    /// Forgets addresses whose budget is full again. Call it now and then.
    pub fn tidy(&self) {
        for governor in [
            &self.stranger,
            &self.campus,
            &self.captcha,
            &self.campus_captcha,
        ] {
            governor.limiter().retain_recent();
        }
    }
}

/// The same routes twice, each with its budget.
#[derive(Clone, Debug)]
pub(crate) struct ByNetwork {
    networks: Networks,
    stranger: Router,
    campus: Router,
}

impl Service<Request<Body>> for ByNetwork {
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let address = request.extensions().get::<Context>().map(|c| c.address);
        if address.is_some_and(|address| self.networks.contains(address)) {
            self.campus.call(request)
        } else {
            self.stranger.call(request)
        }
    }
}

fn layer(governor: &Governor) -> Layer {
    GovernorLayer::new(Arc::clone(governor)).error_handler(refuse)
}

/// A burst of a minute's budget, refilled evenly.
fn per_minute(count: u32) -> Result<Governor, NoBudget> {
    let mut builder = GovernorConfigBuilder::default().key_extractor(ClientNetwork);
    builder
        .period(Duration::from_mins(1) / count.max(1))
        .burst_size(count)
        .finish()
        .map(Arc::new)
        .ok_or(NoBudget)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn refuse(error: GovernorError) -> Response {
    let retry_seconds = match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            u32::try_from(wait_time).ok().map(|seconds| seconds.max(1))
        }
        _ => None,
    };
    too_many(retry_seconds).into_response()
}

/// The refusal of who came too often, and when to come again.
pub(crate) fn too_many(retry_seconds: Option<u32>) -> Refusal {
    metrics::counter!("rate_limited_total").increment(1);
    Refusal {
        failure: Failure::TooMany,
        retry_seconds,
    }
}
