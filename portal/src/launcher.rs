//! 业务直通车: the applications that ask to be listed, as the provider tells, kept in memory.

use std::sync::Arc;

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
pub(crate) struct Launcher(ArcSwap<Page>);

impl Launcher {
    /// None: nothing is known yet.
    pub(crate) fn applications(&self) -> Option<Arc<Vec<Listed>>> {
        self.0.load().applications.clone()
    }

    /// Reads the list again; true when it was had. What was read before stays on an error.
    pub(crate) async fn renew(&self, http: &Http, config: &Config) -> bool {
        let before = self.0.load_full();
        let mut headers = vec![("accept", "application/json")];
        if let (Some(etag), Some(_)) = (&before.etag, &before.applications) {
            headers.push(("if-none-match", etag.as_str()));
        }
        let answer = match http.get(&config.provider_page(PATH), &headers).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, "the applications can't be read");
                return false;
            }
        };
        if answer.status() == StatusCode::NOT_MODIFIED {
            return true;
        }
        let Some(applications) = (answer.status() == StatusCode::OK)
            .then(|| read(answer.body()))
            .flatten()
        else {
            tracing::warn!(status = %answer.status(), "the list of applications can't be used");
            return false;
        };
        let etag = answer.headers().get(ETAG);
        self.0.store(Arc::new(Page {
            etag: etag.and_then(|tag| tag.to_str().ok()).map(str::to_owned),
            applications: Some(Arc::new(applications)),
        }));
        true
    }
}

#[derive(Deserialize)]
struct Document {
    applications: Vec<Entry>,
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
    let document: Document = serde_json::from_slice(body).ok()?;
    let tiles = document.applications.into_iter().take(MOST);
    Some(tiles.filter_map(tile).collect())
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
        let body = r#"{"applications":[
            {"id":"a","name":{"zh-CN":"图书馆","en":"Library"},"url":"https://lib.example.edu"},
            {"id":"b","name":{"en":"x"},"url":"javascript:alert(1)"},
            {"id":"c","name":{"en":"x"},"url":"data:text/html,x"},
            {"id":"d","name":{"en":"x"},"url":"/x"}]}"#;
        let tiles = read(body.as_bytes()).unwrap();
        assert_eq!(tiles.len(), 1);
        assert_eq!(tiles[0].url, "https://lib.example.edu/");
        assert_eq!(tiles[0].name.zh_cn, "图书馆");
        assert_eq!(read(b"[]"), None);
    }
}
