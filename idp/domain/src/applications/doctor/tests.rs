use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::*;
use crate::applications::{Application, LogoutChannel, OutboundUrl, ProvenService, Registry};
use crate::applications::{ApplicationId, parse_entries};

const ENTRIES: &str = r#"[
    { "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
      "cas": { "services": ["https://lib.example.edu/app/*", "https://lib.example.edu/start"] } },
    { "id": "mail", "name": { "zh-CN": "邮件", "en": "Mail" },
      "cas": { "services": ["http://mail.example.edu:8080/*"], "plain_http": true,
        "logout": { "channel": "front" } } } ]"#;

struct Campus {
    registry: Registry,
    library: Application,
    mail: Application,
    issuer: Url,
}

fn campus() -> Campus {
    let entries = parse_entries(ENTRIES, false).unwrap();
    let [library, mail] = [entries[0].clone(), entries[1].clone()];
    Campus {
        registry: Registry::new(entries),
        library,
        mail,
        issuer: Url::parse("https://id.example.edu/").unwrap(),
    }
}

impl Campus {
    fn service(&self, text: &str) -> ProvenService {
        self.registry.resolve(text).unwrap().1
    }

    fn from(&self) -> OutboundUrl {
        let service = self.service("https://lib.example.edu/app/a");
        service.outbound().unwrap()
    }

    fn landing(&self, status: u16, location: Option<&str>) -> Landing {
        let cas = self.library.cas.as_ref().unwrap();
        landing(&self.from(), status, location, &self.issuer, cas)
    }

    fn login(&self, service: &str) -> (Finding, Option<ProvenService>) {
        let landing = Landing::Login {
            service: Some(service.to_owned()),
        };
        let tried = self.service("https://lib.example.edu/app/a");
        login(
            &landing,
            &self.registry,
            &self.library,
            &tried,
            &self.issuer,
        )
    }
}

#[test]
fn an_answer_leads_where_a_browser_would_go() {
    let campus = campus();
    let login = |service: Option<&str>| Landing::Login {
        service: service.map(str::to_owned),
    };
    let at = |location| campus.landing(302, Some(location));
    assert_eq!(
        campus.landing(200, Some("https://a.edu/")),
        Landing::Page(200)
    );
    assert_eq!(
        campus.landing(304, Some("https://a.edu/")),
        Landing::Page(304)
    );
    assert_eq!(campus.landing(302, None), Landing::Nowhere(302));
    assert_eq!(at("http://["), Landing::Nowhere(302));
    assert_eq!(
        at("https://ID.example.edu:443/cas/login?renew=true&service=https%3A%2F%2Fa.edu%2F"),
        login(Some("https://a.edu/"))
    );
    assert_eq!(at("https://id.example.edu/cas/login"), login(None));
    assert_eq!(
        at("http://id.example.edu/cas/login?service=x"),
        Landing::Ours("http://id.example.edu/cas/login".to_owned())
    );
    assert_eq!(
        at("//other.example.edu:8443/x"),
        Landing::Elsewhere("https://other.example.edu:8443".to_owned())
    );
    assert_eq!(
        at("javascript:alert(1)"),
        Landing::Elsewhere("null".to_owned())
    );
}

#[test] // TKT-08
fn only_the_origins_of_the_application_are_followed() {
    let campus = campus();
    for (location, onward) in [
        ("/elsewhere?ticket=ST-1", true),
        ("https://lib.example.edu/outside/of/its/patterns", true),
        ("http://lib.example.edu/app/a", false),
        ("https://lib.example.edu:8443/app/a", false),
        ("https://lib.example.edu.attacker.example/app/a", false),
        ("https://lib.example.edu@attacker.example/app/a", false),
        ("https://attacker.example/app/a", false),
        ("http://mail.example.edu:8080/", false),
        ("http://127.0.0.1/", false),
    ] {
        let landing = campus.landing(302, Some(location));
        assert_eq!(
            matches!(landing, Landing::Onward(_)),
            onward,
            "{location}: {landing:?}"
        );
    }
    let Landing::Onward(to) = campus.landing(302, Some("/elsewhere?ticket=ST-1")) else {
        panic!("not followed");
    };
    assert_eq!(
        to.url().as_str(),
        "https://lib.example.edu/elsewhere?ticket=ST-1"
    );
}

#[test]
fn the_ticket_is_for_the_service_that_the_application_named() {
    let campus = campus();
    let (finding, service) = campus.login("https://lib.example.edu/app/other?x=1");
    assert_eq!(finding.severity(), Severity::Well);
    assert_eq!(
        service.unwrap().canonical(),
        "https://lib.example.edu/app/other?x=1"
    );
    let (finding, service) = campus.login("http://mail.example.edu:8080/");
    assert!(service.is_none());
    let mail = ApplicationId::parse("mail").unwrap();
    assert!(matches!(
        finding,
        Finding::ServiceOfAnother { application, .. } if application == mail
    ));
}

