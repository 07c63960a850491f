//! The relying parties that are programs of `clients/`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::SECRET;
use crate::binary::crate_folder;
use crate::process::Running;
use crate::server::Server;
use crate::stage::Stage;
use crate::tools;

const START_PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn openid_client(stage: &Stage, server: &Server, port: u16) -> Result<Running> {
    let mut node = Command::new("node");
    node.arg(crate_folder().join("clients/openid_client.mjs"));
    start(stage, server, port, node).await
}

pub(super) async fn authlib(stage: &Stage, server: &Server, port: u16) -> Result<Running> {
    let mut python = Command::new(tools::relying_python()?);
    python.arg(crate_folder().join("clients/authlib_application.py"));
    start(stage, server, port, python).await
}

/// With its configuration as the last argument.
async fn start(stage: &Stage, server: &Server, port: u16, mut program: Command) -> Result<Running> {
    let configuration = json!({
        "issuer": server.url().as_str().trim_end_matches('/'),
        "client_id": "library",
        "client_secret": SECRET,
        "own": format!("http://127.0.0.1:{port}"),
        "port": port,
        "packages": tools::node_packages()?.join("package.json"),
    });
    let file = stage.folder().join("relying-party.json");
    fs::write(&file, configuration.to_string())?;
    program.arg(file);
    launch(stage, program, port).await
}

/// Starts a relying party and waits until it listens on `port` of loopback.
pub(crate) async fn launch(stage: &Stage, mut program: Command, port: u16) -> Result<Running> {
    program.env("NO_PROXY", "*");
    let log = stage.log("relying-party");
    let mut running = Running::start("the relying party", &mut program, &log)?;
    let is_ready = async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
    };
    running.ready(START_PATIENCE, is_ready).await?;
    Ok(running)
}
