//! The way to a service: `renew`, `gateway`, `warn`, `method`, `rememberMe` (CAS 3.0.3 §2.1, §2.2,
//! §4.1).

use jiff::SignedDuration;
use serde_json::json;

use crate::support::kit::{
    PASSWORD, STUDENT, address, register, sign_in_ticking, signed_in, ticket, validate,
};
use crate::support::{Campus, OTHER_SERVICE, Reply, SERVICE, each_campus, each_campus_with};

fn asking(service: &str, pairs: &[(&str, &str)]) -> String {
    let mut all = vec![("service", service)];
    all.extend_from_slice(pairs);
    address("/cas/login", &all)
}

#[tokio::test] // CAS 29, 30: who wanted to be warned is asked before each further service
async fn a_warned_person_enters_nothing_silently() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let first = sign_in_ticking(&mut visitor, &["warn"]).await;
        assert!(first.ticket().is_some(), "credentials are answer enough");

        let tickets = campus.count("service_tickets").await;
        let reply = visitor.get(&asking(OTHER_SERVICE, &[])).await;
        let page = visitor.follow(reply).await;
        assert_eq!(page.page(), "enter_service", "{}", page.body());
        assert_eq!(campus.count("service_tickets").await, tickets);
        assert!(page.body().contains("localhost:9100"), "{}", page.body());

        let onward = visitor.submit(&page, &[]).await;
        assert_eq!(onward.status, 303);
        let ticket = onward.ticket().expect("a ticket after the confirmation");
        assert_eq!(
            validate(campus, OTHER_SERVICE, &ticket).await,
            Ok(STUDENT.into())
        );
        // The page was good once: the second click finds it over.
        let again = visitor.submit(&page, &[]).await;
        assert_eq!(again.status, 400);
        assert_eq!(again.ticket(), None);
        // And the next service is asked for anew.
        let reply = visitor.get(&asking(OTHER_SERVICE, &[])).await;
        assert_eq!(visitor.follow(reply).await.page(), "enter_service");
    })
    .await;
}

#[tokio::test] // SES-02: a link to somebody else's way leads nowhere
async fn a_way_belongs_to_its_session() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        sign_in_ticking(&mut visitor, &["warn"]).await;
        let reply = visitor.get(&asking(OTHER_SERVICE, &[])).await;
        let link = reply.location().unwrap().to_owned();
        assert!(link.starts_with("/signin/hop/"), "{link}");

        let mut other = signed_in(campus).await;
        assert_eq!(other.get(&link).await.status, 400);
        assert_eq!(campus.visitor().get(&link).await.status, 400);

        campus.advance(SignedDuration::from_mins(11));
        assert_eq!(visitor.get(&link).await.status, 400);
    })
    .await;
}

#[tokio::test] // CAS 12, 13, 15: gateway never shows a page
async fn gateway_goes_back_with_or_without_a_ticket() {
    each_campus(async |campus| {
        let mut stranger = campus.visitor();
        let back = stranger.get(&asking(SERVICE, &[("gateway", "true")])).await;
        assert_eq!(back.location(), Some(SERVICE));
        let mut visitor = signed_in(campus).await;
        let back = visitor.get(&asking(SERVICE, &[("gateway", "true")])).await;
        assert!(back.ticket().is_some());
        // One that wants to be warned is neither let in silently nor shown a page.
        let mut warned = campus.visitor();
        sign_in_ticking(&mut warned, &["warn"]).await;
        let back = warned.get(&asking(SERVICE, &[("gateway", "true")])).await;
        assert_eq!(back.location(), Some(SERVICE));
        let evil = asking("https://evil.example/", &[("gateway", "true")]);
        let refused = stranger.get(&evil).await;
        assert_eq!((refused.status.as_u16(), refused.location()), (403, None));
    })
    .await;
}

#[tokio::test] // CAS 16, 17, 18
async fn a_ticket_goes_by_form_or_header_where_the_service_says_so() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let by_form = visitor.get(&asking(SERVICE, &[("method", "POST")])).await;
        assert_eq!(
            (by_form.status.as_u16(), by_form.page().as_str()),
            (200, "post_ticket")
        );
        assert_eq!(by_form.action(), SERVICE);
        let ticket = by_form.field("ticket").expect("the ticket is a field");
        let policy = by_form.header("content-security-policy").unwrap();
        assert!(
            policy.contains("form-action 'self' http://127.0.0.1:9000"),
            "{policy}"
        );
        assert_eq!(by_form.header("cache-control"), Some("no-store"));
        assert_eq!(validate(campus, SERVICE, &ticket).await, Ok(STUDENT.into()));

        let by_header = visitor.get(&asking(SERVICE, &[("method", "HEADER")])).await;
        assert_eq!(by_header.status, 200);
        assert_eq!(by_header.location(), None);
        assert_eq!(by_header.header("service"), Some(SERVICE));
        let ticket = by_header.header("ticket").unwrap().to_owned();
        assert_eq!(validate(campus, SERVICE, &ticket).await, Ok(STUDENT.into()));

        let unknown = visitor
            .get(&asking(SERVICE, &[("method", "CARRIER-PIGEON")]))
            .await;
        assert!(unknown.ticket().is_some());
    })
    .await;
}

#[tokio::test] // CAS 16, 26, 41: the method and the freshness survive the sign-in
async fn the_method_survives_the_sign_in() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let page = visitor.get(&asking(SERVICE, &[("method", "POST")])).await;
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &fields).await;
        let by_form = visitor.leave_the_queue(reply).await;
        assert_eq!(by_form.page(), "post_ticket", "{}", by_form.body());
        let ticket = by_form.field("ticket").unwrap();
        let pairs = [
            ("service", SERVICE),
            ("ticket", ticket.as_str()),
            ("renew", "true"),
        ];
        let path = address("/cas/p3/serviceValidate", &pairs);
        let body = campus.visitor().get(&path).await.body();
        assert!(body.contains("<cas:isFromNewLogin>true<"), "{body}");
    })
    .await;
}

