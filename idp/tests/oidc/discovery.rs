//! What is published about us, and that it is true.

use axum::body::Body;
use axum::http::Request;
use idp::routes::ROUTES;
use serde_json::Value;

use crate::support::{Campus, Reply, each_campus};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const JWKS: &str = "/oidc/jwks";

fn json(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    serde_json::from_str(&reply.body()).unwrap()
}

async fn ask(campus: &Campus, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    campus.visitor().send(request).await
}

#[tokio::test] // OIDC Discovery §3, RFC 8414 §2
async fn what_it_names_is_there_and_ours() {
    each_campus(async |campus| {
        let document = json(&ask(campus, DISCOVERY, &[]).await);
        let issuer = campus.parts.config.server.issuer.as_str();
        assert_eq!(document["issuer"], issuer);
        for (name, value) in document.as_object().unwrap() {
            let is_address = name.ends_with("_endpoint") || name.ends_with("_uri");
            if !is_address {
                continue;
            }
            let path = value.as_str().unwrap().strip_prefix(issuer).unwrap();
            let known = ROUTES.iter().any(|route| route.path == path);
            assert!(known, "{name}: {path}");
        }
        // What would be read as true where it is absent.
        if document["authorization_endpoint"].is_string() {
            assert_eq!(document["request_uri_parameter_supported"], false);
            assert_eq!(document["request_parameter_supported"], false);
            assert_eq!(
                document["authorization_response_iss_parameter_supported"],
                true
            );
            assert_eq!(
                document["response_types_supported"],
                serde_json::json!(["code"])
            );
        }
        let oauth = json(&ask(campus, OAUTH, &[]).await);
        assert_eq!(oauth, document);
        // OID-22: none of them is even spoken of.
        let text = document.to_string();
        for absent in [
            "implicit",
            "\"password\"",
            "\"token\"",
            "id_token token",
            "plain",
            "HS256",
        ] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
    })
    .await;
}

#[tokio::test] // OID-26
async fn no_header_comes_into_it() {
    each_campus(async |campus| {
        for path in [DISCOVERY, OAUTH, JWKS] {
            let plain = ask(campus, path, &[]).await;
            for header in [
                ("x-forwarded-host", "evil.example"),
                ("x-forwarded-proto", "gopher"),
                ("x-forwarded-prefix", "/evil"),
                ("forwarded", "host=evil.example;proto=http"),
                ("x-original-url", "/evil"),
            ] {
                let spoofed = ask(campus, path, &[header]).await;
                assert_eq!(spoofed.body(), plain.body(), "{path} {header:?}");
                assert_eq!(spoofed.header("etag"), plain.header("etag"));
            }
            let other = ask(campus, path, &[("host", "evil.example")]).await;
            assert_eq!(other.status, 421);
            assert!(!other.body().contains("evil.example"));
        }
    })
    .await;
}

#[tokio::test] // OID-26, OID-31
async fn the_keys_are_public_and_every_node_has_the_same() {
    each_campus(async |campus| {
        let reply = ask(campus, JWKS, &[]).await;
        let set = json(&reply);
        let keys = set["keys"].as_array().unwrap();
        let algorithms: Vec<&Value> = keys.iter().map(|key| &key["alg"]).collect();
        assert_eq!(algorithms, ["RS256", "PS256", "ES256", "EdDSA"]);
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{key}");
            }
            assert_eq!(key["use"], "sig");
        }
        let second = campus.second_node().await;
        let other = campus.visitor_at(&second).get(JWKS).await;
        assert_eq!(other.body(), reply.body());
        assert_eq!(other.header("etag"), reply.header("etag"));
    })
    .await;
}

#[tokio::test]
async fn caches_and_pages_of_every_origin_may_read_it() {
    each_campus(async |campus| {
        for (path, caching) in [
            (DISCOVERY, "public, max-age=3600"),
            (OAUTH, "public, max-age=3600"),
            (JWKS, "public, max-age=300"),
        ] {
            let first = ask(campus, path, &[("origin", "https://app.example")]).await;
            assert_eq!(first.header("cache-control"), Some(caching));
            assert_eq!(first.header("access-control-allow-origin"), Some("*"));
            assert!(first.cookies().is_empty());
            let etag = first.header("etag").unwrap().to_owned();
            for known in [
                etag.clone(),
                format!("W/{etag}"),
                format!("\"x\", {etag}"),
                "*".into(),
            ] {
                let again = ask(campus, path, &[("if-none-match", &known)]).await;
                assert_eq!(again.status, 304, "{known}");
                assert_eq!(again.body(), "");
                assert_eq!(again.header("etag"), Some(etag.as_str()));
                assert_eq!(again.header("access-control-allow-origin"), Some("*"));
            }
            let changed = ask(campus, path, &[("if-none-match", "\"x\"")]).await;
            assert_eq!(changed.status, 200);
        }
    })
    .await;
}
