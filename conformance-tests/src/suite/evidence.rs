//! What was exchanged while a case ran.

use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::options::Password;

/// Of a body, this much is kept, bytes.
const MOST_BODY: usize = 4096;
/// Of a case, this many exchanges are kept; one that samples tickets makes thousands.
const MOST_EXCHANGES: usize = 80;
const MASK: &str = "********";

/// Who asked whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A person's browser asked the server.
    Browser,
    /// An application asked the server.
    Application,
    /// The server asked a listener of the suite.
    Server,
}

impl Party {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser → server",
            Self::Application => "application → server",
            Self::Server => "server → application",
        }
    }
}

/// One request with its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    pub party: Party,
    pub method: String,
    pub url: String,
    pub request_headers: Vec<(String, String)>,
    pub request_body: Option<String>,
    /// None: no answer came; `error` says why.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub error: Option<String>,
    pub milliseconds: u64,
}

/// The exchanges of the case that runs; clones share them.
#[derive(Clone, Debug)]
pub struct Evidence {
    kept: Arc<Mutex<Kept>>,
    /// Spellings of passwords and secrets that no evidence may show.
    secrets: Arc<[String]>,
}

/// What a case left behind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Kept {
    pub exchanges: Vec<Exchange>,
    /// How many more there were.
    pub left_out: usize,
}

impl Evidence {
    pub fn new(password: &Password) -> Self {
        Self::hiding(&[&password.0])
    }

    /// Hides all of these.
    pub fn hiding(plain: &[impl AsRef<str>]) -> Self {
        let spellings = plain.iter().flat_map(|plain| {
            let plain = plain.as_ref();
            let form: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            let percent = utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string();
            [plain.to_owned(), form, percent]
        });
        let mut secrets: Vec<String> = spellings.filter(|it| !it.is_empty()).collect();
        secrets.sort_unstable();
        secrets.dedup();
        // One may be the beginning of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self {
            kept: Arc::default(),
            secrets: secrets.into(),
        }
    }

    /// Keeps an exchange, without the password and the rest of a long body.
    pub fn record(&self, mut exchange: Exchange) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.exchanges.len() >= MOST_EXCHANGES {
            kept.left_out += 1;
            return;
        }
        exchange.url = self.mask(&exchange.url);
        exchange.request_body = exchange.request_body.map(|body| self.mask(&shorten(body)));
        exchange.body = self.mask(&shorten(exchange.body));
        for (_, value) in exchange
            .request_headers
            .iter_mut()
            .chain(&mut exchange.headers)
        {
            *value = self.mask(value);
        }
        kept.exchanges.push(exchange);
    }

    /// Takes what there is, for the next case to begin with nothing.
    pub fn take(&self) -> Kept {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn mask(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }
}

/// At most `MOST_BODY` bytes, whole characters.
fn shorten(mut text: String) -> String {
    if text.len() > MOST_BODY {
        text.truncate(text.floor_char_boundary(MOST_BODY));
        text.push_str("\n[…]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_shows_in_no_spelling() {
        let evidence = Evidence::new(&Password("p&ss wörd".to_owned()));
        evidence.record(Exchange {
            party: Party::Browser,
            method: "POST".to_owned(),
            url: "http://x/?password=p%26ss%20w%C3%B6rd".to_owned(),
            request_headers: vec![("x".to_owned(), "p&ss wörd".to_owned())],
            request_body: Some("password=p%26ss+w%C3%B6rd&a=b".to_owned()),
            status: Some(200),
            headers: Vec::new(),
            body: "é".repeat(MOST_BODY),
            error: None,
            milliseconds: 1,
        });
        let kept = evidence.take();
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("ss w") && !text.contains("p%26ss"), "{text}");
        assert!(text.contains("password=********&a=b"), "{text}");
        assert!(kept.exchanges[0].body.len() < MOST_BODY + 10);
        assert!(evidence.take().exchanges.is_empty());
    }
}
