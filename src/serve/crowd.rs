use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use idp::config::{Networks, household};

/// Connections at once from one client address, an IPv6 /64 counting as one (NET-03).
const PER_ADDRESS: usize = 1_000;
/// Connections at once in all.
const ALL: usize = 20_000;

/// Who is connected, so that one address can't take every place.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    counts: Arc<Mutex<Counts>>,
    /// Proxies and the campus' own egress: thousands of people behind each.
    many_behind: Networks,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place among the connections, given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
}

impl Crowd {
    pub(crate) fn new(many_behind: Networks) -> Self {
        Self {
            counts: Arc::default(),
            many_behind,
        }
    }

    /// None: this address, or everybody together, has as many as there may be.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Seat> {
        let limit = if self.many_behind.contains(address) {
            ALL
        } else {
            PER_ADDRESS
        };
        // Counting single addresses of IPv6 would count nothing.
        let address = household(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= ALL
            || counts
                .by_address
                .get(&address)
                .is_some_and(|count| *count >= limit)
        {
            return None;
        }
        counts.all += 1;
        *counts.by_address.entry(address).or_default() += 1;
        Some(Seat {
            counts: Arc::clone(&self.counts),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(crowd: &Crowd, address: &str, count: usize) -> Vec<Seat> {
        let address = address.parse().unwrap();
        (0..count).map_while(|_| crowd.admit(address)).collect()
    }

    #[test] // NET-03: at most 1,000 connections of one address
    fn one_address_can_not_take_every_place() {
        let crowd = Crowd::new("192.0.2.0/24".parse().unwrap());
        let mut seats = fill(&crowd, "198.51.100.7", PER_ADDRESS + 1);
        assert_eq!(seats.len(), PER_ADDRESS);
        assert!(
            crowd
                .admit("::ffff:198.51.100.7".parse().unwrap())
                .is_none()
        );
        assert!(crowd.admit("198.51.100.8".parse().unwrap()).is_some());
        seats.pop();
        assert!(
            crowd.admit("198.51.100.7".parse().unwrap()).is_some(),
            "a seat was given back"
        );
        assert_eq!(
            fill(&crowd, "192.0.2.1", PER_ADDRESS + 1).len(),
            PER_ADDRESS + 1
        );
    }

    #[test]
    fn a_household_of_ipv6_counts_as_one() {
        let crowd = Crowd::new(Networks::default());
        let _seats = fill(&crowd, "2001:db8::1", PER_ADDRESS);
        assert!(crowd.admit("2001:db8::ffff:1".parse().unwrap()).is_none());
        assert!(crowd.admit("2001:db8:0:1::1".parse().unwrap()).is_some());
    }

    #[test]
    fn an_empty_crowd_keeps_nothing() {
        let crowd = Crowd::new(Networks::default());
        drop(fill(&crowd, "198.51.100.7", 3));
        let counts = crowd.counts.lock().unwrap();
        assert_eq!((counts.all, counts.by_address.len()), (0, 0));
    }
}
