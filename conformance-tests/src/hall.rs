//! Through the service hall without a browser: a visitor who keeps all that was ever sent to her.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::json;
use url::Url;

use crate::page::Page;
use crate::process::{Running, free_ports};
use crate::server::{Node, Server, execute};
use crate::stage::Stage;
use crate::visitor::Visitor;
use crate::{binary, demo};

const MOST_REDIRECTS: usize = 20;
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(100);

/// Somebody at the hall and, one browser, at its provider.
#[derive(Debug)]
pub struct Guest {
    hall: Visitor,
    provider: Visitor,
    seen: Mutex<Vec<Page>>,
}

impl Guest {
    pub fn new(hall: &Url, provider: &Node) -> Result<Self> {
        let visitor = Visitor::new(hall)?;
        Ok(Self {
            provider: visitor.at(provider.url()),
            hall: visitor,
            seen: Mutex::default(),
        })
    }

    /// A page of the hall, and whatever it redirects to, at either site.
    pub async fn open(&self, path: &str) -> Result<Page> {
        self.follow(self.hall.get(path).await?).await
    }

    /// A page of the provider, and whatever it redirects to.
    pub async fn open_at_provider(&self, path: &str) -> Result<Page> {
        self.follow(self.provider.get(path).await?).await
    }

    /// Signs in at the hall as the demo's student.
    pub async fn sign_in(&self) -> Result<Page> {
        let page = self.open("/signin").await?.expect("sign_in")?;
        let form = page
            .form()?
            .with("username", demo::STUDENT.number)
            .with("password", demo::PASSWORD);
        let home = self.follow(self.provider.submit(&form).await?).await?;
        ensure!(is_signed_in(&home), "not signed in: {}", home.summary());
        Ok(home)
    }

    /// 退出登录, from a home page.
    pub async fn sign_out(&self, home: &Page) -> Result<Page> {
        let form = home.form_at("#sign-out-form")?;
        self.follow(self.hall.submit(&form).await?).await
    }

    /// The home page, once it is as `wanted` says.
    pub async fn home_when(&self, wanted: impl Fn(&Page) -> bool) -> Result<Page> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let home = self.open("/").await?.expect("hall_home")?;
            if wanted(&home) {
                return Ok(home);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("the hall never came to be so: {}", home.summary());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// All that was sent to her: addresses, headers (cookies among them) and bodies.
    pub fn seen(&self) -> Vec<Page> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn follow(&self, mut page: Page) -> Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            self.seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(page.clone());
            let Some(target) = page.redirect() else {
                return Ok(page);
            };
            page = self.hall.open(target).await?;
        }
        bail!("redirects without end: {}", page.summary());
    }
}

pub fn is_signed_in(home: &Page) -> bool {
    home.text("#person").is_some()
}

/// The statement by which the hall's tokens seem ten minutes old.
pub(crate) const RUN_OUT: &str = "UPDATE portal_sessions SET renew_at = 1";
/// Of the hall's entry at the provider.
const SECRET: &str = "0f31a9c4d27b48e6b5f0a1d3c2e4f607";
const START_PATIENCE: Duration = Duration::from_mins(1);
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// `yimen portal`: the hall in a process of its own, with data of its own.
#[derive(Debug)]
pub struct OwnHall {
    url: Url,
    management: u16,
    arguments: Vec<String>,
    data: PathBuf,
    database: Option<String>,
    log: PathBuf,
}

impl OwnHall {
    /// Registers it at the provider.
    pub async fn new(stage: &Stage, provider: &Server) -> Result<Self> {
        let [port, management] = free_ports()?;
        let url: Url = format!("http://localhost:{port}/").parse()?;
        register(provider, &url).await?;
        let data = stage.folder().join("hall");
        fs::create_dir_all(&data)?;
        let database = stage.database().await?;
        let plain = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let mut arguments = vec![
            "portal".to_owned(),
            format!("--issuer={}", plain(provider.url())),
            format!("--url={}", plain(&url)),
            format!("--listen=127.0.0.1:{port}"),
            format!("--management=127.0.0.1:{management}"),
            format!("--data={}", data.display()),
        ];
        if let Some(database) = &database {
            arguments.extend(["--migrate".into(), format!("--database={database}")]);
        }
        Ok(Self {
            url,
            management,
            arguments,
            data,
            database,
            log: stage.log("hall"),
        })
    }

    pub async fn start(&self) -> Result<Running> {
        let mut command = Command::new(binary::path()?);
        command.current_dir(&self.data).args(&self.arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("YIMEN_") {
                command.env_remove(name);
            }
        }
        command.env("YIMEN_PORTAL__CLIENT_SECRET", SECRET);
        let mut running = Running::start("yimen portal", &mut command, &self.log)?;
        let is_ready = async || self.readiness().await.is_ok_and(|text| !text.is_empty());
        running.ready(START_PATIENCE, is_ready).await?;
        Ok(running)
    }

    pub async fn stop(&self, mut running: Running) -> Result<()> {
        let status = running.stop(STOP_PATIENCE).await?;
        ensure!(status.success(), "the hall ended badly: {status}");
        Ok(())
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What its management listener says.
    pub async fn readiness(&self) -> Result<String> {
        let address = format!("http://127.0.0.1:{}/readyz", self.management);
        let answer = reqwest::get(address).await?.error_for_status()?;
        Ok(answer.text().await?)
    }

    pub async fn let_tokens_run_out(&self) -> Result<()> {
        let file = self.data.join("hall.db");
        execute(self.database.as_deref(), &file, RUN_OUT).await
    }
}

/// The entry of `docs/operations.md`.
async fn register(provider: &Server, hall: &Url) -> Result<()> {
    let at = |path: &str| hall.join(path).map(String::from);
    let entry = json!({
        "id": "hall",
        "name": {"zh-CN": "网上办事大厅", "en": "Service Hall"},
        "oidc": {
            "client_secret": SECRET,
            "redirect_uris": [at("signin/callback")?],
            "post_logout_redirect_uris": [hall.as_str()],
            "backchannel_logout_uri": at("signin/backchannel")?,
            "backchannel_logout_session_required": true,
            "grant_types": ["authorization_code", "refresh_token"],
        },
        "release": ["name", "number", "numbers", "affiliation", "org", "email", "phone"],
    });
    provider.register_client(&entry).await
}
