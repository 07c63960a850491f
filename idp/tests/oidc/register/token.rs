//! The door: closed where the school doesn't want it, and opened by a good token alone.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    LABEL, REGISTER, created, each_open_campus, initial_token, metadata, post, registered, request,
    text,
};
use crate::given::fault;
use crate::support::kit::{audited_by, changing_nothing, rows};
use crate::support::oidc::ISSUER;
use crate::support::{Campus, each_campus, each_campus_with};

async fn discovered(campus: &Campus) -> Value {
    let path = "/.well-known/openid-configuration";
    let reply = campus.visitor().get(path).await;
    serde_json::from_slice(&reply.bytes).unwrap()
}

#[tokio::test] // OID-30
async fn nothing_is_there_unless_the_school_wants_it() {
    each_campus(async |campus| {
        let token = initial_token(campus, 1).await;
        for (method, path, body) in [
            ("POST", REGISTER, metadata().to_string()),
            ("GET", "/oidc/register/rp", String::new()),
            ("DELETE", "/oidc/register/rp", String::new()),
        ] {
            let request = request(method, path, Some(&token), &body);
            let reply = campus.visitor().send(request).await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
        let document = discovered(campus).await;
        assert_eq!(document.get("registration_endpoint"), None);
        assert_eq!(campus.count("registered_clients").await, 0);
        let left = campus.count("initial_access_tokens WHERE uses_left = 1");
        assert_eq!(left.await, 1);
    })
    .await;
}

#[tokio::test] // OID-30
async fn without_a_good_token_nobody_registers() {
    each_open_campus(async |campus| {
        let place = format!("{ISSUER}{REGISTER}");
        assert_eq!(discovered(campus).await["registration_endpoint"], place);
        let known = registered(campus, &metadata()).await;
        let own = text(&known, "registration_access_token");
        let good = initial_token(campus, 1).await;
        let wrong = format!("IT-{}", "x".repeat(43));
        let cut = &good[..good.len() - 1];
        for token in [
            None,
            Some(""),
            Some("x"),
            Some(&*wrong),
            Some(cut),
            Some(own),
        ] {
            let (reply, trail) =
                changing_nothing(campus, async || post(campus, token, &metadata()).await).await;
            assert_eq!(fault(&reply, 401), "invalid_token", "{token:?}");
            let challenge = reply.header("www-authenticate").unwrap();
            assert_eq!(challenge, "Bearer realm=\"oidc\", error=\"invalid_token\"");
            assert!(trail.is_empty(), "{trail:?}");
        }
        // By the header alone: neither in the address, nor twice, nor as another scheme.
        let body = metadata().to_string();
        let path = format!("{REGISTER}?access_token={good}");
        let by_address = request("POST", &path, None, &body);
        let mut twice = request("POST", REGISTER, Some(&good), &body);
        let header = twice.headers()["authorization"].clone();
        twice.headers_mut().append("authorization", header);
        let mut basic = request("POST", REGISTER, None, &body);
        let header = format!("Basic {good}").parse().unwrap();
        basic.headers_mut().insert("authorization", header);
        for request in [by_address, twice, basic] {
            let reply = campus.visitor().send(request).await;
            assert_eq!(fault(&reply, 401), "invalid_token");
        }
        assert_eq!(campus.count("registered_clients").await, 1);
        created(&post(campus, Some(&good), &metadata()).await);
    })
    .await;
}

#[tokio::test] // OID-30
async fn a_token_ends_with_its_time_its_uses_and_its_administrator() {
    each_open_campus(async |campus| {
        let says = |reply: &crate::support::Reply, words: &str| {
            assert_eq!(fault(reply, 401), "invalid_token");
            assert!(reply.body().contains(words), "{}", reply.body());
        };
        let token = initial_token(campus, 2).await;
        for _ in 0..2 {
            created(&post(campus, Some(&token), &metadata()).await);
        }
        says(&post(campus, Some(&token), &metadata()).await, "is used up");

        let token = initial_token(campus, 2).await;
        campus.advance(SignedDuration::from_hours(7 * 24) - SignedDuration::from_secs(1));
        created(&post(campus, Some(&token), &metadata()).await);
        campus.advance(SignedDuration::from_secs(1));
        says(
            &post(campus, Some(&token), &metadata()).await,
            "has expired",
        );

        let token = initial_token(campus, 2).await;
        assert_eq!(campus.execute("DELETE FROM initial_access_tokens").await, 3);
        says(
            &post(campus, Some(&token), &metadata()).await,
            "is not good",
        );
        assert_eq!(campus.count("registered_clients").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")] // OID-30
async fn of_many_who_come_with_one_use_one_registers() {
    each_open_campus(async |campus| {
        let token = initial_token(campus, 1).await;
        let all: Vec<_> = (0..16)
            .map(|_| {
                let mut visitor = campus.visitor();
                let request = request("POST", REGISTER, Some(&token), &metadata().to_string());
                tokio::spawn(async move { visitor.send(request).await.status.as_u16() })
            })
            .collect();
        let mut given = Vec::new();
        for one in all {
            given.push(one.await.unwrap());
        }
        given.sort_unstable();
        assert_eq!(given[0], 201, "{given:?}");
        assert!(given[1..].iter().all(|status| *status == 401), "{given:?}");
        assert_eq!(campus.count("registered_clients").await, 1);
    })
    .await;
}

#[tokio::test]
async fn metadata_that_can_not_be_taken_are_named_and_use_nothing_up() {
    each_open_campus(async |campus| {
        let token = initial_token(campus, 1).await;
        for (member, value, error, says) in [
            (
                "redirect_uris",
                json!([]),
                "invalid_redirect_uri",
                "redirect_uris: ",
            ),
            (
                "redirect_uris",
                json!(["https://rp.example.edu/cb", "https://rp.example.edu/*"]),
                "invalid_redirect_uri",
                "redirect_uris[1]: ",
            ),
            (
                "grant_types",
                json!(["password"]),
                "invalid_client_metadata",
                "grant_types: ",
            ),
            (
                "response_types",
                json!(["code", "token"]),
                "invalid_client_metadata",
                "response_types[1]: ",
            ),
            (
                "jwks_uri",
                json!("http://169.254.169.254/keys"),
                "invalid_client_metadata",
                "jwks_uri: ",
            ),
            (
                "jwks",
                json!({ "keys": "none" }),
                "invalid_client_metadata",
                "jwks: ",
            ),
            (
                "sector_identifier_uri",
                json!("https://10.0.0.1/"),
                "invalid_client_metadata",
                "sector_identifier_uri: ",
            ),
        ] {
            let mut wrong = metadata();
            wrong[member] = value;
            let (reply, trail) =
                changing_nothing(campus, async || post(campus, Some(&token), &wrong).await).await;
            assert_eq!(fault(&reply, 400), error, "{wrong}");
            let answer: Value = serde_json::from_slice(&reply.bytes).unwrap();
            let description = text(&answer, "error_description");
            assert!(description.starts_with(says), "{description}");
            assert!(trail.is_empty(), "{trail:?}");
        }
        // No JSON, not said to be JSON, a member twice, too long.
        let whole = metadata().to_string();
        let twice = whole.replacen('{', "{\"client_name\":\"x\",", 1);
        let long = json!({ "redirect_uris": ["x".repeat(20_000)] }).to_string();
        for (body, is_json, status, error) in [
            ("redirect_uris=x", true, 400, "invalid_client_metadata"),
            (&*whole, false, 400, "invalid_client_metadata"),
            (&*twice, true, 400, "invalid_client_metadata"),
            (&*long, true, 413, "invalid_request"),
        ] {
            let mut request = request("POST", REGISTER, Some(&token), body);
            if !is_json {
                let form = "text/plain".parse().unwrap();
                request.headers_mut().insert("content-type", form);
            }
            let reply = campus.visitor().send(request).await;
            assert_eq!(fault(&reply, status), error, "{body:.40}");
        }
        let (reply, trail) = audited_by(campus, async || {
            post(campus, Some(&token), &metadata()).await
        })
        .await;
        created(&reply);
        assert_eq!(
            trail,
            [
                "application.change success -",
                "oidc.client.register success -"
            ]
        );
        let trail = rows(campus, "audit_events").await;
        assert!(trail.contains(LABEL) && !trail.contains(&token));
    })
    .await;
}

#[tokio::test] // OID-30
async fn strangers_are_counted_by_their_address() {
    let few = |config: &mut idp::config::Config| {
        config.oidc.registration = true;
        config.limits.stranger_per_minute = serde_json::from_value(10.into()).unwrap();
    };
    each_campus_with(few, async |campus| {
        let mut visitor = campus.visitor();
        let mut statuses = Vec::new();
        for _ in 0..11 {
            let request = request("POST", REGISTER, Some("IT-x"), "{}");
            statuses.push(visitor.send(request).await.status.as_u16());
        }
        assert_eq!(statuses[..10], [401; 10]);
        assert_eq!(statuses[10], 429);
        let request = request("GET", "/oidc/register/dyn-1", Some("RR-x"), "");
        let reply = visitor.send(request).await;
        assert_eq!(reply.status, 429);
        assert!(reply.header("retry-after").is_some());
    })
    .await;
}
