//! What the tests ask of pages and of the ledger.

use idp::demo::{PASSWORD, STUDENT};
use idp::jobs::notices::deliver_due;

use crate::support::{Campus, Reply, SERVICE, Visitor, login};

/// A browser in which the student is signed in, with no ticket of any application that is told.
pub async fn signed_in(campus: &Campus) -> Visitor {
    let mut visitor = campus.visitor();
    let page = visitor.get("/cas/login").await;
    let fields = [("username", STUDENT), ("password", PASSWORD)];
    let reply = visitor.submit(&page, &fields).await;
    let reply = visitor.leave_the_queue(reply).await;
    assert_eq!(reply.page(), "signed_in", "{}", reply.body());
    visitor
}

/// Signs in again in the same browser, as somebody.
pub async fn renew(visitor: &mut Visitor, number: &str) -> String {
    let page = visitor.get(&format!("{}&renew=true", login(SERVICE))).await;
    let fields = [("username", number), ("password", PASSWORD)];
    let reply = visitor.submit(&page, &fields).await;
    let reply = visitor.leave_the_queue(reply).await;
    reply.ticket().expect("a ticket")
}

/// Works off what is due now.
pub async fn deliver(campus: &Campus) {
    while deliver_due(campus.idp.app()).await.unwrap() > 0 {}
}

/// `application state` of each row of the page, sorted.
pub fn rows(page: &Reply) -> Vec<String> {
    let body = page.body();
    let mut rows: Vec<String> = body
        .split("<li data-state=\"")
        .skip(1)
        .map(|row| {
            let (state, rest) = row.split_once('"').unwrap();
            let (_, name) = rest.split_once("class=\"ledger-name\">").unwrap();
            let (name, _) = name.split_once('<').unwrap();
            format!("{name} {state}")
        })
        .collect();
    rows.sort();
    rows
}

/// The address at which a page's ledger is seen again.
pub fn ledger_address(page: &Reply) -> String {
    let body = page.body();
    let (_, rest) = body.split_once("id=\"ledger-again\" href=\"").unwrap();
    let (address, _) = rest.split_once('"').unwrap();
    address.replace("&#x2f;", "/")
}

/// `state reason` of each notice of an application, sorted.
pub async fn notices(campus: &Campus, application: &str) -> Vec<String> {
    let sql = format!(
        "SELECT state || ' ' || coalesce(reason, '-') FROM logout_notices
         WHERE application_id = '{application}' ORDER BY 1"
    );
    let mut conn = campus.parts.db.read().await.unwrap();
    migrations::run!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).fetch_all(c))
        .unwrap()
}
