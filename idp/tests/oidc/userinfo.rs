//! Userinfo: the token in the header or the form, what the entry releases and the scope asks for,
//! as of now.

use axum::body::Body;
use axum::http::Request;
use idp_domain::oidc::jose::Typ;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::given::{code_for, fault, good, request, said, tokens};
use crate::support::kit::{sign_in, ticket};
use crate::support::oidc::{ISSUER, Rp};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with};

const USERINFO: &str = "/oidc/userinfo";

/// Shows a token in the header.
pub async fn show(campus: &Campus, method: &str, authorization: &str) -> Reply {
    let request = Request::builder().method(method).uri(USERINFO);
    let request = request.header("authorization", authorization);
    campus
        .visitor()
        .send(request.body(Body::empty()).unwrap())
        .await
}

pub async fn claims(campus: &Campus, given: &Value) -> Value {
    let token = given["access_token"].as_str().unwrap();
    good(&show(campus, "GET", &format!("Bearer {token}")).await)
}

/// Whether the token of an answer opens it.
pub async fn is_good(campus: &Campus, given: &Value) -> bool {
    let token = given["access_token"].as_str().unwrap();
    let reply = show(campus, "GET", &format!("Bearer {token}")).await;
    if reply.status != 200 {
        assert_eq!(fault(&reply, 401), "invalid_token");
    }
    reply.status == 200
}

/// An entry that is told everything.
fn curious() -> Value {
    let mut entry = Rp::entry();
    entry["release"] = json!([
        "name", "number", "numbers", "affiliation", "org", "groups", "email", "phone", "address",
        { "attribute": "number", "as": "student_id" },
        { "constant": "yes", "as": "campus" },
    ]);
    entry
}

#[tokio::test] // OIDC 63, 66, 67, RFC 6750 §2
async fn a_token_is_shown_in_one_way() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let given = tokens(campus, &rp, "openid profile").await;
        let token = given["access_token"].as_str().unwrap();
        let sub = said(&given["id_token"]).1["sub"].clone();
        for method in ["GET", "POST"] {
            let reply = show(campus, method, &format!("bearer {token}")).await;
            assert_eq!(good(&reply)["sub"], sub);
        }
        let mut visitor = campus.visitor();
        let form = visitor.post(USERINFO, &[("access_token", token)]).await;
        assert_eq!(good(&form)["sub"], sub);
        // In an address it would end in logs.
        let reply = visitor
            .get(&format!("{USERINFO}?access_token={token}"))
            .await;
        assert_eq!(fault(&reply, 400), "invalid_request");
        let both = Visitor::form_request(USERINFO, &[])
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(Visitor::encode(&[("access_token", token)])));
        assert_eq!(
            fault(&visitor.send(both.unwrap()).await, 400),
            "invalid_request"
        );

        let none = visitor.get(USERINFO).await;
        assert_eq!((none.status.as_u16(), none.body().as_str()), (401, ""));
        let challenges: Vec<_> = none.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 2);
        assert_eq!(challenges[0], "Bearer realm=\"oidc\"");
        for wrong in ["Bearer x", "Bearer ", "Bearer AT-x", "DPoP x"] {
            let reply = show(campus, "GET", wrong).await;
            assert_eq!(fault(&reply, 401), "invalid_token", "{wrong}");
            let challenge = reply.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
        campus.advance(SignedDuration::from_mins(10));
        assert!(!is_good(campus, &given).await);
    })
    .await;
}

#[tokio::test] // OIDC 66
async fn a_token_without_openid_opens_nothing() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let given = tokens(campus, &rp, "profile").await;
        let token = given["access_token"].as_str().unwrap();
        let reply = show(campus, "GET", &format!("Bearer {token}")).await;
        assert_eq!(fault(&reply, 403), "insufficient_scope");
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.contains("scope=\"openid\""), "{challenge}");
    })
    .await;
}

