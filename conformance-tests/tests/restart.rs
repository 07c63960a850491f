//! A clean end and another start.

use anyhow::{Result, ensure};
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::story::{SERVICE, initial_password, ticket, ticket_without_password};
use conformance_tests::{cas, demo, on_each_engine};

on_each_engine!(a_second_start_keeps_the_data);

async fn a_second_start_keeps_the_data(stage: &Stage) -> Result<()> {
    let mut server = Server::start(stage).await?;
    let visitor = server.visitor()?;
    ticket(&visitor, &server, SERVICE).await?;
    let password = initial_password(&server, demo::NEW.number)?;
    server.stop().await?;
    server.restart().await?;
    let kept = ticket_without_password(&visitor, &server, SERVICE).await?;
    ensure!(
        cas::validate(&server, SERVICE, &kept).await?.is_success(),
        "the session is lost"
    );
    let printed = server.printed()?;
    let lines = printed
        .lines()
        .filter(|line| line.contains(demo::NEW.number));
    let promises: Vec<&str> = lines.filter(|line| line.contains(&password)).collect();
    ensure!(
        promises.len() == 2,
        "the newcomer's password was made anew: {printed}"
    );
    Ok(())
}
