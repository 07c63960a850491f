use std::collections::BTreeMap;

use idp_domain::Timestamp;
use idp_domain::applications::{
    Application, ApplicationId, BadEntries, Clash, ClientId, Registry, missing_targets,
    parse_entries,
};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_storage::applications::Change;
use idp_storage::audit::{self, Entry};
use idp_storage::{DbError, Tx};
use rand::CryptoRng;

/// What an import did, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub added: Vec<ApplicationId>,
    pub changed: Vec<ApplicationId>,
    pub unchanged: Vec<ApplicationId>,
    /// The client ids of those that are new or different.
    pub clients: Vec<ClientId>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Entries(#[from] BadEntries),
    /// With an entry that is registered already.
    #[error("{}", lines(.0))]
    Clashes(Vec<Clash>),
    /// Resources that are our own address, each with its place.
    #[error("{}", .0.join("\n"))]
    OwnAddress(Vec<String>),
    /// Proxy targets that nobody registered, each with its place.
    #[error("{}", .0.join("\n"))]
    MissingTargets(Vec<String>),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Into whose registry they come.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// Our own address, as tokens have it.
    pub issuer: &'a str,
    pub demo: bool,
}

fn lines(clashes: &[Clash]) -> String {
    let lines: Vec<String> = clashes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Brings the entries of `text` (one, or an array) into the registry, with an audit row for each
/// that is new or different; entries that the file doesn't name stay. All or nothing: after an
/// error drop `tx`. For a dry run roll it back.
///
/// # Errors
/// [`ImportError`], with every problem and its place.
pub async fn import(
    tx: &mut Tx,
    text: &str,
    here: Here<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<ImportReport, ImportError> {
    let demo = here.demo;
    let entries = parse_entries(text, demo)?;
    check_audiences(here.issuer, &entries)?;
    let mut report = ImportReport::default();
    if entries.is_empty() {
        return Ok(report);
    }
    let mut change = Change::begin(tx).await?;
    let before: BTreeMap<String, Option<Application>> = change
        .list()
        .await?
        .into_iter()
        // One that can't be used any more claims nothing, and may be replaced.
        .map(|stored| (stored.id, Application::from_json(&stored.entry, demo).ok()))
        .collect();
    check_clashes(&before, &entries)?;
    check_targets(&before, &entries)?;

    let mut rows = Vec::new();
    for entry in &entries {
        let id = entry.id.clone();
        let known = before.get(id.as_str());
        if known.is_some_and(|before| before.as_ref() == Some(entry)) {
            report.unchanged.push(id);
            continue;
        }
        change.upsert(entry, now).await?;
        report
            .clients
            .extend(entry.oidc.iter().map(|oidc| oidc.client_id.clone()));
        let row_id = AuditId::new(now, rng);
        rows.push(
            Entry::new(row_id, now, Event::ApplicationChanged, Outcome::Success)
                .at_application(id.as_str())
                .with("new", known.is_none()),
        );
        match known {
            Some(_) => report.changed.push(id),
            None => report.added.push(id),
        }
    }
    for row in &rows {
        audit::record(tx, row).await?;
    }
    Ok(report)
}

/// What is for us opens userinfo, and is told of to its own client alone.
fn check_audiences(issuer: &str, entries: &[Application]) -> Result<(), ImportError> {
    let mut problems = Vec::new();
    for entry in entries {
        let Some(oidc) = &entry.oidc else { continue };
        for (key, known) in [
            ("audiences", &oidc.audiences),
            ("resource_server_for", &oidc.resource_server_for),
        ] {
            if known.iter().any(|one| one.trim_end_matches('/') == issuer) {
                let id = &entry.id;
                let problem = format!("{id}: oidc.{key}: {issuer} is this identity provider's own");
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ImportError::OwnAddress(problems))
    }
}

/// Of the registry as it would be.
fn check_clashes(
    before: &BTreeMap<String, Option<Application>>,
    entries: &[Application],
) -> Result<(), ImportError> {
    let mut after: BTreeMap<&str, &Application> = before
        .iter()
        .filter_map(|(id, application)| Some((id.as_str(), application.as_ref()?)))
        .collect();
    after.extend(entries.iter().map(|entry| (entry.id.as_str(), entry)));
    let clashes = Registry::clashes(after.into_values());
    if clashes.is_empty() {
        Ok(())
    } else {
        Err(ImportError::Clashes(clashes))
    }
}

/// A proxy target is an application of the registry as it would be, or a slip of the pen that would
/// show only when the first proxy ticket is asked for.
fn check_targets(
    before: &BTreeMap<String, Option<Application>>,
    entries: &[Application],
) -> Result<(), ImportError> {
    // One that this program can't use stands there all the same.
    let known = |id: &ApplicationId| {
        before.contains_key(id.as_str()) || entries.iter().any(|entry| entry.id == *id)
    };
    let missing: Vec<String> = missing_targets(entries, known)
        .iter()
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ImportError::MissingTargets(missing))
    }
}

/// Takes an entry out, with its audit row; false when there is none of this id. Tickets that are
/// under way fail at validation, since their application is gone; its codes, tokens and consents
/// end, so that none is good for another application of this id.
///
/// # Errors
/// [`DbError`]
pub async fn remove(
    tx: &mut Tx,
    id: &ApplicationId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, DbError> {
    let removed = Change::begin(tx).await?.remove(id, now).await?;
    if removed {
        let row_id = AuditId::new(now, rng);
        let row = Entry::new(row_id, now, Event::ApplicationRemoved, Outcome::Success)
            .at_application(id.as_str());
        audit::record(tx, &row).await?;
    }
    Ok(removed)
}
