use idp_domain::oidc::Scopes;
use idp_storage::access_tokens::{self, AccessToken};

use super::authorizations::create;
use crate::in_tx;
use crate::support::{CROWD, at, count, databases, race, student, tag, winners};

#[tokio::test]
async fn a_token_is_found_by_its_hash_alone_and_goes_with_its_authorization() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let authorization = create(&db, 10, Some(person)).await;
        let token = AccessToken {
            hash: tag(1),
            authorization,
            scopes: Scopes::parse("openid email").unwrap(),
            audiences: vec!["https://a.example".into(), "https://b.example".into()],
            key_thumbprint: Some("thumb".into()),
            issued_at: at(0),
            expires_at: at(600),
            revoked: false,
        };
        in_tx!(db, tx => access_tokens::create(&mut tx, &token));
        let found = in_tx!(db, tx => access_tokens::find(&mut tx, &tag(1)));
        assert_eq!(found, Some(token));
        assert_eq!(
            in_tx!(db, tx => access_tokens::find(&mut tx, &tag(2))),
            None
        );
        in_tx!(db, tx => async {
            migrations::run!(tx, c => sqlx::query("DELETE FROM authorizations").execute(c))
        });
        assert_eq!(count(&db, "SELECT count(*) FROM access_tokens").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")] // OID-24
async fn a_token_is_revoked_once_and_stays_so() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        let authorization = create(&db, 10, Some(person)).await;
        let token = AccessToken {
            hash: tag(1),
            authorization,
            scopes: Scopes::default(),
            audiences: vec!["https://a.example".into()],
            key_thumbprint: None,
            issued_at: at(0),
            expires_at: at(600),
            revoked: false,
        };
        in_tx!(db, tx => access_tokens::create(&mut tx, &token));
        let got = race(&db, CROWD, |db, _| async move {
            in_tx!(db, tx => access_tokens::revoke(&mut tx, &tag(1), at(5)))
        })
        .await;
        assert_eq!(winners(&got), 1);
        let found = in_tx!(db, tx => access_tokens::find(&mut tx, &tag(1))).unwrap();
        assert!(found.revoked);
        assert!(!in_tx!(db, tx => access_tokens::revoke(&mut tx, &tag(2), at(5))));
    }
}
