//! The ledger of logouts: one notice for each grant, whatever races.

use std::collections::BTreeSet;

use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, PersonId, Sid};
use idp_storage::logouts::{self, Filter, NoticeState, View};
use idp_storage::outbox::{self, LaneClaim};
use idp_storage::sessions::EndedSession;
use idp_storage::tickets::{self, LogoutNotice, NewTicket};
use idp_storage::{Db, Tx, sessions};

use crate::in_tx;
use crate::support::{RULES, at, count, databases, id, race, session, student, tag};

const LANE: &str = "lib.example.edu:443";
const NOTICES: &str = "SELECT count(*) FROM logout_notices";
const MESSAGES: &str = "SELECT count(*) FROM outbox WHERE kind IN ('cas_logout', 'oidc_logout')";

fn grant(seed: usize) -> GrantId {
    GrantId(id(2_000_000 + seed))
}

/// A ticket for the library; `told` at logout, or not.
async fn issue(tx: &mut Tx, sid: Sid, seed: usize, told: bool) {
    let ticket = NewTicket {
        hash: tag(seed),
        grant: grant(seed),
        sid,
        application: &ApplicationId::parse("library").unwrap(),
        number: "s1",
        service: "https://lib.example.edu/app",
        logout: told.then(|| LogoutNotice {
            lane: LANE.to_owned(),
            ticket_enc: format!("sealed {seed}").into_bytes(),
        }),
        proxied_by: None,
        from_new_login: true,
        issued_at: at(0),
        expires_at: at(10),
    };
    tickets::issue(tx, &ticket).await.unwrap();
}

/// A session of this seed with tickets of these.
async fn session_with(db: &Db, person: PersonId, seed: usize, tickets: &[usize]) -> Sid {
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, seed).await;
    for seed in tickets {
        issue(&mut tx, sid, *seed, true).await;
    }
    tx.commit().await.unwrap();
    sid
}

/// What a client of OpenID Connect has in a session: one grant, however often it asked.
async fn enter(tx: &mut Tx, sid: Sid, seed: usize) {
    let sql = "INSERT INTO grants (id, sid, application_id, protocol, created_at, number, subject,
            lane) VALUES ($1, $2, 'mail', 'oidc', $3, 's1', 'subject of s1', $4)";
    migrations::run!(tx, c => sqlx::query(sql)
        .bind(grant(seed).0)
        .bind(sid.0)
        .bind(at(0).as_microsecond())
        .bind("mail.example.edu:443")
        .execute(c))
    .unwrap();
}

/// Ends the session of this seed and opens its ledger, as every caller does.
async fn end(db: &Db, seed: usize, second: i64) -> Option<(EndedSession, u64)> {
    let mut tx = db.write().await.unwrap();
    let ended = sessions::end(&mut tx, &tag(seed), "signed_out", at(second))
        .await
        .unwrap()?;
    let notices = logouts::open(&mut tx, &ended, "signed_out", None, at(second))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Some((ended, notices))
}

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

async fn state(db: &Db, seed: usize) -> NoticeState {
    let mut conn = db.read().await.unwrap();
    let notice = logouts::notice(&mut conn, grant(seed)).await.unwrap();
    notice.unwrap().state
}

