//! One node: the parts put together, served until told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use idp::egress::Resolver;
use idp::{AppParts, Clock, Entropy, Idp};
use idp_domain::secrets::Keyring;
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusBuilder;
use migrations::Db;
use sms_gateway::{Gateway, Inbox};
use themes::Themes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Resolved;
use crate::hall::{PreparedHall, ServedHall};
use crate::serve::{Crowd, Listener, acceptor};
use crate::sms;

/// How often old text messages are removed.
const PURGE: Duration = Duration::from_mins(5);

/// What a node is made of, opened and checked.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Resolved,
    pub(crate) db: Db,
    /// The hall's, where it is served too; migrated.
    pub(crate) hall_db: Option<Db>,
    pub(crate) keys: Keyring,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
}

/// A node whose addresses are taken, and which answers as soon as it is run.
pub(crate) struct Node {
    db: Db,
    clock: Clock,
    messages: Option<Gateway>,
    pub(crate) idp: Idp,
    hall: Option<ServedHall>,
    public: Listener,
    management: Listener,
}

impl Node {
    /// Puts the parts together and binds the addresses.
    ///
    /// # Errors
    /// When a theme, certificate or address can't be used.
    pub(crate) async fn start(parts: Parts) -> anyhow::Result<Self> {
        let hall = match parts.hall_db.clone() {
            Some(db) => PreparedHall::new(&parts, db).await?,
            None => None,
        };
        let Resolved {
            idp: config,
            sms,
            deployment,
            ..
        } = parts.config;
        let server = config.server.clone();
        let zone = config.school.timezone.get().clone();
        let demo = config.demo;
        let crowd = Crowd::new(config.limits.campus_networks.and(&server.trusted_proxies));
        let tls = server.tls.as_ref().map(acceptor).transpose()?;
        let themes = Themes::load(&config.school.theme_options()).context("school.theme")?;
        let mut messages = None;
        let sender = if let Some(sms) = sms {
            let gateway = sms::gateway(&parts.db, &parts.keys, sms, deployment)?;
            let sender = sms::sender(&gateway, &parts.entropy);
            messages = Some(gateway);
            sender
        } else {
            tracing::warn!(
                "no [sms] section is configured: no codes go to phones, and who has to bind one can't \
                 finish the first sign-in; see activation.required"
            );
            sms::nobody()
        };
        let idp = Box::pin(Idp::start(AppParts {
            config,
            db: parts.db.clone(),
            keys: parts.keys,
            themes,
            clock: parts.clock.clone(),
            entropy: parts.entropy,
            sms: sender,
            resolver: Resolver::system(),
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
        let mut management = idp.management(Some(metrics));
        let hall = match hall {
            Some(prepared) => {
                let (served, readiness) = prepared
                    .start(Arc::clone(&idp.app().themes), crowd.clone())
                    .await?;
                management = management.merge(readiness);
                Some(served)
            }
            None => None,
        };
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
            clock: parts.clock,
            messages,
            idp,
            hall,
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
        if let Some(gateway) = self.messages {
            jobs.spawn(keep_small(gateway, self.clock, stopped.clone()));
        }
        let mut hall_jobs = JoinSet::new();
        let mut hall_db = None;
        let mut listeners = vec![tokio::spawn(self.management.serve(stopped.clone()))];
        if let Some(served) = self.hall {
            hall_jobs = served.hall.start_jobs(&stopped);
            hall_db = Some(served.db);
            listeners.push(tokio::spawn(served.listener.serve(stopped.clone())));
        }
        listeners.push(tokio::spawn(self.public.serve(stopped)));
        told_to_stop().await?;
        stop.send_replace(true);
        for listener in listeners {
            listener.await?;
        }
        while jobs.join_next().await.is_some() {}
        while hall_jobs.join_next().await.is_some() {}
        if let Some(db) = hall_db {
            db.close().await;
        }
        self.db.close().await;
        Ok(())
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals can't be listened to.
pub(crate) async fn told_to_stop() -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    Ok(())
}

/// Old texts and counted attempts go every few minutes (OTP-05).
async fn keep_small(gateway: Gateway, clock: Clock, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = gateway.purge(clock.now()).await {
            tracing::warn!(%error, "old text messages could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(PURGE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn with_inbox(idp: &Idp, db: &Db, zone: TimeZone) -> Router {
    let themes = Arc::clone(&idp.app().themes);
    let inbox = sms_gateway::inbox_router(Inbox::new(db.clone()), themes, zone);
    idp.router_beside(inbox)
}
