//! Proxy tickets: callback, chain, pairs, and their end (CAS 3.0.3 §2.5.4–§2.7).

use jiff::SignedDuration;
use serde_json::json;

use crate::proxying::{
    MAIL, PORTAL, STORE, ask, code, each_proxying_campus, element, elements, granted,
    portal_granted, proxy_ticket,
};
use crate::support::kit::{
    PASSWORD, STUDENT, address, audited_by, changing_nothing, register, signed_in, ticket,
};

#[tokio::test] // CAS 81, 84, 88–92, 94, 97, 113; TKT-09
async fn a_chain_of_two_reaches_its_end() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let for_mail = proxy_ticket(campus, &portal, MAIL).await.unwrap();
        assert!(for_mail.starts_with("PT-"), "{for_mail}");
        let at = ("/cas/proxyValidate", MAIL, "mail");
        let mail = granted(campus, callbacks, at, &for_mail).await;
        // The target need not be a web address.
        let for_store = proxy_ticket(campus, &mail, STORE).await.unwrap();
        let pairs = [("service", STORE), ("ticket", for_store.as_str())];
        let body = ask(campus, "/cas/p3/proxyValidate", &pairs).await;
        assert_eq!(element(&body, "user").as_deref(), Some(STUDENT));
        assert_eq!(
            elements(&body, "proxy"),
            [callbacks.url("mail"), callbacks.url("portal")],
            "CAS 90: the most recent first"
        );
        assert_eq!(element(&body, "isFromNewLogin").as_deref(), Some("false"));
        // A proxy-granting ticket is good again and again.
        assert!(proxy_ticket(campus, &portal, MAIL).await.is_ok());

        // CAS 113: it ends with the session.
        visitor.get("/cas/logout").await;
        for (pgt, target) in [(&portal, MAIL), (&mail, STORE)] {
            assert_eq!(
                proxy_ticket(campus, pgt, target).await,
                Err("INVALID_TICKET".into())
            );
        }
    })
    .await;
}

#[tokio::test] // TKT-07, CAS 58, 64: and the ticket is gone afterwards
async fn a_proxy_ticket_is_no_service_ticket() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        for path in [
            "/cas/serviceValidate",
            "/cas/p3/serviceValidate",
            "/cas/validate",
        ] {
            let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
            let pairs = [("service", MAIL), ("ticket", given.as_str())];
            let body = ask(campus, path, &pairs).await;
            if path == "/cas/validate" {
                assert_eq!(body, "no\n\n");
            } else {
                assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET_SPEC"));
            }
            let body = ask(campus, "/cas/proxyValidate", &pairs).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"), "{path}");
        }
        let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
        let pairs = [("service", STORE), ("ticket", given.as_str())];
        let body = ask(campus, "/cas/proxyValidate", &pairs).await;
        assert_eq!(code(&body).as_deref(), Some("INVALID_SERVICE"), "CAS 92");
    })
    .await;
}

#[tokio::test] // TKT-11, CAS 86, 95: pairs, and applications that may not act at all
async fn a_pair_that_is_not_listed_gets_nothing() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        for target in [STORE, PORTAL, "https://evil.example/", "imap://elsewhere"] {
            let (refused, trail) =
                changing_nothing(campus, async || proxy_ticket(campus, &portal, target).await)
                    .await;
            assert_eq!(refused, Err("UNAUTHORIZED_SERVICE".into()), "{target}");
            assert_eq!(trail, ["cas.proxy.refuse refused UNAUTHORIZED_SERVICE"]);
        }
        let given = ticket(&mut visitor, "https://store.uni.edu.cn/in").await;
        let url = callbacks.url("portal");
        let pairs = [
            ("service", "https://store.uni.edu.cn/in"),
            ("ticket", given.as_str()),
            ("pgtUrl", url.as_str()),
        ];
        let body = ask(campus, "/cas/serviceValidate", &pairs).await;
        assert_eq!(code(&body).as_deref(), Some("UNAUTHORIZED_SERVICE_PROXY"));
        let body = ask(campus, "/cas/proxy", &[("pgt", portal.as_str())]).await;
        assert_eq!(code(&body).as_deref(), Some("INVALID_REQUEST"));
        assert_eq!(
            proxy_ticket(
                campus,
                "PGT-0000000000000000000000000000000000000000000",
                MAIL
            )
            .await,
            Err("INVALID_TICKET".into())
        );
    })
    .await;
}

#[tokio::test] // TKT-08, CAS 78–80, 87: nothing that isn't registered is asked, nor looked up
async fn only_a_registered_callback_is_asked() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let registered = callbacks.url("portal");
        let foreign = callbacks.url("mail");
        for url in [
            "https://169.254.169.254/",
            "https://127.0.0.1:5432/",
            "https://[::1]/",
            "https://internal.uni/",
            "https://evil.example/pgt",
            &foreign,
            &registered.replace("https:", "http:"),
            &format!("{registered}&x=1"),
            &registered.replace("/pgt", "/pgt/.."),
            &registered.replace("portal.uni", "portal@evil.uni"),
        ] {
            let given = ticket(&mut visitor, PORTAL).await;
            let pairs = [
                ("service", PORTAL),
                ("ticket", given.as_str()),
                ("pgtUrl", url),
            ];
            let (body, trail) = audited_by(campus, async || {
                ask(campus, "/cas/serviceValidate", &pairs).await
            })
            .await;
            assert_eq!(
                code(&body).as_deref(),
                Some("INVALID_PROXY_CALLBACK"),
                "{url}"
            );
            assert_eq!(element(&body, "proxyGrantingTicket"), None);
            assert_eq!(
                trail,
                ["cas.ticket.refuse refused INVALID_PROXY_CALLBACK"],
                "{url}"
            );
        }
        assert_eq!(callbacks.count(), 0);
        assert!(
            campus.parts.names.asked().is_empty(),
            "NOEGRESS: no name was looked up"
        );
    })
    .await;
}

