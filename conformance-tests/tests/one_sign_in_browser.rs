//! The hall and a CAS application in one Chromium: one sign-in opens both, a sign-out at either end
//! ends both, whichever protocol they speak.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use conformance_tests::apache::Apache;
use conformance_tests::browser::Browser;
use conformance_tests::process::LOOK_EVERY;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::{demo, on_each_engine};
use serde_json::json;

on_each_engine!(
    signed_in_and_out_at_the_hall,
    signed_in_at_the_application_and_out_at_the_provider,
);

const PATIENCE: Duration = Duration::from_mins(1);
/// Applications and states of the ledger, one a row.
const LEDGER: &str = "return [...document.querySelectorAll('.ledger [data-state]')]
    .map((row) => row.querySelector('.ledger-name').innerText + ' ' + row.dataset.state)
    .sort()";

async fn signed_in_and_out_at_the_hall(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let browser = &campus.browser;
    campus.open_hall().await?;
    browser.click("#sign-in").await?;
    campus.give_password().await?;
    campus.hall_knows().await?;
    // No page of ours comes between.
    browser.open(&campus.apache.secret()).await?;
    campus.apache_knows().await?;

    campus.open_hall().await?;
    browser.click("#sign-out").await?;
    browser.find("[data-said=\"signed_out\"]").await?;
    ensure!(browser.url().await?.starts_with(&campus.hall), "elsewhere");
    campus.nobody_knows().await?;
    campus.is_written_down().await
}

async fn signed_in_at_the_application_and_out_at_the_provider(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let browser = &campus.browser;
    browser.open(&campus.apache.secret()).await?;
    campus.give_password().await?;
    campus.apache_knows().await?;
    campus.open_hall().await?;
    browser.click("#sign-in").await?;
    campus.hall_knows().await?;

    let logout = campus.server.url().join("/cas/logout")?;
    browser.open(logout.as_str()).await?;
    browser.expect_page("signed_out").await?;
    campus.ledger_shows_both().await?;
    campus.nobody_knows().await?;
    campus.is_written_down().await
}

struct Campus {
    server: Server,
    apache: Apache,
    browser: Browser,
    hall: String,
}

impl Campus {
    async fn open(stage: &Stage) -> Result<Self> {
        let site = Site::new(stage, "server", "").await?.with_hall()?;
        let hall = site.hall_url()?.to_string();
        let server = site.start().await?;
        Ok(Self {
            apache: Apache::start(stage, &server).await?,
            browser: Browser::start(stage).await?,
            server,
            hall,
        })
    }

    async fn open_hall(&self) -> Result<()> {
        self.browser.open(&self.hall).await
    }

    async fn give_password(&self) -> Result<()> {
        self.browser.expect_page("sign_in").await?;
        let number = demo::STUDENT.number;
        self.browser.type_into("#username", number).await?;
        self.browser.type_into("#password", demo::PASSWORD).await?;
        self.browser.click("#submit").await
    }

    async fn hall_knows(&self) -> Result<()> {
        let name = self.browser.text("#person").await?;
        ensure!(!name.is_ascii(), "the hall knows «{name}»");
        Ok(())
    }

    async fn apache_knows(&self) -> Result<()> {
        let user = self.browser.text("#user").await?;
        ensure!(user == demo::STUDENT.number, "Apache knows «{user}»");
        Ok(())
    }

    /// Both send their visitor to the sign-in as any stranger, and that asks for a password.
    async fn nobody_knows(&self) -> Result<()> {
        let secret = self.apache.secret();
        self.until("Apache forgot", async || {
            self.browser.open(&secret).await?;
            self.shows("body[data-page=\"sign_in\"]").await
        })
        .await?;
        self.until("the hall forgot", async || {
            self.open_hall().await?;
            self.shows("#sign-in").await
        })
        .await?;
        self.browser.click("#sign-in").await?;
        self.browser.expect_page("sign_in").await
    }

    /// The page looks again by itself while a notice has no answer.
    async fn ledger_shows_both(&self) -> Result<()> {
        // Apache answers with a redirect to our sign-in, which confirms nothing.
        let expected = json!(["演示应用 told", "网上办事大厅 delivered"]);
        self.until("the ledger shows both", async || {
            Ok(self.browser.run(LEDGER, json!([])).await? == expected)
        })
        .await
    }

    /// The administrator's view of the same.
    async fn is_written_down(&self) -> Result<()> {
        let list = self.server.run(&["application", "logouts"]).await?;
        for application in ["hall", "demo-app"] {
            let line = list.lines().find(|line| line.contains(application));
            line.with_context(|| format!("nothing about {application} in:\n{list}"))?;
        }
        Ok(())
    }

    async fn shows(&self, selector: &str) -> Result<bool> {
        let script = "return document.querySelector(arguments[0]) !== null";
        Ok(self.browser.run(script, json!([selector])).await? == json!(true))
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so().await? {
            if Instant::now() > deadline {
                let ledger = self.browser.run(LEDGER, json!([])).await?;
                bail!("waited in vain until {what}; ledger: {ledger}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
