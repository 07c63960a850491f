//! Who may enter an application, and what it is told: each reason on its page, asked again at
//! validation, over both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use idp::accounts::groups::{self, Wish};
use idp::demo::{ADMINISTRATOR, PASSWORD, STUDENT};
use idp_domain::accounts::{AccountNumber, GroupName};
use idp_domain::applications::parse_entries;
use idp_storage::applications::Change;
use rand::SeedableRng;
use rand::rngs::StdRng;
use roxmltree::Document;
use serde_json::{Value, json};
use support::{Campus, Reply, Visitor, each_campus, login, start};

const SERVICE: &str = "https://lab.example.edu/app";
const CAS: &str = "http://www.yale.edu/tp/cas";
/// Held by the student too, from [`hold_a_second_number`] on.
const STAFF_NUMBER: &str = "10005";

/// The application with these keys over its plain ones.
async fn register(campus: &Campus, keys: &Value) {
    let mut entry = json!({ "id": "lab", "name": { "zh-CN": "实验室", "en": "Laboratory" },
        "contact": { "zh-CN": "实验室管理员 8721-3456", "en": "The laboratory, ext. 3456" },
        "cas": { "services": [SERVICE] } });
    for (key, value) in keys.as_object().unwrap() {
        entry[key] = value.clone();
    }
    let app = campus.idp.app();
    let mut tx = app.db.write().await.unwrap();
    let mut change = Change::begin(&mut tx).await.unwrap();
    for application in parse_entries(&entry.to_string(), false).unwrap() {
        change.upsert(&application, start()).await.unwrap();
    }
    tx.commit().await.unwrap();
    app.applications.refresh_if_changed(&app.db).await.unwrap();
}

async fn hold_a_second_number(campus: &Campus) {
    let changed = campus
        .execute(&format!(
            "UPDATE roster SET affiliation = 'staff',
                person_id = (SELECT o.person_id FROM roster o WHERE o.number = '{STUDENT}')
             WHERE number = '{STAFF_NUMBER}'"
        ))
        .await;
    assert_eq!(changed, 1);
}

async fn signed_in(campus: &Campus) -> Visitor {
    let mut visitor = campus.visitor();
    let reply = visitor.sign_in(support::SERVICE, STUDENT, PASSWORD).await;
    assert!(reply.ticket().is_some());
    visitor
}

async fn set_group(campus: &Campus, group: &str, number: &str, wish: Wish) {
    let db = &campus.idp.app().db;
    let group = GroupName::parse(group).unwrap();
    let numbers = [AccountNumber::parse(number).unwrap()];
    let mut conn = db.read().await.unwrap();
    let plan = groups::plan(&mut conn, &group, &numbers, wish)
        .await
        .unwrap();
    drop(conn);
    let mut rng = StdRng::seed_from_u64(campus.count("audit_events").await.unsigned_abs());
    groups::apply(db, &group, &plan, start(), &mut rng)
        .await
        .unwrap();
}

