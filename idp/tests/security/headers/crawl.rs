use axum::body::Body;
use axum::http::Request;
use idp::routes::ROUTES;
use serde_json::{Value, json};

use crate::sessions::at_https;
use crate::support::kit::{STUDENT, address, give_a_second_number, register, sign_in_ticking};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, SERVICE, Visitor, login};

/// Goes everywhere and does everything once, well and badly; gives all replies by what they were.
pub async fn crawl(campus: &Campus, https: bool) -> Vec<(String, Reply)> {
    let visitor = || {
        if https {
            at_https(campus.visitor())
        } else {
            campus.visitor()
        }
    };
    let mut all = Vec::new();
    // The first sign-in, page by page.
    let mut newcomer = visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let mut reply = newcomer
        .sign_in(SERVICE, idp::demo::NEWCOMER, &initial)
        .await;
    for stop in [
        "evidence",
        "privacy_notice",
        "new_password",
        "bind_phone",
        "done",
    ] {
        all.push((format!("before {stop}"), reply.clone()));
        reply = newcomer
            .walk_to(
                campus,
                reply,
                "+8613800000001",
                "quiet-lantern-58-river",
                stop,
            )
            .await;
        all.push((stop.to_owned(), reply.clone()));
    }
    all.push((
        "a step by GET".into(),
        newcomer.get("/signin/evidence").await,
    ));
    all.push(("我已完成".into(), newcomer.submit(&reply, &[]).await));
    all.push(("a hop".into(), newcomer.get(&login(SERVICE)).await));
    let staff = json!({ "id": "staff", "name": { "zh-CN": "人事", "en": "Staff" },
        "cas": { "services": ["https://staff.uni.edu.cn/*"] },
        "access": { "affiliations": ["faculty"] } });
    register(campus, &staff).await;
    let hop = newcomer.get(&login("https://staff.uni.edu.cn/")).await;
    all.push(("no access".into(), hop));
    for path in [
        "/cas/login",
        "/signin/switch",
        "/oidc/logout",
        "/cas/logout",
        "/cas/logout",
        "/oidc/logout",
    ] {
        all.push((format!("signed in: {path}"), newcomer.get(path).await));
    }
    on_the_way(campus, visitor(), &mut all).await;
    let mut openid = visitor();
    openid_connect(campus, &mut openid, &visitor(), &mut all).await;
    own_account(&mut openid, &mut all).await;
    // Codes for strangers, and a browser that is let try again.
    let mut stranger = visitor();
    let mut asked = stranger.get("/signin/unlock").await;
    for path in ["/signin/activation", "/signin/unlock"] {
        asked = stranger.ask_code(campus, path, STUDENT).await;
        all.push((format!("a code at {path}"), asked.clone()));
        all.push((
            format!("a wrong code at {path}"),
            stranger.enter(&asked, "000000").await,
        ));
    }
    let code = campus.code_for("+8613800000002").await;
    all.push(("unlocked".into(), stranger.enter(&asked, &code).await));
    // Every page, to a stranger; with the choice of a language.
    for route in ROUTES.iter().filter(|r| r.method == "GET") {
        let captcha = visitor().get("/signin/unlock").await.captcha_id().unwrap();
        let path = route.path.replace("{file}", &format!("{captcha}.png"));
        let path = path.replace("{version}/{name}", "x/style.css");
        all.push((path.clone(), visitor().get(&path).await));
        let path = format!("{path}?locale=en");
        all.push((path.clone(), visitor().get(&path).await));
        let request = Request::head(&path).body(Body::empty()).unwrap();
        all.push((format!("HEAD {path}"), visitor().send(request).await));
    }
    all.push((
        "refused password".into(),
        visitor().sign_in(SERVICE, STUDENT, "wrong").await,
    ));
    all.extend(errors(visitor()).await);
    all
}

