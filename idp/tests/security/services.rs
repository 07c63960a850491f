//! RED: a browser is sent to registered services and nowhere else, on any path.

use serde_json::json;

use crate::support::kit::{
    PASSWORD, STUDENT, address, assert_links_stay_here, assert_own_page, changing_nothing,
    half_way, register, signed_in, ticket, unregister, validate, verdict,
};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, login};

const APP: &str = "https://app.uni.edu.cn/cb";

/// What strangers write for `service`, by the case it belongs to.
const ATTACKS: &[&str] = &[
    // RED-01
    "https://app.uni.edu.cn.evil.com/cb",
    "https://app.uni.edu.cn:443@evil.com/",
    "https://app.uni.edu.cnevil.com/",
    "https://evilapp.uni.edu.cn/",
    "https://evil.com/?x=https://app.uni.edu.cn/",
    "https://evil.com/https://app.uni.edu.cn/",
    "https://evil.com#https://app.uni.edu.cn/",
    // RED-02
    "https://app.uni.edu.cn@evil.com/",
    "https://a@b@app.uni.edu.cn/",
    "https://app.uni.edu.cn%40evil.com/",
    "https://user:pw@app.uni.edu.cn/cb",
    "https://@app.uni.edu.cn/cb",
    "https://evil.com%2f@app.uni.edu.cn/",
    // RED-03
    "https:\\\\evil.com",
    "https:/\\evil.com",
    "https:evil.com",
    "https:///evil.com",
    "///evil.com",
    "//evil.com",
    "/\\evil.com",
    "/cas/logout",
    "https://app.uni.edu.cn\\@evil.com",
    "https://evil.com\\.app.uni.edu.cn/",
    "\t//evil.com",
    "\r\nLocation: https://evil.com",
    "https://app.uni.edu.cn/cb\r\nLocation: https://evil.com",
    " https://app.uni.edu.cn/cb",
    "https://app.uni.edu.cn/cb ",
    "https://app.uni.edu.cn/\u{7f}",
    // RED-05
    "https://app.uni.edu.cn./cb",
    "https://app.uni.edu.cn:8443/cb",
    "http://app.uni.edu.cn/cb",
    "https://app.uni.edu.cn/CB/../secret",
    // RED-07
    "javascript:alert(1)//https://app.uni.edu.cn/cb",
    "JaVaScRiPt://app.uni.edu.cn/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://app.uni.edu.cn/cb",
    // RED-08
    "https://app.uni.edu.cn/cb#x",
    "https://app.uni.edu.cn/cb%0d%0aSet-Cookie:a=b",
    "https://app.uni.edu.cn/cb%00",
    "https://app.uni.edu.cn/cb\0",
];

async fn register_app(campus: &Campus) {
    let entry = json!({ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
        "cas": { "services": ["https://app.uni.edu.cn/*"] } });
    register(campus, &entry).await;
}

/// Nothing of the address is on the page, not even escaped or encoded.
#[track_caller]
fn assert_not_reflected(reply: &Reply, service: &str) {
    // The page's own address is its own.
    let service = service.strip_prefix("/cas/logout").unwrap_or(service);
    let body = reply.body().to_lowercase();
    for part in ["evil", "app.uni", "script:", "passwd", service] {
        assert!(
            part.is_empty() || !body.contains(part),
            "{part:?} in {body}"
        );
    }
}

#[tokio::test] // RED-01, RED-02, RED-03, RED-05, RED-07, RED-08
async fn a_foreign_service_is_refused_to_strangers_and_to_who_is_signed_in() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut inside = signed_in(campus).await;
        let mut stranger = campus.visitor();
        for service in ATTACKS {
            for visitor in [&mut stranger, &mut inside] {
                let (reply, trail) =
                    changing_nothing(campus, async || visitor.get(&login(service)).await).await;
                assert_own_page(&reply, 403, "refused_service");
                assert_not_reflected(&reply, service);
                assert_eq!(trail.len(), 1, "{service}: {trail:?}");
                assert!(
                    trail[0].starts_with("cas.service.reject refused "),
                    "{trail:?}"
                );
            }
        }
        // Options of the protocol open no other way.
        for more in ["renew", "gateway", "warn", "method"] {
            let value = if more == "method" { "POST" } else { "true" };
            let path = address(
                "/cas/login",
                &[("service", "https://evil.com/"), (more, value)],
            );
            for visitor in [&mut stranger, &mut inside] {
                let reply = visitor.get(&path).await;
                assert_own_page(&reply, 403, "refused_service");
                assert_not_reflected(&reply, "evil");
            }
        }
    })
    .await;
}

