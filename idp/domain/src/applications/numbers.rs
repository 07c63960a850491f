use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Application;
use crate::accounts::Affiliation;
use crate::signin::{HeldNumber, Holder};

/// Which of a person's account numbers an application is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberRule {
    /// The newest.
    #[default]
    Latest,
    /// The newest that she has as a student.
    Student,
    /// The newest that she has as somebody who works here.
    Staff,
    /// The one that she chooses, once, where there are several.
    Ask,
}

impl NumberRule {
    /// The word in entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Student => "student",
            Self::Staff => "staff",
            Self::Ask => "ask",
        }
    }

    fn takes(self, affiliation: Affiliation) -> bool {
        match self {
            Self::Latest | Self::Ask => true,
            Self::Student => affiliation == Affiliation::Student,
            Self::Staff => matches!(
                affiliation,
                Affiliation::Staff | Affiliation::Faculty | Affiliation::Employee
            ),
        }
    }
}

/// The number for an application, or what has to be settled first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberFor<'a> {
    One(&'a HeldNumber),
    /// She has to choose among these, the newest first.
    Ask(Vec<&'a HeldNumber>),
    /// She has none that this application takes.
    None,
}

impl Application {
    /// The numbers that it may know this person by now, the newest first: valid, admitted by the
    /// access policy, of the kind that the entry names.
    pub fn candidates<'a>(&self, holder: &'a Holder, now: Timestamp) -> Vec<&'a HeldNumber> {
        let mut numbers = holder.valid_numbers(now);
        if holder.is_probe() {
            return numbers;
        }
        numbers.retain(|number| {
            self.access.admits(number) && self.account_number.takes(number.affiliation)
        });
        numbers
    }

    /// The number that it is given. `chosen` is what the person once chose for it, in canonical
    /// form: it counts where the entry says `ask`, and as long as it is a candidate.
    pub fn number_for<'a>(
        &self,
        holder: &'a Holder,
        chosen: Option<&str>,
        now: Timestamp,
    ) -> NumberFor<'a> {
        let candidates = self.candidates(holder, now);
        let Some(newest) = candidates.first().copied() else {
            return NumberFor::None;
        };
        if self.account_number != NumberRule::Ask || candidates.len() == 1 {
            return NumberFor::One(newest);
        }
        match candidates
            .iter()
            .find(|n| Some(n.number.as_str()) == chosen)
        {
            Some(number) => NumberFor::One(number),
            None => NumberFor::Ask(candidates),
        }
    }
}
