//! TKT-16: no secret of one kind is good in the place of another. Every secret that there is, in
//! every place that takes one.

use crate::support::kit::{PASSWORD, STUDENT, address, half_way, signed_in, ticket, validate};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, login};

/// One live secret of each kind, by its name.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn but(&self, kind: &str) -> impl Iterator<Item = (&'static str, &str)> {
        let others = self.0.iter().filter(move |(name, _)| *name != kind);
        others.map(|(name, value)| (*name, value.as_str()))
    }

    fn get(&self, kind: &str) -> &str {
        &self.0.iter().find(|(name, _)| *name == kind).unwrap().1
    }
}

/// Everything that was given out, and the browsers that it was given to.
struct Scene {
    secrets: Secrets,
    /// Asked for a code to unlock her browser, and where it is entered.
    locked: Visitor,
    code_page: Reply,
    newcomer: Visitor,
    evidence: Reply,
}

async fn scene(campus: &Campus) -> Scene {
    let mut inside = signed_in(campus).await;
    let home = inside.get("/cas/login").await;
    let (newcomer, evidence) = half_way(campus).await;
    let mut locked = campus.visitor();
    let captcha = locked.get("/signin/unlock").await.captcha_id().unwrap();
    let code_page = locked.ask_code(campus, "/signin/unlock", STUDENT).await;
    // A place in the queue as a browser holds it: an id, a time, a MAC.
    let stamp = format!("{}-63f-{}", "Q".repeat(43), "a".repeat(64));
    let secrets = Secrets(vec![
        ("ticket", ticket(&mut inside, SERVICE).await),
        ("session", inside.cookies["TGC"].clone()),
        ("device", inside.cookies["device"].clone()),
        ("visitor", locked.cookies["visitor"].clone()),
        ("unlock", locked.cookies["unlock"].clone()),
        ("signin", newcomer.cookies["signin"].clone()),
        ("stamp", stamp),
        ("captcha", captcha),
        ("token of a stranger", code_page.field("csrf").unwrap()),
        ("token of a sign-in", evidence.field("csrf").unwrap()),
        ("token of a session", home.field("csrf").unwrap()),
        ("code", campus.code_for("+8613800000002").await),
        (
            "activation code",
            campus.demo.activation_code.clone().unwrap(),
        ),
        ("initial password", campus.demo.initial_passwords[0].clone()),
        ("password", PASSWORD.to_owned()),
    ]);
    Scene {
        secrets,
        locked,
        code_page,
        newcomer,
        evidence,
    }
}

/// A cookie can't hold what would end it.
fn cookie_of(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.replace([' ', ';'], ""))
}

#[tokio::test] // TKT-16: cookies
async fn no_other_secret_is_a_cookie_of_ours() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let holding = |name: &str, value: &str| {
            let mut visitor = campus.visitor();
            visitor.cookies.extend([cookie_of(name, value)]);
            visitor
        };
        // The places take what belongs there, or the rest proves nothing.
        let session = scene.secrets.get("session");
        assert_eq!(
            holding("TGC", session).get("/cas/login").await.page(),
            "signed_in"
        );
        let signin = scene.secrets.get("signin");
        let reply = holding("signin", signin).get("/signin/continue").await;
        assert_eq!(reply.location(), Some("/signin/evidence"));

        for (kind, value) in scene.secrets.but("session") {
            let mut visitor = holding("TGC", value);
            assert_eq!(visitor.get("/cas/login").await.page(), "sign_in", "{kind}");
            assert_eq!(visitor.get(&login(SERVICE)).await.ticket(), None, "{kind}");
        }
        for (kind, value) in scene.secrets.but("signin") {
            let reply = holding("signin", value).get("/signin/continue").await;
            assert_eq!(reply.location(), Some("/cas/login"), "{kind}");
        }
        let hold = campus.idp.app().hashing.hold();
        let mut waiting = campus.visitor();
        let page = waiting.sign_in_page(SERVICE).await;
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = waiting.submit(&page, &fields).await;
        assert_eq!(reply.location(), Some("/signin/queue"), "{}", reply.body());
        assert_eq!(waiting.get("/signin/queue").await.page(), "queue");
        for (kind, value) in scene.secrets.but("") {
            let reply = holding("queue", value).get("/signin/queue").await;
            assert_eq!(reply.location(), Some("/cas/login"), "{kind}");
        }
        let place = waiting.cookies["queue"].clone();
        drop(hold);
        for name in ["TGC", "signin", "device", "unlock"] {
            let mut visitor = holding(name, &place);
            assert_eq!(
                visitor.get(&login(SERVICE)).await.page(),
                "sign_in",
                "{name}"
            );
            let reply = visitor.get("/signin/continue").await;
            assert_eq!(reply.location(), Some("/cas/login"), "{name}");
        }
    })
    .await;
}

