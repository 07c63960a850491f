//! The dozen commands of W3C `WebDriver` that the tests use, and Chromium's own. They are JSON over
//! HTTP, which needs no further crate.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Longer than the longest page load that a test waits for.
const PATIENCE: Duration = Duration::from_mins(2);
/// The field of an element's reference (`WebDriver` 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One session with one browser.
#[derive(Debug)]
pub(super) struct Driver {
    http: Client,
    /// `http://127.0.0.1:PORT/session/ID`
    session: String,
}

/// An element of the page that is shown; stale after the next page.
#[derive(Clone, Debug)]
pub struct Element(String);

/// Keys that are no characters (`WebDriver` 17.4.2).
#[derive(Clone, Copy, Debug)]
pub enum Key {
    Tab,
    Enter,
    Space,
}

impl Key {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "\u{e004}",
            Self::Enter => "\u{e007}",
            Self::Space => " ",
        }
    }
}

impl Driver {
    pub(super) async fn is_ready(address: &str) -> bool {
        let Ok(http) = client() else { return false };
        let status = call(&http, Method::GET, &format!("{address}/status"), None).await;
        status.is_ok_and(|status| status["ready"] == true)
    }

    pub(super) async fn new_session(address: &str, capabilities: Value) -> Result<Self> {
        let http = client()?;
        let body = json!({ "capabilities": capabilities });
        let made = call(
            &http,
            Method::POST,
            &format!("{address}/session"),
            Some(body),
        )
        .await?;
        let id = made["sessionId"].as_str().context("no session id")?;
        Ok(Self {
            session: format!("{address}/session/{id}"),
            http,
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn find(&self, selector: &str) -> Result<Option<Element>> {
        let query = json!({ "using": "css selector", "value": selector });
        let found = self.post("elements", query).await?;
        let id = found[0][ELEMENT].as_str();
        Ok(id.map(|id| Element(id.to_owned())))
    }

    pub(super) async fn click(&self, element: &Element) -> Result<()> {
        self.post(&format!("element/{}/click", element.0), json!({}))
            .await?;
        Ok(())
    }

    pub(super) async fn clear(&self, element: &Element) -> Result<()> {
        self.post(&format!("element/{}/clear", element.0), json!({}))
            .await?;
        Ok(())
    }

    pub(super) async fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        self.post(
            &format!("element/{}/value", element.0),
            json!({ "text": text }),
        )
        .await?;
        Ok(())
    }

    pub(super) async fn text(&self, element: &Element) -> Result<String> {
        let text = self.get(&format!("element/{}/text", element.0)).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Keys down and up, one after another, for whatever has the focus.
    pub(super) async fn type_keys(&self, text: &str) -> Result<()> {
        let strokes: Vec<Value> = text
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("actions", json!({ "actions": [keyboard] }))
            .await?;
        Ok(())
    }

    /// Runs a script whose promise, if it returns one, is awaited.
    pub(super) async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.post(
            "execute/sync",
            json!({ "script": script, "args": arguments }),
        )
        .await
    }

    /// A command of the Chrome `DevTools` Protocol.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", body)
            .await
            .with_context(|| command.to_owned())
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let address = format!("{}/{path}", self.session);
        call(&self.http, method, &address, body).await
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Chromedriver ends its browser when asked to end the session; killed, it would leave it.
        let (http, session) = (self.http.clone(), self.session.clone());
        let ending = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(call(&http, Method::DELETE, &session, None))
        });
        // A browser that crashed has no session to end.
        let _ = ending.join();
    }
}

fn client() -> Result<Client> {
    Ok(Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .pool_max_idle_per_host(0)
        .build()?)
}

/// One command; what a failed one says becomes the error.
async fn call(http: &Client, method: Method, address: &str, body: Option<Value>) -> Result<Value> {
    let mut request = http.request(method, address);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await?;
    let worked = response.status().is_success();
    let mut answer: Value = response.json().await?;
    let value = answer["value"].take();
    if !worked {
        bail!("the browser: {}: {}", value["error"], value["message"]);
    }
    Ok(value)
}