/// What a signed-in person is shown between two applications, and on the way out of them.
async fn on_the_way(campus: &Campus, mut browser: Visitor, all: &mut Vec<(String, Reply)>) {
    give_a_second_number(campus).await;
    let entries = json!([
        { "id": "meals", "name": { "zh-CN": "食堂", "en": "Canteen" },
            "cas": { "services": ["https://meals.uni.edu.cn/*"] }, "account_number": "ask" },
        { "id": "old", "name": { "zh-CN": "旧系统", "en": "Old" },
            "cas": { "services": ["https://old.uni.edu.cn/*"], "logout": { "channel": "front" } } },
    ]);
    register(campus, &entries).await;
    let by_form = ("method", "POST");
    let signed_in = sign_in_ticking(&mut browser, &["warn", "rememberMe"]).await;
    all.push(("a remembered sign-in".into(), signed_in));
    for (service, pages) in [
        (
            "https://meals.uni.edu.cn/",
            &["choose_number", "enter_service"][..],
        ),
        ("https://old.uni.edu.cn/", &["enter_service"]),
    ] {
        let path = address("/cas/login", &[("service", service), by_form]);
        let mut reply = browser.get(&path).await;
        for page in pages {
            all.push((format!("before {page}"), reply.clone()));
            let asked = browser.follow(reply).await;
            assert_eq!(asked.page(), *page, "{}", asked.body());
            all.push(((*page).to_owned(), asked.clone()));
            let answer = match *page {
                "choose_number" => &[("number", "t2026001")][..],
                _ => &[],
            };
            reply = browser.submit(&asked, answer).await;
        }
        assert_eq!(reply.page(), "post_ticket", "{}", reply.body());
        all.push(("post_ticket".into(), reply));
    }
    let by_header = address("/cas/login", &[("service", SERVICE), ("method", "HEADER")]);
    all.push((
        "asked on the way to a header".into(),
        browser.get(&by_header).await,
    ));
    let out = browser.get("/cas/logout").await;
    assert!(out.body().contains("<iframe"), "{}", out.body());
    all.push(("signed_out with a ledger and a frame".into(), out));
    for (name, body) in [
        ("no envelope", "x"),
        ("an envelope with a DOCTYPE", "<!DOCTYPE x><x/>"),
    ] {
        let request = Request::post("/cas/samlValidate?TARGET=https://old.uni.edu.cn/")
            .header("content-type", "text/xml")
            .body(Body::from(body));
        let reply = browser.send(request.unwrap()).await;
        all.push((format!("{name} for /cas/samlValidate"), reply));
    }
}

/// What OpenID Connect answers: to a person who is signed in, and to programs.
async fn openid_connect(
    campus: &Campus,
    browser: &mut Visitor,
    server: &Visitor,
    all: &mut Vec<(String, Reply)>,
) {
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let grants = json!(["authorization_code", "refresh_token", device]);
    let changes = json!({ "consent": "ask", "grant_types": grants });
    let rp = Rp::registered_with(campus, &changes).await;
    sign_in_ticking(browser, &[]).await;
    let mut push = |name: &str, reply: &Reply| all.push((name.to_owned(), reply.clone()));
    let hop = rp.open(browser, &[]).await;
    push("before consent", &hop);
    let asked = browser.follow(hop).await;
    assert_eq!(asked.page(), "consent", "{}", asked.body());
    push("consent", &asked);
    let agreed = browser.submit(&asked, &[("decision", "allow")]).await;
    assert_eq!(agreed.status, 303);
    push("after consent", &agreed);

    let send = async |request: Request<Body>| server.clone().send(request).await;
    let code = rp.code_of(&agreed);
    let good = send(rp.redemption(&code)).await;
    let tokens: Value = serde_json::from_slice(&good.bytes).unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    push("answer: tokens", &good);
    push("answer: a code again", &send(rp.redemption(&code)).await);
    for (name, token) in [("userinfo", access), ("userinfo for nobody", "x")] {
        let request =
            Request::get("/oidc/userinfo").header("authorization", format!("Bearer {token}"));
        let reply = send(request.body(Body::empty()).unwrap()).await;
        push(&format!("answer: {name}"), &reply);
    }
    let parameters = rp.parameters(&[]);
    let pushed: Vec<(&str, &str)> = parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
    let asks = [
        ("/oidc/introspect", vec![("token", access)]),
        ("/oidc/par", pushed),
        ("/oidc/par", vec![]),
        ("/oidc/device", vec![("scope", "openid")]),
        ("/oidc/revoke", vec![("token", access)]),
        ("/oidc/token", vec![("grant_type", "password")]),
    ];
    let mut typed = Value::Null;
    for (path, fields) in asks {
        let reply = send(rp.request(path, &fields)).await;
        if path == "/oidc/device" {
            typed = serde_json::from_slice(&reply.bytes).unwrap();
        }
        push(&format!("answer: {path}"), &reply);
    }

    for (name, changes) in [
        ("form_post", ("response_mode", "form_post")),
        ("an error by redirect", ("prompt", "none login")),
        ("a new sign-in", ("prompt", "login")),
    ] {
        push(name, &rp.open(browser, &[changes]).await);
    }
    let hop = rp.open(browser, &[("prompt", "select_account")]).await;
    let choice = browser.follow(hop).await;
    assert_eq!(choice.page(), "select_account", "{}", choice.body());
    push("select_account", &choice);
    let page = browser.get("/oidc/device/verify").await;
    push("device_verify", &page);
    let wrong = browser.submit(&page, &[("user_code", "BBBB-BBBB")]).await;
    push("a wrong user code", &wrong);
    let typed = [("user_code", typed["user_code"].as_str().unwrap())];
    let reply = browser.submit(&page, &typed).await;
    push("a user code", &reply);
    let asked = browser.follow(reply).await;
    push("a device asks", &asked);
    let denied = browser.submit(&asked, &[("decision", "deny")]).await;
    push("a device is turned away", &denied);
    let question = address("/oidc/logout", &[("client_id", Rp::ID)]);
    push("sign_out", &browser.get(&question).await);
}

