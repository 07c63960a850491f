//! The binary under test: found beside the tests, built where it is missing or old.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use anyhow::{Context as _, Result, anyhow, bail};

/// Names a binary to test instead of the one of this work tree.
pub const BINARY_VARIABLE: &str = "YIMEN_BIN";

/// The folder of this crate.
pub fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary, built by the first caller if need be.
pub fn path() -> Result<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND
        .get_or_init(|| find().map_err(|error| format!("{error:#}")))
        .as_deref()
        .map_err(|error| anyhow!("{error}"))
}

fn find() -> Result<PathBuf> {
    if let Some(named) = env::var_os(BINARY_VARIABLE) {
        return fs::canonicalize(named).context(BINARY_VARIABLE);
    }
    let folder = profile_folder()?;
    let binary = folder.join("yimen");
    if is_stale(&binary) {
        build(&folder)?;
    }
    if !binary.exists() {
        bail!("cargo left no binary at {}", binary.display());
    }
    Ok(binary)
}

/// An example program of the workspace, built if need be. It blocks until then.
pub fn example(name: &str) -> Result<PathBuf> {
    let folder = profile_folder()?;
    cargo_build(&folder, &["--example", name])?;
    Ok(folder.join("examples").join(name))
}

/// `target/debug` or `target/release`: where the running test or tool was built.
fn profile_folder() -> Result<PathBuf> {
    let own = env::current_exe()?;
    own.ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"))
        .map(Path::to_owned)
        .context("a test executable lies in a folder")
}

/// True where a source is newer than the binary, so that a test never passes for old code.
fn is_stale(binary: &Path) -> bool {
    let Ok(built) = fs::metadata(binary).and_then(|meta| meta.modified()) else {
        return true;
    };
    // Cargo lists the sources of a binary beside it: `…/yimen: a.rs b.rs`.
    let Ok(list) = fs::read_to_string(binary.with_extension("d")) else {
        return true;
    };
    let sources = list.split_once(": ").map_or("", |(_, sources)| sources);
    sources
        .split_whitespace()
        .any(|source| newer(Path::new(source), built))
}

/// A source that is gone was renamed since, so it counts as newer too.
fn newer(source: &Path, built: SystemTime) -> bool {
    let changed = fs::metadata(source).and_then(|meta| meta.modified());
    changed.ok().is_none_or(|changed| changed > built)
}

fn build(profile_folder: &Path) -> Result<()> {
    cargo_build(profile_folder, &["--bin", "yimen"])
}

fn cargo_build(profile_folder: &Path, target: &[&str]) -> Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace, for the same features as those of `cargo test`: no second build.
    cargo
        .current_dir(crate_folder())
        .args(["build", "--quiet", "--workspace"])
        .args(target);
    if profile_folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().context("cargo does not start")?;
    if !status.success() {
        bail!("{} does not build", target.join(" "));
    }
    Ok(())
}
