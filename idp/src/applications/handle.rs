use std::sync::Arc;

use arc_swap::ArcSwap;
use idp_domain::applications::{Application, Registry};
use idp_storage::applications::{self, StoredEntry};
use idp_storage::{Db, DbError};

use super::listed::Listed;

/// This node's copy of the registry. Reading it costs an atomic load and never the database; one
/// job calls [`refresh_if_changed`](Self::refresh_if_changed) twice a second, so that a change
/// reaches every node within a second.
#[derive(Debug)]
pub struct ApplicationRegistry {
    loaded: ArcSwap<Loaded>,
    demo: bool,
}

#[derive(Debug)]
struct Loaded {
    version: i64,
    registry: Arc<Registry>,
    listed: Arc<Listed>,
}

impl ApplicationRegistry {
    /// Reads all entries. `demo` lets entries name loopback hosts; elsewhere those are left out
    /// (RED-13).
    ///
    /// # Errors
    /// [`DbError`] when they can't be read at all. One that can't be *used* is left out with a
    /// warning: the others must go on.
    pub async fn load(db: &Db, demo: bool) -> Result<Self, DbError> {
        Ok(Self {
            loaded: ArcSwap::from_pointee(read(db, demo).await?),
            demo,
        })
    }

    /// The registry as of the last refresh. Take it once per request, so that one request sees
    /// one state.
    pub fn current(&self) -> Arc<Registry> {
        Arc::clone(&self.loaded.load().registry)
    }

    /// What launchers are told, as of the last refresh.
    pub(super) fn listed(&self) -> Arc<Listed> {
        Arc::clone(&self.loaded.load().listed)
    }

    /// Reads the entries again if their version moved; true when it did. On an error the node
    /// keeps what it has.
    ///
    /// # Errors
    /// [`DbError`]
    pub async fn refresh_if_changed(&self, db: &Db) -> Result<bool, DbError> {
        let version = applications::version(&mut db.read().await?).await?;
        // Different, not greater: a restored backup counts from where it was.
        if version == self.loaded.load().version {
            return Ok(false);
        }
        self.loaded.store(Arc::new(read(db, self.demo).await?));
        Ok(true)
    }
}

async fn read(db: &Db, demo: bool) -> Result<Loaded, DbError> {
    let mut conn = db.read().await?;
    let version = applications::version(&mut conn).await?;
    let entries = applications::list(&mut conn).await?;
    let usable = entries.iter().filter_map(|entry| usable(entry, demo));
    let registry = Registry::new(usable.collect());
    Ok(Loaded {
        version,
        listed: Arc::new(Listed::of(&registry)),
        registry: Arc::new(registry),
    })
}

fn usable(stored: &StoredEntry, demo: bool) -> Option<Application> {
    Application::from_json(&stored.entry, demo)
        .inspect_err(|problems| {
            tracing::warn!(application = %stored.id, %problems, "an application is left out");
        })
        .ok()
}
