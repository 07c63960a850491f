//! Dynamic registration (RFC 7591, RFC 7592): closed, opened by an administrator's token, used,
//! and ended.

mod client;
mod ended;
mod token;

use axum::body::Body;
use axum::http::Request;
use idp_domain::applications::ReleasedAttribute;
use idp_domain::oidc::InitialAccessToken;
use idp_domain::oidc::registration::Permission;
use idp_storage::registrations::{self, NewInitialToken};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, each_campus_with};

const REGISTER: &str = "/oidc/register";
/// Of every token that the tests make.
const LABEL: &str = "课程 4711";

/// Runs a test where clients may register themselves.
pub async fn each_open_campus(test: impl AsyncFn(&Campus)) {
    each_campus_with(|config| config.oidc.registration = true, test).await;
}

/// A token as an administrator makes it: good for a week and for `uses` clients, which may be told
/// names.
pub async fn initial_token(campus: &Campus, uses: u32) -> String {
    let app = campus.idp.app();
    let (now, mut rng) = (app.clock.now(), app.entropy.rng());
    let token = InitialAccessToken::generate(&mut rng);
    let permission = Permission::new(LABEL, &[ReleasedAttribute::Name], &[]).unwrap();
    let new = NewInitialToken {
        hash: token.hash(),
        permission: &permission,
        uses,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(7 * 24),
    };
    let mut tx = app.db.write().await.unwrap();
    registrations::make(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    token.as_str().to_owned()
}

pub fn metadata() -> Value {
    json!({ "redirect_uris": [Rp::REDIRECT], "client_name": "Courses" })
}

/// A request to one of the addresses, with a token in its header.
fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn post(campus: &Campus, token: Option<&str>, metadata: &Value) -> Reply {
    let request = request("POST", REGISTER, token, &metadata.to_string());
    campus.visitor().send(request).await
}

/// What a good registration answers.
#[track_caller]
fn created(reply: &Reply) -> Value {
    assert_eq!(reply.status, 201, "{}", reply.body());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&reply.bytes).unwrap()
}

/// A client that registered itself by a token of its own.
pub async fn registered(campus: &Campus, metadata: &Value) -> Value {
    let token = initial_token(campus, 1).await;
    created(&post(campus, Some(&token), metadata).await)
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap()
}

/// It as the other tests know clients.
fn rp(document: &Value) -> Rp {
    Rp {
        client_id: text(document, "client_id").to_owned(),
        secret: document["client_secret"].as_str().map(str::to_owned),
        redirect_uri: document["redirect_uris"][0].as_str().unwrap().to_owned(),
    }
}

/// The client's own request to where it is registered.
async fn manage(campus: &Campus, method: &str, document: &Value, token: Option<&str>) -> Reply {
    let place = text(document, "registration_client_uri");
    let path = place.strip_prefix(crate::support::oidc::ISSUER).unwrap();
    let request = request(method, path, token, "");
    campus.visitor().send(request).await
}
