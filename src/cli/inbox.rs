use anyhow::Context;
use clap::Args;
use serde::Serialize;
use sms_gateway::{Inbox as Messages, InboxMessage, PhoneNumber};

use super::examples::examples;
use super::flags::StoreFlags;
use super::{store, terminal};

/// Messages shown at most; a demonstration has a few.
const SHOWN: u32 = 200;

/// Read the text messages that a demonstration or test kept instead of sending
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen inbox" => "the newest last",
    "yimen inbox --to 13800000001 --json" => "one number's, for scripts",
))]
pub(super) struct Inbox {
    /// Only messages to this phone number
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// A JSON array of objects: to, body, received_at
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreFlags,
}

/// A message as scripts see it.
#[derive(Debug, Serialize)]
struct Shown {
    to: String,
    body: String,
    received_at: jiff::Timestamp,
}

impl From<InboxMessage> for Shown {
    fn from(message: InboxMessage) -> Self {
        Self {
            to: message.number,
            body: message.body,
            received_at: message.received_at,
        }
    }
}

impl Inbox {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load()?;
        let to = match &self.to {
            Some(text) => Some(PhoneNumber::parse(text).with_context(|| format!("--to {text:?}"))?),
            None => None,
        };
        let zone = loaded.resolved.idp.school.timezone.get().clone();
        store::block_on(async {
            let db = store::migrated(&loaded).await?;
            let mut messages = Messages::new(db).messages(to.as_ref(), SHOWN).await?;
            messages.reverse();
            if self.json {
                let messages: Vec<Shown> = messages.into_iter().map(Shown::from).collect();
                terminal::out(&serde_json::to_string(&messages)?)?;
                return Ok(());
            }
            for message in messages {
                let at = message
                    .received_at
                    .to_zoned(zone.clone())
                    .strftime("%F %T")
                    .to_string();
                terminal::out(&format!("{at}  {}  {}", message.number, message.body))?;
            }
            Ok(())
        })
    }
}
