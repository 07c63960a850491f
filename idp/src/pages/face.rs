//! What a refusal looks like: a page for people, and what programs read where only programs come.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use themes::pages::{Error, Failure};

use super::headers::no_store;
use crate::refusal::Refusal;
use crate::visit::{Context, Visit};

/// Who reads a refusal, told by the path alone: it may come from in front of any handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    /// A person, by a themed page.
    Page,
    /// A program that speaks CAS, or its operator in a log: one line of text.
    Text,
    /// One that speaks OAuth (RFC 6749 §5.2).
    Json,
}

/// Where CAS's programs ask (CAS 3.0.3 §2.4–§2.8, §4.2), with all below.
const TEXT: [&str; 7] = [
    "/cas/validate",
    "/cas/serviceValidate",
    "/cas/proxyValidate",
    "/cas/p3",
    "/cas/samlValidate",
    "/cas/proxy",
    "/cas/v1",
];

/// Where OpenID Connect's do, with all below.
const JSON: [&str; 8] = [
    "/.well-known",
    "/oidc/jwks",
    "/oidc/token",
    "/oidc/par",
    "/oidc/introspect",
    "/oidc/revoke",
    "/oidc/userinfo",
    "/oidc/register",
];

/// Devices ask here (RFC 8628 §3.1); below is the page on which their person enters the code.
const DEVICE: &str = "/oidc/device";

impl Face {
    fn of(path: &str) -> Self {
        if is_within(path, &TEXT) {
            Self::Text
        } else if path == DEVICE || is_within(path, &JSON) {
            Self::Json
        } else {
            Self::Page
        }
    }
}

fn is_within(path: &str, places: &[&str]) -> bool {
    let mut below = places.iter().filter_map(|place| path.strip_prefix(place));
    below.any(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What went wrong: OAuth's word for it, and a sentence for whoever reads a program's log. Neither
/// says anything of the request (RFC 6749 §5.2 lets only ASCII without `"` and `\` in).
fn words(failure: Failure) -> (&'static str, &'static str) {
    let invalid = "invalid_request";
    let later = "temporarily_unavailable";
    match failure {
        Failure::BadRequest => (invalid, "the request can't be read"),
        Failure::Forgery => (invalid, "the form came from elsewhere or is too old"),
        Failure::NotFound => (invalid, "there is nothing at this address"),
        Failure::Method => (invalid, "this address doesn't take this method"),
        Failure::FlowExpired => (invalid, "what this belongs to is over; begin again"),
        Failure::TooLarge => (invalid, "the request is too large"),
        Failure::WrongHost => (invalid, "this server doesn't answer by this host name"),
        Failure::TooMany => (
            later,
            "too many requests from this address; try again later",
        ),
        Failure::Internal => ("server_error", "an error of ours"),
        Failure::Busy => (later, "too much to do; try again later"),
    }
}

/// The response to a refused request.
pub(super) fn show(context: &Context, refusal: &Refusal) -> Response {
    let face = Face::of(&context.path);
    let (error, sentence) = words(refusal.failure);
    let request_id = &context.request_id;
    let mut response = match face {
        Face::Page => page(context, refusal),
        Face::Text => {
            let text = format!("{sentence} (request {request_id})\n");
            for_programs(refusal.status(), "text/plain; charset=utf-8", text)
        }
        Face::Json => {
            let body = json!({
                "error": error,
                "error_description": format!("{sentence} (request {request_id})"),
            });
            for_programs(refusal.status(), "application/json", body.to_string())
        }
    };
    if let Some(seconds) = refusal.retry_seconds {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn page(context: &Context, refusal: &Refusal) -> Response {
    let mut visit = Visit::new(context.clone());
    // Nothing of a refused request is said back, not even in the links to the other language.
    visit.context.here.clear();
    let page = Error {
        failure: refusal.failure,
        request_id: context.request_id.clone(),
        retry_seconds: refusal.retry_seconds,
        sign_in: "/cas/login".into(),
    };
    visit
        .page(refusal.status(), &page)
        .unwrap_or_else(|_| refusal.status().into_response())
}

fn for_programs(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    no_store(headers);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // RFC 6749 §5.2
    fn programs_are_answered_in_their_own_language() {
        for (path, face) in [
            ("/cas/v1/tickets", Face::Text),
            ("/cas/v1/tickets/TGT-1", Face::Text),
            ("/cas/v1", Face::Text),
            ("/cas/p3/serviceValidate", Face::Text),
            ("/cas/proxy", Face::Text),
            ("/oidc/token", Face::Json),
            ("/oidc/token/", Face::Json),
            ("/oidc/register/client-1", Face::Json),
            ("/oidc/device", Face::Json),
            ("/.well-known/openid-configuration", Face::Json),
            // Where people come, and what only begins alike.
            ("/oidc/device/verify", Face::Page),
            ("/oidc/authorize", Face::Page),
            ("/oidc/tokens", Face::Page),
            ("/oidc/participants", Face::Page),
            ("/cas/v10", Face::Page),
            ("/cas/login", Face::Page),
            ("/cas/logout/x", Face::Page),
            ("/signin/done", Face::Page),
            ("/nothing", Face::Page),
            ("/", Face::Page),
            ("", Face::Page),
        ] {
            assert_eq!(Face::of(path), face, "{path}");
        }
    }

    #[test] // RFC 6749 §5.2, §4.1.2.1
    fn each_failure_has_a_word_of_oauths_and_a_sentence_it_lets_in() {
        for (failure, error) in [
            (Failure::BadRequest, "invalid_request"),
            (Failure::Forgery, "invalid_request"),
            (Failure::NotFound, "invalid_request"),
            (Failure::Method, "invalid_request"),
            (Failure::FlowExpired, "invalid_request"),
            (Failure::TooLarge, "invalid_request"),
            (Failure::WrongHost, "invalid_request"),
            (Failure::TooMany, "temporarily_unavailable"),
            (Failure::Busy, "temporarily_unavailable"),
            (Failure::Internal, "server_error"),
        ] {
            let (word, sentence) = words(failure);
            assert_eq!(word, error, "{failure:?}");
            let allowed = |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
            assert!(sentence.bytes().all(allowed), "{sentence}");
            assert!(sentence.len() > 10);
        }
    }
}
