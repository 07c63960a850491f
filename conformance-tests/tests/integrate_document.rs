//! What `docs/integrate.md` tells owners of applications to copy, copied and run. Its Apache is that
//! of `relying_parties`.

use anyhow::{Context as _, Result, ensure};
use conformance_tests::application::{
    come_back, forgotten, known, sent_to_us, sign_in, sign_out, told,
};
use conformance_tests::document::{DOCUMENTS, Example};
use conformance_tests::relying_party::{Documented, Guide, SECRET};
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::visitor::Visitor;
use conformance_tests::{demo, on_each_engine};
use serde_json::{Value, json};

on_each_engine!(every_entry_is_taken, node, django);

/// Complete entries, and what the sections have in place of the first one's addresses.
async fn every_entry_is_taken(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let examples = Example::all(DOCUMENTS[0])?;
    let entries = examples.iter().filter(|it| it.code.starts_with('{'));
    let mut taken = 0;
    for example in entries {
        let mut entry: Value = serde_json::from_str(&example.code.replace("THE-SECRET", SECRET))?;
        if entry.get("id").is_none() {
            entry["client_secret"] = SECRET.into();
            let name = json!({"zh-CN": "图书馆", "en": "Library"});
            entry = json!({"id": "library", "name": name, "oidc": entry});
        }
        let file = stage.folder().join("library.json");
        std::fs::write(&file, entry.to_string())?;
        let file = file.display().to_string();
        // Without --demo: as a school imports it.
        let said = server.run(&["import", "applications", &file]).await;
        said.with_context(|| example.code.clone())?;
        taken += 1;
    }
    ensure!(taken > 6, "the document has {taken} entries");
    Ok(())
}

async fn node(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let party = Documented::start(stage, &server, Guide::Node).await?;
    it_works(&server, &party).await?;
    // Told by the back channel.
    let visitor = server.visitor()?;
    sign_in(&visitor, &party.page()).await?;
    sign_out(&visitor).await?;
    forgotten(&visitor, &party.page()).await
}

async fn django(stage: &Stage) -> Result<()> {
    let server = Server::start(stage).await?;
    let party = Documented::start(stage, &server, Guide::Django).await?;
    it_works(&server, &party).await?;
    // It asks again by itself: OpenID Connect Core 3.1.2.1, `prompt=none`.
    let visitor = server.visitor()?;
    sign_in(&visitor, &party.page()).await?;
    visitor.open(party.later().parse()?).await?;
    let asking = sent_to_us(&visitor, &party.page()).await?;
    let prompt = asking.redirected_with("prompt");
    ensure!(prompt.as_deref() == Some("none"), "{}", asking.summary());
    let code = visitor.through(asking).await?;
    come_back(&visitor, code).await?;

    sign_out(&visitor).await?;
    known(&visitor, &party.page()).await?;
    visitor.open(party.later().parse()?).await?;
    let asking = sent_to_us(&visitor, &party.page()).await?;
    let answer = visitor.through(asking).await?;
    let error = answer.redirected_with("error");
    ensure!(
        error.as_deref() == Some("login_required"),
        "{}",
        answer.summary()
    );
    let back = answer.redirect().with_context(|| answer.summary())?;
    visitor.open(back).await?;
    is_a_stranger(&visitor, &party).await
}

async fn is_a_stranger(visitor: &Visitor, party: &Documented) -> Result<()> {
    let hop = sent_to_us(visitor, &party.page()).await?;
    visitor.through(hop).await?.expect("sign_in")?;
    Ok(())
}

async fn it_works(server: &Server, party: &Documented) -> Result<()> {
    let visitor = server.visitor()?;
    sign_in(&visitor, &party.page()).await?;
    let person = told(&known(&visitor, &party.page()).await?)?;
    ensure!(
        person["preferred_username"] == demo::STUDENT.number,
        "{person}"
    );
    ensure!(person["sub"].is_string(), "{person}");
    let name = person["name"].as_str().unwrap_or_default();
    ensure!(!name.is_ascii(), "the name lost its characters: {person}");

    let leaving = visitor.open(party.sign_out().parse()?).await?;
    let answer = visitor.through(leaving).await?;
    let back = answer.redirect().with_context(|| answer.summary())?;
    ensure!(back.as_str() == party.goodbye(), "sent to {back}");
    ensure!(visitor.open(back).await?.status.is_success());
    is_a_stranger(&visitor, party).await
}
