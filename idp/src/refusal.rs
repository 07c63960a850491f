//! How a request can end badly. A handler returns a [`Refusal`]; the outermost layer turns it
//! into the themed page, so that every route and every rejected extractor answers alike.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use migrations::DbError;
use themes::pages::Failure;

/// The end of a request on our own origin: never a redirect, nothing of the request reflected.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub failure: Failure,
    /// Whole seconds after which trying again makes sense.
    pub retry_seconds: Option<u32>,
}

impl Refusal {
    pub const fn new(failure: Failure) -> Self {
        Self {
            failure,
            retry_seconds: None,
        }
    }

    pub const fn busy(retry_seconds: u32) -> Self {
        Self {
            failure: Failure::Busy,
            retry_seconds: Some(retry_seconds),
        }
    }

    pub const FORGERY: Self = Self::new(Failure::Forgery);
    pub const FLOW_EXPIRED: Self = Self::new(Failure::FlowExpired);
    pub const BAD_REQUEST: Self = Self::new(Failure::BadRequest);
    pub const NOT_FOUND: Self = Self::new(Failure::NotFound);
    pub const INTERNAL: Self = Self::new(Failure::Internal);

    /// What it is called in HTTP.
    pub fn status(&self) -> StatusCode {
        match self.failure {
            Failure::BadRequest | Failure::FlowExpired => StatusCode::BAD_REQUEST,
            Failure::Forgery => StatusCode::FORBIDDEN,
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::Method => StatusCode::METHOD_NOT_ALLOWED,
            Failure::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Failure::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Failure::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Failure::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Failure::Busy => StatusCode::SERVICE_UNAVAILABLE,
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
            tracing::warn!(%error, "the database is away");
            Self::busy(5)
        } else {
            tracing::error!(%error, "a query failed");
            Self::new(Failure::Internal)
        }
    }
}

impl From<crate::factors::hash_pool::Full> for Refusal {
    fn from(_: crate::factors::hash_pool::Full) -> Self {
        Self::busy(30)
    }
}

impl From<idp_domain::secrets::Unsealable> for Refusal {
    fn from(error: idp_domain::secrets::Unsealable) -> Self {
        tracing::error!(%error, "sealed data");
        Self::new(Failure::Internal)
    }
}

impl From<themes::ThemeError> for Refusal {
    fn from(error: themes::ThemeError) -> Self {
        tracing::error!(%error, "a page could not be rendered");
        Self::new(Failure::Internal)
    }
}