#[tokio::test] // TKT-16: what makes a browser a known one
async fn no_other_secret_makes_a_browser_known() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let mut robot = campus.visitor();
        for _ in 0..3 {
            robot.guess(STUDENT, "wrong-lantern-58").await;
        }
        let with_device = async |value: &str| {
            let mut visitor = campus.visitor();
            visitor.cookies.extend([cookie_of("device", value)]);
            visitor.guess(STUDENT, PASSWORD).await
        };
        for (kind, value) in scene.secrets.but("device") {
            let reply = with_device(value).await;
            assert_eq!(reply.notice().as_deref(), Some("captcha_wanted"), "{kind}");
        }
        let reply = with_device(scene.secrets.get("device")).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
    })
    .await;
}

#[tokio::test] // TKT-16: tickets
async fn no_other_secret_is_a_ticket() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let ticket = scene.secrets.get("ticket").to_owned();
        for (kind, value) in scene.secrets.but("ticket") {
            for value in [
                value.to_owned(),
                format!("ST-{value}"),
                format!("ST-{value:.29}"),
            ] {
                let verdict = validate(campus, SERVICE, &value).await;
                assert_eq!(verdict, Err("INVALID_TICKET".into()), "{kind}");
            }
        }
        assert_eq!(validate(campus, SERVICE, &ticket).await, Ok(STUDENT.into()));
    })
    .await;
}

#[tokio::test] // TKT-16: tokens against forgery
async fn no_other_secret_is_a_token_of_a_form() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        for (kind, value) in scene.secrets.but("token of a stranger") {
            let mut visitor = scene.locked.clone();
            let fields = [("csrf", value), ("intent", "verify"), ("code", "000000")];
            let reply = visitor.submit(&scene.code_page, &fields).await;
            assert_eq!(reply.status, 403, "{kind}");
        }
        for (kind, value) in scene.secrets.but("token of a sign-in") {
            let mut visitor = scene.newcomer.clone();
            let reply = visitor.submit(&scene.evidence, &[("csrf", value)]).await;
            assert_eq!(reply.status, 403, "{kind}");
        }
        // The same value in the cookie of another class makes no token of that class.
        for (kind, value) in scene.secrets.but("visitor") {
            let mut visitor = scene.locked.clone();
            visitor.cookies.extend([cookie_of("visitor", value)]);
            for token in [
                "token of a stranger",
                "token of a sign-in",
                "token of a session",
            ] {
                let fields = [("csrf", scene.secrets.get(token))];
                let reply = visitor.submit(&scene.code_page, &fields).await;
                assert_eq!(reply.status, 403, "{kind} with the {token}");
            }
        }
    })
    .await;
}

