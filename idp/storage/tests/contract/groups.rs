use idp_domain::accounts::GroupName;
use idp_domain::ids::PersonId;
use idp_storage::{groups, persons, sessions};

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, session, student, winners};

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

#[tokio::test]
async fn a_group_is_its_members() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1", "m1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        assert!(in_tx!(db, tx => groups::add(&mut tx, &group("lab"), one, at(1))));
        assert!(in_tx!(db, tx => groups::add(&mut tx, &group("lab"), two, at(2))));
        assert!(in_tx!(db, tx => groups::add(&mut tx, &group("desk"), two, at(3))));
        assert!(!in_tx!(db, tx => groups::add(&mut tx, &group("lab"), one, at(4))));

        let mut conn = db.read().await.unwrap();
        let listed = groups::list(&mut conn).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|g| (g.name.as_str(), g.members))
            .collect();
        assert_eq!(listed, [("desk", 1), ("lab", 2)]);
        // Who holds two numbers is one member, with the moment she came.
        let members = groups::members(&mut conn, &group("lab")).await.unwrap();
        let members: Vec<_> = members
            .iter()
            .map(|m| (m.display_number.as_str(), m.name.as_str(), m.added_at))
            .collect();
        assert_eq!(members, [("M1", "李明", at(1)), ("S2", "李明", at(2))]);
        let nobody = groups::members(&mut conn, &group("la")).await.unwrap();
        assert!(nobody.is_empty());
        drop(conn);

        assert!(in_tx!(db, tx => groups::remove(&mut tx, &group("desk"), two)));
        assert!(!in_tx!(db, tx => groups::remove(&mut tx, &group("desk"), two)));
        let mut conn = db.read().await.unwrap();
        assert_eq!(groups::list(&mut conn).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn each_read_of_a_holder_tells_her_groups_in_one_order() {
    for db in databases().await {
        let person = student(&db, 1, &["s1", "m1"]).await;
        let (hash, _) = in_tx!(db, tx => session_of(&mut tx, person));
        let read = async || {
            let mut conn = db.read().await.unwrap();
            let holder = persons::holder(&mut conn, person).await.unwrap().unwrap();
            let (_, signed_in) = sessions::find(&mut conn, &hash).await.unwrap().unwrap();
            assert_eq!(holder.groups, signed_in.groups);
            assert_eq!((holder.numbers.len(), signed_in.numbers.len()), (2, 2));
            holder.groups
        };
        assert!(read().await.is_empty());
        for name in ["lab", "a", "desk-9"] {
            in_tx!(db, tx => groups::add(&mut tx, &group(name), person, at(1)));
        }
        assert_eq!(read().await, ["a", "desk-9", "lab"]);
        in_tx!(db, tx => groups::remove(&mut tx, &group("a"), person));
        assert_eq!(read().await, ["desk-9", "lab"]);
    }
}

async fn session_of(
    tx: &mut idp_storage::Tx,
    person: PersonId,
) -> Result<(idp_domain::secrets::Tag, idp_domain::ids::Sid), idp_storage::DbError> {
    Ok(session(tx, person, 1).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_add_one_person_one_does() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let added = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => groups::add(&mut tx, &group("lab"), person, at(1)))
        })
        .await;
        assert_eq!(winners(&added), 1);
        let removed = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => groups::remove(&mut tx, &group("lab"), person))
        })
        .await;
        assert_eq!(winners(&removed), 1);
    }
}
