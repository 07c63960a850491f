//! With a ticket: its validation, and the notice of the logout.

use idp_domain::applications::doctor::{Finding, Severity, Side, Step, Trouble};
use jiff::SignedDuration;
use serde_json::json;

use crate::application::{
    Application, Manners, complaints, examine, examine_at, redirect, the_complaint,
};
use crate::support::outside::{Act, status};
use crate::support::visitor::ORIGIN;
use crate::support::{Visitor, each_campus};

#[tokio::test]
async fn an_application_that_is_right_is_found_well_to_the_end() {
    each_campus(async |campus| {
        let library = Application::right(campus).await;
        let findings = examine(campus).await;
        assert!(complaints(&findings).is_empty(), "{findings:?}");
        let steps: Vec<_> = findings.iter().map(Finding::step).collect();
        assert_eq!(
            steps,
            [
                Step::Entry,
                Step::Network,
                Step::Login,
                Step::Ticket,
                Step::Ticket,
                Step::Logout
            ]
        );
        assert!(findings.contains(&Finding::SendsToLogin {
            service: library.service.clone()
        }));
        // The same document as anybody's logout, with the ticket that was given.
        let requests = library.outside.requests();
        let ticket = requests[1].split_once("ticket=").unwrap().1;
        let ticket = ticket.split(' ').next().unwrap();
        let body = requests[2].split_once("\r\n\r\n").unwrap().1;
        let (name, document) = url::form_urlencoded::parse(body.as_bytes()).next().unwrap();
        assert_eq!(name, "logoutRequest");
        assert!(document.contains(&format!(
            "<samlp:SessionIndex>{ticket}</samlp:SessionIndex>"
        )));
        assert!(document.contains("yimen-probe"), "{document}");
    })
    .await;
}

