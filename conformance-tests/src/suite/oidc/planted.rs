//! What a run begins with because some cases need it to be old: waiting for each would take longer
//! than all the rest.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::flow::SignedIn;
use super::provider::Provider;
use super::request::AuthRequest;

/// The cases that use what is old.
pub const PATIENT_CASES: [&str; 3] = ["44c", "46b", "46c"];

/// Made in the first moments of a run.
#[derive(Clone, Debug)]
pub struct Planted {
    pub at: Instant,
    /// A code that was redeemed, with what it gave.
    pub redeemed: (String, SignedIn),
    /// A code that wasn't.
    pub waiting: (AuthRequest, String),
}

impl Provider {
    /// Signs in and keeps what comes of it; does nothing the second time.
    pub async fn planted(&self) -> Result<Planted> {
        let mut planted = self.planted.lock().await;
        if let Some(planted) = planted.as_ref() {
            return Ok(planted.clone());
        }
        let client = self.basic();
        let signed_in = self.sign_in(&client, "openid").await?;
        let code = signed_in.landing.code()?.to_owned();
        let new = Planted {
            redeemed: (code, signed_in),
            waiting: self.code(&client, "openid").await?,
            at: Instant::now(),
        };
        *planted = Some(new.clone());
        Ok(new)
    }

    /// The same, once it is at least so old.
    pub async fn planted_since(&self, age: Duration) -> Result<Planted> {
        let planted = self.planted().await?;
        tokio::time::sleep(age.saturating_sub(planted.at.elapsed())).await;
        Ok(planted)
    }
}
