//! The conformance suite as a tool.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool that reports"
)]

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

/// Wrong use, or a server that can't be reached.
const UNUSABLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match cli::Cli::parse().command {
        cli::Command::Cas(arguments) => cli::cas::cas(arguments).await,
        cli::Command::Oidc(arguments) => cli::oidc::oidc(arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}
