//! The FAPI 2.0 Security Profile (§5.3.2): what a client that follows it gets, and that each
//! deviation is refused.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::http::Request;
use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey, Typ};
use serde_json::{Value, json};

use super::given::{fault, good, said};
use crate::support::kit::{address, signed_in};
use crate::support::oidc::{AUTHORIZE, ISSUER, Rp, VERIFIER};
use crate::support::{Campus, Reply, Visitor, each_campus};

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
        let key = key(SigningAlgorithm::Es256);
        let entry = json!({
            "profile": "fapi2",
            "client_secret": null,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [key.public().to_jwk()] },
            "grant_types": ["authorization_code", "refresh_token"],
        });
        Self {
            rp: Rp::registered_with(campus, &entry).await,
            key,
            bound_to: self::key(SigningAlgorithm::Es256),
            ids: AtomicU32::new(0),
        }
    }

    fn id(&self) -> String {
        format!("id-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn assertion(&self, campus: &Campus, audience: &Value) -> String {
        let (id, now) = (&self.rp.client_id, campus.clock.now().as_second());
        let claims = json!({ "iss": id, "sub": id, "aud": audience, "jti": self.id(), "iat": now,
            "exp": now + 60 });
        self.key.sign(Typ::ClientAssertion, &claims).unwrap()
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

#[tokio::test] // OIDC 94, 95, 99; FAPI 2.0 §5.3.2.1
async fn who_follows_the_profile_gets_bound_tokens_and_keeps_its_refresh_token() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = client.code(campus, &mut visitor, None).await;
        let proof = client.own_proof(campus, TOKEN);
        let given = good(&client.redeem(campus, &code, Some(&proof)).await);
        assert_eq!(given["token_type"], "DPoP");
        let (header, _) = said(&given["id_token"]);
        assert_eq!(header["alg"], "PS256");
        let (_, says) = said(&given["access_token"]);
        assert_eq!(says["cnf"]["jkt"], client.bound_to.public().thumbprint());

        // A bound token without its key is nothing.
        let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
        let request = Request::get("/oidc/userinfo").header("authorization", bearer);
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(campus.visitor().send(request).await.status, 401);

        let token = given["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let refused = client.post(campus, TOKEN, &fields, None).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        for _ in 0..2 {
            let proof = client.own_proof(campus, TOKEN);
            let again = good(&client.post(campus, TOKEN, &fields, Some(&proof)).await);
            assert_eq!(again["refresh_token"], given["refresh_token"]);
        }
    })
    .await;
}

#[tokio::test] // OIDC 97; FAPI 2.0 §5.3.2.2
async fn a_request_that_deviates_is_refused() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        // Not pushed.
        let plain = client.rp.open(&mut visitor, &[]).await;
        assert_eq!(client.rp.error(&plain), "invalid_request");
        for (changes, error) in [
            (
                vec![("response_type", "code id_token")],
                "unsupported_response_type",
            ),
            (
                vec![("response_type", "token")],
                "unsupported_response_type",
            ),
            (vec![("response_mode", "fragment")], "invalid_request"),
            (
                vec![("code_challenge", ""), ("code_challenge_method", "")],
                "invalid_request",
            ),
            (
                vec![
                    ("code_challenge", VERIFIER),
                    ("code_challenge_method", "plain"),
                ],
                "invalid_request",
            ),
            (vec![("redirect_uri", "")], "invalid_request"),
            (
                vec![("redirect_uri", "https://rp.example.edu/other")],
                "invalid_request",
            ),
            (
                vec![("request_uri", "https://rp.example.edu/r")],
                "invalid_request",
            ),
            (vec![("request", "a.b.c")], "request_not_supported"),
        ] {
            let pushed = client.push(campus, &changes, None).await;
            assert_eq!(fault(&pushed, 400), error, "{changes:?}");
        }
        assert_eq!(campus.count("pushed_requests").await, 0);
    })
    .await;
}

#[tokio::test] // OID-12, OIDC 49; FAPI 2.0 §5.3.2.1
async fn an_assertion_names_the_issuer_and_nothing_else() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let all = client.rp.parameters(&[]);
        let fields: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        for audience in [
            json!(format!("{ISSUER}{TOKEN}")),
            json!(format!("{ISSUER}{PAR}")),
            json!([ISSUER, format!("{ISSUER}{TOKEN}")]),
            json!("https://other.example"),
        ] {
            let assertion = client.assertion(campus, &audience);
            let reply = post(campus, PAR, &assertion, &fields, None).await;
            assert_eq!(fault(&reply, 401), "invalid_client", "{audience}");
        }
        // Nor is it known by its name.
        let mut named = fields.clone();
        named.push(("client_secret", "a-secret-of-the-tests"));
        let request = Visitor::form_request(PAR, &named);
        let body = Body::from(Visitor::encode(&named));
        let reply = campus.visitor().send(request.body(body).unwrap()).await;
        assert_eq!(fault(&reply, 401), "invalid_client");
    })
    .await;
}

#[tokio::test] // OIDC 98, 99; FAPI 2.0 §5.3.2.1, §5.4.1
async fn a_code_gives_nothing_without_a_proof_of_the_profile() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = client.code(campus, &mut visitor, None).await;
        let refused = client.redeem(campus, &code, None).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        let proof = client.proof(campus, &key(SigningAlgorithm::Rs256), TOKEN);
        let refused = client.redeem(campus, &code, Some(&proof)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        let elsewhere = client.own_proof(campus, PAR);
        let refused = client.redeem(campus, &code, Some(&elsewhere)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        assert_eq!(campus.count("authorizations").await, 0);
        // None of it was the code's fault.
        let proof = client.own_proof(campus, TOKEN);
        good(&client.redeem(campus, &code, Some(&proof)).await);
    })
    .await;
}

#[tokio::test] // OIDC 102
async fn a_key_that_is_proved_at_the_push_binds_the_code() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let pushed_with = client.own_proof(campus, PAR);
        let code = client.code(campus, &mut visitor, Some(&pushed_with)).await;
        let other = client.proof(campus, &key(SigningAlgorithm::EdDsa), TOKEN);
        let refused = client.redeem(campus, &code, Some(&other)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");

        let pushed_with = client.own_proof(campus, PAR);
        let code = client.code(campus, &mut visitor, Some(&pushed_with)).await;
        let proof = client.own_proof(campus, TOKEN);
        good(&client.redeem(campus, &code, Some(&proof)).await);

        // The proof and the parameter disagree.
        let thumbprint = key(SigningAlgorithm::Es256).public().thumbprint();
        let proof = client.own_proof(campus, PAR);
        let changes = [("dpop_jkt", thumbprint.as_str())];
        let refused = client.push(campus, &changes, Some(&proof)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
    })
    .await;
}
