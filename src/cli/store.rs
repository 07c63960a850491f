//! The database and its keys, as each command opens them.

use std::time::Duration;

use anyhow::{Context, bail};
use idp::config::Config;
use idp::{Clock, Entropy};
use idp_domain::secrets::Keyring;
use migrations::{Db, IDP, OpenOptions, SMS, SchemaState, Set};

use super::terminal;
use crate::config::Loaded;
use crate::{files, master_key};

/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);

/// An open, migrated database and the keys of its data.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) db: Db,
    pub(super) keys: Keyring,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
}

/// Who brings the schema up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Migrate {
    /// A command: where nothing is yet, and the database is the embedded one.
    New,
    /// A server: where nothing is yet, and the embedded database always.
    Start,
    Always,
}

/// Runs a command's work; the work of many files is waited for, not many things at once.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

impl Store {
    /// Opens the database, compares its schema with the program, and its keys with its data.
    ///
    /// # Errors
    /// When the schema is behind and isn't to be migrated, or the master key is missing or wrong.
    pub(super) async fn open(loaded: &Loaded, migrate: Migrate) -> anyhow::Result<Self> {
        let db = open(loaded).await?;
        migrate_if(&db, &[IDP, SMS], migrate).await?;
        let (clock, entropy) = (Clock::default(), Entropy::default());
        let keys = Box::pin(keys(loaded, &db, &entropy)).await?;
        Ok(Self {
            db,
            keys,
            clock,
            entropy,
        })
    }
}

/// Opens the database alone.
pub(super) async fn open(loaded: &Loaded) -> anyhow::Result<Db> {
    let config = &loaded.resolved.idp;
    if config.database.url.is_none() {
        make_data_folder(config)?;
    }
    open_at(&config.database_url(), config.database.connections.get()).await
}

/// Opens a database by its address.
pub(super) async fn open_at(url: &str, connections: u32) -> anyhow::Result<Db> {
    let options = OpenOptions {
        connections,
        acquire_timeout: ACQUIRE,
        create: true,
    };
    Ok(Db::open(url, &options).await?)
}

/// Where the hall that is served beside the provider keeps its sessions.
pub(super) async fn open_for_hall(loaded: &Loaded, provider: &Db) -> anyhow::Result<Db> {
    let database = &loaded.resolved.portal.database;
    match &database.url {
        Some(url) => open_at(url.as_str(), database.connections.get()).await,
        None => Ok(provider.clone()),
    }
}

pub(super) fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    let folder = &config.data;
    files::make_private_folder(folder).with_context(|| format!("data = {}", folder.display()))
}

/// Opens the database for a command that needs no keys.
pub(super) async fn migrated(loaded: &Loaded) -> anyhow::Result<Db> {
    let db = open(loaded).await?;
    migrate_if(&db, &[IDP, SMS], Migrate::New).await?;
    Ok(db)
}

/// Brings these tables up to date, or says that they are not.
pub(super) async fn migrate_if(db: &Db, sets: &[Set], migrate: Migrate) -> anyhow::Result<()> {
    for set in sets.iter().copied() {
        let state = db.schema_state(set).await?;
        let wanted = match state {
            SchemaState::Ahead if db.is_embedded() => {
                bail!("the database was made by a newer version of this program");
            }
            // Ahead: while a cluster is upgraded node by node, the old program goes on.
            SchemaState::Current | SchemaState::Ahead => false,
            SchemaState::Empty => migrate != Migrate::New || db.is_embedded(),
            SchemaState::Behind => {
                migrate == Migrate::Always || (migrate == Migrate::Start && db.is_embedded())
            }
        };
        if wanted {
            db.migrate(set).await?;
        } else if matches!(state, SchemaState::Empty | SchemaState::Behind) {
            bail!(
                "the tables of {} are behind this program: run `yimen migrate` first",
                set.name
            );
        }
    }
    Ok(())
}

/// The derived keys, after the master key was compared with the data.
async fn keys(loaded: &Loaded, db: &Db, entropy: &Entropy) -> anyhow::Result<Keyring> {
    let file = loaded.resolved.idp.key_file();
    let variable = std::env::var(master_key::VARIABLE).ok();
    let master = match master_key::find(variable.as_deref(), &file)? {
        Some(master) => master,
        None if idp::keys::has_data(db).await? => return Err(master_key::missing(&file)),
        None => {
            make_data_folder(&loaded.resolved.idp)?;
            let master = master_key::create(&file, &mut entropy.rng())?;
            terminal::note(&format!(
                "Made {}. Keep a copy of it apart from the database's: without it the data can't be read.",
                file.display()
            ));
            master
        }
    };
    let keys = Keyring::new(&master);
    idp::keys::check(db, &keys).await?;
    Ok(keys)
}
