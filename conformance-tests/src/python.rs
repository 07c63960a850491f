//! python-cas, a real CAS client.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::apache::SecureApache;
use crate::binary::crate_folder;
use crate::process::Running;
use crate::server::Server;
use crate::stage::Stage;
use crate::tls::Tls;
use crate::tools;

const START_PATIENCE: Duration = Duration::from_secs(30);

/// What python-cas made of a ticket.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// None: refused.
    pub user: Option<String>,
    pub attributes: Option<BTreeMap<String, serde_json::Value>>,
}

/// Lets `CASClient(version).verify_ticket` decide about a ticket.
pub async fn verify(server: &Server, version: u8, service: &str, ticket: &str) -> Result<Verdict> {
    let mut python = Command::new(tools::python()?);
    python
        .arg(crate_folder().join("clients/validate_ticket.py"))
        .arg(version.to_string())
        .arg(server.url().join("/cas/")?.as_str())
        .args([service, ticket]);
    let output = tokio::task::spawn_blocking(move || python.output()).await??;
    if !output.status.success() {
        bail!("python-cas: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Starts `clients/mail_application.py` behind the TLS of `apache`, which serves it as `/mail/`.
pub async fn mail_application(
    stage: &Stage,
    server: &Server,
    apache: &SecureApache,
    tls: &Tls,
) -> Result<Running> {
    let (own, port) = (apache.url(), apache.mail_port());
    let mut python = Command::new(tools::python()?);
    python
        .arg(crate_folder().join("clients/mail_application.py"))
        .arg(port.to_string())
        .arg(format!("{own}/mail/"))
        .arg(server.url().join("/cas/")?.as_str())
        .arg(format!("{own}/archive/"))
        // What python-cas trusts: it asks by way of requests.
        .env("REQUESTS_CA_BUNDLE", &tls.authority)
        .env("NO_PROXY", "*");
    let mut running = Running::start("mail_application.py", &mut python, &stage.log("mail"))?;
    let is_ready = async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
    };
    running.ready(START_PATIENCE, is_ready).await?;
    Ok(running)
}
