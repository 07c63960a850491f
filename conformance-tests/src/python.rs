//! python-cas, a real CAS client.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::binary::crate_folder;
use crate::server::Server;
use crate::tools;

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
