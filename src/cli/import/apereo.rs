use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use idp::applications::{Here, ImportReport, import};
use idp_domain::applications::apereo::{
    AttributeNames, Conversion, Options, Report, SourceFile, convert,
};
use serde_json::Value;

use crate::cli::LeftOver;
use crate::cli::examples::examples;
use crate::cli::flags::StoreFlags;
use crate::cli::store::{self, Migrate, Store};
use crate::cli::terminal;
use crate::config::Loaded;

/// Files of one registry.
const MAX_FILES: usize = 10_000;
/// Folders within folders.
const MAX_DEPTH: usize = 20;
/// Bytes of a file that are read at most; a service has a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// Bring the service registry of an Apereo CAS into ours
///
/// Reads the JSON files of a registry (Name-123.json), converts what can be said here, and reports
/// line by line what became of it: ✓ means the same, ! works in another way or more narrowly, ✗ is
/// left out. No entry accepts an address, lets in a person or tells a fact that the old one didn't;
/// one that can't be kept as strict is imported closed ("enabled": false).
///
/// Ends with 0 when all is converted, 3 when something is left to look at, and 1 when nothing was
/// imported.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen import apereo /etc/cas/services --dry-run" => "look what would become of it",
    "yimen import apereo /etc/cas/services --entries apps.json" => "edit the entries first, then: yimen import applications apps.json",
    "yimen import apereo /etc/cas/services --attributes names.toml" => "say what the old attributes mean",
))]
pub(super) struct Apereo {
    /// The folder of the registry, with all below it
    dir: PathBuf,
    /// Report and check, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the converted entries here as JSON, to be edited, and import nothing
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    entries: Option<PathBuf>,
    /// Write the report here as JSON too
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What the old server's attributes mean, as TOML: [attributes], [affiliations], [org_units], [groups], return_all
    #[arg(long, value_name = "FILE")]
    attributes: Option<PathBuf>,
    /// Take services of this environment, and pass over those of others; may be given several times
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// Accept what only a demonstration may have, such as a service on any port
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    store: StoreFlags,
}

impl Apereo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load()?;
        let conversion = self.convert(&loaded)?;
        let report = &conversion.report;
        terminal::out(report.to_string().trim_end())?;
        if let Some(file) = &self.report {
            write(file, &serde_json::to_value(report)?)?;
        }
        if conversion.entries.is_empty() && !report.is_whole() {
            bail!(
                "nothing was imported: no service of {} could be converted",
                self.dir.display()
            );
        }
        if let Some(file) = &self.entries {
            write(file, &Value::Array(conversion.entries.clone()))?;
            terminal::out(&format!(
                "entries written to {}: {}; nothing was imported",
                file.display(),
                conversion.entries.len()
            ))?;
        } else {
            let done = store::block_on(self.import(&loaded, &conversion.entries))?;
            terminal::out(&self.summary(&done))?;
        }
        whole_or_left_over(report)
    }

    fn convert(&self, loaded: &Loaded) -> anyhow::Result<Conversion> {
        let names = match &self.attributes {
            Some(file) => {
                let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
                toml::from_str(&text).with_context(|| file.display().to_string())?
            }
            None => AttributeNames::default(),
        };
        let mut files = Vec::new();
        collect(&self.dir, &self.dir, 0, &mut files)?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        if files.is_empty() {
            bail!("there is no .json file in {}", self.dir.display());
        }
        let options = Options {
            names: &names,
            zone: loaded.resolved.idp.school.timezone.get(),
            environments: &self.environment,
            demo: self.demo,
        };
        Ok(convert(&files, options))
    }

    /// All entries or none, in one transaction.
    async fn import(&self, loaded: &Loaded, entries: &[Value]) -> anyhow::Result<ImportReport> {
        let store = Store::open(loaded, Migrate::New).await?;
        let mut tx = store.db.write().await?;
        let (now, mut rng) = (store.clock.now(), store.entropy.rng());
        let text = serde_json::to_string(entries)?;
        let here = Here {
            issuer: loaded.resolved.idp.server.issuer.as_str(),
            demo: self.demo,
        };
        let done = import(&mut tx, &text, here, now, &mut rng)
            .await
            .context("nothing was imported")?;
        if self.dry_run {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(done)
    }

    fn summary(&self, done: &ImportReport) -> String {
        let mark = if self.dry_run {
            " (dry run, nothing was changed)"
        } else {
            ""
        };
        format!(
            "{} added, {} changed, {} unchanged{mark}",
            done.added.len(),
            done.changed.len(),
            done.unchanged.len()
        )
    }
}

fn whole_or_left_over(report: &Report) -> anyhow::Result<()> {
    if report.is_whole() {
        Ok(())
    } else {
        Err(LeftOver.into())
    }
}

/// The `.json` files of a folder and of those below it. Links to folders aren't followed.
fn collect(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<SourceFile>,
) -> anyhow::Result<()> {
    let context = || folder.display().to_string();
    if depth > MAX_DEPTH {
        bail!(
            "{}: more than {MAX_DEPTH} folders within folders",
            context()
        );
    }
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let path = entry.path();
        if entry.file_type().with_context(context)?.is_dir() {
            collect(root, &path, depth + 1, files)?;
            continue;
        }
        let kind = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if matches!(kind, "yml" | "yaml") {
            terminal::note(&format!("{} isn't read: only JSON is", path.display()));
        }
        if kind != "json" {
            continue;
        }
        if files.len() == MAX_FILES {
            bail!("{} holds more than {MAX_FILES} files", root.display());
        }
        let name = path.strip_prefix(root).unwrap_or(&path);
        let length = fs::metadata(&path).with_context(|| path.display().to_string())?;
        if length.len() > MAX_BYTES {
            bail!("{} is larger than 1 MiB and no service", path.display());
        }
        files.push(SourceFile {
            name: name.display().to_string(),
            content: fs::read(&path).with_context(|| path.display().to_string())?,
        });
    }
    Ok(())
}

fn write(file: &Path, value: &Value) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(file, text).with_context(|| file.display().to_string())
}
