//! Signing keys: seen on every node, and made in time.

use idp_storage::DbError;

use crate::app::App;
use crate::oidc::keys::{KeyLife, KeysError, Why, rotate};

/// Takes up what another node or a command changed.
///
/// # Errors
/// [`DbError`]; the node keeps what it has.
pub async fn refresh(app: &App) -> Result<bool, DbError> {
    let now = app.clock.now();
    app.signing_keys
        .refresh_if_changed(&app.db, &app.keys, now)
        .await
}

/// Makes the next keys when it is time, and others for those that can't be used.
///
/// # Errors
/// [`KeysError`]; the next run tries again, and the present keys go on.
pub async fn look_after(app: &App) -> Result<(), KeysError> {
    let now = app.clock.now();
    let life = KeyLife::of(&app.config);
    if !app.signing_keys.wants(&life, now) {
        return Ok(());
    }
    let mut rng = app.entropy.rng();
    let made = rotate(&app.db, &app.keys, Why::Schedule, &life, now, &mut rng);
    for key in Box::pin(made).await? {
        tracing::info!(
            algorithm = %key.algorithm, generation = key.generation, from = %key.active_from,
            "made a signing key"
        );
    }
    refresh(app).await?;
    Ok(())
}
