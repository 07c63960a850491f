//! The hall's one way out: to the identity provider.

use std::pin::Pin;
use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Certificate;

/// For a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// A provider's documents have some kilobytes.
const MOST_BYTES: usize = 1024 * 1024;

/// Follows no redirect, reads no more than [`MOST_BYTES`], waits no longer than it was told, and
/// sends no cookie.
#[derive(Clone, Debug)]
pub(crate) struct Http(reqwest::Client);

/// No HTTPS client can be made: certificate authorities can't be read.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client can be made: {0}")]
pub struct NoClient(reqwest::Error);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("{0}")]
    Message(#[from] axum::http::Error),
    #[error("the answer is larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("{0}")]
    Status(StatusCode),
}

impl HttpError {
    /// Whether the provider may have done what it was asked for, though nobody hears of it. A 503
    /// says that it did nothing.
    pub(crate) fn may_be_done(&self) -> bool {
        match self {
            Self::Request(error) => !(error.is_builder() || error.is_connect()),
            Self::Message(_) => false,
            Self::TooLarge => true,
            Self::Status(status) => *status != StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Http {
    /// `patience`: for a whole answer.
    ///
    /// # Errors
    /// When certificate authorities can't be read.
    pub(crate) fn new(authorities: Option<&[u8]>, patience: Duration) -> Result<Self, NoClient> {
        let mut client = reqwest::Client::builder();
        for one in authorities
            .map(Certificate::from_pem_bundle)
            .transpose()
            .map_err(NoClient)?
            .into_iter()
            .flatten()
        {
            client = client.add_root_certificate(one);
        }
        client
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(patience)
            // What the environment calls a proxy is for the way to other places.
            .no_proxy()
            .user_agent(concat!("yimen-hall/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(NoClient)
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        Ok(response.body(body)?)
    }

    /// A GET with these headers.
    pub(crate) async fn get(
        &self,
        address: &str,
        headers: &[(&str, &str)],
    ) -> Result<HttpResponse, HttpError> {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Vec::new())?).await
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    /// The library would take a server's failure, or a gateway's page about it, for an answer.
    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async {
            let answer = self.send(request).await?;
            if answer.status().is_server_error() {
                return Err(HttpError::Status(answer.status()));
            }
            Ok(answer)
        })
    }
}
