//! What the security tests share: what the database holds, what the audit trail says of an act,
//! and how a refusal must look.

use std::collections::BTreeMap;

use idp::applications::{Here, import};
use idp_domain::applications::ApplicationId;
use serde_json::Value;

use super::{Campus, Reply, SERVICE, Visitor};

pub const STUDENT: &str = idp::demo::STUDENT;
pub const PASSWORD: &str = idp::demo::PASSWORD;

/// What a refused request may write all the same: the counters and the audit trail. Every other
/// table, also one that comes with a later migration, it must leave alone (NOSTATE).
const COUNTED: &[&str] = &[
    "audit_events",
    "failed_secrets",
    "throttle_events",
    "throttles",
];

async fn tables(campus: &Campus) -> Vec<String> {
    let sql = if campus.parts.db.is_embedded() {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
            WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
    };
    let mut tables = scalars(campus, sql).await;
    tables.retain(|table| !COUNTED.contains(&table.as_str()));
    assert!(tables.len() > 30, "{tables:?}");
    tables
}

/// The rows of a table as text, in an order of their own.
pub async fn rows(campus: &Campus, table: &str) -> String {
    let sql = if campus.parts.db.is_embedded() {
        let columns = scalars(
            campus,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )
        .await;
        let quoted: Vec<String> = columns.iter().map(|c| format!("quote({c})")).collect();
        let line = quoted.join("||'|'||");
        format!(
            "SELECT coalesce(group_concat(line, char(10)), '')
             FROM (SELECT {line} AS line FROM {table} ORDER BY line)"
        )
    } else {
        format!("SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t")
    };
    scalars(campus, &sql).await.remove(0)
}

/// The first column of what a query finds.
pub async fn scalars(campus: &Campus, sql: &str) -> Vec<String> {
    let mut conn = campus.parts.db.read().await.unwrap();
    migrations::run!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(c)).unwrap()
}

/// Everything that a refused request must leave alone.
pub async fn state(campus: &Campus) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    for table in tables(campus).await {
        let rows = rows(campus, &table).await;
        state.insert(table, rows);
    }
    state
}

/// The tables that differ, so that a failing test says where.
pub fn differences<'a>(
    before: &'a BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<&'a str> {
    let differing = before
        .iter()
        .filter(|(table, rows)| after[*table] != **rows);
    differing.map(|(table, _)| table.as_str()).collect()
}

/// What an act gave, and the audit rows that it wrote: `event result reason`, sorted.
pub async fn audited_by<T>(campus: &Campus, act: impl AsyncFnOnce() -> T) -> (T, Vec<String>) {
    const TRAIL: &str =
        "SELECT event || ' ' || result || ' ' || coalesce(reason, '-') FROM audit_events";
    let before = scalars(campus, TRAIL).await;
    let gave = act().await;
    let mut new = scalars(campus, TRAIL).await;
    for row in before {
        let at = new.iter().position(|new| *new == row);
        new.swap_remove(at.expect("the trail only grows"));
    }
    new.sort();
    (gave, new)
}

/// The same for an act that must change nothing (NOSTATE).
pub async fn changing_nothing<T>(
    campus: &Campus,
    act: impl AsyncFnOnce() -> T,
) -> (T, Vec<String>) {
    let before = state(campus).await;
    let (gave, trail) = audited_by(campus, act).await;
    let after = state(campus).await;
    let changed = differences(&before, &after);
    assert!(changed.is_empty(), "changed: {changed:?}");
    (gave, trail)
}

/// A refusal on a page of ours: no way out of it, nothing granted (OWNPAGE, NOGRANT).
#[track_caller]
pub fn assert_own_page(reply: &Reply, status: u16, page: &str) {
    assert_eq!(
        (reply.status.as_u16(), reply.page().as_str()),
        (status, page),
        "{}",
        reply.body()
    );
    assert_eq!(reply.location(), None);
    assert_grants_nothing(reply);
    assert_links_stay_here(reply);
}

/// No cookie but the one of a stranger's browser is given; taking one away is no grant.
#[track_caller]
pub fn assert_grants_nothing(reply: &Reply) {
    assert_eq!(reply.ticket(), None);
    for cookie in reply.cookies() {
        let (name, rest) = cookie.split_once('=').unwrap();
        let stranger = matches!(
            name.trim_start_matches("__Host-"),
            "visitor" | "locale" | "unlock"
        );
        assert!(stranger || rest.starts_with(';'), "{cookie}");
    }
}

/// Every link, form and picture of a page is one of our own addresses, and its forms lead nowhere
/// else.
#[track_caller]
pub fn assert_links_stay_here(reply: &Reply) {
    let body = reply.body();
    for attribute in ["href=\"", "action=\"", "src=\"", "url="] {
        for rest in body.split(attribute).skip(1) {
            let link: String = rest.split(['"', '>']).next().unwrap().to_owned();
            let link = link.replace("&#x2f;", "/");
            let own = link.starts_with('#')
                || link.starts_with('/')
                    && !link.starts_with("//")
                    && !link.starts_with("/\\")
                    && !link.contains(|c: char| c.is_control());
            assert!(own, "{attribute}{link}");
        }
    }
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.ends_with("form-action 'self'"), "{policy}");
}

/// A browser in which the student is signed in.
pub async fn signed_in(campus: &Campus) -> Visitor {
    let mut visitor = campus.visitor();
    sign_in(&mut visitor).await;
    visitor
}