#[tokio::test] // CAS 121–123, 116
async fn a_remembered_sign_in_outlives_the_browser_and_idleness() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(SERVICE).await;
        let body = page.body();
        let remember = body
            .split("name=\"rememberMe\"")
            .nth(1)
            .expect("the box is offered");
        assert!(
            !remember.split('>').next().unwrap().contains("checked"),
            "{body}"
        );

        let reply = sign_in_ticking(&mut visitor, &["rememberMe"]).await;
        let cookie = session_cookie(&reply);
        assert!(cookie.contains("Max-Age=2592000"), "{cookie}");
        campus.advance(SignedDuration::from_hours(24 * 29));
        let ticket = ticket(&mut visitor, SERVICE).await;
        let body = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(
            body.contains("<cas:longTermAuthenticationRequestTokenUsed>true<"),
            "{body}"
        );
        campus.advance(SignedDuration::from_hours(25));
        let over = visitor.get(&asking(SERVICE, &[])).await;
        assert_eq!(over.page(), "sign_in", "at most as long as was said");

        // TKT-13: signing out ends it for every copy of the cookie.
        sign_in_ticking(&mut visitor, &["rememberMe"]).await;
        let mut copy = visitor.clone();
        let out = visitor.get("/cas/logout").await;
        assert!(session_cookie(&out).contains("Max-Age=0"));
        let dead = copy.get(&asking(SERVICE, &[])).await;
        assert_eq!((dead.page().as_str(), dead.ticket()), ("sign_in", None));

        let mut other = campus.visitor();
        let reply = sign_in_ticking(&mut other, &[]).await;
        let cookie = session_cookie(&reply);
        assert!(
            !cookie.contains("Max-Age") && !cookie.contains("Expires"),
            "{cookie}"
        );
    })
    .await;
}

fn session_cookie(reply: &Reply) -> String {
    let cookies = reply.cookies();
    let session = cookies.iter().find(|cookie| cookie.starts_with("TGC="));
    session.unwrap_or_else(|| panic!("{cookies:?}")).clone()
}

#[tokio::test] // CAS 32: nothing is remembered where the school doesn't offer it
async fn a_box_that_is_not_offered_means_nothing() {
    let never = |config: &mut idp::config::Config| {
        config.session.remembered_days = serde_json::from_value(0.into()).unwrap();
    };
    each_campus_with(never, async |campus| {
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(SERVICE).await;
        assert!(!page.body().contains("rememberMe"), "{}", page.body());
        let reply = sign_in_ticking(&mut visitor, &["rememberMe"]).await;
        assert!(!session_cookie(&reply).contains("Max-Age"));
    })
    .await;
}

#[tokio::test] // CAS 123, SES-11: what the school offers less of ends for those who have it, too
async fn fewer_days_hold_for_who_is_remembered_already() {
    each_campus(async |campus| {
        let now_offering = async |days: u32| {
            let mut parts = campus.parts.clone();
            parts.config.session.remembered_days = serde_json::from_value(days.into()).unwrap();
            campus.node(&parts).await
        };
        let (week, never) = (now_offering(7).await, now_offering(0).await);
        let mut remembered = campus.visitor();
        sign_in_ticking(&mut remembered, &["rememberMe"]).await;
        let gets_in = async |node: &idp::Idp| {
            let mut copy = remembered.clone();
            copy.route_to(node.router());
            copy.get(&asking(SERVICE, &[])).await.ticket().is_some()
        };
        campus.advance(SignedDuration::from_mins(119));
        assert!(gets_in(&never).await, "as anybody who signed in then");
        campus.advance(SignedDuration::from_mins(120));
        assert!(!gets_in(&never).await, "idle");
        assert!(gets_in(&week).await);
        campus.advance(SignedDuration::from_hours(24 * 7 - 3));
        assert!(!gets_in(&week).await);
        assert!(gets_in(&campus.idp).await);
        // Its applications hear of the end, though the row says thirty days.
        let live = "sessions WHERE ended_at IS NULL";
        idp::jobs::expiry::sweep(campus.idp.app()).await.unwrap();
        assert_eq!(campus.count(live).await, 1);
        idp::jobs::expiry::sweep(week.app()).await.unwrap();
        assert_eq!(campus.count(live).await, 0);
    })
    .await;
}

/// An application that takes no ticket from a session.
async fn register_strict(campus: &Campus) -> &'static str {
    let entry = json!({ "id": "grades", "name": { "zh-CN": "成绩", "en": "Grades" },
        "cas": { "services": ["https://grades.uni.edu.cn/*"], "require_fresh": true } });
    register(campus, &entry).await;
    "https://grades.uni.edu.cn/in"
}

#[tokio::test] // CAS 9, 59: an application may want credentials each time
async fn an_application_may_want_credentials_each_time() {
    each_campus(async |campus| {
        let service = register_strict(campus).await;
        let mut visitor = signed_in(campus).await;
        let page = visitor.get(&asking(service, &[])).await;
        assert_eq!(page.page(), "sign_in", "a session is not enough");
        let gateway = visitor.get(&asking(service, &[("gateway", "true")])).await;
        assert_eq!(gateway.location(), Some(service), "no ticket, and no page");
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &fields).await;
        let ticket = visitor.leave_the_queue(reply).await.ticket().unwrap();
        assert_eq!(validate(campus, service, &ticket).await, Ok(STUDENT.into()));
    })
    .await;
}
