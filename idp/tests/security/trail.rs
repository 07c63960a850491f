//! AUD-01, AUD-07: each event leaves one row with who, what, where and why; an act that can't
//! leave it does not happen.

use serde_json::json;

use crate::support::kit::{
    PASSWORD, STUDENT, address, audited_by, differences, half_way, register, scalars, sign_in,
    signed_in, state, ticket, validate, verdict,
};
use crate::support::{Campus, OTHER_SERVICE, Reply, SERVICE, Visitor, each_campus, login};

const PHONE: &str = "+8613800000001";
const NEW_PASSWORD: &str = "quiet-lantern-58-river";

#[tokio::test] // AUD-07: sign-in, ticket, validation, end
async fn each_event_of_a_session_leaves_one_row() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let ((), trail) = audited_by(campus, async || {
            for path in [
                "/",
                "/help",
                "/cas/login",
                "/signin/activation",
                "/signin/unlock",
                "/x",
            ] {
                visitor.get(path).await;
            }
        })
        .await;
        assert!(
            trail.is_empty(),
            "page views are counted, not audited: {trail:?}"
        );
        let (ticket, trail) = audited_by(campus, async || sign_in(&mut visitor).await).await;
        let complete = ["cas.ticket.issue", "signin.complete", "signin.password"];
        assert_eq!(trail, complete.map(|event| format!("{event} success -")));
        let (_, trail) =
            audited_by(campus, async || validate(campus, SERVICE, &ticket).await).await;
        assert_eq!(trail, ["cas.ticket.validate success -"]);
        let (_, trail) =
            audited_by(campus, async || visitor.get(&login(OTHER_SERVICE)).await).await;
        assert_eq!(trail, ["cas.ticket.issue success -"]);

        let teachers = json!({ "id": "teachers", "name": { "zh-CN": "教师", "en": "Teachers" },
            "cas": { "services": ["https://teachers.uni.edu.cn/"] },
            "access": { "affiliations": ["faculty"] } });
        register(campus, &teachers).await;
        let (reply, trail) = audited_by(campus, async || {
            visitor.get(&login("https://teachers.uni.edu.cn/")).await
        })
        .await;
        assert_eq!((reply.page().as_str(), reply.ticket()), ("no_access", None));
        assert_eq!(trail, ["access.deny refused no_access"]);

        let page = visitor.get("/signin/switch").await;
        let (_, trail) = audited_by(campus, async || visitor.submit(&page, &[]).await).await;
        assert_eq!(trail, ["session.end success switch_account"]);
        sign_in(&mut visitor).await;
        let (_, trail) = audited_by(campus, async || visitor.get("/cas/logout").await).await;
        assert_eq!(trail, ["session.end success signed_out"]);
        let (_, trail) = audited_by(campus, async || visitor.get("/cas/logout").await).await;
        assert!(trail.is_empty(), "nothing ended: {trail:?}");
        assert_complete(campus).await;
    })
    .await;
}

#[tokio::test] // AUD-07: refusals, with their reasons, which the visitor is not told
async fn each_refused_password_leaves_one_row() {
    each_campus(async |campus| {
        let guess = async |number: &str| {
            let mut visitor = campus.visitor();
            let number = number.to_owned();
            audited_by(campus, async || {
                visitor.guess(&number, "wrong-lantern-58").await
            })
            .await
            .1
        };
        assert_eq!(
            guess("20239999").await,
            ["signin.password refused unknown_account"]
        );
        assert_eq!(
            guess(idp::demo::NEWCOMER).await,
            ["signin.password refused wrong_password"]
        );
        for _ in 0..3 {
            assert_eq!(
                guess(STUDENT).await,
                ["signin.password refused wrong_password"]
            );
        }
        assert_eq!(guess(STUDENT).await, ["signin.hold refused captcha_wanted"]);
        let mut visitor = campus.visitor();
        let (id, _) = visitor.solved_captcha(campus).await;
        let (_, trail) = audited_by(campus, async || {
            visitor
                .guess_with(STUDENT, "wrong-lantern-58", &id, "XXXXX")
                .await
        })
        .await;
        assert_eq!(trail, ["signin.hold refused captcha_wrong"]);
        for _ in 3..10 {
            visitor
                .guess_solved(campus, STUDENT, "wrong-lantern-58")
                .await;
        }
        let (_, trail) = audited_by(campus, async || {
            visitor.guess_solved(campus, STUDENT, PASSWORD).await
        })
        .await;
        assert_eq!(trail, ["signin.hold refused slowed"]);
        for _ in 10..20 {
            campus.advance(jiff::SignedDuration::from_mins(16));
            visitor
                .guess_solved(campus, STUDENT, "wrong-lantern-58")
                .await;
        }
        campus.advance(jiff::SignedDuration::from_mins(16));
        let (_, trail) = audited_by(campus, async || {
            visitor.guess_solved(campus, STUDENT, PASSWORD).await
        })
        .await;
        assert_eq!(trail, ["signin.hold refused second_channel"]);
        assert_complete(campus).await;
    })
    .await;
}

