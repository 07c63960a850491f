//! What a listener was told, and how it answers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use url::form_urlencoded;

use super::logout_document::{LARGEST, LogoutDocument, LogoutError};
use crate::suite::client::listed;
use crate::suite::evidence::{Evidence, Exchange, Party};

/// How long [`Behaviour::Hang`] keeps a client waiting: longer than any server's patience.
const HANG: Duration = Duration::from_mins(2);
/// A client that is slower than this to send its request is cut off.
const SLOWEST_HEAD: Duration = Duration::from_secs(30);

/// How a path answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// 200.
    #[default]
    Accept,
    /// Another status, with an empty body.
    Status(u16),
    /// 302 to this address, with the query of the request after it.
    Redirect(String),
    /// No answer.
    Hang,
}

impl Behaviour {
    /// The status that the client will see; none while it hangs.
    fn status(&self) -> Option<u16> {
        match self {
            Self::Accept => Some(200),
            Self::Status(status) => Some(*status),
            Self::Redirect(_) => Some(302),
            Self::Hang => None,
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Received {
    /// When its body was complete.
    pub at: Instant,
    pub peer: SocketAddr,
    pub method: String,
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    pub headers: Vec<(String, String)>,
    /// At most 64 KiB and a little; empty if there was more.
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header's first value; names in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The logout document of a POST; None: the request is none.
    pub fn logout(&self) -> Option<Result<LogoutDocument, LogoutError>> {
        let kind = self.header("content-type");
        (self.method == "POST").then(|| LogoutDocument::from_post(kind, &self.body))
    }
}

/// What came, in order, and what is staged. Clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    /// The origin under which the server reaches the listener.
    origin: String,
    evidence: Evidence,
    received: Mutex<Vec<Received>>,
    /// Connections that ended before a request: a refused certificate, mostly.
    broken: Mutex<Vec<String>>,
    staged: Mutex<HashMap<String, Behaviour>>,
    count: watch::Sender<usize>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("received", &lock(&self.inner.received).len())
            .finish_non_exhaustive()
    }
}

/// Keeps a behaviour staged; the path accepts again when it is dropped.
#[derive(Debug)]
#[must_use = "the behaviour ends with this"]
pub struct Staged {
    journal: Journal,
    path: String,
}

impl Drop for Staged {
    fn drop(&mut self) {
        lock(&self.journal.inner.staged).remove(&self.path);
    }
}

impl Journal {
    /// An empty one of a listener at `origin`; what comes is also evidence of the case that runs.
    pub fn new(origin: String, evidence: Evidence) -> Self {
        Self {
            inner: Arc::new(Inner {
                origin,
                evidence,
                received: Mutex::default(),
                broken: Mutex::default(),
                staged: Mutex::default(),
                count: watch::Sender::new(0),
            }),
        }
    }

    /// How many requests came so far: where [`Self::since`] begins.
    pub fn mark(&self) -> usize {
        lock(&self.inner.received).len()
    }

    /// All requests from a mark on.
    pub fn since(&self, mark: usize) -> Vec<Received> {
        let received = lock(&self.inner.received);
        received.get(mark..).unwrap_or_default().to_vec()
    }

    /// The first request from a mark on that `wanted` recognises; None if there was none within
    /// `patience`.
    pub async fn wait<T>(
        &self,
        mark: usize,
        patience: Duration,
        wanted: impl Fn(&Received) -> Option<T>,
    ) -> Option<T> {
        let mut count = self.inner.count.subscribe();
        let search = async {
            loop {
                count.mark_unchanged();
                if let Some(found) = self.since(mark).iter().find_map(&wanted) {
                    return Some(found);
                }
                if count.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, search).await.ok().flatten()
    }

    /// Connections that ended before a request, with the reason, since the last call.
    pub fn take_broken(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.inner.broken))
    }

    /// Notes a connection that ended before a request.
    pub(super) fn note_broken(&self, reason: String) {
        lock(&self.inner.broken).push(reason);
    }

    /// From now on, until the answer is dropped, a path behaves like this.
    pub fn stage(&self, path: &str, behaviour: Behaviour) -> Staged {
        lock(&self.inner.staged).insert(path.to_owned(), behaviour);
        Staged {
            journal: self.clone(),
            path: path.to_owned(),
        }
    }

    /// Serves one connection, one request.
    pub(super) async fn serve<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let service = hyper::service::service_fn(|request| self.answer(request, peer));
        let ended = hyper::server::conn::http1::Builder::new()
            // A connection that is kept would outlive the certificate that a case has staged.
            .keep_alive(false)
            .timer(TokioTimer::new())
            .header_read_timeout(SLOWEST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = ended {
            self.note_broken(format!("{peer}: {error}"));
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Infallible> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        // Some bytes beyond what the document's parser takes, so that it can say "too large".
        let body = to_bytes(Body::new(body), LARGEST + 1024).await;
        let received = Received {
            at: Instant::now(),
            peer,
            method: head.method.as_str().to_owned(),
            path: path.clone(),
            query: query.clone(),
            headers: listed(&head.headers),
            body: body.map(|bytes| bytes.to_vec()).unwrap_or_default(),
        };
        let staged = lock(&self.inner.staged).get(&path).cloned();
        let staged = staged.unwrap_or_default();
        self.inner.evidence.record(Exchange {
            party: Party::Server,
            method: received.method.clone(),
            url: format!("{}{}", self.inner.origin, head.uri),
            request_headers: received.headers.clone(),
            request_body: Some(String::from_utf8_lossy(&received.body).into_owned()),
            status: staged.status(),
            headers: Vec::new(),
            body: String::new(),
            error: None,
            milliseconds: 0,
        });
        lock(&self.inner.received).push(received);
        self.inner.count.send_modify(|count| *count += 1);
        Ok(respond(staged, &query).await)
    }
}

async fn respond(behaviour: Behaviour, query: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    match behaviour {
        Behaviour::Accept => {
            let kind = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            *response.body_mut() = Body::from("The conformance suite listens here.\n");
        }
        Behaviour::Status(status) => {
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Behaviour::Redirect(target) => {
            *response.status_mut() = StatusCode::FOUND;
            if let Ok(target) = format!("{target}?{query}").parse() {
                response.headers_mut().insert(LOCATION, target);
            }
        }
        Behaviour::Hang => tokio::time::sleep(HANG).await,
    }
    response
}

/// A lock is held for a moment only and nothing panics in it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
