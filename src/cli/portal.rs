use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use idp::{Clock, Entropy};
use idp_domain::secrets::Keyring;
use metrics_exporter_prometheus::PrometheusBuilder;
use migrations::{Db, PORTAL};
use portal::{Hall, HallParts};
use themes::Themes;
use tokio::sync::watch;

use super::examples::examples;
use super::flags::{HallFlags, StoreFlags};
use super::store::{self, Migrate};
use super::terminal;
use crate::config::{Loaded, Portal, Resolved};
use crate::serve::{Crowd, Listener, acceptor};
use crate::{hall, master_key, node, telemetry};

/// Start the service hall alone, as one of several nodes
///
/// It signs people in at the identity provider of portal.issuer, where an entry with the same
/// client_id and secret is registered. `yimen up` serves the hall by itself and needs none of it.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen portal --config /etc/yimen/hall.toml" => "one node",
    "yimen portal --issuer https://id.example.edu --url https://hall.example.edu --listen 10.0.0.7:8090"
        => "behind a proxy that ends TLS, with the secret in YIMEN_PORTAL__CLIENT_SECRET",
))]
pub(super) struct PortalCommand {
    /// Bring PostgreSQL's tables up to date first, as `yimen migrate` does
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    hall: HallFlags,
    #[command(flatten)]
    store: StoreFlags,
}

impl PortalCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load_as_hall(&self.hall)?;
        telemetry::start(std::env::var(telemetry::VARIABLE).ok().as_deref())?;
        let migrate = if self.migrate {
            Migrate::Always
        } else {
            Migrate::Start
        };
        store::block_on(serve(loaded, migrate))
    }
}

async fn serve(loaded: Loaded, migrate: Migrate) -> anyhow::Result<()> {
    let config = loaded.hall()?;
    let resolved = &loaded.resolved;
    let (clock, entropy) = (Clock::default(), Entropy::default());
    let db = open(resolved).await?;
    store::migrate_if(&db, &[PORTAL], migrate).await?;
    let key = hall::key(&keys(resolved, &db, &entropy).await?);
    let themes = Themes::load(&resolved.idp.school.theme_options()).context("school.theme")?;
    let url = config.origin();
    let hall = Hall::start(HallParts {
        config,
        db: db.clone(),
        key,
        themes: Arc::new(themes),
        ambient: hall::ambient(&clock, &entropy),
        clients: hall::clients(&resolved.idp),
    })
    .await?;

    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .context("metrics")?;
    let (limits, server) = (&resolved.idp.limits, &resolved.idp.server);
    let crowd = Crowd::new(limits.campus_networks.and(&server.trusted_proxies));
    let portal = &resolved.portal;
    let tls = portal.tls.as_ref().map(acceptor).transpose()?;
    let public = Listener::bind(
        "portal.listen",
        portal.listen,
        tls,
        crowd.clone(),
        hall.router(),
    )
    .await?;
    let management = Listener::bind(
        "portal.management",
        portal.management,
        None,
        crowd,
        hall.management(metrics),
    )
    .await?;
    terminal::out(&format!("The hall is at  {url}"))?;
    terminal::out(&format!("Listening on    {}", portal.listen))?;
    terminal::out(&format!(
        "Management      http://{}/readyz",
        portal.management
    ))?;

    let (stop, stopped) = watch::channel(false);
    let mut jobs = hall.start_jobs(&stopped);
    let management = tokio::spawn(management.serve(stopped.clone()));
    let public = tokio::spawn(public.serve(stopped));
    node::told_to_stop().await?;
    stop.send_replace(true);
    public.await?;
    management.await?;
    while jobs.join_next().await.is_some() {}
    db.close().await;
    Ok(())
}

async fn open(resolved: &Resolved) -> anyhow::Result<Db> {
    let portal = &resolved.portal;
    if portal.database.url.is_none() {
        store::make_data_folder(&resolved.idp)?;
    }
    let url = portal.database_url(&resolved.idp.data);
    store::open_at(&url, portal.database.connections.get()).await
}

/// The hall's own keys: of the environment, or of `hall.key`, which is made beside an empty
/// database only.
async fn keys(resolved: &Resolved, db: &Db, entropy: &Entropy) -> anyhow::Result<Keyring> {
    let file = Portal::key_file(&resolved.idp);
    let variable = std::env::var(master_key::HALL_VARIABLE).ok();
    let key = match master_key::find(variable.as_deref(), &file)? {
        Some(key) => key,
        None if portal::has_data(db).await? => bail!(
            "the hall's database holds data, and the key they are encrypted with is missing: put \
             back {} or set {}",
            file.display(),
            master_key::HALL_VARIABLE
        ),
        None => {
            store::make_data_folder(&resolved.idp)?;
            let key = master_key::create(&file, &mut entropy.rng())?;
            terminal::note(&format!("Made {}.", file.display()));
            key
        }
    };
    Ok(Keyring::new(&key))
}
