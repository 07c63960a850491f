use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Teller, Wanted};
use crate::accounts::Affiliation;
use crate::applications::{Application, Facts, ReleasedAttribute, parse_entries};
use crate::ids::PersonId;
use crate::oidc::{ClaimsRequest, Disclosure, Granted, Scopes};
use crate::signin::{HeldNumber, Holder, PersonState};

fn application(release: &Value) -> Application {
    let entry = json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
        "oidc": { "client_secret": "a-secret-of-the-tests",
            "redirect_uris": ["https://a.example.edu/cb"] },
        "release": release });
    parse_entries(&entry.to_string(), false).unwrap().remove(0)
}

fn number(number: &str, affiliation: Affiliation, org: Option<&str>) -> HeldNumber {
    HeldNumber {
        display: number.to_uppercase(),
        number: number.to_owned(),
        name: "李明".to_owned(),
        affiliation,
        org: org.map(str::to_owned),
        valid_from: Some("2023-08-31T16:00:00Z".parse().unwrap()),
        valid_until: None,
        import_seq: 1,
    }
}

fn holder() -> Holder {
    let mut staff = number("t1", Affiliation::Staff, None);
    // Up to and including the 31st, in Shanghai.
    staff.valid_until = Some("2027-08-31T16:00:00Z".parse().unwrap());
    Holder {
        person: PersonId(Uuid::from_u128(1)),
        state: PersonState::Active,
        activated: true,
        must_change_password: false,
        phone_bound: true,
        notice_version: None,
        numbers: vec![
            number("s1", Affiliation::Student, Some("计算机学院")),
            staff,
        ],
        groups: vec!["lab".to_owned()],
        probes: None,
    }
}

/// What was agreed to when the entry was this.
fn granted(application: &Application, scopes: &Scopes, claims: ClaimsRequest) -> Granted {
    Granted {
        scopes: scopes.clone(),
        disclosure: Disclosure::of(application, scopes, &claims),
        claims,
        nonce: None,
        resources: Vec::new(),
        signed_in_at: Timestamp::UNIX_EPOCH,
        factors: Vec::new(),
        key_thumbprint: None,
        offline: false,
    }
}

fn told(release: &Value, place: Place, scope: &str, claims: &Value, school: Option<&str>) -> Value {
    let (application, holder) = (application(release), holder());
    let (scopes, claims): (_, ClaimsRequest) = (
        Scopes::parse(scope).unwrap(),
        serde_json::from_value(claims.clone()).unwrap(),
    );
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let facts = Facts {
        holder: &holder,
        number: &holder.numbers[0],
        email: Some("li@example.edu".to_owned()),
        phone: None,
        address: Some("余杭塘路866号".to_owned()),
        now: "2026-11-21T08:00:00Z".parse().unwrap(),
    };
    let teller = Teller {
        facts,
        school,
        zone: &zone,
    };
    let granted = granted(&application, &scopes, claims);
    let wanted = Wanted::at(place, &application, &scopes, &granted);
    Value::Object(teller.tell(&wanted))
}

fn by_scope(release: &Value, scope: &str) -> Value {
    told(
        release,
        Place::UserInfo,
        scope,
        &json!({}),
        Some("example.edu.cn"),
    )
}

fn all() -> Value {
    json!([
        "name",
        "number",
        "numbers",
        "affiliation",
        "org",
        "groups",
        "email",
        "phone",
        "address"
    ])
}

#[test] // OIDC 65
fn each_claim_has_the_type_of_the_standard() {
    assert_eq!(
        by_scope(&all(), "openid profile email phone address"),
        json!({
            "name": "李明",
            "preferred_username": "S1",
            "email": "li@example.edu",
            "address": { "formatted": "余杭塘路866号" },
        })
    );
    assert_eq!(
        by_scope(&all(), "openid campus"),
        json!({
            "numbers": [
                { "number": "S1", "affiliation": "student", "org": "计算机学院",
                  "from": "2023-09-01" },
                { "number": "T1", "affiliation": "staff", "from": "2023-09-01",
                  "until": "2027-08-31" },
            ],
            "eduperson_affiliation": ["student", "staff"],
            "eduperson_scoped_affiliation": ["student@example.edu.cn", "staff@example.edu.cn"],
            "org": "计算机学院",
            "groups": ["lab"],
        })
    );
}

