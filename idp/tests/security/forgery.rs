//! SES-04, SES-05, SES-07: a form is taken only from the page, the browser and the site that it
//! was given to. The cases are made from the table of routes: a new one is attacked unasked.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use idp::routes::{Auth, ROUTES, Route};

use crate::support::kit::{
    PASSWORD, STUDENT, address, assert_grants_nothing, assert_own_page, changing_nothing, half_way,
    sign_in_ticking, signed_in,
};
use crate::support::{Campus, OTHER_SERVICE, Reply, SERVICE, Visitor, each_campus, login};

const ORIGIN: &str = "http://localhost:8080";
const FORM: &str = "application/x-www-form-urlencoded";

/// A browser with every cookie there is, and the token of each class of form.
struct Victim {
    browser: Visitor,
    visitor: String,
    signin: String,
    session: String,
    version: String,
    hop: String,
}

impl Victim {
    async fn of(campus: &Campus) -> Self {
        let (half_way, evidence) = half_way(campus).await;
        let mut browser = campus.visitor();
        sign_in_ticking(&mut browser, &["warn"]).await;
        // On the way to another application, and asked whether to enter.
        let way = browser.get(&login(OTHER_SERVICE)).await;
        let (_, hop) = way.location().unwrap().rsplit_once('/').unwrap();
        let hop = hop.to_owned();
        let signin = half_way.cookies["signin"].clone();
        browser.cookies.insert("signin".into(), signin);
        let unlock = browser.get("/signin/unlock").await;
        let home = browser.get("/cas/login").await;
        assert_eq!(home.page(), "signed_in");
        Self {
            visitor: unlock.field("csrf").unwrap(),
            signin: evidence.field("csrf").unwrap(),
            session: home.field("csrf").unwrap(),
            version: evidence.field("version").unwrap(),
            hop,
            browser,
        }
    }

    /// Right token first.
    fn tokens(&self, route: &Route) -> [&str; 3] {
        let (v, i, e) = (&*self.visitor, &*self.signin, &*self.session);
        match (route.auth, route.path) {
            (Auth::SignIn, _) => [i, v, e],
            (Auth::Session, _) => [e, v, i],
            (Auth::Anyone, _) => [v, i, e],
            (Auth::Application, path) => panic!("{path}: what a server posts is no form"),
        }
    }

    /// A body that does something on each of the routes.
    fn body(&self, token: Option<&str>) -> String {
        let mut fields = vec![
            ("service", SERVICE),
            ("username", STUDENT),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
            ("intent", "send"),
            ("method", "sms"),
            ("accept", "yes"),
            ("phone", "+8613800000099"),
            ("version", self.version.as_str()),
            ("hop", self.hop.as_str()),
        ];
        if let Some(token) = token {
            fields.push(("csrf", token));
        }
        Visitor::encode(&fields)
    }
}

/// One forged request: its name, its headers, its body.
struct Forgery {
    name: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Sent with the victim's cookies.
    cookies: bool,
    query: Option<String>,
}

