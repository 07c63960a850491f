//! What clients' programs read: JSON, and what went wrong as JSON with its status (RFC 6749 §5).

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::oidc::{ErrorCode, OAuthError};
use idp_domain::secrets::Unsealable;
use jiff::SignedDuration;
use migrations::DbError;
use serde::Serialize;
use serde_json::json;

use super::cors;
use crate::pages::no_store;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Why a client gets nothing.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Nothing where a request had no token at all: then no error is named (RFC 6750 §3.1).
    error: Option<OAuthError>,
    status: StatusCode,
    /// How it could show who it is, or its token (RFC 9110 §11.6.1).
    challenges: Vec<HeaderValue>,
    /// The nonce that its next `DPoP` proof must hold (RFC 9449 §8).
    nonce: Option<String>,
    retry_seconds: Option<u32>,
}

impl Fault {
    /// Answered with the status that RFC 6749 §5.2 has for it.
    pub fn new(code: ErrorCode, description: &'static str) -> Self {
        OAuthError::new(code, description).into()
    }

    pub(super) fn at(status: StatusCode, error: Option<OAuthError>) -> Self {
        Self {
            error,
            status,
            challenges: Vec::new(),
            nonce: None,
            retry_seconds: None,
        }
    }

    pub(super) fn challenging(mut self, challenge: &str) -> Self {
        self.challenges.extend(HeaderValue::from_str(challenge));
        self
    }

    pub(super) fn with_nonce(mut self, nonce: String) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// The same, where it may have happened all the same: nobody is told that nothing has, or to
    /// come again with what is used up.
    pub(super) fn in_doubt(self) -> Self {
        if self.status.is_server_error() {
            let why = "an error of ours, after which it may be done or not";
            Self::new(ErrorCode::ServerError, why)
        } else {
            self
        }
    }

    /// The same request may come again after this.
    pub(super) fn after(mut self, wait: SignedDuration) -> Self {
        self.retry_seconds = u32::try_from(wait.as_secs()).ok();
        self
    }

    /// The same request may come again: with a nonce, or when we are well.
    pub(super) fn invites_again(&self) -> bool {
        self.nonce.is_some() || self.status.is_server_error() || self.retry_seconds.is_some()
    }
}

impl From<OAuthError> for Fault {
    fn from(error: OAuthError) -> Self {
        let status = match error.code {
            ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let unauthenticated = status == StatusCode::UNAUTHORIZED;
        let fault = Self::at(status, Some(error));
        if unauthenticated {
            fault.challenging("Basic realm=\"oidc\", charset=\"UTF-8\"")
        } else {
            fault
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (code, description) = match refusal.status() {
            StatusCode::BAD_REQUEST => (ErrorCode::InvalidRequest, "the request can't be read"),
            StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::InvalidRequest, "the form is too large"),
            StatusCode::TOO_MANY_REQUESTS => (
                ErrorCode::TemporarilyUnavailable,
                "too many requests; try again later",
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                ErrorCode::TemporarilyUnavailable,
                "nothing was changed; try again",
            ),
            _ => (ErrorCode::ServerError, "an error of ours"),
        };
        Self {
            status: refusal.status(),
            retry_seconds: refusal.retry_seconds,
            ..Self::new(code, description)
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Unsealable> for Fault {
    fn from(error: Unsealable) -> Self {
        Refusal::from(error).into()
    }
}

/// 200 and a document.
///
/// # Errors
/// [`Fault`] for what can't be JSON: a defect.
pub fn document(value: &impl Serialize) -> Result<Response, Fault> {
    let body = serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an answer can't be written");
        Refusal::INTERNAL
    })?;
    Ok(with_body(StatusCode::OK, "application/json", body))
}

pub fn with_body(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The answer, whatever came of it: no cache keeps it, and pages of registered origins may read
/// it.
pub fn finish(visit: &Visit, request: &HeaderMap, answered: Result<Response, Fault>) -> Response {
    let mut response = answered.unwrap_or_else(|fault| failed(visit, fault));
    no_store(response.headers_mut());
    cors::permit(visit, request, response.headers_mut());
    response
}

fn failed(visit: &Visit, fault: Fault) -> Response {
    let body = match &fault.error {
        Some(error) => json!({
            "error": error.code.as_str(),
            "error_description": error.description,
            "request_id": visit.request_id,
        })
        .to_string(),
        None => String::new(),
    };
    let mut response = with_body(fault.status, "application/json", body);
    let headers = response.headers_mut();
    if fault.error.is_none() {
        headers.remove(CONTENT_TYPE);
    }
    for challenge in fault.challenges {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    if let Some(nonce) = fault
        .nonce
        .and_then(|nonce| HeaderValue::from_str(&nonce).ok())
    {
        headers.insert(HeaderName::from_static("dpop-nonce"), nonce);
    }
    if let Some(seconds) = fault.retry_seconds {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
