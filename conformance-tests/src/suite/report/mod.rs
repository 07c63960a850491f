//! What came of a run, as files.

pub mod html;
pub mod json;
pub mod junit;

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail, ensure};
use jiff::Timestamp;

use super::expectations::Expectations;
use super::group::{Chapter, Suite};
use super::options::Profile;
use super::runner::{Outcome, Standing};

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Report {
    pub suite: &'static Suite,
    /// The address of the server: the CAS base, the issuer.
    pub base: String,
    pub profile: Profile,
    pub started: Timestamp,
    pub outcomes: Vec<Outcome>,
    pub expectations: Option<Expectations>,
}

impl Report {
    pub fn count(&self, standing: Standing) -> usize {
        self.outcomes
            .iter()
            .filter(|it| it.standing == standing)
            .count()
    }

    pub fn took(&self) -> Duration {
        self.outcomes.iter().map(|it| it.took).sum()
    }

    /// How many of the protocol's assertions were judged: those with a case that applied.
    pub fn assertions(&self) -> usize {
        let judged = self
            .outcomes
            .iter()
            .filter(|it| it.standing != Standing::NotApplicable);
        let mut numbers: Vec<u16> = judged.map(|it| it.case.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }

    /// The groups with what came of their cases; groups of which nothing ran are left out.
    pub fn groups(&self) -> impl Iterator<Item = (Chapter, Vec<&Outcome>)> {
        (self.suite.chapters)().into_iter().filter_map(|group| {
            let ids: Vec<String> = group.cases.iter().map(|case| case.id()).collect();
            let ran = self
                .outcomes
                .iter()
                .filter(|it| ids.contains(&it.case.id()));
            let ran: Vec<&Outcome> = ran.collect();
            (!ran.is_empty()).then_some((group, ran))
        })
    }

    /// Why a case that failed was known to.
    pub fn known(&self, outcome: &Outcome) -> Option<&str> {
        let expectations = self.expectations.as_ref()?;
        let reason = expectations.reason(&outcome.case.id());
        reason.filter(|_| outcome.standing.is_failure())
    }
}

/// A file to write; its ending says what kind of report it is.
#[derive(Clone, Debug)]
pub struct ReportFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Junit,
    Json,
    Html,
}

impl FromStr for ReportFile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let path = Path::new(text).to_owned();
        let kind = match path.extension().and_then(|ending| ending.to_str()) {
            Some("xml") => Kind::Junit,
            Some("json") => Kind::Json,
            Some("html") => Kind::Html,
            _ => bail!("a report ends in .xml (JUnit), .json or .html"),
        };
        Ok(Self { path, kind })
    }
}

impl ReportFile {
    /// Whether its folder is there: after the run it would be too late.
    pub fn check(&self) -> Result<()> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => return Ok(()),
        };
        ensure!(
            folder.is_dir(),
            "{}: there is no folder {}",
            self.path.display(),
            folder.display()
        );
        Ok(())
    }

    pub fn write(&self, report: &Report) -> Result<()> {
        let text = match self.kind {
            Kind::Junit => junit::write(report),
            Kind::Json => json::write(report)?,
            Kind::Html => html::write(report),
        };
        fs::write(&self.path, text).with_context(|| self.path.display().to_string())
    }
}

/// Text for XML and HTML, attributes included; what XML 1.0 §2.2 has no place for is replaced.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' => safe.push(character),
            '\r' => {}
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
pub mod samples;
