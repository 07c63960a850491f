//! The control of the conformance suite: a running django-cas-server, a CAS server of other
//! people. What it does wrong is known; a suite that found nothing there would prove nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use url::Url;

use crate::binary::crate_folder;
use crate::process::{Running, free_ports};
use crate::suite::options::Options;
use crate::tools;

/// It makes its tables first, on a busy machine.
const START_PATIENCE: Duration = Duration::from_mins(2);
const USER: &str = "wei.li";
const PASSWORD: &str = "Paper&Lantern 47";
/// Seconds. Long enough for every hop on a busy machine; their end is waited for.
const TICKET_LIFETIME: u64 = 6;
/// Each costs a sign-in there, which is slow.
const SAMPLES: usize = 100;

/// A running one; it ends with the value.
#[derive(Debug)]
pub struct Control {
    base: Url,
    listen: SocketAddr,
    callback_port: u16,
    folder: PathBuf,
    _running: Running,
}

impl Control {
    /// Starts one whose database lies in `folder`, which has to be empty.
    pub async fn start(folder: &Path) -> Result<Self> {
        let [port, listen, callback_port] = free_ports()?;
        let mut command = Command::new(tools::control_python()?);
        command
            .arg(crate_folder().join("clients/django_cas_server/serve.py"))
            .arg("--folder")
            .arg(folder)
            .args([
                "--port",
                &port.to_string(),
                "--user",
                USER,
                "--password",
                PASSWORD,
            ])
            .arg("--ca")
            .arg(folder.join("ca.pem"))
            .args(["--service", r"^http://(app|other)\.example\.test/"])
            .args(["--service", r"^https://(secure|target)\.example\.test/"])
            .args(["--service", r"^imap://mail\.example\.test$"])
            .args(["--service", &format!(r"^http://127\.0\.0\.1:{listen}/")])
            .args(["--awkward-service", r"^http://odd\.example\.test/"])
            .args([
                "--callback",
                &format!("^https://localhost:{callback_port}/(pgt|second)"),
            ])
            .args(["--ticket-lifetime", &TICKET_LIFETIME.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let log = folder.join("django-cas-server.log");
        let mut running = Running::start("django-cas-server", &mut command, &log)?;
        let base: Url = format!("http://127.0.0.1:{port}/cas").parse()?;
        let login = format!("{base}/login");
        let http = reqwest::Client::builder().no_proxy().build()?;
        let is_ready = async || {
            let answer = http.get(&login).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        running.ready(START_PATIENCE, is_ready).await?;
        Ok(Self {
            base,
            listen: SocketAddr::from(([127, 0, 0, 1], listen)),
            callback_port,
            folder: folder.to_owned(),
            _running: running,
        })
    }

    /// What the suite is told of it.
    pub fn options(&self) -> Result<Options> {
        let callback = format!("https://localhost:{}", self.callback_port);
        Ok(Options {
            other_service: Some("http://other.example.test/reader".to_owned()),
            https_service: Some("https://secure.example.test/app".to_owned()),
            listen: Some(self.listen),
            callback: Some(format!("{callback}/pgt?own=1").parse()?),
            callback_denied: Some(format!("{callback}/denied").parse()?),
            proxy_target: Some("https://target.example.test/app".to_owned()),
            target_callback: Some(format!("{callback}/second").parse()?),
            opaque_target: Some("imap://mail.example.test".to_owned()),
            no_proxy_service: Some("http://other.example.test/reader".to_owned()),
            awkward_service: Some("http://odd.example.test/".to_owned()),
            ticket_lifetime: Some(TICKET_LIFETIME),
            samples: SAMPLES,
            ca_out: Some(self.folder.join("ca.pem")),
            ..Options::new(
                self.base.clone(),
                USER,
                PASSWORD,
                "http://app.example.test/library",
            )
        })
    }
}
