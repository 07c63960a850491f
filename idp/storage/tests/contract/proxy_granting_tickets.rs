use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, ProxyGrantingId};
use idp_storage::proxy_granting_tickets::{self as pgts, NewProxyGranting};
use idp_storage::tickets::{self, NewTicket};
use idp_storage::{Tx, sessions};

use crate::in_tx;
use crate::support::{CROWD, at, databases, id, race, session, student, tag};

/// A grant of the portal's, and proxy-granting tickets 1, 2, … each made by the one before.
async fn chain(tx: &mut Tx, sid: idp_domain::ids::Sid, length: usize) {
    let portal = ApplicationId::parse("portal").unwrap();
    for index in 0..length {
        let parent = index
            .checked_sub(1)
            .map(|before| ProxyGrantingId(id(300 + before)));
        let ticket = NewTicket {
            hash: tag(100 + index),
            grant: GrantId(id(200 + index)),
            sid,
            application: &portal,
            number: "s1",
            service: "https://portal.example.edu/",
            logout: None,
            proxied_by: parent,
            from_new_login: false,
            issued_at: at(0),
            expires_at: at(10),
        };
        tickets::issue(tx, &ticket).await.unwrap();
        assert!(pgts::issue(tx, &granting(index, parent)).await.unwrap());
    }
}

fn granting(index: usize, parent: Option<ProxyGrantingId>) -> NewProxyGranting<'static> {
    NewProxyGranting {
        id: ProxyGrantingId(id(300 + index)),
        hash: tag(400 + index),
        grant: GrantId(id(200 + index)),
        parent,
        callback: ["https://a.example.edu/pgt", "https://b.example.edu/pgt?x=1"][index % 2],
        depth: u32::try_from(index + 1).unwrap(),
        created_at: at(1),
    }
}

#[tokio::test] // CAS 90, TKT-11
async fn a_chain_is_told_with_the_most_recent_first() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        chain(&mut tx, sid, 2).await;
        let found = pgts::find(&mut tx, &tag(401)).await.unwrap().unwrap();
        assert_eq!((found.depth, found.application.as_str()), (2, "portal"));
        let proxy = |callback: &str| pgts::Proxy {
            application: "portal".into(),
            callback: callback.into(),
        };
        assert_eq!(
            pgts::chain(&mut tx, found.id).await.unwrap(),
            [
                proxy("https://b.example.edu/pgt?x=1"),
                proxy("https://a.example.edu/pgt")
            ]
        );
        assert_eq!(pgts::by_id(&mut tx, found.id).await.unwrap(), Some(found));
        assert_eq!(pgts::find(&mut tx, &tag(1)).await.unwrap(), None);
        assert!(
            pgts::chain(&mut tx, ProxyGrantingId(id(9)))
                .await
                .unwrap()
                .is_empty()
        );
        // A proxy ticket says by which it was made; a service ticket by none.
        let first = tickets::consume(&mut tx, &tag(100), at(2))
            .await
            .unwrap()
            .unwrap();
        let second = tickets::consume(&mut tx, &tag(101), at(2))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(first.proxied_by, None);
        assert_eq!(second.proxied_by, Some(ProxyGrantingId(id(300))));
    }
}

#[tokio::test] // CAS 113
async fn an_ended_session_grants_nothing() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (cookie, sid) = session(&mut tx, person, 1).await;
        chain(&mut tx, sid, 1).await;
        sessions::end(&mut tx, &cookie, "signed_out", at(2))
            .await
            .unwrap();
        let late = NewProxyGranting {
            id: ProxyGrantingId(id(350)),
            hash: tag(450),
            ..granting(0, None)
        };
        assert!(!pgts::issue(&mut tx, &late).await.unwrap());
        assert_eq!(pgts::find(&mut tx, &tag(450)).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")] // TKT-02: the same by a proxy ticket
async fn a_proxy_ticket_is_consumed_once_under_race() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let mut tx = db.write().await.unwrap();
        let (_, sid) = session(&mut tx, person, 1).await;
        chain(&mut tx, sid, 2).await;
        tx.commit().await.unwrap();
        let got = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => tickets::consume(&mut tx, &tag(101), at(2)))
        })
        .await;
        assert_eq!(got.iter().filter(|consumed| consumed.is_some()).count(), 1);
    }
}
