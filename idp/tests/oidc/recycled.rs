//! The name by which applications know a person is hers, whoever gets her number (OID-28).

use idp::demo::ADMINISTRATOR;
use serde_json::{Value, json};

use crate::given::{fault, said, tokens};
use crate::support::kit::{PASSWORD, STUDENT, audited_by};
use crate::support::oidc::Rp;
use crate::support::{Campus, SERVICE, each_campus};
use crate::userinfo::{claims, is_good};

async fn registered(campus: &Campus, id: &str, more: &Value) -> Rp {
    let mut change = json!({ "client_id": id,
        "grant_types": ["authorization_code", "refresh_token"] });
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    let mut entry = Rp::entry_with(&change);
    entry["id"] = json!(id);
    Rp::of_entry(campus, &entry).await
}

/// From now on the student's number is somebody else's.
async fn recycle(campus: &Campus) {
    let moved = campus
        .execute(&format!(
            "UPDATE roster SET name = '新人', person_id = (SELECT r.person_id FROM roster r
                WHERE r.number = '{ADMINISTRATOR}') WHERE number = '{STUDENT}'"
        ))
        .await;
    assert_eq!(moved, 1);
    campus
        .execute("UPDATE sessions SET ended_at = last_seen_at")
        .await;
}

#[tokio::test] // OID-28, OID-16
async fn whoever_gets_a_number_that_was_another_persons_is_another_person() {
    each_campus(async |campus| {
        let public = registered(campus, "public", &json!({})).await;
        let pairwise = registered(campus, "pairwise", &json!({ "subject_type": "pairwise" })).await;
        let scope = "openid profile offline_access";
        let mut before = Vec::new();
        for rp in [&public, &pairwise] {
            let given = tokens(campus, rp, scope).await;
            let told = claims(campus, &given).await;
            assert_eq!(told["preferred_username"], STUDENT);
            before.push((rp, given, told));
        }
        recycle(campus).await;
        // What the applications hold is of who had it then: it speaks of nobody now, least of all
        // of who has the number.
        for (rp, given, _) in &before {
            assert!(!is_good(campus, given).await);
            assert!(!crate::introspect::is_active(campus, rp, given).await);
            let token = given["refresh_token"].as_str().unwrap();
            let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
            let refresh = async || rp.post(campus, "/oidc/token", &fields).await;
            let (reply, trail) = audited_by(campus, refresh).await;
            assert_eq!(fault(&reply, 400), "invalid_grant");
            assert_eq!(trail, ["oidc.refresh.refuse refused no_valid_number"]);
        }
        let mut visitor = campus.visitor();
        let reply = visitor.sign_in(SERVICE, ADMINISTRATOR, PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        for (rp, _, told) in &before {
            let given = tokens(campus, rp, scope).await;
            let now = claims(campus, &given).await;
            assert_eq!(now["preferred_username"], STUDENT);
            assert_eq!(now["name"], "新人");
            assert_ne!(now["sub"], told["sub"]);
            assert_eq!(now["sub"], said(&given["id_token"]).1["sub"]);
        }
    })
    .await;
}

#[tokio::test] // OID-28
async fn who_gets_a_new_number_keeps_her_name() {
    each_campus(async |campus| {
        let rp = registered(campus, "public", &json!({})).await;
        let given = tokens(campus, &rp, "openid profile offline_access").await;
        let before = claims(campus, &given).await;
        campus
            .execute(&format!(
                "INSERT INTO roster (number, import_seq, person_id, display_number, name,
                    affiliation, digest)
                SELECT '20260009', import_seq, person_id, '20260009', name, affiliation, digest
                FROM roster WHERE number = '{STUDENT}'"
            ))
            .await;
        let mut visitor = campus.visitor();
        let reply = visitor.sign_in(SERVICE, "20260009", PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        let code = rp.code(&mut visitor, &[]).await;
        let reply = rp.redeem(campus, &code).await;
        let after = claims(campus, &crate::given::good(&reply)).await;
        assert_eq!(after["sub"], before["sub"]);
        assert_eq!(after["preferred_username"], "20260009");
        // What was given with the old number says that one, for as long as it is hers.
        let told = claims(campus, &given).await;
        assert_eq!(told["preferred_username"], STUDENT);
        campus
            .execute(&format!(
                "UPDATE roster SET valid_until = 1 WHERE number = '{STUDENT}'"
            ))
            .await;
        assert!(!is_good(campus, &given).await);
    })
    .await;
}
