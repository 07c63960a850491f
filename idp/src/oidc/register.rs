//! `/oidc/register` (RFC 7591, RFC 7592): a client registers itself with a token that an
//! administrator handed out, reads what is registered, and removes itself. Nothing is at these
//! addresses unless `oidc.registration` is true (OID-30).

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::applications::{Application, ApplicationId};
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::jose::object;
use idp_domain::oidc::registration::{self, Registrant};
use idp_domain::oidc::{ErrorCode, InitialAccessToken, OAuthError, RegistrationToken};
use idp_domain::secrets::{Tag, random_base62, random_secret};
use idp_storage::{applications as stored, audit, registrations};
use migrations::Conn;
use serde_json::{Map, Value};

use super::answer::{self, Fault};
use super::bearer::{Scheme, challenge};
use super::{REGISTER, address};
use crate::applications::{Here, ImportError, import, remove};
use crate::forgery;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Random characters of a client id: nobody's, and nobody guesses the next.
const ID_CHARACTERS: usize = 20;

fn is_open(visit: &Visit) -> Result<(), Refusal> {
    if visit.app.config.oidc.registration {
        Ok(())
    } else {
        Err(Refusal::NOT_FOUND)
    }
}

/// `POST /oidc/register` (RFC 7591 §3)
pub async fn register(mut visit: Visit, request: Request) -> Result<Response, Refusal> {
    is_open(&visit)?;
    let (parts, body) = request.into_parts();
    let answered = keep(&mut visit, &parts.headers, body).await;
    Ok(answer::finish(&visit, &parts.headers, answered))
}

/// `GET /oidc/register/{client_id}` (RFC 7592 §2.1)
pub async fn show(
    visit: Visit,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    is_open(&visit)?;
    let answered = read(&visit, &headers, &client_id).await;
    Ok(answer::finish(&visit, &headers, answered))
}

/// `DELETE /oidc/register/{client_id}` (RFC 7592 §2.3)
pub async fn unregister(
    mut visit: Visit,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    is_open(&visit)?;
    let answered = take_out(&mut visit, &headers, &client_id).await;
    Ok(answer::finish(&visit, &headers, answered))
}

/// One short transaction: the use of the token, the entry, the client's own token, the audit rows.
/// Metadata that can't be taken use nothing up. Who has no good token is told nothing of them.
async fn keep(visit: &mut Visit, headers: &HeaderMap, body: Body) -> Result<Response, Fault> {
    let token = bearer(headers).and_then(|token| InitialAccessToken::parse(token).ok());
    let token = token.ok_or_else(|| unauthorized("send an initial access token"))?;
    let bytes = forgery::read_bytes(body).await?;
    let id = ApplicationId::parse(&format!(
        "dyn-{}",
        random_base62(ID_CHARACTERS, &mut visit.rng).to_ascii_lowercase()
    ));
    let id = id.map_err(|_| Refusal::INTERNAL)?;
    let secret = random_secret(&mut visit.rng);
    let own = RegistrationToken::generate(&mut visit.rng);
    let (now, app) = (visit.now, visit.app.clone());
    let mut tx = app.db.write().await?;
    let Some(permission) = registrations::take_use(&mut tx, &token.hash(), now).await? else {
        return Err(not_good(&mut tx, &token.hash(), now).await?);
    };
    let metadata = read_metadata(headers, &bytes)?;
    let secret = registration::wants_secret(&metadata).then_some(secret);
    let registrant = Registrant {
        id: &id,
        secret: secret.as_deref(),
        permission: &permission,
        demo: app.config.demo,
    };
    let application = registration::entry(&metadata, registrant)?;
    let text = application.to_json().to_string();
    let here = Here {
        issuer: app.config.server.issuer.as_str(),
        demo: app.config.demo,
    };
    import(&mut tx, &text, here, now, &mut visit.rng)
        .await
        .map_err(unusable)?;
    registrations::keep(&mut tx, &id, &own.hash(), &permission.label, now).await?;
    let entry = visit
        .audit(Event::ClientRegistered, Outcome::Success)
        .at_application(id.as_str())
        .with("label", permission.label);
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    // This node knows it at once, the others within a second.
    app.applications.refresh_if_changed(&app.db).await?;
    let mut document = described(visit, &application, &own, now);
    if let Some(secret) = secret {
        document.insert("client_secret".into(), secret.into());
        // It doesn't expire (RFC 7591 §3.2.1).
        document.insert("client_secret_expires_at".into(), 0.into());
    }
    let body = Value::Object(document).to_string();
    Ok(answer::with_body(
        StatusCode::CREATED,
        "application/json",
        body,
    ))
}

fn read_metadata(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next());
    let is_json = media_type.is_some_and(|m| m.trim().eq_ignore_ascii_case("application/json"));
    let metadata = object(bytes).ok().filter(|_| is_json);
    metadata.ok_or_else(|| {
        let why = "send one JSON object as application/json, each member once";
        Fault::new(ErrorCode::InvalidClientMetadata, why)
    })
}

