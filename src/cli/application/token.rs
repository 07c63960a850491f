use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use idp_domain::Timestamp;
use idp_domain::applications::ReleasedAttribute;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_domain::oidc::InitialAccessToken;
use idp_domain::oidc::registration::Permission;
use idp_storage::audit::{self, Entry};
use idp_storage::registrations::{self, InitialToken, NewInitialToken};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::examples::examples;
use super::super::flags::StoreFlags;
use super::super::store::{self, Migrate, Store};
use super::super::terminal;

/// Hand out, list and take back the tokens with which OpenID Connect clients register themselves
///
/// Of use only where the configuration has oidc.registration = true.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen application token make 'Course 4711, Dr. Li' --uses 30 --release name" => "thirty student projects, which may be told names",
        "yimen application token list" => "every token, with what is left of it",
        "yimen application token revoke 3f9ac25b7e10" => "nobody registers with it any more",
    )
)]
pub(super) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token; it is shown once
    #[command(after_help = examples!(
        "yimen application token make 'Course 4711, Dr. Li' --uses 30 --release name" => "thirty student projects, which may be told names",
        "yimen application token make 'Institute of Physics' --host physics.example.edu --days 1" => "one client, at this host or below it, today",
    ))]
    Make(Make),
    /// List the tokens of the last month, the newest first
    #[command(after_help = examples!(
        "yimen application token list" => "id, for whom, uses left, until when, what may be released, hosts; one a line",
    ))]
    List {
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Take a token back; the clients that registered with it stay
    #[command(after_help = examples!(
        "yimen application token revoke 3f9ac25b7e10" => "by its id, as `yimen application token list` has it",
        "yimen application list" => "which clients registered with it, for `yimen application remove`",
    ))]
    Revoke {
        /// The token's id
        id: String,
        #[command(flatten)]
        store: StoreFlags,
    },
}

#[derive(Debug, Args)]
struct Make {
    /// For whom it is; people who are asked about such a client see this as whom to ask
    label: String,
    /// How many clients may register with it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    uses: u32,
    /// Days for which it is good
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// What these clients may be told of people, who are asked each: name, number, numbers,
    /// affiliation, org, email, phone, groups, address; without it nothing but who is the same
    #[arg(long, value_name = "ATTRIBUTE", value_delimiter = ',', value_parser = attribute)]
    release: Vec<ReleasedAttribute>,
    /// Hosts at which, or below which, these clients must be; without it anywhere
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    host: Vec<String>,
    #[command(flatten)]
    store: StoreFlags,
}

/// By the word that entries have for it.
fn attribute(word: &str) -> Result<ReleasedAttribute, String> {
    serde_json::from_value(Value::from(word)).map_err(|_| "is no attribute of people".to_owned())
}

impl Token {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Make(asked) => store::block_on(make(asked)),
            Action::List { store } => store::block_on(list(&store)),
            Action::Revoke { id, store } => store::block_on(revoke(&id, &store)),
        }
    }
}

async fn make(asked: Make) -> anyhow::Result<()> {
    let permission = Permission::new(&asked.label, &asked.release, &asked.host)?;
    let loaded = asked.store.load()?;
    let store = Store::open(&loaded, Migrate::New).await?;
    let (now, mut rng) = (store.clock.now(), store.entropy.rng());
    let token = InitialAccessToken::generate(&mut rng);
    let life = SignedDuration::from_hours(24 * i64::from(asked.days));
    let new = NewInitialToken {
        hash: token.hash(),
        permission: &permission,
        uses: asked.uses,
        created_at: now,
        expires_at: now.checked_add(life).context("--days")?,
    };
    let row = Entry::new(
        AuditId::new(now, &mut rng),
        now,
        Event::InitialTokenMade,
        Outcome::Success,
    );
    let row = row
        .with("label", permission.label.clone())
        .with("uses", i64::from(asked.uses));
    let mut tx = store.db.write().await?;
    registrations::make(&mut tx, &new).await?;
    audit::record(&mut tx, &row).await?;
    tx.commit().await?;
    let config = &loaded.resolved.idp;
    let until = shown(new.expires_at, config.school.timezone.get());
    terminal::note(&format!(
        "Good until {until}. It is not shown again; hand it over as a secret."
    ));
    if !config.oidc.registration {
        terminal::note(
            "Nobody can register with it yet: set oidc.registration = true and restart the server.",
        );
    }
    Ok(terminal::out(token.as_str())?)
}

async fn list(flags: &StoreFlags) -> anyhow::Result<()> {
    let loaded = flags.load()?;
    let zone = loaded.resolved.idp.school.timezone.get();
    let store = Store::open(&loaded, Migrate::New).await?;
    let now = store.clock.now();
    for token in registrations::list(&mut store.db.read().await?).await? {
        terminal::out(&line(&token, zone, now))?;
    }
    Ok(())
}

fn line(token: &InitialToken, zone: &TimeZone, now: Timestamp) -> String {
    let permission = &token.permission;
    let release: Vec<&str> = permission.releasable.iter().map(|a| a.as_str()).collect();
    let or_none = |text: String| if text.is_empty() { "-".into() } else { text };
    let mark = if token.expires_at <= now {
        "\texpired"
    } else if token.uses_left == 0 {
        "\tused up"
    } else {
        ""
    };
    format!(
        "{}\t{}\tuses left {}\tuntil {}\trelease {}\thosts {}{mark}",
        id(token),
        permission.label,
        token.uses_left,
        shown(token.expires_at, zone),
        or_none(release.join(",")),
        or_none(permission.hosts.join(",")),
    )
}

async fn revoke(given: &str, flags: &StoreFlags) -> anyhow::Result<()> {
    let store = Store::open(&flags.load()?, Migrate::New).await?;
    let (now, mut rng) = (store.clock.now(), store.entropy.rng());
    let mut tx = store.db.write().await?;
    let all = registrations::list(&mut tx).await?;
    // Also the token itself, for whoever found it somewhere.
    let by_itself = InitialAccessToken::parse(given).map(|token| token.hash());
    let is_meant = |token: &&InitialToken| id(token) == given || Ok(token.hash) == by_itself;
    let Some(token) = all.iter().find(is_meant) else {
        bail!("there is no token {given:?}: `yimen application token list` has their ids");
    };
    let row = Entry::new(
        AuditId::new(now, &mut rng),
        now,
        Event::InitialTokenRevoked,
        Outcome::Success,
    );
    let row = row.with("label", token.permission.label.clone());
    registrations::revoke(&mut tx, &token.hash).await?;
    audit::record(&mut tx, &row).await?;
    tx.commit().await?;
    terminal::note(&format!(
        "{} is taken back; clients that registered with it stay",
        id(token)
    ));
    Ok(())
}

/// Enough of its hash to tell it from others: 48 bits, and nothing of the token itself.
fn id(token: &InitialToken) -> String {
    let mut id = token.hash.to_hex();
    id.truncate(12);
    id
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
