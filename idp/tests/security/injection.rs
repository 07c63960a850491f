//! INJ, OID-33: whatever is typed into whatever field, it is text: no 5xx, no effect, nothing of it
//! on the page unescaped. Each form of the house, each of its fields, each payload.

use axum::body::Body;
use axum::http::Request;

use crate::support::kit::{PASSWORD, STUDENT, half_way, signed_in};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus};

/// Percent-encoded, as they go over the wire.
fn payloads() -> Vec<String> {
    let mut raw = vec![
        // INJ-03: what a template or expression language would compute (7654321 × 9 = 68888889, which no random token has by chance).
        "{{7654321*9}}",
        "${7654321*9}",
        "#{7654321*9}",
        "<%= 7654321*9 %>",
        "%{7654321*9}",
        "{% for x in (1,) %}68888889{% endfor %}<#assign x=7654321*9>${x}",
        "${jndi:ldap://127.0.0.1/a}",
        // Markup.
        "\"><script>alert(1)</script>",
        "'\"><img src=x onerror=alert(1)>",
        "</textarea></title><svg/onload=alert(1)>",
        "<!--#exec cmd=\"id\"-->",
        // INJ-01, INJ-07: SQL, LDAP, shells, SMTP.
        "' OR '1'='1' --",
        "20230002'; DROP TABLE persons; --",
        "\\'; UPDATE persons SET state='active' --",
        "$1",
        "%' OR number LIKE '%",
        "*)(uid=*))(|(uid=*",
        ";id|id`id`$(id)&&id",
        "\r\n.\r\nRCPT TO:<a@evil.com>",
        // INJ-06
        "x\r\nSet-Cookie: TGC=evil\r\nLocation: https://evil.com",
        // INJ-04
        "\u{202e}20002302",
        "2023\u{200b}0002",
        "а20230002",
        "e\u{301}\u{301}\u{301}",
        "\u{0}",
        "a\u{0}b",
        "\u{1b}[31mred\u{7}",
        "\u{fffe}\u{ffff}\u{feff}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        // INJ-08
        "-1",
        "9223372036854775808",
        "18446744073709551616",
        "NaN",
        "1e309",
        "0x1F",
        "9999-12-31T23:59:60Z",
        "2026-02-29",
        "[]",
        "{}",
        "null",
        "true",
    ]
    .into_iter()
    .map(|text| Visitor::encode(&[("", text)])[1..].to_owned())
    .collect::<Vec<_>>();
    raw.push("x".repeat(15_000));
    raw.push("%C3%A9".repeat(2_400));
    // Bytes that are no UTF-8: a lone surrogate, an overlong slash, a stray byte, a broken escape.
    for bytes in [
        "%ED%A0%80",
        "%C0%AF",
        "%FF%FE",
        "a%80",
        "%",
        "%zz",
        "%u0041",
        "%25%30%30",
    ] {
        raw.push(bytes.to_owned());
    }
    raw
}

#[track_caller]
fn check(what: &str, reply: &Reply) {
    let body = reply.body();
    assert!(!reply.status.is_server_error(), "{what}: {}", reply.status);
    for run in ["<script>alert", "<img src=x", "<svg/onload", "<!--#exec"] {
        assert!(!body.contains(run), "{what}: {run} in {body}");
    }
    assert!(
        !body.contains("68888889") || what.contains("68888889"),
        "{what}: computed in {body}"
    );
    for (name, value) in &reply.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        // What is carried in an address of ours is encoded, and leads to us.
        let ours = value.starts_with('/') && !value.starts_with("//");
        let forged = name == "set-cookie" && value.starts_with("TGC=evil")
            || value.contains("evil.com") && !(name == "location" && ours);
        assert!(!forged, "{what}: {name}: {value}");
    }
    assert_eq!(reply.ticket(), None, "{what}");
}

/// Posts a form with one field's value replaced by raw bytes.
async fn post(
    visitor: &mut Visitor,
    page: &Reply,
    more: &[(&str, &str)],
    field: &str,
    payload: &str,
) -> Reply {
    let mut fields = page.hidden();
    fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    let kept: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, _)| name != field)
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let body = format!("{}&{field}={payload}", Visitor::encode(&kept));
    let request = Visitor::form_request(&page.action(), &[]).header("origin", &visitor.origin);
    visitor.send(request.body(Body::from(body)).unwrap()).await
}

const CHOSEN: &str = "quiet-lantern-58-river";
const SIGN_IN: &[(&str, &str)] = &[("username", STUDENT), ("password", "wrong-lantern-58")];

/// Each form: its page, what a visitor would fill in, and the fields that are attacked.
async fn attack(visitor: &mut Visitor, page: &Reply, filled: &[(&str, &str)], fields: &[&str]) {
    for field in fields {
        for payload in payloads() {
            let what = format!("{} {field}={:.80}", page.action(), payload);
            let reply = post(visitor, page, filled, field, &payload).await;
            check(&what, &reply);
        }
    }
}

