//! One node: the parts put together, served until told to stop.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use idp::{AppParts, Clock, Entropy, Idp};
use idp_domain::secrets::Keyring;
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusBuilder;
use migrations::Db;
use sms_gateway::Inbox;
use themes::Themes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::Resolved;
use crate::serve::{Crowd, Listener, acceptor};
use crate::sms;

/// What a node is made of, opened and checked.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Resolved,
    pub(crate) db: Db,
    pub(crate) keys: Keyring,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
}

/// A node whose addresses are taken, and which answers as soon as it is run.
pub(crate) struct Node {
    db: Db,
    pub(crate) idp: Idp,
    public: Listener,
    management: Listener,
}

impl Node {
    /// Puts the parts together and binds the addresses.
    ///
    /// # Errors
    /// When a theme, certificate or address can't be used.
    pub(crate) async fn start(parts: Parts) -> anyhow::Result<Self> {
        let Resolved {
            idp: config,
            sms,
            deployment,
        } = parts.config;
        let server = config.server.clone();
        let zone = config.school.timezone.get().clone();
        let demo = config.demo;
        let crowd = Crowd::new(config.limits.campus_networks.and(&server.trusted_proxies));
        let tls = server.tls.as_ref().map(acceptor).transpose()?;
        let themes = Themes::load(&config.school.theme_options()).context("school.theme")?;
        let sender = if let Some(sms) = sms {
            let gateway = sms::gateway(&parts.db, &parts.keys, sms, deployment)?;
            sms::sender(&gateway, &parts.entropy)
        } else {
            tracing::warn!("no [sms] section is configured: no codes go to phones");
            sms::nobody()
        };
        let idp = Box::pin(Idp::start(AppParts {
            config,
            db: parts.db.clone(),
            keys: parts.keys,
            themes,
            clock: parts.clock,
            entropy: parts.entropy,
            sms: sender,
        }))
        .await?;
        let router = if demo {
            with_inbox(&idp, &parts.db, zone)
        } else {
            idp.router()
        };
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .context("metrics")?;
        let management = idp.management(Some(metrics));
        let public =
            Listener::bind("server.listen", server.listen, tls, crowd.clone(), router).await?;
        let management = Listener::bind(
            "server.management",
            server.management,
            None,
            crowd,
            management,
        )
        .await?;
        Ok(Self {
            db: parts.db,
            idp,
            public,
            management,
        })
    }

    /// Serves until Ctrl-C or SIGTERM, then lets requests and jobs finish.
    ///
    /// # Errors
    /// When the signals can't be listened to.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (stop, stopped) = watch::channel(false);
        let mut jobs = self.idp.start_jobs(&stopped);
        let management = tokio::spawn(self.management.serve(stopped.clone()));
        let public = tokio::spawn(self.public.serve(stopped));
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        stop.send_replace(true);
        public.await?;
        management.await?;
        while jobs.join_next().await.is_some() {}
        self.db.close().await;
        Ok(())
    }
}

fn with_inbox(idp: &Idp, db: &Db, zone: TimeZone) -> Router {
    let themes = Arc::clone(&idp.app().themes);
    let inbox = sms_gateway::inbox_router(Inbox::new(db.clone()), themes, zone);
    idp.router_beside(inbox)
}
