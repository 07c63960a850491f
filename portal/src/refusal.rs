//! How a request can end badly. The outermost layer gives each the themed page, so that every
//! route answers alike.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use migrations::DbError;
use themes::pages::{Failure, HallFailure};

/// The end of a request on our own origin: nothing of the request is said back.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// Of any page.
    Page(Failure),
    /// Of a client that asks too often.
    TooMany { retry_seconds: u32 },
    /// Of a sign-in; trying again leads to this path of ours.
    SignIn { why: HallFailure, to: String },
}

impl Refusal {
    pub(crate) const FORGERY: Self = Self::Page(Failure::Forgery);
    pub(crate) const BAD_REQUEST: Self = Self::Page(Failure::BadRequest);
    pub(crate) const NOT_FOUND: Self = Self::Page(Failure::NotFound);
    pub(crate) const INTERNAL: Self = Self::Page(Failure::Internal);

    /// What it is called in HTTP.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Page(failure) => match failure {
                Failure::BadRequest | Failure::FlowExpired => StatusCode::BAD_REQUEST,
                Failure::Forgery => StatusCode::FORBIDDEN,
                Failure::NotFound => StatusCode::NOT_FOUND,
                Failure::Method => StatusCode::METHOD_NOT_ALLOWED,
                Failure::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                Failure::WrongHost => StatusCode::MISDIRECTED_REQUEST,
                Failure::TooMany => StatusCode::TOO_MANY_REQUESTS,
                Failure::Internal => StatusCode::INTERNAL_SERVER_ERROR,
                Failure::Busy => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::SignIn { why, .. } => match why {
                HallFailure::Expired | HallFailure::Untrusted => StatusCode::BAD_REQUEST,
                HallFailure::Denied | HallFailure::Required | HallFailure::Ended => {
                    StatusCode::FORBIDDEN
                }
                HallFailure::Away => StatusCode::SERVICE_UNAVAILABLE,
                HallFailure::Misconfigured => StatusCode::BAD_GATEWAY,
            },
        }
    }

    pub(crate) fn retry_seconds(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_seconds } => Some(*retry_seconds),
            Self::Page(Failure::Busy)
            | Self::SignIn {
                why: HallFailure::Away,
                ..
            } => Some(5),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    /// Bare, with itself among the extensions: `pages::present` gives it a face.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A database that can't be reached is a 503 that the visitor may retry; anything else is ours.
impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        if let DbError::Unavailable(_) = error {
            tracing::warn!(%error, "the hall's database is away");
            Self::Page(Failure::Busy)
        } else {
            tracing::error!(%error, "a query of the hall failed");
            Self::INTERNAL
        }
    }
}

impl From<themes::ThemeError> for Refusal {
    fn from(error: themes::ThemeError) -> Self {
        tracing::error!(%error, "a page could not be rendered");
        Self::INTERNAL
    }
}
