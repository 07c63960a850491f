//! What holds for every act and every person: no change without its audit row, a number is bound
//! by its own code, personal data stay where they belong.

mod support;

use idp::demo::{NEWCOMER, NEWCOMER_WITHOUT_PHONE, PASSWORD, STUDENT};
use idp_domain::applications::parse_entries;
use idp_storage::applications::Change;
use support::oidc::Rp;
use support::{Campus, Reply, SERVICE, Visitor, each_campus, login, start};

const NEW_PASSWORD: &str = "quiet-lantern-58-river";
const SCHOOL_PHONE: &str = "+8613800000001";
const OWN_PHONE: &str = "+8613800000077";
const OTHER_PHONE: &str = "+8613800000078";
/// The newcomer's, as the demonstration's file has it.
const ID_NUMBER: &str = "330106200506123507";

async fn newcomer_at(campus: &Campus, stop: &str) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
    let page = visitor
        .walk_to(campus, first, SCHOOL_PHONE, NEW_PASSWORD, stop)
        .await;
    (visitor, page)
}

async fn break_trail(campus: &Campus) {
    campus
        .execute("ALTER TABLE audit_events RENAME TO audit_events_away")
        .await;
}

async fn mend_trail(campus: &Campus) {
    campus
        .execute("ALTER TABLE audit_events_away RENAME TO audit_events")
        .await;
}

#[tokio::test] // AUD-01
async fn an_act_that_cannot_be_audited_does_not_happen() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let ticket = visitor.sign_in(SERVICE, STUDENT, PASSWORD).await.ticket();
        let ticket = ticket.expect("a ticket");
        let (mut newcomer, wizard) = newcomer_at(campus, "new_password").await;
        let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
        let sessions = campus.count("sessions").await;

        break_trail(campus).await;
        let mut stranger = campus.visitor();
        let sign_in = stranger.sign_in(SERVICE, STUDENT, PASSWORD).await;
        let hop = visitor.get(&login(SERVICE)).await;
        let step = newcomer.submit(&wizard, &fields).await;
        let out = visitor.get("/cas/logout").await;
        let address = format!("/cas/serviceValidate?service={SERVICE}&ticket={ticket}");
        let validation = campus.visitor().get(&address).await;
        for reply in [&sign_in, &hop, &step, &out, &validation] {
            assert!(reply.status.is_server_error(), "{}", reply.status);
            assert_eq!((reply.ticket(), reply.location()), (None, None));
            assert!(!reply.cookies().iter().any(|c| c.starts_with("TGC=")));
        }
        mend_trail(campus).await;

        // All of it is as it was, down to the ticket.
        assert_eq!(campus.count("sessions").await, sessions);
        assert_eq!(campus.count("sessions WHERE ended_at IS NOT NULL").await, 0);
        assert_eq!(campus.count("service_tickets").await, 1);
        let answer = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(answer.contains("authenticationSuccess"), "{answer}");
        let again = newcomer.submit(&wizard, &fields).await;
        assert_eq!(again.status, 303, "{}", again.body());
    })
    .await;
}

