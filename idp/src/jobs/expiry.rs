//! Keeps the tables of one-use objects small, a few rows in each transaction, so that nobody
//! waits for it.

use std::time::Duration;

use idp_storage::DbError;
use idp_storage::expiry::{SWEEPS, sweep as sweep_table};
use idp_storage::imports;

use crate::app::App;
use crate::sessions::ending;

const ROWS: i64 = 500;
const PAUSE: Duration = Duration::from_millis(20);
/// Of one table in one run: a backlog is worked off over several.
const BATCHES: u32 = 200;

/// Ends what ran out, then goes once over every table.
///
/// # Errors
/// [`DbError`]; the next run goes on.
pub async fn sweep(app: &App) -> Result<(), DbError> {
    let now = app.clock.now();
    let ended = ending::end_run_out(app).await?;
    metrics::counter!("sessions_run_out_total").increment(ended);
    for table in SWEEPS {
        for _ in 0..BATCHES {
            let mut tx = app.db.write().await?;
            let rows = sweep_table(&mut tx, table, now, ROWS).await?;
            tx.commit().await?;
            if rows > 0 {
                metrics::counter!("expired_rows_total", "table" => table.name).increment(rows);
            }
            if rows < ROWS.unsigned_abs() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    tidy_imports(app).await
}

/// Rows that a published import replaced, and those of imports that died.
async fn tidy_imports(app: &App) -> Result<(), DbError> {
    for _ in 0..BATCHES {
        let mut tx = app.db.write().await?;
        let tidied = imports::tidy(&mut tx, app.clock.now(), ROWS).await?;
        tx.commit().await?;
        if tidied.done {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
