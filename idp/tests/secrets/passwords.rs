//! What may be a password, how it is kept, and where it never appears (PWD-05 to PWD-12).

use crate::support::attacks::{NOBODY, STUDENT, STUDENTS_PASSWORD, WRONG, hex};
use crate::support::kit::scalars;
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, login};

const NEWCOMER: &str = "20230001";
const PHONE: &str = "+8613800000001";

/// The wizard's page that asks for a new password.
async fn at_new_password(campus: &Campus) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
    let page = visitor
        .walk_to(campus, first, PHONE, "", "new_password")
        .await;
    (visitor, page)
}

async fn choose(visitor: &mut Visitor, page: &Reply, password: &str) -> Reply {
    let fields = [("password", password), ("password_again", password)];
    visitor.submit(page, &fields).await
}

#[tokio::test] // PWD-06, PWD-01: lengths, characters, and nothing that others know of her
async fn bad_passwords_are_refused_before_they_cost_a_hash() {
    each_campus(async |campus| {
        let (mut visitor, page) = at_new_password(campus).await;
        let initial = campus.demo.initial_passwords[0].clone();
        let hashes = campus.idp.app().hashing.computed();
        let too_long = "x4!".repeat(43);
        let kilobytes = "quiet lantern ".repeat(300);
        for (password, fault) in [
            ("", "at least 10"),
            ("a1!b2@c3#", "at least 10"),
            (too_long.as_str(), "at most 128"),
            (kilobytes.as_str(), "at most 128"),
            ("quiet\u{1b}lantern-58-river", "character"),
            ("1234567890", "common|guess|known"),
            ("aaaaaaaaaaaaaaaa", "guess|common"),
            ("lantern-20230001-river", "name|number"),
            ("lantern-0612-3507-river-123507", "name|number"),
            (initial.as_str(), "at least 10"),
        ] {
            visitor.cookies.insert("locale".into(), "en".into());
            let reply = choose(&mut visitor, &page, password).await;
            assert_eq!(
                reply.notice().as_deref(),
                Some("bad_password"),
                "{password:?}"
            );
            let body = reply.body();
            let said = fault.split('|').any(|words| body.contains(words));
            assert!(said, "{password:?} without {fault:?}: {body}");
        }
        let differs = [
            ("password", "quiet-lantern-58-river"),
            ("password_again", "quiet-lantern-58-riveR"),
        ];
        let reply = visitor.submit(&page, &differs).await;
        assert_eq!(reply.notice().as_deref(), Some("bad_password"));
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
        assert_eq!(campus.count("passwords").await, 2);
    })
    .await;
}

#[tokio::test] // PWD-06: not cut, not trimmed, and the same bytes from every keyboard
async fn a_password_is_kept_to_its_last_character() {
    each_campus(async |campus| {
        let (mut visitor, page) = at_new_password(campus).await;
        // 128 code points, a blank at each end, beyond the basic plane, composed letters.
        let filler: String = ('a'..='z').cycle().step_by(7).take(105).collect();
        let password = format!(" é灯笼-58-річка🦉{filler} ");
        assert!(password.chars().count() <= 128);
        let reply = choose(&mut visitor, &page, &password).await;
        assert_eq!(reply.location(), Some("/signin/phone"), "{}", reply.body());
        let takes = async |password: &str| {
            let reply = campus
                .visitor()
                .guess_solved(campus, NEWCOMER, password)
                .await;
            reply.location() == Some("/signin/continue")
        };
        assert!(takes(&password).await);
        assert!(
            takes(&password.replace('é', "e\u{301}")).await,
            "NFD is another password"
        );
        for other in [
            password.trim(),
            password.trim_start(),
            &password[..password.len() - 2],
            &password.to_uppercase(),
            &password.replace('🦉', "🦊"),
        ] {
            assert!(!takes(other).await, "{other:?}");
        }
    })
    .await;
}

#[tokio::test] // PWD-06: the initial one, the one in force and former ones can't be taken again
async fn former_passwords_are_refused() {
    each_campus(async |campus| {
        let mut former = vec![STUDENTS_PASSWORD.to_owned()];
        for n in 0..2 {
            campus.advance(jiff::SignedDuration::from_secs(1));
            campus
                .execute("UPDATE passwords SET must_change = TRUE")
                .await;
            let mut visitor = campus.visitor();
            let first = visitor.guess(STUDENT, former.last().unwrap()).await;
            let page = visitor.follow(first).await;
            assert_eq!(page.page(), "new_password");
            for old in &former {
                let reply = choose(&mut visitor, &page, old).await;
                assert_eq!(reply.notice().as_deref(), Some("bad_password"), "{old}");
            }
            let new = format!("quiet-lantern-{n}8-river");
            let reply = choose(&mut visitor, &page, &new).await;
            assert_eq!(reply.status, 303, "{}", reply.body());
            former.push(new);
        }
    })
    .await;
}

#[tokio::test] // PWD-08
async fn a_long_password_costs_no_hash() {
    each_campus(async |campus| {
        let hashes = campus.idp.app().hashing.computed();
        for length in [5 * 1024, 12 * 1024, 1 << 20] {
            let password = "x".repeat(length);
            let mut answers = Vec::new();
            for number in [STUDENT, NOBODY] {
                let reply = campus.visitor().sign_in(SERVICE, number, &password).await;
                assert_eq!(reply.status, 413, "{length}");
                let request = reply.header("x-request-id").unwrap().to_owned();
                answers.push(reply.masked(number).replace(&request, "[request]"));
            }
            assert_eq!(answers[0], answers[1]);
        }
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
        assert_eq!(campus.count("throttle_events").await, 0);
    })
    .await;
}

