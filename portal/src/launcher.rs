//! 业务直通车: the applications that ask to be listed, as the provider tells, kept in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use serde::Deserialize;
use themes::Names;
use url::Url;

use crate::config::Config;
use crate::provider::Http;

/// Where the provider lists them.
const PATH: &str = "/api/v1/applications/listed";
/// More are not shown.
const MOST: usize = 1000;
/// Longer texts are cut; the provider's own limits are lower.
const LONGEST: usize = 200;

/// A tile of the launcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: Names,
    pub(crate) url: String,
    pub(crate) category: Names,
    pub(crate) description: Names,
}

#[derive(Debug, Default)]
struct Page {
    etag: Option<String>,
    /// None: the provider hasn't answered yet.
    applications: Option<Arc<Vec<Listed>>>,
}

/// What was read last.
#[derive(Debug, Default)]
pub(crate) struct Launcher {
    page: ArcSwap<Page>,
    /// It couldn't be had the last time: said once, not at each try.
    failed: AtomicBool,
}

impl Launcher {
    /// None: nothing is known yet.
    pub(crate) fn applications(&self) -> Option<Arc<Vec<Listed>>> {
        self.page.load().applications.clone()
    }

    /// Reads the list again; true when it was had. What was read before stays on an error.
    pub(crate) async fn renew(&self, http: &Http, config: &Config) -> bool {
        match self.ask(http, config).await {
            Ok(()) => {
                self.failed.store(false, Ordering::Relaxed);
                true
            }
            Err(reason) => {
                if !self.failed.swap(true, Ordering::Relaxed) {
                    tracing::warn!(reason, "the list of applications can't be had");
                }
                false
            }
        }
    }

    async fn ask(&self, http: &Http, config: &Config) -> Result<(), String> {
        let before = self.page.load_full();
        let mut headers = vec![("accept", "application/json")];
        if let (Some(etag), Some(_)) = (&before.etag, &before.applications) {
            headers.push(("if-none-match", etag.as_str()));
        }
        let answer = http
            .get(&config.provider_page(PATH), &headers)
            .await
            .map_err(|error| error.to_string())?;
        let applications = match answer.status() {
            StatusCode::NOT_MODIFIED => return Ok(()),
            StatusCode::OK => read(answer.body()).ok_or("it can't be read")?,
            status => return Err(status.to_string()),
        };
        let etag = answer.headers().get(ETAG);
        self.page.store(Arc::new(Page {
            etag: etag.and_then(|tag| tag.to_str().ok()).map(str::to_owned),
            applications: Some(Arc::new(applications)),
        }));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    name: Words,
    url: String,
    #[serde(default)]
    category: Words,
    #[serde(default)]
    description: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    #[serde(rename = "zh-CN")]
    zh_cn: Option<String>,
    en: Option<String>,
}

impl From<Words> for Names {
    fn from(words: Words) -> Self {
        let short = |text: Option<String>| -> String {
            text.unwrap_or_default().chars().take(LONGEST).collect()
        };
        Self {
            zh_cn: short(words.zh_cn),
            en: short(words.en),
        }
    }
}

fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let entries: Vec<Entry> = serde_json::from_slice(body).ok()?;
    Some(entries.into_iter().take(MOST).filter_map(tile).collect())
}

/// A link of ours leads to a web page, whatever the list says: never to a script.
fn tile(entry: Entry) -> Option<Listed> {
    let url = Url::parse(&entry.url).ok()?;
    let web = matches!(url.scheme(), "https" | "http") && url.host().is_some();
    web.then(|| Listed {
        id: entry.id,
        name: entry.name.into(),
        url: url.into(),
        category: entry.category.into(),
        description: entry.description.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // PRT-02
    fn a_tile_leads_to_a_web_page_only() {
        let body = r#"[
            {"id":"a","name":{"zh-CN":"图书馆","en":"Library"},"url":"https://lib.example.edu"},
            {"id":"b","name":{"en":"x"},"url":"javascript:alert(1)"},
            {"id":"c","name":{"en":"x"},"url":"data:text/html,x"},
            {"id":"d","name":{"en":"x"},"url":"/x"}]"#;
        let tiles = read(body.as_bytes()).unwrap();
        assert_eq!(tiles.len(), 1);
        assert_eq!(tiles[0].url, "https://lib.example.edu/");
        assert_eq!(tiles[0].name.zh_cn, "图书馆");
        assert_eq!(read(b"{}"), None);
    }
}