impl Forgery {
    fn new(name: impl Into<String>, body: String) -> Self {
        Self {
            name: name.into(),
            headers: vec![("origin", ORIGIN.into()), ("content-type", FORM.into())],
            body,
            cookies: true,
            query: None,
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self
    }

    async fn send(&self, victim: &Victim, path: &str) -> Reply {
        let path = match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut request: Builder = Request::post(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut browser = victim.browser.clone();
        if !self.cookies {
            browser.cookies.clear();
        }
        let body = Body::from(self.body.clone());
        browser.send(request.body(body).unwrap()).await
    }
}

fn forgeries(victim: &Victim, others: &Victim, route: &Route) -> Vec<Forgery> {
    let [right, wrong, worse] = victim.tokens(route);
    let [theirs, ..] = others.tokens(route);
    let good = || victim.body(Some(right));
    let mut all = vec![
        Forgery::new("no token", victim.body(None)),
        Forgery::new("an empty token", victim.body(Some(""))),
        Forgery::new("half a token", victim.body(Some(&right[..32]))),
        Forgery::new(
            "a token in capitals",
            victim.body(Some(&right.to_uppercase())),
        ),
        Forgery::new("another browser's token", victim.body(Some(theirs))),
        Forgery::new("a token of another class", victim.body(Some(wrong))),
        Forgery::new("a token of a third class", victim.body(Some(worse))),
        Forgery::new("a wrong token before the right one", {
            format!("csrf={wrong}&{}", good())
        }),
        Forgery::new("neither Origin nor Referer", good()).without("origin"),
        Forgery::new("another Referer", good())
            .without("origin")
            .with("referer", "https://evil.com/http://localhost:8080/"),
        Forgery::new("a Referer that begins alike", good())
            .without("origin")
            .with("referer", "http://localhost:8080.evil.com/"),
        Forgery::new("a good Referer beside a bad Origin", good())
            .with("origin", "https://evil.com")
            .with("referer", "http://localhost:8080/cas/login"),
        Forgery::new("an override by header, without token", victim.body(None))
            .with("x-http-method-override", "GET")
            .with("x-csrf-token", right),
        Forgery {
            query: Some(format!("csrf={right}&_method=POST")),
            ..Forgery::new("the token in the address", victim.body(None))
        },
        Forgery {
            cookies: false,
            ..Forgery::new("no cookie", good())
        },
        Forgery::new("no content type", good()).without("content-type"),
    ];
    for origin in [
        "null",
        "https://evil.com",
        "http://localhost:8081",
        "https://localhost:8080",
        "http://localhost",
        "http://127.0.0.1:8080",
        "http://localhost:8080.evil.com",
        "http://evil.localhost:8080",
        "http://localhost:8080, https://evil.com",
        "",
    ] {
        all.push(Forgery::new(format!("Origin {origin:?}"), good()).with("origin", origin));
    }
    for media_type in [
        "text/plain",
        "text/plain; application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
    ] {
        let forgery = Forgery::new(format!("Content-Type {media_type:?}"), good());
        all.push(forgery.with("content-type", media_type));
    }
    all
}

fn posts() -> impl Iterator<Item = &'static Route> {
    ROUTES
        .iter()
        .filter(|route| route.method == "POST" && route.csrf.is_some())
}

#[tokio::test] // SES-04, SES-07
async fn every_form_is_refused_that_is_not_ours() {
    each_campus(async |campus| {
        let victim = Victim::of(campus).await;
        let others = Victim::of(campus).await;
        for route in posts() {
            let forgeries = forgeries(&victim, &others, route);
            let count = forgeries.len();
            let ((), trail) = changing_nothing(campus, async || {
                for forgery in forgeries {
                    let reply = forgery.send(&victim, route.path).await;
                    assert_eq!(reply.status, 403, "{}: {}", route.path, forgery.name);
                    assert_own_page(&reply, 403, "error");
                    assert!(reply.body().contains("data-failure=\"forgery\""));
                }
            })
            .await;
            assert_eq!(trail.len(), count, "{}: {trail:?}", route.path);
            for row in trail {
                assert!(
                    row.starts_with("csrf.reject refused "),
                    "{}: {row}",
                    route.path
                );
            }
        }
        let paths =
            campus.count("audit_events WHERE event = 'csrf.reject' AND detail->>'path' LIKE '/%'");
        assert_eq!(paths.await, campus.audited("csrf.reject", "refused").await);
    })
    .await;
}

#[tokio::test] // SES-04: the same request with everything right is let in, or the test proves nothing
async fn the_same_form_from_our_own_page_is_let_in() {
    each_campus(async |campus| {
        for route in posts() {
            for referer in [false, true] {
                let victim = Victim::of(campus).await;
                let [right, ..] = victim.tokens(route);
                let mut request = Forgery::new("none", victim.body(Some(right)));
                if referer {
                    request = request
                        .without("origin")
                        .with("referer", "http://localhost:8080/cas/login?service=x");
                }
                let reply = request.send(&victim, route.path).await;
                // One that names no client, or no device's code, is refused behind the protection.
                let behind = ["refused_client", "device_verify"];
                assert!(
                    reply.status.as_u16() < 400 || behind.contains(&reply.page().as_str()),
                    "{} {}",
                    route.path,
                    reply.status
                );
            }
        }
    })
    .await;
}

#[tokio::test] // SES-04: GET changes nothing, whatever it claims to be
async fn no_page_view_changes_anything() {
    each_campus(async |campus| {
        let victim = Victim::of(campus).await;
        for route in ROUTES {
            // CAS 3.0.3 has these two by GET: signing out, and a ticket for who is signed in.
            if route.path == "/cas/logout" || route.auth == Auth::Application {
                continue;
            }
            let path = route
                .path
                .replace("{version}/{name}", "x/style.css")
                .replace("{file}", "x.png");
            let token = if route.method == "POST" {
                victim.tokens(route)[0]
            } else {
                ""
            };
            // Without `service`: its ticket is the one thing that a GET may make.
            let body = victim.body(Some(token)).replace("service=", "x=");
            let path = format!("{path}?{body}&_method=POST");
            for method in ["GET", "HEAD"] {
                let request = Request::builder()
                    .method(method)
                    .uri(&path)
                    .header("x-http-method-override", "POST")
                    .header("x-method-override", "POST");
                let mut browser = victim.browser.clone();
                let request = request.body(Body::empty()).unwrap();
                let (reply, _) =
                    changing_nothing(campus, async || browser.send(request).await).await;
                assert!(!reply.status.is_server_error(), "{method} {path}");
                assert_eq!(reply.ticket(), None);
            }
        }
    })
    .await;
}

#[tokio::test] // SES-04, OID-34: other methods are refused, people by a page of ours
async fn other_methods_are_refused() {
    each_campus(async |campus| {
        let victim = Victim::of(campus).await;
        let ((), trail) = changing_nothing(campus, async || {
            for route in ROUTES {
                let path = route
                    .path
                    .replace("{version}/{name}", "x/style.css")
                    .replace("{file}", "x.png");
                let ours = |method: &str| {
                    let mut same = ROUTES.iter().filter(|r| r.path == route.path);
                    same.any(|r| r.method == method)
                };
                for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
                    if ours(method) {
                        continue;
                    }
                    let request = Request::builder()
                        .method(method)
                        .uri(&path)
                        .header("origin", "https://evil.com")
                        .header("access-control-request-method", "POST");
                    let mut browser = victim.browser.clone();
                    let reply = browser.send(request.body(Body::empty()).unwrap()).await;
                    assert!(reply.header("allow").is_some(), "{method} {path}");
                    let kind = reply.header("content-type").unwrap_or_default();
                    if kind.starts_with("text/html") {
                        assert_own_page(&reply, 405, "error");
                        assert_ne!(route.auth, Auth::Application, "{path}");
                    } else {
                        assert_eq!(reply.status, 405, "{method} {path}");
                        assert_grants_nothing(&reply);
                    }
                    // NET-09
                    assert_eq!(reply.header("access-control-allow-origin"), None);
                }
            }
        })
        .await;
        assert!(trail.is_empty(), "{trail:?}");
    })
    .await;
}