/// What a policy says, and what is told of it. The tests' clock says Saturday 2026-11-21, 16:00 in
/// Shanghai; the student is of 计算机学院/软件工程系.
fn refusals() -> Vec<(Value, &'static str, &'static [&'static str])> {
    let access = |policy: Value| json!({ "access": policy });
    vec![
        (json!({ "enabled": false }), "disabled", &[]),
        (access(json!({ "from": "2026-11-22" })), "not_yet", &[]),
        (access(json!({ "until": "2026-11-21" })), "over", &[]),
        (
            access(
                json!({ "times": [{ "days": ["mon"], "from": "08:00", "to": "22:00" },
                { "from": "07:00", "to": "16:00" }] }),
            ),
            "times",
            &["08:00", "22:00", "16:00"],
        ),
        (
            access(json!({ "affiliations": ["faculty"] })),
            "affiliation",
            &[],
        ),
        (
            access(json!({ "affiliations": ["student"], "org_units": ["文学院", "计算机"] })),
            "org_unit",
            &["文学院"],
        ),
        (access(json!({ "groups": ["lab-admins"] })), "group", &[]),
        (json!({ "account_number": "staff" }), "number", &[]),
    ]
}

fn assert_refused(reply: &Reply, reason: &str, texts: &[&str]) {
    assert_eq!(reply.status, 403, "{reason}");
    assert_eq!(reply.page(), "no_access", "{reason}");
    assert_eq!((reply.location(), reply.ticket()), (None, None), "{reason}");
    let body = reply.body();
    let marked = format!("data-reason=\"{reason}\"");
    for text in [marked.as_str(), "实验室管理员 8721-3456"]
        .iter()
        .chain(texts)
    {
        assert!(body.contains(text), "{reason}: {text} is not in {body}");
    }
    // Groups are the school's own affair, and the page may be anybody's who holds an account.
    assert!(!body.contains("lab-admins"), "{body}");
}

#[tokio::test]
async fn who_may_not_enter_is_told_why_and_nothing_is_issued() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let tickets = campus.count("service_tickets").await;
        for (keys, reason, texts) in refusals() {
            register(campus, &keys).await;
            let hop = visitor.get(&login(SERVICE)).await;
            assert_refused(&hop, reason, texts);
            // By a password too, and CAS 11: by a gateway without a page.
            let fresh = campus.visitor().sign_in(SERVICE, STUDENT, PASSWORD).await;
            assert_refused(&fresh, reason, texts);
            let gateway = format!("{}&gateway=true", login(SERVICE));
            assert_eq!(visitor.get(&gateway).await.location(), Some(SERVICE));
            let missing = if reason == "times" { "time" } else { reason };
            let told = campus
                .count(&format!(
                    "audit_events WHERE event = 'access.deny' AND result = 'refused'
                     AND reason = 'no_access' AND application_id = 'lab'
                     AND detail->>'missing' = '{missing}'"
                ))
                .await;
            assert_eq!(told, 2, "{reason}");
        }
        assert_eq!(campus.count("service_tickets").await, tickets);

        register(
            campus,
            &json!({ "access": {
                "affiliations": ["student", "faculty"], "org_units": ["计算机学院"],
                "states": ["active"], "from": "2026-11-21", "until": "2026-11-22",
                "times": [{ "days": ["sat"], "from": "16:00", "to": "16:01" }] } }),
        )
        .await;
        assert!(visitor.get(&login(SERVICE)).await.ticket().is_some());
        campus.advance(jiff::SignedDuration::from_secs(60));
        assert_refused(&visitor.get(&login(SERVICE)).await, "times", &["16:01"]);
    })
    .await;
}

#[tokio::test] // What was right at issue may have changed since.
async fn access_is_asked_again_at_validation() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for (keys, reason, _) in refusals() {
            register(campus, &json!({})).await;
            let ticket = visitor.get(&login(SERVICE)).await.ticket().unwrap();
            register(campus, &keys).await;
            let answer = campus.visitor().validate(SERVICE, &ticket).await;
            assert!(
                answer.contains("code=\"INVALID_TICKET\""),
                "{reason}: {answer}"
            );
            assert!(!answer.contains("cas:user"), "{reason}: {answer}");
            // Burnt all the same: opening the application again doesn't bring it back.
            register(campus, &json!({})).await;
            let again = campus.visitor().validate(SERVICE, &ticket).await;
            assert!(again.contains("INVALID_TICKET"), "{reason}: {again}");
        }
        let refused = campus.audited("cas.ticket.refuse", "refused").await;
        assert_eq!(refused, i64::try_from(refusals().len()).unwrap());
    })
    .await;
}

