//! Codes as the authorization endpoint gives them, for whatever was granted; and what the token
//! endpoint makes of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_domain::applications::ApplicationId;
use idp_domain::factors::Factor;
use idp_domain::ids::{AuthorizationId, GrantId, PersonId, Sid};
use idp_domain::oidc::{
    AuthorizationCode, CODE_TTL, ClaimsRequest, CodeRequest, Disclosure, Granted, Scope, Scopes,
    subject,
};
use idp_storage::codes::{self, NewCode, SessionGrant};
use serde_json::Value;
use uuid::Uuid;

use crate::support::kit::{STUDENT, signed_in};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply};

/// What a code stands for when a test says nothing else.
pub fn request(campus: &Campus, rp: &Rp, scope: &str) -> CodeRequest {
    let registry = campus.idp.app().applications.current();
    let application = registry.client(&rp.client_id).unwrap();
    let scopes = Scopes::parse(scope).unwrap();
    // To all that could be asked for.
    let all = scopes.iter().cloned().chain(Scope::OURS).collect();
    CodeRequest {
        redirect_uri: rp.redirect_uri.clone(),
        code_challenge: Some(Rp::challenge()),
        granted: Granted {
            disclosure: Disclosure::of(&application, &all, &ClaimsRequest::default()),
            scopes,
            claims: ClaimsRequest::default(),
            nonce: Some("n-0S6".into()),
            resources: Vec::new(),
            signed_in_at: campus.clock.now(),
            factors: vec![Factor::Password],
            key_thumbprint: None,
            offline: scope.contains("offline_access"),
        },
    }
}

/// A code of the student's newest session, who signs in for it if nobody has.
pub async fn code_for(campus: &Campus, rp: &Rp, request: &CodeRequest) -> String {
    const NEWEST: &str = "SELECT s.sid, s.person_id FROM sessions s
        WHERE s.ended_at IS NULL ORDER BY s.signed_in_at DESC, s.sid DESC LIMIT 1";
    if campus.count("sessions WHERE ended_at IS NULL").await == 0 {
        signed_in(campus).await;
    }
    let app = campus.idp.app();
    let (now, mut rng) = (app.clock.now(), app.entropy.rng());
    let mut tx = app.db.write().await.unwrap();
    let (sid, person): (Uuid, Uuid) =
        migrations::run!(tx, c => sqlx::query_as(NEWEST).fetch_one(c)).unwrap();
    let registry = app.applications.current();
    let application = registry.client(&rp.client_id).unwrap();
    let side = application.oidc.as_ref().unwrap();
    let id = GrantId::new(now, &mut rng);
    let known_as = subject(&app.keys, &side.subject_type, PersonId(person));
    let grant = SessionGrant {
        id,
        sid: Sid(sid),
        application: &ApplicationId::parse(application.id.as_str()).unwrap(),
        number: STUDENT,
        subject: &known_as,
        lane: None,
        at: now,
    };
    let grant = codes::grant(&mut tx, &grant).await.unwrap();
    let code = AuthorizationCode::generate(&mut rng);
    let new = NewCode {
        hash: code.hash(),
        authorization: AuthorizationId::new(now, &mut rng),
        grant,
        application: &application.id,
        request,
        number: STUDENT,
        subject: &known_as,
        issued_at: now,
        expires_at: now + CODE_TTL,
    };
    codes::issue(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    code.as_str().to_owned()
}

/// A code for these scopes.
pub async fn code(campus: &Campus, rp: &Rp, scope: &str) -> String {
    code_for(campus, rp, &request(campus, rp, scope)).await
}

/// The tokens for these scopes.
pub async fn tokens(campus: &Campus, rp: &Rp, scope: &str) -> Value {
    let code = code(campus, rp, scope).await;
    good(&rp.redeem(campus, &code).await)
}

/// A document that must be one; no cache keeps it.
#[track_caller]
pub fn good(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.body());
    document(reply)
}

#[track_caller]
fn document(reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&reply.bytes).unwrap()
}

/// The word of a refusal.
#[track_caller]
pub fn fault(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.body());
    document(reply)["error"].as_str().unwrap().to_owned()
}

/// What a token says, its signature aside: header and claims.
pub fn said(token: &Value) -> (Value, Value) {
    let mut parts = token.as_str().unwrap().split('.');
    let mut part = || {
        let bytes = URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(), part())
}
