//! From a password to a service ticket.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use super::{MAIL, PORTAL, Server, TICKETS, entry, fault, two_applications};
use crate::support::kit::{
    PASSWORD, STUDENT, address, audited_by, changing_nothing, register, scalars, validate, verdict,
};
use crate::support::{Campus, each_campus};

#[tokio::test]
async fn a_program_gets_tickets_with_a_password() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let (reply, trail) =
            audited_by(campus, async || server.sign_in(STUDENT, PASSWORD).await).await;
        assert_eq!(
            trail,
            ["signin.complete success -", "signin.password success -"]
        );
        assert_eq!(reply.status, 201);
        // TKT-09: 256 bits, and no other name for it.
        let granting = reply.body();
        assert!(
            granting.starts_with("TGT-") && granting.len() == 47,
            "{granting}"
        );
        let location = format!("http://localhost:8080{TICKETS}/{granting}");
        assert_eq!(reply.location(), Some(location.as_str()));
        assert!(reply.cookies().is_empty());
        let path = format!("{TICKETS}/{granting}");

        let (reply, trail) = audited_by(campus, async || server.ticket(&path, PORTAL).await).await;
        assert_eq!(trail, ["cas.ticket.issue success -"]);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let ticket = reply.body();
        assert!(ticket.starts_with("ST-") && ticket.len() == 32, "{ticket}");
        let answer = campus.visitor().validate(PORTAL, &ticket).await;
        assert_eq!(verdict(&answer), Ok(STUDENT.into()));
        assert!(answer.contains("<cas:isFromNewLogin>false<"), "{answer}");

        let alive = server.send("GET", &path, None).await;
        assert_eq!((alive.status.as_u16(), alive.body()), (200, granting));
        let session = "SELECT kind || ' ' || address || ' ' || user_agent FROM sessions";
        assert_eq!(scalars(campus, session).await, ["rest 10.8.3.7 portal/1.0"]);
        for none in ["signins", "known_devices"] {
            assert_eq!(campus.count(none).await, 0, "{none}");
        }
    })
    .await;
}

#[tokio::test]
async fn older_clients_find_the_ticket_in_a_form() {
    each_campus(async |campus| {
        two_applications(campus).await;
        for accept in ["*/*", "text/html,*/*;q=0.8", ""] {
            let mut server = Server::portal(campus).accepting(accept);
            let reply = server.sign_in(STUDENT, PASSWORD).await;
            assert_eq!(reply.status, 201);
            assert_eq!(reply.action(), reply.location().unwrap(), "{accept}");
            let path = reply.action().replace("http://localhost:8080", "");
            assert_eq!(server.ticket(&path, PORTAL).await.status, 200);
        }
    })
    .await;
}

#[tokio::test] // TKT-06: the password was shown for another ticket
async fn a_ticket_from_a_program_is_never_fresh() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        let ticket = server.ticket(&path, PORTAL).await.body();
        let pairs = [("service", PORTAL), ("ticket", &*ticket), ("renew", "true")];
        let asked = address("/cas/p3/serviceValidate", &pairs);
        let answer = campus.visitor().get(&asked).await.body();
        assert_eq!(verdict(&answer), Err("INVALID_TICKET".into()));

        let vault = json!({ "id": "vault", "name": { "zh-CN": "库", "en": "Vault" },
            "cas": { "services": ["https://vault.uni.edu.cn/*"], "require_fresh": true,
                "rest": { "networks": ["10.8.3.0/24"] } } });
        register(campus, &vault).await;
        let service = "https://vault.uni.edu.cn/";
        let reply = server.ticket(&path, service).await;
        assert_eq!(fault(&reply, 403), "credentials_wanted");
    })
    .await;
}

#[tokio::test]
async fn only_services_of_the_callers_own_application_get_tickets() {
    each_campus(async |campus| {
        two_applications(campus).await;
        entry(campus, "third", json!({ "networks": ["192.0.2.0/24"] })).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        for service in [
            MAIL,
            "https://third.uni.edu.cn/",
            // It has no programs at all.
            crate::support::SERVICE,
            // Nobody's.
            "https://evil.com/",
            "https://portal.uni.edu.cn@evil.com/",
            "javascript:alert(1)",
        ] {
            let (reply, trail) =
                changing_nothing(campus, async || server.ticket(&path, service).await).await;
            // RED-01: which services exist can't be told.
            assert_eq!(fault(&reply, 403), "service_not_permitted", "{service}");
            assert!(!reply.body().contains(service), "{}", reply.body());
            assert_eq!(trail.len(), 1, "{trail:?}");
            assert!(
                trail[0].starts_with("cas.service.reject refused "),
                "{trail:?}"
            );
        }
        // The mail's own server may, with the ticket that the portal's got.
        let mut mail = Server::at(campus, "10.8.4.7").with_key("mail", super::KEY);
        let ticket = mail.ticket(&path, MAIL).await.body();
        assert_eq!(validate(campus, MAIL, &ticket).await, Ok(STUDENT.into()));
    })
    .await;
}

