use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::session::REVIVAL;
use crate::forgery::read_form;
use crate::pages::no_store;
use crate::provider::LogoutToken;
use crate::refusal::Refusal;
use crate::secrets::hash;
use crate::store::endings::{self, Name};
use crate::store::{sessions, spent};
use crate::visit::Visit;

/// `POST /signin/backchannel` (Back-Channel Logout 1.0 §2.5): the provider tells that a session is
/// over. 200: it is over here too. 400: the token isn't believed. 503: not now.
pub(crate) async fn tell(visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let result = receive(&visit, &parts.headers, body).await;
    let (status, word) = match result {
        Ok(ended) => {
            tracing::info!(ended, "the provider ended a session");
            (StatusCode::OK, "done")
        }
        Err(status) => (status, "refused"),
    };
    metrics::counter!("hall_logout_tokens_total", "outcome" => word).increment(1);
    let mut response = status.into_response();
    // §2.8
    no_store(response.headers_mut());
    response
}

async fn receive(visit: &Visit, headers: &HeaderMap, body: Body) -> Result<u64, StatusCode> {
    let away = StatusCode::SERVICE_UNAVAILABLE;
    let fields = read_form(headers, body)
        .await
        .map_err(|refusal| refusal.status())?;
    let app = &visit.app;
    let token = fields.only("logout_token");
    let believed = app
        .provider
        .believe_logout(&app.config.client_id, token, visit.now)
        .await
        .map_err(|_| away)?;
    let token = believed.map_err(|reason| {
        tracing::warn!(%reason, "a logout token is not believed");
        StatusCode::BAD_REQUEST
    })?;
    // OID-24: what couldn't be ended isn't said to be.
    let ended = end(visit, &token)
        .await
        .map_err(|refusal| refusal.status())?;
    // §2.6: this very token again is a replay, and by a person's name alone it would end
    // what began since. A provider that had no answer draws another token, and hears by §2.7 that
    // there is nothing to end any more, which is success.
    ended.ok_or_else(|| {
        tracing::warn!("a logout token came twice");
        StatusCode::BAD_REQUEST
    })
}

/// How many sessions ended; none when the token was used before.
async fn end(visit: &Visit, token: &LogoutToken) -> Result<Option<u64>, Refusal> {
    let mut tx = visit.app.db.write().await?;
    let used = hash("jti", &[&token.jti]);
    let keep = token.expires_at.max(visit.now) + REVIVAL;
    if !spent::spend(&mut tx, spent::Kind::LogoutToken, &used, keep).await? {
        return Ok(None);
    }
    let name = match (&token.sid, &token.sub) {
        (Some(sid), _) => Some(Name::Session(sid)),
        (None, Some(sub)) => Some(Name::Person(sub)),
        (None, None) => None,
    };
    if let Some(name) = name {
        endings::end(&mut tx, name, token.issued_at, visit.now + REVIVAL).await?;
    }
    let ended = sessions::end_told(&mut tx, token.sid.as_deref(), token.sub.as_deref()).await?;
    tx.commit().await?;
    Ok(Some(ended))
}
