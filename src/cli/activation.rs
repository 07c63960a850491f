mod sheet;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use idp::accounts::activation_codes::CodePrinter;
use idp::accounts::initial_cap;
use idp_domain::accounts::{AccountNumber, OrgPath};
use jiff::SignedDuration;

use super::examples::examples;
use super::flags::StoreFlags;
use super::store::{self, Migrate, Store};
use super::terminal;
use crate::files;
use sheet::{Format, Letterhead, Sheet};

/// Print activation codes, or lift the cap of wrong initial passwords
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen activation print --org 计算机学院 --format html --output codes.html"
            => "slips for one college, to print and cut",
        "yimen activation lift 20230001" => "let one student try the initial password again",
    )
)]
pub(super) struct Activation {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an activation code for everybody who hasn't activated the account
    ///
    /// Codes that were printed before are worthless from then on. Who has a code can take the
    /// account: treat the output as you would the letters it is printed on.
    #[command(after_help = examples!(
        "yimen activation print --output codes.csv" => "everybody, as a table",
        "yimen activation print --org 计算机学院/软件工程系 --format html --output codes.html"
            => "slips for one department, to print and cut",
    ))]
    Print(Print),
    /// Lift the cap of wrong initial passwords
    #[command(after_help = examples!(
        "yimen activation lift 20230001 20230002" => "for two people",
        "yimen activation lift --all" => "for everybody who hasn't activated the account",
    ))]
    Lift(Lift),
}

#[derive(Debug, Args)]
struct Print {
    /// Only this org unit and those below it, such as 计算机学院/软件工程系
    #[arg(long, value_name = "PATH")]
    org: Option<String>,
    /// A table, or slips to print and cut
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Write to this file, readable by its owner only, instead of the terminal
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreFlags,
}

#[derive(Debug, Args)]
struct Lift {
    /// Account numbers
    #[arg(value_name = "NUMBER", required_unless_present = "all")]
    numbers: Vec<String>,
    /// Everybody who hasn't activated the account
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
    #[command(flatten)]
    store: StoreFlags,
}

impl Activation {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Print(print) => store::block_on(print.run()),
            Action::Lift(lift) => store::block_on(lift.run()),
        }
    }
}

impl Print {
    async fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load()?;
        let config = &loaded.resolved.idp;
        let org = match &self.org {
            Some(text) => OrgPath::parse(text)
                .with_context(|| format!("--org {text:?}"))?
                .to_string(),
            None => String::new(),
        };
        let store = Store::open(&loaded, Migrate::New).await?;
        let mut rng = store.entropy.rng();
        let days = i64::from(config.activation.code_days.get());
        let expires_at = store
            .clock
            .now()
            .checked_add(SignedDuration::from_hours(24 * days))?;
        let mut sheet = Sheet::new(
            self.format,
            &Letterhead {
                school: &config.school.name.zh_cn,
                address: config.server.issuer.as_str(),
                expires_at: expires_at.to_zoned(config.school.timezone.get().clone()),
            },
        );
        let mut printer = CodePrinter::new(&store.db, &store.keys, &org, expires_at);
        while let Some(codes) = printer.next_batch(store.clock.now(), &mut rng).await? {
            for code in codes {
                sheet.add(&code);
            }
        }
        let count = sheet.count();
        let text = sheet.finish();
        match &self.output {
            Some(path) => {
                files::write_private(path, text.as_bytes(), true)
                    .with_context(|| path.display().to_string())?;
                terminal::note(&format!("{count} codes are in {}", path.display()));
            }
            None => terminal::out(text.trim_end())?,
        }
        Ok(())
    }
}

impl Lift {
    async fn run(self) -> anyhow::Result<()> {
        let numbers = self
            .numbers
            .iter()
            .map(|text| AccountNumber::parse(text).with_context(|| format!("{text:?}")))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let store = Store::open(&self.store.load()?, Migrate::New).await?;
        let (now, mut rng) = (store.clock.now(), store.entropy.rng());
        let lifted = if self.all {
            initial_cap::lift_all(&store.db, now, &mut rng).await?
        } else {
            initial_cap::lift(&store.db, &numbers, now, &mut rng).await?
        };
        terminal::note(&format!("the cap is lifted for {lifted} people"));
        Ok(())
    }
}
