//! A visitor without a browser: cookies, forms, an Origin header, no redirect followed unasked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::header::{ACCEPT_LANGUAGE, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use url::Url;

use crate::page::{Form, Page};

/// Longer than any answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const MOST_REDIRECTS: usize = 10;

#[derive(Clone, Debug)]
pub struct Visitor {
    http: Client,
    origin: String,
    base: Url,
}

impl Visitor {
    /// A new one, without cookies, for the server at `base`. Each comes from a loopback address of
    /// their own, so that limits per address don't join what the tests mean as many people.
    pub fn new(base: &Url) -> Result<Self> {
        let http = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .local_address(IpAddr::V4(next_address()))
            // A visitor's address is an IPv4 one, so the name must be too.
            .resolve("localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            // The certificate of a test is signed by nobody.
            .tls_danger_accept_invalid_certs(base.scheme() == "https")
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            origin: base.origin().ascii_serialization(),
            base: base.clone(),
        })
    }

    /// The same visitor at another site of this machine: the same cookies, forms from there.
    #[must_use]
    pub fn at(&self, base: &Url) -> Self {
        Self {
            origin: base.origin().ascii_serialization(),
            base: base.clone(),
            ..self.clone()
        }
    }

    /// An address below the server's.
    pub fn url(&self, path: &str) -> Result<Url> {
        self.base
            .join(path)
            .with_context(|| format!("no address: {path}"))
    }

    /// A request as the visitor's browser would begin it.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http
            .request(method, url)
            .header(ACCEPT_LANGUAGE, "zh-CN")
    }

    /// GET of a path of the server.
    pub async fn get(&self, path: &str) -> Result<Page> {
        self.open(self.url(path)?).await
    }

    /// GET of any address.
    pub async fn open(&self, url: Url) -> Result<Page> {
        send(self.request(Method::GET, url)).await
    }

    /// POST of a form, with the Origin of the server's own pages.
    pub async fn submit(&self, form: &Form) -> Result<Page> {
        let request = self.request(Method::POST, form.action.clone());
        send(request.header(ORIGIN, &self.origin).form(&form.fields)).await
    }

    /// POST of a form, then whatever it redirects to on the server's own origin.
    pub async fn submit_through(&self, form: &Form) -> Result<Page> {
        self.through(self.submit(form).await?).await
    }

    /// Follows redirects as long as they stay on the server's origin: the answer is the first
    /// page, or the redirect that leaves.
    pub async fn through(&self, mut page: Page) -> Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            match page.redirect() {
                Some(target) if target.origin() == self.base.origin() => {
                    page = self.open(target).await?;
                }
                _ => return Ok(page),
            }
        }
        bail!("redirects without end: {}", page.summary());
    }
}

/// Sends a request and reads the whole answer.
pub async fn send(request: RequestBuilder) -> Result<Page> {
    let response = request.send().await?;
    Ok(Page {
        url: response.url().clone(),
        status: response.status(),
        headers: response.headers().clone(),
        body: response.text().await?,
    })
}

/// 127.1.0.1 and on: Linux gives the whole of 127.0.0.0/8 to the loopback interface.
fn next_address() -> Ipv4Addr {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    const FIRST: u32 = 0x7f01_0000;
    const SPACE: u32 = 0x00f0_0000;
    Ipv4Addr::from(FIRST + COUNTER.fetch_add(1, Ordering::Relaxed) % SPACE)
}
