//! From a host's name to its addresses: asked once for each request.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Look-ups of the system that may be under way. One can hang far longer than the request that
/// waits for it, and each holds a thread.
const LOOK_UPS: usize = 32;

/// Who knows the addresses of names.
#[derive(Clone, Debug)]
pub enum Resolver {
    /// The operating system, as it is set up: hosts file, DNS.
    System(SystemResolver),
    /// Only what a test wrote down.
    Written(WrittenResolver),
}

impl Resolver {
    pub fn system() -> Self {
        Self::System(SystemResolver {
            under_way: Arc::new(Semaphore::new(LOOK_UPS)),
        })
    }

    /// The addresses of `name`, in the order in which they are to be tried.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System(system) => system.addresses(name).await,
            Self::Written(written) => written.next(name),
        }
    }
}

/// `getaddrinfo`, in bounds.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    under_way: Arc<Semaphore>,
}

impl SystemResolver {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.under_way)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let name = name.to_owned();
        // A task of its own: a look-up can't be broken off, and when nobody waits for it any more
        // it still has its place until the thread is free.
        let look_up = tokio::spawn(async move {
            let _permit = permit;
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        });
        look_up.await.map_err(io::Error::other)?
    }
}

/// Answers that a test wrote down, and the names it was asked for.
#[derive(Clone, Debug, Default)]
pub struct WrittenResolver {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    answers: HashMap<String, VecDeque<Vec<IpAddr>>>,
    asked: Vec<String>,
}

impl WrittenResolver {
    /// One more answer for `name`. They are given one after another; the last stays.
    #[must_use]
    pub fn with(self, name: &str, addresses: &[IpAddr]) -> Self {
        self.write(name, addresses);
        self
    }

    /// The same while it is in use.
    pub fn write(&self, name: &str, addresses: &[IpAddr]) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = pages.answers.entry(name.to_owned()).or_default();
        answers.push_back(addresses.to_vec());
    }

    /// Every name it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.asked.clone()
    }

    fn next(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.asked.push(name.to_owned());
        let Some(answers) = pages.answers.get_mut(name) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such name"));
        };
        match (answers.len(), answers.front().cloned()) {
            (_, None) => Ok(Vec::new()),
            (1, Some(last)) => Ok(last),
            (_, Some(next)) => {
                answers.pop_front();
                Ok(next)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let found = Resolver::system().addresses("localhost").await.unwrap();
        assert!(
            !found.is_empty() && found.iter().all(IpAddr::is_loopback),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn answers_come_one_after_another_and_the_last_stays() {
        let [first, second] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let written = WrittenResolver::default()
            .with("a", &[first])
            .with("a", &[second]);
        let resolver = Resolver::Written(written.clone());
        for expected in [first, second, second] {
            assert_eq!(resolver.addresses("a").await.unwrap(), [expected]);
        }
        assert!(resolver.addresses("b").await.is_err());
        assert_eq!(written.asked(), ["a", "a", "a", "b"]);
    }
}
