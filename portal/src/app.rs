//! What every request shares.

use std::sync::Arc;

use jiff::Timestamp;
use migrations::Db;
use rand::rngs::StdRng;
use themes::Themes;
use tokio::sync::RwLock;

use crate::config::Config;
use crate::launcher::Launcher;
use crate::provider::Provider;
use crate::rate::Budgets;
use crate::secrets::Keys;

/// The two things that nothing may take from its surroundings.
#[derive(Clone)]
pub struct Ambient {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    rng: Arc<dyn Fn() -> StdRng + Send + Sync>,
}

impl Ambient {
    /// `rng` gives a generator of one's own each time.
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        rng: impl Fn() -> StdRng + Send + Sync + 'static,
    ) -> Self {
        Self {
            now: Arc::new(now),
            rng: Arc::new(rng),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub(crate) fn rng(&self) -> StdRng {
        (self.rng)()
    }
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

/// One node of the hall.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) keys: Keys,
    pub(crate) themes: Arc<Themes>,
    pub(crate) ambient: Ambient,
    pub(crate) provider: Provider,
    pub(crate) launcher: Launcher,
    pub(crate) budgets: Budgets,
    /// Read-locked by each renewal under way.
    pub(crate) renewals: Arc<RwLock<()>>,
    /// Names of the host that requests may come by.
    pub(crate) hosts: Vec<String>,
}
