use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use jiff::SignedDuration;

/// Rows of one application and node in an hour. The metrics count the rest.
const MOST: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How many refused clients of an application were written down: strangers can't fill the audit
/// trail, nor hold up the writer. It has as many entries as the registry has applications.
#[derive(Debug, Default)]
pub struct NotedRefusals(Mutex<HashMap<ApplicationId, (Timestamp, u32)>>);

impl NotedRefusals {
    /// Takes a place; false when the hour has none left.
    pub fn take(&self, application: &ApplicationId, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = noted.entry(application.clone()).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_places_for_each_application() {
        let noted = NotedRefusals::default();
        let id = |id: &str| ApplicationId::parse(id).unwrap();
        let begin: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let taken = |id: &ApplicationId, at| (0..100).filter(|_| noted.take(id, at)).count();
        assert_eq!(taken(&id("library"), begin), 20);
        assert_eq!(taken(&id("hall"), begin), 20);
        let later = begin + SignedDuration::from_mins(59);
        assert_eq!(taken(&id("library"), later), 0);
        assert_eq!(taken(&id("library"), begin + WINDOW), 20);
    }
}
