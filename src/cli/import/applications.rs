use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use idp::applications::{Here, import};

use crate::cli::examples::examples;
use crate::cli::flags::StoreFlags;
use crate::cli::store::{self, Migrate, Store};
use crate::cli::terminal;

/// Bring applications from a JSON file into the registry
///
/// The file holds one entry or an array of them, each with a CAS side, an OpenID Connect side or a
/// place in launchers. A client_secret in it is kept as its hash only. Entries that are registered already are
/// replaced, others stay. One bad entry, and nothing changes. Running servers follow within a
/// second.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen import applications library.json --dry-run" => "look what would change",
    "yimen import applications library.json" => "change it, and say which OpenID Connect clients are new or different",
))]
pub(super) struct Applications {
    /// The JSON file
    file: PathBuf,
    /// Check and tell, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Accept what only a demonstration may have, such as a service on any port
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    store: StoreFlags,
}

impl Applications {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| name.clone())?;
        let loaded = self.store.load()?;
        store::block_on(async {
            let store = Store::open(&loaded, Migrate::New).await?;
            let mut tx = store.db.write().await?;
            let (now, mut rng) = (store.clock.now(), store.entropy.rng());
            let here = Here {
                issuer: loaded.resolved.idp.server.issuer.as_str(),
                demo: self.demo,
            };
            let report = import(&mut tx, &text, here, now, &mut rng)
                .await
                .with_context(|| name)?;
            if self.dry_run {
                tx.rollback().await?;
            } else {
                tx.commit().await?;
            }
            let mark = if self.dry_run {
                " (dry run, nothing was changed)"
            } else {
                ""
            };
            terminal::out(&format!(
                "{} added, {} changed, {} unchanged{mark}",
                report.added.len(),
                report.changed.len(),
                report.unchanged.len()
            ))?;
            for client in &report.clients {
                terminal::out(&format!("client_id {client}"))?;
            }
            Ok(())
        })
    }
}
