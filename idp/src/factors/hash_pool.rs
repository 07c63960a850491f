//! The password hash: its own threads, as many as cores, and a fair line in front of them.
//!
//! Argon2id costs 12 ms of a core and 19 MiB. More at once than cores would be slower for
//! everybody, and on the server's own threads it would stop the rest. The line has three lanes
//! (known browsers, clean sources, sources that failed lately), taken in turn, so that a flood of
//! guesses can hold up a third of the capacity and no more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use argon2::Params;
use jiff::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

pub use super::argon2id::Checked;
use super::argon2id::{hash, verify};

/// Which line an attempt waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A browser in which this account was signed in before.
    Known,
    Clean,
    /// The account saw failures lately.
    Failing,
}

const LANES: usize = 3;

/// The cost of new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// The line is full.
#[derive(Debug, thiserror::Error)]
#[error("the line for the password hash is full")]
pub struct Full;

/// The parameters can't be used.
#[derive(Debug, thiserror::Error)]
#[error("argon2 parameters: {0}")]
pub struct BadCost(argon2::Error);

enum Work {
    Verify {
        phc: String,
        password: Zeroizing<String>,
        reply: oneshot::Sender<Checked>,
    },
    Hash {
        salt: [u8; 16],
        password: Zeroizing<String>,
        reply: oneshot::Sender<Option<String>>,
    },
}

/// Ordered by arrival, so that who comes back after a lost node takes the old place again.
type Key = (Timestamp, u64);

struct Line {
    lanes: [BTreeMap<Key, Work>; LANES],
    turn: usize,
    arrivals: u64,
    /// So many [`Hold`]s live.
    held: usize,
    closed: bool,
}

impl Line {
    fn len(&self) -> usize {
        self.lanes.iter().map(BTreeMap::len).sum()
    }

    /// The next one, lanes in turn.
    fn next(&mut self) -> Option<Work> {
        if self.held > 0 {
            return None;
        }
        for step in 0..LANES {
            let lane = (self.turn + step) % LANES;
            if let Some((_, work)) = self.lanes[lane].pop_first() {
                self.turn = (lane + 1) % LANES;
                return Some(work);
            }
        }
        None
    }
}

struct Shared {
    line: Mutex<Line>,
    arrived: Condvar,
    most: usize,
    params: Params,
    /// Hashes computed since the start.
    computed: AtomicU64,
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pool. Cheap to clone; the threads end when the last clone is dropped.
#[derive(Clone)]
pub struct HashPool {
    shared: Arc<Shared>,
    /// Closes the line when the last handle goes.
    _gate: Arc<Gate>,
    /// A hash of random bytes, which unknown users are checked against: it costs the same, and
    /// nobody knows what it is a hash of (ENM-02).
    dummy: Arc<str>,
}

struct Gate(Arc<Shared>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.line().closed = true;
        self.0.arrived.notify_all();
    }
}

impl std::fmt::Debug for HashPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashPool")
            .field("waiting", &self.shared.line().len())
            .finish_non_exhaustive()
    }
}

/// While it lives no work is begun; the line forms as it does under load.
#[derive(Debug)]
pub struct Hold(HashPool);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.shared.line().held -= 1;
        self.0.shared.arrived.notify_all();
    }
}

/// Where an attempt stands in the line.
#[derive(Clone)]
pub struct Place {
    pool: Arc<Shared>,
    lane: usize,
    key: Key,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// How many are served before this one, at most; 0 when it is being served.
    pub fn ahead(&self) -> usize {
        let line = self.pool.line();
        if !line.lanes[self.lane].contains_key(&self.key) {
            return 0;
        }
        let mine = line.lanes[self.lane].range(..self.key).count();
        // In each turn every other lane is served once before this one.
        let others = (0..LANES)
            .filter(|lane| *lane != self.lane)
            .map(|lane| line.lanes[lane].len().min(mine + 1))
            .sum::<usize>();
        mine + others
    }
}

