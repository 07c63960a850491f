//! A run of all cases as a test: its report is kept, and everything is as expected.

use std::path::Path;

use anyhow::{Result, bail};

use super::case::Case;
use super::clock;
use super::expectations::Expectations;
use super::group::Suite;
use super::report::{Report, ReportFile};
use super::runner::{self, Subject};

/// Runs all cases, and fails where one ends other than a file of expectations has it.
pub async fn run<C: Subject + 'static>(
    suite: &'static Suite,
    cases: impl IntoIterator<Item = &'static Case<C>>,
    context: &mut C,
    report_file: &Path,
    expectations: &str,
) -> Result<()> {
    let expectations = Expectations::parse(suite, expectations)?;
    let started = clock::now();
    let outcomes = runner::run(context, cases, |_| ()).await;
    let lines: Vec<String> = expectations
        .surprises(&outcomes)
        .iter()
        .map(ToString::to_string)
        .collect();
    let report = Report {
        suite,
        base: context.address(),
        profile: context.profile(),
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
