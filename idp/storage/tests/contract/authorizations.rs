use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::factors::Factor;
use idp_domain::ids::{AuthorizationId, PersonId};
use idp_domain::oidc::{ClaimsRequest, Granted, Scopes};
use idp_storage::authorizations::{self, NewAuthorization};
use idp_storage::{Db, persons, sessions};

use crate::in_tx;
use crate::support::{CROWD, at, databases, id, race, student, winners};

pub fn library() -> ApplicationId {
    ApplicationId::parse("library").unwrap()
}

pub fn granted() -> Granted {
    Granted {
        scopes: Scopes::parse("openid profile").unwrap(),
        claims: ClaimsRequest::default(),
        disclosure: serde_json::from_value(serde_json::json!(["name", "offline"])).unwrap(),
        nonce: Some("n".into()),
        resources: vec!["https://books.example".into()],
        signed_in_at: at(0),
        factors: vec![Factor::Password],
        key_thumbprint: None,
        offline: true,
    }
}

/// Offline access that ends at second 1000, or an application's own.
pub async fn create(db: &Db, seed: usize, person: Option<PersonId>) -> AuthorizationId {
    let (application, granted) = (library(), granted());
    let new = NewAuthorization {
        id: AuthorizationId(id(seed)),
        application: &application,
        person,
        grant: None,
        number: person.map(|_| "s1"),
        subject: "somebody",
        granted: &granted,
        created_at: at(0),
        expires_at: at(1000),
    };
    in_tx!(db, tx => authorizations::create(&mut tx, &new));
    new.id
}

async fn rotate(db: &Db, id: AuthorizationId, generation: u32, now: Timestamp) -> bool {
    in_tx!(db, tx => authorizations::rotate(&mut tx, id, generation, now))
}

#[tokio::test]
async fn an_authorization_is_found_as_it_was_written() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let id = create(&db, 10, Some(person)).await;
        in_tx!(db, tx => persons::overtake(&mut tx, person, at(7)));
        let found = in_tx!(db, tx => authorizations::find(&mut tx, id)).unwrap();
        assert_eq!(
            (found.id, found.person, found.grant),
            (id, Some(person), None)
        );
        assert_eq!(found.application, "library");
        assert_eq!(found.number.as_deref(), Some("s1"));
        assert_eq!(
            (found.subject.as_str(), &found.granted),
            ("somebody", &granted())
        );
        assert_eq!((found.generation, found.rotated_at), (0, None));
        assert_eq!((found.created_at, found.last_used_at), (at(0), at(0)));
        assert_eq!((found.expires_at, found.revoked), (at(1000), false));
        assert_eq!(found.not_before, Some(at(7)));
        let own = create(&db, 11, None).await;
        let own = in_tx!(db, tx => authorizations::find(&mut tx, own)).unwrap();
        assert_eq!((own.person, own.number, own.not_before), (None, None, None));
        let nobody = AuthorizationId(crate::support::id(99));
        assert!(in_tx!(db, tx => authorizations::find(&mut tx, nobody)).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")] // OID-14
async fn of_sixty_four_refreshes_one_rotates() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let id = create(&db, 10, Some(person)).await;
        for generation in 0..5 {
            let got = race(&db, CROWD, move |db, _| async move {
                rotate(&db, id, generation, at(5)).await
            })
            .await;
            assert_eq!(winners(&got), 1, "generation {generation}");
        }
        let found = in_tx!(db, tx => authorizations::find(&mut tx, id)).unwrap();
        assert_eq!((found.generation, found.rotated_at), (5, Some(at(5))));
        assert_eq!(found.last_used_at, at(5));
    }
}

#[tokio::test] // OID-14, OIDC 54
async fn what_is_over_is_not_refreshed() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let id = create(&db, 10, Some(person)).await;
        assert!(!rotate(&db, id, 1, at(1)).await);
        assert!(!rotate(&db, id, 0, at(1000)).await);
        assert!(in_tx!(db, tx => authorizations::note_use(&mut tx, id, 0, at(3))));
        assert!(!in_tx!(db, tx => authorizations::note_use(&mut tx, id, 1, at(3))));
        let revoke =
            async || in_tx!(db, tx => authorizations::revoke(&mut tx, id, "refresh_reuse", at(9)));
        assert!(revoke().await);
        assert!(!revoke().await);
        assert!(!rotate(&db, id, 0, at(10)).await);
        assert!(!in_tx!(db, tx => authorizations::note_use(&mut tx, id, 0, at(10))));
        let found = in_tx!(db, tx => authorizations::find(&mut tx, id)).unwrap();
        assert_eq!((found.generation, found.revoked), (0, true));
        // What she is told of it.
        let told = async |since| in_tx!(db, tx => authorizations::revoked(&mut tx, person, "refresh_reuse", since, 5));
        let told_of = told(at(8)).await;
        assert_eq!(told_of.len(), 1);
        assert_eq!(
            (told_of[0].application.as_str(), told_of[0].at),
            ("library", at(9))
        );
        assert!(told(at(9)).await.is_empty());
    }
}

