use std::collections::BTreeMap;

use anyhow::{Context, bail};
use clap::Args;
use idp_domain::accounts::AccountNumber;
use idp_domain::applications::ApplicationId;
use idp_storage::logouts::{self, Filter, Line, NoticeState};
use idp_storage::persons;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::examples::examples;
use super::super::flags::StoreFlags;
use super::super::{store, terminal};

/// Show which applications were told of logouts, and which could not be
///
/// Counts for each application; with --person or --application each notice, the newest first. The
/// ledger goes back 90 days.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen application logouts --since 2026-11-20" => "how many notices were delivered, by application",
    "yimen application logouts --application library" => "every notice to the library",
    "yimen application logouts --person 20230001" => "what one student's logouts came to",
))]
pub(super) struct Logouts {
    /// Only of this account number's person
    #[arg(long, value_name = "NUMBER")]
    person: Option<String>,
    /// Only to this application
    #[arg(long, value_name = "ID")]
    application: Option<String>,
    /// Only of sessions that ended on this day or later, in the school's zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<Date>,
    /// At most so many notices
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    store: StoreFlags,
}

impl Logouts {
    pub(super) fn run(self) -> anyhow::Result<()> {
        store::block_on(show(self))
    }
}

async fn show(asked: Logouts) -> anyhow::Result<()> {
    let loaded = asked.store.load()?;
    let zone = loaded.resolved.idp.school.timezone.get().clone();
    let since = match asked.since {
        Some(day) => day.to_zoned(zone.clone()).context("--since")?.timestamp(),
        None => Timestamp::UNIX_EPOCH,
    };
    let db = store::migrated(&loaded).await?;
    let mut conn = db.read().await?;
    if asked.person.is_none() && asked.application.is_none() {
        return counts(&logouts::counts(&mut conn, since).await?);
    }
    let person = match &asked.person {
        Some(number) => {
            let parsed = AccountNumber::parse(number).with_context(|| format!("{number:?}"))?;
            match persons::id_of_number(&mut conn, parsed.as_str()).await? {
                Some(person) => Some(person),
                None => bail!("nobody has the number {number}"),
            }
        }
        None => None,
    };
    let application = match &asked.application {
        Some(id) => Some(ApplicationId::parse(id).with_context(|| format!("{id:?}"))?),
        None => None,
    };
    let filter = Filter {
        since,
        person,
        application: application.as_ref().map(ApplicationId::as_str),
    };
    terminal::out("ended\tbecause\tnumber\tapplication\tstate\ttries\treason")?;
    for line in logouts::list(&mut conn, &filter, i64::from(asked.limit)).await? {
        terminal::out(&text(&line, &zone))?;
    }
    Ok(())
}

fn text(line: &Line, zone: &TimeZone) -> String {
    let ended = line.ended_at.to_zoned(zone.clone());
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}",
        ended.strftime("%Y-%m-%d %H:%M:%S"),
        line.ended_because,
        line.number,
        line.application,
        line.state.as_str(),
        line.attempts,
        line.reason.as_deref().unwrap_or("-"),
    )
}

/// One line for each application, a column for each state.
fn counts(counted: &[(String, NoticeState, i64)]) -> anyhow::Result<()> {
    let mut applications: BTreeMap<&str, BTreeMap<NoticeState, i64>> = BTreeMap::new();
    for (application, state, notices) in counted {
        let states = applications.entry(application).or_default();
        *states.entry(*state).or_default() += notices;
    }
    let states = NoticeState::ALL.map(NoticeState::as_str);
    terminal::out(&format!("application\t{}", states.join("\t")))?;
    for (application, states) in applications {
        let numbers = NoticeState::ALL.map(|state| {
            let number = states.get(&state).copied().unwrap_or_default();
            number.to_string()
        });
        terminal::out(&format!("{application}\t{}", numbers.join("\t")))?;
    }
    Ok(())
}
