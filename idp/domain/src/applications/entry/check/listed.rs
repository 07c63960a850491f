use super::{MAX_NAME_CHARS, check_names};
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::EntryListed;
use crate::applications::{Listing, PageUrl};

/// Characters under a heading like “study” or “library”.
const MAX_DESCRIPTION_CHARS: usize = 200;

impl EntryListed {
    pub(super) fn check(self, demo: bool, problems: &mut Problems) -> Option<Listing> {
        check_names("listed.category", &self.category, MAX_NAME_CHARS, problems);
        let description = "listed.description";
        check_names(
            description,
            &self.description,
            MAX_DESCRIPTION_CHARS,
            problems,
        );
        let url = PageUrl::parse(&self.url, demo);
        let url = problems.note("listed.url", url.map_err(|e| format!("{:?} {e}", self.url)));
        Some(Listing {
            url: url?,
            category: self.category,
            description: self.description,
        })
    }
}
