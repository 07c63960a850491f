//! Yimen (一门): one gate for a university. The one place where the parts meet.

mod cli;
mod config;
mod files;
mod hall;
mod master_key;
mod node;
mod serve;
mod sms;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