/// No address of the protocol that takes another address takes these, or looks up their names.
#[tokio::test] // RED-01, RED-02, RED-03, RED-05, RED-07, RED-08, TKT-03, TKT-08
async fn a_foreign_address_is_good_for_no_validation() {
    each_campus(async |campus| {
        let entry = json!({ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
            "cas": { "services": ["https://app.uni.edu.cn/*"],
                "proxy": { "callbacks": [APP], "targets": [] } } });
        register(campus, &entry).await;
        let mut inside = signed_in(campus).await;
        for attack in ATTACKS {
            let at_validation = [("service", *attack), ("format", "XML")];
            let as_callback = [("service", APP), ("pgtUrl", *attack)];
            for (pairs, refusal) in [
                (at_validation, "INVALID_SERVICE"),
                (as_callback, "INVALID_PROXY_CALLBACK"),
            ] {
                let given = ticket(&mut inside, APP).await;
                let mut pairs = pairs.to_vec();
                pairs.push(("ticket", &given));
                let path = address("/cas/serviceValidate", &pairs);
                let answer = verdict(&campus.visitor().get(&path).await.body());
                assert_eq!(answer, Err(refusal.into()), "{attack}");
                // And the ticket is gone.
                let answer = validate(campus, APP, &given).await;
                assert_eq!(answer, Err("INVALID_TICKET".into()), "{attack}");
            }
        }
        assert_eq!(campus.count("proxy_granting_tickets").await, 0);
        let asked = campus.parts.names.asked();
        assert!(asked.is_empty(), "NOEGRESS: {asked:?}");
    })
    .await;
}

#[tokio::test] // RED-01: the trail says which rule it was
async fn the_trail_names_the_reason() {
    each_campus(async |campus| {
        register_app(campus).await;
        for (service, reason) in [
            ("https://app.uni.edu.cn.evil.com/cb", "host"),
            ("https://app.uni.edu.cn:8443/cb", "origin"),
            ("https://app.uni.edu.cn@evil.com/", "userinfo"),
            ("https:\\\\evil.com", "backslash"),
            ("javascript:alert(1)", "scheme"),
            ("https://app.uni.edu.cn/cb#x", "fragment"),
        ] {
            let mut visitor = campus.visitor();
            let (_, trail) =
                changing_nothing(campus, async || visitor.get(&login(service)).await).await;
            assert_eq!(trail, [format!("cas.service.reject refused {reason}")]);
        }
    })
    .await;
}

#[tokio::test] // RED-01: of two, we and the application might each read another one
async fn a_service_that_is_there_twice_is_refused() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut visitor = signed_in(campus).await;
        for pair in [
            [APP, "https://evil.com/"],
            ["https://evil.com/", APP],
            [APP, APP],
        ] {
            let path = address("/cas/login", &[("service", pair[0]), ("service", pair[1])]);
            let (reply, trail) = changing_nothing(campus, async || visitor.get(&path).await).await;
            assert_own_page(&reply, 403, "refused_service");
            assert_eq!(trail, ["cas.service.reject refused duplicate_service"]);
        }
    })
    .await;
}

