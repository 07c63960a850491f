//! An identity provider of a few routes. It does what a provider does, and what it is told to.
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use url::Url;

use super::keys::{Keys, Signing, at_hash, challenge};
use super::refresh::Families;
use super::{Clock, SECRET, encode, parameter};

pub const SUBJECT: &str = "0190b3d2-0000-7000-8000-000000000001";
pub const SID: &str = "0190b3d2-0000-7000-8000-0000000000aa";

/// Whether it looks at the code verifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    Checked,
    Forgotten,
}

/// What it does instead of what it should.
pub struct Conduct {
    pub signing: Signing,
    /// Laid over the ID token's claims; null takes one away.
    pub id_claims: Map<String, Value>,
    pub with_id_token: bool,
    /// What the token endpoint says instead: status and error.
    pub token_error: Option<(u16, &'static str)>,
    /// `sub` of userinfo.
    pub userinfo_subject: String,
    pub userinfo_status: u16,
    pub name: String,
    /// Every key is published.
    pub all_keys: bool,
    pub pkce: Pkce,
    /// Nothing but 503.
    pub away: bool,
    pub sid: String,
    pub listed: Value,
    /// So many answers of the token endpoint don't arrive, though it did what it was asked for.
    pub lost_answers: u32,
    /// Paths whose answers wait for a permit each.
    held: HashMap<&'static str, Arc<Semaphore>>,
}

pub struct Inner {
    pub issuer: String,
    pub clock: Clock,
    pub keys: Keys,
    pub conduct: Mutex<Conduct>,
    codes: Mutex<HashMap<String, Asked>>,
    pub refresh: Mutex<Families>,
    /// How often each path was asked.
    pub asked: Mutex<HashMap<&'static str, u32>>,
}

/// The path and query that a browser comes back to with these parameters.
pub fn back(pairs: &[(&str, &str)]) -> String {
    format!("/signin/callback?{}", encode(pairs))
}

/// What an authorization request had.
#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
    redirect: String,
}

#[derive(Clone)]
pub struct FakeProvider {
    pub issuer: String,
    pub inner: Arc<Inner>,
}

impl FakeProvider {
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            clock,
            keys: Keys::new(),
            conduct: Mutex::new(Conduct {
                signing: Signing::Es256,
                id_claims: Map::new(),
                with_id_token: true,
                token_error: None,
                userinfo_subject: SUBJECT.into(),
                userinfo_status: 200,
                name: "李晓雨".into(),
                all_keys: false,
                pkce: Pkce::Checked,
                away: false,
                sid: SID.into(),
                listed: json!([]),
                lost_answers: 0,
                held: HashMap::new(),
            }),
            refresh: Mutex::default(),
            codes: Mutex::default(),
            asked: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/api/v1/applications/listed", get(listed))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, inner }
    }

    /// Changes what it does.
    pub fn told(&self, change: impl FnOnce(&mut Conduct)) {
        change(&mut self.inner.conduct.lock().unwrap());
    }

    /// Answers of this path come only as permits do.
    pub fn hold(&self, path: &'static str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.told(|conduct| drop(conduct.held.insert(path, Arc::clone(&gate))));
        gate
    }

    /// They come by themselves again.
    pub fn release(&self, path: &'static str) {
        self.told(|conduct| {
            if let Some(gate) = conduct.held.remove(path) {
                gate.add_permits(1000);
            }
        });
    }

    /// How often a refresh token came that was used too long ago.
    pub fn alarms(&self) -> u32 {
        self.inner.refresh.lock().unwrap().alarms
    }

    pub fn count(&self, path: &str) -> u32 {
        *self.inner.asked.lock().unwrap().get(path).unwrap_or(&0)
    }

    /// Where it sends a browser that was sent to `asked`: the path and query at the hall.
    pub fn answer(&self, asked: &Url) -> String {
        let state = parameter(asked, "state").unwrap();
        back(&[
            ("code", &self.code(asked)),
            ("state", &state),
            ("iss", &self.issuer),
        ])
    }

    /// A code for this request.
    pub fn code(&self, asked: &Url) -> String {
        let mut codes = self.inner.codes.lock().unwrap();
        let code = format!("AC-{}", codes.len());
        let of = |name| parameter(asked, name).unwrap_or_default();
        assert_eq!(of("code_challenge_method"), "S256");
        let asked = Asked {
            nonce: of("nonce"),
            challenge: of("code_challenge"),
            redirect: of("redirect_uri"),
        };
        codes.insert(code.clone(), asked);
        code
    }

    /// A logout token, some of whose claims are changed.
    pub fn logout_token(&self, signing: Signing, typ: &str, changes: &Value) -> String {
        let now = self.inner.clock.now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "aud": "hall", "iat": now, "exp": now + 120, "jti": "jti-1",
            "sub": SUBJECT, "sid": SID,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        lay(&mut claims, changes.as_object().unwrap());
        self.inner.keys.sign(signing, typ, &claims)
    }
}

fn lay(claims: &mut Value, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
}

