//! `make load`: what visitors wait for, each kind alone at full speed, a hop by CAS and one by
//! OpenID Connect among them, then 20 a second without and beside an import. Times depend on the machine: within one run the ratios tell.
//!
//!     load [SECONDS] [PEOPLE]
#![expect(clippy::print_stdout, reason = "a tool that reports")]

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use conformance_tests::engine::Engine;
use conformance_tests::load::{Crowd, Deed, Times};
use conformance_tests::openid_hop;
use conformance_tests::people::{self, Validity};
use conformance_tests::process::Running;
use conformance_tests::residents;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;

const VISITORS: usize = 16;
/// Enough that no account is tried by many at once, which would bring a captcha.
const RESIDENTS: u32 = 64;
/// Beyond those that are imported meanwhile.
const FIRST_RESIDENT: u32 = 10_000_000;
const PER_SECOND: u32 = 20;
/// The longest an import may take here.
const MOST: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let seconds = number(arguments.next(), 15)?;
    let people = number(arguments.next(), 50_000)?;
    let time = Duration::from_secs(seconds.into());
    let stage = Stage::new("load", Engine::of_tools())?;
    let outcome = measure(&stage, time, people).await;
    stage.leave(outcome.is_err()).await;
    outcome
}

fn number(argument: Option<String>, default: u32) -> Result<u32> {
    let Some(text) = argument else {
        return Ok(default);
    };
    text.parse()
        .with_context(|| format!("{text} is no number; usage: load [SECONDS] [PEOPLE]"))
}

async fn measure(stage: &Stage, time: Duration, people: u32) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("A debug build: the figures are none of a release.");
    }
    let server = Site::new(stage, "server", &residents::configuration())
        .await?
        .start()
        .await?;
    let residents = residents::settle(stage, &server, FIRST_RESIDENT..FIRST_RESIDENT + RESIDENTS);
    server.register_client(&openid_hop::entry()).await?;
    let crowd = Crowd::gather(&server, residents.await?).await?;
    println!("On {:?}. Milliseconds.", stage.engine);

    println!(
        "\n{VISITORS} visitors at full speed, {} s each",
        time.as_secs()
    );
    let mut hops = Vec::new();
    for deed in Deed::ALL {
        let times = crowd.at_full_speed(deed, VISITORS, time).await?;
        print_times(&times, Some(time));
        if matches!(deed, Deed::Hop | Deed::OpenidHop) {
            hops.push(times);
        }
    }
    if let [cas, openid] = &hops[..] {
        println!(
            "  hops by OpenID Connect over CAS: median ×{:.2}, 99 % ×{:.2}",
            openid.at(0.5) / cas.at(0.5),
            openid.at(0.99) / cas.at(0.99),
        );
    }

    let deeds = [Deed::SignIn, Deed::Hop];
    println!("\n{PER_SECOND} sign-ins a second, half of them by password");
    let alone = crowd
        .at_pace(&deeds, PER_SECOND, |passed| Ok(passed < time))
        .await?;
    for times in &alone {
        print_times(times, None);
    }

    println!("\nThe same beside an import of {people} people");
    let beside = beside_import(stage, &server, &crowd, &deeds, people).await?;
    for times in &beside {
        print_times(times, None);
    }

    println!("\nBeside the import over without");
    for (beside, alone) in beside.iter().zip(&alone) {
        println!(
            "  {:22} median ×{:.2}, 99 % ×{:.2}, longest {:+.0} ms",
            alone.deed.name(),
            beside.at(0.5) / alone.at(0.5),
            beside.at(0.99) / alone.at(0.99),
            beside.at(1.0) - alone.at(1.0),
        );
    }
    Ok(())
}

async fn beside_import(
    stage: &Stage,
    server: &Server,
    crowd: &Crowd,
    deeds: &[Deed],
    people: u32,
) -> Result<Vec<Times>> {
    let file = stage.folder().join("people.csv");
    people::write(&file, 0..people, Validity::Now)?;
    let mut command = server.site().command(&["import", "people"])?;
    let begun = Instant::now();
    let mut import = Running::start("import", command.arg(file), &stage.log("import"))?;
    let goes_on = |passed| Ok(import.ended()?.is_none() && passed < MOST);
    let beside = crowd.at_pace(deeds, PER_SECOND, goes_on).await?;
    let status = import.wait(MOST).await?;
    ensure!(status.success(), "the import failed: {status}");
    println!("  the import took {:.1} s", begun.elapsed().as_secs_f64());
    Ok(beside)
}

fn print_times(times: &Times, full_speed: Option<Duration>) {
    print!("  {:22} {:6} times", times.deed.name(), times.all.len());
    if let Some(time) = full_speed {
        let count = u32::try_from(times.all.len()).unwrap_or(u32::MAX);
        print!(" {:8.1}/s", f64::from(count) / time.as_secs_f64());
    }
    println!(
        "  median {:7.1}  95 % {:7.1}  99 % {:7.1}  longest {:7.1}",
        times.at(0.5),
        times.at(0.95),
        times.at(0.99),
        times.at(1.0),
    );
}
