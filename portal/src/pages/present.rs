use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use themes::pages::{Failure, HallError, HallRefused};
use tracing::Instrument;

use super::headers::every_response;
use crate::app::App;
use crate::refusal::Refusal;
use crate::signin;
use crate::visit::{Context, Visit};

/// The outermost layer: reads the request's [`Context`] once, gives refusals a face and every
/// response its headers, and writes one line per request without anything secret in it.
pub(crate) async fn present(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = Context::read(&app, &parts);
    parts.extensions.insert(context.clone());
    // The query is left out: it may hold a code.
    let span = tracing::info_span!("hall", id = %context.request_id, method = %parts.method,
        path = %context.path);
    let request = Request::from_parts(parts, body);
    let host_is_ours = app.hosts.contains(&context.host);
    async move {
        let mut response = if host_is_ours {
            next.run(request).await
        } else {
            // SES-15: reached by a name that isn't ours.
            Refusal::Page(Failure::WrongHost).into_response()
        };
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            response = face(&context, &refusal);
        }
        every_response(response.headers_mut(), app.config.is_https());
        if let Ok(id) = HeaderValue::from_str(&context.request_id) {
            response
                .headers_mut()
                .insert(HeaderName::from_static("x-request-id"), id);
        }
        let status = response.status().as_u16();
        metrics::counter!("hall_http_requests_total", "status" => status.to_string()).increment(1);
        tracing::debug!(status, "answered");
        response
    }
    .instrument(span)
    .await
}

fn face(context: &Context, refusal: &Refusal) -> Response {
    let mut visit = Visit::new(context.clone());
    // Nothing of a refused request is said back, not even in the links to the other language.
    visit.context.query = None;
    visit.context.path = "/".into();
    let request_id = context.request_id.clone();
    let status = refusal.status();
    let error = |failure| HallError {
        failure,
        request_id: request_id.clone(),
        retry_seconds: refusal.retry_seconds(),
        home: "/".into(),
    };
    let page = match refusal {
        Refusal::Page(failure) => visit.page(status, &error(*failure)),
        Refusal::TooMany { .. } => visit.page(status, &error(Failure::TooMany)),
        Refusal::SignIn { why, to } => visit.page(
            status,
            &HallRefused {
                failure: *why,
                again: signin::address(to),
                home: "/".into(),
                request_id,
            },
        ),
    };
    let mut response = page.unwrap_or_else(|_| status.into_response());
    if let Some(seconds) = refusal.retry_seconds() {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