#[tokio::test] // TKT-16: codes, and the cookie of the browser that asked for one
async fn no_other_secret_is_a_code() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let known = campus.count("known_devices").await;
        let code = scene.secrets.get("code");
        // The right code, in a browser with another secret for its cookie.
        for (kind, value) in scene.secrets.but("unlock") {
            let mut visitor = scene.locked.clone();
            visitor.cookies.extend([cookie_of("unlock", value)]);
            let reply = visitor.enter(&scene.code_page, code).await;
            assert_eq!(reply.notice().as_deref(), Some("dead_code"), "{kind}");
        }
        // The code of one purpose, at another: the same cookie, the same person.
        let mut visitor = scene.locked.clone();
        let page = visitor.get("/signin/activation").await;
        let csrf = page.field("csrf").unwrap();
        let fields = [
            ("csrf", csrf.as_str()),
            ("username", STUDENT),
            ("intent", "verify"),
            ("code", code),
        ];
        let reply = visitor.post("/signin/activation", &fields).await;
        assert_eq!(reply.notice().as_deref(), Some("dead_code"));
        // At the newcomer's step, who has asked for none.
        for (kind, value) in scene.secrets.but("") {
            let mut visitor = scene.newcomer.clone();
            let fields = [("intent", "verify"), ("code", value)];
            let reply = visitor.submit(&scene.evidence, &fields).await;
            assert_eq!(reply.notice().as_deref(), Some("dead_code"), "{kind}");
        }
        // Another secret where the code is wanted; five of them and it is dead.
        for (kind, value) in scene.secrets.but("code").take(4) {
            let mut visitor = scene.locked.clone();
            let reply = visitor.enter(&scene.code_page, value).await;
            assert_eq!(reply.notice().as_deref(), Some("wrong_code"), "{kind}");
        }
        assert_eq!(campus.count("known_devices").await, known);
        let reply = scene.locked.clone().enter(&scene.code_page, code).await;
        assert_eq!(reply.status, 303, "{}", reply.body());
        assert_eq!(campus.count("known_devices").await, known + 1);
    })
    .await;
}

#[tokio::test] // TKT-16: what a person types
async fn no_other_secret_is_a_password_or_an_activation_code() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let mut day = 0;
        for (kind, value) in scene.secrets.but("password") {
            // Each on a day of its own, so that the limits let it through to the comparison.
            day += 1;
            campus.advance(jiff::SignedDuration::from_hours(25));
            let reply = campus.visitor().guess(STUDENT, value).await;
            assert_eq!(
                reply.notice().as_deref(),
                Some("wrong_password"),
                "{kind}, day {day}"
            );
        }
        let reply = campus
            .visitor()
            .guess(
                idp::demo::NEWCOMER_WITHOUT_PHONE,
                scene.secrets.get("activation code"),
            )
            .await;
        assert_eq!(reply.notice().as_deref(), Some("wrong_password"));
        for (kind, value) in scene.secrets.but("activation code") {
            campus.advance(jiff::SignedDuration::from_hours(25));
            let mut visitor = campus.visitor();
            let page = visitor.get("/signin/activation").await;
            let fields = [
                ("username", idp::demo::NEWCOMER_WITHOUT_PHONE),
                ("method", "code"),
                ("activation_code", value),
            ];
            let reply = visitor.submit_solved(campus, &page, &fields).await;
            assert_eq!(
                reply.notice().as_deref(),
                Some("wrong_activation_code"),
                "{kind}"
            );
        }
        assert_eq!(campus.count("signins WHERE number = '20230003'").await, 0);
    })
    .await;
}

#[tokio::test] // TKT-16: captchas
async fn no_other_secret_is_a_captcha() {
    each_campus(async |campus| {
        let scene = scene(campus).await;
        let mut robot = campus.visitor();
        for _ in 0..3 {
            robot.guess(STUDENT, "wrong-lantern-58").await;
        }
        let (right, answer) = robot.solved_captcha(campus).await;
        for (kind, value) in scene.secrets.but("captcha") {
            let reply = robot.guess_with(STUDENT, PASSWORD, value, &answer).await;
            assert_eq!(reply.notice().as_deref(), Some("wrong_captcha"), "{kind}");
            let reply = robot
                .get(&address(&format!("/signin/captcha/{value}.png"), &[]))
                .await;
            assert_eq!(reply.status, 404, "{kind}");
        }
        let reply = robot.guess_with(STUDENT, PASSWORD, &right, &answer).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
    })
    .await;
}
