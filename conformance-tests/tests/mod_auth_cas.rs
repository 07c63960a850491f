//! Apache's `mod_auth_cas` as the application.

use anyhow::{Result, ensure};
use conformance_tests::apache::Apache;
use conformance_tests::application::{
    enter, forgotten, known, outcome, sent_to_us, sign_in, sign_out,
};
use conformance_tests::campus::Campus;
use conformance_tests::page::Page;
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::{demo, on_each_engine};

on_each_engine!(
    one_password_opens_two_applications_until_the_sign_out,
    saml_1_1_opens_it_too_until_the_sign_out,
);

/// CAS 50: each application is told of its own ticket, and forgets who had it.
async fn one_password_opens_two_applications_until_the_sign_out(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let apache = Apache::start(stage, &server).await?;
    let visitor = server.visitor()?;

    greets_the_student(&sign_in(&visitor, &apache.secret()).await?)?;
    // The second application: no page of ours between.
    greets_the_student(&enter(&visitor, &apache.other_secret()).await?)?;
    // Both know her from now on.
    known(&visitor, &apache.secret()).await?;
    known(&visitor, &apache.other_secret()).await?;

    // Another's session stays.
    let friend = server.visitor()?;
    sign_in(&friend, &apache.secret()).await?;
    let page = sign_out(&visitor).await?;
    forgotten(&visitor, &apache.secret()).await?;
    forgotten(&visitor, &apache.other_secret()).await?;
    known(&friend, &apache.secret()).await?;

    // It acted, but answers with the redirect to our sign-in as it does to every stranger, which
    // confirms nothing (decision 16). The demo's pattern makes one application of both.
    let outcome = outcome(&visitor, page).await?;
    ensure!(outcome == ["told"], "{outcome:?}");

    let hop = sent_to_us(&visitor, &apache.secret()).await?;
    visitor.through(hop).await?.expect("sign_in")?;
    Ok(())
}

/// CAS 124, CAS 125, CAS 126
async fn saml_1_1_opens_it_too_until_the_sign_out(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let visitor = campus.server.visitor()?;
    greets_the_student(&sign_in(&visitor, &campus.apache_saml()).await?)?;
    known(&visitor, &campus.apache_saml()).await?;
    sign_out(&visitor).await?;
    forgotten(&visitor, &campus.apache_saml()).await
}

fn greets_the_student(page: &Page) -> Result<()> {
    let said = |selector: &str| page.text(selector).unwrap_or_default();
    ensure!(said("#user") == demo::STUDENT.number, "{}", page.summary());
    ensure!(!said("#name").is_ascii(), "{}", page.summary());
    ensure!(said("#affiliation") == "student", "{}", page.summary());
    Ok(())
}
