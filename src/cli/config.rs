use clap::{Args, Subcommand};

use super::examples::examples;
use super::flags::{ServerFlags, StoreFlags};
use super::terminal;
use crate::config;

/// Describe, check or show the configuration
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen config check --config /etc/yimen/yimen.toml" => "check before a restart",
        "yimen config schema > yimen.schema.json" => "completion and checks in an editor",
    )
)]
pub(super) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the JSON Schema of yimen.toml
    #[command(after_help = examples!(
        "yimen config schema > yimen.schema.json" => "completion and checks in an editor",
    ))]
    Schema,
    /// Check file, variables and flags as a start would, without starting
    #[command(after_help = examples!(
        "yimen config check" => "yimen.toml of the working directory",
        "YIMEN_SERVER__ISSUER=https://id.example.edu yimen config check --config new.toml"
            => "another file, with a variable over it",
    ))]
    Check(Flags),
    /// Show every value in force and where it was written; secrets are masked
    #[command(after_help = examples!(
        "yimen config show" => "every key, with file and line, variable, flag or default",
    ))]
    Show(Flags),
}

#[derive(Debug, Args)]
struct Flags {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Schema => terminal::out(&serde_json::to_string_pretty(&config::schema())?)?,
            Action::Check(flags) => {
                let loaded = flags.store.load_with(&flags.server)?;
                terminal::out(&match &loaded.file {
                    Some(file) => format!("{}: good", file.display()),
                    None => "good (there is no file, the defaults serve)".to_owned(),
                })?;
            }
            Action::Show(flags) => {
                let loaded = flags.store.load_with(&flags.server)?;
                for line in config::lines(&loaded)? {
                    terminal::out(&line)?;
                }
            }
        }
        Ok(())
    }
}
