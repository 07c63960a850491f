use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, PersonId, Sid};
use idp_domain::signin::{PROBE, PROBE_NUMBER, PersonState, Wishes};
use idp_storage::sessions::{self, NewSession, SessionKind};
use idp_storage::tickets::{self, NewTicket};
use idp_storage::{Db, persons, probes};

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, race, student, tag};

/// A session of this kind with a ticket for each of the applications; gives the grants.
async fn entered(
    db: &Db,
    person: PersonId,
    kind: SessionKind,
    seed: usize,
    applications: &[&str],
) -> Vec<GrantId> {
    let sid = Sid(id(1_000_000 + seed));
    let session = NewSession {
        id_hash: tag(seed),
        sid,
        person,
        number: PROBE_NUMBER,
        factors: &[],
        signed_in_at: at(0),
        expires_at: at(60),
        address: None,
        user_agent: None,
        wishes: Wishes::default(),
        kind,
    };
    let mut tx = db.write().await.unwrap();
    sessions::create(&mut tx, &session).await.unwrap();
    let mut grants = Vec::new();
    for (index, application) in applications.iter().enumerate() {
        // Each is younger than the one before.
        let grant = GrantId(uuid::Uuid::from_u128((seed * 10 + index) as u128 + 1));
        let ticket = NewTicket {
            hash: tag(seed * 10 + index),
            grant,
            sid,
            application: &ApplicationId::parse(application).unwrap(),
            number: PROBE_NUMBER,
            logout: None,
            proxied_by: None,
            service: "https://lib.example.edu/app",
            from_new_login: true,
            issued_at: at(0),
            expires_at: at(10),
        };
        tickets::issue(&mut tx, &ticket).await.unwrap();
        grants.push(grant);
    }
    tx.commit().await.unwrap();
    grants
}

async fn found(db: &Db, grant: GrantId) -> Option<(PersonState, Option<String>)> {
    let mut conn = db.read().await.unwrap();
    let found = sessions::find_by_grant(&mut conn, grant.0).await.unwrap();
    found.map(|(_, holder)| (holder.state, holder.probes.map(|id| id.to_string())))
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_probe_whoever_makes_it_first() {
    for db in databases().await {
        let made = race(&db, CROWD, |db, _| async move {
            in_tx!(db, tx => probes::ensure(&mut tx, at(1)))
        })
        .await;
        assert!(made.iter().all(|person| *person == PROBE));
        assert_eq!(count(&db, "SELECT count(*) FROM persons").await, 1);
        // It has no number, so that nothing that begins with one finds it.
        let mut conn = db.read().await.unwrap();
        let account = persons::for_sign_in(&mut conn, PROBE_NUMBER).await.unwrap();
        assert!(account.is_none());
        assert_eq!(
            persons::id_of_number(&mut conn, PROBE_NUMBER)
                .await
                .unwrap(),
            None
        );
        assert_eq!(persons::holder(&mut conn, PROBE).await.unwrap(), None);
    }
}

#[tokio::test] // TKT-11: what came to hang on the session later widens nothing
async fn a_probe_s_session_is_for_the_application_of_its_first_grant() {
    for db in databases().await {
        in_tx!(db, tx => probes::ensure(&mut tx, at(0)));
        let kind = SessionKind::Probe;
        let grants = entered(&db, PROBE, kind, 1, &["library", "mail"]).await;
        for grant in grants {
            let library = (PersonState::Probe, Some("library".to_owned()));
            assert_eq!(found(&db, grant).await, Some(library));
        }
        // Its secret, if anybody had it, opens nothing.
        let mut conn = db.read().await.unwrap();
        assert!(sessions::find(&mut conn, &tag(1)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn without_the_kind_the_person_and_the_state_there_is_no_probe() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => probes::ensure(&mut tx, at(0)));
        let browser = entered(&db, PROBE, SessionKind::Browser, 1, &["library"]).await;
        assert_eq!(found(&db, browser[0]).await, None);
        let of_student = entered(&db, person, SessionKind::Probe, 2, &["library"]).await;
        let active = (PersonState::Active, None);
        assert_eq!(found(&db, of_student[0]).await, Some(active));
        let probe = entered(&db, PROBE, SessionKind::Probe, 3, &["library"]).await;
        assert!(found(&db, probe[0]).await.is_some());
        in_tx!(db, tx => persons::set_state(&mut tx, PROBE, PersonState::Suspended));
        assert_eq!(found(&db, probe[0]).await, None);
    }
}

#[tokio::test]
async fn a_ticket_tells_when_it_was_consumed() {
    for db in databases().await {
        in_tx!(db, tx => probes::ensure(&mut tx, at(0)));
        let grants = entered(&db, PROBE, SessionKind::Probe, 1, &["library"]).await;
        let state = async || {
            let mut conn = db.read().await.unwrap();
            probes::ticket(&mut conn, &tag(10)).await.unwrap().unwrap()
        };
        let fresh = state().await;
        assert_eq!((fresh.grant, fresh.expires_at), (grants[0].0, at(10)));
        assert_eq!(fresh.consumed_at, None);
        in_tx!(db, tx => tickets::consume(&mut tx, &tag(10), at(4)));
        assert_eq!(state().await.consumed_at, Some(at(4)));
        let mut conn = db.read().await.unwrap();
        assert!(probes::ticket(&mut conn, &tag(99)).await.unwrap().is_none());
    }
}
