use idp_domain::applications::ApplicationId;
use idp_domain::cas::Method;
use idp_domain::ids::Sid;
use idp_domain::signin::{Answers, Destination, Question};
use idp_storage::hops::{self, Hop};
use idp_storage::number_choices;

use crate::in_tx;
use crate::support::{CROWD, at, databases, id, race, session, student, tag, winners};

fn hop() -> Hop {
    let mut answers = Answers::default();
    answers.add(Question::Account);
    Hop {
        destination: Destination::Cas {
            service: "https://lib.example.edu/一?a=1#x".to_owned(),
            method: Method::Header,
        },
        answers,
        fresh: true,
    }
}

#[tokio::test] // SES-02
async fn a_hop_is_its_sessions_own_and_ends() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        let other = Sid(id(999));
        hops::create(&mut tx, &tag(5), sid, &hop(), at(0), at(600))
            .await
            .unwrap();
        assert_eq!(
            hops::find(&mut tx, &tag(5), sid, at(599)).await.unwrap(),
            Some(hop())
        );
        assert_eq!(
            hops::find(&mut tx, &tag(5), sid, at(600)).await.unwrap(),
            None
        );
        assert_eq!(
            hops::find(&mut tx, &tag(5), other, at(1)).await.unwrap(),
            None
        );
        assert_eq!(
            hops::find(&mut tx, &tag(6), sid, at(1)).await.unwrap(),
            None
        );
        assert!(!hops::take(&mut tx, &tag(5), other, at(1)).await.unwrap());
        assert!(!hops::take(&mut tx, &tag(5), sid, at(600)).await.unwrap());
        assert!(hops::take(&mut tx, &tag(5), sid, at(1)).await.unwrap());
        assert!(!hops::take(&mut tx, &tag(5), sid, at(1)).await.unwrap());
    }
}

#[tokio::test] // each address that she opens makes one, but never more than a few at once
async fn of_a_session_only_the_newest_hops_stay() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        let (_, other) = session(&mut tx, person, 2).await;
        let life = 600;
        hops::create(&mut tx, &tag(99), other, &hop(), at(0), at(life))
            .await
            .unwrap();
        for index in 0..40 {
            let now = i64::try_from(index).unwrap();
            hops::create(&mut tx, &tag(100 + index), sid, &hop(), at(now), at(life))
                .await
                .unwrap();
        }
        let mut open = Vec::new();
        for index in 0..40 {
            if hops::find(&mut tx, &tag(100 + index), sid, at(41))
                .await
                .unwrap()
                .is_some()
            {
                open.push(index);
            }
        }
        assert_eq!(open, (8..40).collect::<Vec<_>>());
        let others = hops::find(&mut tx, &tag(99), other, at(41)).await.unwrap();
        assert!(others.is_some(), "nobody else's go");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hop_is_taken_once_under_race() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        hops::create(&mut tx, &tag(5), sid, &hop(), at(0), at(600))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let taken = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => hops::take(&mut tx, &tag(5), sid, at(1)))
        })
        .await;
        assert_eq!(winners(&taken), 1);
    }
}

#[tokio::test]
async fn a_choice_is_kept_for_its_application_and_replaced() {
    for db in databases().await {
        let person = student(&db, 1, &["s1", "m1"]).await;
        let library = ApplicationId::parse("library").unwrap();
        let meals = ApplicationId::parse("meals").unwrap();
        let mut tx = db.write().await.unwrap();
        for number in ["s1", "m1"] {
            number_choices::keep(&mut tx, person, &library, number, at(1))
                .await
                .unwrap();
            let found = number_choices::find(&mut tx, person, &library)
                .await
                .unwrap();
            assert_eq!(found.as_deref(), Some(number));
        }
        assert_eq!(
            number_choices::find(&mut tx, person, &meals).await.unwrap(),
            None
        );
    }
}
