//! Whom the end of a session is told.

use std::collections::BTreeSet;

use idp_domain::ids::GrantId;
use idp_storage::logouts::{self, NoticeState};
use idp_storage::outbox::{self, LaneClaim};
use idp_storage::sessions;

use super::given::{MESSAGES, NOTICES, end, enter, grant, issue, session_with};
use crate::in_tx;
use crate::support::{RULES, at, count, databases, race, student, tag};

#[tokio::test] // CAS 50
async fn each_grant_has_one_notice_and_one_message_of_its_own_id() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let sid = session_with(&db, person, 1, &[11, 12]).await;
        let mut tx = db.write().await.unwrap();
        issue(&mut tx, sid, 13, false).await;
        tx.commit().await.unwrap();
        let (ended, notices) = end(&db, 1, 5).await.unwrap();
        assert_eq!((ended.sid, ended.person, notices), (sid, person, 2));
        assert!(end(&db, 1, 6).await.is_none());

        let mut conn = db.read().await.unwrap();
        let told = logouts::notices(&mut conn, sid, NoticeState::Waiting)
            .await
            .unwrap();
        let grants: BTreeSet<_> = told.iter().map(|notice| notice.grant).collect();
        assert_eq!(grants, BTreeSet::from([grant(11), grant(12)]));
        for notice in &told {
            assert_eq!(notice.state, NoticeState::Waiting);
            assert_eq!(notice.application, "library");
            assert_eq!(notice.service, "https://lib.example.edu/app");
            // As the school writes it.
            assert_eq!(notice.number, "S1");
        }
        drop(conn);
        let what = LaneClaim {
            kinds: logouts::KINDS,
            per_lane: 4,
            until: at(60),
            limit: 9,
        };
        let leased = in_tx!(db, tx => outbox::claim_by_lane(&mut tx, what, at(5)));
        let messages: BTreeSet<_> = leased
            .into_iter()
            .map(|message| (GrantId(message.id.0), message.payload_enc))
            .collect();
        let expected = [11, 12].map(|seed| (grant(seed), format!("sealed {seed}").into_bytes()));
        assert_eq!(messages, BTreeSet::from(expected));
    }
}

#[tokio::test] // OIDC 84
async fn a_client_is_told_beside_services_and_its_message_holds_nothing() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let sid = session_with(&db, person, 1, &[11]).await;
        // Another session of hers, in which there is a client alone.
        let alone = session_with(&db, person, 2, &[]).await;
        let mut tx = db.write().await.unwrap();
        enter(&mut tx, sid, 12).await;
        enter(&mut tx, alone, 21).await;
        tx.commit().await.unwrap();
        assert_eq!(end(&db, 1, 5).await.unwrap().1, 2);
        assert_eq!(end(&db, 2, 6).await.unwrap().1, 1);
        let mut conn = db.read().await.unwrap();
        let notice = logouts::notice(&mut conn, grant(12))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(notice.protocol, "oidc");
        assert_eq!((&*notice.subject, &*notice.number), ("subject of s1", "S1"));
        assert!(notice.service.is_empty() && notice.ticket_enc.is_empty());
        let mut told = logouts::applications(&mut conn, sid).await.unwrap();
        told.sort();
        let named = |id: &str, protocol: &str| (id.to_owned(), protocol.to_owned());
        assert_eq!(told, [named("library", "cas"), named("mail", "oidc")]);
        drop(conn);
        let what = LaneClaim {
            kinds: logouts::KINDS,
            per_lane: 4,
            until: at(60),
            limit: 9,
        };
        let leased = in_tx!(db, tx => outbox::claim_by_lane(&mut tx, what, at(6)));
        let messages: BTreeSet<_> = leased
            .into_iter()
            .map(|message| (GrantId(message.id.0), message.kind, message.payload_enc))
            .collect();
        let oidc = |seed| (grant(seed), "oidc_logout".to_owned(), Vec::new());
        let cas = (grant(11), "cas_logout".to_owned(), b"sealed 11".to_vec());
        assert_eq!(messages, BTreeSet::from([cas, oidc(12), oidc(21)]));
    }
}

#[tokio::test]
async fn a_session_with_nobody_to_tell_leaves_no_ledger() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let sid = session_with(&db, person, 1, &[]).await;
        let mut tx = db.write().await.unwrap();
        issue(&mut tx, sid, 11, false).await;
        tx.commit().await.unwrap();
        assert_eq!(end(&db, 1, 5).await.unwrap().1, 0);
        assert_eq!(count(&db, "SELECT count(*) FROM logouts").await, 0);
        assert_eq!(count(&db, MESSAGES).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")] // XML-09
async fn whoever_ends_the_sessions_each_grant_is_told_once() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        session_with(&db, person, 1, &[11, 12]).await;
        session_with(&db, person, 2, &[21]).await;
        // Sign-outs, password changes and the job that ends what ran out, all at once.
        race(&db, 24, move |db, index| async move {
            let now = at(7200);
            let mut tx = db.write().await.unwrap();
            let ended = match index % 3 {
                0 => sessions::end(&mut tx, &tag(1), "signed_out", now)
                    .await
                    .unwrap()
                    .into_iter()
                    .collect(),
                1 => sessions::end_all(&mut tx, person, "password_change", now)
                    .await
                    .unwrap(),
                _ => sessions::end_run_out(&mut tx, "expired", &RULES, now, 9)
                    .await
                    .unwrap(),
            };
            for session in ended {
                logouts::open(&mut tx, &session, "any", None, now)
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(count(&db, NOTICES).await, 3);
        assert_eq!(count(&db, MESSAGES).await, 3);
        assert_eq!(count(&db, "SELECT count(*) FROM logouts").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")] // CAS 50, XML-09: no ticket slips through between
async fn a_ticket_issued_while_the_session_ends_is_told_or_was_never_issued() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let sid = session_with(&db, person, 1, &[]).await;
        race(&db, 16, move |db, index| async move {
            if index == 8 {
                end(&db, 1, 5).await.unwrap();
                return;
            }
            let mut tx = db.write().await.unwrap();
            if sessions::touch(&mut tx, &tag(1), at(5)).await.unwrap() {
                issue(&mut tx, sid, 10 + index, true).await;
            }
            tx.commit().await.unwrap();
        })
        .await;
        let grants = count(&db, "SELECT count(*) FROM grants").await;
        assert_eq!(count(&db, NOTICES).await, grants);
        assert_eq!(count(&db, MESSAGES).await, grants);
    }
}

#[tokio::test]
async fn what_a_session_entered_goes_on_with_the_one_that_replaced_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let former = session_with(&db, person, 1, &[11]).await;
        let new = session_with(&db, person, 2, &[21]).await;
        let mut tx = db.write().await.unwrap();
        let ended = sessions::end(&mut tx, &tag(1), "replaced", at(3)).await;
        let ended = ended.unwrap().unwrap();
        assert_eq!(sessions::hand_on(&mut tx, former, new).await.unwrap(), 1);
        let told = logouts::open(&mut tx, &ended, "replaced", None, at(3)).await;
        assert_eq!(told.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(end(&db, 2, 9).await.unwrap().1, 2);
    }
}