/// The pages of one's own account, and what one takes back there.
async fn own_account(browser: &mut Visitor, all: &mut Vec<(String, Reply)>) {
    let page = browser.get("/account").await;
    assert_eq!(page.page(), "account", "{}", page.body());
    let list = browser.get("/account/consents").await;
    assert_eq!(list.page(), "consents", "{}", list.body());
    let token = list.field("csrf").unwrap();
    let fields = [("csrf", token.as_str()), ("application", Rp::ID)];
    let taken_back = browser.post("/account/consents/revoke", &fields).await;
    assert_eq!(taken_back.status, 303);
    for (name, reply) in [
        ("account", page),
        ("consents", list),
        ("a consent taken back", taken_back),
    ] {
        all.push((name.to_owned(), reply));
    }
}

/// Each kind of error page.
async fn errors(visitor: Visitor) -> Vec<(String, Reply)> {
    let mut all = Vec::new();
    let mut get = async |name: &str, path: &str| {
        all.push((name.to_owned(), visitor.clone().get(path).await));
    };
    get("403 service", &login("https://evil.com/")).await;
    get("400 flow", "/signin/evidence").await;
    get("404 page", "/nothing").await;
    get("404 asset", "/assets/x/nothing.js").await;
    get("404 captcha", "/signin/captcha/x.png").await;
    get(
        "refused ticket",
        &address("/cas/serviceValidate", &[("ticket", "ST-1")]),
    )
    .await;
    all.push((
        "403 forgery".into(),
        visitor.clone().post("/signin/done", &[]).await,
    ));
    let put = Request::put("/cas/login").body(Body::empty()).unwrap();
    all.push(("405".into(), visitor.clone().send(put).await));
    let big = "x".repeat(20_000);
    let fields = [("password", big.as_str())];
    all.push((
        "413".into(),
        visitor.clone().post("/cas/login", &fields).await,
    ));
    let mut lost = visitor.clone();
    lost.origin = "https://evil.com".into();
    all.push(("421".into(), lost.get("/cas/login").await));
    let old = Request::get("/cas/login").header("user-agent", "Mozilla/4.0 (compatible; MSIE 8.0)");
    let old = old.body(Body::empty()).unwrap();
    all.push(("an old browser".into(), visitor.clone().send(old).await));
    let mut guesser = visitor;
    for _ in 0..4 {
        let reply = guesser.sign_in(SERVICE, "20239999", "wrong").await;
        all.push(("guess".into(), reply));
    }
    all
}
