//! Requests that applications pushed (RFC 9126).

use idp_domain::applications::ApplicationId;
use idp_storage::Db;
use idp_storage::pushed_requests::{self, NewPushed, Pushed};

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, tag, winners};

const ANY: i64 = i64::MAX;

fn application(id: &str) -> ApplicationId {
    ApplicationId::parse(id).unwrap()
}

fn parameters() -> Vec<(String, String)> {
    vec![("scope".into(), "openid 一".into())]
}

async fn push(db: &Db, seed: usize, most: i64) -> bool {
    let (application, parameters) = (application("library"), parameters());
    let row = NewPushed {
        hash: tag(seed),
        application: &application,
        parameters: &parameters,
        created_at: at(0),
        expires_at: at(60),
    };
    in_tx!(db, tx => pushed_requests::create(&mut tx, &row, most))
}

#[tokio::test] // OID-10: of this application, until its time is over or it was answered
async fn a_request_is_its_applications_and_ends() {
    for db in databases().await {
        assert!(push(&db, 1, ANY).await);
        let find = async |id: &str, hash, seconds| {
            let mut conn = db.read().await.unwrap();
            pushed_requests::find(&mut conn, &hash, &application(id), at(seconds))
                .await
                .unwrap()
        };
        let fresh = Pushed {
            parameters: parameters(),
            opened: false,
        };
        assert_eq!(find("library", tag(1), 59).await, Some(fresh.clone()));
        assert_eq!(find("library", tag(1), 60).await, None);
        assert_eq!(find("library", tag(2), 1).await, None);
        assert_eq!(find("mail", tag(1), 1).await, None);
        // The first presentation gives time, further ones give no more.
        in_tx!(db, tx => pushed_requests::open(&mut tx, &tag(1), at(30), at(630)));
        in_tx!(db, tx => pushed_requests::open(&mut tx, &tag(1), at(600), at(1200)));
        let opened = Pushed {
            opened: true,
            ..fresh
        };
        assert_eq!(find("library", tag(1), 629).await, Some(opened));
        assert_eq!(find("library", tag(1), 630).await, None);
        assert!(!in_tx!(db, tx => pushed_requests::consume(&mut tx, &tag(1), at(630))));
        assert!(in_tx!(db, tx => pushed_requests::consume(&mut tx, &tag(1), at(31))));
        assert!(!in_tx!(db, tx => pushed_requests::consume(&mut tx, &tag(1), at(31))));
        assert_eq!(find("library", tag(1), 31).await, None);
    }
}

#[tokio::test] // one that is too old is not opened
async fn opening_brings_nothing_back() {
    for db in databases().await {
        push(&db, 1, ANY).await;
        in_tx!(db, tx => pushed_requests::open(&mut tx, &tag(1), at(60), at(660)));
        let mut conn = db.read().await.unwrap();
        let found =
            pushed_requests::find(&mut conn, &tag(1), &application("library"), at(60)).await;
        assert_eq!(found.unwrap(), None);
    }
}

#[tokio::test]
async fn an_application_has_so_many_open_and_no_more() {
    for db in databases().await {
        assert!(push(&db, 1, 2).await);
        assert!(push(&db, 2, 2).await);
        assert!(!push(&db, 3, 2).await);
        // One that was answered makes room.
        assert!(in_tx!(db, tx => pushed_requests::consume(&mut tx, &tag(1), at(1))));
        assert!(push(&db, 3, 2).await);
    }
}

#[tokio::test] // OID-10
async fn of_64_answers_one_uses_the_request() {
    for db in databases().await {
        push(&db, 1, ANY).await;
        let used = race(
            &db,
            CROWD,
            async |db, _| in_tx!(db, tx => pushed_requests::consume(&mut tx, &tag(1), at(1))),
        )
        .await;
        assert_eq!(winners(&used), 1);
    }
}
