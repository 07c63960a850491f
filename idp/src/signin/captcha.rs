use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use idp_domain::factors::Captcha;

use crate::factors::captcha::{picture, sound};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /signin/captcha/{id}.png` and `.wav`: what to read, or to hear instead. Stores nothing;
/// the id holds neither answer nor state.
pub async fn file(mut visit: Visit, Path(file): Path<String>) -> Result<Response, Refusal> {
    let (id, kind) = file.rsplit_once('.').ok_or(Refusal::NOT_FOUND)?;
    let app = visit.app.clone();
    let captcha = Captcha::parse(id, &app.keys, visit.now).ok_or(Refusal::NOT_FOUND)?;
    let (mime, bytes) = match kind {
        "png" => ("image/png", drawn(move || picture(&app, &captcha)).await),
        "wav" => {
            let mut rng = app.entropy.rng();
            (
                "audio/wav",
                drawn(move || sound(&app, &captcha, &mut rng)).await,
            )
        }
        _ => return Err(Refusal::NOT_FOUND),
    };
    let mut response = Response::new(Body::from(bytes.ok_or(Refusal::INTERNAL)?));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(visit.with_cookies(response))
}

/// Milliseconds of computing, off the threads that serve everybody.
async fn drawn(draw: impl FnOnce() -> Option<Vec<u8>> + Send + 'static) -> Option<Vec<u8>> {
    tokio::task::spawn_blocking(draw).await.ok().flatten()
}
