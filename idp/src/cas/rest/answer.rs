//! What programs read: tickets as text, and what went wrong as JSON with its status.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::cas::TicketGrantingTicket;
use migrations::DbError;
use serde_json::json;

use super::TICKETS;
use crate::factors::guard::Held;
use crate::pages::no_store;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Why there is no ticket. The words are for programs and stay as they are; the messages are for
/// whoever reads the program's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    status: StatusCode,
    error: &'static str,
    message: &'static str,
    /// Whole seconds after which trying again makes sense.
    retry_seconds: Option<u32>,
}

/// Failures grow old over a day, and the person herself gets in by her browser before: who asks
/// each hour finds out soon enough.
const HELD_SECONDS: u32 = 3600;

impl Fault {
    const fn new(status: StatusCode, error: &'static str, message: &'static str) -> Self {
        Self {
            status,
            error,
            message,
            retry_seconds: None,
        }
    }

    pub(super) const NOT_TRUSTED: Self = Self::new(
        StatusCode::FORBIDDEN,
        "not_trusted",
        "no application lets this address in with what it shows",
    );
    pub(super) const NO_FORM: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "no_form",
        "send application/x-www-form-urlencoded",
    );
    pub(super) const NO_CREDENTIALS: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "missing_credentials",
        "username and password are both needed",
    );
    pub(super) const NO_SERVICE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "missing_service",
        "one service is needed",
    );
    pub(super) const WRONG_CREDENTIALS: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "wrong_credentials",
        "the number or the password is wrong",
    );
    pub(super) const STEPS: Self = Self::new(
        StatusCode::FORBIDDEN,
        "steps_missing",
        "the person has to sign in by browser once and do what is asked there",
    );
    pub(super) const UNKNOWN_TICKET: Self = Self::new(
        StatusCode::NOT_FOUND,
        "unknown_ticket",
        "the ticket-granting ticket is unknown or over",
    );
    pub(super) const SERVICE: Self = Self::new(
        StatusCode::FORBIDDEN,
        "service_not_permitted",
        "this address gets no tickets for this service",
    );
    pub(super) const FRESH: Self = Self::new(
        StatusCode::FORBIDDEN,
        "credentials_wanted",
        "this application wants credentials each time, by browser",
    );
    pub(super) const NO_ACCESS: Self = Self::new(
        StatusCode::FORBIDDEN,
        "no_access",
        "the person may not use this application, or not now",
    );
    pub(super) const NUMBER: Self = Self::new(
        StatusCode::FORBIDDEN,
        "must_choose_number",
        "the person has several numbers and chooses one by browser first",
    );

    /// Why a password is not tried now. A program can't solve a captcha, nor read a code from a
    /// phone: that is the person's to do, in her browser.
    pub(super) fn held(held: Held, now: Timestamp) -> Self {
        let locked = Self {
            retry_seconds: Some(HELD_SECONDS),
            ..Self::new(
                StatusCode::LOCKED,
                "browser_wanted",
                "after too many failures this account takes passwords by browser only",
            )
        };
        match held {
            Held::CaptchaWanted | Held::CaptchaWrong | Held::SecondChannel => locked,
            Held::Slowed(until) => {
                let seconds = until.duration_since(now).as_secs().max(0);
                Self {
                    // Rounded up, so that who comes then is let in.
                    retry_seconds: Some(u32::try_from(seconds).unwrap_or(u32::MAX) + 1),
                    ..Self::new(
                        StatusCode::TOO_MANY_REQUESTS,
                        "slowed",
                        "after too many failures this account takes no password for a while",
                    )
                }
            }
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = refusal.status();
        let (error, message) = match status {
            StatusCode::BAD_REQUEST => ("bad_request", "the form can't be read"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the form is too large"),
            StatusCode::SERVICE_UNAVAILABLE => ("busy", "too much to do; try again"),
            _ => ("internal", "an error of ours"),
        };
        Self {
            retry_seconds: refusal.retry_seconds,
            ..Self::new(status, error, message)
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Refusal::from(error).into()
    }
}

/// The answer, whatever came of it; no cache keeps it.
pub(super) fn finish(visit: &Visit, answered: Result<Response, Fault>) -> Response {
    let mut response = answered.unwrap_or_else(|fault| failed(visit, fault));
    no_store(response.headers_mut());
    response
}

fn failed(visit: &Visit, fault: Fault) -> Response {
    let mut body = json!({
        "error": fault.error,
        "message": fault.message,
        "request_id": visit.request_id,
    });
    if fault.status == StatusCode::UNAUTHORIZED {
        // What Apereo's clients look for; the same for every account and for none (ENM-01).
        body["authentication_exceptions"] = json!(["FailedLoginException"]);
    }
    let mut response = with_body(fault.status, "application/json", body.to_string());
    if let Some(seconds) = fault.retry_seconds {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// 200 and a ticket.
pub(super) fn plain(ticket: &str) -> Response {
    with_body(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        ticket.to_owned(),
    )
}

/// 201 and the ticket's address: in `Location`, and in the form that older clients read it from;
/// the ticket as text for who asks for something else than a page.
pub(super) fn created(
    visit: &Visit,
    headers: &HeaderMap,
    ticket: &TicketGrantingTicket,
) -> Result<Response, Fault> {
    let address = format!("{}{TICKETS}/{}", visit.origin(), ticket.as_str());
    let location = HeaderValue::from_str(&address).map_err(|_| Refusal::INTERNAL)?;
    let mut response = if wants_page(headers) {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>201 Created</title></head><body>\
             <h1>TGT Created</h1><form action=\"{address}\" method=\"POST\">\
             Service:<input type=\"text\" name=\"service\" value=\"\"><br>\
             <input type=\"submit\" value=\"Submit\"></form></body></html>"
        );
        with_body(StatusCode::CREATED, "text/html; charset=utf-8", page)
    } else {
        let text = ticket.as_str().to_owned();
        with_body(StatusCode::CREATED, "text/plain; charset=utf-8", text)
    };
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default().trim();
    accept.is_empty() || accept.starts_with("*/*") || accept.starts_with("text/html")
}

fn with_body(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
