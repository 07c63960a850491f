//! What comes from the registry of another server is stored as any entry is, on both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use idp::applications::{ApplicationRegistry, Here, import};
use idp_domain::Timestamp;
use idp_domain::applications::apereo::{AttributeNames, Options, SourceFile, convert};
use jiff::tz::TimeZone;
use migrations::IDP;
use migrations::testing::engines;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn entries() -> Vec<serde_json::Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/domain/tests/apereo/registry");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        SourceFile {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            content: std::fs::read(&path).unwrap(),
        }
    });
    let options = Options {
        names: &AttributeNames::default(),
        zone: &TimeZone::UTC,
        environments: &[],
        demo: false,
    };
    convert(&files.collect::<Vec<_>>(), options).entries
}

#[tokio::test]
async fn converted_entries_are_stored_once_and_read_by_every_node() {
    let text = serde_json::to_string(&entries()).unwrap();
    for db in engines(&[IDP]).await {
        let mut rng = StdRng::seed_from_u64(7);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut tx = db.write().await.unwrap();
        let here = Here {
            issuer: "https://id.example.edu",
            demo: false,
        };
        let first = import(&mut tx, &text, here, now, &mut rng).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((first.added.len(), first.changed.len()), (47, 0));

        let mut tx = db.write().await.unwrap();
        let second = import(&mut tx, &text, here, now, &mut rng).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!((second.added.len(), second.unchanged.len()), (0, 47));

        let node = ApplicationRegistry::load(&db, false).await.unwrap();
        let registry = node.current();
        assert_eq!(registry.len(), 47, "none is left out when it is read again");
        let (application, _) = registry.resolve("https://off.example.edu.cn/x").unwrap();
        assert!(!application.enabled);
    }
}
