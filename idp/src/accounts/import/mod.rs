//! `yimen import people FILE`: from a file of the school to the roster.
//!
//! 1. [`file`] reads the rows of a CSV file or a workbook, within [`Limits`].
//! 2. [`line`] checks each of them whole.
//! 3. [`plan`] compares the good ones with what is published and decides on each.
//! 4. [`write`] stages what changes in short transactions and publishes it by one small one.
//!
//! Nothing is written before everything was checked and decided; a bad line stops it there,
//! unless [`ImportOptions::skip_bad`] names a file for the bad ones. Reading and checking keep
//! their thread busy (about ten seconds for a million lines): not for a server's own threads.

mod cell;
mod column;
mod csv_file;
mod file;
mod line;
mod plan;
mod rejects;
mod report;
mod write;
mod xlsx_file;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use idp_domain::Timestamp;
use idp_domain::accounts::InitialRule;
use idp_domain::secrets::Keyring;
use idp_storage::imports::Staging;
use idp_storage::{Db, DbError};
use jiff::tz::TimeZone;
use rand::CryptoRng;

use self::column::Header;
use self::line::{Checker, Record};
use self::plan::{Plan, Terms};

pub use self::column::{Column, HeaderError};
pub use self::file::{FileError, FileKind, Limits};
pub use self::rejects::RejectsError;
pub use self::report::{BadLine, Counts, ImportReport, Warning};

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What initial passwords are made of.
    pub rule: InitialRule,
    /// A known number with another id number goes to the holder of that one.
    pub reassign: bool,
    /// Go on without the bad lines, and write them to this file.
    pub skip_bad: Option<PathBuf>,
    /// Say what would happen and write nothing.
    pub dry_run: bool,
    /// The school's time zone: in it a validity begins and ends at midnight.
    pub zone: TimeZone,
    pub limits: Limits,
}

