use super::*;
use argon2::password_hash::phc::PasswordHash;
use rand::SeedableRng;

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// A pool whose threads have not come to work yet.
fn idle(most: usize) -> HashPool {
    let params = Params::new(8, 1, 1, Some(32)).unwrap();
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
    HashPool {
        _gate: Arc::new(Gate(Arc::clone(&shared))),
        shared,
        dummy: hash(&params, b"?", &[0; 16], &mut Vec::new())
            .unwrap()
            .into(),
    }
}

impl HashPool {
    /// Works off all that waits, on this very thread.
    fn work_off(&self) {
        self.shared.line().closed = true;
        serve(&self.shared);
        self.shared.line().closed = false;
    }

    /// Lines up a check that a test knows again by its password.
    fn check(&self, lane: Lane, arrived: i64, name: &str) -> (Place, oneshot::Receiver<Checked>) {
        self.verify(lane, at(arrived), None, secret(name)).unwrap()
    }

    /// The passwords in the order in which they would be served.
    fn order(&self) -> Vec<String> {
        let mut line = self.shared.line();
        std::iter::from_fn(|| line.next())
            .map(|work| match work {
                Work::Verify { password, .. } | Work::Hash { password, .. } => password.to_string(),
            })
            .collect()
    }
}

#[test] // PWD-08: a flood in one lane holds up a third of the capacity and no more
fn lanes_are_served_in_turn_and_each_by_arrival() {
    let pool = idle(100);
    let mut kept = Vec::new();
    for n in 0..4 {
        kept.push(pool.check(Lane::Failing, 0, &format!("f{n}")));
    }
    // Later ones, and out of order: who comes back after a lost node takes the old place.
    kept.push(pool.check(Lane::Clean, 20, "c20"));
    kept.push(pool.check(Lane::Clean, 10, "c10"));
    kept.push(pool.check(Lane::Known, 30, "k30"));
    assert_eq!(pool.waiting(), 7);
    assert_eq!(
        pool.order(),
        ["k30", "c10", "f0", "c20", "f1", "f2", "f3"].map(str::to_owned)
    );
}

#[test]
fn two_of_the_same_moment_keep_their_order() {
    let pool = idle(10);
    let _kept = ["a", "b", "c"].map(|name| pool.check(Lane::Clean, 5, name));
    assert_eq!(pool.order(), ["a", "b", "c"].map(str::to_owned));
}

#[test]
fn a_place_is_never_better_than_what_happens() {
    let pool = idle(100);
    let mut kept = Vec::new();
    for n in 0..5 {
        kept.push(pool.check(Lane::Failing, n, &format!("f{n}")));
    }
    for n in 0..2 {
        kept.push(pool.check(Lane::Known, n, &format!("k{n}")));
    }
    let (mine, _reply) = pool.check(Lane::Clean, 9, "mine");
    let (last, _reply) = pool.check(Lane::Failing, 9, "last");
    // At most one of each other lane, then it is my turn.
    assert_eq!(mine.ahead(), 2);
    assert_eq!(last.ahead(), 5 + 2 + 1);
    let order = pool.order();
    let index = |name: &str| order.iter().position(|n| n == name).unwrap();
    assert!(index("mine") <= 2, "{order:?}");
    assert!(index("last") <= 8, "{order:?}");
    assert_eq!((mine.ahead(), last.ahead()), (0, 0));
}

#[test] // PWD-08
fn the_line_is_bounded_over_all_lanes_together() {
    let pool = idle(3);
    let _kept = [Lane::Known, Lane::Clean, Lane::Failing]
        .map(|lane| pool.verify(lane, at(0), None, secret("x")).unwrap());
    for lane in [Lane::Known, Lane::Clean, Lane::Failing] {
        assert!(pool.verify(lane, at(0), None, secret("x")).is_err());
    }
    assert!(pool.hash(at(0), secret("x"), &mut rng()).is_err());
    assert_eq!(pool.waiting(), 3);
}

#[test] // PWD-08
fn a_flood_in_one_lane_leaves_the_others_room() {
    let pool = idle(9);
    let mut kept = Vec::new();
    while let Ok(waiting) = pool.verify(Lane::Failing, at(0), None, secret("x")) {
        kept.push(waiting);
    }
    assert_eq!(kept.len(), 3);
    kept.push(pool.check(Lane::Clean, 0, "c"));
    kept.push(pool.check(Lane::Known, 0, "k"));
    assert_eq!(pool.waiting(), 5);
}

#[test]
fn who_went_away_costs_nothing() {
    let pool = idle(10);
    drop(pool.check(Lane::Clean, 0, "gone"));
    drop(pool.hash(at(0), secret("gone"), &mut rng()).unwrap());
    let (_, mut stays) = pool.check(Lane::Clean, 1, "stays");
    pool.work_off();
    assert_eq!((pool.computed(), pool.waiting()), (1, 0));
    assert!(!stays.try_recv().unwrap().matches);
}

#[test] // ENM-02: the dummy is nobody's password
fn the_dummy_matches_nothing_that_can_be_guessed() {
    let pool = HashPool::start(1, 100, CHEAP, &mut rng()).unwrap();
    let other = HashPool::start(1, 100, CHEAP, &mut StdRng::seed_from_u64(8)).unwrap();
    assert_ne!(pool.dummy, other.dummy, "one dummy for all installations");
    for guess in ["", " ", "hunter2", "password", "dummy", &pool.dummy] {
        let (_, reply) = pool
            .verify(Lane::Clean, at(0), None, secret(guess))
            .unwrap();
        let checked = reply.blocking_recv().unwrap();
        assert!(!checked.matches && !checked.outdated, "{guess:?}");
    }
}

#[test] // PWD-09
fn a_hash_is_argon2id_of_the_parameters_with_a_salt_of_its_own() {
    let pool = HashPool::start(2, 10, CHEAP, &mut rng()).unwrap();
    let mut rng = rng();
    let [a, b] = [(), ()].map(|()| {
        let reply = pool.hash(at(0), secret("correct horse"), &mut rng).unwrap();
        reply.blocking_recv().unwrap().unwrap()
    });
    assert!(a.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{a}");
    assert_ne!(a, b);
    let salt = |phc: &str| PasswordHash::new(phc).unwrap().salt.unwrap();
    assert_eq!(salt(&a).as_ref().len(), 16);
    assert_ne!(salt(&a).as_ref(), salt(&b).as_ref());
    for (password, matches) in [
        ("correct horse", true),
        ("correct horsf", false),
        ("", false),
    ] {
        let (_, reply) = pool
            .verify(Lane::Known, at(0), Some(&a), secret(password))
            .unwrap();
        let checked = reply.blocking_recv().unwrap();
        assert_eq!((checked.matches, checked.outdated), (matches, false));
    }
}

#[test]
fn parameters_that_argon2_does_not_take_stop_the_start() {
    let cost = Cost {
        memory_kib: 1,
        ..CHEAP
    };
    assert!(HashPool::start(1, 1, cost, &mut rng()).is_err());
}
