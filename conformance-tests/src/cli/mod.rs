//! The command line.

pub mod cas;
mod console;
pub mod oidc;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use conformance_tests::suite::case::Case;
use conformance_tests::suite::clock;
use conformance_tests::suite::expectations::Expectations;
use conformance_tests::suite::group::Suite;
use conformance_tests::suite::options::Profile;
use conformance_tests::suite::report::{Report, ReportFile};
use conformance_tests::suite::runner::{self, Subject};
use conformance_tests::suite::selection::Selection;

/// Conformance suites to aim at any server.
#[derive(Debug, Parser)]
#[command(name = "conformance-tests", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Cas(Box<cas::CasArguments>),
    Oidc(Box<oidc::OidcArguments>),
}

/// What a run of any suite takes.
#[derive(Args, Clone, Debug)]
pub struct RunArguments {
    /// Whether what is not a MUST counts as a failure or as a warning.
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
    /// Write a report; its ending says which: .xml (`JUnit`), .json, .html. May be repeated.
    #[arg(long, value_name = "FILE")]
    report: Vec<ReportFile>,
    /// Known failures with their reasons: the run succeeds when exactly these fail.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Run these only: numbers, ranges and parts, as 12,30-41,53b.
    #[arg(long, value_name = "CASES")]
    only: Option<Selection>,
    /// Show the cases and run none.
    #[arg(long)]
    pub list: bool,
}

/// A run whose files are in order.
#[derive(Debug)]
pub struct Plan {
    suite: &'static Suite,
    files: Vec<ReportFile>,
    expectations: Option<Expectations>,
}

impl RunArguments {
    /// The cases that `--only` leaves.
    pub fn choose<C>(
        &self,
        all: impl Iterator<Item = &'static Case<C>>,
    ) -> Result<Vec<&'static Case<C>>> {
        let selection = self.only.clone().unwrap_or_default();
        let cases: Vec<_> = all.filter(|case| selection.contains(case)).collect();
        ensure!(
            !cases.is_empty(),
            "--only chooses no case: --list shows which there are"
        );
        Ok(cases)
    }

    /// Looks at the files before the run: after it, it would be too late.
    pub fn plan(&self, suite: &'static Suite) -> Result<Plan> {
        for file in &self.report {
            file.check()?;
        }
        let read = |path| Expectations::read(suite, path);
        Ok(Plan {
            suite,
            files: self.report.clone(),
            expectations: self.expect.as_deref().map(read).transpose()?,
        })
    }
}

impl Plan {
    /// Runs the cases, shows and writes down what came of them; true where nothing failed.
    pub async fn carry_out<C: Subject + 'static>(
        self,
        context: &mut C,
        cases: Vec<&'static Case<C>>,
    ) -> Result<bool> {
        let started = clock::now();
        let console = console::Console::new(cases.len());
        let outcomes = runner::run(context, cases, |outcome| console.show(outcome)).await;
        let report = Report {
            suite: self.suite,
            base: context.address(),
            profile: context.profile(),
            started,
            outcomes,
            expectations: self.expectations,
        };
        for file in self.files {
            file.write(&report)?;
        }
        Ok(console::summary(&report))
    }
}

/// `--list`
fn list<C>(cases: &[&'static Case<C>]) {
    console::list(cases.iter().map(|case| &case.about));
}