#[test] // OID-29
fn neither_release_nor_request_suffices() {
    assert_eq!(
        by_scope(&json!([]), "openid profile email phone address campus"),
        json!({})
    );
    assert_eq!(by_scope(&all(), "openid"), json!({}));
    let asked = json!({ "userinfo": { "name": {}, "id_number": {}, "email": {} } });
    let only_name = told(&json!(["name"]), Place::UserInfo, "openid", &asked, None);
    assert_eq!(only_name, json!({ "name": "李明" }));
    // What is asked for at one place isn't told at the other, and scopes speak of userinfo.
    let elsewhere = told(&all(), Place::IdToken, "openid profile", &asked, None);
    assert_eq!(elsewhere, json!({}));
}

#[test]
fn a_name_of_the_entrys_own_takes_the_place_of_the_standards() {
    let release = json!([
        { "attribute": "number", "as": "uid" },
        { "attribute": "affiliation", "as": "role" },
        { "constant": "zh", "as": "locale" },
    ]);
    assert_eq!(
        by_scope(&release, "openid profile"),
        json!({ "uid": "S1", "locale": "zh" })
    );
    assert_eq!(
        by_scope(&release, "openid campus"),
        json!({ "role": ["student", "staff"] })
    );
    let asked = json!({ "id_token": { "uid": { "essential": true } } });
    let told = told(&release, Place::IdToken, "openid", &asked, None);
    assert_eq!(told, json!({ "uid": "S1" }));
}

#[test] // OIDC 64
fn what_has_no_value_is_left_out() {
    assert_eq!(by_scope(&json!(["phone"]), "openid phone"), json!({}));
    let affiliation = json!(["affiliation"]);
    let told = told(
        &affiliation,
        Place::UserInfo,
        "openid campus",
        &json!({}),
        None,
    );
    assert_eq!(
        told,
        json!({ "eduperson_affiliation": ["student", "staff"] })
    );
}

#[test]
fn what_isnt_told_neednt_be_read() {
    let application = application(&all());
    let scopes = Scopes::parse("openid email").unwrap();
    let granted = granted(&application, &scopes, ClaimsRequest::default());
    let wanted = Wanted::at(Place::UserInfo, &application, &scopes, &granted);
    assert!(wanted.needs(ReleasedAttribute::Email));
    assert!(!wanted.needs(ReleasedAttribute::Phone));
    assert!(!wanted.needs(ReleasedAttribute::Address));
    let nothing = Wanted::at(Place::IdToken, &application, &scopes, &granted);
    assert!(nothing.is_empty());
}

#[test] // OID-27, OID-29
fn what_was_agreed_to_and_the_entry_of_now_are_both_a_limit() {
    let before = application(&json!(["name", "email", { "constant": "yes", "as": "campus" }]));
    let scopes = Scopes::parse("openid profile email phone").unwrap();
    let named: ClaimsRequest =
        serde_json::from_value(json!({ "id_token": { "phone_number": {}, "name": {} } })).unwrap();
    let granted = granted(&before, &scopes, named);
    let names = |place, application: &Application, granted: &Granted| {
        let wanted = Wanted::at(place, application, &scopes, granted);
        let names: Vec<String> = wanted
            .0
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        names
    };
    let (userinfo, id_token) = (Place::UserInfo, Place::IdToken);
    let all = ["name", "email", "campus"];
    assert_eq!(names(userinfo, &before, &granted), all);
    // More is released since then: not by what was granted before.
    let wider = application(&json!(["name", "phone", "email", "number"]));
    assert_eq!(names(userinfo, &wider, &granted), &all[..2]);
    assert_eq!(names(id_token, &wider, &granted), ["name"]);
    // Less is, or she took one thing back: at once.
    let narrower = application(&json!(["name"]));
    assert_eq!(names(userinfo, &narrower, &granted), ["name"]);
    let kept: Disclosure = serde_json::from_value(json!(["email", "phone"])).unwrap();
    assert_eq!(names(userinfo, &wider, &granted.within(&kept)), &all[1..2]);
    // An authorization of before it was kept tells nothing of her.
    let old = granted.within(&Disclosure::default());
    assert!(names(userinfo, &wider, &old).is_empty());
}

#[test] // OID-27
fn what_she_took_back_takes_scopes_along() {
    let entry = application(&json!(["name"]));
    let scopes = Scopes::parse("openid profile offline_access books shelves").unwrap();
    let granted = granted(&entry, &scopes, ClaimsRequest::default());
    let left: Disclosure = serde_json::from_value(json!(["name", "scope:books"])).unwrap();
    let within = granted.within(&left);
    assert_eq!(within.scopes.to_string(), "openid profile books");
    assert_eq!(granted.within(&granted.disclosure), granted);
}
