//! `POST /oidc/revoke` (RFC 7009): 200 says that the token is dead, and nothing else does.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::{ErrorCode, RefreshToken};
use idp_storage::{access_tokens, audit, authorizations};

use super::answer::{self, Fault};
use super::client_auth::{self, Client};
use super::form::Form;
use super::resource;
use crate::visit::Visit;

pub async fn revoke(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = end(&mut visit, &parts.headers, body).await;
    answer::finish(&visit, &parts.headers, answered)
}

async fn end(visit: &mut Visit, headers: &HeaderMap, body: Body) -> Result<Response, Fault> {
    let form = Form::read(headers, body).await?;
    let client = client_auth::authenticate(visit, headers, &form).await?;
    let missing = Fault::new(ErrorCode::InvalidRequest, "token is missing");
    let token = form.get("token").ok_or(missing)?;
    // The hint changes nothing: what a token is stands in it (§2.1).
    match RefreshToken::parse(token, &visit.app.keys) {
        Ok(refresh) => end_family(visit, &client, refresh).await?,
        Err(_) => end_access(visit, &client, token).await?,
    }
    // §2.2: for what is unknown, over, or another client's too, which stays as it is (OID-23).
    Ok(StatusCode::OK.into_response())
}

/// A refresh token of whatever generation ends with all that was given by it (§2.1).
async fn end_family(
    visit: &mut Visit,
    client: &Client,
    refresh: RefreshToken,
) -> Result<(), Fault> {
    let mut conn = visit.app.db.read().await?;
    let held = authorizations::find(&mut conn, refresh.authorization).await?;
    drop(conn);
    let own = client.application().id.as_str();
    let Some(held) = held.filter(|held| held.application == own && !held.revoked) else {
        return Ok(());
    };
    let mut entry = visit
        .audit(Event::TokenRevoked, Outcome::Success)
        .at_application(own)
        .because("refresh_token")
        .with("authorization", held.id.to_string());
    entry.person = held.person;
    let mut tx = visit.app.db.write().await?;
    if authorizations::revoke(&mut tx, held.id, "revoked", visit.now).await? {
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn end_access(visit: &mut Visit, client: &Client, token: &str) -> Result<(), Fault> {
    let mut conn = visit.app.db.read().await?;
    let found = resource::find(visit, &mut conn, token).await?;
    drop(conn);
    let own = &client.application().id;
    let found = found.filter(|found| found.application.id == *own && !found.token.revoked);
    let Some(found) = found else {
        return Ok(());
    };
    let mut entry = visit
        .audit(Event::TokenRevoked, Outcome::Success)
        .at_application(own.as_str())
        .because("access_token")
        .with("authorization", found.authorization.id.to_string());
    entry.person = found.authorization.person;
    let mut tx = visit.app.db.write().await?;
    if access_tokens::revoke(&mut tx, &found.token.hash, visit.now).await? {
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(())
}