#[tokio::test] // OIDC 64, 65, OID-29
async fn scopes_give_what_the_entry_releases() {
    let scoped = |config: &mut idp::config::Config| {
        config.school.scope = serde_json::from_value(json!("example.edu.cn")).unwrap();
    };
    each_campus_with(scoped, async |campus| {
        let rp = Rp::of_entry(campus, &curious()).await;
        let told = async |scope: &str| -> Value {
            claims(campus, &tokens(campus, &rp, scope).await).await
        };
        let names =
            |told: &Value| -> Vec<String> { told.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(names(&told("openid").await), ["sub"]);
        let profile = told("openid profile").await;
        assert_eq!(
            names(&profile),
            ["campus", "name", "preferred_username", "student_id", "sub"]
        );
        assert_eq!(profile["preferred_username"], profile["student_id"]);
        let campus_scope = told("openid campus").await;
        assert_eq!(campus_scope["eduperson_affiliation"], json!(["student"]));
        let scoped = json!(["student@example.edu.cn"]);
        assert_eq!(campus_scope["eduperson_scoped_affiliation"], scoped);
        assert_eq!(campus_scope["numbers"][0]["affiliation"], "student");
        let phone = told("openid phone").await;
        assert!(phone["phone_number"].as_str().unwrap().starts_with("+86"));
        assert_eq!(phone["phone_number_verified"], true);
        // What there is no value for isn't there (§5.3.2).
        for value in told("openid profile campus email phone address")
            .await
            .as_object()
            .unwrap()
            .values()
        {
            assert!(!value.is_null() && *value != "" && *value != json!([]));
        }
        // Without the entry's release no scope gives anything.
        let mut silent = Rp::entry();
        silent["release"] = json!([]);
        let rp = Rp::of_entry(campus, &silent).await;
        let all = tokens(campus, &rp, "openid profile campus email phone address").await;
        assert_eq!(names(&claims(campus, &all).await), ["sub"]);
    })
    .await;
}

#[tokio::test] // OIDC 27, 60, OID-29
async fn single_claims_are_told_where_they_are_asked_for() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut asked = request(campus, &rp, "openid");
        asked.granted.claims = serde_json::from_value(json!({
            "id_token": { "name": {}, "id_number": {}, "phone_number": {} },
            "userinfo": { "org": {}, "preferred_username": {}, "email": {} },
        }))
        .unwrap();
        let code = code_for(campus, &rp, &asked).await;
        let given = good(&rp.redeem(campus, &code).await);
        let id = said(&given["id_token"]).1;
        assert!(id["name"].is_string());
        // Not released, or nobody's to know: not there.
        assert_eq!((id.get("phone_number"), id.get("id_number")), (None, None));
        let told = claims(campus, &given).await;
        assert!(told["preferred_username"].is_string());
        assert_eq!((told.get("name"), told.get("email")), (None, None));
    })
    .await;
}

#[tokio::test] // OIDC 68
async fn it_is_signed_where_the_entry_asks() {
    each_campus(async |campus| {
        let change = json!({ "userinfo_signed_response_alg": "ES256" });
        let rp = Rp::registered_with(campus, &change).await;
        let given = tokens(campus, &rp, "openid profile").await;
        let token = given["access_token"].as_str().unwrap();
        let reply = show(campus, "GET", &format!("Bearer {token}")).await;
        assert_eq!(reply.header("content-type"), Some("application/jwt"));
        let text = reply.body();
        let says = campus
            .idp
            .app()
            .signing_keys
            .verify(&text, Typ::UserInfo)
            .unwrap();
        assert_eq!(says.text("iss").unwrap(), Some(ISSUER));
        assert_eq!(says.audiences().unwrap(), [Rp::ID]);
        assert_eq!(said(&json!(text)).0["alg"], "ES256");
        assert!(says.get("name").is_some());
    })
    .await;
}

