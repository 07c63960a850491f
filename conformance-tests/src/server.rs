//! A running `yimen up --demo`, and the commands that work beside it.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use url::Url;

use crate::binary;
use crate::cas;
use crate::hall;
use crate::process::{Running, free_ports};
use crate::stage::Stage;
use crate::visitor::Visitor;

/// A debug build on a busy machine migrates, makes keys and hashes the demo's passwords.
const START_PATIENCE: Duration = Duration::from_secs(90);
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Where a server keeps its data and what it is told; more than one may be started from it.
#[derive(Clone, Debug)]
pub struct Site {
    data: PathBuf,
    log: PathBuf,
    database: Option<String>,
    configuration: Option<PathBuf>,
    /// Certificate and key, for https.
    tls: Option<(PathBuf, PathBuf)>,
    node: Node,
    management: u16,
    /// Where the hall is served, where it is.
    hall: Option<u16>,
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub struct Node {
    issuer: Url,
    port: u16,
}

#[derive(Debug)]
pub struct Server {
    site: Site,
    running: Running,
}

impl Node {
    /// The public address, as the issuer: `http://localhost:PORT/`.
    pub fn url(&self) -> &Url {
        &self.issuer
    }

    /// The address that this node listens on: another one than `url` for a second node.
    pub fn own_url(&self, path: &str) -> Result<Url> {
        Ok(format!("http://127.0.0.1:{}{path}", self.port).parse()?)
    }

    /// The Host header that names the issuer.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.issuer.port().unwrap_or(80))
    }

    /// Somebody new at the door.
    pub fn visitor(&self) -> Result<Visitor> {
        Visitor::new(self.url())
    }
}

impl Deref for Server {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.site.node
    }
}

impl Site {
    /// A new one on free ports, with an empty database of the stage's engine. `configuration` is
    /// the text of a `yimen.toml`; empty: none is given.
    pub async fn new(stage: &Stage, name: &str, configuration: &str) -> Result<Self> {
        let [port, management] = free_ports()?;
        let data = stage.folder().join(name);
        fs::create_dir_all(&data)?;
        let mut site = Self {
            log: stage.log(name),
            database: stage.database().await?,
            configuration: None,
            tls: None,
            node: Node {
                issuer: format!("http://localhost:{port}").parse()?,
                port,
            },
            data,
            management,
            hall: None,
        };
        if !configuration.is_empty() {
            let path = stage.folder().join(format!("{name}.toml"));
            fs::write(&path, configuration)?;
            site.configuration = Some(path);
        }
        Ok(site)
    }

    /// The same with the service hall beside it.
    pub fn with_hall(mut self) -> Result<Self> {
        let [port] = free_ports()?;
        self.hall = Some(port);
        Ok(self)
    }

    /// The hall's public address.
    pub fn hall_url(&self) -> Result<Url> {
        let port = self.hall.context("this site has no hall")?;
        Ok(format!("http://localhost:{port}/").parse()?)
    }

