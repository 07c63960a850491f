//! Keys that clients publish themselves (`jwks_uri`).

use std::sync::{Arc, Mutex};

use idp_domain::applications::{ClientAuthentication, ClientKeys, OutboundUrl};
use idp_domain::oidc::jose::{KeySet, MAX_KEY_SET_BYTES, SigningAlgorithm, SigningKey};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::kit::register;
use crate::support::outside::{Outside, say};
use crate::support::{Campus, each_campus};

/// A client's server, whose answer the test changes.
struct Client {
    server: Outside,
    answer: Arc<Mutex<String>>,
    address: OutboundUrl,
}

fn a_set() -> KeySet {
    let der = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let key = SigningKey::from_pkcs8(SigningAlgorithm::Es256, &der).unwrap();
    KeySet::of(vec![key.public().clone()])
}

fn written(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Client {
    async fn start(campus: &Campus) -> Self {
        let answer = Arc::new(Mutex::new(String::new()));
        let says = Arc::clone(&answer);
        let server = Outside::http(move |_| say(&says.lock().unwrap())).await;
        let entry = json!({
            "id": "keyed", "name": { "zh-CN": "密钥", "en": "Keyed" },
            "oidc": {
                "redirect_uris": ["http://127.0.0.1:9000/callback"],
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks_uri": format!("http://127.0.0.1:{}/keys", server.port()),
                "plain_http": true,
            },
        });
        register(campus, &entry).await;
        let registry = campus.idp.app().applications.current();
        let client = registry.client("keyed").unwrap();
        let side = client.oidc.as_ref().unwrap();
        let ClientAuthentication::PrivateKeyJwt {
            keys: ClientKeys::Uri(uri),
            ..
        } = &side.authentication
        else {
            panic!("{:?}", side.authentication);
        };
        let address = uri.outbound().clone();
        Self {
            server,
            answer,
            address,
        }
    }

    fn says(&self, status: &str, body: &str) {
        *self.answer.lock().unwrap() = written(status, body);
    }

    async fn keys(&self, campus: &Campus) -> Option<Arc<KeySet>> {
        self.besides(campus, None).await
    }

    /// For who found no key in the set `tried`.
    async fn besides(&self, campus: &Campus, tried: Option<&Arc<KeySet>>) -> Option<Arc<KeySet>> {
        let app = campus.idp.app();
        app.remote_keys
            .of(&app.egress, &self.address, tried, campus.clock.now())
            .await
    }
}

#[tokio::test] // OID-09
async fn they_are_fetched_once_and_again_for_a_new_key_at_most_once_a_minute() {
    each_campus(async |campus| {
        let client = Client::start(campus).await;
        let (old, new) = (a_set(), a_set());
        client.says("200 OK", &old.to_json().to_string());
        let both = tokio::join!(client.keys(campus), client.keys(campus));
        let held = both.0.unwrap();
        assert_eq!((&*held, both.1.as_ref()), (&old, Some(&held)));
        assert_eq!(client.server.requests().len(), 1);
        client.says("200 OK", &new.to_json().to_string());
        // A stranger's kid doesn't make us ask again at once.
        assert_eq!(client.besides(campus, Some(&held)).await, None);
        assert_eq!(client.server.requests().len(), 1);
        campus.advance(SignedDuration::from_secs(60));
        assert_eq!(client.keys(campus).await.as_deref(), Some(&old));
        // The client has a new key and many requests: one fetches, all have it.
        let both = tokio::join!(
            client.besides(campus, Some(&held)),
            client.besides(campus, Some(&held))
        );
        assert_eq!(
            (both.0.as_deref(), both.1.as_deref()),
            (Some(&new), Some(&new))
        );
        assert_eq!(
            client.besides(campus, Some(&held)).await.as_deref(),
            Some(&new)
        );
        assert_eq!(client.besides(campus, both.0.as_ref()).await, None);
        assert_eq!(client.server.requests().len(), 2);
        // And without one after ten minutes: a key that was taken away ends.
        campus.advance(SignedDuration::from_mins(10));
        client.says("200 OK", &old.to_json().to_string());
        assert_eq!(client.keys(campus).await.as_deref(), Some(&old));
        assert_eq!(client.server.requests().len(), 3);
    })
    .await;
}

#[tokio::test] // OID-09
async fn an_address_that_fails_is_left_alone_for_a_minute() {
    each_campus(async |campus| {
        let client = Client::start(campus).await;
        let elsewhere =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let leaked = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }).to_string();
        let long = format!("{{\"keys\":[]{}}}", " ".repeat(MAX_KEY_SET_BYTES));
        let bad = [
            elsewhere.to_owned(),
            written("404 Not Found", &a_set().to_json().to_string()),
            written("200 OK", "no keys"),
            written("200 OK", &leaked),
            written("200 OK", &long),
            written("500 Oh", ""),
        ];
        for (count, answer) in (1..).zip(bad) {
            client.answer.lock().unwrap().clone_from(&answer);
            assert_eq!(client.keys(campus).await, None, "{answer:.60}");
            client.says("200 OK", &a_set().to_json().to_string());
            assert_eq!(client.keys(campus).await, None);
            assert_eq!(client.server.requests().len(), count);
            campus.advance(SignedDuration::from_secs(60));
        }
        assert!(client.keys(campus).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn the_last_keys_are_good_for_a_day_without_their_server() {
    each_campus(async |campus| {
        let client = Client::start(campus).await;
        let keys = a_set();
        client.says("200 OK", &keys.to_json().to_string());
        assert_eq!(client.keys(campus).await.as_deref(), Some(&keys));
        client.says("503 Away", "");
        campus.advance(SignedDuration::from_hours(23));
        assert_eq!(client.keys(campus).await.as_deref(), Some(&keys));
        assert_eq!(client.keys(campus).await.as_deref(), Some(&keys));
        assert_eq!(client.server.requests().len(), 2);
        campus.advance(SignedDuration::from_hours(1));
        assert_eq!(client.keys(campus).await, None);
    })
    .await;
}
