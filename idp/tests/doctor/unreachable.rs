//! Where no connection stands: each reason by its own name.

use std::net::Ipv4Addr;
use std::time::Duration;

use idp::Plan;
use idp_domain::applications::ApplicationId;
use idp_domain::applications::doctor::{Finding, Side, Trouble};
use serde_json::json;
use tokio::net::TcpListener;

use crate::application::{complaints, the_complaint};
use crate::support::kit::register;
use crate::support::outside::{Act, Authority, Identity, Outside, status};
use crate::support::{Campus, each_campus};

async fn registered(campus: &Campus, service: &str) {
    let side = json!({ "services": [service], "plain_http": true });
    let names = json!({ "zh-CN": "甲", "en": "A" });
    register(
        campus,
        &json!({ "id": "library", "name": names, "cas": side }),
    )
    .await;
}

/// With names that resolve, an authority that is known, and little patience.
async fn findings(
    campus: &Campus,
    name: &str,
    address: Ipv4Addr,
    authority: Option<&Authority>,
) -> Vec<Finding> {
    let mut parts = campus.parts.clone();
    parts.names = parts.names.with(name, &[address.into()]);
    parts.config.egress.ca_file = authority.map(Authority::file);
    let node = campus.node(&parts).await;
    let application = ApplicationId::parse("library").unwrap();
    let plan = Plan {
        application: &application,
        service: None,
        within: Duration::from_millis(200),
        patience: Duration::from_millis(700),
    };
    Box::pin(node.examine(&plan)).await.unwrap().findings
}

#[track_caller]
fn trouble(findings: &[Finding]) -> (&Trouble, Side) {
    match the_complaint(findings) {
        (Finding::Unreached { trouble, .. } | Finding::NoAnswer { trouble }, side) => {
            (trouble, side)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_without_address_and_an_inner_one_are_told_apart() {
    each_campus(async |campus| {
        registered(campus, "https://lib.example.edu.cn/*").await;
        let inner = Ipv4Addr::new(10, 8, 3, 4);
        let found = findings(campus, "other.example.edu.cn", inner, None).await;
        assert_eq!(trouble(&found), (&Trouble::Unresolved, Side::Network));
        let found = findings(campus, "lib.example.edu.cn", inner, None).await;
        let forbidden = Trouble::Forbidden {
            addresses: vec![inner.into()],
        };
        assert_eq!(trouble(&found), (&forbidden, Side::Server));
    })
    .await;
}

#[tokio::test]
async fn one_that_is_down_one_that_hangs_and_one_that_is_silent() {
    each_campus(async |campus| {
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        registered(campus, &format!("http://127.0.0.1:{port}/*")).await;
        let found = findings(campus, "a", Ipv4Addr::LOCALHOST, None).await;
        assert_eq!(trouble(&found), (&Trouble::Refused, Side::Network));

        let hanging = Outside::http(|_| vec![Act::Hang]).await;
        registered(campus, &format!("http://127.0.0.1:{}/*", hanging.port())).await;
        let found = findings(campus, "a", Ipv4Addr::LOCALHOST, None).await;
        assert_eq!(
            trouble(&found),
            (&Trouble::AnswerTimedOut, Side::Application)
        );

        // It takes connections, and speaks no TLS on them.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = silent.local_addr().unwrap().port();
        registered(campus, &format!("https://127.0.0.1:{port}/*")).await;
        let found = findings(campus, "a", Ipv4Addr::LOCALHOST, None).await;
        assert_eq!(trouble(&found), (&Trouble::TlsTimedOut, Side::Network));
    })
    .await;
}

#[tokio::test] // TKT-08
async fn a_certificate_that_nobody_vouches_for_is_named() {
    each_campus(async |campus| {
        let authority = Authority::new();
        let name = "lib.example.edu.cn";
        for (identity, good) in [
            (Identity::self_signed(&[name]), false),
            (authority.certify(&["mail.example.edu.cn"]), false),
            (authority.certify(&[name]), true),
        ] {
            let library = Outside::https(identity, |_| status(404)).await;
            registered(campus, &format!("https://{name}:{}/*", library.port())).await;
            let found = findings(campus, name, Ipv4Addr::LOCALHOST, Some(&authority)).await;
            if good {
                let missing = Finding::NoPage { status: 404 };
                assert_eq!(complaints(&found), [(&missing, Side::Application)]);
            } else {
                let (trouble, side) = trouble(&found);
                assert!(matches!(trouble, Trouble::Tls { .. }), "{trouble:?}");
                assert_eq!(side, Side::Network);
                assert!(library.requests().is_empty());
            }
        }
    })
    .await;
}
