//! TKT: a service ticket is good once, for ten seconds, for the service it was issued for.

use idp_domain::cas::ServiceTicket;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::kit::{
    STUDENT, address, audited_by, changing_nothing, register, rows, scalars, sign_in, signed_in,
    state, ticket, validate, verdict,
};
use crate::support::{Campus, OTHER_SERVICE, SERVICE, each_campus, login};

const INVALID_TICKET: Result<&str, &str> = Err("INVALID_TICKET");
const INVALID_SERVICE: Result<&str, &str> = Err("INVALID_SERVICE");

async fn validated<'a>(
    campus: &Campus,
    service: &str,
    ticket: &str,
    holder: &'a mut Option<Result<String, String>>,
) -> Result<&'a str, &'a str> {
    let holder = holder.insert(validate(campus, service, ticket).await);
    holder.as_deref().map_err(String::as_str)
}

#[tokio::test] // TKT-01
async fn a_replayed_ticket_is_refused_at_every_address() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for first in [
            "/cas/validate",
            "/cas/serviceValidate",
            "/cas/p3/serviceValidate",
        ] {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let pairs = [("service", SERVICE), ("ticket", ticket.as_str())];
            let mut server = campus.visitor();
            let (reply, trail) =
                audited_by(campus, async || server.get(&address(first, &pairs)).await).await;
            assert!(reply.body().contains(STUDENT), "{}", reply.body());
            assert_eq!(trail, ["cas.ticket.validate success -"]);
            for again in [
                "/cas/validate",
                "/cas/serviceValidate",
                "/cas/p3/serviceValidate",
            ] {
                let (reply, trail) =
                    changing_nothing(campus, async || server.get(&address(again, &pairs)).await)
                        .await;
                assert_eq!(reply.status, 200);
                assert!(!reply.body().contains(STUDENT), "{}", reply.body());
                assert!(!reply.body().contains(&ticket), "{}", reply.body());
                assert_eq!(trail, ["cas.ticket.replay refused used_ticket"]);
                if again == "/cas/validate" {
                    assert_eq!(reply.body(), "no\n\n");
                } else {
                    assert_eq!(verdict(&reply.body()), Err("INVALID_TICKET".into()));
                }
            }
            let json = address(
                "/cas/p3/serviceValidate",
                &[pairs[0], pairs[1], ("format", "JSON")],
            );
            let reply = server.get(&json).await;
            let body: serde_json::Value = serde_json::from_slice(&reply.bytes).unwrap();
            let failure = &body["serviceResponse"]["authenticationFailure"];
            assert_eq!(failure["code"], "INVALID_TICKET");
        }
    })
    .await;
}

