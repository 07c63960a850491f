//! The suite on a CAS server of other people: it fails where that server is known to be other
//! than the protocol, and nowhere else.

use anyhow::Result;
use conformance_tests::control::Control;
use conformance_tests::engine::Engine;
use conformance_tests::stage::{Stage, play};
use conformance_tests::suite::acceptance;
use conformance_tests::suite::cas;
use conformance_tests::suite::context::Context;

const KNOWN: &str = include_str!("../expectations/django-cas-server.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_fails_where_it_is_known_to() {
    play("cas-control", Engine::Sqlite, known_failures).await;
}

async fn known_failures(stage: &Stage) -> Result<()> {
    let control = Control::start(stage.folder()).await?;
    let mut context = Context::new(control.options()?).await?;
    let report = stage.keepsakes("cas-conformance")?.join("control.html");
    acceptance::run(&cas::SUITE, cas::all(), &mut context, &report, KNOWN).await
}
