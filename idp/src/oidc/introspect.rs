//! `POST /oidc/introspect` (RFC 7662): never later than the database.

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::oidc::token::TokenType;
use idp_domain::oidc::{ErrorCode, RefreshToken};
use idp_storage::authorizations;
use serde_json::{Value, json};

use super::answer::{self, Fault};
use super::authorization::{REFRESH_IDLE, establish};
use super::client_auth::{self, Client};
use super::form::Form;
use super::resource::{self, Presented, Speaks};
use crate::visit::Visit;

pub async fn introspect(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = look(&mut visit, &parts.headers, body).await;
    answer::finish(&visit, &parts.headers, answered)
}

async fn look(visit: &mut Visit, headers: &HeaderMap, body: Body) -> Result<Response, Fault> {
    let form = Form::read(headers, body).await?;
    let client = client_auth::authenticate_confidential(visit, headers, &form).await?;
    let missing = Fault::new(ErrorCode::InvalidRequest, "token is missing");
    let token = form.get("token").ok_or(missing)?;
    // The hint changes nothing: what a token is stands in it (§2.1).
    let seen = match RefreshToken::parse(token, &visit.app.keys) {
        Ok(refresh) => of_refresh(visit, &client, refresh).await?,
        Err(_) => of_access(visit, &client, token).await?,
    };
    // §2.2: nothing more of what isn't live, or not this client's to know (OID-23).
    answer::document(&seen.unwrap_or_else(|| json!({ "active": false })))
}

async fn of_access(visit: &Visit, client: &Client, token: &str) -> Result<Option<Value>, Fault> {
    let mut conn = visit.app.db.read().await?;
    let Some(presented) = resource::find(visit, &mut conn, token).await? else {
        return Ok(None);
    };
    if !may_know(visit, client, &presented) {
        return Ok(None);
    }
    let Some(speaks) = presented.live(visit, &mut conn).await? else {
        return Ok(None);
    };
    let (token, authorization) = (&presented.token, &presented.authorization);
    let Some(side) = &presented.application.oidc else {
        return Ok(None);
    };
    // As everywhere, of what the token was given only what holds today (decision 0021).
    let scopes = match &speaks {
        Speaks::Person(grant) => token.scopes.both(&grant.granted().scopes),
        Speaks::Client => token.scopes.both(&side.scopes),
    };
    let issuer = visit.app.config.server.issuer.as_str();
    let mut audiences = token.audiences.clone();
    audiences.retain(|audience| audience == issuer || side.audiences.contains(audience));
    if audiences.is_empty() {
        return Ok(None);
    }
    let bound = token.key_thumbprint.as_deref();
    let kind = bound.map_or(TokenType::Bearer, |_| TokenType::Dpop);
    let mut seen = json!({
        "active": true,
        "iss": issuer,
        "sub": authorization.subject,
        "client_id": side.client_id.as_str(),
        "token_type": kind.as_str(),
        "iat": token.issued_at.as_second(),
        "exp": token.expires_at.as_second(),
    });
    seen["aud"] = match audiences.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    if !scopes.is_empty() {
        seen["scope"] = json!(scopes.to_string());
    }
    if let Some(jkt) = bound {
        seen["cnf"] = json!({ "jkt": jkt });
    }
    Ok(Some(seen))
}

/// The client that it belongs to, and those that are what it is for. Which resources a client may
/// ask tokens for says nothing about whose resources they are; a token for us is nobody's besides.
fn may_know(visit: &Visit, client: &Client, presented: &Presented) -> bool {
    let issuer = visit.app.config.server.issuer.as_str();
    let mut audiences = presented.token.audiences.iter();
    client.application().id == presented.application.id
        || audiences.any(|audience| audience != issuer && client.side().serves(audience))
}

/// A refresh token is its client's affair alone.
async fn of_refresh(
    visit: &Visit,
    client: &Client,
    refresh: RefreshToken,
) -> Result<Option<Value>, Fault> {
    let mut conn = visit.app.db.read().await?;
    let held = authorizations::find(&mut conn, refresh.authorization).await?;
    let held = held.filter(|held| {
        held.application == client.application().id.as_str()
            && held.generation == refresh.generation
            && !held.revoked
            && visit.now < held.expires_at
            && visit.now.duration_since(held.last_used_at) < REFRESH_IDLE
    });
    let Some(held) = held else {
        return Ok(None);
    };
    let established = establish(visit, &mut conn, &held, client.application()).await?;
    let Ok(grant) = established else {
        return Ok(None);
    };
    let rules = visit.app.session_rules();
    let session = grant.session().map(|session| session.ends_at(&rules));
    let ends_at = session.map_or(held.expires_at, |end| end.min(held.expires_at));
    Ok(Some(json!({
        "active": true,
        "iss": visit.app.config.server.issuer.as_str(),
        "sub": held.subject,
        "client_id": client.side().client_id.as_str(),
        "scope": grant.granted().scopes.to_string(),
        "iat": held.created_at.as_second(),
        "exp": ends_at.as_second(),
    })))
}