#[tokio::test] // AUD-01, OID-24
async fn no_code_and_no_token_is_given_that_cannot_be_audited() {
    each_campus(async |campus| {
        let change = serde_json::json!({ "scopes": ["openid", "profile", "read"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"] });
        let rp = Rp::registered_with(campus, &change).await;
        let mut visitor = campus.visitor();
        visitor.sign_in(SERVICE, STUDENT, PASSWORD).await;
        let mut codes = Vec::new();
        for _ in 0..2 {
            codes.push(rp.code(&mut visitor, &[]).await);
        }
        let given = rp.redeem(campus, &codes[0]).await;
        let given: serde_json::Value = serde_json::from_slice(&given.bytes).expect("a document");
        let refresh = given["refresh_token"].as_str().expect("a refresh token");
        let token = [("token", refresh)];
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let own = [("grant_type", "client_credentials"), ("scope", "read")];
        let given = "access_tokens WHERE revoked_at IS NULL";
        let before = (
            campus.count("authorizations").await,
            campus.count(given).await,
        );

        break_trail(campus).await;
        let code = rp.open(&mut visitor, &[]).await;
        let redeemed = rp.redeem(campus, &codes[1]).await;
        let refreshed = rp.post(campus, "/oidc/token", &refresh).await;
        let issued = rp.post(campus, "/oidc/token", &own).await;
        let revoked = rp.post(campus, "/oidc/revoke", &token).await;
        for reply in [&code, &redeemed, &refreshed, &issued, &revoked] {
            assert!(reply.status.is_server_error(), "{}", reply.status);
            assert!(reply.location().is_none() && !reply.body().contains("access_token"));
        }
        mend_trail(campus).await;

        // All of it is as it was, down to the code and to the one generation that is good.
        assert_eq!(campus.count("authorization_codes").await, 2);
        let after = (
            campus.count("authorizations").await,
            campus.count(given).await,
        );
        assert_eq!(before, after);
        for fields in [&refresh[..], &own] {
            let reply = rp.post(campus, "/oidc/token", fields).await;
            assert_eq!(reply.status, 200, "{}", reply.body());
        }
        assert_eq!(rp.redeem(campus, &codes[1]).await.status, 200);
    })
    .await;
}

#[tokio::test] // BND-02
async fn the_number_that_is_bound_is_the_one_that_the_code_went_to() {
    each_campus(async |campus| {
        let (mut visitor, page) = newcomer_at(campus, "bind_phone").await;
        campus.advance(jiff::SignedDuration::from_secs(61));
        let page = visitor
            .submit(&page, &[("intent", "send"), ("phone", OWN_PHONE)])
            .await;
        let code = campus.code_for(OWN_PHONE).await;
        // The form claims another number; only the row counts.
        let fields = [
            ("intent", "verify"),
            ("code", &*code),
            ("phone", OTHER_PHONE),
        ];
        let bound = visitor.submit(&page, &fields).await;
        let done = visitor.follow(bound).await;
        assert_eq!(done.page(), "done", "{}", done.body());
        let ticket = visitor.submit(&done, &[]).await.ticket().expect("a ticket");
        let answer = campus.visitor().validate(SERVICE, &ticket).await;
        let phone = format!("<cas:phone>{OWN_PHONE}</cas:phone>");
        assert!(answer.contains(&phone), "{answer}");
    })
    .await;
}

#[tokio::test] // BND-02: the code of the number before is dead with it
async fn a_code_binds_no_number_that_was_named_later() {
    each_campus(async |campus| {
        let (mut visitor, page) = newcomer_at(campus, "bind_phone").await;
        campus.advance(jiff::SignedDuration::from_secs(61));
        let send = |phone: &'static str| [("intent", "send"), ("phone", phone)];
        let page = visitor.submit(&page, &send(OWN_PHONE)).await;
        let code = campus.code_for(OWN_PHONE).await;
        campus.advance(jiff::SignedDuration::from_secs(61));
        let page = visitor.submit(&page, &send(OTHER_PHONE)).await;
        assert_ne!(campus.code_for(OTHER_PHONE).await, code);
        let refused = visitor.enter(&page, &code).await;
        assert_eq!(refused.notice().as_deref(), Some("wrong_code"));
        let newcomer = "contacts WHERE person_id IN
            (SELECT person_id FROM current_roster WHERE number = '20230001')";
        assert_eq!(campus.count(newcomer).await, 0);
    })
    .await;
}

#[tokio::test] // BND-10
async fn an_account_without_any_credential_opens_to_a_secret_of_the_school_alone() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[1].clone();
        let first = visitor
            .sign_in(SERVICE, NEWCOMER_WITHOUT_PHONE, &initial)
            .await;
        let page = visitor.follow(first).await;
        assert_eq!(page.page(), "evidence", "{}", page.body());
        let mut fields = page.hidden();
        fields.extend(["password", "password_again"].map(|n| (n.into(), NEW_PASSWORD.into())));
        fields.extend(
            [("phone", OWN_PHONE), ("intent", "send"), ("accept", "yes")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        for step in ["notice", "password", "phone", "done"] {
            let reply = visitor.post(&format!("/signin/{step}"), &fields).await;
            assert_eq!(reply.location(), Some("/signin/evidence"), "{step}");
        }
        let wrong = [
            ("intent", "activation"),
            ("activation_code", "AAAA-AAAA-AAAA"),
        ];
        let refused = visitor.submit(&page, &wrong).await;
        assert_eq!(refused.notice().as_deref(), Some("wrong_activation_code"));
        for table in ["passwords", "contacts"] {
            let of_newcomer = format!(
                "{table} WHERE person_id IN
                (SELECT person_id FROM current_roster WHERE number = '{NEWCOMER_WITHOUT_PHONE}')"
            );
            assert_eq!(campus.count(&of_newcomer).await, 0, "{table}");
        }
        assert_eq!(campus.sms.count(), 0);
        let code = campus.demo.activation_code.as_deref().expect("a code");
        let right = [("intent", "activation"), ("activation_code", code)];
        let onward = visitor.submit(&refused, &right).await;
        assert_eq!(visitor.follow(onward).await.page(), "privacy_notice");
    })
    .await;
}

#[tokio::test] // PRV-05
async fn an_application_is_told_what_its_entry_releases_and_nothing_else() {
    const QUIET: &str = "https://quiet.example.edu/app";
    let entry = r#"{ "id": "quiet", "name": { "zh-CN": "静", "en": "Quiet" },
        "cas": { "services": ["https://quiet.example.edu/app"] },
        "release": ["affiliation"], "access": { "affiliations": ["student"] } }"#;
    each_campus(async |campus| {
        let app = campus.idp.app();
        let mut tx = app.db.write().await.unwrap();
        let mut change = Change::begin(&mut tx).await.unwrap();
        for application in parse_entries(entry, false).unwrap() {
            change.upsert(&application, start()).await.unwrap();
        }
        tx.commit().await.unwrap();
        app.applications.refresh_if_changed(&app.db).await.unwrap();

        let mut visitor = campus.visitor();
        let reply = visitor.sign_in(QUIET, STUDENT, PASSWORD).await;
        let ticket = reply.ticket().expect("a ticket");
        let answer = campus.visitor().validate(QUIET, &ticket).await;
        let document = roxmltree::Document::parse(&answer).unwrap();
        let attributes = document
            .descendants()
            .find(|node| node.has_tag_name(("http://www.yale.edu/tp/cas", "attributes")));
        let mut told: Vec<&str> = attributes
            .expect("attributes")
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name())
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                "affiliation",
                "authenticationDate",
                "authenticationMethod",
                "isFromNewLogin",
                "longTermAuthenticationRequestTokenUsed"
            ]
        );
        for private in ["陈默然", "+8613800000002", "chenmr@", "软件工程系"] {
            assert!(!answer.contains(private), "{private}: {answer}");
        }
    })
    .await;
}

