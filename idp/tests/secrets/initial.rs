//! The initial password, which everybody can find out, takes no account (PWD-01, BND-10).

use idp::accounts::initial_cap;
use idp_domain::accounts::AccountNumber;
use jiff::SignedDuration;

use crate::support::attacks::WRONG;
use crate::support::kit::audited_by;
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with};

/// With a phone that the school has; with an activation code; with neither.
const WITH_PHONE: &str = "20230001";
const PHONE: &str = "+8613800000001";
const WITH_CODE: &str = "20230003";
const BARE: &str = "20230004";
const BARES_INITIAL: &str = "049504";
const OTHER: &str = "20230005";
const OTHERS_INITIAL: &str = "024498";
const PASSWORD: &str = "quiet-lantern-58-river";

async fn grants_nothing(campus: &Campus) {
    for table in ["sessions", "service_tickets", "known_devices"] {
        assert_eq!(campus.count(table).await, 0, "{table}");
    }
}

async fn open_evidence(visitor: &mut Visitor, number: &str, initial: &str) -> Reply {
    let reply = visitor.sign_in(SERVICE, number, initial).await;
    assert_eq!(
        reply.location(),
        Some("/signin/continue"),
        "{}",
        reply.body()
    );
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "evidence");
    page
}

#[tokio::test] // PWD-01
async fn the_initial_password_opens_the_evidence_step_and_nothing_else() {
    each_campus(async |campus| {
        for (number, initial) in [
            (WITH_PHONE, campus.demo.initial_passwords[0].as_str()),
            (WITH_CODE, campus.demo.initial_passwords[1].as_str()),
            (BARE, BARES_INITIAL),
        ] {
            let mut visitor = campus.visitor();
            let page = open_evidence(&mut visitor, number, initial).await;
            for path in [
                "/signin/notice",
                "/signin/password",
                "/signin/phone",
                "/signin/done",
                "/signin/continue",
            ] {
                let reply = visitor.get(path).await;
                assert_eq!(
                    reply.location(),
                    Some("/signin/evidence"),
                    "{number} {path}"
                );
            }
            let fields = page.hidden();
            for path in [
                "/signin/notice",
                "/signin/password",
                "/signin/phone",
                "/signin/done",
            ] {
                let mut all: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect();
                all.extend([
                    ("accept", "yes"),
                    ("password", PASSWORD),
                    ("password_again", PASSWORD),
                    ("intent", "keep"),
                ]);
                let reply = visitor.post(path, &all).await;
                if number == BARE {
                    // Her page has no form at all, so none has a token.
                    assert_eq!(reply.status, 403, "{path}");
                } else {
                    assert_eq!(
                        reply.location(),
                        Some("/signin/evidence"),
                        "{number} {path}"
                    );
                }
            }
            if number == BARE {
                continue;
            }
            // Evidence isn't said, it is shown.
            for (intent, field) in [("verify", "code"), ("activation", "activation_code")] {
                for typed in ["", "000000", initial, number] {
                    let fields = [
                        ("intent", intent),
                        (field, typed),
                        ("factor", "school_phone"),
                    ];
                    let reply = visitor.submit(&page, &fields).await;
                    assert_eq!(reply.page(), "evidence", "{intent} {typed}");
                }
            }
        }
        grants_nothing(campus).await;
        assert_eq!(
            campus.count("passwords").await,
            2,
            "the demonstration's two"
        );
        assert_eq!(campus.audited("activation.evidence", "success").await, 0);
    })
    .await;
}

#[tokio::test] // PWD-01, SMS-03: with neither phone nor code nothing opens, and nothing is sent
async fn who_has_no_evidence_goes_to_the_service_desk() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let page = open_evidence(&mut visitor, BARE, BARES_INITIAL).await;
        assert_eq!(page.notice().as_deref(), Some("desk"));
        assert!(!page.body().contains("name=\"code\""));
        let page = visitor.get("/signin/phone").await;
        let page = visitor.follow(page).await;
        let token = campus.count("signins").await;
        assert_eq!(token, 1);
        let fields = [("intent", "send"), ("phone", "+8613911112222")];
        let reply = visitor.post("/signin/evidence", &fields).await;
        assert_eq!(
            reply.status,
            403,
            "a form without its token: {}",
            reply.body()
        );
        assert_eq!(page.page(), "evidence");
        campus.deliver().await;
        assert_eq!(campus.sms.count(), 0);
        grants_nothing(campus).await;
    })
    .await;
}

