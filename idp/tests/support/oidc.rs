//! A relying party: what it registers, asks for, and reads of the answers.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::Url;

use super::kit::{PASSWORD, STUDENT, address, register};
use super::{Campus, Reply, Visitor};

pub const AUTHORIZE: &str = "/oidc/authorize";
/// The demonstration's issuer.
pub const ISSUER: &str = super::visitor::ORIGIN;
/// A verifier that every test may use (RFC 7636 §4.1).
pub const VERIFIER: &str = "a-verifier-of-the-tests-0123456789-abcdefghijk";

/// A registered client, and how it asks when a test says nothing else.
#[derive(Clone, Debug)]
pub struct Rp {
    pub client_id: String,
    /// Nothing for a public client.
    pub secret: Option<String>,
    pub redirect_uri: String,
}

/// The parameters of an answer, each of which must stand once.
pub type Answer = BTreeMap<String, String>;

impl Rp {
    pub const ID: &'static str = "rp";
    pub const SECRET: &'static str = "a-secret-of-the-tests";
    pub const REDIRECT: &'static str = "https://rp.example.edu/callback";

    /// The entry of a confidential client of the school's own, which is told about people by their
    /// scopes.
    pub fn entry() -> Value {
        json!({
            "id": Self::ID,
            "name": { "zh-CN": "选课", "en": "Courses" },
            "oidc": {
                "client_id": Self::ID,
                "client_secret": Self::SECRET,
                "redirect_uris": [Self::REDIRECT],
                "consent": "implicit",
            },
            "release": ["name", "number", "numbers", "affiliation", "org", "groups"],
        })
    }

    /// The entry with members of its `oidc` replaced; `null` takes one away.
    pub fn entry_with(changes: &Value) -> Value {
        let mut entry = Self::entry();
        for (name, value) in changes.as_object().unwrap() {
            entry["oidc"][name] = value.clone();
            if value.is_null() {
                entry["oidc"].as_object_mut().unwrap().remove(name);
            }
        }
        entry
    }

    /// Registers the ordinary one.
    pub async fn registered(campus: &Campus) -> Self {
        Self::registered_with(campus, &json!({})).await
    }

    /// Registers it with members of its `oidc` replaced.
    pub async fn registered_with(campus: &Campus, changes: &Value) -> Self {
        Self::of_entry(campus, &Self::entry_with(changes)).await
    }

    /// Registers an entry.
    pub async fn of_entry(campus: &Campus, entry: &Value) -> Self {
        register(campus, entry).await;
        let oidc = &entry["oidc"];
        let text = |name: &str| oidc[name].as_str().map(str::to_owned);
        Self {
            client_id: text("client_id").unwrap(),
            secret: text("client_secret"),
            redirect_uri: oidc["redirect_uris"][0].as_str().unwrap().to_owned(),
        }
    }

    /// S256 of [`VERIFIER`].
    pub fn challenge() -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
    }

    /// The parameters of an ordinary request, some replaced or added; an empty value leaves one
    /// out.
    pub fn parameters(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let challenge = Self::challenge();
        let mut all: Vec<(String, String)> = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "a state & more"),
            ("nonce", "n-0S6"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let added = changes.iter().filter(|(_, value)| !value.is_empty());
        all.extend(added.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    }

    /// The address of an ordinary request, changed.
    pub fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let all = self.parameters(changes);
        let pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        address(AUTHORIZE, &pairs)
    }

    /// Opens a request in a browser.
    pub async fn open(&self, visitor: &mut Visitor, changes: &[(&str, &str)]) -> Reply {
        visitor.get(&self.authorize(changes)).await
    }

    /// Opens a request in a stranger's browser, and signs the student in.
    pub async fn sign_in(&self, visitor: &mut Visitor, changes: &[(&str, &str)]) -> Reply {
        let page = self.open(visitor, changes).await;
        sign_in_at(visitor, &page).await
    }

    /// A code out of a session.
    pub async fn code(&self, visitor: &mut Visitor, changes: &[(&str, &str)]) -> String {
        let reply = self.open(visitor, changes).await;
        self.code_of(&reply)
    }

    /// The code of an answer that must be a good one.
    #[track_caller]
    pub fn code_of(&self, reply: &Reply) -> String {
        let mut answer = self.answer(reply);
        let code = answer.remove("code");
        code.unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    /// The answer in the query of the redirect; it must lead to this client and nowhere else.
    #[track_caller]
    pub fn answer(&self, reply: &Reply) -> Answer {
        let location = reply
            .location()
            .unwrap_or_else(|| panic!("{} {}", reply.status, reply.body()));
        let own = location.strip_prefix(self.redirect_uri.as_str());
        assert!(
            own.is_some_and(|rest| rest.starts_with(['?', '&'])),
            "{location}"
        );
        let mut answer = Answer::new();
        for (name, value) in Url::parse(location).unwrap().query_pairs() {
            let former = answer.insert(name.clone().into_owned(), value.into_owned());
            assert_eq!(former, None, "{name} stands twice: {location}");
        }
        answer
    }

    /// The error of an answer, which must hold all that belongs to one (OID-05).
    #[track_caller]
    pub fn error(&self, reply: &Reply) -> String {
        let answer = self.answer(reply);
        assert_eq!(answer.get("iss").map(String::as_str), Some(ISSUER));
        assert!(!answer.contains_key("code"), "{answer:?}");
        assert!(answer.contains_key("error_description"), "{answer:?}");
        answer["error"].clone()
    }

    /// Posts to one of the endpoints for programs, authenticated by `client_secret_basic`, or by
    /// the client's name alone.
    pub async fn post(&self, campus: &Campus, path: &str, fields: &[(&str, &str)]) -> Reply {
        campus.visitor().send(self.request(path, fields)).await
    }

    /// The request of [`post`](Self::post).
    pub fn request(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let mut fields = fields.to_vec();
        let mut request = Visitor::form_request(path, &fields);
        match &self.secret {
            Some(secret) => {
                let both = format!("{}:{secret}", self.client_id);
                let basic = format!("Basic {}", STANDARD.encode(both));
                request = request.header("authorization", basic);
            }
            None => fields.push(("client_id", &self.client_id)),
        }
        request.body(Body::from(Visitor::encode(&fields))).unwrap()
    }

    /// Redeems a code.
    pub async fn redeem(&self, campus: &Campus, code: &str) -> Reply {
        campus.visitor().send(self.redemption(code)).await
    }

    /// The request of [`redeem`](Self::redeem).
    pub fn redemption(&self, code: &str) -> Request<Body> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.request("/oidc/token", &fields)
    }

    /// The request for new tokens by a refresh token.
    pub fn refreshing(&self, token: &str) -> Request<Body> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.request("/oidc/token", &fields)
    }
}

/// Fills in the sign-in page of a request as the student.
pub async fn sign_in_at(visitor: &mut Visitor, page: &Reply) -> Reply {
    assert_eq!(page.page(), "sign_in", "{}", page.body());
    let typed = [("username", STUDENT), ("password", PASSWORD)];
    let reply = visitor.submit(page, &typed).await;
    visitor.leave_the_queue(reply).await
}
