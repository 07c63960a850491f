//! The commands. Each has a file of its own; what they share is beside them.
#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help, which shows them as they are"
)]

mod activation;
mod admin;
mod application;
mod config;
mod examples;
mod flags;
mod group;
mod idp;
mod import;
mod inbox;
mod keys;
mod migrate;
mod portal;
mod store;
mod terminal;
mod up;

use std::process::ExitCode;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand};

use crate::config::ConfigError;
use examples::examples;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Yimen (一门), one gate for a university: CAS and OpenID Connect sign-in in one server.
#[derive(Debug, Parser)]
#[command(
    name = "yimen",
    version,
    styles = STYLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = examples!(
        "yimen up --demo" => "a demonstration campus on http://localhost:8080",
        "yimen import people students.xlsx --dry-run" => "look what an import would do",
        "yimen config check --config /etc/yimen/yimen.toml" => "check before a restart",
    )
)]
struct Yimen {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Up),
    Idp(idp::Idp),
    Portal(portal::PortalCommand),
    Migrate(migrate::Migrate),
    Import(import::Import),
    Application(application::Application),
    Activation(activation::Activation),
    Admin(admin::Admin),
    Group(group::Group),
    Inbox(inbox::Inbox),
    Keys(keys::Keys),
    Config(config::Config),
}

/// The work is done, and its report says what is left to look at. Ends with 3.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("something was left over")]
struct LeftOver;

/// Parses the command line and runs what it says.
pub(crate) fn run() -> ExitCode {
    let result = match Yimen::parse().command {
        Command::Up(command) => command.run(),
        Command::Idp(command) => command.run(),
        Command::Portal(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Application(command) => return end(command.run()),
        Command::Activation(command) => command.run(),
        Command::Admin(command) => command.run(),
        Command::Group(command) => command.run(),
        Command::Inbox(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Config(command) => command.run(),
    };
    end(result.map(|()| ExitCode::SUCCESS))
}

/// What the program ends with.
fn end(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        // `yimen … | head` has read enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<LeftOver>() => ExitCode::from(3),
        Err(error) => {
            terminal::error(&message(&error));
            // 2 as clap's own: the command line or the configuration, nothing was begun.
            if error.is::<ConfigError>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// An error and its causes, those left out that its own text tells already.
fn message(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |text, cause| {
            if text.is_empty() {
                cause
            } else if text.contains(&cause) {
                text
            } else {
                format!("{text}: {cause}")
            }
        })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_cause_is_told_once() {
        let error = || -> anyhow::Result<()> { Err(anyhow::anyhow!("no such file")) };
        let twice = error().context("config: no such file").unwrap_err();
        assert_eq!(message(&twice), "config: no such file");
        let once = error().context("config").unwrap_err();
        assert_eq!(message(&once), "config: no such file");
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Yimen::command().debug_assert();
    }
}