#[tokio::test]
async fn who_never_asks_is_told_so() {
    each_campus(async |campus| {
        let manners = Manners {
            ignores_tickets: true,
            ..Manners::default()
        };
        let _library = Application::start(campus, manners, json!({})).await;
        let examined = examine_at(&campus.idp, None, 300).await.unwrap();
        assert!(!examined.is_well());
        let never = Finding::NeverValidated { seconds: 0 };
        assert_eq!(
            the_complaint(&examined.findings),
            (&never, Side::Application)
        );
        // The ticket died with the session, whoever asks later.
        assert_eq!(campus.count("sessions WHERE ended_at IS NULL").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_service_url_is_shown_beside_the_right_one() {
    each_campus(async |campus| {
        let sent = "http://localhost/app";
        let manners = Manners {
            validation: Some(Visitor::encode(&[("service", sent), ("ticket", "TICKET")])),
            ..Manners::default()
        };
        let library = Application::start(campus, manners, json!({})).await;
        let findings = examine(campus).await;
        let wrong = Finding::WrongService {
            sent: Some(sent.to_owned()),
            expected: library.service.clone(),
        };
        assert_eq!(the_complaint(&findings), (&wrong, Side::Application));
    })
    .await;
}

#[tokio::test]
async fn a_validation_after_the_ticket_s_time_is_too_late() {
    each_campus(async |campus| {
        let manners = Manners {
            waits: SignedDuration::from_secs(12),
            ..Manners::default()
        };
        let _library = Application::start(campus, manners, json!({})).await;
        let findings = examine(campus).await;
        let late = Finding::TooLate { seconds: 12 };
        assert_eq!(the_complaint(&findings), (&late, Side::Application));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_burns_the_ticket_unread_is_told_apart() {
    each_campus(async |campus| {
        let manners = Manners {
            validation: Some("service=a&service=b&ticket=TICKET".to_owned()),
            ..Manners::default()
        };
        let _library = Application::start(campus, manners, json!({})).await;
        let findings = examine(campus).await;
        let unreadable = (&Finding::ValidationUnreadable, Side::Application);
        assert_eq!(the_complaint(&findings), unreadable);
    })
    .await;
}

#[tokio::test]
async fn a_callback_that_is_not_registered_is_the_registry_s_affair() {
    each_campus(async |campus| {
        let asks = "service=SERVICE&ticket=TICKET&pgtUrl=https%3A%2F%2Flib.example.edu.cn%2Fpgt";
        let manners = Manners {
            validation: Some(asks.to_owned()),
            ..Manners::default()
        };
        let _library = Application::start(campus, manners, json!({})).await;
        let findings = examine(campus).await;
        let refused = (&Finding::ProxyRefused, Side::Registry);
        assert_eq!(the_complaint(&findings), refused);
    })
    .await;
}

#[tokio::test]
async fn what_it_says_after_a_good_validation_is_told() {
    each_campus(async |campus| {
        for (entered, expected, side) in [
            (
                status(403),
                Finding::RefusesProbe { status: 403 },
                Severity::Remark,
            ),
            (
                status(500),
                Finding::FailsWithTicket { status: 500 },
                Severity::Remark,
            ),
            (
                redirect(&format!(
                    "{ORIGIN}/cas/login?service=http%3A%2F%2Fa.edu.cn%2F"
                )),
                Finding::SendsBack,
                Severity::Wrong,
            ),
        ] {
            let manners = Manners {
                entered: Some(entered),
                ..Manners::default()
            };
            let _library = Application::start(campus, manners, json!({})).await;
            let findings = examine(campus).await;
            assert_eq!(the_complaint(&findings).0, &expected);
            assert_eq!(expected.severity(), side);
            assert!(
                findings
                    .iter()
                    .any(|f| matches!(f, Finding::Validated { .. }))
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_logout_that_is_refused_or_not_answered_is_found() {
    each_campus(async |campus| {
        let refusing = Manners {
            logout: Some(status(405)),
            ..Manners::default()
        };
        let _library = Application::start(campus, refusing, json!({})).await;
        let findings = examine(campus).await;
        let refused = Finding::LogoutRefused { status: 405 };
        assert_eq!(the_complaint(&findings), (&refused, Side::Application));

        let silent = Manners {
            logout: Some(vec![Act::Say(Vec::new())]),
            ..Manners::default()
        };
        let _library = Application::start(campus, silent, json!({})).await;
        let findings = examine(campus).await;
        let (finding, side) = the_complaint(&findings);
        assert_eq!(side, Side::Application);
        let Finding::LogoutUndelivered { trouble, .. } = finding else {
            panic!("{finding:?}");
        };
        assert!(matches!(trouble, Trouble::Broken { .. }), "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_logout_that_is_sent_to_our_login_is_a_remark() {
    each_campus(async |campus| {
        let apache = Manners {
            logout: Some(redirect(&format!("{ORIGIN}/cas/login"))),
            ..Manners::default()
        };
        let _library = Application::start(campus, apache, json!({})).await;
        let examined = examine_at(&campus.idp, None, 20_000).await.unwrap();
        let unconfirmed = Finding::LogoutUnconfirmed { status: 302 };
        assert_eq!(
            the_complaint(&examined.findings),
            (&unconfirmed, Side::Application)
        );
        assert!(examined.is_well());

        let elsewhere = Manners {
            logout: Some(redirect("https://other.example.edu/cas/login")),
            ..Manners::default()
        };
        let _library = Application::start(campus, elsewhere, json!({})).await;
        let findings = examine(campus).await;
        let refused = Finding::LogoutRefused { status: 302 };
        assert_eq!(the_complaint(&findings), (&refused, Side::Application));
    })
    .await;
}

#[tokio::test]
async fn an_entry_without_a_back_channel_is_not_told() {
    each_campus(async |campus| {
        for (channel, expected) in [
            ("none", Finding::LogoutUnwanted),
            ("front", Finding::LogoutByBrowser),
        ] {
            let cas = json!({ "logout": { "channel": channel } });
            let library = Application::start(campus, Manners::default(), cas).await;
            let examined = examine_at(&campus.idp, None, 20_000).await.unwrap();
            assert_eq!(
                the_complaint(&examined.findings),
                (&expected, Side::Registry)
            );
            assert!(examined.is_well());
            assert_eq!(library.outside.requests().len(), 2);
        }
    })
    .await;
}
