//! A refresh token is good once: whatever goes wrong on the way, the hall never sends one so late
//! that its provider would take it for stolen (OID-14).

use std::time::Duration;

use jiff::SignedDuration;
use migrations::run;
use portal::Hall;

use crate::support::{Browser, Stage, parts, stages};

/// Past the ten minutes of an access token.
const DUE: SignedDuration = SignedDuration::from_mins(11);

impl Stage {
    async fn row(&self) -> Option<(i64, Option<i64>)> {
        let mut conn = self.db.read().await.unwrap();
        run!(conn, c => sqlx::query_as("SELECT version, renewing_until FROM portal_sessions")
            .fetch_optional(c))
        .unwrap()
    }

    /// Waits until it is so, without moving the clock.
    async fn until(&self, is_so: impl AsyncFn(&Self) -> bool) {
        let waits = async {
            while !is_so(self).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waits)
            .await
            .unwrap();
    }

    /// The next renewal goes as if nothing had been.
    async fn goes_on(&self, browser: &mut Browser) {
        assert!(browser.is_signed_in().await);
        self.clock.advance(DUE);
        let before = self.provider.count("token");
        assert!(browser.is_signed_in().await);
        assert_eq!(self.provider.count("token"), before + 1);
        assert_eq!(self.provider.alarms(), 0);
    }
}

#[tokio::test] // OID-14
async fn a_lost_answer_is_asked_for_again_at_once() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        let before = stage.provider.count("token");
        stage.provider.told(|conduct| conduct.lost_answers = 1);
        stage.clock.advance(DUE);
        assert!(browser.is_signed_in().await);
        assert_eq!(stage.provider.count("token"), before + 2);
        stage.goes_on(&mut browser).await;
    }
}

#[tokio::test] // OID-14
async fn an_answer_that_comes_when_nobody_waits_any_more_does_no_harm() {
    for stage in stages().await {
        let mut config = parts(&stage.db, &stage.provider.issuer, &stage.clock);
        config.config.patience = Duration::from_secs(1);
        let impatient = Hall::start(config).await.unwrap();
        let mut browser = stage.signed_in().await;
        browser.router = impatient.router();
        let before = stage.provider.count("token");
        let gate = stage.provider.hold("token");
        stage.clock.advance(DUE);
        let mut same = browser.clone();
        let page = tokio::spawn(async move { same.is_signed_in().await });
        stage
            .until(async |stage| stage.provider.count("token") == before + 2)
            .await;
        // The first one's waiter is gone; both were done.
        gate.add_permits(2);
        stage.provider.release("token");
        assert!(page.await.unwrap());
        stage
            .until(async |stage| stage.row().await.is_some_and(|(version, _)| version > 1))
            .await;
        stage.goes_on(&mut browser).await;
    }
}

#[tokio::test] // OID-14
async fn answers_that_go_on_being_lost_end_the_session_here_and_raise_no_alarm() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        let mut other = browser.clone();
        stage.provider.told(|conduct| conduct.lost_answers = 3);
        stage.clock.advance(DUE);
        let before = stage.provider.count("token");
        assert!(browser.is_signed_in().await, "with what there is");
        assert_eq!(stage.provider.count("token"), before + 2);
        // Soon enough it is asked again.
        stage.clock.advance(SignedDuration::from_secs(2));
        assert!(browser.is_signed_in().await);
        assert_eq!(stage.provider.count("token"), before + 4, "one was lost");
        stage.goes_on(&mut browser).await;
        // Later it isn't.
        stage.provider.told(|conduct| conduct.lost_answers = 2);
        stage.clock.advance(DUE);
        assert!(browser.is_signed_in().await);
        let before = stage.provider.count("token");
        stage.clock.advance(SignedDuration::from_secs(9));
        assert!(!browser.is_signed_in().await && !other.is_signed_in().await);
        assert_eq!(stage.provider.count("token"), before, "it isn't sent");
        assert_eq!(stage.provider.alarms(), 0);
    }
}

