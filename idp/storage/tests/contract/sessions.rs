use idp_domain::applications::ApplicationId;
use idp_domain::factors::Factor;
use idp_domain::ids::{GrantId, Sid};
use idp_domain::sessions::SessionRules;
use idp_storage::tickets::{self, NewTicket};
use idp_storage::{Db, Tx, persons, sessions};
use jiff::SignedDuration;
use migrations::run;

use crate::in_tx;
use crate::support::{CROWD, RULES, at, databases, id, race, session, student, tag, winners};

#[tokio::test]
async fn a_session_comes_back_with_each_number_of_its_holder() {
    for db in databases().await {
        let person = student(&db, 1, &["s1", "m1", "t1"]).await;
        let mut tx = db.write().await.unwrap();
        let (cookie, sid) = session(&mut tx, person, 1).await;
        let grant = GrantId(id(70));
        let ticket = NewTicket {
            hash: tag(80),
            grant,
            sid,
            application: &ApplicationId::parse("library").unwrap(),
            number: "s1",
            logout: None,
            proxied_by: None,
            service: "https://lib.example.edu/",
            from_new_login: true,
            issued_at: at(0),
            expires_at: at(10),
        };
        tickets::issue(&mut tx, &ticket).await.unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        let found = sessions::find(&mut conn, &cookie).await.unwrap().unwrap();
        let by_grant = sessions::find_by_grant(&mut conn, grant.0)
            .await
            .unwrap()
            .unwrap();
        for (session, holder) in [found, by_grant] {
            assert_eq!(
                (session.id_hash, session.sid, session.person),
                (cookie, sid, person)
            );
            assert_eq!(session.factors, [Factor::Password]);
            assert_eq!((session.signed_in_at, session.last_seen_at), (at(0), at(0)));
            assert_eq!((session.expires_at, session.ended), (at(8 * 3600), false));
            let mut numbers: Vec<_> = holder.numbers.into_iter().map(|n| n.number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, ["m1", "s1", "t1"]);
        }
        assert!(sessions::find(&mut conn, &tag(2)).await.unwrap().is_none());
        assert!(
            sessions::find_by_grant(&mut conn, id(71))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_once_and_is_not_touched_afterwards() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => async { Ok::<_, ()>(session(&mut tx, person, 1).await) });
        assert!(in_tx!(db, tx => sessions::touch(&mut tx, &tag(1), at(5))));
        let ended = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => sessions::end(&mut tx, &tag(1), "logout", at(6))).is_some()
        })
        .await;
        assert_eq!(winners(&ended), 1);
        assert!(!in_tx!(db, tx => sessions::touch(&mut tx, &tag(1), at(7))));
        let mut conn = db.read().await.unwrap();
        let (session, _) = sessions::find(&mut conn, &tag(1)).await.unwrap().unwrap();
        assert!(session.ended);
        assert_eq!(session.last_seen_at, at(5));
    }
}

#[tokio::test]
async fn the_later_of_two_uses_stays() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => async { Ok::<_, ()>(session(&mut tx, person, 1).await) });
        for second in [9, 7] {
            assert!(in_tx!(db, tx => sessions::touch(&mut tx, &tag(1), at(second))));
        }
        let mut conn = db.read().await.unwrap();
        let (session, _) = sessions::find(&mut conn, &tag(1)).await.unwrap().unwrap();
        assert_eq!(session.last_seen_at, at(9));
    }
}

#[tokio::test] // SES-10
async fn all_of_a_persons_sessions_end_and_nobody_elses() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        let mut tx = db.write().await.unwrap();
        for seed in 1..=3 {
            session(&mut tx, one, seed).await;
        }
        session(&mut tx, two, 4).await;
        tx.commit().await.unwrap();
        in_tx!(db, tx => sessions::end(&mut tx, &tag(1), "logout", at(1)));
        let ended = in_tx!(db, tx => sessions::end_all(&mut tx, one, "password", at(2)));
        let mut sids: Vec<_> = ended.iter().map(|session| session.sid.0).collect();
        sids.sort_unstable();
        let mut expected = [id(1_000_002), id(1_000_003)];
        expected.sort_unstable();
        assert_eq!(sids, expected);
        assert!(
            ended
                .iter()
                .all(|s| (s.person, s.number.as_str()) == (one, "s1"))
        );
        assert_eq!(
            in_tx!(db, tx => sessions::end_all(&mut tx, one, "password", at(3))),
            []
        );
        assert!(in_tx!(db, tx => sessions::touch(&mut tx, &tag(4), at(4))));
    }
}

#[tokio::test] // SES-10
async fn overtaking_never_goes_back() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => async { Ok::<_, ()>(session(&mut tx, person, 1).await) });
        for second in [20, 10] {
            in_tx!(db, tx => persons::overtake(&mut tx, person, at(second)));
        }
        let mut conn = db.read().await.unwrap();
        let (session, _) = sessions::find(&mut conn, &tag(1)).await.unwrap().unwrap();
        assert_eq!(session.not_before, at(20));
    }
}