#[tokio::test] // SES-05
async fn nobody_is_signed_in_as_somebody_else_from_another_site() {
    each_campus(async |campus| {
        let mut victim = signed_in(campus).await;
        let mut attacker = campus.visitor();
        let page = attacker.sign_in_page(SERVICE).await;
        let csrf = page.field("csrf").unwrap();
        let theirs = attacker.cookies["visitor"].clone();
        for (origin, planted) in [
            ("https://evil.com", false),
            ("null", false),
            ("https://evil.com", true),
        ] {
            let fields = [
                ("csrf", csrf.as_str()),
                ("service", SERVICE),
                ("username", idp::demo::ADMINISTRATOR),
                ("password", PASSWORD),
            ];
            let mut browser = victim.clone();
            // `SameSite=Lax`: a form of another site comes without our cookies, at most with one
            // that the attacker could plant.
            browser.cookies.clear();
            if planted {
                browser.cookies.insert("visitor".into(), theirs.clone());
            }
            let request = Visitor::form_request("/cas/login", &fields).header("origin", origin);
            let request = request.body(Body::from(Visitor::encode(&fields))).unwrap();
            let (reply, trail) =
                changing_nothing(campus, async || browser.send(request).await).await;
            assert_own_page(&reply, 403, "error");
            assert_eq!(trail, ["csrf.reject refused origin"]);
        }
        assert!(victim.get(&login(SERVICE)).await.ticket().is_some());
    })
    .await;
}

#[tokio::test] // SES-04: a token is worth no more than the cookie that it hangs on
async fn the_form_of_a_dead_session_does_nothing() {
    each_campus(async |campus| {
        let mut owner = signed_in(campus).await;
        let thief = owner.clone();
        let page = owner.get("/cas/login").await;
        let other = owner
            .get(&address("/signin/switch", &[("service", SERVICE)]))
            .await;
        owner.get("/cas/logout").await;
        for page in [page, other] {
            let mut copy = thief.clone();
            let (reply, _) = changing_nothing(campus, async || copy.submit(&page, &[]).await).await;
            assert!(reply.status.as_u16() < 400, "{}", reply.status);
            assert_eq!(reply.ticket(), None);
        }
    })
    .await;
}
