//! The service hall (办事大厅): an ordinary relying party of the identity provider, which it
//! speaks to by OpenID Connect alone.

mod app;
mod config;
mod cookies;
mod forgery;
mod home;
mod jobs;
mod launcher;
mod management;
mod pages;
mod provider;
mod rate;
mod refusal;
pub mod routes;
mod secrets;
mod signin;
mod store;
mod visit;

use std::sync::Arc;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use migrations::{Db, DbError};
use themes::Themes;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use app::Ambient;
pub use config::{BACKCHANNEL, CALLBACK, ClientSecret, Config, SCOPES};
pub use provider::NoClient;
pub use rate::{Client, Clients};
pub use secrets::HallKey;
pub use store::statements;

use app::App;
use launcher::Launcher;
use provider::Provider;
use rate::Budgets;
use secrets::Keys;

/// The parts that a hall is made of.
#[derive(Debug)]
pub struct HallParts {
    pub config: Config,
    /// Migrated with [`migrations::PORTAL`].
    pub db: Db,
    pub key: HallKey,
    pub themes: Arc<Themes>,
    pub ambient: Ambient,
    pub clients: Clients,
}

/// Why a hall can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the hall's key is not the one that its data were encrypted with")]
    WrongKey,
    #[error(transparent)]
    Client(#[from] NoClient),
}

/// One node of the hall, ready to be served. It need not know its provider yet.
#[derive(Debug)]
pub struct Hall {
    app: Arc<App>,
}

/// The setting that tells another key than the one that the data were written with.
const KEY_CHECK: &str = "key.check";

/// True when something was written under a key: a new one would make it unreadable.
///
/// # Errors
/// [`DbError`]
pub async fn has_data(db: &Db) -> Result<bool, DbError> {
    let noted = store::settings::get(&mut db.read().await?, KEY_CHECK).await?;
    Ok(noted.is_some())
}

impl Hall {
    /// # Errors
    /// [`StartError`]
    pub async fn start(parts: HallParts) -> Result<Self, StartError> {
        let keys = Keys::new(&parts.key);
        check_key(&parts.db, &keys.check_value()).await?;
        let app = App {
            provider: Provider::new(&parts.config)?,
            launcher: Launcher::default(),
            budgets: Budgets::new(parts.clients),
            renewals: Arc::default(),
            hosts: parts.config.hosts(),
            config: parts.config,
            db: parts.db,
            keys,
            themes: parts.themes,
            ambient: parts.ambient,
        };
        Ok(Self { app: Arc::new(app) })
    }

    /// The public listener.
    pub fn router(&self) -> Router {
        routes::router(&self.app)
    }

    /// The management listener of a hall that runs alone.
    pub fn management(&self, metrics: PrometheusHandle) -> Router {
        management::router(&self.app, metrics)
    }

    /// What the management listener of the program as a whole says of the hall.
    pub fn readiness(&self) -> Router {
        management::beside(&self.app)
    }

    /// Starts the jobs; they end when `stop` turns true.
    pub fn start_jobs(&self, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        jobs::start(&self.app, stop)
    }
}

async fn check_key(db: &Db, ours: &str) -> Result<(), StartError> {
    let mut tx = db.write().await?;
    store::settings::insert(&mut tx, KEY_CHECK, ours).await?;
    let noted = store::settings::get(&mut tx, KEY_CHECK).await?;
    tx.commit().await?;
    if noted.as_deref() == Some(ours) {
        Ok(())
    } else {
        Err(StartError::WrongKey)
    }
}
