//! `kill -9` at the worst moments: nothing that was acknowledged is lost, nothing is usable twice.
//! FLT-01

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use conformance_tests::cas::{login_url, validate};
use conformance_tests::page::Page;
use conformance_tests::people::{self, Person, Validity};
use conformance_tests::process::{Running, tail};
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::story::{FirstSignIn, SERVICE, sign_in, ticket};
use conformance_tests::visitor::Visitor;
use conformance_tests::{demo, on_each_engine};

on_each_engine!(
    an_import_is_there_whole_or_not_at_all,
    the_wizard_goes_on_where_it_was,
    a_ticket_outlives_a_crash_but_not_its_use,
);

const PEOPLE: u32 = 20_000;

async fn an_import_is_there_whole_or_not_at_all(stage: &Stage) -> Result<()> {
    let mut server = Server::start(stage).await?;
    let file = stage.folder().join("people.csv");
    people::write(&file, 0..PEOPLE, Validity::Now)?;
    // At these times after its start: while it reads, while it writes. Should one be over by
    // then, it must be there whole.
    for (round, delay) in [200, 800, 2_000]
        .map(Duration::from_millis)
        .into_iter()
        .enumerate()
    {
        let mut import = start_import(stage, &server, &file)?;
        tokio::time::sleep(delay).await;
        let status = import.ended()?;
        let acknowledged = status.is_some_and(|status| status.success());
        ensure!(
            status.is_none() || acknowledged,
            "refused: {}",
            tail(&stage.log("import"))
        );
        import.kill()?;
        server.site().let_dead_imports_age().await?;
        // Every second time the server dies with it.
        if round % 2 == 0 {
            server.crash_and_restart().await?;
        }
        let there = who_is_there(&server).await?;
        let whole = there.iter().all(|there| *there);
        ensure!(whole || !there.contains(&true), "in part there: {there:?}");
        ensure!(whole || !acknowledged, "acknowledged, but not there");
    }
    let mut import = start_import(stage, &server, &file)?;
    let status = import.wait(Duration::from_mins(5)).await?;
    ensure!(
        status.success(),
        "after the crashes the import fails: {status}"
    );
    ensure!(
        who_is_there(&server).await?.iter().all(|there| *there),
        "not all are there"
    );
    Ok(())
}

fn start_import(stage: &Stage, server: &Server, file: &PathBuf) -> Result<Running> {
    let mut command = server.site().command(&["import", "people"])?;
    Running::start("import", command.arg(file), &stage.log("import"))
}

/// Whether the first, a middle and the last of the file open the wizard with what the import made
/// their initial password.
async fn who_is_there(server: &Server) -> Result<Vec<bool>> {
    let mut there = Vec::new();
    for index in [0, PEOPLE / 2, PEOPLE - 1] {
        let person = Person { index };
        let (number, password) = (person.number(), person.initial_password());
        let page = sign_in(&server.visitor()?, server, SERVICE, &number, &password).await?;
        there.push(match page.name().as_str() {
            "evidence" => true,
            "sign_in" => false,
            _ => bail!("neither refused nor taken: {}", page.summary()),
        });
    }
    Ok(there)
}

/// Crashes at each step. The same cookie finds the same step, and no ticket is given out before
/// the last.
async fn the_wizard_goes_on_where_it_was(stage: &Stage) -> Result<()> {
    let mut server = Server::start(stage).await?;
    let visitor = server.visitor()?;
    let mut page = story(&visitor, &server).begin(SERVICE).await?;
    page = after_a_crash(&mut server, &visitor, page).await?;
    let (sent, code) = story(&visitor, &server)
        .send_code(&page, demo::NEW.phone)
        .await?;
    page = after_a_crash(&mut server, &visitor, sent).await?;
    page = story(&visitor, &server).verify(&page, &code).await?;
    page = after_a_crash(&mut server, &visitor, page.expect("privacy_notice")?).await?;
    page = story(&visitor, &server).accept_notice(&page).await?;
    page = after_a_crash(&mut server, &visitor, page.expect("new_password")?).await?;
    page = story(&visitor, &server)
        .set_password(&page, demo::NEW_PASSWORD)
        .await?;
    page = after_a_crash(&mut server, &visitor, page.expect("bind_phone")?).await?;
    page = story(&visitor, &server).keep_phone(&page).await?;
    page = after_a_crash(&mut server, &visitor, page.expect("done")?).await?;
    let answer = story(&visitor, &server).finish(&page).await?;
    let ticket = answer.ticket().with_context(|| answer.summary())?;
    ensure!(
        validate(&server, SERVICE, &ticket).await?.is_success(),
        "no good ticket at the end"
    );

    // What was acknowledged holds: the new password, and that alone.
    server.crash_and_restart().await?;
    let number = demo::NEW.number;
    let answer = sign_in(
        &server.visitor()?,
        &server,
        SERVICE,
        number,
        demo::NEW_PASSWORD,
    )
    .await?;
    ensure!(
        answer.ticket().is_some(),
        "the new password is lost: {}",
        answer.summary()
    );
    let initial = conformance_tests::story::initial_password(&server, number)?;
    let answer = sign_in(&server.visitor()?, &server, SERVICE, number, &initial).await?;
    ensure!(
        answer.notice().as_deref() == Some("wrong_password"),
        "{}",
        answer.summary()
    );
    Ok(())
}

fn story<'a>(visitor: &'a Visitor, server: &'a Server) -> FirstSignIn<'a> {
    FirstSignIn { visitor, server }
}

/// Crashes, asks for a ticket all the same, and comes back to the step.
async fn after_a_crash(server: &mut Server, visitor: &Visitor, page: Page) -> Result<Page> {
    server.crash_and_restart().await?;
    let asked = visitor.open(login_url(server, SERVICE)?).await?;
    let asked = visitor.through(asked).await?;
    ensure!(
        asked.ticket().is_none(),
        "a ticket in the middle of the wizard: {}",
        asked.summary()
    );
    visitor.open(page.url.clone()).await?.expect(&page.name())
}

async fn a_ticket_outlives_a_crash_but_not_its_use(stage: &Stage) -> Result<()> {
    let mut server = Site::new(stage, "server", "").await?.start().await?;
    let visitor = server.visitor()?;

    // Issued, crashed: the ticket may have grown old meanwhile, but never serves twice.
    let issued = ticket(&visitor, &server, SERVICE).await?;
    server.crash_and_restart().await?;
    let first = validate(&server, SERVICE, &issued).await?;
    let second = validate(&server, SERVICE, &issued).await?;
    ensure!(!second.is_success(), "twice: {first:?}, then {second:?}");

    // Validated, crashed: used is used.
    let page = visitor.open(login_url(&server, SERVICE)?).await?;
    let used = page
        .ticket()
        .with_context(|| format!("no session left: {}", page.summary()))?;
    ensure!(
        validate(&server, SERVICE, &used).await?.is_success(),
        "a fresh ticket is refused"
    );
    server.crash_and_restart().await?;
    ensure!(
        !validate(&server, SERVICE, &used).await?.is_success(),
        "the crash revived a ticket"
    );
    Ok(())
}
