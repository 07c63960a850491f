use std::path::PathBuf;

use clap::Args;
use idp::accounts::import::{
    BadLine, ImportError, ImportOptions, ImportReport, Progress, import_people,
};

use crate::cli::examples::examples;
use crate::cli::flags::StoreFlags;
use crate::cli::store::{self, Migrate, Store};
use crate::cli::terminal;

/// Warnings shown at most. Bad lines are all shown: each has to be mended.
const SHOWN: usize = 50;

/// Import people from a CSV file or an Excel workbook
///
/// The first line names the columns, in Chinese or English: 学工号 number, 姓名 name, 证件号
/// id_number, 证件类型 id_kind, 人员类型 affiliation, 性别 sex, 部门 org, 手机号 phone, 邮箱 email,
/// 生效 valid_from, 失效 valid_until. One bad line, and nothing is imported. A server may run
/// meanwhile.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen import people students.xlsx --dry-run" => "look what would change, and which lines are bad",
    "yimen import people students.csv" => "all of the file, or nothing when a line is bad",
    "yimen import people students.csv --skip-bad" => "the good lines; the bad ones go to students.bad.csv",
))]
pub(super) struct People {
    /// The CSV file (UTF-8 or GB18030) or workbook (.xlsx)
    file: PathBuf,
    /// Check and tell, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import the good lines and write the bad ones to a file, FILE.bad.csv unless named
    #[arg(long, value_name = "BAD", num_args = 0..=1)]
    #[expect(
        clippy::option_option,
        reason = "clap's way to say: absent, bare, with a value"
    )]
    skip_bad: Option<Option<PathBuf>>,
    /// Let a known number go to the holder of another id number
    #[arg(long)]
    reassign: bool,
    #[command(flatten)]
    store: StoreFlags,
}

impl People {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load()?;
        let config = &loaded.resolved.idp;
        let options = ImportOptions {
            reassign: self.reassign,
            skip_bad: self.rejects(),
            dry_run: self.dry_run,
            ..ImportOptions::new(
                config.activation.initial_password,
                config.school.timezone.get().clone(),
            )
        };
        store::block_on(async {
            let store = Store::open(&loaded, Migrate::New).await?;
            let clock = store.clock.clone();
            let mut rng = store.entropy.rng();
            let mut shown = Shown::default();
            let mut progress = |at| shown.reach(at);
            let result = import_people(
                &store.db,
                &store.keys,
                &self.file,
                &options,
                move || clock.now(),
                &mut rng,
                &mut progress,
            )
            .await;
            shown.finish();
            match result {
                Ok(report) => Ok(self.tell(&report, options.skip_bad.as_ref())?),
                Err(ImportError::BadLines(report)) => {
                    tell_bad(&report.bad);
                    Err(ImportError::BadLines(report).into())
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Where the bad lines go, if they may be left out.
    fn rejects(&self) -> Option<PathBuf> {
        let named = self.skip_bad.as_ref()?;
        Some(
            named
                .clone()
                .unwrap_or_else(|| self.file.with_extension("bad.csv")),
        )
    }

    fn tell(&self, report: &ImportReport, rejects: Option<&PathBuf>) -> std::io::Result<()> {
        tell_bad(&report.bad);
        for warning in report.warnings.iter().take(SHOWN) {
            terminal::note(&format!("warning: {warning}"));
        }
        if report.warnings.len() > SHOWN {
            terminal::note(&format!(
                "… and {} more warnings",
                report.warnings.len() - SHOWN
            ));
        }
        if let (Some(path), false, false) = (rejects, report.bad.is_empty(), self.dry_run) {
            terminal::note(&format!("the bad lines are in {}", path.display()));
        }
        let mark = if self.dry_run {
            " (dry run, nothing was changed)"
        } else {
            ""
        };
        terminal::out(&format!("{report}{mark}"))
    }
}

fn tell_bad(bad: &[BadLine]) {
    for line in bad {
        terminal::note(&line.to_string());
    }
}

/// One display for each phase of an import.
#[derive(Debug, Default)]
struct Shown {
    phase: Option<(&'static str, terminal::Progress)>,
}

impl Shown {
    fn reach(&mut self, at: Progress) {
        let (what, done, total) = match at {
            Progress::Reading { lines } => ("reading", lines, 0),
            Progress::Planning { done, total } => ("comparing", done, total),
            Progress::Writing { done, total } => ("writing", done, total),
            Progress::Publishing => ("publishing", 0, 0),
        };
        if self.phase.as_ref().is_none_or(|(phase, _)| *phase != what) {
            self.finish();
            self.phase = Some((what, terminal::Progress::new(what, total)));
        }
        if let Some((_, progress)) = &mut self.phase {
            progress.reach(done);
        }
    }

    fn finish(&mut self) {
        if let Some((_, progress)) = self.phase.take() {
            progress.finish();
        }
    }
}
