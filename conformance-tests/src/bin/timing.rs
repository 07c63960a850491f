//! `make timing` (ENM-01): can the time of a refusal tell in which state an account is? Wrong
//! passwords for accounts of each state by turns, then how well a rank test tells two states
//! apart: 0.5 is not at all. It reports; what is good enough is for its reader (UNIFORM: ≤ 0.53).
//!
//!     timing [BATCHES]
//!
//! Each batch has a server of its own with few accounts, each tried as often as its limits let:
//! wrong passwords for many accounts within the hour would raise the alarm against spraying, and
//! after that everybody is asked for a captcha.
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

/// Accounts of each state in a batch: the alarm comes with 100 that weren't activated.
const ACCOUNTS: u32 = 45;
/// Tries of each account: after ten wrong initial passwords there is no further one.
const TRIES: u32 = 9;
const DEFAULT_BATCHES: u32 = 5;
/// As many tries as TRIES without a captcha.
const LIMITS: &str = "captcha_after = 10\ndelay_after = 20\nsecond_channel_after = 30\n";
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

    /// The indices of its people.
    fn people(self) -> std::ops::Range<u32> {
        let first = self as u32 * ACCOUNTS;
        first..first + ACCOUNTS
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

impl Series {
    fn empty() -> Vec<Self> {
        let series = State::ALL.map(|state| Self {
            state,
            times: Vec::new(),
            lengths: BTreeSet::new(),
        });
        series.into()
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let batches = match env::args().nth(1) {
        Some(text) => text
            .parse()
            .with_context(|| format!("{text} is no number of batches"))?,
        None => DEFAULT_BATCHES,
    };
    let stage = Stage::new("timing", Engine::of_tools())?;
    let outcome = measure(&stage, batches).await;
    stage.leave(outcome.is_err()).await;
    outcome
}

async fn measure(stage: &Stage, batches: u32) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("A debug build: the figures are none of a release.");
    }
    let samples = batches * ACCOUNTS * TRIES;
    println!(
        "On {:?}: {samples} wrong passwords for accounts of each state.",
        stage.engine
    );
    let configuration =
        residents::configuration().replace("[limits]\n", &format!("[limits]\n{LIMITS}"));
    let mut series = Series::empty();
    for batch in 0..batches {
        let begun = Instant::now();
        let site = Site::new(stage, &format!("server-{batch}"), &configuration).await?;
        let server = site.start().await?;
        populate(stage, &server).await?;
        sample(&server, &mut series).await?;
        println!(
            "Batch {} took {:.0} s.",
            batch + 1,
            begun.elapsed().as_secs_f64()
        );
    }
    report(&series);
    Ok(())
}

/// Imports the people of the three known states and activates those of one.
async fn populate(stage: &Stage, server: &Server) -> Result<()> {
    residents::settle(stage, server, State::Activated.people()).await?;
    for (state, validity) in [
        (State::NotActivated, Validity::Now),
        (State::Past, Validity::Past),
    ] {
        let file = stage.folder().join(format!("{}.csv", state.name()));
        people::write(&file, state.people(), validity)?;
        server
            .run(&["import", "people", &file.to_string_lossy()])
            .await?;
    }
    Ok(())
}

/// The states by turns, in every order equally often: neither the hour nor the neighbour before
/// tells one from another.
async fn sample(server: &Server, series: &mut [Series]) -> Result<()> {
    let visitor = server.visitor()?;
    for turn in 0..ACCOUNTS * TRIES {
        let form = visitor.open(login_url(server, SERVICE)?).await?.form()?;
        // One password on few accounts, as people mistype.
        let form = form.with("password", &format!("Not-it-at-all-{turn:03}"));
        for which in order(turn as usize) {
            let Series {
                state,
                times,
                lengths,
            } = &mut series[which];
            let index = state.people().start + turn % ACCOUNTS;
            let (time, page) = refused(&visitor, &form, Person { index }).await?;
            times.push(time);
            lengths.insert(page.body.len());
        }
    }
    Ok(())
}

/// One of the 24 orders of the states, by their places in `State::ALL`.
fn order(turn: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..State::ALL.len()).collect();
    let mut code = turn;
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        order.push(left.remove(code % left.len()));
        code /= left.len() + 1;
    }
    order
}

async fn refused(visitor: &Visitor, form: &Form, person: Person) -> Result<(Duration, Page)> {
    let form = form.clone().with("username", &person.number());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_once_in_24_turns() {
        let orders: BTreeSet<Vec<usize>> = (0..24).map(order).collect();
        assert_eq!(orders.len(), 24);
        assert!(orders.iter().all(|order| order.iter().sum::<usize>() == 6));
    }
}
