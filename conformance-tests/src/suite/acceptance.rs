//! A run of all cases as a test: its report is kept, and everything is as expected.

use std::path::Path;

use anyhow::{Result, bail};

use super::context::Context;
use super::expectations::Expectations;
use super::report::{Report, ReportFile};
use super::{cas, clock, runner};

/// Runs all cases, and fails where one ends other than a file of expectations has it.
pub async fn run(context: &mut Context, report_file: &Path, expectations: &str) -> Result<()> {
    let expectations = Expectations::parse(expectations)?;
    let started = clock::now();
    let outcomes = runner::run(context, cas::all(), |_| ()).await;
    let lines: Vec<String> = expectations
        .surprises(&outcomes)
        .iter()
        .map(ToString::to_string)
        .collect();
    let report = Report {
        base: context.options.base.to_string(),
        profile: context.options.profile,
        started,
        outcomes,
        expectations: Some(expectations.clone()),
    };
    let file = report_file.display().to_string();
    file.parse::<ReportFile>()?.write(&report)?;
    if lines.is_empty() {
        return Ok(());
    }
    bail!(
        "other than expected of {}, see {file}:\n{}",
        expectations.server,
        lines.join("\n")
    );
}
