//! Known failures of a server, with their reasons: a file of TOML.
//!
//! ```toml
//! server = "Some server 1.0"
//! not_applicable = ["23", "51"]
//! warnings = ["19"]
//!
//! [[known]]
//! case = "53b"
//! reason = "It puts another ticket there."
//!
//! ```
//!
//! Where `not_applicable` is there, a run is as expected only if exactly these can't be judged, and
//! where `warnings` is there, only if exactly these warn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::group::Suite;
use super::runner::{Outcome, Standing};

/// What is known of a server.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// The server and its version.
    pub server: String,
    /// By the case's id.
    known: BTreeMap<String, Known>,
    /// The ids of those that can't be judged; None: not said.
    not_applicable: Option<BTreeSet<String>>,
    /// The ids of those that warn; None: not said.
    warnings: Option<BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: String,
    not_applicable: Option<BTreeSet<String>>,
    warnings: Option<BTreeSet<String>>,
    #[serde(default)]
    known: Vec<Known>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    case: String,
    reason: String,
}

/// Where a run is other than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surprise {
    /// A failure that nobody knew.
    Failed { case: String, message: String },
    /// A case that can't be judged and should be.
    NotJudged { case: String, message: String },
    /// A case that can be judged though it shouldn't.
    Judged { case: String, standing: Standing },
    /// A warning that nobody knew.
    Warned { case: String, message: String },
    /// A known warning that is none.
    DidNotWarn { case: String, standing: Standing },
    /// A known failure that is none.
    DidNotFail { case: String, standing: Standing },
}

impl fmt::Display for Surprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { case, message } => {
                write!(f, "{case} fails, which nobody expected: {message}")
            }
            Self::NotJudged { case, message } => {
                write!(
                    f,
                    "{case} is not applicable, which nobody expected: {message}"
                )
            }
            Self::Judged { case, standing } => {
                write!(
                    f,
                    "{case} was expected to be not applicable, and the verdict is «{}»",
                    standing.as_str()
                )
            }
            Self::Warned { case, message } => {
                write!(f, "{case} warns, which nobody expected: {message}")
            }
            Self::DidNotWarn { case, standing } => {
                write!(
                    f,
                    "{case} was expected to warn, and the verdict is «{}»",
                    standing.as_str()
                )
            }
            Self::DidNotFail { case, standing } => {
                write!(
                    f,
                    "{case} was expected to fail, and the verdict is «{}»",
                    standing.as_str()
                )
            }
        }
    }
}

impl Expectations {
    pub fn read(suite: &Suite, path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(suite, &text).with_context(|| path.display().to_string())
    }

    pub fn parse(suite: &Suite, text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut known = BTreeMap::new();
        for entry in file.known {
            let case = entry.case.clone();
            ensure!(suite.has(&case), "there is no case {case}");
            ensure!(!entry.reason.trim().is_empty(), "case {case} has no reason");
            let before = known.insert(case.clone(), entry);
            ensure!(before.is_none(), "case {case} is there twice");
        }
        let warned = file.warnings.iter().flatten();
        for case in file.not_applicable.iter().flatten().chain(warned) {
            ensure!(suite.has(case), "there is no case {case}");
            ensure!(
                !known.contains_key(case),
                "case {case} can't both fail and be something else"
            );
        }
        Ok(Self {
            server: file.server,
            known,
            not_applicable: file.not_applicable,
            warnings: file.warnings,
        })
    }

    /// Why a case is known to fail.
    pub fn reason(&self, case: &str) -> Option<&str> {
        self.known.get(case).map(|known| known.reason.as_str())
    }

