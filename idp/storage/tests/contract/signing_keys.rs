use idp_domain::oidc::jose::SigningAlgorithm::{self, Es256, Rs256};
use idp_storage::Tx;
use idp_storage::signing_keys::{self, NewKey};
use serde_json::json;

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, winners};

async fn add(tx: &mut Tx, kid: &str, algorithm: SigningAlgorithm, generation: i64) -> bool {
    let key = NewKey {
        kid,
        algorithm,
        generation,
        private_enc: b"sealed",
        public_jwk: &json!({ "kid": kid }),
        created_at: at(0),
        active_from: at(100 * generation),
    };
    signing_keys::insert(tx, &key).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_make_the_next_generation_one_does() {
    for db in databases().await {
        let won = race(&db, CROWD, |db, index| async move {
            let mut tx = db.write().await.unwrap();
            let won = add(&mut tx, &format!("kid-{index}"), Es256, 1).await;
            if won {
                signing_keys::bump(&mut tx).await.unwrap();
            }
            tx.commit().await.unwrap();
            won
        })
        .await;
        assert_eq!(winners(&won), 1);
        let winner = won.iter().position(|won| *won).unwrap();
        let mut conn = db.read().await.unwrap();
        let keys = signing_keys::list(&mut conn).await.unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].kid, format!("kid-{winner}"));
        assert_eq!(signing_keys::version(&mut conn).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_key_ends_once_and_begins_earlier_but_never_later() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        assert_eq!(signing_keys::version(&mut tx).await.unwrap(), 0);
        for generation in 1..=3 {
            assert!(add(&mut tx, &format!("e{generation}"), Es256, generation).await);
        }
        assert!(add(&mut tx, "r1", Rs256, 1).await);
        assert!(!add(&mut tx, "r1", Rs256, 2).await, "a key has one row");
        signing_keys::bump(&mut tx).await.unwrap();
        signing_keys::bump(&mut tx).await.unwrap();
        assert_eq!(signing_keys::version(&mut tx).await.unwrap(), 2);
        tx.commit().await.unwrap();

        in_tx!(db, tx => signing_keys::retire_before(&mut tx, Es256, 2, at(500)));
        in_tx!(db, tx => signing_keys::retire_before(&mut tx, Es256, 3, at(600)));
        assert!(in_tx!(db, tx => signing_keys::advance(&mut tx, Es256, 3, at(250))));
        assert!(!in_tx!(db, tx => signing_keys::advance(&mut tx, Es256, 3, at(250))));
        assert!(!in_tx!(db, tx => signing_keys::advance(&mut tx, Es256, 3, at(260))));
        assert!(!in_tx!(db, tx => signing_keys::advance(&mut tx, Es256, 4, at(1))));
        let mut conn = db.read().await.unwrap();
        let keys = signing_keys::list(&mut conn).await.unwrap();
        let lives: Vec<_> = keys
            .iter()
            .map(|key| (key.kid.as_str(), key.active_from, key.expires_at))
            .collect();
        assert_eq!(
            lives,
            [
                ("e1", at(100), Some(at(500))),
                ("e2", at(200), Some(at(600))),
                ("e3", at(250), None),
                ("r1", at(100), None),
            ]
        );
    }
}