#[tokio::test] // TKT-03
async fn a_ticket_for_another_service_is_refused_and_burnt() {
    each_campus(async |campus| {
        let entry = json!({ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
            "cas": { "services": ["https://lib.uni.edu.cn/*"] } });
        register(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        for other in [
            "http://127.0.0.1:9000/secret?x=1",
            "http://127.0.0.1:9000/secret/",
            "http://127.0.0.1:9000/SECRET",
            "http://127.0.0.1:9000/",
            "http://127.0.0.1:9001/secret",
            "http://localhost:9000/secret",
            "http://127.0.0.1:9000/secret%20",
            // Registered for another application.
            "https://lib.uni.edu.cn/secret",
            // Of nobody, and none at all.
            "https://evil.com/",
            "javascript:alert(1)",
        ] {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let mut kept = None;
            let (verdict, trail) = audited_by(campus, async || {
                validated(campus, other, &ticket, &mut kept).await
            })
            .await;
            assert_eq!(verdict, INVALID_SERVICE, "{other}");
            assert_eq!(trail, ["cas.ticket.service_mismatch refused -"], "{other}");
            let mut kept = None;
            let again = validated(campus, SERVICE, &ticket, &mut kept).await;
            assert_eq!(again, INVALID_TICKET, "{other} did not burn it");
        }
        let both = scalars(
            campus,
            "SELECT application_id || ' ' || coalesce(detail->>'validated_for', '-')
             FROM audit_events WHERE event = 'cas.ticket.service_mismatch'",
        )
        .await;
        assert!(both.contains(&"demo-app library".to_owned()), "{both:?}");
        assert!(both.contains(&"demo-app -".to_owned()), "{both:?}");

        // RED-05: another spelling of the same service is no other service.
        let ticket = ticket(&mut visitor, SERVICE).await;
        let spelt = "HTTP://127.0.0.1:9000/secret";
        assert_eq!(validate(campus, spelt, &ticket).await, Ok(STUDENT.into()));
    })
    .await;
}

#[tokio::test] // TKT-03: whatever else is wrong with the request
async fn a_malformed_request_burns_the_ticket_that_it_names() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for more in [
            ("ticket", "ST-x"),
            ("service", OTHER_SERVICE),
            ("format", "YAML"),
        ] {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let pairs = [("service", SERVICE), ("ticket", ticket.as_str()), more];
            let path = address("/cas/serviceValidate", &pairs);
            let (reply, trail) =
                audited_by(campus, async || campus.visitor().get(&path).await).await;
            assert_eq!(
                verdict(&reply.body()),
                Err("INVALID_REQUEST".into()),
                "{path}"
            );
            assert_eq!(trail, ["cas.ticket.refuse refused INVALID_REQUEST"]);
            let again = validate(campus, SERVICE, &ticket).await;
            assert_eq!(
                again,
                Err("INVALID_TICKET".into()),
                "{path} did not burn it"
            );
        }
    })
    .await;
}

#[tokio::test] // TKT-03: a request without both parameters burns nothing
async fn a_malformed_request_is_no_oracle() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let ticket = ticket(&mut visitor, SERVICE).await;
        let mut server = campus.visitor();
        for pairs in [
            vec![("ticket", ticket.as_str())],
            vec![("service", SERVICE)],
            vec![("service", SERVICE), ("ticket", "")],
            vec![("SERVICE", SERVICE), ("TICKET", ticket.as_str())],
        ] {
            let path = address("/cas/serviceValidate", &pairs);
            let (reply, _) = changing_nothing(campus, async || server.get(&path).await).await;
            assert_eq!(
                verdict(&reply.body()),
                Err("INVALID_REQUEST".into()),
                "{path}"
            );
        }
    })
    .await;
}

#[tokio::test] // TKT-05
async fn a_ticket_lives_ten_seconds_and_not_one_more() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for (waits, good) in [
            (9_999, true),
            (10_000, false),
            (11_000, false),
            (3_600_000, false),
        ] {
            let ticket = ticket(&mut visitor, SERVICE).await;
            campus.advance(SignedDuration::from_millis(waits));
            let verdict = validate(campus, SERVICE, &ticket).await;
            assert_eq!(verdict.is_ok(), good, "after {waits} ms: {verdict:?}");
            // Expired or not, it was used up.
            campus.advance(SignedDuration::from_millis(-waits));
            assert!(validate(campus, SERVICE, &ticket).await.is_err());
        }
    })
    .await;
}

#[tokio::test] // TKT-05: a node whose clock is off takes no requests
async fn a_node_off_the_databases_clock_is_not_ready() {
    each_campus(async |campus| {
        // SQLite has no clock but the machine's.
        let Some(database) = campus.parts.db.clock().await.unwrap() else {
            return;
        };
        let off = database.0 - campus.clock.now().as_microsecond();
        campus.advance(SignedDuration::from_micros(off));
        let mut probe = campus.visitor();
        probe.route_to(campus.idp.management(None));
        for (seconds, ready) in [(0, true), (120, false), (-240, false), (120, true)] {
            campus.advance(SignedDuration::from_secs(seconds));
            let reply = probe.get("/readyz").await;
            assert_eq!(
                reply.status,
                if ready { 200 } else { 503 },
                "{}",
                reply.body()
            );
        }
    })
    .await;
}

