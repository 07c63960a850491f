use std::sync::atomic::{AtomicU64, Ordering};

use idp_domain::Timestamp;
use idp_domain::applications::{ApplicationId, Refusal};
use idp_storage::applications::Change;
use idp_storage::{Db, audit};
use migrations::IDP;
use migrations::testing::engines;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::{ApplicationRegistry, Here, ImportError, ImportReport, import, remove};

fn entry(id: &str, service: &str) -> Value {
    json!({ "id": id, "name": { "zh-CN": "应用", "en": "Application" }, "cas": { "services": [service] } })
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn ids(ids: &[&str]) -> Vec<ApplicationId> {
    ids.iter()
        .map(|id| ApplicationId::parse(id).unwrap())
        .collect()
}

fn here(demo: bool) -> Here<'static> {
    Here {
        issuer: "https://id.example.edu",
        demo,
    }
}

async fn try_import(db: &Db, entries: Value) -> Result<ImportReport, ImportError> {
    static SEED: AtomicU64 = AtomicU64::new(100);
    let mut rng = StdRng::seed_from_u64(SEED.fetch_add(1, Ordering::Relaxed));
    let mut tx = db.write().await.unwrap();
    let report = import(&mut tx, &entries.to_string(), here(false), now(), &mut rng).await?;
    tx.commit().await.unwrap();
    Ok(report)
}

async fn audited(db: &Db) -> Vec<(String, String, Value)> {
    let mut conn = db.read().await.unwrap();
    let rows = audit::list(&mut conn, Timestamp::UNIX_EPOCH, 100)
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| (row.event, row.application_id.unwrap(), row.detail.0))
        .collect()
}

#[tokio::test]
async fn an_import_tells_what_it_did_and_leaves_its_audit_rows() {
    for db in engines(&[IDP]).await {
        let library = entry("library", "https://lib.example.edu/*");
        let mail = entry("mail", "https://mail.example.edu/cb");
        let first = try_import(&db, json!([library, mail])).await.unwrap();
        assert_eq!(first.added, ids(&["library", "mail"]));
        assert_eq!((first.changed, first.unchanged), (vec![], vec![]));

        let moved = entry("mail", "https://mail.example.edu/login");
        let hall = entry("hall", "https://hall.example.edu/*");
        let second = try_import(&db, json!([hall, moved, library]))
            .await
            .unwrap();
        assert_eq!(second.added, ids(&["hall"]));
        assert_eq!(second.changed, ids(&["mail"]));
        assert_eq!(second.unchanged, ids(&["library"]));

        let mut told = audited(&db).await;
        told.sort_by(|a, b| (&a.1, a.2.to_string()).cmp(&(&b.1, b.2.to_string())));
        let row = |id: &str, new| {
            (
                "application.change".to_owned(),
                id.to_owned(),
                json!({ "new": new }),
            )
        };
        assert_eq!(
            told,
            [
                row("hall", true),
                row("library", true),
                row("mail", false),
                row("mail", true)
            ]
        );
    }
}

#[tokio::test]
async fn a_bad_entry_imports_nothing() {
    for db in engines(&[IDP]).await {
        let good = entry("library", "https://lib.example.edu/*");
        let bad = entry("mail", "https://*");
        let error = try_import(&db, json!([good, bad])).await.unwrap_err();
        assert!(matches!(error, ImportError::Entries(_)));
        assert!(
            error
                .to_string()
                .starts_with(r#"entry 2 ("mail"), cas.services[0]: "https://*""#),
            "{error}"
        );
        assert!(
            ApplicationRegistry::load(&db, false)
                .await
                .unwrap()
                .current()
                .is_empty()
        );
        assert!(audited(&db).await.is_empty());
    }
}

#[tokio::test] // OID-17, OID-23
async fn our_own_address_is_no_resource_of_an_application() {
    for db in engines(&[IDP]).await {
        for key in ["audiences", "resource_server_for"] {
            for own in ["https://id.example.edu", "https://id.example.edu/"] {
                let entry = json!({ "id": "api", "name": { "zh-CN": "接口", "en": "API" },
                    "oidc": { "client_secret": "a-secret-of-the-tests",
                        "redirect_uris": ["https://api.example.edu/cb"],
                        key: ["https://api.example.edu", own] } });
                let error = try_import(&db, entry).await.unwrap_err().to_string();
                assert!(error.starts_with(&format!("api: oidc.{key}: ")), "{error}");
            }
        }
        assert!(audited(&db).await.is_empty());
    }
}

#[tokio::test]
async fn a_pattern_that_another_application_has_is_refused() {
    for db in engines(&[IDP]).await {
        try_import(&db, entry("library", "https://lib.example.edu/*"))
            .await
            .unwrap();
        let other = entry("other", "https://LIB.example.edu:443/*");
        let error = try_import(&db, other).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"https://lib.example.edu/* is claimed by both "library" and "other""#
        );
        // It may pass from one entry to another in one import.
        let swapped = json!([
            entry("library", "https://new.example.edu/*"),
            entry("other", "https://lib.example.edu/*"),
        ]);
        try_import(&db, swapped).await.unwrap();
    }
}