#[tokio::test] // RED-01, RED-02, RED-03, RED-07: the form of a good service, posted with another
async fn a_swapped_service_costs_the_sign_in_and_tries_no_password() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(APP).await;
        assert_eq!(page.field("service").as_deref(), Some(APP));
        // A NUL gets no further than the form's reader (INJ-08).
        for service in ATTACKS.iter().filter(|s| !s.contains('\0')) {
            let fields = [
                ("service", *service),
                ("username", STUDENT),
                ("password", PASSWORD),
            ];
            let (reply, trail) =
                changing_nothing(campus, async || visitor.submit(&page, &fields).await).await;
            assert_own_page(&reply, 403, "refused_service");
            assert_not_reflected(&reply, service);
            assert_eq!(trail.len(), 1, "{trail:?}");
        }
        let csrf = page.field("csrf").unwrap();
        let twice = [
            ("csrf", csrf.as_str()),
            ("service", APP),
            ("service", "https://evil.com/"),
            ("username", STUDENT),
            ("password", PASSWORD),
        ];
        let (reply, _) =
            changing_nothing(campus, async || visitor.post("/cas/login", &twice).await).await;
        assert_own_page(&reply, 403, "refused_service");
    })
    .await;
}

#[tokio::test] // RED-10
async fn signing_out_leads_only_to_registered_services() {
    each_campus(async |campus| {
        register_app(campus).await;
        for service in ATTACKS {
            let mut visitor = campus.visitor();
            let reply = visitor
                .get(&address("/cas/logout", &[("service", service)]))
                .await;
            assert_own_page(&reply, 200, "signed_out");
            assert_not_reflected(&reply, service);
        }
        // The button, with a service slipped into its form; and Apereo's old `url`.
        for name in ["service", "url"] {
            let mut visitor = signed_in(campus).await;
            let page = visitor.get("/cas/login").await;
            let csrf = page.field("csrf").unwrap();
            let fields = [("csrf", csrf.as_str()), (name, "https://evil.com/")];
            let reply = visitor.post("/cas/logout", &fields).await;
            assert_eq!(reply.status, 303);
            assert_not_reflected(&reply, "evil");
            let reply = visitor.follow(reply).await;
            assert_own_page(&reply, 200, "signed_out");
            assert_not_reflected(&reply, "evil");
            assert_eq!(visitor.get("/cas/login").await.page(), "sign_in");
        }
        let mut visitor = signed_in(campus).await;
        let reply = visitor
            .get(&address("/cas/logout", &[("url", "https://evil.com/")]))
            .await;
        assert_own_page(&reply, 200, "signed_out");
        assert_not_reflected(&reply, "evil");
        let reply = visitor
            .get(&address("/cas/logout", &[("service", APP)]))
            .await;
        assert_eq!((reply.status.as_u16(), reply.location()), (302, Some(APP)));
    })
    .await;
}

#[tokio::test] // RED-01, RED-07: what a stranger's pages carry along stays inert
async fn pages_that_carry_a_foreign_service_link_nowhere() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut visitor = signed_in(campus).await;
        for service in ATTACKS {
            for path in ["/signin/activation", "/signin/unlock", "/signin/switch"] {
                let reply = visitor.get(&address(path, &[("service", service)])).await;
                assert_eq!(reply.status, 200, "{path} {service:?}");
                assert_links_stay_here(&reply);
                assert!(!reply.body().contains("<script>"), "{path} {service:?}");
            }
        }
    })
    .await;
}

/// Answers the page at `/signin/activation` with the printed code.
async fn activate_by_code(campus: &Campus, visitor: &mut Visitor, service: &str) -> Reply {
    let page = visitor
        .get(&address("/signin/activation", &[("service", service)]))
        .await;
    let captcha = campus.solve(&page.captcha_id().unwrap());
    let code = campus.demo.activation_code.clone().unwrap();
    let fields = [
        ("username", idp::demo::NEWCOMER_WITHOUT_PHONE),
        ("method", "code"),
        ("activation_code", code.as_str()),
        ("captcha", captcha.as_str()),
    ];
    visitor.submit(&page, &fields).await
}

