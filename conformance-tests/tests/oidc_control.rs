//! The OpenID Connect suite on a server of other people: it fails where that server is known to be
//! other than the documents, and nowhere else.

use anyhow::Result;
use conformance_tests::engine::Engine;
use conformance_tests::oidc_control::OidcControl;
use conformance_tests::stage::{Stage, play};
use conformance_tests::suite::acceptance;
use conformance_tests::suite::oidc;
use conformance_tests::suite::oidc::provider::Provider;

const KNOWN: &str = include_str!("../expectations/oidc-provider.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_fails_where_it_is_known_to() {
    play("oidc-control", Engine::Sqlite, known_failures).await;
}

async fn known_failures(stage: &Stage) -> Result<()> {
    let control = OidcControl::start(stage.folder()).await?;
    let mut provider = Provider::new(control.options()).await?;
    let report = stage.keepsakes("oidc-conformance")?.join("control.html");
    acceptance::run(&oidc::SUITE, oidc::all(), &mut provider, &report, KNOWN).await
}
