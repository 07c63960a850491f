//! Imports of people. An import writes its rows in short transactions, and they count from the
//! moment its own row says `published_at`: one small change, all or nothing (IMP-03). At most one
//! import is staging at a time, so publication follows the order of `seq`.

use std::collections::BTreeSet;

use idp_domain::Timestamp;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

macro_rules! staging {
    () => {
        "published_at IS NULL AND abandoned_at IS NULL"
    };
}

migrations::statements! {
    ABANDON_DEAD: concat!("UPDATE imports SET abandoned_at = $1
        WHERE heartbeat_at < $2 AND ", staging!());
    STAGING: concat!("SELECT seq, file_name, heartbeat_at FROM imports WHERE ", staging!());
    LATEST: "SELECT coalesce(max(seq), 0) FROM imports WHERE published_at IS NOT NULL";
    BEGIN: "INSERT INTO imports (seq, file_name, started_at, heartbeat_at)
        SELECT coalesce(max(seq), 0) + 1, $1, $2, $2 FROM imports";
    BEAT: concat!("UPDATE imports SET heartbeat_at = $2, row_count = row_count + $3
        WHERE seq = $1 AND ", staging!());
    PUBLISH: concat!("UPDATE imports SET published_at = $2, heartbeat_at = $2
        WHERE seq = $1 AND ", staging!());
    ABANDON: concat!("UPDATE imports SET abandoned_at = $2 WHERE seq = $1 AND ", staging!());
    /// True when the import says something of an administrator, or of a number of one.
    TOUCHES_ADMINISTRATOR: "SELECT EXISTS (SELECT 1 FROM roles o WHERE
        EXISTS (SELECT 1 FROM roster n WHERE n.person_id = o.person_id AND n.import_seq = $1)
        OR EXISTS (SELECT 1 FROM current_roster r
            JOIN roster n ON n.number = r.number AND n.import_seq = $1
            WHERE r.person_id = o.person_id))";
    UNTIDY: "SELECT seq, published_at IS NOT NULL AS published, tidied_to FROM imports
        WHERE tidied_at IS NULL AND (published_at IS NOT NULL OR abandoned_at IS NOT NULL)
        ORDER BY seq LIMIT 1";
    NEXT_NUMBERS: "SELECT number FROM roster WHERE import_seq = $1 AND number > $2
        ORDER BY number LIMIT $3";
    DELETE_REPLACED: "DELETE FROM roster WHERE import_seq < $1 AND number IN (
        SELECT number FROM roster WHERE import_seq = $1 AND number > $2 AND number <= $3)
        RETURNING person_id";
    DELETE_ABANDONED: "DELETE FROM roster
        WHERE import_seq = $1 AND number > $2 AND number <= $3 RETURNING person_id";
    /// The place is compared, so that of two nodes one goes on.
    TIDIED_TO: "UPDATE imports SET tidied_to = $3 WHERE seq = $1 AND tidied_to = $2";
    TIDIED: "UPDATE imports SET tidied_at = $2 WHERE seq = $1 AND tidied_at IS NULL";
    DELETE_ORPHANS_CODE: "DELETE FROM activation_codes WHERE person_id = $1
        AND NOT EXISTS (SELECT 1 FROM roster r WHERE r.person_id = $1)";
    /// Somebody who never came in and of whom no import speaks any more.
    DELETE_ORPHAN: "DELETE FROM persons WHERE id = $1 AND activated_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM roster t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM roles t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM contacts t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM passwords t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM password_history t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM signins t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM sessions t WHERE t.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM known_devices t WHERE t.person_id = $1)";
}

/// What became of the wish to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The import `seq` is ours; write with [`beat`], end with [`publish`] or [`abandon`].
    Started { seq: i64 },
    /// Another one is staging, or began at this very moment.
    Busy(Option<Staging>),
    /// Another one was published since `basis`, so what was planned on it is out of date.
    Stale,
}

/// An import that is being staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staging {
    pub seq: i64,
    pub file_name: String,
    pub heartbeat_at: Timestamp,
}

/// The newest published import, 0 if there is none: the basis of a plan.
pub async fn latest(conn: &mut Conn) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(LATEST).fetch_one(c))
}

/// The import that is being staged, dead or alive.
pub async fn staging(conn: &mut Conn) -> Result<Option<Staging>, DbError> {
    let row: Option<(i64, String, Micros)> =
        run!(conn, c => sqlx::query_as(STAGING).fetch_optional(c))?;
    Ok(row.map(|(seq, file_name, heartbeat)| Staging {
        seq,
        file_name,
        heartbeat_at: heartbeat.into(),
    }))
}

