//! A service over plain HTTP that keeps every document posted to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::suite::client::listed;
use crate::suite::evidence::{Evidence, Exchange, Party};

/// How long the service that hangs takes.
const HANGS: Duration = Duration::from_secs(30);

/// A POST to one of the suite's services.
#[derive(Clone, Debug)]
pub struct LogoutPost {
    pub at: Instant,
    pub path: String,
    pub content_type: String,
    pub body: String,
}

impl LogoutPost {
    /// The value of a form field.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A service that listens. It ends with the value.
#[derive(Debug)]
pub struct HttpListener {
    base: String,
    posts: Arc<Mutex<Vec<LogoutPost>>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Shared {
    posts: Arc<Mutex<Vec<LogoutPost>>>,
    evidence: Evidence,
    base: String,
}

impl HttpListener {
    /// Listens; `public` is the address under which the server reaches it, by default its own.
    pub async fn start_http(
        address: SocketAddr,
        public: Option<&Url>,
        evidence: Evidence,
    ) -> Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let own = format!("http://{}", socket.local_addr()?);
        let base = public.map_or(own, |url| url.as_str().trim_end_matches('/').to_owned());
        let posts = Arc::<Mutex<Vec<LogoutPost>>>::default();
        let shared = Shared {
            posts: posts.clone(),
            evidence,
            base: base.clone(),
        };
        let router = Router::new().fallback(answer).with_state(shared);
        let task = tokio::spawn(async move {
            // It ends when the task is aborted.
            let _ = axum::serve(socket, router).await;
        });
        Ok(Self { base, posts, task })
    }

    /// A service here that answers at once.
    pub fn service_url(&self) -> String {
        format!("{}/app", self.base)
    }

    /// Another one.
    pub fn other_url(&self) -> String {
        format!("{}/other", self.base)
    }

    /// One that answers 500.
    pub fn failing_url(&self) -> String {
        format!("{}/error", self.base)
    }

    /// One that answers after half a minute.
    pub fn hanging_url(&self) -> String {
        format!("{}/hang", self.base)
    }

    /// All POSTs so far.
    pub fn received_logouts(&self) -> Vec<LogoutPost> {
        self.posts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for HttpListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let status = if uri.path().ends_with("/error") {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    };
    shared.evidence.record(Exchange {
        party: Party::Server,
        method: method.to_string(),
        url: format!("{}{uri}", shared.base),
        request_headers: listed(&headers),
        request_body: Some(body.clone()),
        status: Some(status.as_u16()),
        headers: Vec::new(),
        body: String::new(),
        error: None,
        milliseconds: 0,
    });
    if method == Method::POST {
        let content_type = headers.get("content-type").and_then(|it| it.to_str().ok());
        let post = LogoutPost {
            at: Instant::now(),
            path: uri.path().to_owned(),
            content_type: content_type.unwrap_or_default().to_owned(),
            body,
        };
        shared
            .posts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(post);
    }
    if uri.path().ends_with("/hang") {
        tokio::time::sleep(HANGS).await;
    }
    status
}
