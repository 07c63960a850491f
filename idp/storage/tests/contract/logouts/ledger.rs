//! What becomes of each notice, and who may look.

use idp_storage::logouts::{self, Filter, NoticeState, View};
use idp_storage::outbox;
use idp_storage::{Db, sessions};

use super::given::{end, grant, session_with};
use crate::in_tx;
use crate::support::{at, count, databases, race, student, tag};

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
