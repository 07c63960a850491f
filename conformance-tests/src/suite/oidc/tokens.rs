//! The token endpoint and what stands beside it, as a client uses them.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::jose::Jwt;
use super::keys::random;
use super::provider::Provider;
use super::request::AuthRequest;
use super::target::{AuthMethod, Client};
use crate::suite::case::missing;
use crate::suite::client::{Reply, Request};
use crate::suite::clock;

/// RFC 7523 §2.2.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM: &str = "application/x-www-form-urlencoded";

/// A good answer of the token endpoint.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub reply: Reply,
    pub body: Value,
}

impl Tokens {
    /// Expects tokens (RFC 6749 §5.1).
    pub fn read(reply: Reply) -> Result<Self> {
        ensure!(
            reply.status == 200,
            "no tokens: {} «{}»",
            reply.summary(),
            short(&reply.body)
        );
        let body = json(&reply)?;
        Ok(Self { reply, body })
    }

    pub fn access(&self) -> Result<&str> {
        self.text("access_token")
    }

    /// The refresh token; not applicable where none was given.
    pub fn refresh(&self) -> Result<&str> {
        let token = self.body["refresh_token"].as_str();
        token.ok_or_else(|| missing("no refresh token was issued"))
    }

    /// The ID token, not yet verified.
    pub fn id(&self) -> Result<Jwt> {
        Jwt::parse(self.text("id_token")?)
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> Result<&str> {
        let value = self.body[name].as_str();
        value.with_context(|| format!("no {name} in the answer"))
    }
}

/// The beginning of a body on one line.
pub fn short(body: &str) -> String {
    let words: Vec<&str> = body.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

/// A body of JSON with the type to match.
pub fn json(reply: &Reply) -> Result<Value> {
    let kind = reply.header("content-type");
    ensure!(
        kind.split(';')
            .next()
            .is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json")),
        "the answer's type is «{kind}»: {}",
        reply.summary()
    );
    serde_json::from_str(&reply.body)
        .with_context(|| format!("no JSON: {} «{}»", reply.summary(), short(&reply.body)))
}

/// Identifier and secret, form-encoded, before Base64 (RFC 6749 §2.3.1).
pub fn basic_credentials(client_id: &str, secret: &str) -> String {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    format!("{}:{}", encode(client_id), encode(secret))
}

/// A POST of fields.
pub fn post(url: Url, fields: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request {
        method: Method::POST,
        url,
        headers: Vec::new(),
        body: Some(body),
    }
    .with_header("content-type", FORM)
}

/// With a Basic header.
pub fn with_basic(request: Request, client_id: &str, secret: &str) -> Request {
    let credentials = STANDARD.encode(basic_credentials(client_id, secret));
    request.with_header("authorization", format!("Basic {credentials}"))
}

impl Provider {
    /// The claims of a client assertion (RFC 7523 §3) that is good for a minute.
    pub fn assertion_claims(&self, client: &Client) -> Result<Value> {
        let now = clock::now().as_second();
        Ok(json!({
            "iss": client.client_id, "sub": client.client_id, "aud": self.issuer_text(),
            "jti": random(16)?, "iat": now, "exp": now + 60,
        }))
    }

    /// The issuer exactly as the configuration document spells it.
    pub fn issuer_text(&self) -> &str {
        self.discovery["issuer"].as_str().unwrap_or(&self.issuer)
    }

    /// A POST to an endpoint by a client that shows who it is as it is registered to.
    pub fn authenticated(
        &self,
        client: &Client,
        url: Url,
        fields: &[(&str, &str)],
    ) -> Result<Request> {
        let secret = client.client_secret.as_deref().unwrap_or_default();
        let id = client.client_id.as_str();
        // A request that is pushed has it among its parameters (RFC 9126 §2.1).
        let by_header = client.token_endpoint_auth_method == AuthMethod::ClientSecretBasic;
        let mut fields = fields.to_vec();
        if !by_header {
            fields.retain(|(name, _)| *name != "client_id");
        }
        let fields = &fields[..];
        match client.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic => Ok(with_basic(post(url, fields), id, secret)),
            AuthMethod::ClientSecretPost => {
                let own = [("client_id", id), ("client_secret", secret)];
                Ok(post(url, &[fields, &own].concat()))
            }
            AuthMethod::None => Ok(post(url, &[fields, &[("client_id", id)]].concat())),
            AuthMethod::PrivateKeyJwt => {
                let claims = self.assertion_claims(client)?;
                let header = json!({ "alg": "ES256", "typ": "JWT" });
                let assertion = Self::key_of(client)?.sign(&header, &claims)?;
                Ok(with_assertion(url, fields, id, &assertion))
            }
        }
    }

    /// What a client is told at an endpoint of the configuration document.
    pub async fn ask(
        &self,
        endpoint: &str,
        client: &Client,
        fields: &[(&str, &str)],
    ) -> Result<Reply> {
        let request = self.authenticated(client, self.endpoint(endpoint)?, fields)?;
        self.application()?.send(request).await
    }

    /// What the token endpoint answers to a client.
    pub async fn token(&self, client: &Client, fields: &[(&str, &str)]) -> Result<Reply> {
        self.ask("token_endpoint", client, fields).await
    }

    /// What the token endpoint answers to a code.
    pub async fn exchange(
        &self,
        client: &Client,
        request: &AuthRequest,
        code: &str,
    ) -> Result<Reply> {
        self.token(client, &code_fields(request, code)).await
    }

    /// Tokens for a code.
    pub async fn redeem(
        &self,
        client: &Client,
        request: &AuthRequest,
        code: &str,
    ) -> Result<Tokens> {
        Tokens::read(self.exchange(client, request, code).await?)
    }

    /// What the token endpoint answers to a refresh token.
    pub async fn refresh(&self, client: &Client, token: &str) -> Result<Reply> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.token(client, &fields).await
    }

    /// `UserInfo` by GET with the token in the header.
    pub async fn userinfo(&self, access: &str) -> Result<Reply> {
        let request = Request::get(self.endpoint("userinfo_endpoint")?);
        let request = request.with_header("authorization", format!("Bearer {access}"));
        self.application()?.send(request).await
    }

    /// The claims of `UserInfo`.
    pub async fn claims(&self, access: &str) -> Result<Value> {
        let reply = self.userinfo(access).await?;
        ensure!(reply.status == 200, "no claims: {}", reply.summary());
        json(&reply)
    }
}

/// The fields that redeem a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
pub fn code_fields<'a>(request: &'a AuthRequest, code: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &request.redirect_uri),
    ];
    if let Some(verifier) = &request.verifier {
        fields.push(("code_verifier", verifier));
    }
    fields
}

/// A POST with a client assertion.
pub fn with_assertion(url: Url, fields: &[(&str, &str)], id: &str, assertion: &str) -> Request {
    let own = [
        ("client_id", id),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    post(url, &[fields, &own].concat())
}
