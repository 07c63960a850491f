//! The FAPI 2.0 Security Profile (§5.3.2): what a client that follows it gets, and that each
//! deviation is refused.

mod deviations;
mod followed;

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey, Typ};
use serde_json::{Value, json};

use crate::support::kit::address;
use crate::support::oidc::{AUTHORIZE, ISSUER, Rp, VERIFIER};
use crate::support::{Campus, Reply, Visitor};

const PAR: &str = "/oidc/par";
const TOKEN: &str = "/oidc/token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap()
}

/// A client of the profile: by one key it shows who it is, to the other its tokens are bound.
struct Client {
    rp: Rp,
    key: SigningKey,
    bound_to: SigningKey,
    ids: AtomicU32,
}

impl Client {
    async fn registered(campus: &Campus) -> Self {
        Self::registered_with(campus, Rp::ID, &json!({})).await
    }

    /// With members of its `oidc` beside those of the profile, or in their place.
    async fn registered_with(campus: &Campus, id: &str, changes: &Value) -> Self {
        let key = key(SigningAlgorithm::Es256);
        let mut side = json!({
            "client_id": id,
            "profile": "fapi2",
            "client_secret": null,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [key.public().to_jwk()] },
            "grant_types": ["authorization_code", "refresh_token"],
        });
        for (name, value) in changes.as_object().unwrap() {
            side[name] = value.clone();
        }
        let mut entry = Rp::entry_with(&side);
        entry["id"] = id.into();
        Self {
            rp: Rp::of_entry(campus, &entry).await,
            key,
            bound_to: self::key(SigningAlgorithm::Es256),
            ids: AtomicU32::new(0),
        }
    }

    fn id(&self) -> String {
        format!("id-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn assertion(&self, campus: &Campus, audience: &Value) -> String {
        self.assertion_with(campus, &self.key, &json!({ "aud": audience }))
    }

    /// Signed by a key, some of its claims replaced; `null` takes one away.
    fn assertion_with(&self, campus: &Campus, key: &SigningKey, changes: &Value) -> String {
        let (id, now) = (&self.rp.client_id, campus.clock.now().as_second());
        let mut claims = json!({ "iss": id, "sub": id, "aud": ISSUER, "jti": self.id(), "iat": now,
            "exp": now + 60 });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        key.sign(Typ::ClientAssertion, &claims).unwrap()
    }

    /// A proof of a key for a request to `path`.
    fn proof(&self, campus: &Campus, key: &SigningKey, path: &str) -> String {
        let now = campus.clock.now().as_second();
        let claims = json!({ "jti": self.id(), "htm": "POST", "htu": format!("{ISSUER}{path}"),
            "iat": now });
        key.sign_proof(&claims).unwrap()
    }

    /// A good proof.
    fn own_proof(&self, campus: &Campus, path: &str) -> String {
        self.proof(campus, &self.bound_to, path)
    }

    async fn post(
        &self,
        campus: &Campus,
        path: &str,
        fields: &[(&str, &str)],
        proof: Option<&str>,
    ) -> Reply {
        let assertion = self.assertion(campus, &json!(ISSUER));
        post(campus, path, &assertion, fields, proof).await
    }

    /// Pushes the ordinary request with changes.
    async fn push(&self, campus: &Campus, changes: &[(&str, &str)], proof: Option<&str>) -> Reply {
        let all = self.rp.parameters(changes);
        let fields: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        self.post(campus, PAR, &fields, proof).await
    }

    /// A code for a request that is pushed so.
    async fn code(&self, campus: &Campus, visitor: &mut Visitor, proof: Option<&str>) -> String {
        let pushed = self.push(campus, &[], proof).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body());
        let pushed: Value = serde_json::from_slice(&pushed.bytes).unwrap();
        let uri = pushed["request_uri"].as_str().unwrap();
        let carried = [("client_id", &*self.rp.client_id), ("request_uri", uri)];
        let reply = visitor.get(&address(AUTHORIZE, &carried)).await;
        assert_eq!(self.rp.answer(&reply)["iss"], ISSUER);
        self.rp.code_of(&reply)
    }

    async fn redeem(&self, campus: &Campus, code: &str, proof: Option<&str>) -> Reply {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &*self.rp.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.post(campus, TOKEN, &fields, proof).await
    }
}

async fn post(
    campus: &Campus,
    path: &str,
    assertion: &str,
    fields: &[(&str, &str)],
    proof: Option<&str>,
) -> Reply {
    let mut fields = fields.to_vec();
    fields.push(("client_assertion_type", JWT_BEARER));
    fields.push(("client_assertion", assertion));
    let mut request = Visitor::form_request(path, &fields);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let body = Body::from(Visitor::encode(&fields));
    campus.visitor().send(request.body(body).unwrap()).await
}
