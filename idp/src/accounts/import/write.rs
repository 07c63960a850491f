//! Writes a plan: staged in short transactions, published by one small one.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use idp_domain::Timestamp;
use idp_domain::accounts::{OrgPath, initial_mac};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, OrgUnitId, PersonId};
use idp_storage::audit::{self, Entry};
use idp_storage::roster::{self, Row, Sealed};
use idp_storage::{DbError, Tx, imports, org_units};
use jiff::SignedDuration;
use rand::CryptoRng;
use serde_json::json;

use crate::accounts::sealed;

use super::line::Record;
use super::plan::{Change, Plan};
use super::{ImportError, ImportOptions, Progress, Tools};

/// Rows of one transaction: some tens of milliseconds of the writer.
const BATCH: usize = 300;
/// Units made in one transaction.
const UNITS: usize = 50;
/// An import that didn't write for so long is dead.
const DEAD_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// The least pause between two transactions on the embedded engine. Sign-ins of another process
/// wait there by trying again every now and then, so the writer must be free half of the time.
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// And the most, should the clock jump.
const MOST_PAUSE: Duration = Duration::from_millis(500);

/// Stages and publishes; gives the number of the import, or [`None`] when another one was
/// published since the plan was made.
pub(super) async fn write(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    options: &ImportOptions,
    file_name: &str,
    records: &[Record],
    plan: &Plan,
) -> Result<Option<i64>, ImportError> {
    let Some(seq) = begin(tools, file_name, plan.basis).await? else {
        return Ok(None);
    };
    let done = async {
        stage(tools, options, seq, records, &plan.changes).await?;
        publish(tools, options, seq, file_name, plan).await
    };
    match done.await {
        Ok(()) => Ok(Some(seq)),
        Err(error) => {
            // Best effort: what isn't given up now is taken for dead in two minutes.
            let _given_up = abandon(tools, seq).await;
            Err(error)
        }
    }
}

async fn begin(
    tools: &Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    file_name: &str,
    basis: i64,
) -> Result<Option<i64>, ImportError> {
    let now = (tools.clock)();
    let dead_before = now.checked_sub(DEAD_AFTER).unwrap_or(Timestamp::MIN);
    let mut tx = tools.db.write().await?;
    match imports::begin(&mut tx, file_name, basis, now, dead_before).await? {
        imports::Begun::Started { seq } => {
            tx.commit().await?;
            Ok(Some(seq))
        }
        imports::Begun::Stale => Ok(None),
        imports::Begun::Busy(other) => Err(ImportError::Busy(other)),
    }
}

async fn abandon(
    tools: &Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    seq: i64,
) -> Result<(), DbError> {
    let mut tx = tools.db.write().await?;
    imports::abandon(&mut tx, seq, (tools.clock)()).await?;
    tx.commit().await
}

/// A transaction of an import that is alive.
async fn living(
    tools: &Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    seq: i64,
    rows: usize,
) -> Result<Tx, ImportError> {
    let mut tx = tools.db.write().await?;
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    if imports::beat(&mut tx, seq, rows, (tools.clock)()).await? {
        Ok(tx)
    } else {
        Err(ImportError::Lost)
    }
}

async fn stage(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    options: &ImportOptions,
    seq: i64,
    records: &[Record],
    changes: &[Change],
) -> Result<(), ImportError> {
    let units = ensure_units(tools, seq, records, changes).await?;
    let total = changes.len() as u64;
    for (batch, changes) in changes.chunks(BATCH).enumerate() {
        (tools.progress)(Progress::Writing {
            done: (batch * BATCH) as u64,
            total,
        });
        // Sealed before the writer is taken.
        let persons: Vec<PersonId> = changes
            .iter()
            .filter(|c| c.first)
            .map(|c| c.person)
            .collect();
        let rows: Vec<Row> = changes
            .iter()
            .map(|change| seal(tools, options, &units, &records[change.record], change))
            .collect();
        let began = (tools.clock)();
        let mut tx = living(tools, seq, rows.len()).await?;
        roster::insert_persons(&mut tx, &persons, began).await?;
        roster::insert(&mut tx, seq, &rows).await?;
        tx.commit().await?;
        pause(tools, began).await;
    }
    Ok(())
}

