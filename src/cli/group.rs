use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use idp::accounts::groups::{self, Plan, PlanError, Wish};
use idp_domain::accounts::{AccountNumber, GroupName};

use super::examples::examples;
use super::flags::StoreFlags;
use super::store::{self, Migrate, Store};
use super::terminal;

/// A file of more is no list of numbers.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// Problems of a file that are told one by one.
const MAX_PROBLEMS: usize = 20;

/// Say who belongs to a group, which the access policies of applications name
///
/// A group begins with its first member and ends with its last. Changes count at once.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen group add library-admins 10001 10006" => "two people, by account number",
        "yimen group import exam-2026 numbers.txt --replace" => "make the group what the file says",
        "yimen group show library-admins" => "who belongs to it",
    )
)]
pub(super) struct Group {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add people to a group
    #[command(after_help = examples!(
        "yimen group add library-admins 10001 10006" => "by account number; nobody unknown, or nothing changes",
    ))]
    Add(People),
    /// Take people out of a group
    #[command(after_help = examples!("yimen group remove library-admins 10006" => "by account number"))]
    Remove(People),
    /// List a group's members
    #[command(after_help = examples!("yimen group show library-admins" => "number and name, one a line"))]
    Show {
        /// The group: a-z, 0-9 and '-'
        group: String,
        #[command(flatten)]
        store: StoreFlags,
    },
    /// List the groups with how many belong to each
    #[command(after_help = examples!("yimen group list" => "name and number of members, one a line"))]
    List {
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Add everybody that a file names
    ///
    /// The file holds one account number a line; empty lines and those that start with # don't
    /// count. One unknown number, and nothing changes.
    #[command(after_help = examples!(
        "yimen group import exam-2026 numbers.txt --replace --dry-run" => "look what would change",
        "yimen group import exam-2026 numbers.txt" => "add those, keep the others",
    ))]
    Import(Import),
}

#[derive(Debug, Args)]
struct People {
    /// The group: a-z, 0-9 and '-'
    group: String,
    /// Account numbers
    #[arg(required = true)]
    numbers: Vec<String>,
    #[command(flatten)]
    store: StoreFlags,
}

#[derive(Debug, Args)]
struct Import {
    /// The group: a-z, 0-9 and '-'
    group: String,
    /// The file with the account numbers
    file: PathBuf,
    /// Take everybody else out
    #[arg(long)]
    replace: bool,
    /// Check and tell, but change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreFlags,
}

impl Group {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Add(people) => store::block_on(change(people, Wish::Add)),
            Action::Remove(people) => store::block_on(change(people, Wish::Remove)),
            Action::Show { group, store } => store::block_on(show(&group, &store)),
            Action::List { store } => store::block_on(list(&store)),
            Action::Import(import) => store::block_on(import.run()),
        }
    }
}

fn parse_group(text: &str) -> anyhow::Result<GroupName> {
    GroupName::parse(text).with_context(|| format!("{text:?}"))
}

async fn change(people: People, wish: Wish) -> anyhow::Result<()> {
    let group = parse_group(&people.group)?;
    let numbers = people
        .numbers
        .iter()
        .map(|number| AccountNumber::parse(number).with_context(|| format!("{number:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let store = Store::open(&people.store.load()?, Migrate::New).await?;
    let plan = groups::plan(&mut store.db.read().await?, &group, &numbers, wish).await?;
    apply(&store, &group, &plan).await?;
    terminal::note(&told(&plan, &group));
    Ok(())
}

async fn apply(store: &Store, group: &GroupName, plan: &Plan) -> anyhow::Result<()> {
    let now = store.clock.now();
    Ok(groups::apply(&store.db, group, plan, now, &mut store.entropy.rng()).await?)
}

fn told(plan: &Plan, group: &GroupName) -> String {
    let (added, removed) = (plan.add.len(), plan.remove.len());
    format!("{group}: {added} added, {removed} removed")
}

async fn show(group: &str, flags: &StoreFlags) -> anyhow::Result<()> {
    let group = parse_group(group)?;
    let db = store::migrated(&flags.load()?).await?;
    for member in groups::members(&mut db.read().await?, &group).await? {
        terminal::out(&format!("{}\t{}", member.display_number, member.name))?;
    }
    Ok(())
}

async fn list(flags: &StoreFlags) -> anyhow::Result<()> {
    let db = store::migrated(&flags.load()?).await?;
    for group in groups::list(&mut db.read().await?).await? {
        terminal::out(&format!("{}\t{}", group.name, group.members))?;
    }
    Ok(())
}

impl Import {
    async fn run(self) -> anyhow::Result<()> {
        let group = parse_group(&self.group)?;
        let name = self.file.display().to_string();
        let size = fs::metadata(&self.file)
            .with_context(|| name.clone())?
            .len();
        if size > MAX_FILE_BYTES {
            bail!("{name} is larger than {} MiB", MAX_FILE_BYTES >> 20);
        }
        let text = fs::read_to_string(&self.file).with_context(|| name.clone())?;
        let lines = read(&text).with_context(|| name.clone())?;
        if lines.is_empty() && self.replace {
            bail!("{name} names nobody: with --replace the group would end; use `remove` for that");
        }
        let numbers: Vec<_> = lines.iter().map(|(_, number)| number.clone()).collect();
        let wish = if self.replace {
            Wish::Replace
        } else {
            Wish::Add
        };
        let store = Store::open(&self.store.load()?, Migrate::New).await?;
        let plan = groups::plan(&mut store.db.read().await?, &group, &numbers, wish).await;
        let plan = plan
            .map_err(|error| placed(error, &lines))
            .with_context(|| name)?;
        if !self.dry_run {
            apply(&store, &group, &plan).await?;
        }
        let mark = if self.dry_run {
            " (dry run, nothing was changed)"
        } else {
            ""
        };
        Ok(terminal::out(&format!("{}{mark}", told(&plan, &group)))?)
    }
}

/// The numbers of a file, each with its line.
fn read(text: &str) -> anyhow::Result<Vec<(usize, AccountNumber)>> {
    let mut numbers = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (place, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match AccountNumber::parse(line) {
            Ok(number) => numbers.push((place, number)),
            Err(error) => {
                let shown: String = line.chars().take(AccountNumber::LONGEST).collect();
                problems.push(format!("line {place}: {shown:?} {error}"));
            }
        }
    }
    if problems.is_empty() {
        Ok(numbers)
    } else {
        bail!(listed(&problems))
    }
}

/// The same with the line of each number.
fn placed(error: PlanError, lines: &[(usize, AccountNumber)]) -> anyhow::Error {
    let PlanError::Unknown(unknown) = error else {
        return error.into();
    };
    let problems: Vec<String> = lines
        .iter()
        .filter(|(_, number)| unknown.contains(number))
        .map(|(line, number)| format!("line {line}: nobody has the number {number}"))
        .collect();
    anyhow::Error::msg(listed(&problems))
}

fn listed(problems: &[String]) -> String {
    let told = &problems[..problems.len().min(MAX_PROBLEMS)];
    let more = match problems.len() - told.len() {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    format!("nothing was changed\n{}{more}", told.join("\n"))
}