#[tokio::test] // TKT-06
async fn renew_takes_only_tickets_of_credentials_shown_just_now() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let fresh = sign_in(&mut visitor).await;
        let from_session = ticket(&mut visitor, SERVICE).await;
        let with_renew = |ticket: &str| {
            address(
                "/cas/p3/serviceValidate",
                &[("service", SERVICE), ("ticket", ticket), ("renew", "true")],
            )
        };
        let mut server = campus.visitor();
        let reply = server.get(&with_renew(&fresh)).await;
        assert_eq!(verdict(&reply.body()), Ok(STUDENT.into()));
        let (reply, trail) = audited_by(campus, async || {
            server.get(&with_renew(&from_session)).await
        })
        .await;
        assert_eq!(verdict(&reply.body()), Err("INVALID_TICKET".into()));
        assert_eq!(trail, ["cas.ticket.refuse refused INVALID_TICKET"]);
        // The refusal used it up.
        let mut kept = None;
        assert_eq!(
            validated(campus, SERVICE, &from_session, &mut kept).await,
            INVALID_TICKET
        );

        // With `renew` a session is worth nothing at the door either.
        let path = address("/cas/login", &[("service", SERVICE), ("renew", "true")]);
        assert_eq!(visitor.get(&path).await.page(), "sign_in");
        assert!(campus.count("service_tickets WHERE from_new_login").await == 1);
    })
    .await;
}

#[tokio::test] // TKT-07
async fn other_kinds_of_tickets_are_no_service_tickets() {
    each_campus(async |campus| {
        let mut server = campus.visitor();
        let random = "A".repeat(29);
        for (ticket, code) in [
            (format!("PT-{random}"), "INVALID_TICKET"),
            (format!("PGT-{random}"), "INVALID_TICKET"),
            (format!("TGT-{random}"), "INVALID_TICKET"),
            (format!("ST-{random}"), "INVALID_TICKET"),
            ("ST-".into(), "INVALID_TICKET"),
            ("%00".into(), "INVALID_TICKET"),
            ("ST-' OR '1'='1".into(), "INVALID_TICKET"),
            ("x".repeat(8000), "INVALID_TICKET"),
        ] {
            let path = address(
                "/cas/serviceValidate",
                &[("service", SERVICE), ("ticket", &ticket)],
            );
            let (reply, trail) = changing_nothing(campus, async || server.get(&path).await).await;
            assert_eq!(verdict(&reply.body()), Err(code.into()), "{ticket}");
            assert!(!reply.body().contains("OR '1'"), "{}", reply.body());
            // Anybody can invent one: it costs a read, and no row of the trail.
            assert!(trail.is_empty(), "{trail:?}");
        }
    })
    .await;
}

#[tokio::test] // TKT-08: nothing of ours calls an address that came with a request
async fn a_proxy_callback_is_not_called() {
    each_campus(async |campus| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let callback = format!("https://{}/", listener.local_addr().unwrap());
        let mut visitor = signed_in(campus).await;
        for url in [
            &callback,
            "https://169.254.169.254/",
            "https://[::1]/",
            "file:///etc/passwd",
        ] {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let pairs = [("service", SERVICE), ("ticket", &*ticket), ("pgtUrl", url)];
            let reply = campus
                .visitor()
                .get(&address("/cas/p3/serviceValidate", &pairs))
                .await;
            // An application that may not act for others hears the same for each of them.
            let refused = Err("UNAUTHORIZED_SERVICE_PROXY".into());
            assert_eq!(verdict(&reply.body()), refused);
            // TKT-09
            assert!(!reply.body().contains("PGT-") && !reply.body().contains("PGTIOU"));
        }
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    })
    .await;
}

