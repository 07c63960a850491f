//! Every page of the themes in every state that it has, in Chromium: what axe-core finds, and where
//! a phone would scroll sideways. The stories of the other tests come by few of them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use conformance_tests::binary;
use conformance_tests::browser::{Browser, Look};
use conformance_tests::engine::Engine;
use conformance_tests::stage::{Stage, play};

const PHONE: Look = Look {
    width: 320,
    language: "zh-CN",
    dark: false,
};
const DESK: Look = Look {
    width: 1280,
    language: "en",
    dark: true,
};

/// What pages look like is no matter of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_every_page() {
    play("every_state_of_every_page", Engine::Sqlite, look_at_all).await;
}

async fn look_at_all(stage: &Stage) -> Result<()> {
    let pages = gallery(stage)?;
    ensure!(pages.len() > 300, "only {} pages", pages.len());
    let browser = Browser::start(stage).await?;
    let mut faults = Vec::new();
    // One language is judged as a phone shows it, the other as a desk does in the dark; the widths
    // of both are the phone's.
    browser.wear(PHONE).await?;
    for page in &pages {
        let (address, name) = named(page)?;
        browser.open(&address).await?;
        let overflow = browser.overflow().await?;
        if overflow > 0 {
            faults.push(format!("{name}: {overflow} px wider than a phone"));
        }
        if name.ends_with("zh-CN.html") {
            faults.extend(found(&browser, &name).await?);
        }
    }
    browser.wear(DESK).await?;
    for page in &pages {
        let (address, name) = named(page)?;
        if name.ends_with("en.html") {
            browser.open(&address).await?;
            faults.extend(found(&browser, &name).await?);
        }
    }
    ensure!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// The pages as files.
fn gallery(stage: &Stage) -> Result<Vec<PathBuf>> {
    let folder = stage.folder().join("gallery");
    let written = Command::new(binary::example("gallery")?)
        .arg(&folder)
        .status()
        .context("the gallery does not start")?;
    ensure!(written.success(), "the gallery is not written");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let is_page = path
            .extension()
            .is_some_and(|extension| extension == "html");
        if is_page && !path.ends_with("index.html") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

fn named(page: &std::path::Path) -> Result<(String, String)> {
    let name = page.file_name().and_then(|name| name.to_str());
    let name = name.context("pages have plain names")?;
    Ok((format!("file://{}", page.display()), name.to_owned()))
}

async fn found(browser: &Browser, name: &str) -> Result<Vec<String>> {
    let found = browser.violations().await?;
    Ok(found.iter().map(|one| format!("{name}: {one}")).collect())
}
