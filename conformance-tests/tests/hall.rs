//! The service hall with its identity provider: in one program, and in two.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conformance_tests::hall::{Guest, OwnHall, is_signed_in};
use conformance_tests::on_each_engine;
use conformance_tests::page::Page;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::visitor::Visitor;
use serde_json::{Value, json};

on_each_engine!(
    the_hall_stands_beside_sign_in_and_its_entry_is_an_administrators,
    tokens_are_renewed_by_the_server_and_never_reach_the_browser,
    a_sign_out_anywhere_is_one_everywhere,
    the_hall_runs_alone_too,
);

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

/// What every launcher of the demonstration has.
const DEMO_TILE: &str = "校园一卡通";

async fn with_hall(stage: &Stage) -> Result<(Server, Guest)> {
    let site = Site::new(stage, "server", "").await?.with_hall()?;
    let hall = site.hall_url()?;
    let server = site.start().await?;
    let guest = Guest::new(&hall, &server)?;
    Ok((server, guest))
}

/// What the head says below the name.
fn affiliation(home: &Page) -> String {
    home.text("#affiliation").unwrap_or_default()
}

async fn metrics(server: &Server) -> Result<String> {
    let answer = reqwest::get(server.site().management_url("metrics")).await?;
    Ok(answer.text().await?)
}

/// Whether a counter of the management listener was raised.
fn counts(metrics: &str, counter: &str) -> bool {
    let line = metrics.lines().find(|line| line.starts_with(counter));
    line.is_some_and(|line| !line.ends_with(" 0"))
}

async fn tokens_are_renewed_by_the_server_and_never_reach_the_browser(stage: &Stage) -> Result<()> {
    let (server, guest) = with_hall(stage).await?;
    let home = guest
        .home_when(|home| home.body.contains(DEMO_TILE))
        .await?;
    ensure!(!is_signed_in(&home));
    let home = guest.sign_in().await?;
    ensure!(home.text("#person").is_some_and(|name| !name.is_ascii()));
    ensure!(affiliation(&home).starts_with("学生"), "{}", home.summary());

    // The hall is told less: it learns of it by what the renewed token opens.
    let mut changed = entry(&server).await?;
    changed["release"] = json!(["name", "number"]);
    let file = stage.folder().join("entries.json");
    std::fs::write(&file, json!([changed]).to_string())?;
    let file = file.to_str().context("a path of ours")?;
    server
        .run(&["import", "applications", file, "--demo"])
        .await?;
    for _ in 0..100 {
        server.site().let_tokens_of_the_hall_run_out().await?;
        if !affiliation(&guest.open("/").await?).starts_with("学生") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let home = guest.open("/").await?;
    let number = conformance_tests::demo::STUDENT.number;
    ensure!(affiliation(&home) == number, "{}", home.summary());
    let metrics = metrics(&server).await?;
    let renewed = "hall_renewals_total{outcome=\"renewed\"}";
    ensure!(counts(&metrics, renewed), "{metrics}");

    let home = guest.sign_out(&home).await?.expect("hall_home")?;
    ensure!(!is_signed_in(&home));
    no_token_was_seen(&guest)
}

/// The codes and states of a sign-in pass the browser, and an ID token where it signs out, since
/// that is how the provider is told which session; what opens anything doesn't.
fn no_token_was_seen(guest: &Guest) -> Result<()> {
    let seen = guest.seen();
    ensure!(seen.len() > 8, "{} answers", seen.len());
    for page in seen {
        let mut text = format!("{}\n{}", page.url, page.body);
        for (name, value) in &page.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            write!(text, "\n{name}: {value}")?;
        }
        // The hint itself, up to the next parameter.
        let shown = text.split("id_token_hint=").map(|after| {
            let hint = after.starts_with("eyJ");
            let rest = after.split_once('&').map(|(_, rest)| rest);
            if hint {
                rest.unwrap_or_default()
            } else {
                after
            }
        });
        let words = shown.flat_map(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-'))
        });
        for word in words {
            ensure!(!is_token(word), "a token: {}", page.summary());
        }
    }
    Ok(())
}

/// By its whole shape: a random text may have a few letters of it.
fn is_token(word: &str) -> bool {
    let opaque = ["AT-", "RT-"].iter().any(|kind| word.starts_with(kind));
    let signed = word.starts_with("eyJ") && word.split('.').count() == 3;
    (opaque || signed) && word.len() > 40
}

async fn a_sign_out_anywhere_is_one_everywhere(stage: &Stage) -> Result<()> {
    let (server, guest) = with_hall(stage).await?;
    // At the hall.
    let home = guest.sign_in().await?;
    let home = guest.sign_out(&home).await?.expect("hall_home")?;
    ensure!(
        home.attribute("[data-said]", "data-said").as_deref() == Some("signed_out"),
        "{}",
        home.summary()
    );
    guest
        .open_at_provider("/account")
        .await?
        .expect("sign_in")?;

    // At the provider: told by back channel, at once and not when tokens run out.
    guest.sign_in().await?;
    let other = Guest::new(&server.site().hall_url()?, &server)?;
    other.sign_in().await?;
    let page = guest.open_at_provider("/cas/logout").await?;
    page.expect("signed_out")?;
    guest.home_when(|home| !is_signed_in(home)).await?;
    ensure!(is_signed_in(&other.open("/").await?), "another's session");
    let metrics = metrics(&server).await?;
    let told = "hall_logout_tokens_total{outcome=\"done\"}";
    ensure!(counts(&metrics, told), "{metrics}");
    ensure!(!metrics.contains("hall_renewals_total"), "{metrics}");
    Ok(())
}

async fn the_hall_runs_alone_too(stage: &Stage) -> Result<()> {
    let mut provider = Server::start(stage).await?;
    let hall = OwnHall::new(stage, &provider).await?;
    let running = hall.start().await?;
    let guest = Guest::new(hall.url(), &provider)?;
    guest
        .home_when(|home| home.body.contains(DEMO_TILE))
        .await?;
    ensure!(hall.readiness().await?.contains("provider: known"));
    guest.sign_in().await?;
    hall.let_tokens_run_out().await?;
    ensure!(is_signed_in(&guest.open("/").await?), "renewed");

    // A restart keeps sessions; while the provider is away, they go on.
    hall.stop(running).await?;
    let running = hall.start().await?;
    ensure!(is_signed_in(&guest.open("/").await?), "after a restart");
    provider.stop().await?;
    hall.let_tokens_run_out().await?;
    ensure!(is_signed_in(&guest.open("/").await?), "without provider");
    provider.restart().await?;
    let page = guest.open_at_provider("/cas/logout").await?;
    page.expect("signed_out")?;
    guest.home_when(|home| !is_signed_in(home)).await?;
    no_token_was_seen(&guest)?;
    hall.stop(running).await
}