#[tokio::test] // RED-01: carried through the whole wizard, a foreign service is refused at its end
async fn the_wizard_ends_at_home_when_its_service_is_foreign() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut visitor = campus.visitor();
        let service = "https://app.uni.edu.cn.evil.com/cb";
        let first = activate_by_code(campus, &mut visitor, service).await;
        assert_eq!(
            first.location(),
            Some("/signin/continue"),
            "{}",
            first.body()
        );
        let last = visitor
            .activate(campus, first, "+8613800000077", "quiet-lantern-58-river")
            .await;
        assert_eq!(
            (last.status.as_u16(), last.page().as_str()),
            (403, "refused_service")
        );
        assert_eq!((last.location(), last.ticket()), (None, None));
        assert_not_reflected(&last, service);
        assert_eq!(campus.count("service_tickets").await, 0);
        assert_eq!(campus.audited("cas.service.reject", "refused").await, 1);
        assert_eq!(visitor.get("/cas/login").await.page(), "signed_in");
    })
    .await;
}

#[tokio::test] // RED-01: resolved again on arrival, not remembered as good
async fn a_service_that_was_removed_meanwhile_is_refused_on_arrival() {
    each_campus(async |campus| {
        register_app(campus).await;
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(APP, idp::demo::NEWCOMER, &initial).await;
        assert_eq!(
            first.location(),
            Some("/signin/continue"),
            "{}",
            first.body()
        );
        unregister(campus, "library").await;
        let last = visitor
            .activate(campus, first, "+8613800000001", "quiet-lantern-58-river")
            .await;
        assert_eq!(
            (last.status.as_u16(), last.page().as_str()),
            (403, "refused_service")
        );
        assert_eq!((last.location(), last.ticket()), (None, None));
        assert_eq!(campus.count("service_tickets").await, 0);
        assert_eq!(campus.count("grants").await, 0);
    })
    .await;
}

#[tokio::test] // RED-08: exactly one Location, byte for byte the registered service's
async fn a_redirect_has_one_location_and_keeps_the_query() {
    each_campus(async |campus| {
        register_app(campus).await;
        let entry = json!({ "id": "spa", "name": { "zh-CN": "单页", "en": "Page" },
            "cas": { "services": ["https://spa.uni.edu.cn/*"], "spa_fragment": true } });
        register(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        for (service, before, after) in [
            (APP, "https://app.uni.edu.cn/cb?ticket=", ""),
            (
                "HTTPS://App.Uni.Edu.CN:443/cb?a=1&b=%E4%B8%80%20x",
                "https://app.uni.edu.cn/cb?a=1&b=%E4%B8%80%20x&ticket=",
                "",
            ),
            // The remains of an earlier visit give way.
            (
                "https://app.uni.edu.cn/cb?ticket=ST-x&next=https://evil.com/",
                "https://app.uni.edu.cn/cb?next=https://evil.com/&ticket=",
                "",
            ),
            (
                "https://spa.uni.edu.cn/#/home?x=1",
                "https://spa.uni.edu.cn/?ticket=",
                "#/home?x=1",
            ),
        ] {
            let reply = visitor.get(&login(service)).await;
            assert_eq!(reply.status, 302, "{service}");
            assert_eq!(reply.headers.get_all("location").iter().count(), 1);
            let location = reply.location().unwrap();
            assert!(location.starts_with(before), "{location}");
            assert!(location.ends_with(after), "{location}");
            assert_eq!(
                location.len(),
                before.len() + 32 + after.len(),
                "{location}"
            );
        }
        // No session and no page wanted: back without a ticket, even an old one (CAS 12).
        for service in [APP, &format!("{APP}?ticket=ST-x")] {
            let path = address("/cas/login", &[("service", service), ("gateway", "true")]);
            let reply = campus.visitor().get(&path).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (302, Some(APP)));
        }
    })
    .await;
}

#[tokio::test] // RED-03: `//host` in the path of a request of ours is no link of ours
async fn a_page_that_is_not_found_links_to_no_other_host() {
    each_campus(async |campus| {
        let (mut visitor, _) = half_way(campus).await;
        for path in [
            "//evil.com/",
            "//evil.com/cas/login?x=1",
            "/\\evil.com",
            "/x?y=https://evil.com",
        ] {
            let reply = visitor.get(path).await;
            assert_own_page(&reply, 404, "error");
            assert_not_reflected(&reply, path);
        }
        assert!(
            visitor
                .sign_in_page(SERVICE)
                .await
                .body()
                .contains("data-page")
        );
    })
    .await;
}
