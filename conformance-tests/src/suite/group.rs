//! The assertions of a protocol in groups, whatever their cases need.

use super::case::{About, Case};

/// A group of assertions, with the files that hold its cases.
#[derive(Debug)]
pub struct Group<C: 'static> {
    pub letter: char,
    pub title: &'static str,
    cases: &'static [&'static [Case<C>]],
}

impl<C> Group<C> {
    pub const fn new(
        letter: char,
        title: &'static str,
        cases: &'static [&'static [Case<C>]],
    ) -> Self {
        Self {
            letter,
            title,
            cases,
        }
    }

    /// Its cases in the order of their numbers.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case<C>> + use<C> {
        let mut cases: Vec<&Case<C>> = self.cases.iter().copied().flatten().collect();
        cases.sort_by_key(|case| (case.number, case.part));
        cases.into_iter()
    }
}

/// A suite as its reports describe it.
#[derive(Debug)]
pub struct Suite {
    /// The protocol, as `CAS 3.0.3`.
    pub protocol: &'static str,
    /// How many assertions the protocol has in our catalogue.
    pub assertions: u16,
    pub chapters: fn() -> Vec<Chapter>,
}

/// A group without what runs it.
#[derive(Clone, Debug)]
pub struct Chapter {
    pub letter: char,
    pub title: &'static str,
    pub cases: Vec<&'static About>,
}

impl Suite {
    /// Whether there is a case of this id.
    pub fn has(&self, id: &str) -> bool {
        let chapters = (self.chapters)();
        chapters
            .iter()
            .flat_map(|it| &it.cases)
            .any(|it| it.id() == id)
    }
}

/// The chapters of a suite's groups.
pub fn chapters<C>(groups: &'static [Group<C>]) -> Vec<Chapter> {
    let chapter = |group: &'static Group<C>| Chapter {
        letter: group.letter,
        title: group.title,
        cases: group.cases().map(|case| &case.about).collect(),
    };
    groups.iter().map(chapter).collect()
}