#[tokio::test] // TKT-09, TKT-12
async fn tickets_of_every_node_are_random_and_kept_as_hashes_only() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let cookie = visitor.cookies["TGC"].clone();
        let mut drawn = Vec::new();
        for round in 0..20 {
            if round % 10 == 0 {
                // A node that was started anew draws from a new seed.
                let node = campus.second_node().await;
                visitor.route_to(node.router());
            }
            drawn.push(ticket(&mut visitor, SERVICE).await);
        }
        for ticket in &drawn {
            assert!(ServiceTicket::parse(ticket).is_ok(), "{ticket}");
            assert!(ticket.starts_with("ST-") && ticket.len() == 32, "{ticket}");
            let others: Vec<_> = drawn.iter().filter(|t| *t != ticket).collect();
            assert_eq!(others.len(), drawn.len() - 1, "drawn twice");
            let alike = |other: &&String| {
                let pairs = other.bytes().zip(ticket.bytes()).skip(3);
                pairs.filter(|(a, b)| a == b).count()
            };
            // Two random ones agree in 0.5 of 29 places; a common host name or counter in many.
            assert!(others.iter().all(|other| alike(other) < 10), "{drawn:?}");
        }
        let mut kept = state(campus).await;
        kept.insert("audit_events".into(), rows(campus, "audit_events").await);
        for (table, rows) in &kept {
            for secret in drawn.iter().chain([&cookie]) {
                assert!(!rows.contains(secret.as_str()), "in clear in {table}");
            }
        }
        let column = "length(ticket_hash)";
        let distinct =
            format!("(SELECT DISTINCT {column} AS n FROM service_tickets) x WHERE n = 32");
        assert_eq!(campus.count(&distinct).await, 1);
    })
    .await;
}

#[tokio::test] // TKT-13
async fn a_copied_cookie_is_worthless_after_the_end_of_its_session() {
    each_campus(async |campus| {
        let mut owner = signed_in(campus).await;
        let mut thief = owner.clone();
        let unused = ticket(&mut owner, SERVICE).await;
        assert_eq!(owner.get("/cas/logout").await.page(), "signed_out");
        let (reply, trail) =
            changing_nothing(campus, async || thief.get(&login(SERVICE)).await).await;
        assert_eq!(
            (reply.status.as_u16(), reply.page().as_str()),
            (200, "sign_in")
        );
        assert_eq!(trail, ["session.replay refused ended"]);
        assert!(
            !thief.cookies.contains_key("TGC"),
            "the dead cookie is taken away"
        );
        // A ticket that was issued before and is presented after.
        assert!(validate(campus, SERVICE, &unused).await.is_err());
        // Ids are never used again.
        let before = owner.clone();
        sign_in(&mut owner).await;
        assert!(!before.cookies.contains_key("TGC"));
        let ids = scalars(
            campus,
            "SELECT CAST(count(DISTINCT sid) AS TEXT) FROM sessions",
        )
        .await;
        assert_eq!(ids, ["2"]);
    })
    .await;
}

#[tokio::test] // TKT-13, SES-11
async fn a_session_ends_when_idle_and_in_any_case_after_eight_hours() {
    each_campus(async |campus| {
        let mut idle = signed_in(campus).await;
        let mut busy = signed_in(campus).await;
        let mut thief = busy.clone();
        for _ in 0..4 {
            campus.advance(SignedDuration::from_mins(119));
            ticket(&mut busy, SERVICE).await;
        }
        let (reply, trail) =
            changing_nothing(campus, async || idle.get(&login(SERVICE)).await).await;
        assert_eq!(reply.page(), "sign_in");
        assert_eq!(trail, ["session.replay refused expired"]);
        // 4 × 119 min = 7:56; in use all the time.
        campus.advance(SignedDuration::from_secs(4 * 60 - 1));
        ticket(&mut busy, SERVICE).await;
        campus.advance(SignedDuration::from_secs(1));
        for visitor in [&mut busy, &mut thief] {
            let reply = visitor.get(&login(SERVICE)).await;
            assert_eq!((reply.page().as_str(), reply.ticket()), ("sign_in", None));
        }
    })
    .await;
}
