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
    let cli::Cli {
        command: cli::Command::Cas(arguments),
    } = cli::Cli::parse();
    match cli::cas(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}
