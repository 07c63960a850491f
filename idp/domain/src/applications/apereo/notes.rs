use super::places::Places;
use super::report::{Finding, Mark};

/// The findings of one service, as they are made.
#[derive(Debug)]
pub(super) struct Notes<'a> {
    places: &'a Places,
    pub(super) found: Vec<Finding>,
    /// Something that kept people out couldn't be taken over: nobody may come in.
    pub(super) closed: bool,
}

impl<'a> Notes<'a> {
    pub(super) fn new(places: &'a Places) -> Self {
        Self {
            places,
            found: Vec::new(),
            closed: false,
        }
    }

    /// Adds a finding about the key that a path leads to.
    pub(super) fn add(
        &mut self,
        mark: Mark,
        path: &[&str],
        says: impl Into<String>,
    ) -> &mut Finding {
        // The key itself may be a default that isn't written.
        let line = (1..=path.len())
            .rev()
            .find_map(|length| self.places.line(&path[..length]));
        self.found.push(Finding {
            mark,
            line,
            key: path.join("."),
            value: None,
            says: says.into(),
            instead: None,
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    pub(super) fn converted(&mut self, path: &[&str], says: impl Into<String>) -> &mut Finding {
        self.add(Mark::Converted, path, says)
    }

    pub(super) fn differs(&mut self, path: &[&str], says: impl Into<String>) -> &mut Finding {
        self.add(Mark::Differs, path, says)
    }

    pub(super) fn left_out(&mut self, path: &[&str], says: impl Into<String>) -> &mut Finding {
        self.add(Mark::LeftOut, path, says)
    }

    /// What kept people out and can't be said here: the entry is closed.
    pub(super) fn closes(&mut self, path: &[&str], says: &str) -> &mut Finding {
        self.closed = true;
        self.left_out(
            path,
            format!("{says}; the entry is closed until you have looked"),
        )
    }
}

impl Finding {
    pub(super) fn value(&mut self, value: impl Into<String>) -> &mut Self {
        self.value = Some(value.into());
        self
    }

    pub(super) fn instead(&mut self, instead: impl Into<String>) -> &mut Self {
        self.instead = Some(instead.into());
        self
    }
}
