use clap::Args;
use migrations::{Db, IDP, PORTAL, SMS, SchemaState, Set};

use super::examples::examples;
use super::flags::StoreFlags;
use super::{store, terminal};

/// Bring the database's tables up to date
///
/// The embedded database is migrated by `yimen up` itself; a PostgreSQL database by this command,
/// before the new program is started.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen migrate --database postgres://yimen@db.example.edu/yimen" => "before an upgraded server is started",
    "yimen migrate --config /etc/yimen/yimen.toml" => "the database that the file names",
))]
pub(super) struct Migrate {
    #[command(flatten)]
    store: StoreFlags,
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load()?;
        store::block_on(async {
            let db = store::open(&loaded).await?;
            migrate(&db, &[IDP, SMS]).await?;
            let hall = store::open_for_hall(&loaded, &db).await?;
            migrate(&hall, &[PORTAL]).await?;
            hall.close().await;
            db.close().await;
            Ok(())
        })
    }
}

async fn migrate(db: &Db, sets: &[Set]) -> anyhow::Result<()> {
    for set in sets.iter().copied() {
        let before = db.schema_state(set).await?;
        db.migrate(set).await?;
        let what = match before {
            SchemaState::Current => "was up to date",
            _ => "is now up to date",
        };
        terminal::out(&format!("{} ({}): {what}", set.name, db.engine_name()))?;
    }
    Ok(())
}
