//! How often an application may ask by one proxy-granting ticket.

use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::proxying::{MAIL, code, each_proxying_campus, element, portal_granted};
use crate::support::Campus;
use crate::support::kit::{address, audited_by, signed_in};

/// Two nodes on one database that let one ticket ask ten times.
async fn sparing(campus: &Campus) -> [idp::Idp; 2] {
    let mut parts = campus.parts.clone();
    parts.config.limits.proxy_per_ten_minutes = serde_json::from_value(10.into()).unwrap();
    [campus.node(&parts).await, campus.node(&parts).await]
}

async fn ask(campus: &Campus, node: &idp::Idp, pgt: &str, target: &str) -> String {
    let pairs = [("pgt", pgt), ("targetService", target)];
    let reply = campus
        .visitor_at(node)
        .get(&address("/cas/proxy", &pairs))
        .await;
    assert_eq!(reply.status, 200);
    reply.body()
}

#[tokio::test(flavor = "multi_thread")] // CAS 96: whatever it asks for, on whichever node
async fn a_ticket_that_asks_in_a_loop_is_stopped_before_it_fills_the_trail() {
    each_proxying_campus(200, async |campus, callbacks| {
        let nodes = sparing(campus).await;
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let (bodies, trail) = audited_by(campus, async || {
            let asked = (0..40).map(|index| {
                let target = [MAIL, "https://evil.example/"][index / 2 % 2];
                ask(campus, &nodes[index % 2], &portal, target)
            });
            join_all(asked).await
        })
        .await;
        let limited = |body: &String| code(body).as_deref() == Some("INTERNAL_ERROR");
        assert_eq!(bodies.iter().filter(|body| !limited(body)).count(), 10);
        assert_eq!(trail.len(), 10, "{trail:?}");
        let refused = bodies.iter().find(|body| limited(body)).unwrap();
        assert!(refused.contains("too many requests"), "{refused}");

        // Another ticket of the same session and application has its own.
        let other = portal_granted(campus, callbacks, &mut visitor).await;
        let body = ask(campus, &nodes[0], &other, MAIL).await;
        assert!(element(&body, "proxyTicket").is_some(), "{body}");
        campus.advance(SignedDuration::from_mins(10));
        let body = ask(campus, &nodes[1], &portal, MAIL).await;
        assert!(element(&body, "proxyTicket").is_some(), "{body}");
    })
    .await;
}
