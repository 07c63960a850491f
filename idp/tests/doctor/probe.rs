//! What the probe is to everybody else: nobody.

use idp_domain::accounts::AccountNumber;
use idp_domain::signin::{PROBE, PROBE_NUMBER};

use crate::application::{Application, examine};
use crate::support::each_campus;
use crate::support::kit::{scalars, verdict};

#[tokio::test]
async fn an_application_gets_a_name_a_number_and_constants_only() {
    each_campus(async |campus| {
        let library = Application::right(campus).await;
        examine(campus).await;
        let answer = library.answers().remove(0);
        assert_eq!(verdict(&answer), Ok(PROBE_NUMBER.to_owned()));
        assert!(answer.contains("Example University"), "{answer}");
        assert!(answer.contains("一门探针"), "{answer}");
        assert!(!answer.contains("affiliat"), "{answer}");
        // Once read, the ticket is nothing to anybody.
        let request = library.outside.requests()[1].clone();
        let ticket = request.split_once("ticket=").unwrap().1;
        let ticket = ticket.split(' ').next().unwrap();
        let again = campus.visitor().validate(&library.service, ticket).await;
        assert_eq!(verdict(&again), Err("INVALID_TICKET".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn it_is_one_that_cannot_sign_in_and_is_in_no_count() {
    each_campus(async |campus| {
        let persons = campus.count("persons").await;
        let _library = Application::right(campus).await;
        examine(campus).await;
        examine(campus).await;
        assert_eq!(campus.count("persons").await, persons + 1);
        assert_eq!(campus.count("persons WHERE state = 'probe'").await, 1);
        for table in [
            "current_roster",
            "group_members",
            "passwords",
            "contacts",
            "logouts",
        ] {
            let of_probe = if campus.parts.db.is_embedded() {
                format!("{table} WHERE person_id = x'{}'", PROBE.0.simple())
            } else {
                format!("{table} WHERE person_id = '{PROBE}'")
            };
            assert_eq!(campus.count(&of_probe).await, 0, "{table}");
        }
        assert_eq!(campus.count("outbox WHERE kind = 'cas_logout'").await, 0);
        // The same page as for a number that nobody has.
        let service = "http://127.0.0.1:9000/secret";
        let page = |number: &'static str| {
            let mut visitor = campus.visitor();
            async move { visitor.sign_in(service, number, "Correct-horse-9").await }
        };
        let (probe, nobody) = (page(PROBE_NUMBER).await, page("nobody-at-all").await);
        assert_eq!((probe.status, probe.page()), (nobody.status, nobody.page()));
        assert_eq!(campus.count("sessions WHERE kind = 'browser'").await, 0);
        assert!(AccountNumber::parse(PROBE_NUMBER).is_ok());
    })
    .await;
}

#[tokio::test]
async fn each_of_its_audit_rows_says_that_it_is_the_probe_s() {
    each_campus(async |campus| {
        let _library = Application::right(campus).await;
        examine(campus).await;
        let mut marked = scalars(
            campus,
            "SELECT event FROM audit_events WHERE CAST(detail AS TEXT) LIKE '%\"probe\"%true%'",
        )
        .await;
        marked.sort();
        let all = ["cas.ticket.issue", "cas.ticket.validate", "session.end"];
        assert_eq!(marked, all);
    })
    .await;
}