/// Wrong initial passwords, each with its captcha, as slowly as it takes.
async fn wrong_initials(campus: &Campus, number: &str, count: usize) {
    let mut robot = campus.visitor();
    for n in 0..count {
        if n > 0 && n % 10 == 0 {
            campus.advance(SignedDuration::from_hours(24));
        }
        let reply = robot.guess_solved(campus, number, &format!("{n:06}")).await;
        assert_eq!(reply.notice().as_deref(), Some("wrong_password"));
    }
    campus.advance(SignedDuration::from_hours(25));
}

#[tokio::test] // PWD-01: ten in a lifetime, however slowly; then other evidence, or the desk
async fn ten_wrong_initial_passwords_are_the_last() {
    each_campus(async |campus| {
        let initial = campus.demo.initial_passwords.clone();
        // Others' failures and right ones in between cost nothing of the ten.
        let mut visitor = campus.visitor();
        for _ in 0..12 {
            open_evidence(&mut visitor, WITH_PHONE, &initial[0]).await;
        }
        for number in [WITH_PHONE, WITH_CODE, OTHER] {
            wrong_initials(campus, number, 9).await;
        }
        let mut visitor = campus.visitor();
        open_evidence(&mut visitor, WITH_PHONE, &initial[0]).await;
        for number in [WITH_PHONE, WITH_CODE, OTHER] {
            wrong_initials(campus, number, 1).await;
        }
        // The right one is refused like a wrong one, and the trail knows why.
        let (refused, trail) = audited_by(campus, async || {
            campus.visitor().guess(WITH_PHONE, &initial[0]).await
        })
        .await;
        let wrong = campus.visitor().guess(WITH_PHONE, WRONG).await;
        assert_eq!(refused.masked(WITH_PHONE), wrong.masked(WITH_PHONE));
        assert_eq!(trail, ["signin.password refused initial_cap"]);
        let capped = "persons WHERE initial_tries = 10";
        assert_eq!(campus.count(capped).await, 3);

        // A code to the school's phone still opens the wizard.
        let mut owner = campus.visitor();
        let page = owner
            .ask_code(campus, "/signin/activation", WITH_PHONE)
            .await;
        let code = campus.code_for(PHONE).await;
        let first = owner.enter(&page, &code).await;
        let page = owner.follow(first).await;
        assert_eq!(page.page(), "privacy_notice", "{}", page.body());
        // So does the activation code.
        let mut owner = campus.visitor();
        let page = owner.get("/signin/activation").await;
        let code = campus.demo.activation_code.clone().unwrap();
        let fields = [
            ("username", WITH_CODE),
            ("method", "code"),
            ("intent", "send"),
            ("activation_code", code.as_str()),
        ];
        let first = owner.submit_solved(campus, &page, &fields).await;
        let page = owner.follow(first).await;
        assert_eq!(page.page(), "privacy_notice", "{}", page.body());

        // And an administrator lifts the cap: of one, or of everybody.
        let app = campus.idp.app();
        let (now, mut rng) = (app.clock.now(), app.entropy.rng());
        let other = [AccountNumber::parse(OTHER).unwrap()];
        let lifted = initial_cap::lift(&app.db, &other, now, &mut rng);
        assert_eq!(lifted.await.unwrap(), 1);
        open_evidence(&mut campus.visitor(), OTHER, OTHERS_INITIAL).await;
        let lifted = initial_cap::lift_all(&app.db, now, &mut rng);
        assert_eq!(lifted.await.unwrap(), 2);
        campus.advance(SignedDuration::from_hours(25));
        open_evidence(&mut campus.visitor(), WITH_PHONE, &initial[0]).await;
        assert_eq!(campus.audited("activation.cap.lift", "success").await, 2);
    })
    .await;
}

const CAMPUS_ADDRESS: &str = "10.20.30.40:4000";

/// The school lets the tail alone open the wizard on its own network, from the test's beginning.
fn tail_only(config: &mut idp::config::Config) {
    config.activation.tail_only = serde_json::from_value(serde_json::json!({
        "networks": ["10.0.0.0/8"],
        "since": crate::support::start().to_string(),
    }))
    .unwrap();
}

async fn first_page(campus: &Campus, address: &str, number: &str, initial: &str) -> String {
    let mut visitor = campus.visitor();
    visitor.peer = Some(address.parse().unwrap());
    let reply = visitor.guess_solved(campus, number, initial).await;
    match reply.location() {
        Some("/signin/continue") => visitor.follow(reply).await.page(),
        _ => reply.notice().unwrap_or_default(),
    }
}

