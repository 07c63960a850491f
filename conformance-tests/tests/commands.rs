//! The command line, and how a server starts and ends.

use std::collections::VecDeque;
use std::fs;
use std::process::{Command, Output};

use anyhow::{Result, ensure};
use conformance_tests::binary;
use conformance_tests::engine::Engine;
use conformance_tests::on_each_engine;
use conformance_tests::server::Server;
use conformance_tests::stage::{Stage, play};
use conformance_tests::story::{SERVICE, initial_password, ticket, ticket_without_password};
use conformance_tests::{cas, demo};

on_each_engine!(a_second_start_keeps_the_data);

#[tokio::test]
async fn every_help_has_examples() {
    play("help", Engine::Sqlite, every_help).await;
}

#[tokio::test]
async fn a_bad_configuration_is_named_by_key_and_place() {
    play("configuration", Engine::Sqlite, bad_configurations).await;
}

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
    ensure!(
        initial_password(&server, demo::NEW.number)? == password,
        "made anew"
    );
    Ok(())
}

async fn every_help(_: &Stage) -> Result<()> {
    let mut commands = VecDeque::from([Vec::new()]);
    let mut seen = 0;
    while let Some(command) = commands.pop_front() {
        let help = text(&yimen(&[&command[..], &["--help".to_owned()]].concat())?);
        ensure!(
            help.contains("Examples"),
            "yimen {command:?} has no examples:\n{help}"
        );
        seen += 1;
        for name in subcommands(&help) {
            commands.push_back([&command[..], &[name]].concat());
        }
    }
    ensure!(seen > 10, "only {seen} commands were found");
    Ok(())
}

/// The names under `Commands:`.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            // A name stands two in; a description that goes on stands further in.
            let name = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))?;
            name.split_whitespace().next()
        });
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// FLT-11
async fn bad_configurations(stage: &Stage) -> Result<()> {
    let file = stage.folder().join("yimen.toml");
    let path = file.to_string_lossy().into_owned();
    for (written, named) in [
        ("[server]\nlissten = \"127.0.0.1:8080\"\n", "lissten"),
        ("[limits]\ncaptcha_after = 0\n", "captcha_after"),
        (
            "[server]\ntrusted_proxies = [\"0.0.0.0/0\"]\n",
            "trusted_proxies",
        ),
    ] {
        fs::write(&file, written)?;
        for command in ["config check", "up"] {
            let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            words.extend(["--config".to_owned(), path.clone()]);
            let output = yimen(&words)?;
            let said = text(&output);
            ensure!(
                !output.status.success(),
                "{command} takes {written}: {said}"
            );
            ensure!(
                said.contains(named) && said.contains(&format!("{path}:2")),
                "{said}"
            );
        }
    }
    for flags in [
        ["--issuer", "https://id.example.edu"],
        ["--listen", "0.0.0.0:0"],
    ] {
        let data = stage.folder().join("data").to_string_lossy().into_owned();
        let words = ["up", "--demo", "--data", &data, flags[0], flags[1]].map(str::to_owned);
        let output = yimen(&words)?;
        ensure!(
            !output.status.success(),
            "a demonstration for everybody: {flags:?}"
        );
        ensure!(text(&output).contains(flags[0]), "{}", text(&output));
    }
    Ok(())
}

/// Runs it to its end. A server that starts where it should refuse to is stopped.
fn yimen(words: &[String]) -> Result<Output> {
    const MOST_SECONDS: &str = "60";
    let mut command = Command::new("timeout");
    command.arg(MOST_SECONDS).arg(binary::path()?).args(words);
    Ok(command.output()?)
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}
