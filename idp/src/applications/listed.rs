use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::applications::{Application, Names, Registry};
use idp_domain::secrets::hex;
use serde::Serialize;

use crate::app::App;

/// One application as launchers show it.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    name: &'a Names,
    url: &'a str,
    category: &'a Names,
    description: &'a Names,
}

impl<'a> Entry<'a> {
    fn of(application: &'a Application) -> Option<Self> {
        let listing = application.listed.as_ref()?;
        application.enabled.then(|| Self {
            id: application.id.as_str(),
            name: &application.names,
            url: listing.url.as_str(),
            category: &listing.category,
            description: &listing.description,
        })
    }
}

/// What `GET /api/v1/applications/listed` answers, made once for each state of the registry.
#[derive(Debug)]
pub(super) struct Listed {
    body: Bytes,
    etag: String,
}

impl Listed {
    /// In the order of their ids; those that are switched off aren't there.
    pub(super) fn of(registry: &Registry) -> Self {
        let entries = registry
            .iter()
            .filter_map(|application| Entry::of(application));
        let entries: Vec<Entry> = entries.collect();
        // Texts in objects always have a JSON form.
        let body = serde_json::to_vec(&entries).unwrap_or_default();
        let hash = digest(&SHA256, &body);
        Self {
            etag: format!("\"{}\"", hex(&hash.as_ref()[..16])),
            body: body.into(),
        }
    }

    /// RFC 9110 §13.1.2
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let values = headers.get_all(IF_NONE_MATCH).iter();
        let mut tags = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

/// `GET /api/v1/applications/listed`: the applications that ask to be listed, for launchers such
/// as the hall's. Everybody may read them; no cookie and no database is looked at.
pub async fn listed(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let listed = app.applications.listed();
    let mut response = if listed.is_known(&headers) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(listed.body.clone()))
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A change shows at the next look; asking again costs a few bytes.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&listed.etag) {
        headers.insert(ETAG, etag);
    }
    response
}
