//! An import beside visitors: all of them are served, and all of the people come in. How long
//! either takes is told by `make load`, not here: this machine is shared.

use std::time::Duration;

use anyhow::{Result, ensure};
use conformance_tests::load::{Crowd, Deed};
use conformance_tests::on_each_engine;
use conformance_tests::openid_hop;
use conformance_tests::people::{self, Validity};
use conformance_tests::process::Running;
use conformance_tests::residents;
use conformance_tests::server::Site;
use conformance_tests::stage::Stage;

on_each_engine!(an_import_stops_nobody_at_the_door);

const PEOPLE: u32 = 20_000;
const RESIDENTS: u32 = 32;
const PER_SECOND: u32 = 10;
const MOST: Duration = Duration::from_mins(3);

async fn an_import_stops_nobody_at_the_door(stage: &Stage) -> Result<()> {
    let server = Site::new(stage, "server", &residents::configuration())
        .await?
        .start()
        .await?;
    server.register_client(&openid_hop::entry()).await?;
    let file = stage.folder().join("people.csv");
    people::write(&file, 0..PEOPLE, Validity::Now)?;
    let residents = residents::settle(stage, &server, PEOPLE..PEOPLE + RESIDENTS).await?;
    let crowd = Crowd::gather(&server, residents).await?;
    let mut command = server.site().command(&["import", "people"])?;
    let mut import = Running::start("import", command.arg(&file), &stage.log("import"))?;

    // As long as the import goes on.
    let goes_on = |time| Ok(import.ended()?.is_none() && time < MOST);
    let series = crowd.at_pace(&Deed::ALL, PER_SECOND, goes_on).await?;

    let status = import.wait(MOST).await?;
    ensure!(status.success(), "the import failed: {status}");
    // As many as came were let in: at_pace fails with the first who wasn't.
    let visits: usize = series.iter().map(|times| times.all.len()).sum();
    ensure!(visits > 0, "nobody came");
    Ok(())
}
