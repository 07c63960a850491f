use idp_domain::applications::ApplicationId;
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::Scopes;
use idp_domain::oidc::authorize::DeviceRequest;
use idp_storage::device_grants::{self, Approval, DeviceState, NewDevice};
use idp_storage::{Db, Tx};
use migrations::run;

use crate::in_tx;
use crate::support::{CROWD, at, databases, id, race, session, student, tag, winners};

fn request() -> DeviceRequest {
    DeviceRequest {
        scopes: Scopes::parse("openid profile").unwrap(),
        resources: vec!["https://api.edu.cn".into()],
        granted: None,
    }
}

fn approval(grant: GrantId, request: &DeviceRequest) -> Approval<'_> {
    Approval {
        grant,
        number: "s1",
        subject: "her",
        request,
    }
}

/// Device and user code have the hashes `seed` and `1000 + seed`.
async fn create(tx: &mut Tx, seed: usize, most: i64) -> bool {
    let new = NewDevice {
        device: tag(seed),
        user_code: tag(1_000 + seed),
        authorization: AuthorizationId(id(2_000 + seed)),
        application: &ApplicationId::parse("tv").unwrap(),
        request: &request(),
        poll_seconds: 5,
        created_at: at(0),
        expires_at: at(600),
    };
    device_grants::create(tx, &new, most).await.unwrap()
}

/// The grant of a session, which a device is let in by.
async fn grant(db: &Db) -> GrantId {
    let person = student(db, 1, &["s1"]).await;
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, 1).await;
    let sql = "INSERT INTO grants (id, sid, application_id, protocol, created_at, number, subject)
        VALUES ($1, $2, 'tv', 'oidc', 0, 's1', 'her')";
    run!(tx, c => sqlx::query(sql).bind(id(7)).bind(sid.0).execute(c)).unwrap();
    tx.commit().await.unwrap();
    GrantId(id(7))
}

#[tokio::test] // OIDC 104
async fn a_device_is_decided_about_in_time_and_once() {
    for db in databases().await {
        let grant = grant(&db).await;
        let mut tx = db.write().await.unwrap();
        assert!(create(&mut tx, 1, 9).await);
        assert!(create(&mut tx, 2, 9).await);
        let found = device_grants::waiting(&mut tx, &tag(1_001), at(599))
            .await
            .unwrap();
        assert_eq!(
            found.map(|w| (w.application, w.request)),
            Some(("tv".into(), request()))
        );
        assert_eq!(
            device_grants::waiting(&mut tx, &tag(1_001), at(600))
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            device_grants::waiting(&mut tx, &tag(1), at(1))
                .await
                .unwrap(),
            None
        );
        let code = tag(1_001);
        assert!(
            !device_grants::approve(&mut tx, &code, &approval(grant, &request()), at(600))
                .await
                .unwrap()
        );
        assert!(
            !device_grants::consume(&mut tx, &tag(1), at(1))
                .await
                .unwrap()
        );
        assert!(
            device_grants::approve(&mut tx, &code, &approval(grant, &request()), at(1))
                .await
                .unwrap()
        );
        // What she let it in as, a code of the session doesn't change.
        let sql = "UPDATE grants SET number = 's2', subject = 'another'";
        run!(tx, c => sqlx::query(sql).execute(c)).unwrap();
        assert!(!device_grants::deny(&mut tx, &code, at(2)).await.unwrap());
        assert_eq!(
            device_grants::waiting(&mut tx, &code, at(2)).await.unwrap(),
            None
        );
        let device = device_grants::find(&mut tx, &tag(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(device.state, DeviceState::Approved);
        assert_eq!(
            (device.grant, device.subject.as_deref()),
            (Some(grant), Some("her"))
        );
        assert_eq!(device.number.as_deref(), Some("s1"));

        assert!(
            device_grants::deny(&mut tx, &tag(1_002), at(1))
                .await
                .unwrap()
        );
        let device = device_grants::find(&mut tx, &tag(2))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((device.state, device.grant), (DeviceState::Denied, None));
        assert!(
            !device_grants::consume(&mut tx, &tag(2), at(1))
                .await
                .unwrap()
        );
    }
}

#[tokio::test] // OIDC 104, 105
async fn so_many_wait_and_no_code_stands_for_two() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        assert!(create(&mut tx, 1, 2).await);
        assert!(create(&mut tx, 2, 2).await);
        assert!(!create(&mut tx, 3, 2).await);
        assert!(
            device_grants::deny(&mut tx, &tag(1_001), at(1))
                .await
                .unwrap()
        );
        assert!(create(&mut tx, 3, 2).await);
        let same = NewDevice {
            device: tag(50),
            user_code: tag(1_002),
            authorization: AuthorizationId(id(2_050)),
            application: &ApplicationId::parse("tv").unwrap(),
            request: &request(),
            poll_seconds: 5,
            created_at: at(0),
            expires_at: at(600),
        };
        assert!(!device_grants::create(&mut tx, &same, 99).await.unwrap());
    }
}

#[tokio::test] // OIDC 104
async fn polls_are_paced_and_the_pace_is_kept() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        assert!(create(&mut tx, 1, 9).await);
        for (second, in_time) in [
            (0, true),
            (5, true),
            (9, false),
            (18, false),
            (33, true),
            (47, false),
        ] {
            let polled = device_grants::poll(&mut tx, &tag(1), 5, at(second))
                .await
                .unwrap();
            assert_eq!(polled, in_time, "at {second} s");
        }
    }
}

#[tokio::test(flavor = "multi_thread")] // OIDC 104
async fn a_device_fetches_its_tokens_once_under_race() {
    for db in databases().await {
        let grant = grant(&db).await;
        let mut tx = db.write().await.unwrap();
        assert!(create(&mut tx, 1, 9).await);
        let code = tag(1_001);
        assert!(
            device_grants::approve(&mut tx, &code, &approval(grant, &request()), at(1))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        let fetched = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => device_grants::consume(&mut tx, &tag(1), at(2)))
        })
        .await;
        assert_eq!(winners(&fetched), 1);
    }
}
