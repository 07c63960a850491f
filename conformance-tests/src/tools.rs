//! What the tests need beside system packages: fetched once by `scripts/setup`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::binary::crate_folder;

/// Where `scripts/setup` puts things.
fn folder() -> PathBuf {
    crate_folder().join("../target/conformance")
}

/// axe-core, the checker of accessibility: one script for a browser.
pub fn axe_script() -> Result<PathBuf> {
    set_up()?;
    Ok(folder().join("node/node_modules/axe-core/axe.min.js"))
}

/// The folder whose `node_modules` has oidc-provider and openid-client.
pub fn node_packages() -> Result<PathBuf> {
    set_up()?;
    Ok(folder().join("node").canonicalize()?)
}

/// A Python that has python-cas.
pub fn python() -> Result<PathBuf> {
    set_up()?;
    Ok(folder().join("python/bin/python"))
}

/// A Python that has django-cas-server.
pub fn control_python() -> Result<PathBuf> {
    set_up()?;
    Ok(folder().join("django-cas-server/bin/python"))
}

/// A Python that has Authlib with Flask, and mozilla-django-oidc with Django.
pub fn relying_python() -> Result<PathBuf> {
    set_up()?;
    Ok(folder().join("relying-parties/bin/python"))
}

/// Runs `scripts/setup`, which does nothing where all is there.
fn set_up() -> Result<()> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| run_set_up().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow!("{error}"))
        .copied()
}

fn run_set_up() -> Result<()> {
    let script = crate_folder().join("scripts/setup");
    let output = Command::new(&script)
        .output()
        .with_context(|| format!("{} does not start", script.display()))?;
    if !output.status.success() {
        bail!(
            "{} failed:\n{}{}",
            script.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
