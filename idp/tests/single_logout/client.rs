//! A client of OpenID Connect in this process, and the tokens that it gets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp::demo::STUDENT;
use idp_domain::ids::GrantId;
use idp_domain::oidc::jose::{Claims, SigningAlgorithm, Typ};
use idp_domain::secrets::hash_secret;
use idp_storage::codes::{self, SessionGrant};
use idp_storage::sessions;
use serde_json::{Value, json};

use crate::application::{Application, Mode, posted};
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, Visitor};

pub const SUBJECT: &str = "the student's name here";

/// The `oidc` side of an entry, with these further keys.
pub fn side(id: &str, more: &Value) -> Value {
    let mut side = json!({
        "client_id": format!("client-{id}"),
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["HERE/callback"],
        "post_logout_redirect_uris": ["HERE/bye", "HERE/bye?kept=1"],
        "plain_http": true,
    });
    for (key, value) in more.as_object().unwrap() {
        side[key] = value.clone();
    }
    side
}

/// One that our server tells.
pub async fn back(campus: &Campus, id: &str, mode: Mode) -> Application {
    with(
        campus,
        id,
        mode,
        &json!({ "backchannel_logout_uri": "HERE/out?from=sso" }),
    )
    .await
}

pub async fn with(campus: &Campus, id: &str, mode: Mode, more: &Value) -> Application {
    let sides = json!({ "oidc": side(id, more) });
    Application::start_as(campus, id, mode, &sides).await
}

impl Application {
    pub fn client_id(&self) -> String {
        format!("client-{}", self.id)
    }

    /// It gets a grant in the visitor's session, as the authorization endpoint gives one.
    pub async fn enter(&self, campus: &Campus, visitor: &Visitor) -> GrantId {
        let app = campus.idp.app();
        let now = app.clock.now();
        let cookie = hash_secret("session", &visitor.cookies["TGC"]);
        let mut tx = app.db.write().await.unwrap();
        let (session, _) = sessions::find(&mut tx, &cookie).await.unwrap().unwrap();
        let registry = app.applications.current();
        let application = registry.client(&self.client_id()).unwrap();
        let grant = SessionGrant {
            id: GrantId::new(now, &mut app.entropy.rng()),
            sid: session.sid,
            application: &application.id,
            number: STUDENT,
            subject: SUBJECT,
            lane: Some(&self.lane),
            at: now,
        };
        let grant = codes::grant(&mut tx, &grant).await.unwrap();
        tx.commit().await.unwrap();
        grant
    }

    /// The ID token that goes with the grant.
    pub fn id_token(&self, campus: &Campus, grant: GrantId) -> String {
        sign(campus, &self.claims(campus, grant))
    }

    pub fn claims(&self, campus: &Campus, grant: GrantId) -> Value {
        let now = campus.clock.now().as_second();
        json!({
            "iss": ORIGIN, "aud": self.client_id(), "sub": SUBJECT, "sid": grant.to_string(),
            "iat": now, "exp": now + 300,
        })
    }

    /// The logout tokens so far: head and verified claims; every request must have one. // OIDC 84
    pub fn tokens(&self, campus: &Campus) -> Vec<(Value, Claims)> {
        self.requests().iter().map(|r| token(campus, r)).collect()
    }
}

pub fn sign(campus: &Campus, claims: &Value) -> String {
    let app = campus.idp.app();
    let now = app.clock.now();
    app.signing_keys
        .sign(SigningAlgorithm::Rs256, Typ::IdToken, claims, now)
        .unwrap()
}

fn token(campus: &Campus, request: &str) -> (Value, Claims) {
    let (name, token) = posted(request);
    assert_eq!(name, "logout_token");
    let head = token.split('.').next().unwrap();
    let head = URL_SAFE_NO_PAD.decode(head).unwrap();
    let keys = &campus.idp.app().signing_keys;
    let claims = keys.verify(&token, Typ::LogoutToken).unwrap();
    (serde_json::from_slice(&head).unwrap(), claims)
}
