//! What launchers are told of the registry: `GET /api/v1/applications/listed`, over both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::kit::{register, unregister};
use support::{Campus, Reply, each_campus};

const PATH: &str = "/api/v1/applications/listed";

fn bus(id: &str, enabled: bool) -> Value {
    json!({ "id": id, "name": { "zh-CN": "班车", "en": "Bus" }, "enabled": enabled,
        "listed": { "url": "https://bus.uni.edu.cn/#/today",
            "category": { "zh-CN": "生活", "en": "Life" },
            "description": { "zh-CN": "校区之间", "en": "Between the campuses" } } })
}

async fn ask(campus: &Campus, known: Option<&str>) -> Reply {
    let request = known.iter().fold(Request::get(PATH), |request, tag| {
        request.header("if-none-match", *tag)
    });
    campus
        .visitor()
        .send(request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn launchers_are_told_what_asks_to_be_listed_and_is_switched_on() {
    each_campus(async |campus| {
        // The demonstration's own.
        let before: Vec<Value> = serde_json::from_str(&ask(campus, None).await.body()).unwrap();
        let plain = json!({ "id": "plain", "name": { "zh-CN": "甲", "en": "A" },
            "cas": { "services": ["https://plain.uni.edu.cn/*"] } });
        register(
            campus,
            &json!([bus("bus", true), bus("ferry", false), plain]),
        )
        .await;

        let reply = ask(campus, None).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("public, no-cache"));
        // Nothing of a person is asked for, and nothing is left with the browser.
        assert_eq!(reply.header("set-cookie"), None);
        let mut told: Vec<Value> = serde_json::from_str(&reply.body()).unwrap();
        told.retain(|one| !before.contains(one));
        let mut expected = bus("bus", true)["listed"].clone();
        expected["id"] = json!("bus");
        expected["name"] = json!({ "zh-CN": "班车", "en": "Bus" });
        assert_eq!(told, [expected]);
    })
    .await;
}

#[tokio::test]
async fn what_a_launcher_has_already_isn_t_sent_again_until_it_changes() {
    each_campus(async |campus| {
        register(campus, &bus("bus", true)).await;
        let tag = ask(campus, None).await.header("etag").unwrap().to_owned();
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".into(),
        ] {
            let reply = ask(campus, Some(&known)).await;
            assert_eq!(
                (reply.status.as_u16(), reply.body().as_str()),
                (304, ""),
                "{known}"
            );
            assert_eq!(reply.header("etag"), Some(tag.as_str()));
        }
        assert_eq!(ask(campus, Some("\"x\"")).await.status, 200);

        register(campus, &bus("ferry", true)).await;
        let reply = ask(campus, Some(&tag)).await;
        assert_eq!(reply.status, 200);
        assert_ne!(reply.header("etag"), Some(tag.as_str()));
        unregister(campus, "ferry").await;
        assert_eq!(ask(campus, Some(&tag)).await.status, 304);
    })
    .await;
}
