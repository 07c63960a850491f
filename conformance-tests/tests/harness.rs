//! The clients work by themselves: a failure here is none of the server's.

use anyhow::{Result, ensure};
use conformance_tests::browser::{Browser, Key, Look};
use conformance_tests::engine::Engine;
use conformance_tests::stage::{Stage, play};
use serde_json::json;

const PAGE: &str = "data:text/html,<!doctype html><html lang=en><title>A page</title>\
    <meta name=viewport content='width=device-width'>\
    <main><h1>A page</h1><form><label for=a>Name</label><input id=a>\
    <button type=button id=submit onclick=\"this.id='clicked'\">Go</button></form></main>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browser_types_clicks_and_sees() {
    play("browser", Engine::Sqlite, the_browser_works).await;
}

async fn the_browser_works(stage: &Stage) -> Result<()> {
    let browser = Browser::start(stage).await?;
    browser
        .wear(Look {
            width: 320,
            language: "en",
            dark: true,
        })
        .await?;
    browser.open(PAGE).await?;
    browser.tab_to("#a").await?;
    browser.type_keys("Harbour").await?;
    browser.tab_to("#submit").await?;
    browser.press(Key::Enter).await?;
    browser.find("#clicked").await?;
    let seen = "return [document.getElementById('a').value, innerWidth,\
                matchMedia('(prefers-color-scheme: dark)').matches]";
    let seen = browser.run(seen, json!([])).await?;
    ensure!(seen == json!(["Harbour", 320, true]), "saw {seen}");
    ensure!(browser.overflow().await? == 0);
    let violations = browser.violations().await?;
    ensure!(
        violations.is_empty(),
        "a good page is found fault with: {violations:?}"
    );
    let shot = stage.folder().join("shot.png");
    browser.screenshot(&shot).await?;
    ensure!(std::fs::read(&shot)?.starts_with(b"\x89PNG"));

    browser
        .open("data:text/html,<html><main><img src=x><input></main></html>")
        .await?;
    let rules: Vec<String> = browser
        .violations()
        .await?
        .into_iter()
        .map(|v| v.rule)
        .collect();
    for rule in ["image-alt", "label", "html-has-lang"] {
        ensure!(
            rules.iter().any(|found| found == rule),
            "{rule} is not among {rules:?}"
        );
    }
    Ok(())
}