/// The session of `seed` came from a remembered sign-in.
async fn remember(tx: &mut Tx, seed: usize) {
    let sql = "UPDATE sessions SET remembered = TRUE WHERE id_hash = $1";
    run!(tx, c => sqlx::query(sql).bind(tag(seed).as_bytes()).execute(c)).unwrap();
}

/// Who has run out at `second`.
async fn run_out(db: &Db, second: i64, limit: i64) -> Vec<Sid> {
    run_out_by(&RULES, db, second, limit).await
}

async fn run_out_by(rules: &SessionRules, db: &Db, second: i64, limit: i64) -> Vec<Sid> {
    let ended = in_tx!(db, tx =>
        sessions::end_run_out(&mut tx, "expired", rules, at(second), limit));
    let mut sids: Vec<_> = ended.into_iter().map(|session| session.sid).collect();
    sids.sort_unstable();
    sids
}

#[tokio::test] // SES-11, CAS 51
async fn a_session_runs_out_by_silence_or_age_and_a_remembered_one_by_age_alone() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        for seed in 1..=3 {
            session(&mut tx, person, seed).await;
        }
        remember(&mut tx, 2).await;
        assert!(sessions::touch(&mut tx, &tag(3), at(100)).await.unwrap());
        tx.commit().await.unwrap();

        let [silent, remembered, busy] = [1, 2, 3].map(|seed| Sid(id(1_000_000 + seed)));
        assert_eq!(run_out(&db, 7199, 9).await, []);
        assert_eq!(run_out(&db, 7200, 9).await, [silent]);
        assert_eq!(run_out(&db, 7200, 9).await, []);
        assert_eq!(run_out(&db, 7300, 9).await, [busy]);
        assert_eq!(run_out(&db, 8 * 3600 - 1, 9).await, []);
        assert_eq!(run_out(&db, 8 * 3600, 9).await, [remembered]);
    }
}

#[tokio::test] // SES-11, CAS 51, 123
async fn rules_that_were_shortened_end_what_began_under_longer_ones() {
    let hours = SignedDuration::from_hours;
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        for seed in 1..=4 {
            session(&mut tx, person, seed).await;
        }
        for seed in [2, 3, 4] {
            remember(&mut tx, seed).await;
        }
        for seed in [1, 3] {
            sessions::touch(&mut tx, &tag(seed), at(7000))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let sids = |seeds: &[usize]| {
            let mut sids: Vec<_> = seeds.iter().map(|s| Sid(id(1_000_000 + s))).collect();
            sids.sort_unstable();
            sids
        };
        assert_eq!(run_out(&db, 7200, 9).await, []);
        // Remembered for an hour, the others unchanged.
        let shorter = SessionRules {
            remembered: Some(hours(1)),
            ..RULES
        };
        assert_eq!(run_out_by(&shorter, &db, 3599, 9).await, []);
        assert_eq!(run_out_by(&shorter, &db, 3600, 1).await.len(), 1);
        assert_eq!(run_out_by(&shorter, &db, 3600, 9).await.len(), 2);
        assert_eq!(run_out_by(&shorter, &db, 3600, 9).await, []);
        let mut tx = db.write().await.unwrap();
        let again = "UPDATE sessions SET ended_at = NULL, end_reason = NULL";
        run!(tx, c => sqlx::query(again).execute(c)).unwrap();
        tx.commit().await.unwrap();
        // Nobody is remembered any more: they live as all others do.
        let never = SessionRules {
            remembered: None,
            ..RULES
        };
        assert_eq!(run_out_by(&never, &db, 7200, 9).await, sids(&[2, 4]));
        let never = SessionRules {
            ordinary: hours(2),
            idle: hours(2),
            ..never
        };
        assert_eq!(run_out_by(&never, &db, 7200, 9).await, sids(&[1, 3]));
    }
}

#[tokio::test(flavor = "multi_thread")] // CAS 51
async fn of_many_nodes_one_ends_each_session_that_ran_out() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        for seed in 1..=30 {
            session(&mut tx, person, seed).await;
        }
        tx.commit().await.unwrap();
        let ended = race(&db, 8, |db, index| async move {
            // One signs out everywhere meanwhile.
            if index == 0 {
                let all =
                    in_tx!(db, tx => sessions::end_all(&mut tx, person, "password", at(7200)));
                return all.into_iter().map(|session| session.sid).collect();
            }
            let mut mine = Vec::new();
            for _ in 0..5 {
                mine.extend(run_out(&db, 7200, 3).await);
            }
            mine
        })
        .await;
        let mut ended: Vec<_> = ended.into_iter().flatten().collect();
        assert_eq!(ended.len(), 30);
        ended.sort_unstable();
        ended.dedup();
        assert_eq!(ended.len(), 30);
    }
}
