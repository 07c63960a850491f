//! Keys are replaced while two nodes sign and verify.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use idp::oidc::keys::{KeyLife, Why, rotate};
use idp::{App, Clock};
use idp_domain::oidc::jose::{BadToken, KeySet, SigningAlgorithm, Typ, Unverified};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{Campus, Visitor, each_campus};

/// An application that keeps our keys until it meets an unknown one, and then asks whichever node
/// the balancer gives it.
struct Verifier {
    nodes: Vec<Router>,
    keys: KeySet,
    asked: usize,
}

impl Verifier {
    async fn verify(&mut self, token: &str, algorithm: SigningAlgorithm) -> Result<(), BadToken> {
        let read = Unverified::read(token, Typ::IdToken)?;
        match read.clone().verify(&self.keys, &[algorithm]) {
            Err(BadToken::UnknownKey) => {}
            other => return other.map(|_| ()),
        }
        let node = self.nodes[self.asked % self.nodes.len()].clone();
        self.asked += 1;
        let reply = Visitor::new(node).get("/oidc/jwks").await;
        self.keys = KeySet::read(&reply.bytes).unwrap();
        read.verify(&self.keys, &[algorithm]).map(|_| ())
    }
}

/// Signs on one node and has it verified, there and everywhere, until told to stop; gives how
/// often.
async fn sign_and_verify(
    nodes: Vec<Arc<App>>,
    mut verifier: Verifier,
    clock: Clock,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) {
    for round in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let algorithm = SigningAlgorithm::ALL[round % 4];
        let signer = &nodes[(round / 4) % nodes.len()];
        let keys = &signer.signing_keys;
        let token = keys.sign(algorithm, Typ::IdToken, &json!({ "n": round }), clock.now());
        let token = token.unwrap();
        assert_eq!(
            verifier.verify(&token, algorithm).await,
            Ok(()),
            "round {round}"
        );
        for node in &nodes {
            let verdict = node.signing_keys.verify(&token, Typ::IdToken);
            assert!(verdict.is_ok(), "round {round}");
        }
        done.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// What the job of a node does, twice a second.
async fn refresh(campus: &Campus, node: &App) {
    let keys = &node.signing_keys;
    let refreshed = keys.refresh_if_changed(&node.db, &node.keys, campus.clock.now());
    assert!(refreshed.await.unwrap());
}

async fn replace(campus: &Campus, why: Why) {
    let app = campus.idp.app();
    let life = KeyLife::of(&app.config);
    let mut rng = app.entropy.rng();
    let made = rotate(&app.db, &app.keys, why, &life, campus.clock.now(), &mut rng);
    assert_eq!(Box::pin(made).await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")] // FLT-07
async fn no_verification_fails_while_keys_are_replaced() {
    each_campus(async |campus| {
        let second = campus.second_node().await;
        let nodes = vec![Arc::clone(campus.idp.app()), Arc::clone(second.app())];
        let routers = vec![campus.idp.router(), second.router()];
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut tasks = tokio::task::JoinSet::new();
        for asked in 0..4 {
            let verifier = Verifier {
                nodes: routers.clone(),
                keys: KeySet::default(),
                asked,
            };
            let (nodes, clock) = (nodes.clone(), campus.clock.clone());
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            tasks.spawn(sign_and_verify(nodes, verifier, clock, stop, done));
        }
        let some_more = async || {
            let before = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < before + 40 && !tasks.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        for (round, why) in [Why::AtOnce, Why::Asked, Why::AtOnce]
            .into_iter()
            .enumerate()
        {
            some_more().await;
            replace(campus, why).await;
            some_more().await;
            // The nodes see it one after the other, with the time between them.
            refresh(campus, &nodes[round % 2]).await;
            campus.advance(SignedDuration::from_secs(4));
            some_more().await;
            refresh(campus, &nodes[(round + 1) % 2]).await;
            campus.advance(SignedDuration::from_hours(25));
            some_more().await;
        }
        stop.store(true, Ordering::Relaxed);
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let signers = nodes[0].signing_keys.list();
        assert_eq!(signers.iter().map(|key| key.generation).max(), Some(4));
        assert_eq!(campus.audited("oidc.keys.rotate", "success").await, 12);
    })
    .await;
}

/// How many signatures a second: `cargo test --release -p idp --test oidc -- --ignored rate`.
#[tokio::test]
#[ignore = "a measurement"]
async fn rate_of_signing() {
    each_campus(async |campus| {
        let app = campus.idp.app();
        let claims = json!({ "iss": "https://id.example.edu", "sub": "01a19467-e801-7002-8002-000000000001",
            "aud": "library", "exp": 1_790_000_600, "iat": 1_790_000_000, "nonce": "n-0S6_WzA2Mj" });
        for algorithm in SigningAlgorithm::ALL {
            let (started, mut count) = (std::time::Instant::now(), 0_u32);
            while started.elapsed() < std::time::Duration::from_secs(1) {
                let keys = &app.signing_keys;
                keys.sign(algorithm, Typ::IdToken, &claims, campus.clock.now()).unwrap();
                count += 1;
            }
            println!("{algorithm}: {count} a second");
        }
    })
    .await;
}
