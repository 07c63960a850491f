//! Headless Chromium: a browser of its own for each test, driven over `WebDriver`.

mod driver;
mod looks;
mod survey;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

pub use driver::{Element, Key};
pub use looks::{Look, Violation};
pub use survey::Survey;

use crate::process::{LOOK_EVERY, Running, free_ports};
use crate::stage::Stage;
use driver::Driver;

const START_PATIENCE: Duration = Duration::from_secs(30);
/// A debug server on a busy machine may take long over a page.
const PAGE_PATIENCE: Duration = Duration::from_mins(1);

/// A Chromium with an empty profile; it ends with the value.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
    // After the session, which ends through it.
    _chromedriver: Running,
}

impl Browser {
    pub async fn start(stage: &Stage) -> Result<Self> {
        let [port] = free_ports()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        let mut chromedriver =
            Running::start("chromedriver", &mut command, &stage.log("chromedriver"))
                .context("the browser tests need Debian's chromium-driver")?;
        let address = format!("http://127.0.0.1:{port}");
        let is_ready = async || Driver::is_ready(&address).await;
        chromedriver.ready(START_PATIENCE, is_ready).await?;
        let profile = stage.folder().join("chromium");
        let driver =
            Driver::new_session(&address, capabilities(&profile.to_string_lossy())).await?;
        let browser = Self {
            driver,
            _chromedriver: chromedriver,
        };
        browser.wear(Look::WIDE).await?;
        Ok(browser)
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.driver.post("url", json!({ "url": url })).await?;
        Ok(())
    }

    pub async fn url(&self) -> Result<String> {
        let url = self.driver.get("url").await?;
        Ok(url.as_str().unwrap_or_default().to_owned())
    }

    /// The one element at a CSS selector, awaited.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let deadline = Instant::now() + PAGE_PATIENCE;
        loop {
            if let Some(element) = self.driver.find(selector).await? {
                return Ok(element);
            }
            if Instant::now() > deadline {
                bail!(
                    "no {selector} after {PAGE_PATIENCE:?} on {}",
                    self.describe().await?
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The text of the element at a CSS selector, awaited.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let element = self.find(selector).await?;
        self.driver.text(&element).await
    }

    /// Waits for one of our pages, named as its template without `.html`.
    pub async fn expect_page(&self, name: &str) -> Result<()> {
        self.find(&format!("body[data-page=\"{name}\"]")).await?;
        Ok(())
    }

    /// Types into the empty box at a CSS selector.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.find(selector).await?;
        self.driver.clear(&element).await?;
        self.driver.type_into(&element, text).await
    }

    pub async fn click(&self, selector: &str) -> Result<()> {
        let element = self.find(selector).await?;
        self.driver.click(&element).await
    }

    /// Types with whatever has the focus, as a person at a keyboard does.
    pub async fn type_keys(&self, text: &str) -> Result<()> {
        self.driver.type_keys(text).await
    }

    pub async fn press(&self, key: Key) -> Result<()> {
        self.driver.type_keys(key.as_str()).await
    }

    /// Presses Tab until the element at `selector` has the focus.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        const MOST: usize = 40;
        for _ in 0..MOST {
            if self.has_focus(selector).await? {
                return Ok(());
            }
            self.press(Key::Tab).await?;
        }
        bail!(
            "{MOST} times Tab don't reach {selector} on {}",
            self.describe().await?
        );
    }

    async fn has_focus(&self, selector: &str) -> Result<bool> {
        let script = "return document.activeElement.matches(arguments[0])";
        let focused = self.run(script, json!([selector])).await?;
        Ok(focused.as_bool().unwrap_or(false))
    }

    /// Runs a script in the page and gives what it returns.
    pub async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.driver.run(script, arguments).await
    }

    async fn describe(&self) -> Result<String> {
        let script = "return document.body ? document.body.innerText.slice(0, 600) : ''";
        let text = self.run(script, json!([])).await?;
        Ok(format!(
            "{}: {}",
            self.url().await?,
            text.as_str().unwrap_or_default()
        ))
    }
}

fn capabilities(profile: &str) -> Value {
    json!({ "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {
            "args": [
                "--headless",
                // Tests may run as root, and /dev/shm may be small.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                // Nothing but the pages under test.
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-quic",
                "--disable-sync",
                "--no-first-run",
                "--no-proxy-server",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                format!("--user-data-dir={profile}"),
            ],
            // «Save this password?» would lie over the page.
            "prefs": { "credentials_enable_service": false },
        },
    } })
}
