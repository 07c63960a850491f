//! An application of somebody else's, as its visitor sees it: it sends strangers to us, takes them
//! in when they come back, and knows them until it is told that they left.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use url::Url;

use crate::demo;
use crate::page::Page;
use crate::process::LOOK_EVERY;
use crate::visitor::Visitor;

/// A logout notice goes out at once; a second try of one comes after some seconds.
const LOGOUT_PATIENCE: Duration = Duration::from_secs(30);
/// To a page without the ticket in its address, and once more for a cookie.
const MOST_REDIRECTS: usize = 4;
/// Where applications send strangers.
const SIGN_INS: [&str; 2] = ["/cas/login", "/oidc/authorize"];

/// Opens an application's page as a stranger to us: signs the demo's student in on the way. Gives
/// the application's page.
pub async fn sign_in(visitor: &Visitor, address: &str) -> Result<Page> {
    let asked = visitor.through(sent_to_us(visitor, address).await?).await?;
    let form = asked.expect("sign_in")?.form()?;
    let form = form
        .with("username", demo::STUDENT.number)
        .with("password", demo::PASSWORD);
    let answer = visitor.submit_through(&form).await?;
    come_back(visitor, answer).await
}

/// Opens an application's page as somebody whom we know: no page of ours comes between.
pub async fn enter(visitor: &Visitor, address: &str) -> Result<Page> {
    let hop = sent_to_us(visitor, address).await?;
    come_back(visitor, visitor.through(hop).await?).await
}

/// Opens an application's page as somebody whom it doesn't know: it sends them to us.
pub async fn sent_to_us(visitor: &Visitor, address: &str) -> Result<Page> {
    let page = open(visitor, address).await?;
    ensure!(
        is_sent_to_us(visitor, &page)?,
        "not sent to the sign-in: {}",
        page.summary()
    );
    Ok(page)
}

/// Follows the redirect with the ticket or the code to the application, and its own to the page
/// without it.
pub async fn come_back(visitor: &Visitor, mut page: Page) -> Result<Page> {
    page.ticket()
        .or_else(|| page.code())
        .with_context(|| format!("neither ticket nor code: {}", page.summary()))?;
    for _ in 0..MOST_REDIRECTS {
        let target = page.redirect().with_context(|| page.summary())?;
        page = visitor.open(target).await?;
        if page.status.is_success() {
            return Ok(page);
        }
        ensure!(
            !is_sent_to_us(visitor, &page)?,
            "the application didn't take it: {}",
            page.summary()
        );
    }
    bail!("redirects without end: {}", page.summary())
}

/// `/cas/logout`, which a browser comes to by a link.
pub async fn sign_out(visitor: &Visitor) -> Result<Page> {
    let page = visitor.through(visitor.get("/cas/logout").await?).await?;
    page.expect("signed_out")
}

/// What came of the notices to the applications, as the page after a sign-out says it in the end:
/// `delivered`, `told` or `failed` for each. Waits while one has no answer yet.
pub async fn outcome(visitor: &Visitor, signed_out: Page) -> Result<Vec<String>> {
    let deadline = Instant::now() + LOGOUT_PATIENCE;
    let again = signed_out.attribute("#ledger-again", "href");
    let again = visitor.url(&again.context("nobody was told of the sign-out")?)?;
    let mut page = signed_out;
    loop {
        let states = page.attributes(".ledger [data-state]", "data-state");
        if !states.iter().any(|state| state == "waiting") {
            return Ok(states);
        }
        if Instant::now() > deadline {
            bail!("notices wait: {}", page.summary());
        }
        tokio::time::sleep(LOOK_EVERY).await;
        page = visitor.open(again.clone()).await?;
    }
}

/// Waits until the application has forgotten a visitor it knew: they are sent to the sign-in as
/// any stranger is.
pub async fn forgotten(visitor: &Visitor, address: &str) -> Result<()> {
    let deadline = Instant::now() + LOGOUT_PATIENCE;
    loop {
        let page = open(visitor, address).await?;
        if is_sent_to_us(visitor, &page)? {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("still signed in at the application: {}", page.summary());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Fails unless the application knows its visitor already.
pub async fn known(visitor: &Visitor, address: &str) -> Result<Page> {
    let page = visitor.open(address.parse()?).await?;
    ensure!(page.status.is_success(), "not known: {}", page.summary());
    Ok(page)
}

/// What an application that answers in JSON said.
pub fn told(page: &Page) -> Result<Value> {
    serde_json::from_str(&page.body).with_context(|| format!("no JSON: {}", page.summary()))
}

/// Fails unless an answer `{"user": …, "attributes": {…}}` is about the demo's student, with the
/// attributes that the test's entries release.
pub fn is_about_the_student(told: &Value) -> Result<()> {
    let number = demo::STUDENT.number;
    ensure!(told["user"] == number, "somebody else: {told}");
    let attributes = &told["attributes"];
    ensure!(attributes["number"] == number, "{attributes}");
    ensure!(attributes["affiliation"] == "student", "{attributes}");
    let name = attributes["name"].as_str().unwrap_or_default();
    ensure!(
        !name.is_ascii(),
        "the name lost its characters: {attributes}"
    );
    Ok(())
}

/// An application's page, or the redirect by which it leaves its own origin.
async fn open(visitor: &Visitor, address: &str) -> Result<Page> {
    let mut page = visitor.open(address.parse()?).await?;
    for _ in 0..MOST_REDIRECTS {
        match page.redirect() {
            Some(target) if target.origin() == page.url.origin() => {
                page = visitor.open(target).await?;
            }
            _ => break,
        }
    }
    Ok(page)
}

/// By either protocol.
fn is_sent_to_us(visitor: &Visitor, page: &Page) -> Result<bool> {
    let home: Url = visitor.url("/")?;
    Ok(page.redirect().is_some_and(|target| {
        target.origin() == home.origin() && SIGN_INS.contains(&target.path())
    }))
}