#[test]
fn who_does_not_know_of_the_proxy_in_front_is_told_the_right_address() {
    let campus = campus();
    for (named, expected) in [
        (
            "http://lib.example.edu/app/a",
            Some("https://lib.example.edu/app/a"),
        ),
        (
            "http://lib.example.edu:8080/app/a?b=c",
            Some("https://lib.example.edu/app/a?b=c"),
        ),
        ("https://lib.example.edu/not/registered", None),
        ("http://localhost:8080/app/a", None),
        ("not an address", None),
    ] {
        let (finding, service) = campus.login(named);
        let Finding::ServiceUnregistered { twin, .. } = &finding else {
            panic!("{finding:?}");
        };
        assert_eq!(twin.as_deref(), expected, "{named}");
        assert!(service.is_none());
        let side = if expected.is_some() {
            Side::Application
        } else {
            Side::Registry
        };
        assert_eq!(finding.side(), Some(side));
    }
}

#[test]
fn what_others_wrote_is_short_and_plain() {
    let campus = campus();
    let long = format!("https://a.edu/\u{1b}[31m{}", "x".repeat(5000));
    let (Finding::ServiceUnregistered { service, .. }, _) = campus.login(&long) else {
        panic!("registered");
    };
    assert_eq!(service.chars().count(), 300);
    assert!(!service.contains('\u{1b}'));
}

#[test]
fn a_validation_is_judged_by_time_first() {
    let campus = campus();
    let expected = campus.service("https://lib.example.edu/app/a");
    let at = |seconds| Timestamp::from_second(1_790_000_000 + seconds).unwrap();
    let judge = |consumed: Option<i64>, verdict: Option<Verdict>| {
        let seen = TicketSeen {
            issued_at: at(0),
            expires_at: at(10),
            consumed_at: consumed.map(at),
            verdict,
        };
        validation(&seen, &expected, SignedDuration::from_secs(15))
    };
    let refused = |code: &str| Some(Verdict::Refused(code.to_owned()));
    assert_eq!(judge(None, None), Finding::NeverValidated { seconds: 15 });
    let validated = Finding::Validated {
        milliseconds: 9_000,
    };
    assert_eq!(judge(Some(9), Some(Verdict::Validated)), validated);
    let late = Finding::TooLate { seconds: 10 };
    assert_eq!(judge(Some(10), refused("INVALID_TICKET")), late);
    assert_eq!(judge(Some(10), None), late);
    assert_eq!(judge(Some(1), None), Finding::ValidationUnreadable);
    assert_eq!(
        judge(Some(1), refused("INVALID_PROXY_CALLBACK")),
        Finding::ProxyRefused
    );
    let code = "INVALID_TICKET".to_owned();
    assert_eq!(
        judge(Some(1), refused(&code)),
        Finding::ValidationRefused { code }
    );
}

#[test]
fn an_answer_after_a_failed_validation_is_only_told_where_it_may_be_the_cause() {
    let page = |status| AfterTicket::Landed(Landing::Page(status));
    let back = || AfterTicket::Landed(Landing::Login { service: None });
    assert_eq!(after_ticket(page(200), false), None);
    assert_eq!(after_ticket(page(403), false), None);
    assert_eq!(after_ticket(back(), false), None);
    assert_eq!(after_ticket(back(), true), Some(Finding::SendsBack));
    assert_eq!(
        after_ticket(page(500), false),
        Some(Finding::FailsWithTicket { status: 500 })
    );
    assert_eq!(
        after_ticket(page(401), true),
        Some(Finding::RefusesProbe { status: 401 })
    );
}

#[test]
fn where_the_notice_goes_is_the_entry_s_to_say() {
    let campus = campus();
    let library = campus.library.cas.as_ref().unwrap();
    let service = campus.service("https://lib.example.edu/app/a");
    assert_eq!(logout(library, &service).unwrap(), campus.from());
    let mail = campus.mail.cas.as_ref().unwrap();
    assert_eq!(mail.logout.channel, LogoutChannel::Front);
    assert_eq!(logout(mail, &service), Err(Finding::LogoutByBrowser));
}

#[test]
fn a_round_trip_begins_at_a_page_rather_than_at_a_folder() {
    let campus = campus();
    let first = |application: &Application| application.cas.as_ref().unwrap().first_address();
    assert_eq!(
        first(&campus.library).unwrap(),
        "https://lib.example.edu/start"
    );
    assert_eq!(
        first(&campus.mail).unwrap(),
        "http://mail.example.edu:8080/"
    );
    let any_port = r#"{ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
        "cas": { "services": ["http://127.0.0.1:*/*"], "plain_http": true } }"#;
    assert_eq!(first(&parse_entries(any_port, true).unwrap()[0]), None);
}

#[test]
fn what_is_wrong_lies_on_a_side_and_what_is_well_on_none() {
    let host = || "a".to_owned();
    for (finding, side) in [
        (Finding::Disabled, Some(Side::Registry)),
        (Finding::LetsIn { status: 200 }, None),
        (Finding::SendsBack, Some(Side::Application)),
        (Finding::NotIssued, Some(Side::Server)),
        (
            Finding::Unreached {
                host: host(),
                port: 443,
                trouble: Trouble::Forbidden {
                    addresses: Vec::new(),
                },
            },
            Some(Side::Server),
        ),
        (
            Finding::Unreached {
                host: host(),
                port: 443,
                trouble: Trouble::TlsTimedOut,
            },
            Some(Side::Network),
        ),
    ] {
        assert_eq!(finding.side(), side, "{finding:?}");
        assert_eq!(finding.severity() == Severity::Well, side.is_none());
    }
}