impl ImportOptions {
    /// All or nothing, within the limits of the command line.
    pub fn new(rule: InitialRule, zone: TimeZone) -> Self {
        Self {
            rule,
            reassign: false,
            skip_bad: None,
            dry_run: false,
            zone,
            limits: Limits::COMMAND_LINE,
        }
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Reading { lines: u64 },
    Planning { done: u64, total: u64 },
    Writing { done: u64, total: u64 },
    Publishing,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    File(#[from] FileError),
    /// The report says which and why.
    #[error("{} bad lines; nothing was imported", .0.counts.refused)]
    BadLines(Box<ImportReport>),
    #[error("another import is running{}", .0.as_ref().map(of_file).unwrap_or_default())]
    Busy(Option<Staging>),
    /// Other imports were published again and again while this one was planned.
    #[error("other imports came in between; nothing was imported, try again")]
    Overtaken,
    /// The import stood still for two minutes and was given up by another one.
    #[error("the import took too long and was taken for dead; nothing was imported, try again")]
    Lost,
    #[error("somebody in the file became an administrator meanwhile; nothing was imported")]
    Administrator,
    #[error("{}: {source}", path.display())]
    Rejects {
        path: PathBuf,
        #[source]
        source: RejectsError,
    },
    #[error(transparent)]
    Db(#[from] DbError),
}

fn of_file(other: &Staging) -> String {
    format!(
        " ({:?}, last heard of at {:.0}); one that died is given up after 2 minutes",
        other.file_name, other.heartbeat_at
    )
}

/// What an import works with.
struct Tools<'a, C, R> {
    db: &'a Db,
    keys: &'a Keyring,
    clock: C,
    rng: &'a mut R,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// Lines between two words on the progress of reading.
const PROGRESS_LINES: u64 = 1000;
/// Plans that may be overtaken by another import.
const MOST_PLANS: usize = 3;

/// Imports the people of a file. What the report counts as written is published when this
/// returns; after any error nothing was changed that anybody can see.
///
/// # Errors
/// [`ImportError::BadLines`] with the whole report where a line is bad, and neither `skip_bad`
/// nor `dry_run` was asked for.
pub async fn import_people<R: CryptoRng>(
    db: &Db,
    keys: &Keyring,
    source: &Path,
    options: &ImportOptions,
    clock: impl Fn() -> Timestamp,
    rng: &mut R,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let mut tools = Tools {
        db,
        keys,
        clock,
        rng,
        progress,
    };
    let checked = check(source, options, (tools.clock)(), tools.progress)?;
    let file_name = file_name(source);
    for _ in 0..MOST_PLANS {
        let plan = make_plan(&mut tools, options, &checked).await?;
        let mut report = checked.report(&plan);
        if options.dry_run {
            return Ok(report);
        }
        if !report.bad.is_empty() {
            let Some(target) = &options.skip_bad else {
                return Err(ImportError::BadLines(Box::new(report)));
            };
            checked.write_rejects(source, options, &report.bad, target)?;
        }
        let plan = Plan {
            counts: report.counts,
            ..plan
        };
        report.published =
            write::write(&mut tools, options, &file_name, &checked.records, &plan).await?;
        if report.published.is_some() {
            return Ok(report);
        }
    }
    Err(ImportError::Overtaken)
}

/// A file that was read and checked.
struct Checked {
    kind: FileKind,
    header: Header,
    lines: u64,
    records: Vec<Record>,
    bad: Vec<BadLine>,
}

fn check(
    source: &Path,
    options: &ImportOptions,
    now: Timestamp,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Checked, FileError> {
    let mut checker: Option<Checker> = None;
    let (mut records, mut bad, mut lines) = (Vec::new(), Vec::new(), 0);
    let kind = file::read_rows(source, &options.limits, &mut |row| {
        let Some(checker) = &mut checker else {
            let header = Header::parse(&row, line::required(options.rule))?;
            checker = Some(Checker::new(
                header,
                options.rule,
                options.zone.clone(),
                now,
            ));
            return Ok(());
        };
        lines += 1;
        if lines % PROGRESS_LINES == 0 {
            progress(Progress::Reading { lines });
        }
        match checker.check(&row) {
            Ok(record) => records.push(record),
            Err(faults) => bad.extend(faults),
        }
        Ok(())
    })?;
    let header = checker.ok_or(FileError::Empty)?.header().clone();
    Ok(Checked {
        kind,
        header,
        lines,
        records,
        bad,
    })
}

async fn make_plan(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    options: &ImportOptions,
    checked: &Checked,
) -> Result<Plan, DbError> {
    let records = &checked.records;
    let (basis, published) = plan::look_up(tools.db, tools.keys, records, tools.progress).await?;
    let terms = Terms {
        keys: tools.keys,
        rule: options.rule,
        reassign: options.reassign,
        now: (tools.clock)(),
    };
    Ok(plan::plan(&terms, records, basis, &published, tools.rng))
}

impl Checked {
    fn report(&self, plan: &Plan) -> ImportReport {
        let mut bad: Vec<BadLine> = self.bad.iter().chain(&plan.bad).cloned().collect();
        bad.sort_by_key(|bad| bad.line);
        let refused = bad
            .iter()
            .map(|bad| bad.line)
            .collect::<BTreeSet<_>>()
            .len() as u64;
        ImportReport {
            kind: self.kind,
            counts: Counts {
                lines: self.lines,
                refused,
                ..plan.counts
            },
            bad,
            warnings: plan.warnings.clone(),
            published: None,
        }
    }

    fn write_rejects(
        &self,
        source: &Path,
        options: &ImportOptions,
        bad: &[BadLine],
        target: &Path,
    ) -> Result<(), ImportError> {
        rejects::write(source, &options.limits, &self.header, bad, target).map_err(|source| {
            ImportError::Rejects {
                path: target.to_owned(),
                source,
            }
        })
    }
}

/// The file's own name, for the audit trail and for whoever has to wait.
fn file_name(source: &Path) -> String {
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}
