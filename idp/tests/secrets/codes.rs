//! One-time codes: tried five times, for one purpose, by whom they were asked for (OTP).

use jiff::SignedDuration;

use crate::support::attacks::{STUDENT, STUDENTS_PHONE, hex};
use crate::support::kit::{rows, scalars};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus};

const NEWCOMER: &str = "20230001";
const PHONE: &str = "+8613800000001";
const OTHER: &str = "20230005";
const OTHERS_PHONE: &str = "+8613800000102";
const PASSWORD: &str = "quiet-lantern-58-river";

/// The newcomer at the page that takes the code to the school's phone.
async fn asked(campus: &Campus) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
    let page = visitor.follow(first).await;
    let page = visitor.submit(&page, &[("intent", "send")]).await;
    (visitor, page)
}

fn notice(reply: &Reply) -> String {
    reply.notice().unwrap_or_default()
}

/// Codes that are not this one.
fn wrong_codes(right: &str, count: usize) -> Vec<String> {
    (0..=count)
        .map(|n| format!("{n:06}"))
        .filter(|code| code != right)
        .take(count)
        .collect()
}

#[tokio::test] // OTP-01
async fn a_code_dies_after_five_tries_and_an_account_has_ten_a_day() {
    each_campus(async |campus| {
        let (mut visitor, page) = asked(campus).await;
        assert_eq!(notice(&page), "code_sent");
        let first = campus.code_for(PHONE).await;
        for wrong in wrong_codes(&first, 5) {
            assert_eq!(notice(&visitor.enter(&page, &wrong).await), "wrong_code");
        }
        assert_eq!(notice(&visitor.enter(&page, &first).await), "dead_code");

        // Not again within a minute, and the dead one stays dead.
        campus.advance(SignedDuration::from_secs(59));
        let page = visitor.submit(&page, &[("intent", "send")]).await;
        assert_eq!(notice(&page), "code_limit");
        campus.advance(SignedDuration::from_secs(1));
        let page = visitor.submit(&page, &[("intent", "send")]).await;
        assert_eq!(notice(&page), "code_sent");
        let second = campus.code_for(PHONE).await;
        assert_eq!(campus.sms.count(), 2);
        if first != second {
            assert_eq!(notice(&visitor.enter(&page, &first).await), "wrong_code");
        }
        // Over all codes, and in every browser: ten.
        let failed = campus.audited("code.try", "refused").await - 1;
        for wrong in wrong_codes(&second, usize::try_from(9 - failed).unwrap()) {
            assert_eq!(notice(&visitor.enter(&page, &wrong).await), "wrong_code");
        }
        let (mut elsewhere, page) = asked(campus).await;
        assert_eq!(notice(&page), "code_sent");
        let third = campus.code_for(PHONE).await;
        let wrong = &wrong_codes(&third, 1)[0];
        assert_eq!(notice(&elsewhere.enter(&page, wrong).await), "wrong_code");
        assert_eq!(notice(&elsewhere.enter(&page, &third).await), "code_limit");
        let mut stranger = campus.visitor();
        let page = stranger
            .ask_code(campus, "/signin/activation", NEWCOMER)
            .await;
        let fourth = campus.code_for(PHONE).await;
        assert_eq!(notice(&stranger.enter(&page, &fourth).await), "code_limit");

        campus.advance(SignedDuration::from_hours(24));
        let (mut visitor, page) = asked(campus).await;
        let code = campus.code_for(PHONE).await;
        let reply = visitor.enter(&page, &code).await;
        assert_eq!(reply.location(), Some("/signin/notice"), "{}", reply.body());
    })
    .await;
}

