//! How many requests of ours may be under way: one that hangs must not take others' place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Places for requests: some in all, few of them for one host.
#[derive(Debug)]
pub(super) struct Slots {
    all: Semaphore,
    per_host: usize,
    /// Only hosts that a request is under way to, or waits for.
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    /// Requests that are under way or wait.
    present: usize,
    places: Arc<Semaphore>,
}

/// A place for one request, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    _all: SemaphorePermit<'a>,
    _host: OwnedSemaphorePermit,
    _present: Present<'a>,
}

/// Being counted at a host; the last to leave takes its entry along.
#[derive(Debug)]
struct Present<'a> {
    slots: &'a Slots,
    host: &'a str,
}

impl Slots {
    pub(super) fn new(all: usize, per_host: usize) -> Self {
        Self {
            all: Semaphore::new(all),
            per_host,
            hosts: Mutex::default(),
        }
    }

    /// Waits for a place, in order of arrival. First at the host: who waits for a slow host holds
    /// no place that a request to another could have.
    pub(super) async fn take<'a>(&'a self, host: &'a str) -> Option<Slot<'a>> {
        let (present, places) = self.enter(host);
        let at_host = places.acquire_owned().await.ok()?;
        let among_all = self.all.acquire().await.ok()?;
        Some(Slot {
            _all: among_all,
            _host: at_host,
            _present: present,
        })
    }

    fn enter<'a>(&'a self, host: &'a str) -> (Present<'a>, Arc<Semaphore>) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hosts.entry(host.to_owned()).or_insert_with(|| Host {
            present: 0,
            places: Arc::new(Semaphore::new(self.per_host)),
        });
        entry.present += 1;
        let places = Arc::clone(&entry.places);
        (Present { slots: self, host }, places)
    }

    #[cfg(test)]
    fn known_hosts(&self) -> usize {
        self.hosts.lock().unwrap().len()
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let mut hosts = self
            .slots
            .hosts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get_mut(self.host) {
            host.present -= 1;
            if host.present == 0 {
                hosts.remove(self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test] // XML-06
    async fn a_slow_host_takes_no_more_than_its_share() {
        let slots = Slots::new(4, 2);
        let first = slots.take("slow").now_or_never().flatten().unwrap();
        let _second = slots.take("slow").now_or_never().flatten().unwrap();
        let mut third = Box::pin(slots.take("slow"));
        assert!((&mut third).now_or_never().is_none());
        assert!(slots.take("other").now_or_never().is_some());
        drop(first);
        assert!(third.now_or_never().flatten().is_some());
    }

    #[tokio::test] // XML-06
    async fn all_hosts_together_have_a_bound() {
        let slots = Slots::new(2, 2);
        let first = slots.take("a").now_or_never().flatten().unwrap();
        let _second = slots.take("b").now_or_never().flatten().unwrap();
        assert!(slots.take("c").now_or_never().is_none());
        drop(first);
        assert!(slots.take("c").now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_host_is_forgotten_with_its_last_request() {
        let slots = Slots::new(4, 1);
        let slot = slots.take("a").now_or_never().flatten().unwrap();
        // One that gave up waiting.
        assert!(slots.take("a").now_or_never().is_none());
        assert_eq!(slots.known_hosts(), 1);
        drop(slot);
        assert_eq!(slots.known_hosts(), 0);
    }
}