#[tokio::test] // AUD-07: the first sign-in, step by step
async fn each_step_of_the_wizard_leaves_its_rows() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let (mut reply, trail) = audited_by(campus, async || {
            visitor
                .sign_in(SERVICE, idp::demo::NEWCOMER, &initial)
                .await
        })
        .await;
        assert_eq!(trail, ["signin.password success -"]);
        for (stop, expected) in [
            ("evidence", vec![]),
            (
                "privacy_notice",
                vec![
                    "activation.evidence success -",
                    "code.request success -",
                    "code.try success -",
                ],
            ),
            ("new_password", vec!["activation.notice success -"]),
            ("bind_phone", vec!["password.change success -"]),
            (
                "done",
                vec![
                    "code.request success -",
                    "code.try success -",
                    "contact.phone.bind success -",
                ],
            ),
        ] {
            let from = reply.clone();
            let (page, trail) = audited_by(campus, async || {
                visitor
                    .walk_to(campus, from, PHONE, NEW_PASSWORD, stop)
                    .await
            })
            .await;
            assert_eq!(trail, expected, "{stop}");
            reply = page;
        }
        let (_, trail) = audited_by(campus, async || visitor.submit(&reply, &[]).await).await;
        let complete = ["activation.complete", "cas.ticket.issue", "signin.complete"];
        assert_eq!(trail, complete.map(|event| format!("{event} success -")));
        assert_complete(campus).await;
    })
    .await;
}

#[tokio::test] // AUD-07: codes for strangers
async fn each_code_leaves_its_rows() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let (page, trail) = audited_by(campus, async || {
            visitor.ask_code(campus, "/signin/unlock", STUDENT).await
        })
        .await;
        assert_eq!(trail, ["code.request success -"]);
        let code = campus.code_for("+8613800000002").await;
        let (_, trail) = audited_by(campus, async || visitor.enter(&page, "000000").await).await;
        assert_eq!(trail, ["code.try refused wrong"]);
        let mut copy = visitor.clone();
        let (_, trail) = audited_by(campus, async || visitor.enter(&page, &code).await).await;
        assert_eq!(trail, ["code.try success -", "signin.unlock success -"]);
        let (_, trail) = audited_by(campus, async || copy.enter(&page, &code).await).await;
        assert_eq!(trail, ["code.try refused dead"]);

        let number = idp::demo::NEWCOMER_WITHOUT_PHONE;
        let right = campus.demo.activation_code.clone().unwrap();
        for (code, expected) in [
            ("AAAA-BBBB-CCCC", "activation.evidence refused wrong_secret"),
            (&right, "activation.evidence success -"),
        ] {
            let page = visitor.get("/signin/activation").await;
            let fields = [
                ("username", number),
                ("method", "code"),
                ("activation_code", code),
            ];
            let (_, trail) = audited_by(campus, async || {
                visitor.submit_solved(campus, &page, &fields).await
            })
            .await;
            assert_eq!(trail, [expected]);
        }
        assert_complete(campus).await;
    })
    .await;
}

/// Every row of a request says when, from where and by which request, and whom it is about: a
/// person, or a MAC of the number that was claimed.
async fn assert_complete(campus: &Campus) {
    let of_requests = "audit_events WHERE request_id IS NOT NULL";
    assert!(campus.count(of_requests).await > 0);
    for (wrong, whose) in [
        ("address IS NULL OR address <> '127.0.0.1'", "no address"),
        ("at <= 0", "no time"),
        ("length(request_id) <> 16", "no request"),
        (
            "person_id IS NULL AND claimed IS NULL AND event NOT IN ('cas.service.reject',
                'csrf.reject', 'access.deny', 'cas.ticket.replay', 'cas.ticket.refuse')",
            "nobody",
        ),
        (
            "event LIKE 'cas.ticket.%' AND result = 'success' AND application_id IS NULL",
            "no application",
        ),
        (
            "result = 'refused' AND reason IS NULL AND event NOT IN ('cas.ticket.service_mismatch')",
            "no reason",
        ),
    ] {
        let rows = format!("{of_requests} AND ({wrong})");
        assert_eq!(campus.count(&rows).await, 0, "{whose}");
    }
    // What a person typed is in none of them.
    let detail = scalars(campus, "SELECT CAST(detail AS TEXT) FROM audit_events").await;
    for secret in [PASSWORD, NEW_PASSWORD, "wrong-lantern-58", PHONE, "AAAA"] {
        assert!(!detail.iter().any(|d| d.contains(secret)), "{secret}");
    }
}

/// One act, with the browser that is ready for it.
struct Act {
    name: &'static str,
    browser: Visitor,
    path: String,
    /// A form's fields; a GET without.
    fields: Option<Vec<(String, String)>>,
}

impl Act {
    fn get(name: &'static str, browser: &Visitor, path: String) -> Self {
        Self {
            name,
            browser: browser.clone(),
            path,
            fields: None,
        }
    }

