//! The service hall beside the identity provider, in one program.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conformance_tests::on_each_engine;
use conformance_tests::page::Page;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::visitor::Visitor;
use serde_json::{Value, json};

on_each_engine!(the_hall_stands_beside_sign_in_and_its_entry_is_an_administrators);

const TILE: &str = "https://library.example.edu/";

/// The hall's home page for a guest, once it has what the provider lists.
async fn home_with(server: &Server, text: &str) -> Result<Page> {
    let guest = Visitor::new(&server.site().hall_url()?)?;
    for _ in 0..200 {
        let page = guest.get("/").await?.expect("hall_home")?;
        if page.body.contains(text) {
            return Ok(page);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the hall never showed {text:?}")
}

async fn entry(server: &Server) -> Result<Value> {
    let shown = server.run(&["application", "show", "hall"]).await?;
    Ok(serde_json::from_str(&shown)?)
}

async fn the_hall_stands_beside_sign_in_and_its_entry_is_an_administrators(
    stage: &Stage,
) -> Result<()> {
    let site = Site::new(stage, "server", "").await?.with_hall()?;
    let hall = site.hall_url()?;
    let mut server = site.start().await?;
    ensure!(
        server
            .printed()?
            .contains(hall.as_str().trim_end_matches('/'))
    );

    // The entry is there by itself, for the address that the hall has.
    let made = entry(&server).await?;
    let callback = hall.join("signin/callback")?;
    ensure!(
        made["oidc"]["redirect_uris"] == json!([callback.as_str()]),
        "{made}"
    );
    ensure!(made["oidc"]["consent"] == "implicit", "{made}");

    // An administrator's changes of it stay, and so does a place in the launcher.
    let mut changed = made.clone();
    changed["release"] = json!(["name", "number"]);
    let library = json!({
        "id": "library",
        "name": {"zh-CN": "图书馆", "en": "Library"},
        "listed": {"url": TILE, "category": {"zh-CN": "学习", "en": "Study"},
            "description": {"zh-CN": "借阅与预约", "en": "Loans and reservations"}},
    });
    let file = stage.folder().join("entries.json");
    std::fs::write(&file, json!([changed, library]).to_string())?;
    let file = file.to_str().context("a path of ours")?;
    server
        .run(&["import", "applications", file, "--demo"])
        .await?;
    server.stop().await?;
    server.restart().await?;
    ensure!(
        entry(&server).await? == changed,
        "{}",
        entry(&server).await?
    );

    let home = home_with(&server, TILE).await?;
    for text in ["图书馆", "借阅与预约", "学习", "业务直通车"] {
        ensure!(home.body.contains(text), "{text}");
    }
    let ready = reqwest::get(server.site().management_url("readyz/hall")).await?;
    ensure!(ready.status().is_success() && ready.text().await?.starts_with("ready\n"));
    // Cookies ignore ports: neither has the other's names (PRT-22).
    let cookies = home.headers.get_all("set-cookie").iter();
    for cookie in cookies.filter_map(|cookie| cookie.to_str().ok()) {
        ensure!(cookie.starts_with("hall"), "{cookie}");
    }
    Ok(())
}
