//! A service over plain HTTP, where logout documents are sent. Answers any path and method with
//! 200, but for the two paths that play a broken application.

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::{Url, form_urlencoded};

use super::journal::{Behaviour, Journal, Staged};
use super::logout_document::{LogoutDocument, LogoutError};
use crate::suite::evidence::Evidence;

/// A POST to one of the suite's services.
#[derive(Clone, Debug)]
pub struct LogoutPost {
    pub at: Instant,
    pub path: String,
    pub content_type: String,
    pub body: String,
    /// The document, read strictly.
    pub document: Result<LogoutDocument, LogoutError>,
}

impl LogoutPost {
    /// The value of a form field.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(self.body.as_bytes());
        fields
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A service that listens. It ends with the value.
#[derive(Debug)]
pub struct HttpListener {
    base: String,
    journal: Journal,
    accepting: AbortHandle,
    _broken: [Staged; 2],
}

impl HttpListener {
    /// Listens at `address`, port 0 taking a free one; `public` is the address under which the
    /// server reaches it, by default its own.
    pub async fn start_http(
        address: SocketAddr,
        public: Option<&Url>,
        evidence: Evidence,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("nothing can listen at {address}"))?;
        let own = format!("http://{}", listener.local_addr()?);
        let base = public.map_or(own, |url| url.as_str().trim_end_matches('/').to_owned());
        let path = public.map_or("", Url::path).trim_end_matches('/');
        let journal = Journal::new(base[..base.len() - path.len()].to_owned(), evidence);
        let broken = [
            journal.stage(&format!("{path}/error"), Behaviour::Status(500)),
            journal.stage(&format!("{path}/hang"), Behaviour::Hang),
        ];
        let accepting = tokio::spawn(accept(listener, journal.clone())).abort_handle();
        Ok(Self {
            base,
            journal,
            accepting,
            _broken: broken,
        })
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

    /// One that doesn't answer.
    pub fn hanging_url(&self) -> String {
        format!("{}/hang", self.base)
    }

    /// All POSTs so far.
    pub fn received_logouts(&self) -> Vec<LogoutPost> {
        let requests = self.journal.since(0).into_iter();
        requests
            .filter_map(|request| {
                let document = request.logout()?;
                Some(LogoutPost {
                    at: request.at,
                    content_type: request
                        .header("content-type")
                        .unwrap_or_default()
                        .to_owned(),
                    body: String::from_utf8_lossy(&request.body).into_owned(),
                    path: request.path,
                    document,
                })
            })
            .collect()
    }
}

impl Deref for HttpListener {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl Drop for HttpListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, journal: Journal) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let journal = journal.clone();
                tokio::spawn(async move { journal.serve(stream, peer).await });
            }
            Err(error) => journal.note_broken(format!("not accepted: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::suite::listeners::Received;
    use crate::suite::options::Password;

    async fn started() -> (HttpListener, reqwest::Client) {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let evidence = Evidence::new(&Password(String::new()));
        let listener = HttpListener::start_http(address, None, evidence)
            .await
            .unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(500))
            .build()
            .unwrap();
        (listener, http)
    }

    #[tokio::test]
    async fn requests_are_noted_and_waited_for() {
        let (listener, http) = started().await;
        let address = format!("{}?ticket=ST-1&x=%20", listener.service_url());
        http.get(address).send().await.unwrap();
        let mark = listener.mark();
        assert_eq!(listener.since(0)[0].parameter("x").as_deref(), Some(" "));
        let waiting = listener.wait(mark, Duration::from_secs(5), Received::logout);
        let posting = http
            .post(listener.other_url())
            .form(&[("logoutRequest", "<!DOCTYPE x>")])
            .send();
        let (found, posted) = tokio::join!(waiting, posting);
        assert_eq!(found, Some(Err(LogoutError::DocumentType)));
        assert_eq!(posted.unwrap().status(), 200);
        let none = listener.wait(mark + 1, Duration::from_millis(20), |_| Some(()));
        assert_eq!(none.await, None);
        let posts = listener.received_logouts();
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].path, "/other");
        assert_eq!(posts[0].field("logoutRequest").unwrap(), "<!DOCTYPE x>");
    }

    #[tokio::test]
    async fn a_path_behaves_as_staged_as_long_as_it_is() {
        let (listener, http) = started().await;
        let address = format!("{}?a=b", listener.service_url());
        {
            let _staged = listener.stage("/app", Behaviour::Status(404));
            assert_eq!(http.get(&address).send().await.unwrap().status(), 404);
        }
        {
            let _staged = listener.stage("/app", Behaviour::Redirect("/other".to_owned()));
            let answer = http.get(&address).send().await.unwrap();
            assert_eq!(answer.headers()["location"], "/other?a=b");
        }
        assert_eq!(http.get(&address).send().await.unwrap().status(), 200);
        assert_eq!(listener.mark(), 3);
    }

    #[tokio::test]
    async fn two_applications_are_broken() {
        let (listener, http) = started().await;
        let failing = http.post(listener.failing_url()).send().await.unwrap();
        assert_eq!(failing.status(), 500);
        let hanging = http.post(listener.hanging_url()).send().await;
        assert!(hanging.unwrap_err().is_timeout());
        assert_eq!(listener.received_logouts().len(), 2);
    }
}
