//! What people let applications know.

use idp_domain::applications::{ApplicationId, ReleasedAttribute};
use idp_domain::ids::PersonId;
use idp_domain::oidc::{Disclosed, Disclosure};
use idp_storage::{Db, consents};
use migrations::run;

use crate::authorizations::create;
use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, session, student, tag, winners};

fn library() -> ApplicationId {
    ApplicationId::parse("library").unwrap()
}

/// By their words, as the column has them.
fn disclosure(words: &[&str]) -> Disclosure {
    serde_json::from_value(serde_json::json!(words)).unwrap()
}

async fn find(db: &Db, person: PersonId, application: &str) -> Option<Disclosure> {
    let application = ApplicationId::parse(application).unwrap();
    let mut conn = db.read().await.unwrap();
    consents::find(&mut conn, person, &application)
        .await
        .unwrap()
}

#[test]
fn a_word_is_read_as_it_was_written() {
    let all = disclosure(&["name", "offline", "scope:books:read"]);
    let ones: Vec<Disclosed> = all.iter().cloned().collect();
    assert_eq!(ones[0], Disclosed::Attribute(ReleasedAttribute::Name));
    assert_eq!(ones[1], Disclosed::Offline);
    assert_eq!(ones[2], Disclosed::Scope("books:read".into()));
    assert!(serde_json::from_str::<Disclosure>(r#"["nothing"]"#).is_err());
}

#[tokio::test] // OID-27: by person and application; what was agreed to before stays
async fn a_consent_grows_and_is_one() {
    for db in databases().await {
        let (one, other) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        let keep = async |words: &[&str], seconds| {
            let words = disclosure(words);
            in_tx!(db, tx => consents::keep(&mut tx, one, &library(), &words, at(seconds)));
        };
        keep(&["name"], 1).await;
        keep(&["number", "offline"], 2).await;
        let both = disclosure(&["name", "number", "offline"]);
        assert_eq!(find(&db, one, "library").await, Some(both.clone()));
        assert_eq!(find(&db, other, "library").await, None);
        assert_eq!(find(&db, one, "mail").await, None);
        let mut conn = db.read().await.unwrap();
        let list = consents::list(&mut conn, one).await.unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].granted.clone(), list[0].granted_at), (both, at(2)));
        assert!(consents::list(&mut conn, other).await.unwrap().is_empty());
    }
}

#[tokio::test] // RACE: each of them asked for another thing
async fn of_64_answers_at_once_none_is_lost() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        race(&db, CROWD, move |db, n| async move {
            let words = disclosure(&["name", &format!("scope:s{n}")]);
            in_tx!(db, tx => consents::keep(&mut tx, person, &library(), &words, at(1)));
            true
        })
        .await;
        let kept = find(&db, person, "library").await.unwrap();
        assert_eq!(kept.iter().count(), CROWD + 1);
    }
}

#[tokio::test] // where the school allowed it, nobody was asked, and she ends it all the same
async fn without_a_consent_its_authorizations_end() {
    for db in databases().await {
        let (one, other) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        for (seed, person) in [(10, one), (11, one), (12, other)] {
            create(&db, seed, Some(person)).await;
        }
        let gone = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => consents::withdraw(&mut tx, one, &library(), at(2)))
        })
        .await;
        assert_eq!(winners(&gone), 1);
        let live = "SELECT count(*) FROM authorizations WHERE revoked_at IS NULL";
        assert_eq!(count(&db, live).await, 1);
    }
}

#[tokio::test] // one withdrawal, and nothing that stood on it stays
async fn with_a_consent_go_codes_and_authorizations() {
    for db in databases().await {
        let (one, other) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        let words = disclosure(&["name"]);
        for (seed, person) in [(1, one), (2, other)] {
            let mut tx = db.write().await.unwrap();
            consents::keep(&mut tx, person, &library(), &words, at(1))
                .await
                .unwrap();
            let (_, sid) = session(&mut tx, person, seed).await;
            let grant = "INSERT INTO grants (id, sid, application_id, protocol, created_at)
                VALUES ($1, $2, 'library', 'oidc', 0)";
            run!(tx, c => sqlx::query(grant).bind(id(seed)).bind(sid.0).execute(c)).unwrap();
            let code = "INSERT INTO authorization_codes (code_hash, authorization_id, grant_id,
                    application_id, request, issued_at, expires_at)
                VALUES ($1, $2, $3, 'library', '{}', 0, 9)";
            run!(tx, c => sqlx::query(code).bind(tag(seed).as_bytes()).bind(id(100 + seed))
                .bind(id(seed)).execute(c))
            .unwrap();
            let authorization = "INSERT INTO authorizations (id, application_id, person_id,
                    subject, scope, detail, created_at, last_used_at, expires_at)
                VALUES ($1, 'library', $2, '', '', '{}', 0, 0, 9000000000000000000)";
            run!(tx, c => sqlx::query(authorization).bind(id(200 + seed)).bind(person.0)
                .execute(c))
            .unwrap();
            tx.commit().await.unwrap();
        }
        let gone = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => consents::withdraw(&mut tx, one, &library(), at(2)))
        })
        .await;
        assert_eq!(winners(&gone), 1);
        assert_eq!(find(&db, one, "library").await, None);
        assert_eq!(find(&db, other, "library").await, Some(words));
        let burnt = "SELECT count(*) FROM authorization_codes WHERE consumed_at IS NOT NULL";
        assert_eq!(count(&db, burnt).await, 1);
        let revoked = "SELECT count(*) FROM authorizations
            WHERE revoked_because = 'consent_withdrawn'";
        assert_eq!(count(&db, revoked).await, 1);
    }
}
