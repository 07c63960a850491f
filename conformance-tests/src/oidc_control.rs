//! The control of the OpenID Connect suite: npm's oidc-provider, a server of other people.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use url::Url;

use crate::binary::crate_folder;
use crate::process::{Running, free_ports};
use crate::suite::oidc::provider::Options;
use crate::suite::oidc::registration::{self, Form};
use crate::suite::oidc::target::{Account, Target};
use crate::suite::options::Profile;
use crate::tools;

/// It makes its keys first, on a busy machine.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// A running one; it ends with the value.
#[derive(Debug)]
pub struct OidcControl {
    options: Options,
    _running: Running,
}

impl OidcControl {
    /// Starts one that knows the clients of a fresh target; its files lie in `folder`.
    pub async fn start(folder: &Path) -> Result<Self> {
        let [port, listen] = free_ports()?;
        Self::start_at(folder, port, port, listen).await
    }

    /// The same for a server that people reach at another port than its own.
    pub async fn start_behind(folder: &Path, front: u16) -> Result<(Self, u16)> {
        let [port, listen] = free_ports()?;
        Ok((Self::start_at(folder, port, front, listen).await?, port))
    }

    async fn start_at(folder: &Path, port: u16, front: u16, listen: u16) -> Result<Self> {
        let issuer: Url = format!("http://localhost:{front}").parse()?;
        let account = |name: &str| Account {
            name: name.to_owned(),
            // It takes any.
            password: "Paper&Lantern 47".to_owned(),
        };
        let listen = SocketAddr::from(([127, 0, 0, 1], listen));
        let target = Target::fresh(listen, account("wei.li"), Some(account("na.wang")))?;
        let configuration = json!({
            "port": port,
            "issuer": issuer.as_str().trim_end_matches('/'),
            "clients": registration::write(&target, Form::Rfc7591)?,
            "packages": tools::node_packages()?.join("package.json"),
        });
        let file = folder.join("oidc-provider.json");
        fs::write(&file, configuration.to_string())?;
        let mut command = Command::new("node");
        command
            .arg(crate_folder().join("clients/oidc_provider/serve.mjs"))
            .arg(file);
        let log = folder.join("oidc-provider.log");
        let mut running = Running::start("oidc-provider", &mut command, &log)?;
        let configuration = format!("http://127.0.0.1:{port}/.well-known/openid-configuration");
        let http = reqwest::Client::builder().no_proxy().build()?;
        let is_ready = async || {
            let answer = http.get(&configuration).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        running.ready(START_PATIENCE, is_ready).await?;
        Ok(Self {
            options: Options {
                issuer,
                target,
                profile: Profile::Strict,
            },
            _running: running,
        })
    }

    /// What the suite is told of it.
    pub fn options(&self) -> Options {
        self.options.clone()
    }
}
