//! Apache's `mod_auth_cas` as the application.

use anyhow::{Context as _, Result, ensure};
use conformance_tests::apache::Apache;
use conformance_tests::page::Page;
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::visitor::Visitor;
use conformance_tests::{demo, on_each_engine};

on_each_engine!(one_password_opens_two_applications_until_the_sign_out);

async fn one_password_opens_two_applications_until_the_sign_out(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let apache = Apache::start(stage, &server).await?;
    let visitor = server.visitor()?;

    let asked = visitor
        .through(sent_to_sign_in(&visitor, &apache.secret()).await?)
        .await?;
    let form = asked.expect("sign_in")?.form()?;
    let form = form
        .with("username", demo::STUDENT.number)
        .with("password", demo::PASSWORD);
    let page = let_in(&visitor, visitor.submit_through(&form).await?).await?;
    ensure!(
        page.text("#user").as_deref() == Some(demo::STUDENT.number),
        "{}",
        page.summary()
    );
    ensure!(
        page.text("#name").is_some_and(|name| !name.is_empty()),
        "{}",
        page.summary()
    );
    ensure!(
        page.text("#affiliation").as_deref() == Some("student"),
        "{}",
        page.summary()
    );

    // The second application: no page of ours between.
    let hop = sent_to_sign_in(&visitor, &apache.other_secret()).await?;
    let page = let_in(&visitor, visitor.through(hop).await?).await?;
    ensure!(
        page.text("#user").as_deref() == Some(demo::STUDENT.number),
        "{}",
        page.summary()
    );

    sign_out(&visitor).await?;
    // Apache's own session would still answer her; the sign-in that it sends strangers to asks.
    let stranger = server.visitor()?;
    let login = sent_to_sign_in(&stranger, &apache.secret())
        .await?
        .redirect();
    let again = visitor.open(login.context("a redirect")?).await?;
    visitor.through(again).await?.expect("sign_in")?;
    Ok(())
}

/// Opens a protected page; Apache sends the visitor to us.
async fn sent_to_sign_in(visitor: &Visitor, address: &str) -> Result<Page> {
    let page = visitor.open(address.parse()?).await?;
    let target = page.redirect().with_context(|| page.summary())?;
    ensure!(target.path() == "/cas/login", "sent elsewhere: {target}");
    Ok(page)
}

/// Follows the redirect with the ticket to Apache, and Apache's own to the page without it.
async fn let_in(visitor: &Visitor, page: Page) -> Result<Page> {
    page.ticket()
        .with_context(|| format!("no ticket: {}", page.summary()))?;
    let entered = visitor.open(page.redirect().context("a redirect")?).await?;
    let target = entered.redirect().with_context(|| entered.summary())?;
    visitor.open(target).await
}

/// `/cas/logout`, which a browser comes to by a link.
async fn sign_out(visitor: &Visitor) -> Result<()> {
    let page = visitor.through(visitor.get("/cas/logout").await?).await?;
    page.expect("signed_out")?;
    Ok(())
}