#[tokio::test] // her own, while it lives and nothing of hers has overtaken it
async fn offline_access_is_listed_while_it_lives() {
    for db in databases().await {
        let (one, other) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        let (first, second) = (
            create(&db, 10, Some(one)).await,
            create(&db, 11, Some(one)).await,
        );
        create(&db, 12, Some(other)).await;
        create(&db, 13, None).await;
        let used = async |now| {
            let mut conn = db.read().await.unwrap();
            let all = authorizations::offline(&mut conn, one, at(now), 9).await;
            let all = all.unwrap().into_iter();
            all.map(|one| (one.application, one.last_used_at))
                .collect::<Vec<_>>()
        };
        let seen = |moments: &[i64]| -> Vec<(String, Timestamp)> {
            let all = moments.iter().map(|moment| ("library".into(), at(*moment)));
            all.collect()
        };
        assert!(rotate(&db, second, 0, at(5)).await);
        assert_eq!(used(6).await, seen(&[5, 0]));
        assert_eq!(used(1000).await, seen(&[]));
        in_tx!(db, tx => authorizations::revoke(&mut tx, second, "client", at(7)));
        assert_eq!(used(8).await, seen(&[0]));
        let mut conn = db.read().await.unwrap();
        let all = authorizations::offline(&mut conn, one, at(8), 9).await;
        assert_eq!(all.unwrap()[0].granted, granted());
        drop(conn);
        in_tx!(db, tx => persons::overtake(&mut tx, one, at(1)));
        assert_eq!(used(8).await, seen(&[]));
        assert!(in_tx!(db, tx => authorizations::revoke(&mut tx, first, "client", at(9))));
    }
}

#[tokio::test] // OID-27: she takes back what she gave
async fn all_that_an_application_holds_of_a_person_ends_at_once() {
    for db in databases().await {
        let (one, other) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        create(&db, 10, Some(one)).await;
        create(&db, 11, Some(one)).await;
        let kept = create(&db, 12, Some(other)).await;
        let end = async || {
            in_tx!(db, tx =>
                authorizations::revoke_all(&mut tx, one, &library(), "withdrawn", at(5)))
        };
        assert_eq!(end().await, 2);
        assert_eq!(end().await, 0);
        assert!(
            !in_tx!(db, tx => authorizations::find(&mut tx, kept))
                .unwrap()
                .revoked
        );
    }
}

#[tokio::test] // SES-10
async fn all_that_applications_hold_of_a_person_ends_at_once() {
    for db in databases().await {
        let one = student(&db, 1, &["s1"]).await;
        let held = create(&db, 10, Some(one)).await;
        let (other, own) = (student(&db, 2, &["s2"]).await, create(&db, 12, None).await);
        let other = create(&db, 11, Some(other)).await;
        let end = async || in_tx!(db, tx => authorizations::end_all(&mut tx, one, "password_change", at(5)));
        assert_eq!(end().await, 1);
        assert_eq!(end().await, 0);
        assert!(!rotate(&db, held, 0, at(6)).await);
        for kept in [other, own] {
            assert!(rotate(&db, kept, 0, at(6)).await);
        }
    }
}

/// A redemption holds the session that it reads. Whoever ends all of a person's meanwhile waits,
/// and ends what it gave; who comes later finds the session over.
#[tokio::test] // SES-10
async fn what_is_redeemed_while_a_session_ends_ends_with_it() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let grant = crate::codes::issue(&db, person, 1).await;
        let mut tx = db.write().await.unwrap();
        assert!(
            sessions::touch_of_grant(&mut tx, grant, at(1))
                .await
                .unwrap()
        );
        let ending = tokio::spawn({
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                let ended = sessions::end_all(&mut tx, person, "password_change", at(2)).await;
                let held = authorizations::end_all(&mut tx, person, "password_change", at(2)).await;
                tx.commit().await.unwrap();
                (ended.unwrap().len(), held.unwrap())
            }
        });
        // Time for it to come to where it waits. However late it is, what must hold is the same;
        // only a lost lock would go unseen then.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let (application, granted) = (library(), granted());
        let new = NewAuthorization {
            id: AuthorizationId(id(10)),
            application: &application,
            person: Some(person),
            grant: None,
            number: Some("s1"),
            subject: "somebody",
            granted: &granted,
            created_at: at(1),
            expires_at: at(1000),
        };
        authorizations::create(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ending.await.unwrap(), (1, 1));
        let late = in_tx!(db, tx => sessions::touch_of_grant(&mut tx, grant, at(3)));
        assert!(!late);
        assert!(!rotate(&db, new.id, 0, at(3)).await);
    }
}
