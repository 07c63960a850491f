//! The OpenID Connect suite on this server: no case fails but those of the documented deviations.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use conformance_tests::binary::crate_folder;
use conformance_tests::demo;
use conformance_tests::on_each_engine;
use conformance_tests::process::free_ports;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::suite::acceptance;
use conformance_tests::suite::oidc;
use conformance_tests::suite::oidc::provider::{Options, Provider};
use conformance_tests::suite::oidc::registration::{self, Form};
use conformance_tests::suite::oidc::target::{Account, Target};
use conformance_tests::suite::options::Profile;
use serde_json::{Value, json};

on_each_engine!(the_server_keeps_the_documents);

const DEVIATIONS: &str = include_str!("../expectations/yimen-oidc.toml");
/// The clients for the OpenID Foundation's own suite, as the documentation has them.
const FOUNDATION: &str = include_str!("../../docs/examples/oidf-clients.json");
/// Of a service that tells when the registry was read again.
const SERVICE: &str = "http://app.example.test/";

async fn the_server_keeps_the_documents(stage: &Stage) -> Result<()> {
    let [listen] = free_ports()?;
    // One account signs in dozens of times, and guesses on purpose.
    let configuration = "[limits]\nstranger_per_minute = 100000\ncaptcha_after = 9\n";
    let site = Site::new(stage, "server", configuration).await?;
    let account = |number: &str| Account {
        name: number.to_owned(),
        password: demo::PASSWORD.to_owned(),
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], listen));
    let other = Some(account(demo::ADMINISTRATOR));
    let mut target = Target::fresh(listen, account(demo::STUDENT.number), other)?;
    // Seconds: most of the run passes before that anyway.
    target.code_lifetime = Some(60);

    let server = site.start().await?;
    let mut entries = registration::write(&target, Form::Yimen)?;
    let app = json!({ "id": "app", "name": { "zh-CN": "app", "en": "app" },
        "cas": { "services": [format!("{SERVICE}*")], "plain_http": true } });
    entries.as_array_mut().context("no array")?.push(app);
    server.register(&entries, SERVICE).await?;
    takes_the_foundations_clients(&server).await?;

    let mut provider = Provider::new(Options {
        issuer: server.url().clone(),
        target,
        profile: Profile::Strict,
    })
    .await?;
    let name = format!("{:?}.html", stage.engine).to_lowercase();
    let report = stage.keepsakes("oidc-conformance")?.join(name);
    acceptance::run(
        &oidc::SUITE,
        oidc::all(),
        &mut provider,
        &report,
        DEVIATIONS,
    )
    .await
}

/// The example of the documentation is registered as it stands, not only in a demonstration.
async fn takes_the_foundations_clients(server: &Server) -> Result<()> {
    let entries: Value = serde_json::from_str(FOUNDATION)?;
    let sides = entries.as_array().context("no array")?.iter();
    let keys: BTreeSet<&str> = sides
        .filter_map(|entry| entry["oidc"].as_object())
        .flat_map(|side| side.keys().map(String::as_str))
        .collect();
    for key in [
        "client_id",
        "client_secret",
        "redirect_uris",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "frontchannel_logout_uri",
        "token_endpoint_auth_method",
        "jwks",
        "jwks_uri",
        "grant_types",
        "subject_type",
        "require_pkce",
        "profile",
        "id_token_signed_response_alg",
        "consent",
    ] {
        ensure!(keys.contains(key), "the example has no {key}");
    }
    let file = crate_folder().join("../docs/examples/oidf-clients.json");
    let said = server
        .run(&["import", "applications", &file.display().to_string()])
        .await?;
    for entry in entries.as_array().into_iter().flatten() {
        let id = entry["oidc"]["client_id"]
            .as_str()
            .context("no client_id")?;
        let told = format!("client_id {id}");
        ensure!(said.lines().any(|line| line == told), "no {id}: {said}");
    }
    Ok(())
}