    /// All that is other than expected; known failures that were not run are no surprise.
    pub fn surprises(&self, outcomes: &[Outcome]) -> Vec<Surprise> {
        let judge = |outcome: &Outcome| {
            let (case, standing) = (outcome.case.id(), outcome.standing);
            let message = || outcome.message.clone();
            let unjudged = self.not_applicable.as_ref().map(|all| all.contains(&case));
            let warns = self.warnings.as_ref().map(|all| all.contains(&case));
            match (self.known.contains_key(&case), unjudged) {
                (true, _) if standing.is_failure() => None,
                (true, _) => Some(Surprise::DidNotFail { case, standing }),
                (false, Some(true)) if standing == Standing::NotApplicable => None,
                (false, Some(true)) => Some(Surprise::Judged { case, standing }),
                (false, Some(false)) if standing == Standing::NotApplicable => {
                    let message = message();
                    Some(Surprise::NotJudged { case, message })
                }
                (false, _) if standing == Standing::Fail => {
                    let message = message();
                    Some(Surprise::Failed { case, message })
                }
                (false, _) if warns == Some(false) && standing == Standing::Warning => {
                    let message = message();
                    Some(Surprise::Warned { case, message })
                }
                (false, _) if warns == Some(true) && standing != Standing::Warning => {
                    Some(Surprise::DidNotWarn { case, standing })
                }
                (false, _) => None,
            }
        };
        outcomes.iter().filter_map(judge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::cas::SUITE;
    use crate::suite::report::samples;

    const FILE: &str = "server = 's'\n[[known]]\ncase = '1'\nreason = 'why'\n";

    #[test]
    fn exactly_the_listed_cases_may_fail() {
        let known = Expectations::parse(&SUITE, FILE).unwrap();
        let failed = samples::outcome("1", Standing::Fail);
        assert_eq!(known.surprises(std::slice::from_ref(&failed)), []);
        let other = samples::outcome("2a", Standing::Fail);
        assert!(
            matches!(&known.surprises(&[failed, other])[..], [Surprise::Failed { case, .. }] if case == "2a")
        );
        for standing in [Standing::Pass, Standing::NotApplicable] {
            let better = samples::outcome("1", standing);
            assert!(matches!(
                &known.surprises(&[better])[..],
                [Surprise::DidNotFail { .. }]
            ));
        }
        let forgiven = [
            samples::outcome("1", Standing::Warning),
            samples::outcome("2a", Standing::Warning),
        ];
        assert_eq!(known.surprises(&forgiven), []);
    }

    #[test]
    fn exactly_the_listed_cases_may_be_left_unjudged() {
        let known = Expectations::parse(&SUITE, "server = 's'\nnot_applicable = ['2a']\n").unwrap();
        let as_listed = samples::outcome("2a", Standing::NotApplicable);
        assert_eq!(known.surprises(&[as_listed]), []);
        for standing in [Standing::Pass, Standing::Fail] {
            let judged = samples::outcome("2a", standing);
            assert!(matches!(
                &known.surprises(&[judged])[..],
                [Surprise::Judged { .. }]
            ));
        }
        let silent = samples::outcome("1", Standing::NotApplicable);
        assert!(matches!(
            &known.surprises(std::slice::from_ref(&silent))[..],
            [Surprise::NotJudged { .. }]
        ));
        let nothing_said = Expectations::parse(&SUITE, "server = 's'\n").unwrap();
        assert_eq!(nothing_said.surprises(&[silent]), []);
    }

    #[test]
    fn exactly_the_listed_cases_may_warn() {
        let known = Expectations::parse(&SUITE, "server = 's'\nwarnings = ['2a']\n").unwrap();
        let as_listed = samples::outcome("2a", Standing::Warning);
        assert_eq!(known.surprises(&[as_listed]), []);
        let better = samples::outcome("2a", Standing::Pass);
        assert!(matches!(
            &known.surprises(&[better])[..],
            [Surprise::DidNotWarn { .. }]
        ));
        let new = samples::outcome("1", Standing::Warning);
        assert!(matches!(
            &known.surprises(&[new])[..],
            [Surprise::Warned { .. }]
        ));
    }

    #[test]
    fn a_file_with_a_mistake_is_refused() {
        for text in [
            "server = 's'\n[[known]]\ncase = '999'\nreason = 'why'\n",
            "server = 's'\n[[known]]\ncase = '1'\nreason = ' '\n",
            "server = 's'\n[[known]]\ncase = '1'\n",
            "server = 's'\n[[known]]\ncase = '1'\nreason = 'a'\n[[known]]\ncase = '1'\nreason = 'b'\n",
            "known = []\n",
            "server = 's'\nnot_applicable = ['999']\n",
            "server = 's'\nwarnings = ['999']\n",
            "server = 's'\nnot_applicable = ['1']\n[[known]]\ncase = '1'\nreason = 'why'\n",
        ] {
            assert!(Expectations::parse(&SUITE, text).is_err(), "{text}");
        }
    }
}
