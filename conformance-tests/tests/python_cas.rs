//! python-cas, versions 1, 2 and 3 of the protocol.

use anyhow::{Context as _, Result, ensure};
use conformance_tests::application::{
    forgotten, is_about_the_student, known, outcome, sign_in, sign_out, told,
};
use conformance_tests::campus::Campus;
use conformance_tests::python::{Verdict, verify};
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::story::{SERVICE, ticket};
use conformance_tests::{demo, on_each_engine};

on_each_engine!(
    a_ticket_is_good_once,
    version_3_has_the_attributes,
    a_ticket_for_another_service_is_refused_and_burnt,
    an_application_hears_of_the_sign_out,
);

const VERSIONS: [u8; 3] = [1, 2, 3];

/// TKT-01
async fn a_ticket_is_good_once(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    for version in VERSIONS {
        let ticket = ticket(&server.visitor()?, &server, SERVICE).await?;
        let first = verify(&server, version, SERVICE, &ticket).await?;
        ensure!(
            first.user.as_deref() == Some(demo::STUDENT.number),
            "v{version}: {first:?}"
        );
        let replay = verify(&server, version, SERVICE, &ticket).await?;
        ensure!(
            is_refused(&replay),
            "v{version} takes a ticket twice: {replay:?}"
        );
    }
    Ok(())
}

async fn version_3_has_the_attributes(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let ticket = ticket(&server.visitor()?, &server, SERVICE).await?;
    let verdict = verify(&server, 3, SERVICE, &ticket).await?;
    let attributes = verdict.attributes.context("no attributes")?;
    ensure!(
        attributes
            .get("number")
            .is_some_and(|it| it == demo::STUDENT.number),
        "{attributes:?}"
    );
    ensure!(
        attributes
            .get("affiliation")
            .is_some_and(|it| it == "student"),
        "{attributes:?}"
    );
    let name = attributes.get("name").and_then(|name| name.as_str());
    ensure!(name.is_some_and(|name| !name.is_empty()), "{attributes:?}");
    Ok(())
}

/// TKT-03
async fn a_ticket_for_another_service_is_refused_and_burnt(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    for version in VERSIONS {
        let ticket = ticket(&server.visitor()?, &server, SERVICE).await?;
        let other = format!("{SERVICE}/other");
        let wrong = verify(&server, version, &other, &ticket).await?;
        ensure!(
            is_refused(&wrong),
            "v{version} takes another's ticket: {wrong:?}"
        );
        let late = verify(&server, version, SERVICE, &ticket).await?;
        ensure!(
            is_refused(&late),
            "v{version}: the ticket outlived its misuse: {late:?}"
        );
    }
    Ok(())
}

/// CAS 50, CAS 55
async fn an_application_hears_of_the_sign_out(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let (visitor, friend) = (campus.server.visitor()?, campus.server.visitor()?);
    is_about_the_student(&told(&sign_in(&visitor, &campus.mail()).await?)?)?;
    sign_in(&friend, &campus.mail()).await?;
    is_about_the_student(&told(&known(&visitor, &campus.mail()).await?)?)?;

    let page = sign_out(&visitor).await?;
    forgotten(&visitor, &campus.mail()).await?;
    // Another's session stays.
    known(&friend, &campus.mail()).await?;
    let outcome = outcome(&visitor, page).await?;
    ensure!(outcome == ["delivered"], "{outcome:?}");
    Ok(())
}

fn is_refused(verdict: &Verdict) -> bool {
    verdict.user.is_none() && verdict.attributes.is_none()
}
