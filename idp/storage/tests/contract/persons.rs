use idp_domain::signin::{PersonState, Standing};
use idp_storage::contacts::{self, ContactKind};
use idp_storage::{activation_codes, passwords, persons, sessions};

use crate::in_tx;
use crate::support::{CROWD, at, databases, id, race, session, student, tag, winners};

#[tokio::test(flavor = "multi_thread")] // PWD-02: ten wrong initial passwords in a lifetime
async fn of_many_initial_tries_ten_are_compared() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let reserved = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => persons::reserve_initial_try(&mut tx, person, 10))
        })
        .await;
        assert_eq!(winners(&reserved), 10);
        // The right one is given back, and is one more.
        in_tx!(db, tx => persons::release_initial_try(&mut tx, person));
        assert!(in_tx!(db, tx => persons::reserve_initial_try(&mut tx, person, 10)));
        assert!(!in_tx!(db, tx => persons::reserve_initial_try(&mut tx, person, 10)));
    }
}

#[tokio::test]
async fn the_cap_is_lifted_for_one_or_for_all_who_wait() {
    for db in databases().await {
        let mut people = Vec::new();
        for (seed, number) in [(1, "s1"), (2, "s2"), (3, "s3"), (4, "s4")] {
            let person = student(&db, seed, &[number]).await;
            if seed < 4 {
                in_tx!(db, tx => persons::reserve_initial_try(&mut tx, person, 10));
            }
            people.push(person);
        }
        in_tx!(db, tx => persons::activate(&mut tx, people[2], at(1)));
        assert_eq!(
            in_tx!(db, tx => persons::lift_initial_cap(&mut tx, Some(people[0]))),
            1
        );
        assert_eq!(
            in_tx!(db, tx => persons::lift_initial_cap(&mut tx, Some(people[0]))),
            0
        );
        assert_eq!(
            in_tx!(db, tx => persons::lift_initial_cap(&mut tx, None)),
            1,
            "s2 alone"
        );
        // Giving back below nothing changes nothing.
        in_tx!(db, tx => persons::release_initial_try(&mut tx, people[3]));
        let mut conn = db.read().await.unwrap();
        let mut tries = Vec::new();
        for number in ["s1", "s2", "s3", "s4"] {
            let account = persons::for_sign_in(&mut conn, number)
                .await
                .unwrap()
                .unwrap();
            tries.push(account.initial_tries);
        }
        assert_eq!(tries, [0, 0, 1, 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_activated_once() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let activated = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => persons::activate(&mut tx, person, at(1)))
        })
        .await;
        assert_eq!(winners(&activated), 1);
    }
}

#[tokio::test]
async fn the_standing_follows_each_step() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let standing = async || {
            let mut conn = db.read().await.unwrap();
            persons::standing(&mut conn, person).await.unwrap().unwrap()
        };
        assert_eq!(standing().await, Standing::default());
        in_tx!(db, tx => persons::accept_notice(&mut tx, person, "2026-1", at(1)));
        in_tx!(db, tx => passwords::set(&mut tx, person, "$argon2id$a", false, 3, at(2)));
        assert!(in_tx!(db, tx => persons::activate(&mut tx, person, at(3))));
        assert_eq!(
            standing().await,
            Standing {
                activated: true,
                has_password: true,
                must_change_password: false,
                notice_version: Some("2026-1".to_owned()),
                phone_bound: false,
            }
        );
        assert!(in_tx!(db, tx => passwords::force_change(&mut tx, person)));
        assert!(standing().await.must_change_password);
        let mut conn = db.read().await.unwrap();
        let nobody = idp_domain::ids::PersonId(id(99));
        assert_eq!(persons::standing(&mut conn, nobody).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_holder_has_all_numbers_and_her_state() {
    for db in databases().await {
        let person = student(&db, 1, &["s1", "m1"]).await;
        in_tx!(db, tx => persons::set_state(&mut tx, person, PersonState::Suspended));
        let mut conn = db.read().await.unwrap();
        let holder = persons::holder(&mut conn, person).await.unwrap().unwrap();
        let mut numbers: Vec<_> = holder.numbers.iter().map(|n| n.number.as_str()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["m1", "s1"]);
        assert_eq!(holder.state, PersonState::Suspended);
        for number in ["s1", "m1"] {
            let account = persons::for_sign_in(&mut conn, number)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (account.person, account.state),
                (person, PersonState::Suspended)
            );
            assert_eq!(
                persons::id_of_number(&mut conn, number).await.unwrap(),
                Some(person)
            );
        }
        assert_eq!(
            persons::school_data(&mut conn, person).await.unwrap().len(),
            2
        );
        assert!(
            persons::for_sign_in(&mut conn, "s9")
                .await
                .unwrap()
                .is_none()
        );
    }
}

/// What a person did hangs on the person, not on a number.
#[tokio::test] // BND-06
async fn a_number_that_is_given_to_somebody_else_takes_nothing_along() {
    for db in databases().await {
        let one = student(&db, 1, &["s1", "m1"]).await;
        let phone = ContactKind::Phone;
        assert!(in_tx!(db, tx => contacts::bind(&mut tx, one, phone, b"1", &tag(1), at(1))));
        in_tx!(db, tx => passwords::set(&mut tx, one, "$argon2id$one", false, 3, at(1)));
        in_tx!(db, tx => activation_codes::set(&mut tx, one, &tag(2), at(1), at(900)));
        let mut tx = db.write().await.unwrap();
        let (cookie, _) = session(&mut tx, one, 7).await;
        tx.commit().await.unwrap();

        let two = student(&db, 2, &["s1"]).await;
        let mut conn = db.read().await.unwrap();
        let account = persons::for_sign_in(&mut conn, "s1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(account.person, two);
        assert_eq!(
            (account.password_phc, account.activation_code),
            (None, None)
        );
        assert!(
            contacts::find(&mut conn, two, phone)
                .await
                .unwrap()
                .is_none()
        );
        // Who held it keeps the rest, and her open session shows no more of it.
        let (_, holder) = sessions::find(&mut conn, &cookie).await.unwrap().unwrap();
        assert_eq!(holder.person, one);
        let numbers: Vec<_> = holder.numbers.iter().map(|n| n.number.as_str()).collect();
        assert_eq!(numbers, ["m1"]);
    }
}