impl HashPool {
    /// Starts `threads` threads, with a line of at most `most` waiting.
    ///
    /// # Errors
    /// [`BadCost`] for parameters that argon2 doesn't take.
    pub fn start(
        threads: usize,
        most: usize,
        cost: Cost,
        rng: &mut StdRng,
    ) -> Result<Self, BadCost> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(BadCost)?;
        let shared = Arc::new(Shared {
            line: Mutex::new(Line {
                lanes: std::array::from_fn(|_| BTreeMap::new()),
                turn: 0,
                arrivals: 0,
                held: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
            most,
            params: params.clone(),
            computed: AtomicU64::new(0),
        });
        let mut secret = [0; 32];
        let mut salt = [0; 16];
        rng.fill_bytes(&mut secret);
        rng.fill_bytes(&mut salt);
        let dummy = hash(&params, &secret, &salt, &mut Vec::new()).unwrap_or_default();
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            // A thread that can't be started leaves its share to the others; the first must run.
            let started = thread::Builder::new()
                .name(format!("password-hash-{number}"))
                .spawn(move || serve(&shared));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for password hashes could not be started");
            }
        }
        Ok(Self {
            _gate: Arc::new(Gate(Arc::clone(&shared))),
            shared,
            dummy: dummy.into(),
        })
    }

    /// Lines up a check of `password` against a stored hash, or against the dummy.
    ///
    /// # Errors
    /// [`Full`] when the line is.
    pub fn verify(
        &self,
        lane: Lane,
        arrived_at: Timestamp,
        phc: Option<&str>,
        password: Zeroizing<String>,
    ) -> Result<(Place, oneshot::Receiver<Checked>), Full> {
        let (reply, answer) = oneshot::channel();
        let work = Work::Verify {
            phc: phc.unwrap_or(&self.dummy).to_owned(),
            password,
            reply,
        };
        Ok((self.line_up(lane, arrived_at, work)?, answer))
    }

    /// Hashes a new password. `None` inside never happens with parameters that `start` took.
    ///
    /// # Errors
    /// [`Full`] when the line is.
    pub fn hash(
        &self,
        arrived_at: Timestamp,
        password: Zeroizing<String>,
        rng: &mut StdRng,
    ) -> Result<oneshot::Receiver<Option<String>>, Full> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let (reply, answer) = oneshot::channel();
        let work = Work::Hash {
            salt,
            password,
            reply,
        };
        self.line_up(Lane::Known, arrived_at, work)?;
        Ok(answer)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.shared.line().len()
    }

    /// How many hashes this node has computed: what the limits are measured against (BRU-02).
    pub fn computed(&self) -> u64 {
        self.shared.computed.load(Ordering::Relaxed)
    }

    /// Stops the threads before their next piece of work, for tests of the line.
    #[doc(hidden)]
    pub fn hold(&self) -> Hold {
        self.shared.line().held += 1;
        Hold(self.clone())
    }

    fn line_up(&self, lane: Lane, arrived_at: Timestamp, work: Work) -> Result<Place, Full> {
        let mut line = self.shared.line();
        // Each lane has its share of the places, so that a flood in one leaves the others room.
        if line.lanes[lane as usize].len() >= self.shared.most.div_ceil(LANES) {
            return Err(Full);
        }
        line.arrivals += 1;
        let key = (arrived_at, line.arrivals);
        line.lanes[lane as usize].insert(key, work);
        drop(line);
        self.shared.arrived.notify_one();
        Ok(Place {
            pool: Arc::clone(&self.shared),
            lane: lane as usize,
            key,
        })
    }
}

/// The life of one thread: takes work until the pool is dropped. Its memory block is kept, which
/// is a twelfth faster than a new one each time.
fn serve(shared: &Shared) {
    let mut memory = Vec::new();
    loop {
        let work = {
            let mut line = shared.line();
            loop {
                if let Some(work) = line.next() {
                    break work;
                }
                if line.closed {
                    return;
                }
                line = shared
                    .arrived
                    .wait(line)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        };
        match work {
            // Who went away meanwhile costs nothing more.
            Work::Verify { reply, .. } if reply.is_closed() => {}
            Work::Hash { reply, .. } if reply.is_closed() => {}
            Work::Verify {
                phc,
                password,
                reply,
            } => {
                count(shared);
                let _gone = reply.send(verify(
                    &shared.params,
                    &phc,
                    password.as_bytes(),
                    &mut memory,
                ));
            }
            Work::Hash {
                salt,
                password,
                reply,
            } => {
                count(shared);
                let _gone = reply.send(hash(
                    &shared.params,
                    password.as_bytes(),
                    &salt,
                    &mut memory,
                ));
            }
        }
    }
}

fn count(shared: &Shared) {
    shared.computed.fetch_add(1, Ordering::Relaxed);
    metrics::counter!("password_hashes_total").increment(1);
}

#[cfg(test)]
mod tests;
