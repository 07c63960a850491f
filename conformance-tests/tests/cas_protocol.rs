//! The CAS conformance suite on this server: no case fails but those of the documented deviations.

use std::net::SocketAddr;

use anyhow::Result;
use conformance_tests::demo;
use conformance_tests::on_each_engine;
use conformance_tests::process::free_ports;
use conformance_tests::server::Site;
use conformance_tests::stage::Stage;
use conformance_tests::suite::acceptance;
use conformance_tests::suite::cas;
use conformance_tests::suite::context::Context;
use conformance_tests::suite::options::Options;
use serde_json::json;

on_each_engine!(the_server_keeps_the_protocol);

const DEVIATIONS: &str = include_str!("../expectations/yimen.toml");

async fn the_server_keeps_the_protocol(stage: &Stage) -> Result<()> {
    let [listen, callback] = free_ports()?;
    let ca = stage.folder().join("suite-ca.pem");
    // One account signs in hundreds of times, and is wrong on purpose more than thrice a day.
    let configuration = format!(
        "[egress]\nca_file = {:?}\n\n[limits]\nstranger_per_minute = 100000\ncaptcha_after = 9\n",
        ca.display().to_string()
    );
    let site = Site::new(stage, "server", &configuration).await?;
    let callback = format!("https://localhost:{callback}");
    let options = Options {
        other_service: Some("http://other.example.test/reader".to_owned()),
        https_service: Some("https://secure.example.test/app".to_owned()),
        listen: Some(SocketAddr::from(([127, 0, 0, 1], listen))),
        callback: Some(format!("{callback}/pgt?own=1").parse()?),
        callback_denied: Some(format!("{callback}/denied").parse()?),
        proxy_target: Some("https://mail.example.test/in".to_owned()),
        target_callback: Some(format!("{callback}/mail").parse()?),
        chain_target: Some("https://store.example.test/in".to_owned()),
        opaque_target: Some("imap://mail.example.test".to_owned()),
        no_proxy_service: Some("http://other.example.test/reader".to_owned()),
        ca_out: Some(ca),
        ticket_lifetime: Some(10),
        ..Options::new(
            site.node().url().join("cas")?,
            demo::STUDENT.number,
            demo::PASSWORD,
            "http://app.example.test/library",
        )
    };
    // The authority of its callbacks is there before the server reads it.
    let mut context = Context::new(options).await?;
    let server = site.start().await?;
    server
        .register(&applications(&callback), "https://store.example.test/in")
        .await?;

    let name = format!("{:?}.html", stage.engine).to_lowercase();
    let report = stage.keepsakes("cas-conformance")?.join(name);
    acceptance::run(&cas::SUITE, cas::all(), &mut context, &report, DEVIATIONS).await
}

/// What the suite uses, as an administrator would register it.
fn applications(callback: &str) -> serde_json::Value {
    let named = |id: &str| json!({ "zh-CN": id, "en": id });
    json!([
        { "id": "app", "name": named("app"), "release": ["name", "affiliation", "org"],
            "cas": {
                "services": ["http://app.example.test/*"],
                "plain_http": true,
                "proxy": { "callbacks": [format!("{callback}/pgt?own=1")],
                    "targets": ["mail"] } } },
        { "id": "other", "name": named("other"),
            "cas": { "services": ["http://other.example.test/*"], "plain_http": true } },
        { "id": "mail", "name": named("mail"), "release": ["name"],
            "cas": {
                "services": ["https://mail.example.test/*"],
                "opaque_services": ["imap://mail.example.test"],
                "proxy": { "callbacks": [format!("{callback}/mail")], "targets": ["store"] } } },
        { "id": "secure", "name": named("secure"), "release": ["name", "affiliation"],
            "cas": { "services": ["https://secure.example.test/*"] } },
        { "id": "store", "name": named("store"),
            "cas": { "services": ["https://store.example.test/*"] } },
    ])
}