/// Nobody got in, and nothing is broken.
async fn assert_unharmed(campus: &Campus) {
    let reply = campus
        .visitor()
        .sign_in(SERVICE, idp::demo::ADMINISTRATOR, PASSWORD)
        .await;
    assert!(reply.ticket().is_some(), "{}", reply.body());
    assert_eq!(campus.count("sessions").await, 1);
    assert!(campus.count("persons").await > 20);
}

#[tokio::test] // INJ-01, INJ-03, INJ-04, INJ-06, INJ-07, INJ-08, OID-33
async fn the_sign_in_form_takes_text_as_text() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(SERVICE).await;
        let with_captcha = visitor.get("/cas/login?captcha=new").await;
        attack(
            &mut visitor,
            &page,
            SIGN_IN,
            &["username", "renew", "gateway", "method", "intent"],
        )
        .await;
        attack(
            &mut visitor,
            &page,
            SIGN_IN,
            &["password", "service", "csrf"],
        )
        .await;
        attack(
            &mut visitor,
            &with_captcha,
            SIGN_IN,
            &["captcha", "captcha_id"],
        )
        .await;
        assert_unharmed(campus).await;
    })
    .await;
}

#[tokio::test] // INJ-01, INJ-03, INJ-04, INJ-06, INJ-07, INJ-08, OID-33
async fn the_forms_for_codes_take_text_as_text() {
    each_campus(async |campus| {
        for path in ["/signin/activation", "/signin/unlock"] {
            let mut visitor = campus.visitor();
            let first = visitor.get(path).await;
            for method in ["sms", "code"] {
                let filled = [
                    ("username", STUDENT),
                    ("method", method),
                    ("activation_code", "ABCD-EFGH-JKLM"),
                    ("captcha", "wrong"),
                ];
                let fields = [
                    "username",
                    "activation_code",
                    "captcha_id",
                    "service",
                    "intent",
                ];
                attack(&mut visitor, &first, &filled, &fields).await;
            }
            let asked = visitor.ask_code(campus, path, STUDENT).await;
            let filled = [
                ("username", STUDENT),
                ("intent", "verify"),
                ("code", "000000"),
            ];
            attack(&mut visitor, &asked, &filled, &["code", "username", "csrf"]).await;
        }
        assert_unharmed(campus).await;
    })
    .await;
}

/// With its captcha solved the text gets further in: to the database.
#[tokio::test] // INJ-01, INJ-04, INJ-08
async fn behind_a_solved_captcha_text_is_still_text() {
    each_campus(async |campus| {
        for (path, method) in [
            ("/signin/activation", "sms"),
            ("/signin/activation", "code"),
            ("/signin/unlock", "sms"),
        ] {
            for field in ["username", "activation_code", "service"] {
                for payload in payloads() {
                    let mut visitor = campus.visitor();
                    let page = visitor.get(path).await;
                    let captcha = campus.solve(&page.captcha_id().unwrap());
                    let filled = [
                        ("username", idp::demo::NEWCOMER_WITHOUT_PHONE),
                        ("method", method),
                        ("activation_code", "ABCD-EFGH-JKLM"),
                        ("captcha", captcha.as_str()),
                    ];
                    let reply = post(&mut visitor, &page, &filled, field, &payload).await;
                    check(&format!("{path} {field}={payload:.80}"), &reply);
                }
            }
        }
        assert_eq!(campus.count("signins").await, 0);
    })
    .await;
}

/// Carried through a sign-in that succeeds, a service is kept as it came: with every payload.
#[tokio::test] // INJ-01, INJ-08, RED-08: a text that a database might not take
async fn a_strange_service_survives_until_it_is_refused() {
    each_campus(async |campus| {
        for payload in payloads() {
            let mut visitor = campus.visitor();
            let page = visitor.get("/signin/activation").await;
            let captcha = campus.solve(&page.captcha_id().unwrap());
            let code = fresh_code(campus).await;
            let filled = [
                ("username", idp::demo::NEWCOMER_WITHOUT_PHONE),
                ("method", "code"),
                ("activation_code", code.as_str()),
                ("captcha", captcha.as_str()),
            ];
            let reply = post(&mut visitor, &page, &filled, "service", &payload).await;
            check(&payload, &reply);
            if payload.contains("%00") {
                // No text column takes it, so no form does.
                assert_eq!(reply.status, 400, "{payload}");
                continue;
            }
            assert_eq!(reply.location(), Some("/signin/continue"), "{payload:.80}");
            let next = visitor.follow(reply).await;
            check(&payload, &next);
            assert_eq!(next.status, 200, "{payload:.80}");
        }
    })
    .await;
}

/// Another activation code, since each is good once.
async fn fresh_code(campus: &Campus) -> String {
    let demo = campus.idp.create_demo().await.unwrap();
    demo.activation_code.unwrap()
}

