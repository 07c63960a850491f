//! What a person reads of her logout: a line for each application.

use std::collections::BTreeMap;

use idp_domain::applications::Registry;
use idp_storage::logouts::NoticeState;
use themes::pages::{Ledger, LedgerRow, LedgerState};

use super::application;
use crate::pages::page_names;

/// While nobody has tried yet, the answer is near.
const SOON: u32 = 2;
/// While only retries are open.
const LATER: u32 = 15;

/// What the page says, with `refresh_url` and `until` still to be filled in. An application with
/// several tickets has one line, the worst of them; one that takes no notices has none.
pub fn ledger(registry: &Registry, notices: &[(String, NoticeState)]) -> Ledger {
    let mut worst: BTreeMap<&str, LedgerState> = BTreeMap::new();
    for (application, state) in notices {
        let Some(state) = shown(*state) else { continue };
        let row = worst.entry(application).or_insert(state);
        if weight(state) > weight(*row) {
            *row = state;
        }
    }
    let count = |state: LedgerState| {
        let rows = worst.values().filter(|row| **row == state).count();
        u32::try_from(rows).unwrap_or(u32::MAX)
    };
    let refresh_seconds = match (count(LedgerState::Waiting), count(LedgerState::Retrying)) {
        (0, 0) => None,
        (0, _) => Some(LATER),
        _ => Some(SOON),
    };
    Ledger {
        delivered: count(LedgerState::Delivered),
        told: count(LedgerState::Told) + count(LedgerState::Shown),
        retrying: count(LedgerState::Retrying),
        failed: count(LedgerState::Failed),
        rows: worst
            .iter()
            .map(|(application, state)| LedgerRow {
                application: names(registry, application),
                state: *state,
            })
            .collect(),
        refresh_url: String::new(),
        refresh_seconds,
        until: String::new(),
    }
}

fn shown(state: NoticeState) -> Option<LedgerState> {
    Some(match state {
        NoticeState::Delivered => LedgerState::Delivered,
        NoticeState::Told => LedgerState::Told,
        NoticeState::Waiting => LedgerState::Waiting,
        NoticeState::Retrying => LedgerState::Retrying,
        NoticeState::Failed => LedgerState::Failed,
        NoticeState::Handed | NoticeState::Shown => LedgerState::Shown,
        NoticeState::Skipped => return None,
    })
}

fn weight(state: LedgerState) -> u8 {
    match state {
        LedgerState::Delivered => 0,
        LedgerState::Shown => 1,
        LedgerState::Told => 2,
        LedgerState::Waiting => 3,
        LedgerState::Retrying => 4,
        LedgerState::Failed => 5,
    }
}

/// As the registry has it; the id of one that is gone.
pub fn names(registry: &Registry, id: &str) -> themes::Names {
    application(registry, id).map_or_else(
        || themes::Names {
            zh_cn: id.to_owned(),
            en: id.to_owned(),
        },
        |known| page_names(known.names.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoticeState::{Delivered, Failed, Handed, Retrying, Shown, Skipped, Told, Waiting};

    fn of(notices: &[(&str, NoticeState)]) -> Ledger {
        let notices: Vec<_> = notices
            .iter()
            .map(|(application, state)| ((*application).to_owned(), *state))
            .collect();
        ledger(&Registry::default(), &notices)
    }

    #[test]
    fn an_application_is_one_line_and_its_worst_notice_counts() {
        let page = of(&[
            ("library", Delivered),
            ("library", Retrying),
            ("library", Delivered),
            ("mail", Delivered),
            ("forum", Failed),
            ("forum", Waiting),
            ("wall", Skipped),
            ("old", Handed),
            ("older", Shown),
            ("web", Delivered),
            ("web", Told),
            ("wiki", Told),
            ("wiki", Retrying),
        ]);
        // What nobody confirmed is no success.
        assert_eq!((page.delivered, page.told), (1, 3));
        assert_eq!((page.retrying, page.failed), (2, 1));
        let rows: Vec<_> = page
            .rows
            .iter()
            .map(|row| (row.application.en.as_str(), row.state))
            .collect();
        assert_eq!(
            rows,
            [
                ("forum", LedgerState::Failed),
                ("library", LedgerState::Retrying),
                ("mail", LedgerState::Delivered),
                ("old", LedgerState::Shown),
                ("older", LedgerState::Shown),
                ("web", LedgerState::Told),
                ("wiki", LedgerState::Retrying)
            ]
        );
    }

    #[test]
    fn the_page_looks_again_while_something_moves() {
        assert_eq!(
            of(&[("a", Waiting), ("b", Retrying)]).refresh_seconds,
            Some(SOON)
        );
        assert_eq!(
            of(&[("a", Delivered), ("b", Retrying)]).refresh_seconds,
            Some(LATER)
        );
        let still = of(&[("a", Delivered), ("b", Failed), ("c", Told), ("d", Shown)]);
        assert_eq!(still.refresh_seconds, None);
    }
}
