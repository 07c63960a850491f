//! The life of keys, on both engines.

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use idp_domain::oidc::jose::SigningAlgorithm::{self, Es256, Rs256};
use idp_domain::oidc::jose::{BadToken, CantSign, Typ, Unverified};
use idp_domain::secrets::{Keyring, MasterKey};
use idp_storage::Db;
use jiff::{SignedDuration, Timestamp};
use migrations::run;
use migrations::testing::engines;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const LIFE: KeyLife = KeyLife {
    every: SignedDuration::from_secs(90 * DAY),
    ahead: SignedDuration::from_secs(DAY),
    keep: SignedDuration::from_secs(31 * DAY),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn ring(seed: u64) -> Keyring {
    Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(seed)))
}

/// One node: its copy of the keys.
struct Node {
    db: Db,
    ring: Keyring,
    keys: SigningKeys,
}

impl Node {
    /// On the heap: the frames of the tests are too small for all of them.
    fn start(db: &Db, seed: u64, now: i64) -> BoxFuture<'_, Self> {
        Box::pin(async move {
            let ring = ring(seed);
            let keys = SigningKeys::load(db, &ring, at(now)).await.unwrap();
            let db = db.clone();
            let node = Self { db, ring, keys };
            node.look_after(Why::Schedule, now).await;
            node
        })
    }

    fn look_after(&self, why: Why, now: i64) -> BoxFuture<'_, Vec<MadeKey>> {
        Box::pin(self.rotate(why, now))
    }

    async fn rotate(&self, why: Why, now: i64) -> Vec<MadeKey> {
        let mut rng = StdRng::seed_from_u64(9);
        let made = rotate(&self.db, &self.ring, why, &LIFE, at(now), &mut rng);
        let made = Box::pin(made).await.unwrap();
        self.refresh(now).await;
        assert!(!self.keys.wants(&LIFE, at(now)));
        made
    }

    async fn refresh(&self, now: i64) -> bool {
        let (db, ring) = (&self.db, &self.ring);
        let refreshed = self.keys.refresh_if_changed(db, ring, at(now)).await;
        refreshed.unwrap()
    }

    fn sign(&self, algorithm: SigningAlgorithm, now: i64) -> String {
        let claims = json!({ "iat": at(now).as_second() });
        self.keys
            .sign(algorithm, Typ::IdToken, &claims, at(now))
            .unwrap()
    }

    fn verify(&self, token: &str) -> Option<BadToken> {
        self.keys.verify(token, Typ::IdToken).err()
    }

    /// Generations of an algorithm whose time is not over.
    fn generations(&self, algorithm: SigningAlgorithm) -> Vec<i64> {
        let keys = self.keys.list();
        let of_it = keys.iter().filter(|key| key.algorithm == algorithm);
        of_it.map(|key| key.generation).collect()
    }

    fn signer(&self, now: i64) -> i64 {
        let token = self.sign(Es256, now);
        let token = Unverified::read(&token, Typ::IdToken).unwrap();
        let keys = self.keys.list();
        let key = keys
            .iter()
            .find(|key| Some(key.kid.as_str()) == token.kid());
        key.unwrap().generation
    }

    async fn execute(&self, sql: &'static str) {
        let mut tx = self.db.write().await.unwrap();
        run!(tx, c => sqlx::query(sql).execute(c)).unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_have_the_same_keys() {
    for db in engines(&[migrations::IDP]).await {
        let start = || {
            let db = db.clone();
            tokio::spawn(async move { Node::start(&db, 1, 0).await })
        };
        let mut nodes = Vec::new();
        for start in [start(), start(), start()] {
            nodes.push(start.await.unwrap());
        }
        for node in &nodes {
            node.refresh(0).await;
            let published = node.keys.published();
            assert_eq!(published.set.keys().len(), 4);
            assert_eq!(
                published.document.body(),
                nodes[0].keys.published().document.body()
            );
            assert_eq!(
                published.document.etag(),
                nodes[0].keys.published().document.etag()
            );
            for algorithm in SigningAlgorithm::ALL {
                assert_eq!(node.generations(algorithm), [1]);
                let token = node.sign(algorithm, 0);
                assert!(nodes.iter().all(|node| node.verify(&token).is_none()));
            }
        }
    }
}

#[tokio::test] // FLT-07
async fn a_key_is_published_before_it_signs_and_after() {
    for db in engines(&[migrations::IDP]).await {
        let (node, other) = (Node::start(&db, 1, 0).await, Node::start(&db, 1, 0).await);
        let first = node.sign(Rs256, 89 * DAY);
        assert!(
            node.look_after(Why::Schedule, 89 * DAY - 1)
                .await
                .is_empty()
        );
        assert_eq!(node.look_after(Why::Schedule, 89 * DAY).await.len(), 4);
        assert!(node.look_after(Why::Schedule, 89 * DAY).await.is_empty());
        assert_eq!(node.generations(Rs256), [2, 1]);
        // Nobody signs with it for a day; the other node has it long before.
        assert_eq!(node.signer(90 * DAY - 1), 1);
        assert!(other.refresh(89 * DAY + 1).await);
        assert!(!other.refresh(89 * DAY + 1).await);
        assert_eq!(other.signer(90 * DAY), 2);
        let second = other.sign(Rs256, 90 * DAY);
        assert_eq!(node.verify(&second), None);
        // The first is published for as long as what it signed may live.
        assert!(!node.refresh(121 * DAY - 1).await);
        assert_eq!(node.verify(&first), None);
        assert!(node.refresh(121 * DAY).await);
        assert_eq!(node.generations(Rs256), [2]);
        assert_eq!(node.verify(&first), Some(BadToken::UnknownKey));
        assert_eq!(node.verify(&second), None);
    }
}

#[tokio::test]
async fn a_clock_that_is_off_breaks_nothing() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        // Behind: before the first key's time it signs with it, and it makes no others.
        let behind = Node::start(&db, 1, -10 * DAY).await;
        assert_eq!(behind.generations(Es256), [1]);
        let token = behind.sign(Es256, -10 * DAY);
        assert_eq!(node.verify(&token), None);
        // Ahead, by less than the time ahead: it signs with a key that is published.
        node.look_after(Why::Schedule, 89 * DAY).await;
        let ahead = Node::start(&db, 1, 90 * DAY).await;
        assert_eq!(ahead.generations(Es256), [2, 1]);
        let token = ahead.sign(Es256, 90 * DAY);
        assert_eq!(ahead.signer(90 * DAY), 2);
        assert_eq!(node.verify(&token), None);
        assert_eq!(node.signer(89 * DAY), 1);
    }
}

