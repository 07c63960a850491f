//! Known failures of a server, with their reasons: a file of TOML.
//!
//! ```toml
//! server = "Some server 1.0"
//!
//! [[known]]
//! case = "53b"
//! reason = "It puts another ticket there."
//!
//! [[known]]
//! case = "107"
//! reason = "Of many at once, a few sometimes succeed."
//! sometimes = true
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::cas;
use super::runner::{Outcome, Standing};

/// What is known of a server.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// The server and its version.
    pub server: String,
    /// By the case's id.
    known: BTreeMap<String, Known>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: String,
    #[serde(default)]
    known: Vec<Known>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    case: String,
    reason: String,
    /// A race, which the server doesn't lose each time: a pass is no surprise.
    #[serde(default)]
    sometimes: bool,
}

/// Where a run is other than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surprise {
    /// A failure that nobody knew.
    Failed { case: String, message: String },
    /// A known failure that is none.
    DidNotFail { case: String, standing: Standing },
}

impl fmt::Display for Surprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { case, message } => {
                write!(f, "{case} fails, which nobody expected: {message}")
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
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut known = BTreeMap::new();
        for entry in file.known {
            let case = entry.case.clone();
            ensure!(
                cas::all().any(|it| it.id() == case),
                "there is no case {case}"
            );
            ensure!(!entry.reason.trim().is_empty(), "case {case} has no reason");
            let before = known.insert(case.clone(), entry);
            ensure!(before.is_none(), "case {case} is there twice");
        }
        Ok(Self {
            server: file.server,
            known,
        })
    }

    /// Why a case is known to fail.
    pub fn reason(&self, case: &str) -> Option<&str> {
        self.known.get(case).map(|known| known.reason.as_str())
    }

    /// All that is other than expected; known failures that were not run are no surprise.
    pub fn surprises(&self, outcomes: &[Outcome]) -> Vec<Surprise> {
        let judge = |outcome: &Outcome| {
            let case = outcome.case.id();
            match (self.known.get(&case), outcome.standing) {
                (None, Standing::Fail) => Some(Surprise::Failed {
                    case,
                    message: outcome.message.clone(),
                }),
                (Some(known), standing) if !standing.is_failure() && !known.sometimes => {
                    Some(Surprise::DidNotFail { case, standing })
                }
                _ => None,
            }
        };
        outcomes.iter().filter_map(judge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::report::samples;

    const FILE: &str = "server = 's'\n[[known]]\ncase = '1'\nreason = 'why'\n";

    #[test]
    fn exactly_the_listed_cases_may_fail() {
        let known = Expectations::parse(FILE).unwrap();
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
    fn a_lost_race_may_be_won() {
        let known = Expectations::parse(&format!("{FILE}sometimes = true\n")).unwrap();
        for standing in [Standing::Pass, Standing::Fail] {
            assert_eq!(known.surprises(&[samples::outcome("1", standing)]), []);
        }
    }

    #[test]
    fn a_file_with_a_mistake_is_refused() {
        for text in [
            "server = 's'\n[[known]]\ncase = '999'\nreason = 'why'\n",
            "server = 's'\n[[known]]\ncase = '1'\nreason = ' '\n",
            "server = 's'\n[[known]]\ncase = '1'\n",
            "server = 's'\n[[known]]\ncase = '1'\nreason = 'a'\n[[known]]\ncase = '1'\nreason = 'b'\n",
            "known = []\n",
        ] {
            assert!(Expectations::parse(text).is_err(), "{text}");
        }
    }
}