#[tokio::test] // OID-14, FLT-01
async fn a_node_that_dies_between_answer_and_row_leaves_no_alarm() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        for (seconds, goes_on) in [(6, true), (20, false)] {
            stage.clock.advance(DUE);
            stage.dies_while_renewing().await;
            let before = stage.provider.count("token");
            // While it might still live, nobody takes its place.
            assert!(browser.is_signed_in().await);
            assert_eq!(stage.provider.count("token"), before);
            browser.router = stage.another_node().await.router();
            stage.clock.advance(SignedDuration::from_secs(seconds));
            assert_eq!(browser.is_signed_in().await, goes_on, "after {seconds} s");
            if goes_on {
                assert_eq!(stage.provider.count("token"), before + 1);
                stage.goes_on(&mut browser).await;
            } else {
                assert_eq!(stage.provider.count("token"), before);
                assert_eq!(stage.row().await, None);
            }
            assert_eq!(stage.provider.alarms(), 0);
        }
    }
}

impl Stage {
    /// What a node leaves behind that dies when its refresh token was just used: its claim.
    async fn dies_while_renewing(&self) {
        let now = self.clock.now();
        {
            let mut families = self.provider.inner.refresh.lock().unwrap();
            let token = families.newest(0);
            families.redeem(&token, now).unwrap();
        }
        let (now, until) = (now.as_microsecond(), now.as_microsecond() + 5_000_000);
        let mut tx = self.db.write().await.unwrap();
        run!(tx, c => sqlx::query(
            "UPDATE portal_sessions SET renewal_sent_at = $1, renewing_until = $2")
            .bind(now).bind(until).execute(c))
        .unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test] // OID-14
async fn a_browser_that_leaves_does_not_take_the_renewal_with_it() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        stage.provider.hold("token");
        stage.clock.advance(DUE);
        let before = stage.provider.count("token");
        let mut leaving = browser.clone();
        let page = tokio::spawn(async move { leaving.get("/").await });
        stage
            .until(async |stage| stage.provider.count("token") == before + 1)
            .await;
        page.abort();
        assert!(page.await.unwrap_err().is_cancelled());
        stage.provider.release("token");
        stage
            .until(async |stage| stage.row().await.is_some_and(|(version, _)| version > 1))
            .await;
        stage.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(stage.provider.count("token"), before + 1);
        stage.goes_on(&mut browser).await;
    }
}

#[tokio::test]
async fn tokens_are_kept_before_anything_else_is_asked() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        stage.provider.hold("userinfo");
        stage.clock.advance(DUE);
        let before = stage.provider.count("userinfo");
        let mut same = browser.clone();
        let page = tokio::spawn(async move { same.is_signed_in().await });
        stage
            .until(async |stage| stage.provider.count("userinfo") == before + 1)
            .await;
        assert_eq!(stage.row().await, Some((2, None)));
        stage.provider.release("userinfo");
        assert!(page.await.unwrap());
        stage.goes_on(&mut browser).await;
    }
}

#[tokio::test]
async fn of_many_requests_at_two_nodes_one_renews() {
    for stage in stages().await {
        let browser = stage.signed_in().await;
        let nodes = [stage.router.clone(), stage.another_node().await.router()];
        stage.clock.advance(DUE);
        let before = stage.provider.count("token");
        let pages: Vec<_> = (0..16)
            .map(|number| {
                let mut browser = browser.clone();
                browser.router = nodes[number % 2].clone();
                tokio::spawn(async move { browser.is_signed_in().await })
            })
            .collect();
        for page in pages {
            assert!(page.await.unwrap());
        }
        assert_eq!(stage.provider.count("token"), before + 1);
        assert_eq!(stage.provider.alarms(), 0);
    }
}

#[tokio::test]
async fn a_gateways_page_in_place_of_the_provider_is_no_refusal() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        stage
            .provider
            .told(|conduct| conduct.token_error = Some((502, "<html>")));
        stage.clock.advance(DUE);
        assert!(browser.is_signed_in().await);
        stage.provider.told(|conduct| conduct.token_error = None);
        stage.clock.advance(SignedDuration::from_secs(2));
        stage.goes_on(&mut browser).await;
    }
}