#[tokio::test] // OID-17: every secret as every other one
async fn a_token_of_one_kind_is_nothing_where_another_is_asked_for() {
    each_campus(async |campus| {
        let change = json!({ "grant_types": ["authorization_code", "refresh_token"],
            "audiences": ["https://books.example.edu"] });
        let rp = Rp::registered_with(campus, &change).await;
        let mut browser = campus.visitor();
        sign_in(&mut browser).await;
        let st = ticket(&mut browser, SERVICE).await;
        let cookie = browser.cookies["TGC"].clone();
        let given = tokens(campus, &rp, "openid profile").await;
        let text = |name: &str| given[name].as_str().unwrap().to_owned();
        let code = crate::given::code(campus, &rp, "openid").await;
        let mut abroad = request(campus, &rp, "openid");
        abroad.granted.resources = vec!["https://books.example.edu".into()];
        let abroad = code_for(campus, &rp, &abroad).await;
        let abroad = good(&rp.redeem(campus, &abroad).await);
        let secrets = [
            ("ticket", st.clone()),
            ("cookie", cookie),
            ("code", code.clone()),
            ("access", text("access_token")),
            ("id", text("id_token")),
            ("refresh", text("refresh_token")),
            (
                "elsewhere",
                abroad["access_token"].as_str().unwrap().to_owned(),
            ),
            ("secret", Rp::SECRET.to_owned()),
        ];
        for (kind, secret) in &secrets {
            if *kind != "access" {
                let reply = show(campus, "GET", &format!("Bearer {secret}")).await;
                assert_eq!(fault(&reply, 401), "invalid_token", "{kind} at userinfo");
            }
            if *kind != "code" {
                let reply = rp.redeem(campus, secret).await;
                assert_eq!(fault(&reply, 400), "invalid_grant", "{kind} as a code");
            }
            if *kind != "refresh" {
                let fields = [("grant_type", "refresh_token"), ("refresh_token", secret)];
                let reply = rp.post(campus, "/oidc/token", &fields).await;
                assert_eq!(
                    fault(&reply, 400),
                    "invalid_grant",
                    "{kind} as a refresh token"
                );
            }
            if *kind != "secret" {
                let other = Rp {
                    secret: Some(secret.clone()),
                    ..rp.clone()
                };
                let reply = other.redeem(campus, &code).await;
                assert_eq!(
                    fault(&reply, 401),
                    "invalid_client",
                    "{kind} as a client's secret"
                );
                let mut thief = campus.visitor();
                thief.cookies.insert("TGC".into(), secret.clone());
                if *kind != "cookie" {
                    let page = thief.get(&crate::support::login(SERVICE)).await;
                    assert_eq!(page.page(), "sign_in", "{kind} as a session");
                }
            }
            if *kind != "ticket" {
                let verdict = campus.visitor().validate(SERVICE, secret).await;
                assert!(
                    verdict.contains("INVALID_TICKET"),
                    "{kind} as a ticket: {verdict}"
                );
            }
        }
        // None of it was used up by that.
        good(&rp.redeem(campus, &code).await);
        let verdict = campus.visitor().validate(SERVICE, &st).await;
        assert!(verdict.contains("authenticationSuccess"), "{verdict}");
    })
    .await;
}

#[tokio::test] // OID-28
async fn a_name_survives_whatever_else_changes() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let before = claims(campus, &tokens(campus, &rp, "openid profile").await).await;
        campus
            .execute("UPDATE roster SET name = '另一个名字' WHERE number = '20230002'")
            .await;
        let after = claims(campus, &tokens(campus, &rp, "openid profile").await).await;
        assert_eq!(before["sub"], after["sub"]);
        assert_eq!(after["name"], "另一个名字");
        assert!(
            before["sub"]
                .as_str()
                .unwrap()
                .parse::<uuid::Uuid>()
                .is_ok()
        );
        // OIDC 62: in a sector of its own, another name, and always the same.
        let pairwise = json!({ "subject_type": "pairwise" });
        let rp = Rp::registered_with(campus, &pairwise).await;
        let given = tokens(campus, &rp, "openid").await;
        let again = tokens(campus, &rp, "openid").await;
        let sub = claims(campus, &given).await["sub"].clone();
        assert_ne!(sub, before["sub"]);
        assert_eq!(sub, said(&given["id_token"]).1["sub"]);
        assert_eq!(sub, said(&given["access_token"]).1["sub"]);
        assert_eq!(sub, said(&again["id_token"]).1["sub"]);
    })
    .await;
}

#[tokio::test]
async fn a_page_of_a_public_client_may_read_it_and_no_other() {
    each_campus(async |campus| {
        let change = json!({ "client_secret": null, "token_endpoint_auth_method": "none" });
        Rp::registered_with(campus, &change).await;
        let ask = async |origin: &str, path: &str| {
            let request = Request::builder()
                .method("OPTIONS")
                .uri(path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .body(Body::empty())
                .unwrap();
            campus.visitor().send(request).await
        };
        let own = "https://rp.example.edu";
        for path in [USERINFO, "/oidc/token", "/oidc/revoke"] {
            let reply = ask(own, path).await;
            assert_eq!(reply.status, 204, "{path}");
            assert_eq!(reply.header("access-control-allow-origin"), Some(own));
            assert_eq!(reply.header("access-control-allow-credentials"), None);
            for other in [
                "https://evil.example",
                "null",
                "https://rp.example.edu.evil.example",
            ] {
                let reply = ask(other, path).await;
                assert_eq!(reply.header("access-control-allow-origin"), None, "{other}");
            }
        }
        // What went wrong can be read too.
        let request = Request::get(USERINFO).header("origin", own);
        let reply = campus
            .visitor()
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(reply.header("access-control-allow-origin"), Some(own));
        // A confidential client's page has no business here.
        Rp::registered(campus).await;
        let reply = ask(own, USERINFO).await;
        assert_eq!(reply.header("access-control-allow-origin"), None);
    })
    .await;
}
