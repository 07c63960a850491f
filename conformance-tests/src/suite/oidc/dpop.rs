//! Proofs of possession (RFC 9449 §4), good ones and bad ones.

use anyhow::Result;
use serde_json::{Value, json};
use url::Url;

use super::keys::{Key, base64url, random, sha256};
use super::provider::Provider;
use super::target::Client;
use super::tokens::Tokens;
use crate::suite::client::{Reply, Request};
use crate::suite::clock;

/// A proof before it is signed.
#[derive(Clone, Debug)]
pub struct Proof {
    pub header: Value,
    pub claims: Value,
}

impl Proof {
    /// For a request of a method to an address.
    pub fn new(key: &Key, method: &str, url: &Url) -> Result<Self> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        Ok(Self {
            header: json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk() }),
            claims: json!({
                "htm": method, "htu": target.as_str(), "jti": random(16)?,
                "iat": clock::now().as_second(),
            }),
        })
    }

    /// Bound to an access token (§7).
    #[must_use]
    pub fn for_token(mut self, access: &str) -> Self {
        self.claims["ath"] = json!(base64url(sha256(access.as_bytes())));
        self
    }

    /// With a claim changed, or left out by null.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        change(&mut self.claims, name, value);
        self
    }

    /// With a member of the header changed, or left out by null.
    #[must_use]
    pub fn head(mut self, name: &str, value: Value) -> Self {
        change(&mut self.header, name, value);
        self
    }

    pub fn sign(&self, key: &Key) -> Result<String> {
        key.sign(&self.header, &self.claims)
    }
}

fn change(object: &mut Value, name: &str, value: Value) {
    if value.is_null() {
        if let Some(members) = object.as_object_mut() {
            members.remove(name);
        }
    } else {
        object[name] = value;
    }
}

impl Provider {
    /// A request with a proof; where the server wants a nonce in it, once more with that.
    pub async fn prove(&self, request: Request, key: &Key, access: Option<&str>) -> Result<Reply> {
        let mut proof = Proof::new(key, request.method.as_str(), &request.url)?;
        if let Some(access) = access {
            proof = proof.for_token(access);
        }
        let first = request.clone().with_header("dpop", proof.sign(key)?);
        let reply = self.application()?.send(first).await?;
        let nonce = reply.header("dpop-nonce").to_owned();
        let wanted = matches!(reply.status, 400 | 401)
            && (reply.body.contains("use_dpop_nonce")
                || reply.header("www-authenticate").contains("use_dpop_nonce"));
        if !wanted || nonce.is_empty() {
            return Ok(reply);
        }
        let proof = proof
            .claim("nonce", json!(nonce))
            .claim("jti", json!(random(16)?));
        let second = request.with_header("dpop", proof.sign(key)?);
        self.application()?.send(second).await
    }

    /// Tokens of a client, bound to a key.
    pub async fn bound_tokens(&self, client: &Client, key: &Key, scope: &str) -> Result<Tokens> {
        let (request, code) = self.code(client, scope).await?;
        let fields = super::tokens::code_fields(&request, &code);
        let request = self.authenticated(client, self.endpoint("token_endpoint")?, &fields)?;
        Tokens::read(self.prove(request, key, None).await?)
    }
}
