//! Which pages may read what a client's program reads (Fetch standard, CORS protocol): those at
//! the origins of public clients' redirect URIs, which are applications in a browser. None of
//! these endpoints looks at a cookie, and none may be sent along.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use themes::pages::Failure;

use crate::refusal::Refusal;
use crate::visit::Visit;

/// Answers a browser that asks before it sends a page's request. To all others it is a method like
/// any that isn't there.
pub async fn preflight(visit: Visit, request: HeaderMap) -> Response {
    let mut headers = HeaderMap::new();
    permit(&visit, &request, &mut headers);
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return ([(ALLOW, "GET, POST")], Refusal::new(Failure::Method)).into_response();
    }
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    set(
        ACCESS_CONTROL_ALLOW_HEADERS,
        "Authorization, Content-Type, DPoP",
    );
    set(ACCESS_CONTROL_MAX_AGE, "600");
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets the page read the answer, if it may.
pub(super) fn permit(visit: &Visit, request: &HeaderMap, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.get(ORIGIN) else {
        return;
    };
    if !origin
        .to_str()
        .is_ok_and(|origin| is_public_client(visit, origin))
    {
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let exposed = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

fn is_public_client(visit: &Visit, origin: &str) -> bool {
    let registry = visit.app.applications.current();
    let enabled = registry.iter().filter(|application| application.enabled);
    let mut clients = enabled.filter_map(|application| application.oidc.as_ref());
    clients
        .any(|side| side.is_public() && side.redirect_uris.iter().any(|uri| uri.origin() == origin))
}
