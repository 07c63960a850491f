//! The hall's pages in Chromium: looked at in every look, and gone through with the keyboard alone.

use anyhow::{Result, ensure};
use conformance_tests::browser::{Browser, Key, Survey};
use conformance_tests::demo;
use conformance_tests::engine::Engine;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::{Stage, play};
use serde_json::json;

/// What pages look like is no matter of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_every_look() {
    play("every_page_in_every_look", Engine::Sqlite, looked_at).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_keyboard_alone() {
    play("with_the_keyboard_alone", Engine::Sqlite, by_keyboard).await;
}

struct Open {
    browser: Browser,
    hall: String,
    server: Server,
}

impl Open {
    async fn new(stage: &Stage) -> Result<Self> {
        let site = Site::new(stage, "server", SCHOOL).await?.with_hall()?;
        let hall = site.hall_url()?.to_string();
        let server = site.start().await?;
        let browser = Browser::start(stage).await?;
        let open = Self {
            browser,
            hall,
            server,
        };
        open.filled().await?;
        Ok(open)
    }

    /// Until the launcher has what the provider lists.
    async fn filled(&self) -> Result<()> {
        for _ in 0..100 {
            self.at("").await?;
            let tiles = "return document.querySelectorAll('.hall-tiles li').length";
            if self.browser.run(tiles, json!([])).await? != json!(0) {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        anyhow::bail!("the launcher stays empty")
    }

    async fn at(&self, path: &str) -> Result<()> {
        self.browser.open(&format!("{}{path}", self.hall)).await
    }
}

const SCHOOL: &str = "[school.name]\nzh-CN = \"示例大学\"\nen = \"Example University\"\n";

async fn looked_at(stage: &Stage) -> Result<()> {
    let open = Open::new(stage).await?;
    let browser = &open.browser;
    let survey = Survey::new(stage.keepsakes("hall")?);
    for (page, path) in [
        ("1-guest", ""),
        ("2-found", "?q=library"),
        ("3-nothing-found", "?q=xyz"),
        ("4-expired", "signin/callback?state=x"),
        ("5-not-found", "nowhere"),
    ] {
        open.at(path).await?;
        survey.look_at(browser, page).await?;
    }
    open.at("").await?;
    browser.click("#sign-in").await?;
    browser.expect_page("sign_in").await?;
    browser.type_into("#username", demo::STUDENT.number).await?;
    browser.type_into("#password", demo::PASSWORD).await?;
    browser.click("#submit").await?;
    browser.find("#person").await?;
    survey.look_at(browser, "6-signed-in").await?;
    a_script_of_the_hall_reaches_nothing_of_the_provider(&open).await?;
    browser.click("#sign-out").await?;
    browser.find("[data-said=\"signed_out\"]").await?;
    survey.end()
}

/// PRT-22: another origin, whose session no script of ours can use.
async fn a_script_of_the_hall_reaches_nothing_of_the_provider(open: &Open) -> Result<()> {
    for path in [
        "account",
        "oidc/userinfo",
        "cas/login?service=http://127.0.0.1:9/app",
    ] {
        let address = open.server.url().join(path)?;
        let tries = "return fetch(arguments[0], { credentials: 'include' })
            .then((answer) => answer.type, () => 'refused')";
        let tried = open.browser.run(tries, json!([address.as_str()])).await?;
        ensure!(tried == json!("refused"), "{path}: {tried}");
    }
    let cookies = "return document.cookie";
    ensure!(open.browser.run(cookies, json!([])).await? == json!(""));
    Ok(())
}

async fn by_keyboard(stage: &Stage) -> Result<()> {
    let open = Open::new(stage).await?;
    let browser = &open.browser;
    browser.want_less_motion().await?;
    open.at("").await?;
    // WCAG 2.4.1: the first key leads past the head.
    browser.press(Key::Tab).await?;
    browser.tab_to(".skip").await?;
    browser.press(Key::Enter).await?;
    let focused = "return document.activeElement.id";
    ensure!(browser.run(focused, json!([])).await? == json!("main"));
    browser.tab_to("#q").await?;
    browser.type_keys("图书馆").await?;
    browser.press(Key::Enter).await?;
    browser.find("#found").await?;
    let tiles = "return document.querySelectorAll('.hall-tiles li').length";
    ensure!(browser.run(tiles, json!([])).await? == json!(1));
    browser.tab_to(".hall-tiles a").await?;
    // WCAG 2.4.7 and 2.3.3
    let outline = "return getComputedStyle(document.activeElement).outlineStyle";
    ensure!(browser.run(outline, json!([])).await? == json!("solid"));
    let moves = "return [...document.querySelectorAll('*')].filter((e) =>
        parseFloat(getComputedStyle(e).transitionDuration) > 0).length";
    ensure!(browser.run(moves, json!([])).await? == json!(0));

    open.at("").await?;
    browser.tab_to("#sign-in").await?;
    browser.press(Key::Enter).await?;
    browser.expect_page("sign_in").await?;
    browser.tab_to("#username").await?;
    browser.type_keys(demo::STUDENT.number).await?;
    browser.tab_to("#password").await?;
    browser.type_keys(demo::PASSWORD).await?;
    browser.press(Key::Enter).await?;
    browser.find("#person").await?;
    browser.tab_to("#account").await?;
    browser.tab_to("#sign-out").await?;
    browser.press(Key::Enter).await?;
    browser.find("[data-said=\"signed_out\"]").await?;
    Ok(())
}
