//! Who may ask: everybody else hears one answer, and nothing is counted, looked up or hashed.

use serde_json::json;

use super::{KEY, PORTAL, Server, TICKETS, entry, fault, two_applications};
use crate::support::kit::{PASSWORD, STUDENT, audited_by, changing_nothing, register};
use crate::support::{Campus, each_campus, each_campus_with};

/// All four ways in are closed, whatever is sent.
async fn learns_nothing(campus: &Campus, mut server: Server, live: &str) {
    let hashes = campus.idp.app().hashing.computed();
    let counted = campus.count("throttle_events").await;
    let (replies, trail) = changing_nothing(campus, async || {
        let unknown = format!("{TICKETS}/TGT-{}", "A".repeat(43));
        let mut replies = vec![
            server.sign_in(STUDENT, PASSWORD).await,
            server.sign_in(STUDENT, "wrong-lantern-58").await,
            server.sign_in("20239999", PASSWORD).await,
            server.post(TICKETS, &[]).await,
            server.send("POST", TICKETS, None).await,
        ];
        for path in [live, &unknown] {
            replies.push(server.ticket(path, PORTAL).await);
            replies.push(server.send("GET", path, None).await);
            replies.push(server.send("DELETE", path, None).await);
        }
        replies
    })
    .await;
    assert!(trail.is_empty(), "{trail:?}");
    let bodies = replies.iter().map(|reply| {
        assert_eq!(fault(reply, 403), "not_trusted");
        let id = reply.header("x-request-id").unwrap();
        reply.body().replace(id, "")
    });
    let bodies: std::collections::HashSet<_> = bodies.collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(campus.idp.app().hashing.computed(), hashes);
    assert_eq!(campus.count("throttle_events").await, counted);
}

#[tokio::test] // ENM-01, BRU-01
async fn strangers_learn_nothing() {
    each_campus(async |campus| {
        learns_nothing(campus, Server::portal(campus), "/cas/v1/tickets/TGT-x").await;
        two_applications(campus).await;
        let live = Server::portal(campus).granting().await;
        let mail = || Server::at(campus, "10.8.4.7");
        let spoofing = |address: &str| {
            let mut server = Server::at(campus, "192.0.2.1");
            server.visitor.forwarded_for = Some(address.to_owned());
            server
        };
        for server in [
            Server::at(campus, "127.0.0.1"),
            Server::at(campus, "10.8.2.255"),
            Server::at(campus, "[2001:db8::3]"),
            // NET-02: nobody says of himself where he is.
            spoofing("10.8.3.7"),
            // A key counts for its own application, in that one's network.
            mail(),
            mail().with_key("mail", "key-of-mai"),
            mail().with_key("mail", ""),
            mail().with_key("portal", KEY),
            mail().with_key("", KEY),
            Server::at(campus, "192.0.2.1").with_key("mail", KEY),
        ] {
            learns_nothing(campus, server, &live).await;
        }
        let mut mail = mail().with_key("mail", KEY);
        assert_eq!(mail.sign_in(STUDENT, PASSWORD).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn an_entry_switches_its_programs_off() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let live = server.granting().await;
        let stopped = json!({ "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
            "enabled": false, "cas": { "services": ["https://portal.uni.edu.cn/*"],
                "rest": { "networks": ["10.8.3.0/24"] } } });
        let without = json!({ "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
            "cas": { "services": ["https://portal.uni.edu.cn/*"] } });
        for entry in [stopped, without] {
            register(campus, &entry).await;
            learns_nothing(campus, server.clone(), &live).await;
        }
        entry(campus, "portal", json!({ "networks": ["10.8.3.7"] })).await;
        assert_eq!(server.ticket(&live, PORTAL).await.status, 200);
    })
    .await;
}

#[tokio::test] // NET-02: behind a proxy that is ours, the address is the one that it tells
async fn the_network_is_the_clients_and_not_the_proxys() {
    let behind_proxy = |config: &mut idp::config::Config| {
        config.server.trusted_proxies = serde_json::from_value(json!(["10.8.3.1"])).unwrap();
    };
    each_campus_with(behind_proxy, async |campus| {
        two_applications(campus).await;
        let mut server = Server::at(campus, "10.8.3.1");
        server.visitor.forwarded_for = Some("203.0.113.9".into());
        let (reply, _) = audited_by(campus, async || server.sign_in(STUDENT, PASSWORD).await).await;
        assert_eq!(fault(&reply, 403), "not_trusted");
        server.visitor.forwarded_for = Some("10.8.3.7".into());
        assert_eq!(server.sign_in(STUDENT, PASSWORD).await.status, 201);
    })
    .await;
}
