use anyhow::Context;
use clap::{Args, Subcommand};
use idp::accounts::roles;
use idp_domain::accounts::AccountNumber;

use super::examples::examples;
use super::flags::StoreFlags;
use super::store::{self, Migrate, Store};
use super::terminal;

/// Say who administers
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen admin grant 10001" => "make 10001 an administrator",
        "yimen admin list" => "who is one",
    )
)]
pub(super) struct Admin {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make somebody an administrator
    #[command(after_help = examples!("yimen admin grant 10001" => "by account number"))]
    Grant(Somebody),
    /// Take the role back
    #[command(after_help = examples!("yimen admin revoke 10001" => "by account number"))]
    Revoke(Somebody),
    /// List the administrators
    #[command(after_help = examples!("yimen admin list" => "number and name, one a line"))]
    List {
        #[command(flatten)]
        store: StoreFlags,
    },
}

#[derive(Debug, Args)]
struct Somebody {
    /// An account number of the person
    number: String,
    #[command(flatten)]
    store: StoreFlags,
}

impl Admin {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Grant(who) => store::block_on(change(who, true)),
            Action::Revoke(who) => store::block_on(change(who, false)),
            Action::List { store } => store::block_on(list(&store)),
        }
    }
}

async fn change(who: Somebody, grant: bool) -> anyhow::Result<()> {
    let Somebody { number, store } = who;
    let parsed = AccountNumber::parse(&number).with_context(|| format!("{number:?}"))?;
    let store = Store::open(&store.load()?, Migrate::New).await?;
    let (now, mut rng) = (store.clock.now(), store.entropy.rng());
    let changed = if grant {
        roles::grant(&store.db, &parsed, now, &mut rng).await?
    } else {
        roles::revoke(&store.db, &parsed, now, &mut rng).await?
    };
    let what = match (grant, changed) {
        (true, true) => "is now an administrator",
        (true, false) => "is an administrator already",
        (false, true) => "is no administrator any more",
        (false, false) => "is no administrator",
    };
    terminal::note(&format!("{number} {what}"));
    Ok(())
}

async fn list(flags: &StoreFlags) -> anyhow::Result<()> {
    let db = store::migrated(&flags.load()?).await?;
    for holder in roles::list(&mut db.read().await?).await? {
        terminal::out(&format!(
            "{}\t{}\t{}",
            holder.display_number, holder.name, holder.role
        ))?;
    }
    Ok(())
}