#[tokio::test]
async fn a_notice_settles_once_and_its_message_with_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        session_with(&db, person, 1, &[11]).await;
        end(&db, 1, 5).await.unwrap();
        in_tx!(db, tx => logouts::attempted(&mut tx, grant(11), 1, "timeout"));
        assert_eq!(state(&db, 11).await, NoticeState::Retrying);
        let settle = |state, second| {
            let db = db.clone();
            async move {
                in_tx!(db, tx =>
                    logouts::settle(&mut tx, grant(11), state, 2, None, at(second)))
            }
        };
        assert!(settle(NoticeState::Delivered, 6).await);
        assert!(!settle(NoticeState::Failed, 7).await);
        in_tx!(db, tx => logouts::attempted(&mut tx, grant(11), 9, "late"));
        assert_eq!(state(&db, 11).await, NoticeState::Delivered);
        let mut conn = db.read().await.unwrap();
        for kind in logouts::KINDS {
            assert_eq!(outbox::pending(&mut conn, kind).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn each_end_of_a_notice_is_kept_as_it_was() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let ends = [
            (11, NoticeState::Delivered),
            (12, NoticeState::Told),
            (13, NoticeState::Failed),
            (14, NoticeState::Skipped),
        ];
        let sid = session_with(&db, person, 1, &[11, 12, 13, 14]).await;
        end(&db, 1, 5).await.unwrap();
        for (seed, end) in ends {
            assert!(in_tx!(db, tx =>
                logouts::settle(&mut tx, grant(seed), end, 1, None, at(6))));
            // It isn't tried again.
            in_tx!(db, tx => logouts::attempted(&mut tx, grant(seed), 2, "late"));
            assert_eq!(state(&db, seed).await, end);
        }
        assert_eq!(
            count(&db, "SELECT count(*) FROM outbox WHERE done_at IS NULL").await,
            0
        );
        let mut conn = db.read().await.unwrap();
        let told = logouts::notices(&mut conn, sid, NoticeState::Told)
            .await
            .unwrap();
        assert_eq!(told.len(), 1);
        let mut states = logouts::states(&mut conn, sid).await.unwrap();
        let mut counts = logouts::counts(&mut conn, at(0)).await.unwrap();
        states.sort();
        counts.sort();
        let library = |(_, state)| ("library".to_owned(), state);
        assert_eq!(states, ends.map(library));
        assert_eq!(
            counts,
            ends.map(|(_, state)| ("library".to_owned(), state, 1))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_for_the_browser_is_on_one_page() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        session_with(&db, person, 1, &[11]).await;
        end(&db, 1, 5).await.unwrap();
        assert!(!in_tx!(db, tx => logouts::show(&mut tx, grant(11), at(6))));
        assert!(in_tx!(db, tx => logouts::hand_over(&mut tx, grant(11), at(6))));
        assert!(!in_tx!(db, tx => logouts::hand_over(&mut tx, grant(11), at(6))));
        assert_eq!(
            count(&db, "SELECT count(*) FROM outbox WHERE done_at IS NULL").await,
            0
        );
        let shown = race(&db, 16, |db, _| async move {
            in_tx!(db, tx => logouts::show(&mut tx, grant(11), at(7)))
        })
        .await;
        assert_eq!(crate::support::winners(&shown), 1);
        assert_eq!(state(&db, 11).await, NoticeState::Shown);
    }
}

#[tokio::test]
async fn a_logout_is_seen_by_its_random_address_for_a_while() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let sid = session_with(&db, person, 1, &[11, 12]).await;
        let view = View {
            hash: tag(77),
            expires_at: at(605),
        };
        let mut tx = db.write().await.unwrap();
        let ended = sessions::end(&mut tx, &tag(1), "signed_out", at(5)).await;
        let ended = ended.unwrap().unwrap();
        logouts::open(&mut tx, &ended, "signed_out", Some(view), at(5))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let mut seen = async |hash, second| logouts::by_view(&mut conn, &hash, at(second)).await;
        assert_eq!(seen(tag(77), 604).await.unwrap(), Some((sid, at(605))));
        assert_eq!(seen(tag(77), 605).await.unwrap(), None);
        assert_eq!(seen(tag(78), 6).await.unwrap(), None);
        let states = logouts::states(&mut conn, sid).await.unwrap();
        assert_eq!(states, [("library".to_owned(), NoticeState::Waiting)]);
        let told = logouts::applications(&mut conn, sid).await.unwrap();
        assert_eq!(told, [("library".to_owned(), "cas".to_owned())]);
    }
}

#[tokio::test]
async fn administrators_find_a_line_by_person_application_and_time() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        session_with(&db, one, 1, &[11]).await;
        session_with(&db, two, 2, &[21, 22]).await;
        end(&db, 1, 5).await.unwrap();
        end(&db, 2, 9).await.unwrap();
        in_tx!(db, tx => logouts::settle(
            &mut tx, grant(21), NoticeState::Failed, 4, Some("timeout"), at(400)));
        let mut conn = db.read().await.unwrap();
        let mut found = async |since, person, application| {
            let filter = Filter {
                since: at(since),
                person,
                application,
            };
            logouts::list(&mut conn, &filter, 9).await.unwrap()
        };
        assert_eq!(found(0, None, None).await.len(), 3);
        assert_eq!(found(6, None, None).await.len(), 2);
        assert_eq!(found(0, Some(one), None).await.len(), 1);
        assert_eq!(found(0, None, Some("library")).await.len(), 3);
        assert_eq!(found(0, None, Some("mail")).await.len(), 0);
        let failed: Vec<_> = found(0, Some(two), Some("library"))
            .await
            .into_iter()
            .filter(|line| line.state == NoticeState::Failed)
            .collect();
        let [line] = failed.as_slice() else {
            panic!("{failed:?}");
        };
        assert_eq!(
            (line.attempts, line.reason.as_deref()),
            (4, Some("timeout"))
        );
        assert_eq!((line.ended_at, line.settled_at), (at(9), Some(at(400))));
        assert_eq!(line.ended_because, "signed_out");
        let counts = logouts::counts(&mut conn, at(0)).await.unwrap();
        let library = |state, count| ("library".to_owned(), state, count);
        assert_eq!(
            counts,
            [
                library(NoticeState::Failed, 1),
                library(NoticeState::Waiting, 2)
            ]
        );
    }
}