#[tokio::test] // invariant 9: the policies of the application hold here too
async fn who_may_not_enter_gets_no_ticket() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let with = |id: &str, key: &str, value: serde_json::Value| {
            let mut entry = json!({ "id": id, "name": { "zh-CN": id, "en": id },
                "cas": { "services": [format!("https://{id}.uni.edu.cn/*")],
                    "rest": { "networks": ["10.8.3.0/24"] } } });
            entry[key] = value;
            entry
        };
        register(
            campus,
            &with("staff", "access", json!({ "affiliations": ["faculty"] })),
        )
        .await;
        register(campus, &with("meals", "account_number", json!("ask"))).await;
        register(campus, &with("closed", "enabled", json!(false))).await;
        campus
            .execute(&format!(
                "INSERT INTO roster (number, import_seq, person_id, display_number, name,
                    affiliation, digest)
                SELECT 't2026001', import_seq, person_id, 'T2026001', name, 'staff', digest
                FROM current_roster WHERE number = '{STUDENT}'"
            ))
            .await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        for (id, error, row) in [
            ("staff", "no_access", Some("access.deny refused no_access")),
            ("meals", "must_choose_number", None),
            (
                "closed",
                "service_not_permitted",
                Some("cas.service.reject refused rest"),
            ),
        ] {
            let service = format!("https://{id}.uni.edu.cn/");
            let (reply, trail) =
                changing_nothing(campus, async || server.ticket(&path, &service).await).await;
            assert_eq!(fault(&reply, 403), error);
            assert_eq!(trail, row.into_iter().collect::<Vec<_>>(), "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_proper_request_is_named() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        let both = "service=https://portal.uni.edu.cn/&service=https://portal.uni.edu.cn/b";
        for (path, body, status, error) in [
            (TICKETS, "username=20230002", 400, "missing_credentials"),
            (TICKETS, "password=x", 400, "missing_credentials"),
            (TICKETS, "username=+&password=x", 400, "missing_credentials"),
            (TICKETS, "username=a%00&password=x", 400, "bad_request"),
            (&path, "", 400, "missing_service"),
            (&path, "service=", 400, "missing_service"),
            (&path, both, 400, "missing_service"),
        ] {
            let (reply, trail) = changing_nothing(campus, async || {
                server.send("POST", path, Some(body.to_owned())).await
            })
            .await;
            assert_eq!(fault(&reply, status), error, "{body}");
            assert!(trail.is_empty(), "{trail:?}");
        }
        // NET-04
        let long = format!("username=a&password={}", "x".repeat(16 * 1024));
        let reply = server.send("POST", TICKETS, Some(long)).await;
        assert_eq!(fault(&reply, 413), "too_large");
        // Without a body there is no type of one.
        for path in [TICKETS, &path] {
            let reply = server.send("POST", path, None).await;
            assert_eq!(fault(&reply, 415), "no_form");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-02
async fn of_64_validations_of_a_programs_ticket_one_succeeds() {
    const AT_ONCE: usize = 64;
    each_campus(async |campus| {
        two_applications(campus).await;
        let second = campus.second_node().await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        for _ in 0..3 {
            let ticket = server.ticket(&path, PORTAL).await.body();
            let verdicts = race(campus, &second, AT_ONCE, &ticket).await;
            let expected = [
                (Ok(STUDENT.to_owned()), 1),
                (Err("INVALID_TICKET".to_owned()), AT_ONCE - 1),
            ];
            assert_eq!(verdicts, BTreeMap::from(expected));
        }
    })
    .await;
}

async fn race(
    campus: &Campus,
    second: &idp::Idp,
    at_once: usize,
    ticket: &str,
) -> BTreeMap<Result<String, String>, usize> {
    let barrier = Arc::new(Barrier::new(at_once));
    let pairs = [("service", PORTAL), ("ticket", ticket)];
    let asked = address("/cas/p3/serviceValidate", &pairs);
    let mut tasks = Vec::new();
    for index in 0..at_once {
        let node = if index % 2 == 0 { &campus.idp } else { second };
        let (mut client, asked) = (campus.visitor_at(node), asked.clone());
        let barrier = Arc::clone(&barrier);
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            verdict(&client.get(&asked).await.body())
        }));
    }
    let mut tally = BTreeMap::new();
    for task in tasks {
        *tally.entry(task.await.unwrap()).or_insert(0) += 1;
    }
    tally
}