#[tokio::test] // PWD-01
async fn the_tail_alone_is_for_three_days_on_campus_and_for_who_has_nothing_else() {
    each_campus_with(tail_only, async |campus| {
        let phone = campus.demo.initial_passwords[0].clone();
        let code = campus.demo.initial_passwords[1].clone();
        let page = async |address: &str, number: &str, initial: &str| {
            first_page(campus, address, number, initial).await
        };
        assert_eq!(
            page(CAMPUS_ADDRESS, BARE, BARES_INITIAL).await,
            "privacy_notice"
        );
        assert_eq!(page("192.0.2.1:9", BARE, BARES_INITIAL).await, "evidence");
        // Whoever has evidence to show must show it, here too.
        assert_eq!(page(CAMPUS_ADDRESS, WITH_PHONE, &phone).await, "evidence");
        assert_eq!(page(CAMPUS_ADDRESS, WITH_CODE, &code).await, "evidence");
        // A header is no campus.
        let mut liar = campus.visitor();
        liar.peer = Some("192.0.2.1:9".parse().unwrap());
        liar.forwarded_for = Some("10.20.30.40".into());
        let reply = liar.guess(BARE, BARES_INITIAL).await;
        assert_eq!(liar.follow(reply).await.page(), "evidence");
        campus.advance(SignedDuration::from_hours(72) - SignedDuration::from_secs(1));
        assert_eq!(
            page(CAMPUS_ADDRESS, BARE, BARES_INITIAL).await,
            "privacy_notice"
        );
        campus.advance(SignedDuration::from_secs(1));
        assert_eq!(page(CAMPUS_ADDRESS, BARE, BARES_INITIAL).await, "evidence");
    })
    .await;
}

#[tokio::test] // PWD-01
async fn the_tail_alone_has_three_tries_a_day() {
    each_campus_with(tail_only, async |campus| {
        let page = async |initial: &str| first_page(campus, CAMPUS_ADDRESS, BARE, initial).await;
        for tail in ["000001", "000002", "000003", BARES_INITIAL] {
            assert_eq!(page(tail).await, "wrong_password", "{tail}");
        }
        campus.advance(SignedDuration::from_hours(24));
        assert_eq!(page(BARES_INITIAL).await, "privacy_notice");
    })
    .await;
}

#[tokio::test] // PWD-01: the school's secrets are tried ten times a day, and a code ends
async fn activation_codes_are_counted_and_used_up() {
    each_campus(async |campus| {
        let code = campus.demo.activation_code.clone().unwrap();
        let initial = campus.demo.initial_passwords[1].clone();
        let mut visitor = campus.visitor();
        let page = open_evidence(&mut visitor, WITH_CODE, &initial).await;
        let say = async |visitor: &mut Visitor, code: &str| {
            let fields = [("intent", "activation"), ("activation_code", code)];
            visitor.submit(&page, &fields).await
        };
        for n in 0..10 {
            let reply = say(&mut visitor, &format!("0000-0000-{n:04}")).await;
            assert_eq!(reply.notice().as_deref(), Some("wrong_activation_code"));
        }
        let reply = say(&mut visitor, &code).await;
        assert_eq!(reply.notice().as_deref(), Some("code_limit"));
        campus.advance(SignedDuration::from_hours(24));
        let mut visitor = campus.visitor();
        let page = open_evidence(&mut visitor, WITH_CODE, &initial).await;
        let mut second = campus.visitor();
        let other_page = open_evidence(&mut second, WITH_CODE, &initial).await;
        let fields = [("intent", "activation"), ("activation_code", code.as_str())];
        let reply = visitor.submit(&page, &fields).await;
        let first = visitor.follow(reply).await;
        assert_eq!(first.page(), "privacy_notice");
        // It stays good for who stopped half-way, until a password was set behind it.
        visitor
            .walk_to(campus, first, "", PASSWORD, "bind_phone")
            .await;
        let reply = second.submit(&other_page, &fields).await;
        assert_eq!(reply.status, 400, "{}", reply.body());
        let mut stranger = campus.visitor();
        let page = stranger.get("/signin/activation").await;
        let again = [
            ("username", WITH_CODE),
            ("method", "code"),
            ("intent", "send"),
            ("activation_code", code.as_str()),
        ];
        let reply = stranger.submit_solved(campus, &page, &again).await;
        assert_eq!(reply.notice().as_deref(), Some("wrong_activation_code"));
        assert_eq!(campus.audited("activation.evidence", "success").await, 1);
    })
    .await;
}