#[tokio::test] // PRV-01, IMP-07
async fn an_id_number_shows_nowhere_and_lies_nowhere_in_clear() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        assert_eq!(first.status, 303);
        let steps = [
            "evidence",
            "privacy_notice",
            "new_password",
            "bind_phone",
            "done",
        ];
        for stop in steps {
            let page = visitor.get("/signin/continue").await;
            let page = visitor
                .walk_to(campus, page, SCHOOL_PHONE, NEW_PASSWORD, stop)
                .await;
            assert!(!page.body().contains(ID_NUMBER), "{stop}");
            assert!(!page.body().contains(&initial), "{stop}");
        }
        assert!(
            lies_in_clear(campus, NEWCOMER).await,
            "what is kept in clear is found"
        );
        assert!(!lies_in_clear(campus, ID_NUMBER).await);
        assert!(!lies_in_clear(campus, SCHOOL_PHONE).await);
    })
    .await;
}

/// Whether the database has this text anywhere: of the embedded one every byte is looked at.
async fn lies_in_clear(campus: &Campus, text: &str) -> bool {
    if let Some(file) = campus.url.strip_prefix("sqlite://") {
        return [file.to_owned(), format!("{file}-wal")].iter().any(|file| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        });
    }
    let tables = [
        "roster",
        "persons",
        "contacts",
        "signins",
        "one_time_codes",
        "outbox",
        "audit_events",
    ];
    for table in tables {
        let condition = format!("{table} t WHERE t::text LIKE '%{text}%'");
        if campus.count(&condition).await > 0 {
            return true;
        }
    }
    false
}