#[tokio::test] // OTP-01: five minutes
async fn a_code_expires_and_is_good_once() {
    each_campus(async |campus| {
        let (mut visitor, page) = asked(campus).await;
        let code = campus.code_for(PHONE).await;
        campus.advance(SignedDuration::from_mins(5));
        assert_eq!(notice(&visitor.enter(&page, &code).await), "dead_code");
        let page = visitor.submit(&page, &[("intent", "send")]).await;
        let code = campus.code_for(PHONE).await;
        campus.advance(SignedDuration::from_mins(5) - SignedDuration::from_secs(1));
        let mut second_tab = visitor.clone();
        assert_eq!(visitor.enter(&page, &code).await.status, 303);
        // Entered again: the sign-in is a step further, and the code is used up.
        let again = second_tab.enter(&page, &code).await;
        assert_eq!(again.location(), Some("/signin/notice"));
        assert_eq!(campus.audited("activation.evidence", "success").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OTP-02, FLT-16
async fn parallel_tries_of_a_code_are_five_at_most() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let (visitor, page) = asked(campus).await;
        let right = campus.code_for(PHONE).await;
        let tries: Vec<_> = wrong_codes(&right, 200)
            .into_iter()
            .enumerate()
            .map(|(n, code)| {
                let mut tab = campus.visitor_at([&campus.idp, &other][n % 2]);
                tab.cookies = visitor.cookies.clone();
                let page = page.clone();
                tokio::spawn(async move { tab.enter(&page, &code).await })
            })
            .collect();
        let mut compared = 0;
        for reply in tries {
            let reply = reply.await.unwrap();
            assert_eq!(reply.status, 200, "{}", reply.body());
            compared += usize::from(notice(&reply) == "wrong_code");
        }
        assert_eq!(compared, 5);
        let wrong = "audit_events WHERE event = 'code.try' AND reason = 'wrong'";
        assert_eq!(campus.count(wrong).await, 5);
        assert_eq!(campus.count("one_time_codes WHERE attempts = 5").await, 1);
        let mut visitor = visitor;
        assert_eq!(notice(&visitor.enter(&page, &right).await), "dead_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OTP-02, OTP-01
async fn the_right_code_entered_at_once_everywhere_counts_once() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let (visitor, page) = asked(campus).await;
        let right = campus.code_for(PHONE).await;
        let tries: Vec<_> = (0..32)
            .map(|n| {
                let mut tab = campus.visitor_at([&campus.idp, &other][n % 2]);
                tab.cookies = visitor.cookies.clone();
                let (page, right) = (page.clone(), right.clone());
                tokio::spawn(async move { tab.enter(&page, &right).await })
            })
            .collect();
        for reply in tries {
            let reply = reply.await.unwrap();
            assert!(!reply.status.is_server_error(), "{}", reply.body());
        }
        assert_eq!(campus.audited("activation.evidence", "success").await, 1);
        assert_eq!(campus.audited("code.try", "success").await, 1);
        assert_eq!(
            scalars(campus, "SELECT factor FROM proofs ORDER BY factor")
                .await
                .len(),
            2
        );
    })
    .await;
}

#[tokio::test] // OTP-03: of another purpose of the same sign-in
async fn a_code_for_evidence_binds_no_phone() {
    each_campus(async |campus| {
        let printed = activation_code_of(campus, NEWCOMER).await;
        let (mut visitor, page) = asked(campus).await;
        let evidence = campus.code_for(PHONE).await;
        let fields = [
            ("intent", "activation"),
            ("activation_code", printed.as_str()),
        ];
        let first = visitor.submit(&page, &fields).await;
        let page = visitor
            .walk_to(campus, first, PHONE, PASSWORD, "bind_phone")
            .await;
        // None was asked for here.
        assert_eq!(notice(&visitor.enter(&page, &evidence).await), "dead_code");
        let fields = [("intent", "send"), ("phone", "+8613911112222")];
        let page = visitor.submit(&page, &fields).await;
        assert_eq!(notice(&page), "code_sent");
        if campus.code_for("+8613911112222").await != evidence {
            assert_eq!(notice(&visitor.enter(&page, &evidence).await), "wrong_code");
        }
        assert_eq!(campus.audited("contact.phone.bind", "success").await, 0);
    })
    .await;
}

async fn activation_code_of(campus: &Campus, number: &str) -> String {
    let app = campus.idp.app();
    let expires_at = campus.clock.now() + SignedDuration::from_hours(24);
    let mut printer =
        idp::accounts::activation_codes::CodePrinter::new(&app.db, &app.keys, "", expires_at);
    let mut rng = app.entropy.rng();
    let codes = printer
        .next_batch(campus.clock.now(), &mut rng)
        .await
        .unwrap();
    let codes = codes.expect("people who have not activated");
    let of = codes.into_iter().find(|code| code.number == number);
    of.expect("a code of hers").code.printed()
}

#[tokio::test] // OTP-03, OTP-07: of another person, another flow, another browser
async fn a_code_is_good_only_where_it_was_asked_for() {
    each_campus(async |campus| {
        // Asked for by the attacker to his own phone, entered with the victim's number.
        let mut attacker = campus.visitor();
        let page = attacker.ask_code(campus, "/signin/activation", OTHER).await;
        let own = campus.code_for(OTHERS_PHONE).await;
        let fields = [
            ("intent", "verify"),
            ("code", own.as_str()),
            ("username", NEWCOMER),
        ];
        let reply = attacker.submit(&page, &fields).await;
        assert_eq!(notice(&reply), "wrong_code");
        assert!(!attacker.cookies.contains_key("signin"));

        // The victim's, entered in a browser that did not ask for it: overheard is not enough.
        let mut victim = campus.visitor();
        let page = victim
            .ask_code(campus, "/signin/activation", NEWCOMER)
            .await;
        let code = campus.code_for(PHONE).await;
        let fields = [
            ("intent", "verify"),
            ("code", code.as_str()),
            ("username", NEWCOMER),
        ];
        let reply = attacker.submit(&page, &fields).await;
        assert_ne!(reply.status, 303, "{}", reply.body());
        let mut stranger = campus.visitor();
        let form = stranger.get("/signin/activation").await;
        let reply = stranger.submit(&form, &fields).await;
        assert_eq!(notice(&reply), "dead_code");

        // Asked for to unlock, entered to activate, and the other way about.
        let mut owner = campus.visitor();
        let page = owner.ask_code(campus, "/signin/unlock", STUDENT).await;
        let unlock = campus.code_for(STUDENTS_PHONE).await;
        let form = owner.get("/signin/activation").await;
        let fields = [
            ("intent", "verify"),
            ("code", unlock.as_str()),
            ("username", STUDENT),
        ];
        assert_eq!(notice(&owner.submit(&form, &fields).await), "dead_code");
        let mut newcomer = victim.clone();
        let form = newcomer.get("/signin/unlock").await;
        let fields = [
            ("intent", "verify"),
            ("code", code.as_str()),
            ("username", NEWCOMER),
        ];
        assert_eq!(notice(&newcomer.submit(&form, &fields).await), "dead_code");

        // OTP-07: what the browser says of itself counts for nothing.
        let mut liar = owner.clone();
        for name in ["verified", "device", "proof"] {
            liar.cookies.insert(name.into(), "1".into());
        }
        let fields = [
            ("intent", "verify"),
            ("code", "00000"),
            ("verified", "1"),
            ("step", "done"),
            ("factor", "bound_phone"),
        ];
        assert_eq!(notice(&liar.submit(&page, &fields).await), "wrong_code");
        assert_eq!(campus.audited("code.try", "success").await, 0);
        assert_eq!(campus.count("signins").await, 0);
        assert_eq!(campus.count("known_devices").await, 0);

        // Where they belong they count.
        assert_eq!(owner.enter(&page, &unlock).await.status, 303);
    })
    .await;
}

#[tokio::test] // OTP-05, SMS-12
async fn what_is_kept_of_a_code_tells_nothing_and_goes() {
    each_campus(async |campus| {
        let (_, _) = asked(campus).await;
        let waiting = [
            rows(campus, "one_time_codes").await,
            rows(campus, "outbox").await,
        ];
        let code = campus.code_for(PHONE).await;
        let hex = hex(&code);
        for rows in waiting {
            assert!(!rows.contains(&code) && !rows.to_uppercase().contains(&hex));
            assert!(!rows.contains("13800000001"), "the number in clear");
        }
        assert_eq!(
            campus
                .count("one_time_codes WHERE length(code_mac) = 32")
                .await,
            1
        );
        // Delivered: nothing is left of the message but that it went.
        assert_eq!(
            campus.count("outbox WHERE length(payload_enc) > 0").await,
            0
        );
        campus.advance(SignedDuration::from_hours(2));
        idp::jobs::expiry::sweep(campus.idp.app()).await.unwrap();
        assert_eq!(campus.count("one_time_codes").await, 0);
    })
    .await;
}
