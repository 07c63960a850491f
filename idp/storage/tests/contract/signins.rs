use idp_domain::cas::Method;
use idp_domain::factors::Factor;
use idp_domain::ids::PersonId;
use idp_domain::signin::{Destination, Proof, SignIn, Wishes};
use idp_storage::{persons, signins};

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, student, tag, winners};

fn signin(person: PersonId, seed: usize) -> SignIn {
    SignIn {
        id_hash: tag(seed),
        person,
        number: "s1".to_owned(),
        destination: Destination::Cas {
            service: "https://lib.example.edu/app?名=1".to_owned(),
            method: Method::Post,
        },
        wishes: Wishes {
            warn: true,
            remember: false,
        },
        version: 0,
        created_at: at(0),
        expires_at: at(3600),
        proofs: vec![proof(Factor::InitialPassword, None)],
    }
}

fn proof(factor: Factor, recipient: Option<usize>) -> Proof {
    Proof {
        factor,
        recipient: recipient.map(tag),
        shown_at: at(1),
    }
}

#[tokio::test]
async fn a_sign_in_comes_back_with_its_proofs() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let written = signin(person, 1);
        in_tx!(db, tx => signins::create(&mut tx, &written));
        let sent = proof(Factor::SchoolPhone, Some(7));
        in_tx!(db, tx => signins::prove(&mut tx, &tag(1), &sent));
        // Shown again, a factor counts as of now.
        let again = Proof {
            shown_at: at(5),
            ..proof(Factor::SchoolPhone, Some(8))
        };
        in_tx!(db, tx => signins::prove(&mut tx, &tag(1), &again));

        let mut conn = db.read().await.unwrap();
        let read = signins::find(&mut conn, &tag(1), at(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((read.person, read.number.as_str()), (person, "s1"));
        assert_eq!(read.destination, written.destination);
        assert_eq!(
            (read.version, read.created_at, read.expires_at),
            (0, at(0), at(3600))
        );
        assert_eq!(read.proofs.len(), 2);
        assert_eq!(
            read.proof(Factor::InitialPassword),
            Some(&written.proofs[0])
        );
        assert_eq!(read.proof(Factor::SchoolPhone), Some(&again));
        assert!(
            signins::find(&mut conn, &tag(1), at(3600))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            signins::find(&mut conn, &tag(2), at(1))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test(flavor = "multi_thread")] // TKT-15: a step in 64 tabs counts once
async fn of_many_who_take_a_step_one_takes_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => signins::create(&mut tx, &signin(person, 1)));
        for version in 0..4 {
            let took = race(&db, CROWD, move |db, _| async move {
                in_tx!(db, tx => signins::advance(&mut tx, &tag(1), version, at(1)))
            })
            .await;
            assert_eq!(winners(&took), 1, "step {version}");
        }
        let finished = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => signins::finish(&mut tx, &tag(1), 4, at(1)))
        })
        .await;
        assert_eq!(winners(&finished), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_and_the_end_exclude_each_other() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        for round in 0..10 {
            in_tx!(db, tx => signins::create(&mut tx, &signin(person, round)));
            let done = race(&db, 8, move |db, index| async move {
                if index % 2 == 0 {
                    in_tx!(db, tx => signins::finish(&mut tx, &tag(round), 0, at(1)))
                } else {
                    in_tx!(db, tx => signins::advance(&mut tx, &tag(round), 0, at(1)))
                }
            })
            .await;
            assert_eq!(winners(&done), 1, "round {round}");
        }
    }
}

#[tokio::test]
async fn nothing_moves_after_the_end_or_too_late() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => signins::create(&mut tx, &signin(person, 1)));
        assert!(!in_tx!(db, tx => signins::advance(&mut tx, &tag(1), 0, at(3600))));
        assert!(!in_tx!(db, tx => signins::finish(&mut tx, &tag(1), 0, at(3600))));
        assert!(in_tx!(db, tx => signins::finish(&mut tx, &tag(1), 0, at(10))));
        for version in [0, 1] {
            assert!(!in_tx!(db, tx => signins::advance(&mut tx, &tag(1), version, at(11))));
            assert!(!in_tx!(db, tx => signins::finish(&mut tx, &tag(1), version, at(11))));
        }
        let mut conn = db.read().await.unwrap();
        assert!(
            signins::find(&mut conn, &tag(1), at(11))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test] // SES-10
async fn a_new_password_ends_the_others_and_overtaking_ends_all() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let other = student(&db, 2, &["s2"]).await;
        for seed in 1..=3 {
            in_tx!(db, tx => signins::create(&mut tx, &signin(person, seed)));
        }
        let others = SignIn {
            number: "s2".to_owned(),
            ..signin(other, 4)
        };
        in_tx!(db, tx => signins::create(&mut tx, &others));
        assert_eq!(
            in_tx!(db, tx => signins::end_others(&mut tx, person, &tag(2), at(9))),
            2
        );
        let mut conn = db.read().await.unwrap();
        let mut live = Vec::new();
        for seed in 1..=4 {
            if signins::find(&mut conn, &tag(seed), at(10))
                .await
                .unwrap()
                .is_some()
            {
                live.push(seed);
            }
        }
        assert_eq!(live, [2, 4]);
        // Read connections of SQLite see what was committed before each read.
        in_tx!(db, tx => persons::overtake(&mut tx, person, at(11)));
        assert!(
            signins::find(&mut conn, &tag(2), at(12))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            signins::find(&mut conn, &tag(4), at(12))
                .await
                .unwrap()
                .is_some()
        );
    }
}