#[tokio::test] // PWD-09
async fn hashes_are_argon2id_and_follow_the_configuration() {
    each_campus(async |campus| {
        let phc = async || {
            let sql = format!(
                "SELECT phc FROM passwords WHERE person_id =
                    (SELECT person_id FROM roster WHERE number = '{STUDENT}')"
            );
            scalars(campus, &sql).await.remove(0)
        };
        let old = phc().await;
        assert!(old.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"), "{old}");
        let mut parts = campus.parts.clone();
        parts.config.password.argon2 = serde_json::from_value(
            serde_json::json!({ "memory_kib": 8192, "passes": 2, "lanes": 1 }),
        )
        .unwrap();
        let stronger = campus.node(&parts).await;
        // A wrong password upgrades nothing.
        campus.visitor_at(&stronger).guess(STUDENT, WRONG).await;
        assert_eq!(phc().await, old);
        let reply = campus
            .visitor_at(&stronger)
            .guess(STUDENT, STUDENTS_PASSWORD)
            .await;
        assert!(reply.ticket().is_some());
        // It happens behind her back.
        let mut new = phc().await;
        for _ in 0..500 {
            if new != old {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            new = phc().await;
        }
        assert!(new.starts_with("$argon2id$v=19$m=8192,t=2,p=1$"), "{new}");
        let reply = campus.visitor().guess(STUDENT, STUDENTS_PASSWORD).await;
        assert!(reply.ticket().is_some());
    })
    .await;
}

#[tokio::test] // PWD-10: what is stored opens nothing
async fn a_stored_hash_is_no_password() {
    each_campus(async |campus| {
        let phc = "SELECT phc FROM passwords";
        for stored in scalars(campus, phc).await {
            for candidate in [stored.as_str(), stored.rsplit('$').next().unwrap()] {
                let reply = campus
                    .visitor()
                    .guess_solved(campus, STUDENT, candidate)
                    .await;
                assert_eq!(reply.notice().as_deref(), Some("wrong_password"));
            }
        }
    })
    .await;
}

#[tokio::test] // PWD-12: in no answer, address, header or cookie; the meter asks nobody else
async fn a_password_appears_nowhere() {
    each_campus(async |campus| {
        let assert_silent = |reply: &Reply, password: &str| {
            let all = format!("{:?} {}", reply.headers, reply.body());
            assert!(!all.contains(password), "{all}");
        };
        let mut visitor = campus.visitor();
        for password in [WRONG, STUDENTS_PASSWORD] {
            let reply = visitor.guess(STUDENT, password).await;
            assert_silent(&reply, password);
        }
        let (mut visitor, page) = at_new_password(campus).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("connect-src 'self'"), "{policy}");
        assert!(page.body().contains("method=\"post\""));
        let refused = choose(&mut visitor, &page, "short-one").await;
        assert_silent(&refused, "short-one");
        let taken = choose(&mut visitor, &page, "quiet-lantern-58-river").await;
        assert_silent(&taken, "quiet-lantern-58-river");
        let next = visitor.follow(taken).await;
        assert_silent(&next, "quiet-lantern-58-river");
        // Nor in what is kept: only as its hash.
        for table in [
            "audit_events",
            "outbox",
            "signins",
            "passwords",
            "failed_secrets",
        ] {
            let rows = crate::support::kit::rows(campus, table).await;
            for password in ["quiet-lantern-58-river", STUDENTS_PASSWORD, WRONG] {
                assert!(!rows.contains(password), "{table}");
                assert!(!rows.to_uppercase().contains(&hex(password)), "{table}");
            }
        }
        // A password in an address is nobody's doing but the visitor's, and isn't taken.
        let path = format!(
            "{}&username={STUDENT}&password={STUDENTS_PASSWORD}",
            login(SERVICE)
        );
        let reply = campus.visitor().get(&path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.page().as_str()),
            (200, "sign_in")
        );
        assert_silent(&reply, STUDENTS_PASSWORD);
    })
    .await;
}

#[tokio::test] // PWD-05: only the browser of the sign-in, by the form of its page
async fn a_password_is_not_set_by_a_forged_form() {
    each_campus(async |campus| {
        let (mut visitor, page) = at_new_password(campus).await;
        let new = "quiet-lantern-58-river";
        let version = page.field("version").unwrap();
        let token = page.field("csrf").unwrap();
        let set = [("password", new), ("password_again", new)];
        for extra in [
            &[("version", version.as_str())][..],
            &[("version", version.as_str()), ("csrf", "")],
            &[("version", version.as_str()), ("csrf", "0123456789abcdef")],
        ] {
            let mut fields = set.to_vec();
            fields.extend_from_slice(extra);
            let reply = visitor.post("/signin/password", &fields).await;
            assert_eq!(reply.status, 403, "{extra:?}");
        }
        // The token of one sign-in in the browser of another, and without any.
        let mut other = campus.visitor();
        let first = other.sign_in(SERVICE, "20230005", "024498").await;
        other.follow(first).await;
        let mut fields = set.to_vec();
        fields.extend([("version", version.as_str()), ("csrf", token.as_str())]);
        assert_eq!(other.post("/signin/password", &fields).await.status, 403);
        let stranger = campus.visitor().post("/signin/password", &fields).await;
        assert_eq!(stranger.status, 403);
        assert_eq!(campus.audited("password.change", "success").await, 0);
        assert_eq!(campus.count("passwords").await, 2);
        let reply = choose(&mut visitor, &page, new).await;
        assert_eq!(reply.status, 303);
    })
    .await;
}
