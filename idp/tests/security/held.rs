//! SES-10, SES-12: what applications of OpenID Connect hold of a person ends with what it rests on,
//! on every node.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::sessions::NEW_PASSWORD;
use crate::support::kit::{STUDENT, force_change, signed_in, suspend, up_to_new_password};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, Visitor, each_campus};

const ONLINE: &str = "openid profile";
const OFFLINE: &str = "openid profile offline_access";

/// Everything that an application can have got out of one session.
struct Held {
    code: String,
    /// Tokens that end with the session, and tokens that go on without it.
    given: [Value; 2],
}

fn document(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.bytes).unwrap()
}

async fn registered(campus: &Campus, format: &str) -> Rp {
    let changes = json!({
        "grant_types": ["authorization_code", "refresh_token"],
        "access_token_format": format,
    });
    Rp::registered_with(campus, &changes).await
}

impl Held {
    async fn of(campus: &Campus, rp: &Rp, browser: &mut Visitor) -> Self {
        let mut given = [Value::Null, Value::Null];
        for (given, scope) in given.iter_mut().zip([ONLINE, OFFLINE]) {
            let code = rp.code(browser, &[("scope", scope)]).await;
            let reply = rp.redeem(campus, &code).await;
            assert_eq!(reply.status, 200, "{}", reply.body());
            *given = document(&reply);
            assert!(given["refresh_token"].is_string(), "{scope}: {given}");
        }
        let code = rp.code(browser, &[("scope", ONLINE)]).await;
        Self { code, given }
    }

    /// What each of it is worth at a node: the code, then the access and refresh tokens.
    async fn verdicts(&self, rp: &Rp, node: &Router) -> Vec<String> {
        let send = async |request: Request<Body>| Visitor::new(node.clone()).send(request).await;
        let error = |reply: Reply| {
            let error = document(&reply)["error"].as_str().map(str::to_owned);
            format!("{} {}", reply.status.as_u16(), error.unwrap_or_default())
        };
        let mut verdicts = vec![error(send(rp.redemption(&self.code)).await)];
        for given in &self.given {
            let access = given["access_token"].as_str().unwrap();
            let userinfo = Request::get("/oidc/userinfo")
                .header("authorization", format!("Bearer {access}"))
                .body(Body::empty());
            verdicts.push(error(send(userinfo.unwrap()).await));
            let ask = rp.request("/oidc/introspect", &[("token", access)]);
            verdicts.push(document(&send(ask).await)["active"].to_string());
            let refresh = given["refresh_token"].as_str().unwrap();
            verdicts.push(error(send(rp.refreshing(refresh)).await));
        }
        verdicts
    }

    async fn assert_dead(&self, rp: &Rp, nodes: &[Router]) {
        let token = ["401 invalid_token", "false", "400 invalid_grant"];
        let expected = [&["400 invalid_grant"][..], &token, &token].concat();
        for node in nodes {
            assert_eq!(self.verdicts(rp, node).await, expected);
        }
    }
}

#[tokio::test] // SES-10, invariants 4 and 9: online or not, it was given on the word of the old one
async fn with_the_old_password_goes_what_applications_hold() {
    for format in ["jwt", "opaque"] {
        each_campus(async |campus| {
            let rp = registered(campus, format).await;
            let nodes = [campus.idp.router(), campus.second_node().await.router()];
            let mut browser = signed_in(campus).await;
            let held = Held::of(campus, &rp, &mut browser).await;
            let alive = held.verdicts(&rp, &nodes[1]).await;
            assert_eq!(alive[1..4], ["200 ", "true", "200 "], "{alive:?}");

            // While the change is due nobody gets anything; afterwards they hold nothing.
            let mut another = signed_in(campus).await;
            let waiting = Held::of(campus, &rp, &mut another).await;
            force_change(campus).await;
            waiting.assert_dead(&rp, &nodes).await;
            let page = up_to_new_password(&mut browser).await;
            campus.advance(jiff::SignedDuration::from_secs(1));
            let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
            assert_eq!(browser.submit(&page, &fields).await.status, 303);
            for held in [&held, &waiting] {
                held.assert_dead(&rp, &nodes).await;
            }
            // What is given after it is good.
            let done = browser.get("/signin/done").await;
            browser.submit(&done, &[]).await;
            let fresh = Held::of(campus, &rp, &mut browser).await;
            assert_eq!(fresh.verdicts(&rp, &nodes[0]).await[0], "200 ");
        })
        .await;
    }
}

#[tokio::test] // SES-12
async fn with_the_account_goes_what_applications_hold() {
    for format in ["jwt", "opaque"] {
        each_campus(async |campus| {
            let rp = registered(campus, format).await;
            let nodes = [campus.idp.router(), campus.second_node().await.router()];
            let mut browser = signed_in(campus).await;
            let held = Held::of(campus, &rp, &mut browser).await;
            suspend(campus, STUDENT).await;
            held.assert_dead(&rp, &nodes).await;
            // Nor does the session give anything new.
            for node in nodes {
                browser.route_to(node);
                assert_eq!(rp.open(&mut browser.clone(), &[]).await.page(), "sign_in");
                let silent = rp.open(&mut browser.clone(), &[("prompt", "none")]).await;
                assert_eq!(rp.error(&silent), "login_required");
            }
        })
        .await;
    }
}
