//! Without a ticket: where the application sends a visitor.

use idp::CantExamine;
use idp_domain::applications::ApplicationId;
use idp_domain::applications::doctor::{Finding, Side};
use serde_json::json;

use crate::application::{Application, Manners, complaints, examine, examine_at, the_complaint};
use crate::support::kit::register;
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, SERVICE, each_campus};

async fn of(campus: &Campus, manners: Manners) -> (Application, Vec<Finding>) {
    let library = Application::start(campus, manners, json!({})).await;
    let findings = examine(campus).await;
    (library, findings)
}

#[tokio::test]
async fn a_service_that_is_not_registered_is_named_with_its_twin() {
    each_campus(async |campus| {
        let named = |service: &str| Manners {
            login_service: Some(service.to_owned()),
            ..Manners::default()
        };
        let (_library, findings) = of(campus, named("https://a.example.edu.cn/app")).await;
        let (finding, side) = the_complaint(&findings);
        let Finding::ServiceUnregistered { service, twin, .. } = finding else {
            panic!("{finding:?}");
        };
        let sent = "https://a.example.edu.cn/app";
        assert_eq!((service.as_str(), twin), (sent, &None));
        assert_eq!(side, Side::Registry);

        // It takes the scheme of the proxy in front of it for another one.
        let (library, findings) = of(campus, named("https://127.0.0.1:PORT/app")).await;
        let (finding, side) = the_complaint(&findings);
        let Finding::ServiceUnregistered { twin, .. } = finding else {
            panic!("{finding:?}");
        };
        assert_eq!(
            (twin.as_ref(), side),
            (Some(&library.service), Side::Application)
        );
        // Only asked without a ticket, and never with one.
        assert_eq!(campus.count("service_tickets").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_service_of_another_application_is_named() {
    each_campus(async |campus| {
        let manners = Manners {
            login_service: Some(SERVICE.to_owned()),
            ..Manners::default()
        };
        let (_library, findings) = of(campus, manners).await;
        let (finding, side) = the_complaint(&findings);
        assert!(
            matches!(finding, Finding::ServiceOfAnother { service, .. } if service == SERVICE),
            "{finding:?}"
        );
        assert_eq!(side, Side::Registry);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_that_leads_astray_is_not_followed_and_named() {
    each_campus(async |campus| {
        for (to, expected) in [
            (
                "https://idp.elsewhere.example/login?x=1",
                Finding::SendsElsewhere {
                    origin: "https://idp.elsewhere.example".to_owned(),
                },
            ),
            (
                "http://169.254.169.254/latest/meta-data",
                Finding::SendsElsewhere {
                    origin: "http://169.254.169.254".to_owned(),
                },
            ),
            (
                "http://localhost:8080/cas?service=a",
                Finding::OtherAddressOfOurs {
                    address: "http://localhost:8080/cas".to_owned(),
                    login: format!("{ORIGIN}/cas/login"),
                },
            ),
            (
                "http://localhost:8080/cas/login",
                Finding::LoginWithoutService,
            ),
        ] {
            let manners = Manners {
                sends_to: Some(to.to_owned()),
                ..Manners::default()
            };
            let (library, findings) = of(campus, manners).await;
            assert_eq!(the_complaint(&findings), (&expected, Side::Application));
            assert_eq!(library.outside.requests().len(), 1, "TKT-08");
        }
        assert_eq!(campus.count("service_tickets").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_circle_is_left_after_a_few_rounds() {
    each_campus(async |campus| {
        let manners = Manners {
            sends_to: Some("/app?again".to_owned()),
            ..Manners::default()
        };
        let (library, findings) = of(campus, manners).await;
        let circles = Finding::Circles { redirects: 5 };
        assert_eq!(the_complaint(&findings), (&circles, Side::Application));
        let without = library.outside.requests();
        let without = without
            .iter()
            .filter(|r| !r.contains("ticket=") && r.starts_with("GET"));
        assert_eq!(without.count(), 6);
    })
    .await;
}

#[tokio::test]
async fn a_page_without_login_is_a_remark_and_a_missing_one_the_end() {
    each_campus(async |campus| {
        let page = |page| Manners {
            page: Some(page),
            ..Manners::default()
        };
        let (_library, findings) = of(campus, page(200)).await;
        let itself = Finding::AnswersItself { status: 200 };
        assert_eq!(the_complaint(&findings).0, &itself);
        assert!(
            findings
                .iter()
                .any(|f| matches!(f, Finding::Validated { .. }))
        );
        for (status, expected) in [
            (404, Finding::NoPage { status: 404 }),
            (502, Finding::Fails { status: 502 }),
        ] {
            let (_library, findings) = of(campus, page(status)).await;
            assert_eq!(complaints(&findings), [(&expected, Side::Application)]);
            assert_eq!(findings.last(), Some(&expected));
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_service_of_the_application_is_not_asked() {
    each_campus(async |campus| {
        let library = Application::right(campus).await;
        let other = examine_at(&campus.idp, Some(SERVICE), 100).await;
        assert!(matches!(other, Err(CantExamine::OthersService { .. })));
        let nobody = examine_at(&campus.idp, Some("https://a.edu.cn/"), 100).await;
        assert!(matches!(nobody, Err(CantExamine::NoService { .. })));
        assert!(library.outside.requests().is_empty());
        let deeper = format!("{}/deeper", library.service);
        let findings = examine_at(&campus.idp, Some(&deeper), 20_000)
            .await
            .unwrap();
        assert!(
            findings
                .findings
                .contains(&Finding::Tries { address: deeper })
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_is_off_or_broken_ends_it_before_anything_is_asked() {
    each_campus(async |campus| {
        let unknown = examine_at(&campus.idp, None, 100).await;
        let id = ApplicationId::parse("library").unwrap();
        assert!(matches!(unknown, Err(CantExamine::NotRegistered(named)) if named == id));
        register(
            campus,
            &json!({ "id": "library", "name": { "zh-CN": "甲", "en": "A" }, "enabled": false,
                "cas": { "services": ["https://a.edu.cn/*"] } }),
        )
        .await;
        assert_eq!(examine(campus).await, [Finding::Disabled]);
        let broken = "UPDATE applications SET entry = '{\"id\": \"library\"}' WHERE id = 'library'";
        campus.execute(broken).await;
        let node = campus.second_node().await;
        let findings = examine_at(&node, None, 100).await.unwrap().findings;
        assert!(
            matches!(findings[..], [Finding::EntryUnusable { .. }]),
            "{findings:?}"
        );
    })
    .await;
}