/// Begins to stage. An import without a heartbeat since `dead_before` is abandoned first.
/// Commit only what was started.
pub async fn begin(
    tx: &mut Tx,
    file_name: &str,
    basis: i64,
    now: Timestamp,
    dead_before: Timestamp,
) -> Result<Begun, DbError> {
    let now = Micros::from(now);
    run!(tx, c => sqlx::query(ABANDON_DEAD)
        .bind(now).bind(Micros::from(dead_before)).execute(c))?;
    if let Some(other) = staging(tx).await? {
        return Ok(Begun::Busy(Some(other)));
    }
    if latest(tx).await? != basis {
        return Ok(Begun::Stale);
    }
    match run!(tx, c => sqlx::query(BEGIN).bind(file_name).bind(now).execute(c)) {
        Ok(_) => {}
        Err(error) if error.is_conflict() => return Ok(Begun::Busy(None)),
        Err(error) => return Err(error),
    }
    Ok(staging(tx)
        .await?
        .map_or(Begun::Busy(None), |ours| Begun::Started { seq: ours.seq }))
}

/// First statement of each batch: says that we live and count `rows` more. False when the import
/// was taken for dead; then nothing more may be written.
pub async fn beat(tx: &mut Tx, seq: i64, rows: i64, now: Timestamp) -> Result<bool, DbError> {
    let changed = run!(tx, c => sqlx::query(BEAT)
        .bind(seq).bind(Micros::from(now)).bind(rows).execute(c))?;
    Ok(changed == 1)
}

/// True when a staged import would overwrite an administrator (IMP-05): a role may have been
/// granted since it was planned.
pub async fn touches_administrator(conn: &mut Conn, seq: i64) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(TOUCHES_ADMINISTRATOR).bind(seq).fetch_one(c))
}

/// From here on the rows count. True for exactly one caller, never for an abandoned import.
pub async fn publish(tx: &mut Tx, seq: i64, now: Timestamp) -> Result<bool, DbError> {
    let changed = run!(tx, c => sqlx::query(PUBLISH)
        .bind(seq).bind(Micros::from(now)).execute(c))?;
    Ok(changed == 1)
}

/// Gives an import up; its rows, which nobody saw, are removed by [`tidy`].
pub async fn abandon(tx: &mut Tx, seq: i64, now: Timestamp) -> Result<bool, DbError> {
    let changed = run!(tx, c => sqlx::query(ABANDON)
        .bind(seq).bind(Micros::from(now)).execute(c))?;
    Ok(changed == 1)
}

/// What one call of [`tidy`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub rows: u64,
    pub persons: u64,
    /// Nothing is left to do until the next import.
    pub done: bool,
}

#[derive(sqlx::FromRow)]
struct Untidy {
    seq: i64,
    published: bool,
    tidied_to: String,
}

/// Removes rows that a published import replaced and rows of abandoned imports, of `limit`
/// numbers at a time, with the persons who are left without any. Call again until it is done.
pub async fn tidy(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Tidied, DbError> {
    let untidy: Option<Untidy> = run!(tx, c => sqlx::query_as(UNTIDY).fetch_optional(c))?;
    let Some(Untidy {
        seq,
        published,
        tidied_to,
    }) = untidy
    else {
        return Ok(Tidied {
            done: true,
            ..Tidied::default()
        });
    };
    let numbers: Vec<String> = run!(tx, c => sqlx::query_scalar(NEXT_NUMBERS)
        .bind(seq).bind(&tidied_to).bind(limit).fetch_all(c))?;
    let Some(last) = numbers.last() else {
        run!(tx, c => sqlx::query(TIDIED).bind(seq).bind(Micros::from(now)).execute(c))?;
        return Ok(Tidied::default());
    };
    let ours = run!(tx, c => sqlx::query(TIDIED_TO)
        .bind(seq).bind(&tidied_to).bind(last).execute(c))?;
    if ours == 0 {
        return Ok(Tidied::default());
    }
    let delete = if published {
        DELETE_REPLACED
    } else {
        DELETE_ABANDONED
    };
    let persons: Vec<Uuid> = run!(tx, c => sqlx::query_scalar(delete)
        .bind(seq).bind(&tidied_to).bind(last).fetch_all(c))?;
    let rows = persons.len() as u64;
    let persons = delete_orphans(tx, persons).await?;
    Ok(Tidied {
        rows,
        persons,
        done: false,
    })
}

async fn delete_orphans(tx: &mut Tx, persons: Vec<Uuid>) -> Result<u64, DbError> {
    let mut deleted = 0;
    for person in persons.into_iter().collect::<BTreeSet<_>>() {
        run!(tx, c => sqlx::query(DELETE_ORPHANS_CODE).bind(person).execute(c))?;
        deleted += run!(tx, c => sqlx::query(DELETE_ORPHAN).bind(person).execute(c))?;
    }
    Ok(deleted)
}
