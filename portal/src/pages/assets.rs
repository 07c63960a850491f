use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;

use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /assets/{version}/{name}`: styles, scripts and pictures. The version is the content's
/// hash, so a browser may keep them for ever.
pub(crate) async fn asset(
    visit: Visit,
    Path((version, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let themes = &visit.app.themes;
    let (asset, caching) = match themes.asset_at(&version, &name) {
        Some(asset) => (asset, "public, max-age=31536000, immutable"),
        // A page of another node, before or after an upgrade: served, but not kept.
        None => (themes.asset(&name).ok_or(Refusal::NOT_FOUND)?, "no-store"),
    };
    let mut response = Response::new(Body::from(asset.bytes.into_owned()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}
