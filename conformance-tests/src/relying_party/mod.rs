//! Relying parties of somebody else's making: applications that speak OpenID Connect by a library
//! that schools use.

mod documented;
mod program;
mod registration;

use anyhow::Result;
use serde_json::Value;
use url::Url;

use crate::apache;
use crate::process::{Running, free_ports};
use crate::server::Server;
use crate::stage::Stage;

pub use documented::{Documented, Guide};
pub use registration::{Channel, SECRET};

/// By which library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// Debian's Apache with `mod_auth_openidc`.
    ModAuthOpenidc,
    /// `clients/openid_client.mjs`
    OpenidClient,
    /// `clients/authlib_application.py`
    Authlib,
}

/// A running one, registered at the server.
#[derive(Debug)]
pub struct RelyingParty {
    make: Make,
    own: Url,
    _running: Vec<Running>,
}

impl RelyingParty {
    /// Registers and starts one, which is told of sign-outs by `channel`.
    pub async fn start(
        stage: &Stage,
        server: &Server,
        make: Make,
        channel: Channel,
    ) -> Result<Self> {
        let [port] = free_ports()?;
        let own: Url = format!("http://127.0.0.1:{port}").parse()?;
        server
            .register_client(&registration::entry(make, &own, channel)?)
            .await?;
        let running = match make {
            Make::ModAuthOpenidc => apache::start_openid(stage, server, port, SECRET).await?,
            Make::OpenidClient => vec![program::openid_client(stage, server, port).await?],
            Make::Authlib => vec![program::authlib(stage, server, port).await?],
        };
        Ok(Self {
            make,
            own,
            _running: running,
        })
    }

    /// Registers it anew, to be told by another channel.
    pub async fn be_told_by(&self, server: &Server, channel: Channel) -> Result<()> {
        let entry = registration::entry(self.make, &self.own, channel)?;
        server.register_client(&entry).await
    }

    /// The page for people who are signed in, and nobody else.
    pub fn page(&self) -> String {
        self.address("/")
    }

    /// Says in JSON what ID token (`id_token`), `userinfo` and `access_token` it has of whom asks.
    pub fn told(&self) -> String {
        self.address(match self.make {
            Make::ModAuthOpenidc => "/signin/callback?info=json",
            Make::OpenidClient | Make::Authlib => "/",
        })
    }

    /// The same after a refresh.
    pub fn refresh(&self) -> String {
        self.address(match self.make {
            Make::ModAuthOpenidc => "/signin/callback?info=json&access_token_refresh_interval=0",
            Make::OpenidClient | Make::Authlib => "/refresh",
        })
    }

    /// Signs out here and at the provider (RP-Initiated Logout).
    pub fn sign_out(&self) -> String {
        let goodbye = self.goodbye();
        self.address(&match self.make {
            Make::ModAuthOpenidc => format!("/signin/callback?logout={goodbye}"),
            Make::OpenidClient | Make::Authlib => "/sign-out".to_owned(),
        })
    }

    /// Where the provider sends people after that.
    pub fn goodbye(&self) -> String {
        self.address("/goodbye")
    }

    /// Where it is told of sign-outs by the browser.
    pub fn front_channel(&self) -> String {
        self.address(registration::front_channel(self.make))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.own.as_str().trim_end_matches('/'))
    }
}

/// What a relying party says it knows of its visitor.
#[derive(Clone, Debug)]
pub struct Told {
    /// The claims of the ID token.
    pub id_token: Value,
    pub userinfo: Value,
    pub access_token: String,
}

impl Told {
    /// Reads the answer of `RelyingParty::told`.
    pub fn read(said: &Value) -> Self {
        Self {
            id_token: said["id_token"].clone(),
            userinfo: said["userinfo"].clone(),
            access_token: said["access_token"].as_str().unwrap_or_default().to_owned(),
        }
    }
}