impl Inner {
    fn loses(&self) -> bool {
        let mut conduct = self.conduct.lock().unwrap();
        let loses = conduct.lost_answers > 0;
        conduct.lost_answers = conduct.lost_answers.saturating_sub(1);
        loses
    }

    fn note(&self, path: &'static str) -> Option<Response> {
        *self.asked.lock().unwrap().entry(path).or_default() += 1;
        let away = self.conduct.lock().unwrap().away;
        away.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
    }

    /// An answer of this path, when it is let through.
    async fn let_through(&self, path: &'static str) {
        let gate = self.conduct.lock().unwrap().held.get(path).cloned();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
    }

    fn tokens(&self, nonce: &str, refresh: &str) -> Value {
        let conduct = self.conduct.lock().unwrap();
        let now = self.clock.now().as_second();
        let access = format!("AT-{now}");
        let mut claims = json!({
            "iss": self.issuer, "aud": "hall", "sub": SUBJECT, "sid": conduct.sid,
            "iat": now, "exp": now + 300, "auth_time": now, "at_hash": at_hash(conduct.signing, &access),
        });
        if !nonce.is_empty() {
            claims["nonce"] = nonce.into();
        }
        lay(&mut claims, &conduct.id_claims);
        let mut answer = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": 600,
            "refresh_token": refresh,
        });
        if conduct.with_id_token {
            answer["id_token"] = self.keys.sign(conduct.signing, "JWT", &claims).into();
        }
        answer
    }
}

type Provider = State<Arc<Inner>>;

async fn discovery(State(inner): Provider) -> Response {
    if let Some(away) = inner.note("discovery") {
        return away;
    }
    let at = |path: &str| format!("{}{path}", inner.issuer);
    Json(json!({
        "issuer": inner.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
    }))
    .into_response()
}

async fn jwks(State(inner): Provider) -> Response {
    if let Some(away) = inner.note("jwks") {
        return away;
    }
    let all = inner.conduct.lock().unwrap().all_keys;
    Json(inner.keys.jwks(all)).into_response()
}

async fn token(
    State(inner): Provider,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    if let Some(away) = inner.note("token") {
        return away;
    }
    let basic = STANDARD.encode(
        encode(&[("hall", SECRET)]).replacen('=', ":", 1), // RFC 6749 §2.3.1
    );
    assert_eq!(headers[AUTHORIZATION], format!("Basic {basic}"));
    let said = inner.conduct.lock().unwrap().token_error;
    if let Some((status, error)) = said {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, Json(json!({ "error": error }))).into_response();
    }
    let refuse = || {
        let error = json!({"error": "invalid_grant"});
        (StatusCode::BAD_REQUEST, Json(error)).into_response()
    };
    if form["grant_type"] == "refresh_token" {
        let now = inner.clock.now();
        let next = inner
            .refresh
            .lock()
            .unwrap()
            .redeem(&form["refresh_token"], now);
        let Some(next) = next else { return refuse() };
        let answer = Json(inner.tokens("", &next)).into_response();
        inner.let_through("token").await;
        return if inner.loses() { lost() } else { answer };
    }
    let asked = inner.codes.lock().unwrap().remove(&form["code"]);
    let forgets = inner.conduct.lock().unwrap().pkce == Pkce::Forgotten;
    match asked {
        Some(asked)
            if (forgets || challenge(&form["code_verifier"]) == asked.challenge)
                && form["redirect_uri"] == asked.redirect =>
        {
            let refresh = inner.refresh.lock().unwrap().begin();
            Json(inner.tokens(&asked.nonce, &refresh)).into_response()
        }
        _ => refuse(),
    }
}

/// The connection breaks off in the middle of the answer.
fn lost() -> Response {
    let broken = std::io::Error::other("lost");
    let pieces = futures_util::stream::iter([Ok("{"), Err(broken)]);
    axum::body::Body::from_stream(pieces).into_response()
}

async fn userinfo(State(inner): Provider, headers: HeaderMap) -> Response {
    if let Some(away) = inner.note("userinfo") {
        return away;
    }
    assert!(
        headers[AUTHORIZATION]
            .to_str()
            .unwrap()
            .starts_with("Bearer AT-")
    );
    inner.let_through("userinfo").await;
    let conduct = inner.conduct.lock().unwrap();
    let status = StatusCode::from_u16(conduct.userinfo_status).unwrap();
    let body = json!({
        "sub": conduct.userinfo_subject, "name": conduct.name, "preferred_username": "20230001",
        "numbers": [{"number": "20230001", "affiliation": "student", "org": "计算机学院",
            "from": "2023-09-01"}],
        "eduperson_affiliation": ["student", "member"],
    });
    (status, Json(body)).into_response()
}

async fn listed(State(inner): Provider, headers: HeaderMap) -> Response {
    if let Some(away) = inner.note("listed") {
        return away;
    }
    if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag == "\"1\"") {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let body = inner.conduct.lock().unwrap().listed.clone();
    ([(ETAG, "\"1\"")], Json(body)).into_response()
}
