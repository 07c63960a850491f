//! What lies in the database, and with which key.

use migrations::testing::{assert_prepares, engines};
use migrations::{PORTAL, run};
use portal::{Hall, HallKey, HallParts, StartError};

use crate::support::{Clock, hall, stages};

#[tokio::test]
async fn every_statement_prepares_on_its_engines() {
    for db in engines(&[PORTAL]).await {
        assert_prepares(&db, &portal::statements()).await;
    }
}

#[tokio::test]
async fn cookie_and_tokens_lie_hashed_and_sealed() {
    for stage in stages().await {
        let browser = stage.signed_in().await;
        let mut conn = stage.db.read().await.unwrap();
        let rows: Vec<(Vec<u8>, Vec<u8>)> = run!(conn, c => sqlx::query_as(
            "SELECT cookie_hash, sealed FROM portal_sessions").fetch_all(c))
        .unwrap();
        assert_eq!(rows.len(), 1);
        let (hash, sealed) = &rows[0];
        let holds = |bytes: &[u8], text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!holds(hash, &browser.cookies["hall"]));
        for text in ["AT-", "RT-", "eyJ", "李晓雨"] {
            assert!(!holds(sealed, text), "{text}");
        }
    }
}

#[tokio::test]
async fn another_key_stops_the_start() {
    for db in engines(&[PORTAL]).await {
        assert!(!portal::has_data(&db).await.unwrap());
        let clock = Clock::new();
        hall(&db, "http://localhost:1", &clock).await;
        assert!(portal::has_data(&db).await.unwrap());
        hall(&db, "http://localhost:1", &clock).await;
        let parts = HallParts {
            key: HallKey::new([8; 32]),
            ..crate::support::parts(&db, "http://localhost:1", &clock)
        };
        let error = Hall::start(parts).await.unwrap_err();
        assert!(matches!(error, StartError::WrongKey));
    }
}
