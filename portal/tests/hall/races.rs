//! A logout that arrives while its sign-in completes: whichever comes first, nobody stays signed
//! in.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::keys::Signing;
use crate::support::stages;
use crate::told::post;

const ROUNDS: u32 = 40;

#[tokio::test] // OID-24
async fn a_sign_in_that_completes_while_its_logout_arrives_leaves_nobody_signed_in() {
    for stage in stages().await {
        for round in 0..ROUNDS {
            let sid = format!("sid-{round}");
            stage.provider.told(|conduct| conduct.sid.clone_from(&sid));
            // By the session's name, and by the person's alone.
            let told = if round % 2 == 0 {
                json!({"sid": sid, "jti": sid})
            } else {
                json!({"sid": null, "jti": sid})
            };
            let token = stage.provider.logout_token(Signing::Es256, "JWT", &told);
            let mut browser = stage.browser();
            let asked = browser.begin("/").await;
            let back = stage.provider.answer(&asked);
            let gate = stage.provider.hold("userinfo");
            let before = stage.provider.count("userinfo");
            let arriving = tokio::spawn(async move {
                let reply = browser.get(&back).await;
                (browser, reply.status)
            });
            while stage.provider.count("userinfo") == before {
                tokio::task::yield_now().await;
            }
            gate.add_permits(1);
            // A little earlier or later each time.
            for _ in 0..round * 25 {
                tokio::task::yield_now().await;
            }
            assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
            let (mut browser, status) = arriving.await.unwrap();
            assert!([StatusCode::FOUND, StatusCode::FORBIDDEN].contains(&status));
            assert!(!browser.is_signed_in().await, "round {round}: {status}");
            stage.provider.release("userinfo");
            stage.clock.advance(jiff::SignedDuration::from_secs(2));
        }
        // Who signs in after all of it is.
        stage.provider.told(|conduct| conduct.sid = "later".into());
        let mut browser = stage.signed_in().await;
        assert!(browser.is_signed_in().await);
    }
}