/// Why a token is not good: whoever has it may know what became of it, and nobody else learns that
/// there is one.
async fn not_good(conn: &mut Conn, hash: &Tag, now: Timestamp) -> Result<Fault, Fault> {
    let Some(token) = registrations::find(conn, hash).await? else {
        return Ok(unauthorized("the token is not good for this"));
    };
    let label = token.permission.label;
    let expired = token.expires_at <= now;
    tracing::info!(label, expired, "an initial access token is over");
    Ok(unauthorized(if expired {
        "the initial access token has expired: ask for another one"
    } else {
        "the initial access token is used up: ask for another one"
    }))
}

async fn read(visit: &Visit, headers: &HeaderMap, client_id: &str) -> Result<Response, Fault> {
    let mut conn = visit.app.db.read().await?;
    let own = authorized(visit, &mut conn, headers, client_id).await?;
    let document = described(visit, &own.application, &own.token, own.since);
    answer::document(&Value::Object(document))
}

async fn take_out(
    visit: &mut Visit,
    headers: &HeaderMap,
    client_id: &str,
) -> Result<Response, Fault> {
    let (now, app) = (visit.now, visit.app.clone());
    let mut tx = app.db.write().await?;
    let own = authorized(visit, &mut tx, headers, client_id).await?;
    let id = &own.application.id;
    let entry = visit
        .audit(Event::ClientUnregistered, Outcome::Success)
        .at_application(id.as_str());
    if !remove(&mut tx, id, now, &mut visit.rng).await? {
        return Err(unknown());
    }
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    app.applications.refresh_if_changed(&app.db).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A client that came back with its own token.
struct Own {
    application: Application,
    token: RegistrationToken,
    since: Timestamp,
}

/// The client that the token belongs to, if it is the one of the address; an unknown client and a
/// foreign one sound alike (RFC 7592 §2.1). One that an administrator switched off may neither
/// read nor remove itself: what it is stays for him to look at.
async fn authorized(
    visit: &Visit,
    conn: &mut Conn,
    headers: &HeaderMap,
    client_id: &str,
) -> Result<Own, Fault> {
    let token = bearer(headers).and_then(|token| RegistrationToken::parse(token).ok());
    let id = ApplicationId::parse(client_id).ok();
    let (Some(token), Some(id)) = (token, id) else {
        return Err(unknown());
    };
    let since = registrations::registered_at(conn, &id, &token.hash()).await?;
    let since = since.ok_or_else(unknown)?;
    let entry = stored::find(conn, &id).await?.ok_or_else(unknown)?.entry;
    let application = Application::from_json(&entry, visit.app.config.demo).map_err(|problems| {
        tracing::warn!(application = %id, %problems, "a registered client can't be used any more");
        Refusal::INTERNAL
    })?;
    if !application.enabled {
        let why = "an administrator has switched this client off";
        let error = OAuthError::new(ErrorCode::AccessDenied, why);
        return Err(Fault::at(StatusCode::FORBIDDEN, Some(error)));
    }
    Ok(Own {
        application,
        token,
        since,
    })
}

/// RFC 6750 §2.1, and nowhere else: not in the address, where logs would keep it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (scheme, token) = all.next()?.to_str().ok()?.split_once(' ')?;
    (all.next().is_none() && scheme.eq_ignore_ascii_case("Bearer")).then(|| token.trim())
}

fn unauthorized(why: &'static str) -> Fault {
    let error = OAuthError::new(ErrorCode::InvalidToken, why);
    let challenge = challenge(Scheme::Bearer, Some(error.code), None);
    Fault::at(StatusCode::UNAUTHORIZED, Some(error)).challenging(&challenge)
}

fn unknown() -> Fault {
    unauthorized("the token is not good for this")
}

fn unusable(error: ImportError) -> Fault {
    match error {
        ImportError::Db(error) => error.into(),
        other => {
            tracing::warn!(error = %other, "a client can't be registered");
            let why = "the metadata is not what an entry of the registry can hold";
            Fault::new(ErrorCode::InvalidClientMetadata, why)
        }
    }
}

/// What is registered (RFC 7591 §3.2.1), and how the client comes back to it (RFC 7592 §3): the
/// token is the one that it was just given, or just showed.
fn described(
    visit: &Visit,
    application: &Application,
    own: &RegistrationToken,
    since: Timestamp,
) -> Map<String, Value> {
    let mut document = registration::described(application);
    let place = format!("{}/{}", address(visit, REGISTER), application.id);
    document.insert("client_id_issued_at".into(), since.as_second().into());
    document.insert("registration_client_uri".into(), place.into());
    document.insert("registration_access_token".into(), own.as_str().into());
    document
}
