//! Child processes that end with their owner, and ports to listen on.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often something that is awaited is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A process with its output in a file, killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: &'static str,
    log: PathBuf,
}

impl Running {
    /// Starts `command`, its output appended to `log`.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{name} does not start: {command:?}"))?;
        Ok(Self {
            child,
            name,
            log: log.to_owned(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, once it ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// `kill -9`: no chance to tidy up.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits for it.
    pub async fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()?;
        if !asked.success() {
            bail!("{} could not be asked to end", self.name);
        }
        self.wait(patience).await
    }

    /// Waits for it to end by itself.
    pub async fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!(
                    "{} goes on after {patience:?}\n{}",
                    self.name,
                    tail(&self.log)
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until `ready` says so; fails at once if the process ends before that.
    pub async fn ready(&mut self, patience: Duration, ready: impl AsyncFn() -> bool) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !ready().await {
            if let Some(status) = self.ended()? {
                bail!(
                    "{} ended at its start: {status}\n{}",
                    self.name,
                    tail(&self.log)
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "{} is not ready after {patience:?}\n{}",
                    self.name,
                    tail(&self.log)
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    const LINES: usize = 60;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    format!("--- {}\n{}", log.display(), lines[from..].join("\n"))
}

/// Ports of the loopback interface that nothing listens on now, all different.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    // All are held until the last is known, so that none comes twice.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
