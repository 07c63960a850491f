//! One ticket, many validations at once: TKT-02.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use conformance_tests::cas::{Validation, login_url, validate, validate_as};
use conformance_tests::engine::{Engine, postgres_is_wanted};
use conformance_tests::on_each_engine;
use conformance_tests::server::{Node, Site};
use conformance_tests::stage::{Stage, play};
use conformance_tests::story::{SERVICE, ticket, ticket_without_password};
use conformance_tests::visitor::{self, Visitor};
use reqwest::Method;
use reqwest::header::HOST;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

on_each_engine!(one_of_64_validations_succeeds);

const AT_ONCE: usize = 64;
const ROUNDS: usize = 10;

/// TKT-02: on PostgreSQL against two processes, on SQLite against the one that there can be.
async fn one_of_64_validations_succeeds(stage: &Stage) -> Result<()> {
    let site = Site::new(stage, "node-1", "").await?;
    let mut servers = vec![site.clone().start().await?];
    if stage.engine == Engine::Postgres {
        servers.push(site.another_node(stage, "node-2")?.start().await?);
    }
    let nodes: Vec<Node> = servers.iter().map(|server| Node::clone(server)).collect();
    let applications: Vec<Visitor> = (0..AT_ONCE)
        .map(|_| nodes[0].visitor())
        .collect::<Result<_>>()?;
    let visitor = nodes[0].visitor()?;
    ticket(&visitor, &nodes[0], SERVICE).await?;
    for round in 0..ROUNDS {
        let ticket = ticket_without_password(&visitor, &nodes[0], SERVICE).await?;
        let validations = all_at_once(&applications, &nodes, &ticket).await?;
        let successes = validations.iter().filter(|it| it.is_success()).count();
        ensure!(successes == 1, "round {round}: {successes} successes");
        for refused in validations.iter().filter(|it| !it.is_success()) {
            let expected = Validation::Failure {
                code: "INVALID_TICKET".to_owned(),
            };
            ensure!(*refused == expected, "round {round}: {refused:?}");
        }
    }
    Ok(())
}

async fn all_at_once(
    applications: &[Visitor],
    nodes: &[Node],
    ticket: &str,
) -> Result<Vec<Validation>> {
    let barrier = Arc::new(Barrier::new(applications.len()));
    let mut under_way = JoinSet::new();
    for (turn, application) in applications.iter().enumerate() {
        let (barrier, application, ticket) =
            (Arc::clone(&barrier), application.clone(), ticket.to_owned());
        let node = nodes[turn % nodes.len()].clone();
        under_way.spawn(async move {
            barrier.wait().await;
            validate_as(&application, &node, SERVICE, &ticket).await
        });
    }
    let mut validations = Vec::with_capacity(applications.len());
    while let Some(done) = under_way.join_next().await {
        validations.push(done??);
    }
    Ok(validations)
}

/// Behind a load balancer a visitor may meet either node. SQLite has only one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_one_node_holds_on_the_other() {
    if postgres_is_wanted() {
        play("two-nodes", Engine::Postgres, session_on_the_other_node).await;
    }
}

async fn session_on_the_other_node(stage: &Stage) -> Result<()> {
    let site = Site::new(stage, "node-1", "").await?;
    let first = site.clone().start().await?;
    let second = site.another_node(stage, "node-2")?.start().await?;
    let visitor = first.visitor()?;
    ticket(&visitor, &first, SERVICE).await?;
    // The cookie is one of `localhost`, whatever the port; the Host is the issuer's.
    let mut login = login_url(&first, SERVICE)?;
    if login.set_port(second.own_url("/")?.port()).is_err() {
        bail!("no port in {login}");
    }
    let request = visitor
        .request(Method::GET, login)
        .header(HOST, first.host());
    let answer = visitor::send(request).await?;
    let ticket = answer.ticket().with_context(|| answer.summary())?;
    let validation = validate(&first, SERVICE, &ticket).await?;
    ensure!(validation.is_success(), "{validation:?}");
    Ok(())
}
