use clap::{Args, Subcommand};
use idp::oidc::keys::{HeldKey, KeyLife, MadeKey, SigningKeys, Why, rotate, withdraw};
use idp_domain::Timestamp;

use super::examples::examples;
use super::flags::StoreFlags;
use super::store::{self, Migrate, Store};
use super::terminal;

/// Look at the keys that sign OpenID Connect's tokens, or replace them
///
/// The server replaces them by itself (oidc.keys.rotate_days). Private keys never leave the
/// database, where they are sealed under the master key.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen keys list" => "algorithm, state, since when, key id",
        "yimen keys rotate" => "publish new keys now, let them sign in a day",
        "yimen keys rotate --now" => "let new keys sign in a few seconds, after a suspicion",
        "yimen keys withdraw NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" => "then have nobody believe the old one",
    )
)]
pub(super) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the keys, the newest of each algorithm first
    #[command(after_help = examples!(
        "yimen keys list" => "one a line: algorithm, state, since or from when, key id",
    ))]
    List {
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Make a new key of each algorithm
    ///
    /// It is published at once and signs after oidc.keys.publish_ahead_hours, so that applications
    /// that keep our keys for a while have it by then. The keys before stay published until all
    /// that they signed has ended. Nobody is signed out. Works beside a running server.
    #[command(after_help = examples!(
        "yimen keys rotate" => "as the schedule does, only earlier",
        "yimen keys rotate --now" => "sign with new keys in five seconds",
    ))]
    Rotate {
        /// Let the new keys, or those that wait, sign as soon as every node publishes them
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Remove a key that somebody else may have
    ///
    /// Every node publishes it no more within a second, and its private part is destroyed.
    /// Applications cease to believe it when they read the keys again, most within minutes. Tokens
    /// that it signed are void: whoever holds one signs in to that application again. A key that
    /// signs, or waits to, is replaced first: `yimen keys rotate --now`.
    #[command(after_help = examples!(
        "yimen keys withdraw NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" => "the key of this id",
    ))]
    Withdraw {
        /// As `yimen keys list` shows it
        #[arg(value_name = "KEY_ID")]
        kid: String,
        #[command(flatten)]
        store: StoreFlags,
    },
}

impl Keys {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::List { store } => store::block_on(list(&store)),
            Action::Rotate { now, store } => store::block_on(replace(now, &store)),
            Action::Withdraw { kid, store } => store::block_on(remove(&kid, &store)),
        }
    }
}

async fn list(flags: &StoreFlags) -> anyhow::Result<()> {
    let store = Store::open(&flags.load()?, Migrate::New).await?;
    let now = store.clock.now();
    let keys = SigningKeys::load(&store.db, &store.keys, now).await?;
    let keys = keys.list();
    if keys.is_empty() {
        terminal::note("There are no keys yet: the server makes them when it starts.");
    }
    let mut signs = None;
    for key in &keys {
        let first = signs != Some(key.algorithm) && key.is_usable() && key.active_from <= now;
        if first {
            signs = Some(key.algorithm);
        }
        let state = state(key, first, now);
        terminal::out(&format!("{}\t{state}\t{}", key.algorithm, key.kid))?;
    }
    Ok(())
}

fn state(key: &HeldKey, signs: bool, now: Timestamp) -> String {
    let until = key
        .expires_at
        .map(|end| format!("published until {end:.0}"));
    match (key.is_usable(), signs) {
        (false, _) => "damaged".to_owned(),
        (true, true) => format!("signs since {:.0}", key.active_from),
        (true, false) if key.active_from > now => format!("signs from {:.0}", key.active_from),
        (true, false) => until.unwrap_or_else(|| "published".to_owned()),
    }
}

async fn replace(at_once: bool, flags: &StoreFlags) -> anyhow::Result<()> {
    let loaded = flags.load()?;
    let store = Store::open(&loaded, Migrate::New).await?;
    let life = KeyLife::of(&loaded.resolved.idp);
    let why = if at_once { Why::AtOnce } else { Why::Asked };
    let (now, mut rng) = (store.clock.now(), store.entropy.rng());
    let made = rotate(&store.db, &store.keys, why, &life, now, &mut rng).await?;
    for MadeKey {
        algorithm,
        generation,
        active_from,
    } in &made
    {
        terminal::note(&format!(
            "{algorithm}: key {generation} signs from {active_from:.0}"
        ));
    }
    if made.is_empty() {
        terminal::note(
            "New keys are published already, and wait for their time: `yimen keys list`.",
        );
    }
    Ok(())
}

async fn remove(kid: &str, flags: &StoreFlags) -> anyhow::Result<()> {
    let store = Store::open(&flags.load()?, Migrate::New).await?;
    let (now, mut rng) = (store.clock.now(), store.entropy.rng());
    if withdraw(&store.db, kid, now, &mut rng).await? {
        terminal::note(&format!("{kid}: withdrawn"));
        return Ok(());
    }
    let keys = SigningKeys::load(&store.db, &store.keys, now).await?;
    anyhow::ensure!(
        keys.list().iter().any(|key| key.kid == kid),
        "no key has the id {kid:?}; `yimen keys list` shows those that there are"
    );
    anyhow::bail!(
        "{kid}: signs, or waits to; `yimen keys rotate --now` first, and wait five seconds"
    )
}
