//! Proxy tickets at their limits: chains that grow too long, what ends them, many at once.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use crate::proxying::{
    Callbacks, MAIL, ask, code, each_proxying_campus, element, elements, granted, portal_granted,
    proxy_ticket,
};
use crate::support::Campus;
use crate::support::kit::{
    STUDENT, address, changing_nothing, force_change, register, sign_in_ticking, signed_in, suspend,
};

const STORE: &str = "https://store.uni.edu.cn/in";
const DEEP: &str = "https://deep.uni.edu.cn/in";

/// Portal, mail, store, deep and the portal again, each of which may act at the next.
async fn register_ring(campus: &Campus, callbacks: &Callbacks) {
    let ring = ["portal", "mail", "store", "deep"];
    let entries = ring.iter().enumerate().map(|(index, name)| {
        let next = ring[(index + 1) % ring.len()];
        json!({ "id": name, "name": { "zh-CN": name, "en": name },
            "cas": { "services": [format!("https://{name}.uni.edu.cn/*")],
                "proxy": { "callbacks": [callbacks.url(name)], "targets": [next] } } })
    });
    register(campus, &entries.collect()).await;
}

#[tokio::test] // TKT-11: three may act in a row, and no fourth, not even in a ring
async fn a_chain_ends_after_three_proxies() {
    each_proxying_campus(200, async |campus, callbacks| {
        register_ring(campus, callbacks).await;
        let mut visitor = signed_in(campus).await;
        let mut granting = portal_granted(campus, callbacks, &mut visitor).await;
        for (service, application) in [(MAIL, "mail"), (STORE, "store")] {
            let given = proxy_ticket(campus, &granting, service).await.unwrap();
            let at = ("/cas/proxyValidate", service, application);
            granting = granted(campus, callbacks, at, &given).await;
        }
        // The fourth may be a target, and told the whole chain.
        let given = proxy_ticket(campus, &granting, DEEP).await.unwrap();
        let pairs = [("service", DEEP), ("ticket", given.as_str())];
        let body = ask(campus, "/cas/proxyValidate", &pairs).await;
        let chain = elements(&body, "proxy");
        let expected = ["store", "mail", "portal"].map(|name| callbacks.url(name));
        assert_eq!(chain, expected);
        // But it gets no proxy-granting ticket of its own, and nobody is asked.
        let asked = callbacks.count();
        let given = proxy_ticket(campus, &granting, DEEP).await.unwrap();
        let url = callbacks.url("deep");
        let pairs = [
            ("service", DEEP),
            ("ticket", given.as_str()),
            ("pgtUrl", url.as_str()),
        ];
        let body = ask(campus, "/cas/proxyValidate", &pairs).await;
        assert_eq!(code(&body).as_deref(), Some("UNAUTHORIZED_SERVICE_PROXY"));
        assert_eq!(element(&body, "user"), None);
        assert_eq!(callbacks.count(), asked);
    })
    .await;
}

#[tokio::test] // TKT-06, TKT-11: who acts for her can't show her password
async fn an_application_that_wants_credentials_is_no_target() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
        let entry = json!({ "id": "mail", "name": { "zh-CN": "邮件", "en": "Mail" },
            "cas": { "services": ["https://mail.uni.edu.cn/*"], "require_fresh": true } });
        register(campus, &entry).await;
        let pairs = [("service", MAIL), ("ticket", given.as_str())];
        let body = ask(campus, "/cas/proxyValidate", &pairs).await;
        assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"));
        let (refused, _) =
            changing_nothing(campus, async || proxy_ticket(campus, &portal, MAIL).await).await;
        assert_eq!(refused, Err("UNAUTHORIZED_SERVICE".into()));
    })
    .await;
}

#[tokio::test] // SES-10, SES-12, CAS 113: what rests on the account ends with it, at once
async fn a_proxy_gets_nothing_for_who_is_stopped_or_must_change_her_password() {
    for stopped in [false, true] {
        each_proxying_campus(200, async |campus, callbacks| {
            let mut visitor = campus.visitor();
            sign_in_ticking(&mut visitor, &["rememberMe"]).await;
            let portal = portal_granted(campus, callbacks, &mut visitor).await;
            let given = proxy_ticket(campus, &portal, MAIL).await.unwrap();
            if stopped {
                suspend(campus, STUDENT).await;
            } else {
                force_change(campus).await;
            }
            let (refused, _) =
                changing_nothing(campus, async || proxy_ticket(campus, &portal, MAIL).await).await;
            assert_eq!(refused, Err("INVALID_TICKET".into()));
            let pairs = [("service", MAIL), ("ticket", given.as_str())];
            let body = ask(campus, "/cas/proxyValidate", &pairs).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"));
            assert_eq!(element(&body, "user"), None);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-02, TKT-13, CAS 113
async fn proxy_tickets_drawn_while_signing_out_are_worthless() {
    each_proxying_campus(200, async |campus, callbacks| {
        let mut visitor = signed_in(campus).await;
        let portal = portal_granted(campus, callbacks, &mut visitor).await;
        let second = campus.second_node().await;
        let path = address("/cas/proxy", &[("pgt", &portal), ("targetService", MAIL)]);
        let barrier = Arc::new(Barrier::new(64));
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..64 {
            let mut browser = if index % 8 == 7 {
                visitor.clone()
            } else {
                campus.visitor()
            };
            if index % 2 == 1 {
                browser.route_to(second.router());
            }
            let (barrier, path) = (barrier.clone(), path.clone());
            tasks.spawn(async move {
                barrier.wait().await;
                if index % 8 == 7 {
                    browser.get("/cas/logout").await;
                    None
                } else {
                    element(&browser.get(&path).await.body(), "proxyTicket")
                }
            });
        }
        let drawn = tasks.join_all().await;
        assert_eq!(campus.audited("session.end", "success").await, 1);
        for given in drawn.into_iter().flatten() {
            let pairs = [("service", MAIL), ("ticket", given.as_str())];
            let body = ask(campus, "/cas/proxyValidate", &pairs).await;
            assert_eq!(code(&body).as_deref(), Some("INVALID_TICKET"));
        }
        let after = proxy_ticket(campus, &portal, MAIL).await;
        assert_eq!(after, Err("INVALID_TICKET".into()));
    })
    .await;
}