#[tokio::test] // TKT-08, CAS 83, 85: only a 200 counts, and failures sound alike
async fn a_callback_that_does_not_say_200_fails_the_validation() {
    for status in [204, 302, 404, 500] {
        each_proxying_campus(status, async |campus, callbacks| {
            let mut visitor = signed_in(campus).await;
            let given = ticket(&mut visitor, PORTAL).await;
            let url = callbacks.url("portal");
            let pairs = [
                ("service", PORTAL),
                ("ticket", given.as_str()),
                ("pgtUrl", url.as_str()),
            ];
            let body = ask(campus, "/cas/serviceValidate", &pairs).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_PROXY_CALLBACK"));
            assert_eq!(callbacks.count(), 1);
            let brought = callbacks.newest();
            assert_eq!(
                proxy_ticket(campus, &brought["pgtId"], MAIL).await,
                Err("INVALID_TICKET".into()),
                "what a failed callback brought is worth nothing"
            );
            let body = ask(campus, "/cas/serviceValidate", &pairs[..2]).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"), "burnt");
        })
        .await;
    }
}

#[tokio::test] // TKT-02, CAS 112: one proxy ticket, 64 validations at once
async fn a_proxy_ticket_validates_once_under_race() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let second = campus.second_node().await;
        for _ in 0..3 {
            let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
            let path = address(
                "/cas/proxyValidate",
                &[("service", MAIL), ("ticket", &given)],
            );
            let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(64));
            let mut tasks = tokio::task::JoinSet::new();
            for index in 0..64 {
                let mut server = if index % 2 == 0 {
                    campus.visitor()
                } else {
                    campus.visitor_at(&second)
                };
                let (barrier, path) = (barrier.clone(), path.clone());
                tasks.spawn(async move {
                    barrier.wait().await;
                    server.get(&path).await.body()
                });
            }
            let bodies = tasks.join_all().await;
            let won = bodies
                .iter()
                .filter(|body| body.contains("authenticationSuccess"));
            assert_eq!(won.count(), 1);
        }
    })
    .await;
}

#[tokio::test] // TKT-11: what was permitted at issue is asked again at validation
async fn a_pair_that_was_withdrawn_ends_its_tickets() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
        let entry = json!({ "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
            "cas": { "services": ["https://portal.uni.edu.cn/*"] } });
        register(campus, &entry).await;
        let pairs = [("service", MAIL), ("ticket", given.as_str())];
        let body = ask(campus, "/cas/proxyValidate", &pairs).await;
        assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"));
        assert_eq!(
            proxy_ticket(campus, &portal, MAIL).await,
            Err("UNAUTHORIZED_SERVICE".into())
        );
    })
    .await;
}

#[tokio::test] // TKT-11: a chain is as good as its weakest pair, for who only stands at its end
async fn a_pair_that_was_withdrawn_ends_the_chain_behind_it() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let entry = |enabled: bool, targets: &[&str]| {
            json!({ "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
                "enabled": enabled,
                "cas": { "services": ["https://portal.uni.edu.cn/*"],
                    "proxy": { "callbacks": [callbacks.url("portal")], "targets": targets } } })
        };
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let for_mail = proxy_ticket(campus, &portal, MAIL).await.unwrap();
        let at = ("/cas/proxyValidate", MAIL, "mail");
        let mail = granted(campus, callbacks, at, &for_mail).await;
        for (enabled, targets, refusal) in [
            (true, &["store"][..], "UNAUTHORIZED_SERVICE"),
            (false, &["mail"], "INVALID_TICKET"),
        ] {
            let given = proxy_ticket(campus, &mail, STORE).await.unwrap();
            register(campus, &entry(enabled, targets)).await;
            let pairs = [("service", STORE), ("ticket", given.as_str())];
            let body = ask(campus, "/cas/proxyValidate", &pairs).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"), "{body}");
            assert_eq!(
                proxy_ticket(campus, &mail, STORE).await,
                Err(refusal.into()),
                "{enabled} {targets:?}"
            );
            register(campus, &entry(true, &["mail"])).await;
        }
    })
    .await;
}

#[tokio::test] // TKT-13, SES-11: what ran out is not brought back by the next sign-in
async fn a_session_that_ran_out_hands_nothing_on() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        // A form that lies open over the end of the session, which nobody has swept yet.
        let pairs = [("service", PORTAL), ("renew", "true")];
        let page = visitor.get(&address("/cas/login", &pairs)).await;
        campus.advance(SignedDuration::from_mins(121));
        let dead = Err("INVALID_TICKET".to_owned());
        assert_eq!(proxy_ticket(campus, &portal, MAIL).await, dead);
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &fields).await;
        let reply = visitor.leave_the_queue(reply).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        assert_eq!(proxy_ticket(campus, &portal, MAIL).await, dead);
    })
    .await;
}