#[tokio::test] // INJ-01, INJ-03, INJ-04, INJ-08, OID-33
async fn the_wizard_takes_text_as_text() {
    each_campus(async |campus| {
        let (mut visitor, mut page) = half_way(campus).await;
        let filled = [
            ("intent", "activation"),
            ("activation_code", "ABCD-EFGH-JKLM"),
        ];
        attack(
            &mut visitor,
            &page,
            &filled,
            &["activation_code", "intent", "version"],
        )
        .await;
        let filled = [("intent", "verify"), ("code", "000000")];
        attack(&mut visitor, &page, &filled, &["code"]).await;
        // The tries above spent the day's codes; another day is another chance.
        campus.advance(jiff::SignedDuration::from_hours(25));
        (visitor, page) = half_way(campus).await;
        for (stop, intent, fields) in [
            ("privacy_notice", "", vec!["version", "csrf"]),
            (
                "new_password",
                "",
                vec!["password", "password_again", "version"],
            ),
            ("bind_phone", "send", vec!["phone", "intent", "version"]),
            ("bind_phone", "verify", vec!["code"]),
            ("done", "", vec!["version", "csrf"]),
        ] {
            if stop == "done" {
                campus.advance(jiff::SignedDuration::from_hours(25));
                page = visitor.sign_in(SERVICE, idp::demo::NEWCOMER, CHOSEN).await;
            }
            page = visitor
                .walk_to(campus, page, "+8613800000001", CHOSEN, stop)
                .await;
            let filled = [
                ("intent", intent),
                ("phone", "+8613800000001"),
                ("password", "short"),
                ("password_again", "other"),
            ];
            attack(&mut visitor, &page, &filled, &fields).await;
        }
        assert_eq!(
            campus.audited("activation.complete", "success").await,
            2,
            "the demonstration's own"
        );
        assert_unharmed(campus).await;
    })
    .await;
}

#[tokio::test] // INJ-01, INJ-03, INJ-06, INJ-08
async fn addresses_take_text_as_text() {
    each_campus(async |campus| {
        let mut inside = signed_in(campus).await;
        let mut stranger = campus.visitor();
        for payload in payloads() {
            for address in [
                format!("/cas/login?service={payload}"),
                format!("/cas/login?renew={payload}&gateway={payload}&method={payload}"),
                format!("/cas/login?locale={payload}"),
                format!("/cas/login?{payload}={payload}"),
                format!("/cas/serviceValidate?service={payload}&ticket={payload}"),
                format!("/cas/serviceValidate?service={SERVICE}&ticket=ST-{payload}"),
                format!("/cas/p3/serviceValidate?service={SERVICE}&ticket=ST-1&format={payload}"),
                format!(
                    "/cas/validate?service={SERVICE}&ticket=x&pgtUrl={payload}&renew={payload}"
                ),
                format!("/signin/activation?service={payload}&username={payload}"),
                format!("/signin/unlock?service={payload}&method={payload}"),
                format!("/signin/switch?service={payload}"),
                format!("/signin/activation?via=oidc&client_id={payload}&state={payload}"),
                format!("/signin/switch?via={payload}&ui_locales={payload}"),
                format!("/signin/captcha/{payload}.png"),
                format!("/assets/{payload}/style.css"),
                format!("/assets/x/{payload}"),
                format!("/{payload}"),
            ] {
                for visitor in [&mut stranger, &mut inside] {
                    // What no address can hold never gets here.
                    let Ok(request) = Request::get(&address).body(Body::empty()) else {
                        continue;
                    };
                    check(&address, &visitor.send(request).await);
                }
            }
        }
        for header in [
            "user-agent",
            "accept-language",
            "referer",
            "cookie",
            "x-forwarded-for",
        ] {
            for payload in payloads() {
                let value = format!("{payload} {{{{7654321*9}}}} <script>alert(1)</script>");
                let request = Request::get("/cas/login").header(header, value);
                let request = request.body(Body::empty()).unwrap();
                check(header, &campus.visitor().send(request).await);
            }
        }
        let bytes = axum::http::HeaderValue::from_bytes(b"\xff\xfe\x80 TGC=\xff").unwrap();
        for header in [
            "user-agent",
            "accept-language",
            "cookie",
            "origin",
            "referer",
        ] {
            let request = Request::get("/cas/login").header(header, bytes.clone());
            check(
                header,
                &campus
                    .visitor()
                    .send(request.body(Body::empty()).unwrap())
                    .await,
            );
        }
    })
    .await;
}

#[tokio::test] // INJ-04: what looks like an account is that account, or nobody's
async fn look_alike_numbers_are_the_same_account_or_none() {
    each_campus(async |campus| {
        for (typed, opens) in [
            ("20230002", true),
            (" 20230002 ", true),
            ("２０２３０００２", true),
            ("20230002\u{200b}", false),
            ("\u{202e}20032302", false),
            ("20230002\u{0}", false),
            ("2023OOO2", false),
            ("20230002 20230002", false),
        ] {
            let reply = campus.visitor().sign_in(SERVICE, typed, PASSWORD).await;
            assert_eq!(reply.ticket().is_some(), opens, "{typed:?}");
        }
    })
    .await;
}
