use idp_domain::applications::{Application, ApplicationId, ReleasedAttribute};
use idp_domain::oidc::registration::Permission;
use idp_storage::applications::Change;
use idp_storage::registrations::{self, InitialToken, NewInitialToken};
use idp_storage::{Db, Tx};
use migrations::run;
use serde_json::json;

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, student, tag};

fn permission() -> Permission {
    Permission {
        label: "course 4711".into(),
        releasable: vec![ReleasedAttribute::Name],
        hosts: vec!["cs.example.edu".into()],
    }
}

async fn make(db: &Db, seed: usize, uses: u32) {
    let permission = permission();
    let new = NewInitialToken {
        hash: tag(seed),
        permission: &permission,
        uses,
        created_at: at(0),
        expires_at: at(600),
    };
    in_tx!(db, tx => registrations::make(&mut tx, &new));
}

fn client() -> ApplicationId {
    ApplicationId::parse("dyn-1").unwrap()
}

async fn register(tx: &mut Tx) {
    let entry = json!({
        "id": "dyn-1",
        "name": { "zh-CN": "选课", "en": "Courses" },
        "oidc": {
            "client_secret": "0123456789abcdef",
            "redirect_uris": ["https://rp.example.edu/cb"],
        },
    });
    let application = Application::from_json(&entry, false).unwrap();
    let mut change = Change::begin(tx).await.unwrap();
    change.upsert(&application, at(1)).await.unwrap();
    registrations::keep(tx, &client(), &tag(9), "course 4711", at(1))
        .await
        .unwrap();
}

#[tokio::test] // OID-30
async fn a_token_is_good_for_its_time_and_for_what_it_says() {
    for db in databases().await {
        make(&db, 1, 3).await;
        let mut tx = db.write().await.unwrap();
        for (hash, now) in [(tag(1), at(600)), (tag(2), at(1))] {
            let none = registrations::take_use(&mut tx, &hash, now).await.unwrap();
            assert_eq!(none, None);
        }
        let used = registrations::take_use(&mut tx, &tag(1), at(599)).await;
        assert_eq!(used.unwrap(), Some(permission()));
        let expected = InitialToken {
            hash: tag(1),
            permission: permission(),
            uses_left: 2,
            created_at: at(0),
            expires_at: at(600),
        };
        let found = registrations::find(&mut tx, &tag(1)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
        let all = registrations::list(&mut tx).await.unwrap();
        assert_eq!(all, [expected]);
    }
}

#[tokio::test(flavor = "multi_thread")] // OID-30
async fn a_token_is_used_as_often_as_it_says_under_race() {
    for db in databases().await {
        make(&db, 1, 3).await;
        let used = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => registrations::take_use(&mut tx, &tag(1), at(1))).is_some()
        })
        .await;
        assert_eq!(used.iter().filter(|used| **used).count(), 3);
    }
}

#[tokio::test] // OID-30
async fn a_token_that_is_taken_away_lets_nobody_in_any_more() {
    for db in databases().await {
        make(&db, 1, 3).await;
        make(&db, 2, 3).await;
        let mut tx = db.write().await.unwrap();
        assert!(registrations::revoke(&mut tx, &tag(1)).await.unwrap());
        assert!(!registrations::revoke(&mut tx, &tag(1)).await.unwrap());
        let gone = registrations::take_use(&mut tx, &tag(1), at(1)).await;
        assert_eq!(gone.unwrap(), None);
        let other = registrations::take_use(&mut tx, &tag(2), at(1)).await;
        assert!(other.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_registration_is_found_by_its_own_token_and_goes_with_its_entry() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        register(&mut tx).await;
        let of = async |tx: &mut Tx, id: &ApplicationId, seed| {
            registrations::registered_at(tx, id, &tag(seed))
                .await
                .unwrap()
        };
        assert_eq!(of(&mut tx, &client(), 9).await, Some(at(1)));
        assert_eq!(of(&mut tx, &client(), 8).await, None);
        let other = ApplicationId::parse("dyn-2").unwrap();
        assert_eq!(of(&mut tx, &other, 9).await, None);
        let all = registrations::clients(&mut tx).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].application.as_str(), all[0].label.as_str()),
            ("dyn-1", "course 4711")
        );

        let mut change = Change::begin(&mut tx).await.unwrap();
        assert!(change.remove(&client(), at(2)).await.unwrap());
        assert_eq!(of(&mut tx, &client(), 9).await, None);
        assert!(registrations::clients(&mut tx).await.unwrap().is_empty());
    }
}

/// Another application may come under the same id.
#[tokio::test]
async fn with_an_application_ends_all_that_it_was_given() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        register(&mut tx).await;
        for (seed, application) in [(1, "dyn-1"), (2, "library")] {
            let authorization =
                "INSERT INTO authorizations (id, application_id, person_id, subject,
                scope, detail, created_at, last_used_at, expires_at)
                VALUES ($1, $2, $3, 's', 'openid', '{}', 0, 0, 9000000000000000000)";
            run!(tx, c => sqlx::query(authorization).bind(id(seed)).bind(application)
                .bind(person.0).execute(c))
            .unwrap();
            let consent = "INSERT INTO consents (person_id, application_id, granted, granted_at)
                VALUES ($1, $2, '[]', 0)";
            run!(tx, c => sqlx::query(consent).bind(person.0).bind(application).execute(c))
                .unwrap();
            let device = "INSERT INTO device_grants (device_hash, user_code_mac, authorization_id,
                application_id, request, poll_seconds, created_at, expires_at)
                VALUES ($1, $1, $2, $3, '{}', 5, 0, 9000000000000000000)";
            run!(tx, c => sqlx::query(device).bind(tag(seed).as_bytes()).bind(id(seed))
                .bind(application).execute(c))
            .unwrap();
        }
        let mut change = Change::begin(&mut tx).await.unwrap();
        assert!(change.remove(&client(), at(2)).await.unwrap());
        tx.commit().await.unwrap();
        for (rows, expected) in [
            (
                "SELECT count(*) FROM authorizations WHERE revoked_because = 'removed'",
                1,
            ),
            (
                "SELECT count(*) FROM authorizations WHERE revoked_at IS NULL",
                1,
            ),
            (
                "SELECT count(*) FROM consents WHERE application_id = 'dyn-1'",
                0,
            ),
            ("SELECT count(*) FROM consents", 1),
            (
                "SELECT count(*) FROM device_grants WHERE state = 'denied'",
                1,
            ),
            (
                "SELECT count(*) FROM device_grants WHERE state = 'pending'",
                1,
            ),
        ] {
            assert_eq!(count(&db, rows).await, expected, "{rows}");
        }
    }
}
