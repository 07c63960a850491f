//! Captchas that were answered: an id is good once.

use idp_domain::factors::Captcha;
use migrations::run;

use crate::{DbError, Micros, Tx};

migrations::statements! {
    SPEND: "INSERT INTO spent_captchas (id_hash, expires_at) VALUES ($1, $2)
        ON CONFLICT (id_hash) DO NOTHING";
}

/// True for exactly one caller, ever.
pub async fn spend(tx: &mut Tx, captcha: &Captcha) -> Result<bool, DbError> {
    let hash = captcha.hash();
    let expires_at = Micros::from(captcha.expires_at());
    let spent =
        run!(tx, c => sqlx::query(SPEND).bind(hash.as_bytes()).bind(expires_at).execute(c))?;
    Ok(spent == 1)
}