/// Gives others the writer for as long as we had it.
async fn pause(tools: &Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>, began: Timestamp) {
    if !tools.db.is_embedded() {
        return;
    }
    let held = Duration::try_from((tools.clock)().duration_since(began)).unwrap_or_default();
    tokio::time::sleep(held.clamp(LEAST_PAUSE, MOST_PAUSE)).await;
}

/// The units of all changes, made where they are missing. A unit without people is seen by nobody.
async fn ensure_units(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    seq: i64,
    records: &[Record],
    changes: &[Change],
) -> Result<HashMap<OrgPath, OrgUnitId>, ImportError> {
    let wanted = changes
        .iter()
        .filter_map(|change| records[change.record].org.as_deref());
    let wanted: BTreeSet<&OrgPath> = wanted.collect();
    let mut units = HashMap::with_capacity(wanted.len());
    let mut missing = Vec::new();
    let mut conn = tools.db.read().await?;
    for path in wanted {
        match org_units::by_path(&mut conn, path).await? {
            Some(id) => {
                units.insert(path.clone(), id);
            }
            None => missing.push(path),
        }
    }
    drop(conn);
    for paths in missing.chunks(UNITS) {
        let now = (tools.clock)();
        let mut tx = living(tools, seq, 0).await?;
        for path in paths {
            let rng = &mut *tools.rng;
            let id = org_units::ensure(&mut tx, path, || OrgUnitId::new(now, rng)).await?;
            units.insert((*path).clone(), id);
        }
        tx.commit().await?;
        pause(tools, now).await;
    }
    Ok(units)
}

fn seal(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    options: &ImportOptions,
    units: &HashMap<OrgPath, OrgUnitId>,
    record: &Record,
    change: &Change,
) -> Row {
    let (keys, person) = (tools.keys, change.person);
    let rng = &mut *tools.rng;
    let id_number = record.id_number.as_ref();
    Row {
        number: record.number.clone(),
        person,
        display_number: record.display_number.clone(),
        name: record.name.clone(),
        sex: record.sex,
        affiliation: record.affiliation,
        org_unit: record
            .org
            .as_deref()
            .and_then(|path| units.get(path))
            .copied(),
        id_number: id_number.map(|n| {
            let sealed = sealed::seal_id_number(keys, person, n, rng);
            (
                n.kind(),
                Sealed {
                    sealed,
                    index: n.index(keys),
                },
            )
        }),
        phone: record.phone.as_ref().map(|p| Sealed {
            sealed: sealed::seal_phone(keys, person, p, rng),
            index: p.index(keys),
        }),
        email: record.email.as_ref().map(|e| Sealed {
            sealed: sealed::seal_email(keys, person, e.as_str(), rng),
            index: e.index(keys),
        }),
        address: (record.address.as_ref())
            .map(|address| sealed::seal_address(keys, person, address, rng)),
        initial_mac: id_number.and_then(|n| initial_mac(keys, person, options.rule, n)),
        admission_mac: record.admission.as_ref().map(|a| a.mac(keys, person)),
        valid_from: record.valid_from,
        valid_until: record.valid_until,
        digest: change.digest,
    }
}

/// The one moment from which all of it counts.
async fn publish(
    tools: &mut Tools<'_, impl Fn() -> Timestamp, impl CryptoRng>,
    options: &ImportOptions,
    seq: i64,
    file_name: &str,
    plan: &Plan,
) -> Result<(), ImportError> {
    (tools.progress)(Progress::Publishing);
    let now = (tools.clock)();
    let c = &plan.counts;
    let entry = Entry {
        id: AuditId::new(now, tools.rng),
        at: now,
        event: Event::PeopleImported,
        outcome: Outcome::Success,
        reason: None,
        person: None,
        claimed: None,
        application: None,
        address: None,
        request_id: None,
        detail: json!({
            "import": seq, "file": file_name, "reassign": options.reassign, "lines": c.lines,
            "new": c.new, "changed": c.changed, "unchanged": c.unchanged, "aliases": c.aliases,
            "reassigned": c.reassigned, "refused": c.refused,
        }),
    };
    let mut tx = living(tools, seq, 0).await?;
    if imports::touches_administrator(&mut tx, seq).await? {
        return Err(ImportError::Administrator);
    }
    audit::record(&mut tx, &entry).await?;
    if !imports::publish(&mut tx, seq, now).await? {
        return Err(ImportError::Lost);
    }
    tx.commit().await?;
    Ok(())
}