    fn submit(name: &'static str, browser: &Visitor, page: &Reply, more: &[(&str, &str)]) -> Self {
        let mut fields = page.hidden();
        fields.retain(|(name, _)| !more.iter().any(|(n, _)| n == name));
        fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        Self {
            name,
            browser: browser.clone(),
            path: page.action(),
            fields: Some(fields),
        }
    }

    async fn perform(&self) -> Reply {
        let mut browser = self.browser.clone();
        let Some(fields) = &self.fields else {
            return browser.get(&self.path).await;
        };
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let reply = browser.post(&self.path, &fields).await;
        browser.leave_the_queue(reply).await
    }
}

/// Every act of a person but the wizard's, prepared.
async fn acts(campus: &Campus) -> Vec<Act> {
    let mut inside = signed_in(campus).await;
    let ticket = ticket(&mut inside, SERVICE).await;
    let validation = address(
        "/cas/serviceValidate",
        &[("service", SERVICE), ("ticket", &ticket)],
    );
    let mut stranger = campus.visitor();
    let sign_in = stranger.sign_in_page(SERVICE).await;
    let switch = inside.get("/signin/switch").await;
    let mut acts = vec![
        Act::get("a ticket", &inside, login(SERVICE)),
        Act::get("a validation", &stranger, validation.clone()),
        Act::get(
            "a mismatch",
            &stranger,
            validation.replace("secret", "other"),
        ),
        Act::get("signing out", &inside, "/cas/logout".into()),
        Act::submit("switching", &inside, &switch, &[]),
        Act::get("a refused service", &stranger, login("https://evil.com/")),
        Act::submit("a forgery", &stranger, &sign_in, &[("csrf", "x")]),
    ];
    for (name, password) in [
        ("a sign-in", PASSWORD),
        ("a wrong password", "wrong-lantern"),
    ] {
        let fields = [("username", STUDENT), ("password", password)];
        acts.push(Act::submit(name, &stranger, &sign_in, &fields));
    }
    let unlock = stranger.ask_code(campus, "/signin/unlock", STUDENT).await;
    let code = campus.code_for("+8613800000002").await;
    let verify = [("intent", "verify"), ("code", code.as_str())];
    acts.push(Act::submit("unlocking", &stranger, &unlock, &verify));
    let verify = [("intent", "verify"), ("code", "000000")];
    acts.push(Act::submit("a wrong code", &stranger, &unlock, &verify));
    acts
}

/// Performs an act while no row can be written: it fails, and all is as it was.
async fn assert_not_done_unaudited(campus: &Campus, act: &Act) {
    let before = state(campus).await;
    campus
        .execute("ALTER TABLE audit_events RENAME TO away")
        .await;
    let reply = act.perform().await;
    campus
        .execute("ALTER TABLE away RENAME TO audit_events")
        .await;
    let changed = differences(&before, &state(campus).await);
    let name = act.name;
    assert!(changed.is_empty(), "{name}: {changed:?}");
    assert!(reply.status.is_server_error(), "{name}: {}", reply.status);
    assert_eq!((reply.location(), reply.ticket()), (None, None), "{name}");
    if act.path.starts_with("/cas/serviceValidate") {
        assert!(reply.body().contains("an error of ours"), "{name}");
    } else {
        assert_eq!(reply.page(), "error", "{name}");
    }
    assert!(reply.cookies().is_empty(), "{name}: {:?}", reply.cookies());
}

#[tokio::test] // AUD-01: the table is gone, as if its disk were full
async fn what_can_not_be_audited_does_not_happen() {
    each_campus(async |campus| {
        let acts = acts(campus).await;
        for act in &acts {
            assert_not_done_unaudited(campus, act).await;
        }
        // Well again, the very same ticket is good, and the very same session.
        let validation = acts.iter().find(|act| act.name == "a validation").unwrap();
        let reply = validation.perform().await;
        assert_eq!(verdict(&reply.body()), Ok(STUDENT.into()));
        let hop = acts.iter().find(|act| act.name == "a ticket").unwrap();
        assert!(hop.perform().await.ticket().is_some());
    })
    .await;
}

#[tokio::test] // AUD-01: each step of the wizard
async fn no_step_is_taken_that_can_not_be_audited() {
    each_campus(async |campus| {
        let (mut newcomer, mut page) = half_way(campus).await;
        for stop in [
            "evidence",
            "privacy_notice",
            "new_password",
            "bind_phone",
            "done",
        ] {
            page = newcomer
                .walk_to(campus, page, PHONE, NEW_PASSWORD, stop)
                .await;
            let fields = [
                ("intent", "send"),
                ("phone", PHONE),
                ("accept", "yes"),
                ("password", NEW_PASSWORD),
                ("password_again", NEW_PASSWORD),
            ];
            let act = Act::submit(stop, &newcomer, &page, &fields);
            assert_not_done_unaudited(campus, &act).await;
        }
        assert!(newcomer.submit(&page, &[]).await.ticket().is_some());
    })
    .await;
}
