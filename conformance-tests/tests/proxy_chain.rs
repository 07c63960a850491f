//! A chain of applications by clients of two makes: the portal (phpCAS) fetches from the mail
//! (python-cas) in its visitor's name, which fetches from the archive (phpCAS) in its turn.

use anyhow::{Result, ensure};
use conformance_tests::application::{
    forgotten, is_about_the_student, known, outcome, sign_in, sign_out, told,
};
use conformance_tests::campus::Campus;
use conformance_tests::on_each_engine;
use conformance_tests::stage::Stage;
use conformance_tests::visitor::Visitor;
use serde_json::{Value, json};
use url::Url;

on_each_engine!(
    a_chain_of_two_ends_with_the_session,
    an_application_proxies_to_its_targets_only,
);

/// CAS 89, CAS 90, CAS 91, CAS 94
async fn a_chain_of_two_ends_with_the_session(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let visitor = campus.server.visitor()?;
    is_about_the_student(&told(&sign_in(&visitor, &campus.portal()).await?)?)?;

    let mail = format!("{}?onward", campus.mail());
    let seen = fetch(&campus, &visitor, &mail).await?;
    is_about_the_student(&seen["fetched"])?;
    ensure!(
        seen["fetched"]["proxies"] == json!([campus.portal()]),
        "{seen}"
    );
    let end = &seen["fetched"]["onward"];
    is_about_the_student(end)?;
    // Newest first.
    let chain = json!([campus.address("mail/pgt"), campus.portal()]);
    ensure!(end["proxies"] == chain, "{seen}");
    ensure!(last_grant(&campus, &visitor).await? == "granted", "{seen}");

    let page = sign_out(&visitor).await?;
    // What the session granted ends with it, to the last of the chain.
    let answer = last_grant(&campus, &visitor).await?;
    ensure!(answer == "INVALID_TICKET", "{answer}");
    forgotten(&visitor, &campus.portal()).await?;
    // Who took a proxy ticket is told as who took hers.
    let outcome = outcome(&visitor, page).await?;
    ensure!(outcome == ["delivered"; 3], "{outcome:?}");
    Ok(())
}

/// TKT-11
async fn an_application_proxies_to_its_targets_only(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let visitor = campus.server.visitor()?;
    sign_in(&visitor, &campus.portal()).await?;
    for address in [campus.archive(), campus.portal()] {
        let seen = fetch(&campus, &visitor, &address).await?;
        let refused = seen["refused"].as_str().unwrap_or_default();
        ensure!(
            refused.contains("UNAUTHORIZED_SERVICE"),
            "{address}: {seen}"
        );
    }
    let seen = fetch(&campus, &visitor, &campus.mail()).await?;
    is_about_the_student(&seen["fetched"])
}

/// What the portal says after it fetched from an address.
async fn fetch(campus: &Campus, visitor: &Visitor, address: &str) -> Result<Value> {
    let page = Url::parse_with_params(&campus.portal(), [("fetch", address)])?;
    told(&known(visitor, page.as_str()).await?)
}

/// What the server says to the last proxy-granting ticket that the mail got.
async fn last_grant(campus: &Campus, visitor: &Visitor) -> Result<String> {
    let told = told(&known(visitor, &campus.address("mail/last-pgt")).await?)?;
    Ok(told["answer"].as_str().unwrap_or_default().to_owned())
}
