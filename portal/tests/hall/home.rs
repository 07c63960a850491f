//! The home page: what a guest sees.

use std::time::Duration;

use serde_json::json;

use crate::support::provider::FakeProvider;
use crate::support::{Clock, hall, jobs, stage};
use migrations::PORTAL;
use migrations::testing::engines;

fn tiles() -> serde_json::Value {
    let words = |zh: &str, en: &str| json!({"zh-CN": zh, "en": en});
    json!([
        {"id": "library", "name": words("图书馆", "Library"), "url": "https://lib.example.edu/",
            "category": words("学习", "Study"), "description": words("借阅", "Loans")},
        {"id": "evil", "name": words("坏", "Evil"), "url": "javascript:alert(1)",
            "category": words("学习", "Study")},
        {"id": "office", "name": words("办公 <b>", "Office <b>"), "url": "https://oa.example.edu/",
            "category": words("办公", "Office")},
    ])
}

/// Waits for what the jobs do.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to hold");
}

#[tokio::test]
async fn a_guest_finds_the_applications() {
    let stage = stage().await;
    stage.provider.told(|conduct| conduct.listed = tiles());
    let _jobs = jobs(&stage.hall);
    let mut guest = stage.browser();
    until(async || guest.get("/").await.has("lib.example.edu")).await;
    let home = guest.get("/").await;
    for text in [
        "业务直通车",
        "图书馆",
        "借阅",
        "学习",
        "办公 &lt;b&gt;",
        "登录",
    ] {
        assert!(home.has(text), "{text}");
    }
    assert!(!home.has("javascript:") && !home.has("退出登录"));
    assert!(
        !guest.cookies.contains_key("hall"),
        "a page view stores nothing"
    );
    let found = guest.get("/?q=loans&locale=en").await;
    assert!(found.has("Library") && !found.has("oa.example.edu"));
    assert_eq!(guest.cookies["hall-locale"], "en");
    let none = guest.get("/?q=%22%3E%3Cb%3E").await;
    assert!(none.has("id=\"empty\"") && none.has("value=\"&quot;&gt;&lt;b&gt;\""));
    // The other language's link keeps the search and nothing else.
    assert!(found.has("/?q=loans&amp;locale=zh-CN"));
    let odd = guest.get("/?code=secret&q=a").await;
    assert!(!odd.has("secret"));
}

#[tokio::test]
async fn the_hall_starts_without_its_provider_and_finds_it_later() {
    let db = engines(&[PORTAL]).await.next().unwrap();
    let clock = Clock::new();
    let provider = FakeProvider::start(clock.clone()).await;
    provider.told(|conduct| {
        conduct.away = true;
        conduct.listed = tiles();
    });
    let hall = hall(&db, &provider.issuer, &clock).await;
    let mut guest = crate::support::Browser {
        router: hall.router(),
        cookies: std::collections::BTreeMap::new(),
    };
    assert!(!guest.get("/").await.has("data-said="), "not asked yet");
    let reply = guest.get("/signin").await;
    assert_eq!(reply.failure(), Some("away"));
    assert_eq!(reply.headers["retry-after"], "5");
    assert!(guest.get("/").await.has("data-said=\"away\""));
    let asked = provider.count("discovery");
    guest.get("/signin").await;
    assert_eq!(
        provider.count("discovery"),
        asked,
        "not asked at each click"
    );
    provider.told(|conduct| conduct.away = false);
    clock.advance(jiff::SignedDuration::from_secs(5));
    let _jobs = jobs(&hall);
    until(async || guest.get("/").await.has("lib.example.edu")).await;
    assert!(!guest.get("/").await.has("data-said="));
    // Away again: what is known stays.
    provider.told(|conduct| conduct.away = true);
    assert!(guest.get("/").await.has("lib.example.edu"));
}

#[tokio::test] // PRT-02
async fn names_and_searches_are_text_and_nothing_else() {
    let hostile = "\"><img src=x onerror=alert(1)>";
    let stage = stage().await;
    stage.provider.told(|conduct| {
        let words = json!({"zh-CN": hostile, "en": hostile});
        conduct.name = hostile.into();
        conduct.listed = json!([{"id": hostile, "name": words, "category": words,
            "description": words, "url": "https://a.example.edu/\"><img src=x>"}]);
    });
    let _jobs = jobs(&stage.hall);
    let mut browser = stage.signed_in().await;
    until(async || browser.get("/").await.has("a.example.edu")).await;
    let search: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    for path in ["/".to_owned(), format!("/?q={search}")] {
        let home = browser.get(&path).await;
        assert!(home.has("&lt;img"), "{path}");
        assert!(!home.has("<img src=x"), "{path}");
    }
}