/// What an application is told, name by name, over XML and over JSON: the same.
async fn told(campus: &Campus, visitor: &mut Visitor) -> (String, Vec<(String, String)>) {
    let ticket = visitor.get(&login(SERVICE)).await.ticket().unwrap();
    let xml = campus.visitor().validate(SERVICE, &ticket).await;
    let document = Document::parse(&xml).unwrap();
    let find = |name| document.descendants().find(|n| n.has_tag_name((CAS, name)));
    let user = find("user").unwrap().text().unwrap().to_owned();
    let from_xml: Vec<(String, String)> = find("attributes")
        .unwrap()
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|n| {
            (
                n.tag_name().name().to_owned(),
                n.text().unwrap_or_default().to_owned(),
            )
        })
        .collect();

    let ticket = visitor.get(&login(SERVICE)).await.ticket().unwrap();
    let address = format!("/cas/p3/serviceValidate?service={SERVICE}&ticket={ticket}&format=JSON");
    let reply = campus.visitor().get(&address).await;
    let body: Value = serde_json::from_slice(&reply.bytes).unwrap();
    let success = &body["serviceResponse"]["authenticationSuccess"];
    assert_eq!(success["user"], user.as_str());
    let mut from_json = Vec::new();
    for (name, values) in success["attributes"].as_object().unwrap() {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let values = values
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![values.clone()]);
        from_json.extend(values.iter().map(|value| (name.clone(), text(value))));
    }
    let sorted = |mut pairs: Vec<(String, String)>| {
        pairs.sort();
        pairs
    };
    assert_eq!(sorted(from_xml.clone()), sorted(from_json));
    (user, from_xml)
}

/// Without those that every application is told.
fn released(told: Vec<(String, String)>) -> Vec<(String, String)> {
    const ALWAYS: [&str; 4] = [
        "authenticationDate",
        "longTermAuthenticationRequestTokenUsed",
        "isFromNewLogin",
        "authenticationMethod",
    ];
    let (always, rest): (Vec<_>, Vec<_>) = told
        .into_iter()
        .partition(|(n, _)| ALWAYS.contains(&n.as_str()));
    assert_eq!(always.len(), 4, "{always:?}");
    rest
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(owned).collect()
}

#[tokio::test] // PRV-05, XML-01
async fn an_application_is_told_what_its_policy_says_under_its_own_names() {
    each_campus(async |campus| {
        hold_a_second_number(campus).await;
        set_group(campus, "lab", STUDENT, Wish::Add).await;
        set_group(campus, "choir", STAFF_NUMBER, Wish::Add).await;
        let mut visitor = signed_in(campus).await;
        let release = json!([{ "attribute": "number", "as": "uid" }, "numbers", "affiliation",
            { "attribute": "groups", "as": "member-of" },
            { "constant": "<示例&大学>", "as": "school" }]);
        register(
            campus,
            &json!({ "release": release, "account_number": "staff" }),
        )
        .await;
        let (user, all) = told(campus, &mut visitor).await;
        assert_eq!(user, STAFF_NUMBER);
        assert_eq!(
            released(all),
            pairs(&[
                ("uid", STAFF_NUMBER),
                ("numbers", STAFF_NUMBER),
                ("numbers", STUDENT),
                ("affiliation", "staff"),
                ("affiliation", "student"),
                ("member-of", "choir"),
                ("member-of", "lab"),
                ("school", "<示例&大学>"),
            ])
        );

        register(
            campus,
            &json!({ "release": release, "account_number": "student" }),
        )
        .await;
        let (user, all) = told(campus, &mut visitor).await;
        assert_eq!(user, STUDENT);
        assert_eq!(
            released(all)[..2],
            pairs(&[("uid", STUDENT), ("numbers", STUDENT)])
        );

        // Its own access policy narrows what number it may know her by.
        register(campus, &json!({ "access": { "affiliations": ["staff"] } })).await;
        let (user, all) = told(campus, &mut visitor).await;
        assert_eq!((user.as_str(), released(all)), (STAFF_NUMBER, Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn a_group_opens_an_application_at_once_and_closes_it_at_once() {
    each_campus(async |campus| {
        register(
            campus,
            &json!({ "access": { "groups": ["lab-admins", "lab"] } }),
        )
        .await;
        let mut visitor = signed_in(campus).await;
        set_group(campus, "lab", ADMINISTRATOR, Wish::Add).await;
        set_group(campus, "labs", STUDENT, Wish::Add).await;
        assert_refused(&visitor.get(&login(SERVICE)).await, "group", &[]);
        set_group(campus, "lab", STUDENT, Wish::Add).await;
        let ticket = visitor.get(&login(SERVICE)).await.ticket().unwrap();
        set_group(campus, "lab", STUDENT, Wish::Remove).await;
        let answer = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(answer.contains("INVALID_TICKET"), "{answer}");
        assert_refused(&visitor.get(&login(SERVICE)).await, "group", &[]);
        assert_eq!(campus.audited("group.change", "success").await, 4);
    })
    .await;
}
