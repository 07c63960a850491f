//! The identity provider: CAS and OpenID Connect, sign-in, accounts, factors, sessions.

pub mod accounts;
pub mod applications;
pub mod config;
pub mod demo;
pub mod egress;
pub mod jobs;
pub mod keys;
pub mod oidc;
pub mod routes;

mod account;
mod ambient;
mod app;
mod cas;
mod cookies;
mod factors;
mod forgery;
mod logout;
mod management;
mod pages;
mod rate;
mod refusal;
mod router;
mod sessions;
mod signin;
mod told;
mod visit;

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use idp_domain::applications::ReleasedAttribute;
use idp_domain::signin::Destination;
use metrics_exporter_prometheus::PrometheusHandle;
use migrations::DbError;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use ambient::{Clock, Entropy};
pub use app::{App, AppParts};
use applications::ApplicationRegistry;
pub use cas::doctor::{CantExamine, Examination, Plan};
use egress::{BadEgress, Egress};
pub use factors::codes::CodeMessage;
use factors::hash_pool::BadCost;
use logout::Protocol;
use oidc::keys::{KeysError, SigningKeys};
use rate::{Limiters, NoBudget};
use refusal::Refusal;
use sessions::Arrival;
use signin::goal::Goal;
use visit::Visit;

/// One node of the identity provider, ready to be served.
#[derive(Debug)]
pub struct Idp {
    app: Arc<App>,
}

/// Why a node can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("password.argon2: {0}")]
    Argon2(#[from] BadCost),
    #[error(transparent)]
    Limits(#[from] NoBudget),
    #[error(transparent)]
    Egress(#[from] BadEgress),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Idp {
    /// Puts the parts together, reads the registry, and makes signing keys where none are yet. The
    /// database must be migrated.
    pub async fn start(parts: AppParts) -> Result<Self, StartError> {
        let applications = ApplicationRegistry::load(&parts.db, parts.config.demo).await?;
        let signing_keys = SigningKeys::open(&parts).await?;
        let limiters = Limiters::new(&parts.config.limits)?;
        let egress = Egress::new(
            &parts.config.egress,
            parts.config.demo,
            &parts.clock,
            parts.resolver.clone(),
        )?;
        warn_of_scope(&parts.config, &applications);
        let app = App::assemble(
            parts,
            (applications, signing_keys),
            (limiters, egress),
            (arrive, goal, protocol),
        )?;
        Ok(Self { app })
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The public listener. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn router(&self) -> Router {
        self.router_beside(Router::new())
    }

    /// The same with pages of other parts, which then have our headers and answer to our names only.
    pub fn router_beside(&self, others: Router) -> Router {
        router::router(&self.app, others)
    }

    /// The management listener.
    pub fn management(&self, metrics: Option<PrometheusHandle>) -> Router {
        management::router(&self.app, metrics)
    }

    /// Makes a round trip through an application, as its doctor.
    ///
    /// # Errors
    /// [`CantExamine`] when there is nothing to examine. What is wrong with the application is a
    /// finding.
    pub async fn examine(&self, plan: &Plan<'_>) -> Result<Examination, CantExamine> {
        cas::doctor::examine(&self.app, plan).await
    }

    /// Makes the demonstration campus once, and gives what the start prints.
    pub async fn create_demo(&self) -> Result<demo::Demo, demo::DemoError> {
        demo::create_once(&self.app).await
    }

    /// Starts the jobs; they end when `stop` turns true.
    pub fn start_jobs(&self, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        jobs::start(&self.app, stop)
    }
}

/// Says which claim is left out for want of a setting.
fn warn_of_scope(config: &config::Config, applications: &ApplicationRegistry) {
    let registry = applications.current();
    let mut told = registry.iter().filter(|application| {
        application.oidc.is_some() && application.releases(ReleasedAttribute::Affiliation)
    });
    if let (None, Some(application)) = (&config.school.scope, told.next()) {
        tracing::warn!(
            application = %application.id,
            "applications are told affiliations by OpenID Connect, and school.scope is not set: \
             eduperson_scoped_affiliation is left out"
        );
    }
}

/// A complete sign-in goes on to the protocol that asked for it: the only place that knows all.
fn arrive<'a>(
    visit: &'a mut Visit,
    arrival: Arrival,
    destination: &'a Destination,
) -> BoxFuture<'a, Result<axum::response::Response, Refusal>> {
    Box::pin(async move {
        match destination {
            Destination::Home => cas::login::signed_in(visit, &arrival),
            Destination::Account { page } => Ok(visit.redirect_home(page.path())),
            Destination::Cas { service, method } => {
                cas::login::arrive(visit, arrival, service, *method).await
            }
            Destination::Oidc { parameters } => {
                oidc::authorize::arrive(visit, arrival, parameters).await
            }
            Destination::Device { user_code } => {
                oidc::device::arrive(visit, arrival, *user_code).await
            }
        }
    })
}

/// Where it leads, as its protocol knows.
fn goal<'a>(
    visit: &'a mut Visit,
    destination: &'a Destination,
    arrival: Option<&'a Arrival>,
) -> BoxFuture<'a, Result<Option<Goal>, Refusal>> {
    Box::pin(async move {
        match destination {
            Destination::Home | Destination::Account { .. } => Ok(None),
            Destination::Cas { service, .. } => cas::login::goal(visit, service, arrival).await,
            Destination::Oidc { parameters } => {
                oidc::authorize::goal(visit, parameters, arrival).await
            }
            Destination::Device { user_code } => {
                oidc::device::goal(visit, *user_code, arrival).await
            }
        }
    })
}

/// How the applications of a grant's protocol are told of a logout.
fn protocol(word: &str) -> Option<&'static Protocol> {
    match word {
        "cas" => Some(&cas::slo::SLO),
        "oidc" => Some(&oidc::notices::NOTICES),
        _ => None,
    }
}