#[tokio::test] // TKT-11
async fn a_proxy_target_is_registered_before_or_in_the_same_file() {
    for db in engines(&[IDP]).await {
        let mut portal = entry("portal", "https://portal.example.edu/*");
        portal["cas"]["proxy"] = json!({ "targets": ["portal", "mail"] });
        let error = try_import(&db, portal.clone()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"the entry ("portal"), cas.proxy.targets[1]: no application "mail" is registered"#
        );
        let mail = entry("mail", "https://mail.example.edu/*");
        let both = try_import(&db, json!([portal, mail])).await.unwrap();
        assert_eq!(both.added, ids(&["portal", "mail"]));
        let again = try_import(&db, portal).await.unwrap();
        assert_eq!(again.unchanged, ids(&["portal"]));
    }
}

#[tokio::test]
async fn a_node_sees_a_change_at_its_next_refresh_and_not_before() {
    for db in engines(&[IDP]).await {
        let node = ApplicationRegistry::load(&db, false).await.unwrap();
        assert!(!node.refresh_if_changed(&db).await.unwrap());
        let service = "https://lib.example.edu/x";
        try_import(&db, entry("library", "https://lib.example.edu/*"))
            .await
            .unwrap();
        assert_eq!(node.current().resolve(service).unwrap_err(), Refusal::Host);

        assert!(node.refresh_if_changed(&db).await.unwrap());
        assert!(!node.refresh_if_changed(&db).await.unwrap());
        let (application, _) = node.current().resolve(service).unwrap();
        assert_eq!(application.id.as_str(), "library");

        // A request that took the registry keeps what it took.
        let taken = node.current();
        let mut rng = StdRng::seed_from_u64(9);
        let mut tx = db.write().await.unwrap();
        assert!(
            remove(&mut tx, &application.id, now(), &mut rng)
                .await
                .unwrap()
        );
        assert!(
            !remove(&mut tx, &application.id, now(), &mut rng)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert!(node.refresh_if_changed(&db).await.unwrap());
        assert!(node.current().is_empty() && taken.resolve(service).is_ok());
        let removals: Vec<_> = audited(&db)
            .await
            .into_iter()
            .filter(|(event, ..)| event == "application.remove")
            .map(|(_, id, _)| id)
            .collect();
        assert_eq!(removals, ["library"]);
    }
}

#[tokio::test]
async fn reading_the_registry_needs_no_database() {
    for db in engines(&[IDP]).await {
        try_import(&db, entry("library", "https://lib.example.edu/*"))
            .await
            .unwrap();
        let node = ApplicationRegistry::load(&db, false).await.unwrap();
        db.close().await;
        assert!(node.current().resolve("https://lib.example.edu/").is_ok());
        assert!(node.refresh_if_changed(&db).await.is_err());
        assert!(node.current().resolve("https://lib.example.edu/").is_ok());
    }
}

#[tokio::test] // RED-13
async fn an_entry_of_a_demonstration_is_left_out_elsewhere_and_may_be_replaced() {
    for db in engines(&[IDP]).await {
        let mut rng = StdRng::seed_from_u64(1);
        let demo = json!([
            entry("demo-app", "https://localhost:*/*"),
            entry("library", "https://lib.example.edu/*")
        ]);
        let mut tx = db.write().await.unwrap();
        import(&mut tx, &demo.to_string(), here(true), now(), &mut rng)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let demonstration = ApplicationRegistry::load(&db, true).await.unwrap();
        assert!(
            demonstration
                .current()
                .resolve("https://localhost:9/x")
                .is_ok()
        );
        let campus = ApplicationRegistry::load(&db, false).await.unwrap();
        assert_eq!(
            campus
                .current()
                .resolve("https://localhost:9/x")
                .unwrap_err(),
            Refusal::Host
        );
        assert!(campus.current().resolve("https://lib.example.edu/").is_ok());

        let replaced = try_import(&db, entry("demo-app", "https://demo.example.edu/*"))
            .await
            .unwrap();
        assert_eq!(replaced.changed, ids(&["demo-app"]));
    }
}

#[tokio::test]
async fn an_empty_import_changes_nothing() {
    for db in engines(&[IDP]).await {
        let node = ApplicationRegistry::load(&db, false).await.unwrap();
        assert_eq!(
            try_import(&db, json!([])).await.unwrap(),
            ImportReport::default()
        );
        assert!(!node.refresh_if_changed(&db).await.unwrap());
        let mut tx = db.write().await.unwrap();
        Change::begin(&mut tx).await.unwrap();
        drop(tx);
        assert!(!node.refresh_if_changed(&db).await.unwrap());
    }
}
