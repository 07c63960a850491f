//! The entry of a relying party, and how the harness registers one.

use std::io::Write as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use url::Url;

use super::Make;
use crate::process::LOOK_EVERY;
use crate::server::Server;
use crate::suite::clock;

/// The secret of every relying party of the tests.
pub const SECRET: &str = "kept-by-a-relying-party-of-the-tests";
/// The registry is read again twice a second.
const LOOKS: usize = 400;

/// How a relying party is told of a sign-out elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Back,
    Front,
}

pub(super) fn entry(make: Make, own: &Url, channel: Channel) -> Result<Value> {
    let at = |path: &str| own.join(path).map(String::from);
    let mut oidc = json!({
        "client_secret": SECRET,
        "redirect_uris": [at("/signin/callback")?],
        "post_logout_redirect_uris": [at("/goodbye")?],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    match channel {
        Channel::Back => {
            oidc["backchannel_logout_uri"] = at(back_channel(make))?.into();
            oidc["backchannel_logout_session_required"] = true.into();
        }
        Channel::Front => {
            oidc["frontchannel_logout_uri"] = at(front_channel(make))?.into();
            oidc["frontchannel_logout_session_required"] = true.into();
        }
    }
    Ok(json!({
        "id": "library",
        "name": {"zh-CN": "图书馆", "en": "Library"},
        "release": ["name", "number", "affiliation", "email"],
        "oidc": oidc,
    }))
}

fn back_channel(make: Make) -> &'static str {
    match make {
        Make::ModAuthOpenidc => "/signin/callback?logout=backchannel",
        Make::OpenidClient | Make::Authlib => "/signin/ended",
    }
}

pub(super) fn front_channel(make: Make) -> &'static str {
    match make {
        Make::ModAuthOpenidc => "/signin/callback?logout=get",
        Make::OpenidClient | Make::Authlib => "/signin/left",
    }
}

impl Server {
    /// Registers one application without `listed`, and waits until this node knows this very
    /// entry.
    pub async fn register_client(&self, entry: &Value) -> Result<()> {
        // Anybody may read what is listed, so that it tells when the registry was read again.
        let stamp = clock::now().to_string();
        let mut listed = entry.clone();
        listed["listed"] = json!({
            "url": "https://lib.example.edu/",
            "category": {"zh-CN": "学习", "en": "Study"},
            "description": {"zh-CN": stamp.clone(), "en": stamp.clone()},
        });
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(listed.to_string().as_bytes())?;
        let path = file.path().display().to_string();
        self.run(&["import", "applications", &path, "--demo"])
            .await?;
        let visitor = self.visitor()?;
        for _ in 0..LOOKS {
            let page = visitor.get("/api/v1/applications/listed").await?;
            if page.body.contains(&stamp) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("the registry was not read again")
    }
}
