//! `/dev/inbox`.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use jiff::Timestamp;
use jiff::tz::{self, TimeZone};
use migrations::testing::{TestDb, engines};
use migrations::{Db, SMS};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sms_gateway::{
    Code, Config, Deployment, Gateway, Inbox, Message, NumberKey, PhoneNumber, Purpose, Template,
    inbox_router,
};
use themes::{Locale, ThemeOptions, Themes};
use tower::ServiceExt;

async fn with_messages(db: &TestDb) {
    let gateway = Gateway::new(
        (**db).clone(),
        Config::inbox("一门大学"),
        NumberKey::new(&[7; 32]),
        Deployment::Demo,
    )
    .unwrap();
    let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    for (key, to, code) in [
        ("a", "13800000001", "111222"),
        ("b", "13800000002", "333444"),
    ] {
        let message = Message {
            idempotency_key: key.into(),
            to: PhoneNumber::parse(to).unwrap(),
            signed_in: false,
            purpose: Purpose::Activation,
            template: Template::Code {
                code: Code::parse(code).unwrap(),
                minutes: 5,
            },
            locale: Locale::ZhCn,
        };
        gateway.submit(&message, now, &mut rng).await.unwrap();
    }
}

async fn get(db: &Db, path: &str) -> Response<Body> {
    let themes = Arc::new(Themes::load(&ThemeOptions::default()).unwrap());
    let zone = TimeZone::fixed(tz::offset(8));
    inbox_router(Inbox::new(db.clone()), themes, zone)
        .oneshot(Request::get(path).body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_page_shows_messages_and_is_not_cached() {
    for db in engines(&[SMS]).await {
        with_messages(&db).await;
        let all = get(&db, "/dev/inbox").await;
        assert_eq!(all.status(), StatusCode::OK);
        assert_eq!(all.headers()[header::CACHE_CONTROL], "no-store");
        let all = text(all).await;
        assert!(all.contains("111222") && all.contains("333444"), "{all}");
        assert!(all.contains("2026-11-21 16:00:00"), "{all}");

        let one = text(get(&db, "/dev/inbox?to=138+0000+0002").await).await;
        assert!(!one.contains("111222") && one.contains("333444"), "{one}");
        assert!(one.contains("lang=\"zh-CN\""), "{one}");
        let english = text(get(&db, "/dev/inbox?locale=en").await).await;
        assert!(english.contains("lang=\"en\""), "{english}");
    }
}

#[tokio::test]
async fn a_number_that_is_none_shows_nothing_and_is_escaped() {
    for db in engines(&[SMS]).await {
        with_messages(&db).await;
        let response = get(&db, "/dev/inbox?to=%3Cscript%3Ealert(1)%3C/script%3E").await;
        assert_eq!(response.status(), StatusCode::OK);
        let page = text(response).await;
        assert!(
            !page.contains("<script>alert") && !page.contains("111222"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503() {
    for db in engines(&[SMS]).await {
        db.close().await;
        let response = get(&db, "/dev/inbox").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