    /// The same over https, with a certificate that nobody signed.
    pub fn with_tls(self) -> Result<Self> {
        let (certificate, key) = (self.data.join("tls.crt"), self.data.join("tls.key"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"])
            .args([
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-addext", "subjectAltName=DNS:localhost", "-out"])
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .output()
            .context("openssl does not start")?;
        if !made.status.success() {
            bail!("no certificate: {}", String::from_utf8_lossy(&made.stderr));
        }
        self.with_certificate(certificate, key)
    }

    /// The same over https, with a certificate for `localhost`.
    pub fn with_certificate(mut self, certificate: PathBuf, key: PathBuf) -> Result<Self> {
        self.tls = Some((certificate, key));
        self.node.issuer = format!("https://localhost:{}", self.node.port).parse()?;
        Ok(self)
    }

    /// A second node of the same site: the same database, key and issuer on ports of its own, as
    /// behind a load balancer.
    pub fn another_node(&self, stage: &Stage, name: &str) -> Result<Self> {
        let [port, management] = free_ports()?;
        let node = Node {
            port,
            ..self.node.clone()
        };
        Ok(Self {
            log: stage.log(name),
            node,
            management,
            ..self.clone()
        })
    }

    /// How it will be reached.
    pub fn node(&self) -> &Node {
        &self.node
    }

    pub async fn start(self) -> Result<Server> {
        let running = self.launch().await?;
        Ok(Server {
            site: self,
            running,
        })
    }

    /// `yimen …` about this site.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary::path()?);
        // A yimen.toml where the tests happen to run is none of theirs.
        command.current_dir(&self.data);
        command.args(arguments).arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        if let Some(configuration) = &self.configuration {
            command.arg("--config").arg(configuration);
        }
        // The machine's own settings are none of a test's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("YIMEN_") {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    async fn launch(&self) -> Result<Running> {
        let mut command = self.command(&["up", "--demo"])?;
        command
            .args(["--listen", &format!("127.0.0.1:{}", self.node.port)])
            .args(["--issuer", self.node.issuer.as_str().trim_end_matches('/')])
            .args(["--management", &format!("127.0.0.1:{}", self.management)]);
        match self.hall {
            Some(port) => command.env("YIMEN_PORTAL__LISTEN", format!("127.0.0.1:{port}")),
            // Servers of many tests run at once, and the hall's usual port is one.
            None => command.env("YIMEN_PORTAL__ENABLED", "false"),
        };
        if let Some((certificate, key)) = &self.tls {
            command
                .arg("--tls-cert")
                .arg(certificate)
                .arg("--tls-key")
                .arg(key);
        }
        let mut running = Running::start("yimen", &mut command, &self.log)?;
        let ready = self.management_url("readyz");
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(5))
            .build()?;
        let is_ready = async || {
            let answer = http.get(ready.clone()).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        running.ready(START_PATIENCE, is_ready).await?;
        Ok(running)
    }

    /// As if more than the two minutes had passed after which an import that died is given up:
    /// nobody wants a test that waits for them.
    pub async fn let_dead_imports_age(&self) -> Result<()> {
        const AGE: &str = "UPDATE imports SET heartbeat_at = heartbeat_at - 121000000
            WHERE published_at IS NULL";
        self.execute(AGE).await
    }

    /// As if the ten minutes had passed after which the hall renews its tokens.
    pub async fn let_tokens_of_the_hall_run_out(&self) -> Result<()> {
        self.execute(hall::RUN_OUT).await
    }

    async fn execute(&self, statement: &'static str) -> Result<()> {
        let file = self.data.join("yimen.db");
        execute(self.database.as_deref(), &file, statement).await
    }

    /// An address of the management listener.
    pub fn management_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.management)
    }
}

/// A statement beside a running program: at `database`, or in SQLite's `file`.
pub(crate) async fn execute(
    database: Option<&str>,
    file: &Path,
    statement: &'static str,
) -> Result<()> {
    if let Some(url) = database {
        let mut server = PgConnection::connect(url).await?;
        sqlx::raw_sql(statement).execute(&mut server).await?;
        server.close().await?;
    } else {
        let file = SqliteConnectOptions::new().filename(file);
        let mut file = file.busy_timeout(Duration::from_secs(10)).connect().await?;
        sqlx::raw_sql(statement).execute(&mut file).await?;
        file.close().await?;
    }
    Ok(())
}

impl Server {
    /// A demo server with default settings.
    pub async fn start(stage: &Stage) -> Result<Self> {
        Site::new(stage, "server", "").await?.start().await
    }

    pub fn site(&self) -> &Site {
        &self.site
    }

    pub fn process_id(&self) -> u32 {
        self.running.id()
    }

    /// All that the server printed so far.
    pub fn printed(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.site.log)?)
    }

    /// Registers applications, and waits until this node knows the service of one of them.
    pub async fn register(&self, entries: &Value, service: &str) -> Result<()> {
        let file = self.site.data.join("applications.json");
        fs::write(&file, entries.to_string())?;
        let path = file.display().to_string();
        self.run(&["import", "applications", &path, "--demo"])
            .await?;
        let login = cas::login_url(self, service)?;
        let visitor = self.visitor()?;
        for _ in 0..200 {
            if visitor.open(login.clone()).await?.status.is_success() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the registry was not read again")
    }

    /// Runs `yimen …` to its end and gives its output; fails if it does.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.try_run(arguments).await?;
        if !output.status.success() {
            bail!(
                "yimen {arguments:?} failed: {}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs `yimen …` to its end.
    pub async fn try_run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.site.command(arguments)?;
        let output = tokio::task::spawn_blocking(move || command.output());
        Ok(output.await??)
    }

    /// `kill -9`, then a start on the same data.
    pub async fn crash_and_restart(&mut self) -> Result<()> {
        self.crash()?;
        self.restart().await
    }

    /// `kill -9`.
    pub fn crash(&mut self) -> Result<()> {
        self.running.kill()
    }

    /// Starts it again after a crash or a stop.
    pub async fn restart(&mut self) -> Result<()> {
        self.running = self.site.launch().await?;
        Ok(())
    }

    /// Ctrl-C's kinder sibling; fails unless it ends well.
    pub async fn stop(&mut self) -> Result<()> {
        let status = self.running.stop(STOP_PATIENCE).await?;
        if !status.success() {
            bail!("the server ended badly: {status}");
        }
        Ok(())
    }
}