/// Signs the student in, and gives the ticket for [`SERVICE`].
pub async fn sign_in(visitor: &mut Visitor) -> String {
    let reply = visitor.sign_in(SERVICE, STUDENT, PASSWORD).await;
    let ticket = reply.ticket();
    ticket.unwrap_or_else(|| panic!("{} {}", reply.status, reply.body()))
}

/// Signs the student in on the way to [`SERVICE`], with boxes of the form ticked.
pub async fn sign_in_ticking(visitor: &mut Visitor, boxes: &[&str]) -> Reply {
    let page = visitor.sign_in_page(SERVICE).await;
    let mut fields = vec![("username", STUDENT), ("password", PASSWORD)];
    fields.extend(boxes.iter().map(|name| (*name, "true")));
    let reply = visitor.submit(&page, &fields).await;
    visitor.leave_the_queue(reply).await
}

/// Gives the student a second number, as one of the staff.
pub async fn give_a_second_number(campus: &Campus) {
    let sql = format!(
        "INSERT INTO roster (number, import_seq, person_id, display_number, name, affiliation,
            digest)
         SELECT 't2026001', import_seq, person_id, 'T2026001', name, 'staff', digest
         FROM current_roster WHERE number = '{STUDENT}'"
    );
    assert_eq!(campus.execute(&sql).await, 1);
}

/// Makes the student choose another password, as a school does after a leak.
pub async fn force_change(campus: &Campus) {
    let sql = format!(
        "UPDATE passwords SET must_change = TRUE WHERE person_id =
         (SELECT person_id FROM current_roster WHERE number = '{STUDENT}')"
    );
    assert_eq!(campus.execute(&sql).await, 1);
}

/// The page on which she chooses it.
pub async fn up_to_new_password(visitor: &mut Visitor) -> Reply {
    let page = visitor
        .get(&format!("{}&renew=true", super::login(SERVICE)))
        .await;
    let fields = [("username", STUDENT), ("password", PASSWORD)];
    let reply = visitor.submit(&page, &fields).await;
    let reply = visitor.leave_the_queue(reply).await;
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "new_password", "{}", page.body());
    page
}

/// Stops an account.
pub async fn suspend(campus: &Campus, number: &str) {
    let sql = format!(
        "UPDATE persons SET state = 'suspended' WHERE id =
         (SELECT person_id FROM current_roster WHERE number = '{number}')"
    );
    assert_eq!(campus.execute(&sql).await, 1);
}

/// A browser in which a newcomer is half-way in, and the page of her first step.
pub async fn half_way(campus: &Campus) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let first = visitor
        .sign_in(SERVICE, idp::demo::NEWCOMER, &initial)
        .await;
    let page = visitor.follow(first).await;
    assert_eq!(page.page(), "evidence", "{}", page.body());
    (visitor, page)
}

/// Brings an application into the registry of the campus' own node.
pub async fn register(campus: &Campus, entry: &Value) {
    let app = campus.idp.app();
    let (now, mut rng) = (app.clock.now(), app.entropy.rng());
    let mut tx = app.db.write().await.unwrap();
    let here = Here {
        issuer: app.config.server.issuer.as_str(),
        demo: true,
    };
    import(&mut tx, &entry.to_string(), here, now, &mut rng)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    app.applications.refresh_if_changed(&app.db).await.unwrap();
}

/// Takes one out again.
pub async fn unregister(campus: &Campus, id: &str) {
    let app = campus.idp.app();
    let (now, mut rng) = (app.clock.now(), app.entropy.rng());
    let id = ApplicationId::parse(id).unwrap();
    let mut tx = app.db.write().await.unwrap();
    assert!(
        idp::applications::remove(&mut tx, &id, now, &mut rng)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    app.applications.refresh_if_changed(&app.db).await.unwrap();
}

/// `path?name=value&…`, percent-encoded.
pub fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{path}?{}", Visitor::encode(pairs))
}

/// What an application reads: the user, or the code of the failure. The reader is a strict one.
#[track_caller]
pub fn verdict(xml: &str) -> Result<String, String> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|e| panic!("{e}: {xml}"));
    let all = |name: &str| -> Vec<roxmltree::Node<'_, '_>> {
        let nodes = document.descendants();
        nodes.filter(|n| n.tag_name().name() == name).collect()
    };
    match (
        all("authenticationSuccess").as_slice(),
        all("authenticationFailure").as_slice(),
    ) {
        ([_], []) => {
            let users = all("user");
            assert_eq!(users.len(), 1, "{xml}");
            Ok(users[0].text().unwrap_or_default().to_owned())
        }
        ([], [failure]) => {
            assert!(all("user").is_empty(), "{xml}");
            Err(failure.attribute("code").unwrap().to_owned())
        }
        _ => panic!("neither one success nor one failure: {xml}"),
    }
}

/// A ticket for a service, from a session.
pub async fn ticket(visitor: &mut Visitor, service: &str) -> String {
    let reply = visitor.get(&super::login(service)).await;
    let ticket = reply.ticket();
    ticket.unwrap_or_else(|| panic!("{} {}", reply.status, reply.body()))
}

/// Has a ticket validated at CAS 3.0's address.
pub async fn validate(campus: &Campus, service: &str, ticket: &str) -> Result<String, String> {
    verdict(&campus.visitor().validate(service, ticket).await)
}
