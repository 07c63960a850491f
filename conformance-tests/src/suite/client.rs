//! A tiny browser: cookies of one server, no redirect followed unasked, every exchange recorded.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    ORIGIN, REFERER, SET_COOKIE,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use url::{Host, Url, form_urlencoded};

use super::cookies::Jar;
use super::evidence::{Evidence, Exchange, Party};
use super::login_form::Form;

/// Longer than any answer may take, proxy callbacks that time out included.
const PATIENCE: Duration = Duration::from_mins(1);
const MOST_REDIRECTS: usize = 12;
const MOST_BODY: usize = 2 << 20;

/// One answer of the server, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Where it was asked for.
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    pub took: Duration,
}

impl Reply {
    /// The header `Location` as it was sent.
    pub fn location(&self) -> Option<String> {
        let value = self.headers.get(LOCATION)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Where it redirects to.
    pub fn redirect(&self) -> Option<Url> {
        if !(300..400).contains(&self.status) {
            return None;
        }
        self.url.join(&self.location()?).ok()
    }

    /// The parameter `ticket` of the redirect.
    pub fn ticket(&self) -> Option<String> {
        parameter(&self.redirect()?, "ticket")
    }

    /// A header as text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Method-less summary for the message of a failed case.
    pub fn summary(&self) -> String {
        let aim = self.location().map(|to| format!(" to {to}"));
        format!(
            "{}{} from {}",
            self.status,
            aim.unwrap_or_default(),
            self.url
        )
    }
}

/// The first value of a query parameter.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// A request beyond GET and form.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: None,
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A browser, or an application's HTTP client, which is one without cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    party: Party,
    origin: url::Origin,
    pub jar: Jar,
    /// Whether its session is the one that many cases share: what renews it has to be told to them.
    pub shares_session: bool,
    evidence: Evidence,
}

impl Browser {
    /// A new one for the server at `base`; it asks no other origin. On a loopback server each has
    /// an address of its own, so that limits per address don't join what is meant as many people.
    pub fn new(party: Party, base: &Url, evidence: Evidence) -> Result<Self> {
        let mut http = Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .no_proxy();
        if base.scheme() == "http" {
            // Reading the machine's certificates takes longer than a whole case.
            http = http.tls_certs_only([]);
        }
        if is_loopback(base) {
            http = http
                .local_address(IpAddr::V4(next_address()))
                .resolve("localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        }
        Ok(Self {
            http: http.build()?,
            party,
            origin: base.origin(),
            jar: Jar::default(),
            shares_session: false,
            evidence,
        })
    }

    /// GET; no redirect is followed.
    pub async fn get(&mut self, url: Url) -> Result<Reply> {
        self.send(Request::get(url)).await
    }

    /// GET, then redirects as long as they stay with the server: the answer is the first page or
    /// the redirect that leaves.
    pub async fn open(&mut self, url: Url) -> Result<Reply> {
        let reply = self.get(url).await?;
        self.through(reply).await
    }

    /// POST of fields.
    pub async fn post(&mut self, url: Url, fields: &[(&str, &str)]) -> Result<Reply> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request {
            method: Method::POST,
            url,
            headers: vec![(
                CONTENT_TYPE.as_str(),
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: Some(body),
        };
        self.send(request).await
    }

    /// Submits a form as a browser that shows `page` does.
    pub async fn submit(&mut self, page: &Url, form: &Form) -> Result<Reply> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let mut url = form.action.clone();
        let is_post = form.method == Method::POST;
        if !is_post {
            url.set_query(Some(&body));
        }
        let mut request = Request {
            method: form.method.clone(),
            url,
            headers: Vec::new(),
            body: None,
        };
        request = request.with_header(REFERER.as_str(), without_fragment(page));
        if is_post {
            request.body = Some(body);
            request = request
                .with_header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
                .with_header(ORIGIN.as_str(), self.origin.ascii_serialization());
        }
        self.send(request).await
    }

    /// Follows redirects as long as they stay with the server and carry no ticket.
    pub async fn through(&mut self, mut reply: Reply) -> Result<Reply> {
        for _ in 0..MOST_REDIRECTS {
            match reply.redirect() {
                Some(target)
                    if target.origin() == self.origin && parameter(&target, "ticket").is_none() =>
                {
                    reply = self.get(target).await?;
                }
                _ => return Ok(reply),
            }
        }
        bail!("redirects without end: {}", reply.summary());
    }

    /// Any request to the server.
    pub async fn send(&mut self, request: Request) -> Result<Reply> {
        ensure!(
            request.url.origin() == self.origin,
            "the suite asks nobody but the server under test, not {}",
            request.url
        );
        let headers = self.headers(&request)?;
        let mut exchange = begun(self.party, &request, &headers);
        let begin = Instant::now();
        let mut call = self
            .http
            .request(request.method, request.url.clone())
            .headers(headers);
        if let Some(body) = request.body {
            call = call.body(body);
        }
        let outcome = read(call.send().await, begin).await;
        exchange.milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(reply) => {
                exchange.status = Some(reply.status);
                exchange.headers = listed(&reply.headers);
                exchange.body.clone_from(&reply.body);
            }
            Err(error) => exchange.error = Some(format!("{error:#}")),
        }
        self.evidence.record(exchange);
        let reply = outcome.with_context(|| format!("no answer from {}", request.url))?;
        for cookie in reply.headers.get_all(SET_COOKIE) {
            self.jar
                .set(&String::from_utf8_lossy(cookie.as_bytes()), &request.url);
        }
        Ok(reply)
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        if self.party == Party::Browser {
            let accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        }
        if let Some(cookies) = self.jar.header(&request.url) {
            headers.insert(COOKIE, cookies.parse()?);
        }
        for (index, (name, value)) in request.headers.iter().enumerate() {
            let again = request.headers[..index]
                .iter()
                .any(|(known, _)| known == name);
            let (name, value) = (HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
            // The first takes the place of the browser's own; what a case sends twice is sent twice.
            if again {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
        Ok(headers)
    }
}

async fn read(answer: reqwest::Result<Response>, begin: Instant) -> Result<Reply> {
    let mut response = answer?;
    let (url, status, headers) = (
        response.url().clone(),
        response.status().as_u16(),
        response.headers().clone(),
    );
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(
            body.len() <= MOST_BODY,
            "an answer of more than {MOST_BODY} bytes"
        );
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Reply {
        url,
        status,
        headers,
        body,
        took: begin.elapsed(),
    })
}

fn begun(party: Party, request: &Request, headers: &HeaderMap) -> Exchange {
    Exchange {
        party,
        method: request.method.to_string(),
        url: request.url.to_string(),
        request_headers: listed(headers),
        request_body: request.body.clone(),
        status: None,
        headers: Vec::new(),
        body: String::new(),
        error: None,
        milliseconds: 0,
    }
}

/// Headers as evidence.
pub fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" && cfg!(target_os = "linux"),
        _ => false,
    }
}

/// 127.2.0.1 and on: Linux gives the whole of 127.0.0.0/8 to the loopback interface.
fn next_address() -> Ipv4Addr {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    const FIRST: u32 = 0x7f02_0000;
    const SPACE: u32 = 0x00f0_0000;
    Ipv4Addr::from(FIRST + COUNTER.fetch_add(1, Ordering::Relaxed) % SPACE)
}
