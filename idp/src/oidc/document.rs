use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::oidc::jose::sha256_base64url;

/// JSON that anybody may read, kept ready in memory: who asks for it costs next to nothing.
#[derive(Clone, Debug)]
pub struct PublicDocument {
    body: Bytes,
    etag: HeaderValue,
}

impl PublicDocument {
    pub(crate) fn new(json: &serde_json::Value) -> Self {
        let body = json.to_string();
        let etag = format!("\"{}\"", &sha256_base64url(&body)[..16]);
        Self {
            body: body.into(),
            // Base64url needs no escapes in a header.
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same on every node that has the same document.
    pub fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// The answer to a GET, by pages of every origin too: nothing in it depends on who asks.
    pub(crate) fn answer(&self, request: &HeaderMap, caching: &'static str) -> Response {
        let is_known = request.get_all(IF_NONE_MATCH).iter().any(|known| {
            let known = known.to_str().unwrap_or_default().split(',');
            let mut tags = known.map(|tag| tag.trim().trim_start_matches("W/"));
            tags.any(|tag| tag == "*" || tag.as_bytes() == self.etag.as_bytes())
        });
        let mut response = if is_known {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(self.body.clone()))
        };
        let headers = response.headers_mut();
        if !is_known {
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, json);
        }
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}
