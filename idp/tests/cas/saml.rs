//! `/samlValidate` (CAS 3.0.3 §4.2) over HTTP.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::proxying::elements;
use crate::support::kit::{
    STUDENT, address, audited_by, changing_nothing, register, signed_in, ticket,
};
use crate::support::{Campus, Reply, SERVICE, each_campus};

const TARGET: &str = "https://old.uni.edu.cn/in?a=1";

async fn old_application(campus: &Campus) {
    let entry = json!({ "id": "old", "name": { "zh-CN": "旧系统", "en": "Old" },
        "cas": { "services": ["https://old.uni.edu.cn/*"] },
        "release": ["name", "affiliation"] });
    register(campus, &entry).await;
}

pub fn envelope(artifact: &str) -> String {
    format!(
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <SOAP-ENV:Header/><SOAP-ENV:Body><samlp:Request \
         xmlns:samlp=\"urn:oasis:names:tc:SAML:1.0:protocol\" MajorVersion=\"1\" \
         MinorVersion=\"1\" RequestID=\"_r1\" IssueInstant=\"2026-11-21T08:00:00Z\">\
         <samlp:AssertionArtifact>{artifact}</samlp:AssertionArtifact></samlp:Request>\
         </SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

async fn ask(campus: &Campus, query: &[(&str, &str)], body: String) -> Reply {
    let request = Request::post(address("/cas/samlValidate", query))
        .header("content-type", "text/xml; charset=utf-8")
        .body(Body::from(body))
        .unwrap();
    campus.visitor().send(request).await
}

fn status_code(xml: &str) -> String {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|e| panic!("{e}: {xml}"));
    let code = document
        .descendants()
        .find(|node| node.tag_name().name() == "StatusCode")
        .unwrap();
    code.attribute("Value").unwrap().to_owned()
}

#[tokio::test] // CAS 124–126, 128
async fn a_ticket_is_worth_an_assertion_once() {
    each_campus(async |campus| {
        old_application(campus).await;
        let mut visitor = signed_in(campus).await;
        let given = ticket(&mut visitor, TARGET).await;
        let (reply, trail) = audited_by(campus, async || {
            ask(campus, &[("TARGET", TARGET)], envelope(&given)).await
        })
        .await;
        assert_eq!(reply.status, 200);
        let media = reply.header("content-type").unwrap();
        assert!(media.starts_with("text/xml"), "{media}");
        let body = reply.body();
        assert!(status_code(&body).ends_with(":Success"), "{body}");
        assert_eq!(elements(&body, "NameIdentifier")[0], STUDENT);
        assert_eq!(elements(&body, "Audience"), [TARGET]);
        assert!(
            elements(&body, "AttributeValue").contains(&"student".to_owned()),
            "{body}"
        );
        assert!(body.contains("InResponseTo=\"_r1\""), "{body}");
        assert!(
            body.contains("longTermAuthenticationRequestTokenUsed"),
            "{body}"
        );
        assert_eq!(trail, ["cas.ticket.validate success -"]);

        let (again, trail) = changing_nothing(campus, async || {
            ask(campus, &[("TARGET", TARGET)], envelope(&given)).await
        })
        .await;
        assert!(
            !status_code(&again.body()).ends_with(":Success"),
            "{}",
            again.body()
        );
        assert!(elements(&again.body(), "NameIdentifier").is_empty());
        assert_eq!(trail, ["cas.ticket.replay refused used_ticket"]);
    })
    .await;
}

#[tokio::test] // CAS 124, 127: the service must be the ticket's, in capitals, and https
async fn a_wrong_target_burns_the_ticket() {
    each_campus(async |campus| {
        old_application(campus).await;
        let mut visitor = signed_in(campus).await;
        for target in [
            "https://old.uni.edu.cn/in",
            "https://evil.example/",
            SERVICE,
        ] {
            let given = ticket(&mut visitor, TARGET).await;
            let reply = ask(campus, &[("TARGET", target)], envelope(&given)).await;
            assert!(
                !status_code(&reply.body()).ends_with(":Success"),
                "{target}"
            );
            assert!(!reply.body().contains("evil"), "{}", reply.body());
            let after = ask(campus, &[("TARGET", TARGET)], envelope(&given)).await;
            assert!(
                !status_code(&after.body()).ends_with(":Success"),
                "{target}"
            );
        }
        // A plain http service gets a ticket, and no assertion.
        let given = ticket(&mut visitor, SERVICE).await;
        let reply = ask(campus, &[("TARGET", SERVICE)], envelope(&given)).await;
        assert!(!status_code(&reply.body()).ends_with(":Success"));
        let again = campus.visitor().validate(SERVICE, &given).await;
        assert!(again.contains("INVALID_TICKET"), "{again}");
        // Without a target nothing is burnt: a parameter is missing.
        let given = ticket(&mut visitor, TARGET).await;
        for query in [vec![], vec![("target", TARGET)]] {
            let reply = ask(campus, &query, envelope(&given)).await;
            assert!(!status_code(&reply.body()).ends_with(":Success"));
        }
        let reply = ask(campus, &[("TARGET", TARGET)], envelope(&given)).await;
        assert!(
            status_code(&reply.body()).ends_with(":Success"),
            "{}",
            reply.body()
        );
    })
    .await;
}

#[tokio::test] // XML-04
async fn what_must_not_be_read_is_refused_before() {
    each_campus(async |campus| {
        old_application(campus).await;
        let mut visitor = signed_in(campus).await;
        let given = ticket(&mut visitor, TARGET).await;
        let bomb = format!(
            "<!DOCTYPE lolz [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>{}",
            envelope("&b;")
        );
        for body in [
            bomb,
            String::new(),
            "not xml".to_owned(),
            "<a>".repeat(10_000),
            envelope(&given).replace("Request", "Frage"),
            format!("<!doctype x>{}", envelope(&given)),
        ] {
            let (reply, _) = changing_nothing(campus, async || {
                ask(campus, &[("TARGET", TARGET)], body.clone()).await
            })
            .await;
            assert_eq!(reply.status, 400, "{body:.60}");
            assert!(elements(&reply.body(), "NameIdentifier").is_empty());
        }
        let huge = "x".repeat(200_000);
        let reply = ask(campus, &[("TARGET", TARGET)], huge).await;
        assert_eq!(reply.status, 413);
        let get = campus.visitor().get(&address("/cas/samlValidate", &[("TARGET", TARGET)])).await;
        assert_eq!(get.status, 405, "CAS 124: POST only");
    })
    .await;
}

#[tokio::test] // CAS 124: as at the other addresses, a request that can't be judged burns what it names
async fn two_targets_burn_the_ticket() {
    each_campus(async |campus| {
        old_application(campus).await;
        let mut visitor = signed_in(campus).await;
        let given = ticket(&mut visitor, TARGET).await;
        let twice = [("TARGET", TARGET), ("TARGET", TARGET)];
        for query in [&twice[..], &twice[..1]] {
            let reply = ask(campus, query, envelope(&given)).await;
            let code = status_code(&reply.body());
            assert!(!code.ends_with(":Success"), "{query:?}");
        }
    })
    .await;
}
