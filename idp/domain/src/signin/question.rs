use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a signed-in person is asked on the way to an application, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether to go on as who she is (OpenID Connect Core §3.1.2.1 `select_account`).
    Account,
    /// By which of her numbers it shall know her.
    Number,
    /// Whether it may learn what it asks for.
    Consent,
    /// Whether to enter at all (CAS 3.0.3 §2.2.1 `warn`).
    Enter,
}

impl Question {
    pub const ALL: [Self; 4] = [Self::Account, Self::Number, Self::Consent, Self::Enter];

    /// The word in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Number => "number",
            Self::Consent => "consent",
            Self::Enter => "enter",
        }
    }
}

/// The questions that were answered in this request chain, each with yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeSet<Question>);

impl Answers {
    pub fn has(&self, question: Question) -> bool {
        self.0.contains(&question)
    }

    pub fn add(&mut self, question: Question) {
        self.0.insert(question);
    }
}
