use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use themes::pages::{Failure, OldBrowser};
use tracing::Instrument;

use super::face;
use super::headers::every_response;
use crate::app::App;
use crate::refusal::Refusal;
use crate::visit::{Context, Visit};

/// The outermost layer: reads the request's [`Context`] once, gives refusals a face and every
/// response its headers, and writes one line per request without anything secret in it.
pub async fn present(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = Context::read(&app, &parts);
    parts.extensions.insert(context.clone());
    // The query is left out: it may hold a ticket.
    let span = tracing::info_span!("request", id = %context.request_id, method = %parts.method,
        path = %path_for_logs(&context.path));
    let request = Request::from_parts(parts, body);
    let is_head = request.method() == Method::HEAD;
    let host_is_ours = app.hosts.contains(&context.host);
    async move {
        let mut response = if host_is_ours && is_too_old(&context) {
            old_browser(&context)
        } else if host_is_ours {
            next.run(request).await
        } else {
            // SES-15: reached by a name that isn't ours.
            Refusal::new(Failure::WrongHost).into_response()
        };
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            // RFC 9110 §15.5.6: a 405 says what is allowed.
            let allow = response.headers_mut().remove(ALLOW);
            response = face::show(&context, &refusal);
            if let Some(allow) = allow {
                response.headers_mut().insert(ALLOW, allow);
            }
        }
        if is_head {
            // It came without its cookies, and takes none along: a stranger's would replace its own.
            response.headers_mut().remove(SET_COOKIE);
        }
        every_response(response.headers_mut(), app.is_https());
        if let Ok(id) = HeaderValue::from_str(&context.request_id) {
            response
                .headers_mut()
                .insert(HeaderName::from_static("x-request-id"), id);
        }
        metrics::counter!("http_requests_total", "status" => response.status().as_u16().to_string())
            .increment(1);
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// Internet Explorer, which knows neither custom properties nor the forms' attributes. Servers of
/// applications and everybody else go on.
fn is_too_old(context: &Context) -> bool {
    let agent = context.user_agent.as_deref().unwrap_or_default();
    let explorer = agent.contains("MSIE ") || agent.contains("Trident/");
    explorer && (context.path.starts_with("/signin/") || context.path == "/cas/login")
}

/// Addresses below these are secrets: of a person's ledger for ten minutes, of a program's
/// ticket-granting ticket as long as its session (TKT-09).
fn path_for_logs(path: &str) -> &str {
    const SECRETS: [&str; 4] = [
        "/cas/logout/",
        "/cas/v1/tickets/",
        "/oidc/logout/",
        "/signin/hop/",
    ];
    let above = SECRETS.into_iter().find(|above| path.starts_with(above));
    above.unwrap_or(path)
}

fn old_browser(context: &Context) -> Response {
    let mut visit = Visit::new(context.clone());
    visit
        .page(axum::http::StatusCode::OK, &OldBrowser {})
        .unwrap_or_else(IntoResponse::into_response)
}
