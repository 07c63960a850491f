//! A device without a keyboard asks, and a person lets it in (RFC 8628): with the keyboard alone,
//! and her pages looked at in every look.

use anyhow::{Context as _, Result, ensure};
use conformance_tests::browser::{Browser, Key, Look, Survey};
use conformance_tests::demo;
use conformance_tests::engine::Engine;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::{Stage, play};
use conformance_tests::visitor::send;
use reqwest::Method;
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SCHOOL: &str = "[school.name]\nzh-CN = \"示例大学\"\nen = \"Example University\"\n";
/// A phone with the darker colours, where the pages are that a form was answered with.
const PHONE: Look = Look {
    width: 320,
    language: "en",
    dark: true,
};

/// What pages look like is no matter of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_lets_a_device_in() {
    play("a_person_lets_a_device_in", Engine::Sqlite, let_in).await;
}

/// A screen in a lecture hall.
struct Device<'a>(&'a Server);

impl Device<'_> {
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value> {
        let visitor = self.0.visitor()?;
        let request = visitor.request(Method::POST, visitor.url(path)?);
        let answer = send(request.form(fields)).await?;
        serde_json::from_str(&answer.body).with_context(|| answer.body.clone())
    }

    async fn ask(&self) -> Result<Value> {
        let fields = [("client_id", "screen"), ("scope", "openid profile")];
        self.post("/oidc/device", &fields).await
    }

    async fn poll(&self, asked: &Value) -> Result<Value> {
        let fields = [
            ("client_id", "screen"),
            ("grant_type", GRANT),
            ("device_code", text(asked, "device_code")?),
        ];
        self.post("/oidc/token", &fields).await
    }
}

fn text<'a>(document: &'a Value, member: &str) -> Result<&'a str> {
    let text = document[member].as_str();
    text.with_context(|| format!("no {member} in {document}"))
}

async fn let_in(stage: &Stage) -> Result<()> {
    let server = Site::new(stage, "server", SCHOOL).await?.start().await?;
    let entry = json!({
        "id": "screen",
        "name": { "zh-CN": "教室大屏", "en": "Lecture screen" },
        "oidc": { "token_endpoint_auth_method": "none", "grant_types": [GRANT] },
        "release": ["name", "number"],
    });
    server.register_client(&entry).await?;
    let device = Device(&server);
    let asked = device.ask().await?;
    ensure!(device.poll(&asked).await?["error"] == "authorization_pending");

    let browser = Browser::start(stage).await?;
    let survey = Survey::new(stage.keepsakes("device")?);
    browser.open(text(&asked, "verification_uri")?).await?;
    sign_in(&browser).await?;
    browser.expect_page("device_verify").await?;
    survey.look_at(&browser, "1-code").await?;

    wrong_code(&browser, &asked).await?;
    browser.wear(Look::WIDE).await?;
    browser
        .open(text(&asked, "verification_uri_complete")?)
        .await?;
    browser.expect_page("device_verify").await?;
    survey.look_at(&browser, "2-code-of-the-address").await?;
    browser.tab_to("#submit").await?;
    browser.press(Key::Enter).await?;
    browser.expect_page("consent").await?;
    survey.look_at(&browser, "3-question").await?;
    ensure!(device.poll(&asked).await?.get("access_token").is_none());

    browser.wear(PHONE).await?;
    browser.tab_to("#submit").await?;
    browser.press(Key::Enter).await?;
    browser.expect_page("device_answered").await?;
    faultless(&browser, "4-answered").await?;
    browser.tab_to("#submit").await?;
    let given = device.poll(&asked).await?;
    ensure!(given["token_type"] == "Bearer", "{given}");
    survey.end()
}

async fn sign_in(browser: &Browser) -> Result<()> {
    browser.expect_page("sign_in").await?;
    browser.tab_to("#username").await?;
    browser.type_keys(demo::STUDENT.number).await?;
    browser.tab_to("#password").await?;
    browser.type_keys(demo::PASSWORD).await?;
    browser.press(Key::Enter).await
}

/// Another code than the device's; the cursor is where it is typed.
async fn wrong_code(browser: &Browser, asked: &Value) -> Result<()> {
    browser.wear(PHONE).await?;
    browser.open(text(asked, "verification_uri")?).await?;
    browser.expect_page("device_verify").await?;
    let wrong = if text(asked, "user_code")? == "BBBB-BBBB" {
        "cccccccc"
    } else {
        "bbbbbbbb"
    };
    browser.tab_to("#user_code").await?;
    browser.type_keys(wrong).await?;
    browser.press(Key::Enter).await?;
    browser.find("#user_code[aria-invalid=\"true\"]").await?;
    let focused = "return document.activeElement.id";
    ensure!(browser.run(focused, json!([])).await? == json!("user_code"));
    faultless(browser, "wrong code").await
}

/// Of a page that a form was answered with, which can't be opened again.
async fn faultless(browser: &Browser, page: &str) -> Result<()> {
    let overflow = browser.overflow().await?;
    ensure!(overflow == 0, "{page}: {overflow} px wider than the screen");
    let found = browser.violations().await?;
    ensure!(found.is_empty(), "{page}: {found:#?}");
    Ok(())
}
