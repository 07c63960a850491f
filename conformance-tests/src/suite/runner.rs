//! Runs cases one after another.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::case::{About, Case, Level, Verdict};
use super::evidence::{Evidence, Kept};
use super::options::Profile;

/// A server under test, as the runner needs it.
pub trait Subject {
    fn evidence(&self) -> &Evidence;

    fn profile(&self) -> Profile;

    /// Its address, for people.
    fn address(&self) -> String;

    /// No case takes longer.
    fn patience(&self) -> Duration;

    /// Before each case: what a case that was given up left behind is undone.
    fn prepare(&mut self) {}

    /// Whether a case waits until something is old that was made as the run began: such cases are
    /// run last, when most of the time has passed anyway.
    fn comes_last(&self, _case: &About) -> bool {
        false
    }
}

/// How a case is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Fail,
    /// A failure that the profile forgives, or what is only discouraged.
    Warning,
    Pass,
    NotApplicable,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warning => "warning",
            Self::Pass => "pass",
            Self::NotApplicable => "n/a",
        }
    }

    /// Whether the server did other than the protocol says, forgiven or not.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Warning)
    }
}

/// A case that ran.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub case: &'static About,
    pub standing: Standing,
    /// What was seen, or what is missing; empty for a pass.
    pub message: String,
    pub took: Duration,
    pub evidence: Kept,
}

/// Runs one case.
pub async fn run_case<C: Subject + 'static>(context: &mut C, case: &'static Case<C>) -> Outcome {
    // What late listeners wrote after the case before belongs to none.
    context.evidence().take();
    context.prepare();
    let begin = Instant::now();
    let patience = context.patience();
    let verdict = tokio::time::timeout(patience, (case.run)(context)).await;
    let verdict = verdict.unwrap_or_else(|_| Verdict::Fail(format!("no end after {patience:?}")));
    let (standing, message) = match verdict {
        Verdict::Pass => (Standing::Pass, String::new()),
        Verdict::NotApplicable(what) => (Standing::NotApplicable, what),
        Verdict::Warning(what) => (Standing::Warning, what),
        Verdict::Fail(what) => (standing_of_failure(case.level, context.profile()), what),
    };
    Outcome {
        case: &case.about,
        standing,
        message,
        took: begin.elapsed(),
        evidence: context.evidence().take(),
    }
}

fn standing_of_failure(level: Level, profile: Profile) -> Standing {
    match (level, profile) {
        (Level::Must, _) | (_, Profile::Strict) => Standing::Fail,
        (_, Profile::Lenient) => Standing::Warning,
    }
}

/// Runs cases in their order, those that wait behind the others; `seen` hears of each as it ends.
/// The outcomes are in the order of the cases.
pub async fn run<C: Subject + 'static>(
    context: &mut C,
    cases: impl IntoIterator<Item = &'static Case<C>>,
    mut seen: impl FnMut(&Outcome),
) -> Vec<Outcome> {
    let mut cases: Vec<(usize, &Case<C>)> = cases.into_iter().enumerate().collect();
    cases.sort_by_key(|(_, case)| context.comes_last(&case.about));
    let mut outcomes = Vec::new();
    for (at, case) in cases {
        let outcome = run_case(context, case).await;
        seen(&outcome);
        outcomes.push((at, outcome));
    }
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
