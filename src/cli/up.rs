use anyhow::bail;
use clap::Args;
use idp::config::{Config, Issuer};
use idp::demo::{self, Demo};
use idp_storage::{imports, settings};
use migrations::{Db, PORTAL};

use super::examples::examples;
use super::flags::{ServerFlags, StoreFlags};
use super::store::{self, Migrate, Store};
use super::terminal;
use crate::config::Loaded;
use crate::node::{Node, Parts};
use crate::telemetry;

/// Start everything: identity provider, service hall and SMS gateway
///
/// No configuration is needed to begin with. Database, keys and tables are made at the first
/// start; a later start keeps them. Stop it with Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen up --demo" => "a demonstration campus on http://localhost:8080",
    "yimen up --config /etc/yimen/yimen.toml" => "a school's own",
    "yimen up --issuer https://id.example.edu --listen 10.0.0.5:8080 --trusted-proxies 10.0.0.2"
        => "behind a proxy that ends TLS",
))]
pub(super) struct Up {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    store: StoreFlags,
}

/// What commands that serve have in common.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Bring PostgreSQL's tables up to date first, as `yimen migrate` does
    #[arg(long)]
    migrate: bool,
}

impl Up {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load_with(&self.server)?;
        self.serve.run(loaded, WithHall::Yes)
    }
}

/// Whether the hall is served beside the identity provider, where the configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithHall {
    Yes,
    No,
}

impl Serve {
    pub(super) fn run(self, mut loaded: Loaded, hall: WithHall) -> anyhow::Result<()> {
        if hall == WithHall::No {
            loaded.resolved.hall = None;
        }
        telemetry::start(std::env::var(telemetry::VARIABLE).ok().as_deref())?;
        let migrate = if self.migrate {
            Migrate::Always
        } else {
            Migrate::Start
        };
        store::block_on(async {
            let store = Store::open(&loaded, migrate).await?;
            keep_apart(&store.db, loaded.resolved.idp.demo).await?;
            let hall_db = match &loaded.resolved.hall {
                Some(_) => {
                    let db = store::open_for_hall(&loaded, &store.db).await?;
                    store::migrate_if(&db, &[PORTAL], migrate).await?;
                    Some(db)
                }
                None => None,
            };
            let (config, engine) = (loaded.resolved.idp.clone(), store.db.engine_name());
            let hall = loaded.resolved.hall.clone();
            let node = Box::pin(Node::start(Parts {
                config: loaded.resolved,
                db: store.db,
                hall_db,
                keys: store.keys,
                clock: store.clock,
                entropy: store.entropy,
            }))
            .await?;
            let demo = if config.demo {
                Some(node.idp.create_demo().await?)
            } else {
                None
            };
            welcome(&config, engine, hall.as_ref())?;
            if let Some(demo) = &demo {
                introduce(&config, demo, hall.as_ref())?;
            }
            node.run().await
        })
    }
}

/// The mark of a database that a demonstration began with.
const DEMO_MARK: &str = "demo.begun";

/// Everybody knows the demonstration's passwords: it never shares a database with a school.
async fn keep_apart(db: &Db, demo: bool) -> anyhow::Result<()> {
    let mut conn = db.read().await?;
    let is_demo = settings::get(&mut conn, DEMO_MARK).await?.is_some();
    let has_people = imports::latest(&mut conn).await? > 0;
    drop(conn);
    match (demo, is_demo) {
        (false, true) => bail!(
            "this database holds the demonstration, whose passwords are public: start it with \
             --demo, or choose another folder with --data"
        ),
        (true, false) if has_people => bail!(
            "this database holds a school's people: choose another folder for the demonstration \
             with --data"
        ),
        (true, false) => {
            let mut tx = db.write().await?;
            settings::insert(&mut tx, DEMO_MARK, "true").await?;
            Ok(tx.commit().await?)
        }
        (true, true) | (false, false) => Ok(()),
    }
}

fn welcome(config: &Config, engine: &str, hall: Option<&Issuer>) -> std::io::Result<()> {
    let server = &config.server;
    terminal::out(&format!("Yimen is at   {}", server.issuer))?;
    if let Some(hall) = hall {
        terminal::out(&format!("The hall is at {hall}"))?;
    }
    terminal::out(&format!("Listening on  {}", server.listen))?;
    terminal::out(&format!(
        "Management    http://{}/readyz",
        server.management
    ))?;
    let database = match &config.database.url {
        Some(url) => url.to_string(),
        None => config.data.join(Config::EMBEDDED).display().to_string(),
    };
    terminal::out(&format!("Database      {database} ({engine})"))
}

/// The demonstration's accounts, one a line: number, what it is for, and its secrets.
fn introduce(config: &Config, made: &Demo, hall: Option<&Issuer>) -> std::io::Result<()> {
    let [newcomer, without_phone] = &made.initial_passwords;
    let code = made.activation_code.as_deref().unwrap_or("(used up)");
    let issuer = &config.server.issuer;
    for line in [
        String::new(),
        "Demonstration accounts".to_owned(),
        format!(
            "  {}  first sign-in, initial password {newcomer}, a code goes to her phone",
            demo::NEWCOMER
        ),
        format!(
            "  {}  first sign-in, initial password {without_phone}, activation code {code}",
            demo::NEWCOMER_WITHOUT_PHONE
        ),
        format!("  {}  student, password {}", demo::STUDENT, demo::PASSWORD),
        format!(
            "  {}     staff and administrator, password {}",
            demo::ADMINISTRATOR,
            demo::PASSWORD
        ),
        String::new(),
        format!(
            "Sign in       {}",
            hall.map_or(format!("{issuer}/cas/login"), |hall| format!(
                "{issuer}/cas/login, or at the hall: {hall}"
            ))
        ),
        format!("SMS inbox     {issuer}/dev/inbox (or: yimen inbox)"),
        "Stop          Ctrl-C".to_owned(),
    ] {
        terminal::out(&line)?;
    }
    Ok(())
}
