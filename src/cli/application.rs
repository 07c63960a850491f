mod doctor;
mod logouts;
mod token;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use idp_domain::applications::{self, ApplicationId};
use idp_storage::{applications as stored, registrations};
use serde_json::Value;

use super::examples::examples;
use super::flags::StoreFlags;
use super::store::{self, Migrate, Store};
use super::terminal;

/// List, show, remove or examine registered applications, see who was told of logouts, and let
/// clients register themselves
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen application list" => "every application with its services and redirect URIs",
        "yimen application show library" => "one entry, as an import file has it",
        "yimen application doctor library" => "a round trip, and what is wrong on which side",
        "yimen application logouts" => "which applications were told of logouts",
        "yimen application token make 'Course 4711'" => "a token with which a client registers itself",
    )
)]
pub(super) struct Application {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every application with its CAS services, client id and redirect URIs, and say which are
    /// switched off, and which registered themselves and with whose token
    #[command(after_help = examples!("yimen application list" => "one application a line"))]
    List {
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Show an application as JSON, as `yimen import applications` reads it
    #[command(after_help = examples!(
        "yimen application show library > library.json" => "to edit it and import it again",
    ))]
    Show {
        /// The application's id
        id: String,
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Remove an application; running servers follow within a second
    #[command(after_help = examples!("yimen application remove library" => "nothing is issued to it any more"))]
    Remove {
        /// The application's id
        id: String,
        #[command(flatten)]
        store: StoreFlags,
    },
    Logouts(logouts::Logouts),
    Doctor(doctor::Doctor),
    Token(token::Token),
}

impl Application {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Doctor(doctor) => return doctor.run(),
            Action::List { store } => store::block_on(list(&store)),
            Action::Show { id, store } => store::block_on(show(&id, &store)),
            Action::Remove { id, store } => store::block_on(remove(&id, &store)),
            Action::Logouts(asked) => asked.run(),
            Action::Token(asked) => asked.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(flags: &StoreFlags) -> anyhow::Result<()> {
    let db = store::migrated(&flags.load()?).await?;
    let mut conn = db.read().await?;
    let own = registrations::clients(&mut conn).await?;
    for stored in stored::list(&mut conn).await? {
        let name = stored.entry["name"]["zh-CN"].as_str().unwrap_or_default();
        let ways = ways(&stored.entry).join(" ");
        let mark = if stored.entry["enabled"] == false {
            "\tdisabled"
        } else {
            ""
        };
        let by = own.iter().find(|client| client.application == stored.id);
        let by = by.map(|client| format!("\tregistered with the token for {}", client.label));
        let by = by.unwrap_or_default();
        terminal::out(&format!("{}\t{name}\t{ways}{mark}{by}", stored.id))?;
    }
    Ok(())
}

/// Its CAS services, then its client id with the redirect URIs, then where launchers lead.
fn ways(entry: &Value) -> Vec<String> {
    let texts = |side: &str, key: &str| {
        let all = entry[side][key].as_array().into_iter().flatten();
        let texts = all.filter_map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Vec<_>>()
    };
    let client = entry["oidc"]["client_id"].as_str();
    [
        texts("cas", "services"),
        texts("cas", "opaque_services"),
        client
            .map(|id| format!("client_id={id}"))
            .into_iter()
            .collect(),
        texts("oidc", "redirect_uris"),
        entry["listed"]["url"]
            .as_str()
            .map(|url| format!("listed={url}"))
            .into_iter()
            .collect(),
    ]
    .concat()
}

async fn show(id: &str, flags: &StoreFlags) -> anyhow::Result<()> {
    let parsed = parse(id)?;
    let db = store::migrated(&flags.load()?).await?;
    match stored::find(&mut db.read().await?, &parsed).await? {
        Some(stored) => {
            // With the defaults of keys that came after it was stored. One that can't be read
            // any more is shown as it is.
            let read = applications::Application::from_json(&stored.entry, true);
            let entry = read.map_or(stored.entry, |application| application.to_json());
            Ok(terminal::out(&serde_json::to_string_pretty(&entry)?)?)
        }
        None => bail!("there is no application {id}"),
    }
}

async fn remove(id: &str, flags: &StoreFlags) -> anyhow::Result<()> {
    let parsed = parse(id)?;
    let store = Store::open(&flags.load()?, Migrate::New).await?;
    let mut tx = store.db.write().await?;
    let now = store.clock.now();
    if !idp::applications::remove(&mut tx, &parsed, now, &mut store.entropy.rng()).await? {
        bail!("there is no application {id}");
    }
    tx.commit().await?;
    terminal::note(&format!("{id} is removed"));
    Ok(())
}

fn parse(id: &str) -> anyhow::Result<ApplicationId> {
    ApplicationId::parse(id).with_context(|| format!("{id:?}"))
}
