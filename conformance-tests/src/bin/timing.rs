//! `make timing` (ENM-01): can the time of a refusal tell in which state an account is? Wrong
//! passwords for accounts of each state by turns, then how well a rank test tells two states
//! apart: 0.5 is not at all. It reports; what is good enough is for its reader (UNIFORM: ≤ 0.53).
//!
//!     timing [SAMPLES OF EACH STATE]
#![expect(clippy::print_stdout, reason = "a tool that reports")]

use std::collections::BTreeSet;
use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use conformance_tests::cas::login_url;
use conformance_tests::engine::Engine;
use conformance_tests::page::{Form, Page};
use conformance_tests::people::{self, Person, Validity};
use conformance_tests::residents;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::stats::{auc, auc_error, milliseconds, percentile};
use conformance_tests::story::SERVICE;
use conformance_tests::visitor::Visitor;

/// Tries of each account: fewer than bring a captcha.
const TRIES: u32 = 2;
const DEFAULT_SAMPLES: u32 = 1_000;
/// Between two numbers of standard errors, chance rarely goes further.
const RARE: f64 = 1.96;

/// What a stranger would like to know about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Activated,
    NotActivated,
    /// Of somebody who left years ago.
    Past,
}

impl State {
    const ALL: [Self; 4] = [
        Self::Unknown,
        Self::Activated,
        Self::NotActivated,
        Self::Past,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Activated => "activated",
            Self::NotActivated => "not activated",
            Self::Past => "outside validity",
        }
    }

    /// The indices of its people, `count` of them.
    fn people(self, count: u32) -> std::ops::Range<u32> {
        let first = self as u32 * count;
        first..first + count
    }
}

/// The refusals of one state.
#[derive(Debug)]
struct Series {
    state: State,
    times: Vec<Duration>,
    /// Lengths of the pages, bytes: one, if nothing shows.
    lengths: BTreeSet<usize>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let samples = match env::args().nth(1) {
        Some(text) => text
            .parse()
            .with_context(|| format!("{text} is no number of samples"))?,
        None => DEFAULT_SAMPLES,
    };
    let stage = Stage::new("timing", Engine::of_tools())?;
    let outcome = measure(&stage, samples).await;
    stage.leave(outcome.is_err()).await;
    outcome
}

async fn measure(stage: &Stage, samples: u32) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("A debug build: the figures are none of a release.");
    }
    let configuration = residents::configuration();
    let server = Site::new(stage, "server", &configuration)
        .await?
        .start()
        .await?;
    let accounts = samples.div_ceil(TRIES);
    populate(stage, &server, accounts).await?;
    println!(
        "On {:?}: {samples} wrong passwords for accounts of each state.",
        stage.engine
    );
    let series = sample(&server, accounts, samples).await?;
    report(&series);
    Ok(())
}

/// Imports the people of the three known states and activates those of one.
async fn populate(stage: &Stage, server: &Server, accounts: u32) -> Result<()> {
    let begun = Instant::now();
    residents::settle(stage, server, State::Activated.people(accounts)).await?;
    for (state, validity) in [
        (State::NotActivated, Validity::Now),
        (State::Past, Validity::Past),
    ] {
        let file = stage.folder().join(format!("{}.csv", state.name()));
        people::write(&file, state.people(accounts), validity)?;
        server
            .run(&["import", "people", &file.to_string_lossy()])
            .await?;
    }
    println!(
        "Made the accounts in {:.0} s.",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The states by turns, each turn in another order, so that what changes with the hour or the
/// neighbour changes for all.
async fn sample(server: &Server, accounts: u32, samples: u32) -> Result<Vec<Series>> {
    let visitor = server.visitor()?;
    let mut series: Vec<Series> = State::ALL
        .map(|state| Series {
            state,
            times: Vec::new(),
            lengths: BTreeSet::new(),
        })
        .into_iter()
        .collect();
    for turn in 0..samples {
        let form = visitor.open(login_url(server, SERVICE)?).await?.form()?;
        let order = turn as usize % series.len();
        series.rotate_left(order);
        for of_state in &mut series {
            let index = of_state.state.people(accounts).start + turn % accounts;
            let (time, page) = refused(&visitor, &form, Person { index }).await?;
            of_state.times.push(time);
            of_state.lengths.insert(page.body.len());
        }
        series.rotate_right(order);
    }
    Ok(series)
}

async fn refused(visitor: &Visitor, form: &Form, person: Person) -> Result<(Duration, Page)> {
    let form = form
        .clone()
        .with("username", &person.number())
        .with("password", "Not-it-at-all-5");
    let begun = Instant::now();
    let page = visitor.submit_through(&form).await?;
    let time = begun.elapsed();
    ensure!(
        page.notice().as_deref() == Some("wrong_password"),
        "{}",
        page.summary()
    );
    Ok((time, page))
}

fn report(series: &[Series]) {
    println!(
        "\n{:18} {:>9} {:>9} {:>9}  page bytes",
        "", "median ms", "90 % ms", "99 % ms"
    );
    for Series {
        state,
        times,
        lengths,
    } in series
    {
        let at = |share| milliseconds(percentile(times, share));
        let name = state.name();
        println!(
            "{name:18} {:9.2} {:9.2} {:9.2}  {lengths:?}",
            at(0.5),
            at(0.9),
            at(0.99)
        );
    }
    println!("\nAUC of the rank test");
    let mut worst: f64 = 0.5;
    for (index, one) in series.iter().enumerate() {
        for other in &series[index + 1..] {
            let Some(auc) = auc(&one.times, &other.times) else {
                continue;
            };
            worst = worst.max(auc);
            println!("{:18} {:18} {auc:.4}", one.state.name(), other.state.name());
        }
    }
    let samples = series.first().map_or(1, |series| series.times.len());
    let chance = RARE * auc_error(samples, samples);
    println!(
        "\nHighest {worst:.4}; up to {:.4} is chance with so many samples.",
        0.5 + chance
    );
}
