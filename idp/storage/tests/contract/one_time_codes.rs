use idp_domain::factors::CodePurpose;
use idp_domain::ids::{CodeId, PersonId};
use idp_storage::one_time_codes::{self, NewCode};

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, student, tag, winners};

fn code(seed: usize, flow: usize, person: PersonId) -> NewCode {
    NewCode {
        id: CodeId(id(seed)),
        flow: tag(flow),
        purpose: CodePurpose::BindPhone,
        person: Some(person),
        recipient_enc: vec![1, 2, 3],
        recipient_index: tag(500),
        code_mac: tag(600 + seed),
        created_at: at(0),
        expires_at: at(300),
    }
}

#[tokio::test(flavor = "multi_thread")] // OTP-01, OTP-02
async fn of_two_hundred_guesses_at_once_five_are_compared() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(1, 1, person)));
        let tried = race(&db, 200, move |db, _| async move {
            let tried = in_tx!(db, tx => one_time_codes::take_try(
                &mut tx, &tag(1), CodePurpose::BindPhone, at(1)));
            tried.map(|t| {
                (
                    t.id,
                    t.person,
                    t.recipient_enc,
                    t.recipient_index,
                    t.code_mac,
                )
            })
        })
        .await;
        let compared: Vec<_> = tried.into_iter().flatten().collect();
        let expected = (
            CodeId(id(1)),
            Some(person),
            vec![1, 2, 3],
            tag(500),
            tag(601),
        );
        assert_eq!(compared, vec![expected; 5]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_spend_a_code_one_does() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(1, 1, person)));
        let spent = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => one_time_codes::spend(&mut tx, CodeId(id(1)), at(1)))
        })
        .await;
        assert_eq!(winners(&spent), 1);
        let dead = in_tx!(db, tx => one_time_codes::take_try(
            &mut tx, &tag(1), CodePurpose::BindPhone, at(2)));
        assert!(dead.is_none(), "used");
        let mut conn = db.read().await.unwrap();
        let page = one_time_codes::sent(&mut conn, &tag(1), CodePurpose::BindPhone, at(2)).await;
        assert!(page.unwrap().is_none());
    }
}

#[tokio::test] // OTP-03
async fn a_code_is_good_for_its_flow_its_purpose_and_five_minutes() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(1, 1, person)));
        let take = async |flow: usize, purpose: CodePurpose, second: i64| {
            in_tx!(db, tx => one_time_codes::take_try(&mut tx, &tag(flow), purpose, at(second)))
                .is_some()
        };
        assert!(!take(2, CodePurpose::BindPhone, 1).await);
        assert!(!take(1, CodePurpose::Evidence, 1).await);
        assert!(!take(1, CodePurpose::BindPhone, 300).await);
        assert!(take(1, CodePurpose::BindPhone, 299).await);
    }
}

#[tokio::test]
async fn the_newest_code_of_a_flow_counts_with_tries_of_its_own() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(1, 1, person)));
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(2, 2, person)));
        let take = async |flow: usize| {
            in_tx!(db, tx => one_time_codes::take_try(
                &mut tx, &tag(flow), CodePurpose::BindPhone, at(1)))
            .map(|t| t.code_mac)
        };
        for _ in 0..5 {
            assert_eq!(take(1).await, Some(tag(601)));
        }
        assert_eq!(take(1).await, None);
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(3, 1, person)));
        assert_eq!(take(1).await, Some(tag(603)));
        assert_eq!(take(2).await, Some(tag(602)), "another flow's");
        in_tx!(db, tx => one_time_codes::forget(&mut tx, &tag(1), CodePurpose::BindPhone));
        assert_eq!(take(1).await, None);
        assert_eq!(count(&db, "SELECT count(*) FROM one_time_codes").await, 1);
    }
}

#[tokio::test]
async fn the_page_hears_how_the_delivery_went() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => one_time_codes::replace(&mut tx, &code(1, 1, person)));
        let mut conn = db.read().await.unwrap();
        let sent = one_time_codes::sent(&mut conn, &tag(1), CodePurpose::BindPhone, at(1)).await;
        let sent = sent.unwrap().unwrap();
        assert_eq!((sent.created_at, sent.delivery.as_str()), (at(0), "queued"));
        assert_eq!(
            (sent.recipient_enc, sent.recipient_index),
            (vec![1, 2, 3], tag(500))
        );
        in_tx!(db, tx => one_time_codes::note_delivery(&mut tx, CodeId(id(1)), "limited"));
        let sent = one_time_codes::sent(&mut conn, &tag(1), CodePurpose::BindPhone, at(1)).await;
        assert_eq!(sent.unwrap().unwrap().delivery, "limited");
        let late = one_time_codes::sent(&mut conn, &tag(1), CodePurpose::BindPhone, at(300)).await;
        assert!(late.unwrap().is_none());
    }
}