#[tokio::test]
async fn who_asks_gets_new_keys_at_once_or_ahead() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        assert_eq!(node.look_after(Why::Asked, HOUR).await.len(), 4);
        assert_eq!(node.signer(HOUR), 1);
        assert!(node.look_after(Why::Asked, 2 * HOUR).await.is_empty());
        // Those that wait come forward.
        let made = node.look_after(Why::AtOnce, 2 * HOUR).await;
        assert_eq!(made.len(), 4);
        assert!(made.iter().all(|key| key.generation == 2));
        assert_eq!(node.signer(2 * HOUR + 4), 1);
        assert_eq!(node.signer(2 * HOUR + 5), 2);
        let ends: HashSet<_> = node.keys.list().iter().map(|key| key.expires_at).collect();
        assert_eq!(ends, [None, Some(at(2 * HOUR + 5 + 31 * DAY))].into());
        node.look_after(Why::AtOnce, 3 * HOUR).await;
        assert_eq!(node.generations(Es256), [3, 2, 1]);
    }
}

#[tokio::test]
async fn a_damaged_key_is_left_out_and_replaced() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        node.look_after(Why::AtOnce, HOUR).await;
        let token = node.sign(Es256, 2 * HOUR);
        assert_eq!(node.signer(2 * HOUR), 2);
        node.execute(
            "UPDATE signing_keys SET private_enc = other.private_enc
             FROM (SELECT private_enc FROM signing_keys WHERE algorithm = 'RS256'
                 AND generation = 1) AS other
             WHERE algorithm = 'ES256' AND generation = 2",
        )
        .await;
        // A node that starts now: the one before signs until the next may.
        let next = Node::start(&db, 1, 2 * HOUR).await;
        assert_eq!(next.generations(Es256), [3, 2, 1]);
        assert_eq!(next.generations(Rs256), [2, 1]);
        assert_eq!(next.signer(2 * HOUR), 1);
        assert_eq!(next.signer(2 * HOUR + 5), 3);
        assert_eq!(next.verify(&token), Some(BadToken::UnknownKey));
    }
}

