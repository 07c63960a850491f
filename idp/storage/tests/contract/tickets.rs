use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, PersonId};
use idp_storage::Db;
use idp_storage::tickets::{self, NewTicket};

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, session, student, tag};

const SERVICE: &str = "https://lib.example.edu/app";

async fn issue(db: &Db, person: PersonId, seed: usize) {
    let application = ApplicationId::parse("library").unwrap();
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, seed).await;
    let ticket = NewTicket {
        hash: tag(seed),
        grant: GrantId(id(2_000_000 + seed)),
        sid,
        application: &application,
        number: "s1",
        logout: None,
        proxied_by: None,
        service: SERVICE,
        from_new_login: seed.is_multiple_of(2),
        issued_at: at(0),
        expires_at: at(10),
    };
    tickets::issue(&mut tx, &ticket).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_consumed_ticket_tells_what_it_was_issued_for() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        for seed in [10, 11] {
            issue(&db, person, seed).await;
            let consumed = in_tx!(db, tx => tickets::consume(&mut tx, &tag(seed), at(3)));
            let consumed = consumed.unwrap();
            assert_eq!(consumed.grant, id(2_000_000 + seed));
            assert_eq!(consumed.application, "library");
            assert_eq!(consumed.service, SERVICE);
            assert_eq!(consumed.from_new_login, seed == 10);
            assert_eq!(consumed.expires_at, at(10));
        }
    }
}

#[tokio::test(flavor = "multi_thread")] // TKT-02
async fn of_sixty_four_who_consume_a_ticket_one_gets_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        for round in 0..5 {
            issue(&db, person, round).await;
            let got = race(&db, CROWD, move |db, _| async move {
                in_tx!(db, tx => tickets::consume(&mut tx, &tag(round), at(1))).is_some()
            })
            .await;
            assert_eq!(crate::support::winners(&got), 1, "round {round}");
        }
    }
}

#[tokio::test] // TKT-03: too old or for another service, it is gone in any case
async fn a_ticket_is_burnt_whatever_the_caller_makes_of_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        issue(&db, person, 1).await;
        assert!(in_tx!(db, tx => tickets::exists(&mut tx, &tag(1))));
        assert!(in_tx!(db, tx => tickets::consume(&mut tx, &tag(1), at(3600))).is_some());
        assert!(in_tx!(db, tx => tickets::consume(&mut tx, &tag(1), at(1))).is_none());
        // A replay can still be told from an invention.
        assert!(in_tx!(db, tx => tickets::exists(&mut tx, &tag(1))));
    }
}

#[tokio::test]
async fn an_unknown_ticket_is_nobodys() {
    for db in databases().await {
        assert!(in_tx!(db, tx => tickets::consume(&mut tx, &tag(9), at(1))).is_none());
        assert!(!in_tx!(db, tx => tickets::exists(&mut tx, &tag(9))));
    }
}

#[tokio::test] // FLT-01: a node that dies in between has consumed nothing
async fn a_transaction_that_is_dropped_consumes_nothing() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        issue(&db, person, 1).await;
        let mut tx = db.write().await.unwrap();
        assert!(
            tickets::consume(&mut tx, &tag(1), at(1))
                .await
                .unwrap()
                .is_some()
        );
        drop(tx);
        assert!(in_tx!(db, tx => tickets::consume(&mut tx, &tag(1), at(2))).is_some());
        assert_eq!(count(&db, "SELECT count(*) FROM grants").await, 1);
    }
}
