use idp_domain::ids::{AuthorizationId, GrantId, PersonId};
use idp_domain::oidc::CodeRequest;
use idp_storage::Db;
use idp_storage::codes::{self, NewCode, SessionGrant};

use super::authorizations::{granted, library};
use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, session, student, tag, winners};

fn request() -> CodeRequest {
    CodeRequest {
        redirect_uri: "https://lib.example.edu/callback".into(),
        code_challenge: Some("challenge".into()),
        granted: granted(),
    }
}

/// A grant in a new session, and a code upon it.
pub async fn issue(db: &Db, person: PersonId, seed: usize) -> GrantId {
    let (application, request) = (library(), request());
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, seed).await;
    let grant = |id: usize, number| SessionGrant {
        id: GrantId(crate::support::id(id)),
        sid,
        application: &application,
        number,
        subject: "somebody",
        lane: None,
        at: at(0),
    };
    let first = codes::grant(&mut tx, &grant(2_000_000 + seed, "s0"))
        .await
        .unwrap();
    // The application has one in a session; it keeps its id and learns the newest number.
    let again = codes::grant(&mut tx, &grant(3_000_000 + seed, "s1"))
        .await
        .unwrap();
    assert_eq!(first, again);
    let code = NewCode {
        hash: tag(seed),
        authorization: AuthorizationId(id(4_000_000 + seed)),
        grant: again,
        application: &application,
        request: &request,
        number: "s1",
        subject: "somebody",
        issued_at: at(0),
        expires_at: at(60),
    };
    codes::issue(&mut tx, &code).await.unwrap();
    // What the code stands for, another one of the session doesn't change.
    codes::grant(&mut tx, &grant(5_000_000 + seed, "s2"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    first
}

#[tokio::test] // OID-03: too old or another client's, it is gone in any case
async fn a_consumed_code_tells_what_it_stands_for() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let grant = issue(&db, person, 10).await;
        assert!(in_tx!(db, tx => codes::exists(&mut tx, &tag(10))));
        assert_eq!(in_tx!(db, tx => codes::spent(&mut tx, &tag(10))), None);
        let consumed = in_tx!(db, tx => codes::consume(&mut tx, &tag(10), at(3600))).unwrap();
        assert_eq!(
            (consumed.grant, consumed.application.as_str()),
            (grant, "library")
        );
        assert_eq!(consumed.authorization, AuthorizationId(id(4_000_010)));
        assert_eq!((consumed.request, consumed.expires_at), (request(), at(60)));
        assert_eq!(consumed.number.as_deref(), Some("s1"));
        assert_eq!(consumed.subject.as_deref(), Some("somebody"));

        assert!(in_tx!(db, tx => codes::consume(&mut tx, &tag(10), at(1))).is_none());
        let spent = in_tx!(db, tx => codes::spent(&mut tx, &tag(10))).unwrap();
        assert_eq!(spent.authorization, consumed.authorization);
        assert_eq!(spent.consumed_at, at(3600));
        assert!(!in_tx!(db, tx => codes::exists(&mut tx, &tag(11))));
        assert!(in_tx!(db, tx => codes::consume(&mut tx, &tag(11), at(1))).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")] // OID-02
async fn of_sixty_four_who_consume_a_code_one_gets_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        for round in 0..5 {
            issue(&db, person, round).await;
            let got = race(&db, CROWD, move |db, _| async move {
                in_tx!(db, tx => codes::consume(&mut tx, &tag(round), at(1))).is_some()
            })
            .await;
            assert_eq!(winners(&got), 1, "round {round}");
        }
    }
}

#[tokio::test] // FLT-01: a node that dies in between has consumed nothing
async fn a_transaction_that_is_dropped_consumes_nothing() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        issue(&db, person, 1).await;
        let mut tx = db.write().await.unwrap();
        let consumed = codes::consume(&mut tx, &tag(1), at(1)).await.unwrap();
        assert!(consumed.is_some());
        drop(tx);
        assert!(in_tx!(db, tx => codes::consume(&mut tx, &tag(1), at(2))).is_some());
        assert_eq!(count(&db, "SELECT count(*) FROM grants").await, 1);
    }
}

#[tokio::test] // one `sid` claim in a session, whatever was asked for at once
async fn of_64_first_codes_all_stand_on_one_grant() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        tx.commit().await.unwrap();
        let grants = race(&db, CROWD, move |db, seed| async move {
            let application = library();
            let grant = SessionGrant {
                id: GrantId(id(5_000_000 + seed)),
                sid,
                application: &application,
                number: "s1",
                subject: "somebody",
                lane: None,
                at: at(0),
            };
            in_tx!(db, tx => codes::grant(&mut tx, &grant))
        })
        .await;
        assert!(grants.iter().all(|one| *one == grants[0]));
        assert_eq!(count(&db, "SELECT count(*) FROM grants").await, 1);
    }
}