#[tokio::test] // OID-31: a key that isn't sealed by us is never among ours
async fn nobody_can_slip_a_key_in() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        let theirs = Material::generate(Es256).unwrap();
        let mut tx = db.write().await.unwrap();
        let (foreign, mut rng) = (ring(2), StdRng::seed_from_u64(4));
        let stored = theirs.store(&mut tx, &foreign, 2, (at(1), at(1)), &mut rng);
        assert!(stored.await.unwrap());
        idp_storage::signing_keys::bump(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(node.refresh(1).await);
        let document = node.keys.published().document.body().clone();
        let document = String::from_utf8(document.to_vec()).unwrap();
        assert!(!document.contains(theirs.kid()), "{document}");
        assert_eq!(node.signer(2), 1);
    }
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        let token = node.sign(Es256, 0);
        // The program refuses such a start before; what is under another key stays closed anyway.
        let stranger = ring(2);
        let keys = SigningKeys::load(&db, &stranger, at(0)).await.unwrap();
        assert_eq!(keys.published().set.keys(), []);
        assert!(keys.list().iter().all(|key| !key.is_usable()));
        let signed = keys.sign(Es256, Typ::IdToken, &json!({}), at(0));
        assert_eq!(signed.unwrap_err(), CantSign);
        let verdict = keys.verify(&token, Typ::IdToken);
        assert_eq!(verdict.unwrap_err(), BadToken::UnknownKey);
    }
}

#[tokio::test] // OID-31: no two installations share a key, even under one master key
async fn every_installation_has_keys_of_its_own() {
    let mut kids = HashSet::new();
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        for key in node.keys.list() {
            assert!(kids.insert(key.kid));
        }
    }
}

#[tokio::test] // OID-17
async fn a_token_of_ours_is_of_its_type() {
    for db in engines(&[migrations::IDP]).await {
        let node = Node::start(&db, 1, 0).await;
        let token = node.sign(Es256, 0);
        for typ in [Typ::AccessToken, Typ::LogoutToken, Typ::DpopProof] {
            let verdict = node.keys.verify(&token, typ).unwrap_err();
            assert_eq!(verdict, BadToken::Type);
        }
    }
}

#[tokio::test(flavor = "multi_thread")] // OID-31: a key that somebody else may have
async fn a_key_that_signs_no_more_is_withdrawn_everywhere_at_once() {
    for db in engines(&[migrations::IDP]).await {
        let (node, other) = (Node::start(&db, 1, 0).await, Node::start(&db, 1, 0).await);
        let stolen = node.sign(Es256, 0);
        let kid_of = |generation: i64| {
            let keys = node.keys.list();
            let mut of_it = keys.iter().filter(|key| key.algorithm == Es256);
            let key = of_it.find(|key| key.generation == generation);
            key.unwrap().kid.clone()
        };
        let withdraw = async |kid: &str, now: i64| {
            let mut rng = StdRng::seed_from_u64(u64::try_from(now).unwrap());
            withdraw(&node.db, kid, at(now), &mut rng).await.unwrap()
        };
        let first = kid_of(1);
        assert!(!withdraw(&first, 1).await, "it signs");
        node.look_after(Why::AtOnce, 1).await;
        assert!(!withdraw(&first, 2).await, "it signs still");
        assert!(!withdraw(&kid_of(2), 3).await, "it will sign");
        assert!(!withdraw("nobody's", 7).await);
        let both = tokio::join!(withdraw(&first, 8), withdraw(&first, 9));
        assert!(both.0 ^ both.1, "it is withdrawn once");
        for node in [&node, &other] {
            assert!(node.refresh(9).await);
            assert_eq!(node.verify(&stolen), Some(BadToken::UnknownKey));
            assert_eq!(node.generations(Es256), [2]);
            assert_eq!(node.signer(9), 2);
            assert_eq!(node.verify(&node.sign(Es256, 9)), None);
        }
        // Another algorithm's keys are as they were, and the schedule goes on from here.
        assert_eq!(node.generations(Rs256), [2, 1]);
        node.look_after(Why::AtOnce, 10).await;
        assert_eq!(node.generations(Es256), [3, 2]);
    }
}
