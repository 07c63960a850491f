//! The one way in which sessions end, whatever ends them: in the caller's transaction the session
//! ends, its ledger is opened, and a notice for each grant goes into the outbox (CAS 3.0.3 §2.3.3).
//! A session ends once, so each grant is told once (XML-09).

use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId, Sid};
use idp_domain::secrets::Tag;
use idp_storage::audit::Entry;
use idp_storage::logouts::{self, View};
use idp_storage::sessions::EndedSession;
use idp_storage::{DbError, Tx, audit, authorizations, sessions};

use crate::app::App;
use crate::visit::Visit;

/// Why a session ends: a word in its row, in the ledger and in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    SignedOut,
    /// Somebody signed in in the same browser.
    Replaced,
    SwitchAccount,
    PasswordChange,
    /// Unused for too long, or too old.
    Expired,
    /// The application doctor has seen enough.
    Probed,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::SwitchAccount => "switch_account",
            Self::PasswordChange => "password_change",
            Self::Expired => "expired",
            Self::Probed => "probed",
        }
    }
}

/// A session that this caller ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Also the id of its ledger.
    pub sid: Sid,
    /// How many applications' tickets are told of it; with none there is no ledger.
    pub notices: u64,
}

/// Sessions that run out are ended so many in a transaction.
const BATCH: i64 = 100;
/// In one run: a backlog is worked off over several.
const BATCHES: u32 = 100;

/// Ends the session of a cookie; exactly one caller gets it. With a `view` its ledger can be
/// looked at for a while.
pub async fn end(
    visit: &mut Visit,
    tx: &mut Tx,
    id_hash: &Tag,
    reason: Reason,
    view: Option<View>,
) -> Result<Option<Ended>, DbError> {
    match sessions::end(tx, id_hash, reason.as_str(), visit.now).await? {
        Some(ended) => {
            let entry = visit.audit(Event::SignedOut, Outcome::Success);
            let app = visit.app.clone();
            tell(&app, tx, &ended, reason, view, entry).await.map(Some)
        }
        None => Ok(None),
    }
}

/// Ends all of a person's sessions, and what applications hold of her without one (SES-10); gives
/// how many sessions.
pub async fn end_all(
    visit: &mut Visit,
    tx: &mut Tx,
    person: PersonId,
    reason: Reason,
) -> Result<usize, DbError> {
    let all = sessions::end_all(tx, person, reason.as_str(), visit.now).await?;
    authorizations::end_all(tx, person, reason.as_str(), visit.now).await?;
    let app = visit.app.clone();
    for ended in &all {
        let entry = visit.audit(Event::SignedOut, Outcome::Success);
        tell(&app, tx, ended, reason, None, entry).await?;
    }
    Ok(all.len())
}

/// Ends the former session of a browser in which `person` just began the session `new`. What she
/// herself had entered she is still in, as long as that session lived: her grants go on with the
/// new one, and are told of its end. Somebody else's are told now, and so are those of a session
/// that had run out: nothing that had ended with it comes back (SES-11).
pub async fn replace(
    visit: &mut Visit,
    tx: &mut Tx,
    former: &Tag,
    person: PersonId,
    new: Sid,
) -> Result<(), DbError> {
    let rules = visit.app.session_rules();
    let Some((session, _)) = sessions::find(tx, former).await? else {
        return Ok(());
    };
    let lived = session.is_live(&rules, visit.now);
    let reason = if lived {
        Reason::Replaced
    } else {
        Reason::Expired
    };
    let Some(ended) = sessions::end(tx, former, reason.as_str(), visit.now).await? else {
        return Ok(());
    };
    if lived && ended.person == person {
        sessions::hand_on(tx, ended.sid, new).await?;
    }
    let entry = visit.audit(Event::SignedOut, Outcome::Success);
    let app = visit.app.clone();
    tell(&app, tx, &ended, reason, None, entry).await?;
    Ok(())
}

/// Ends a session of the application doctor's. It opens no ledger: the doctor tells the application
/// itself, and the counts of the ledger are people's.
pub async fn end_probe(visit: &mut Visit, tx: &mut Tx, id_hash: &Tag) -> Result<(), DbError> {
    let reason = Reason::Probed;
    if let Some(ended) = sessions::end(tx, id_hash, reason.as_str(), visit.now).await? {
        let entry = visit
            .audit(Event::SignedOut, Outcome::Success)
            .of(ended.person)
            .because(reason.as_str())
            .with("sid", ended.sid.to_string());
        audit::record(tx, &entry).await?;
    }
    Ok(())
}

/// Ends what ran out, a few at a time, so that the applications hear of that too (CAS 51).
///
/// # Errors
/// [`DbError`]; the next run goes on.
pub async fn end_run_out(app: &App) -> Result<u64, DbError> {
    let now = app.clock.now();
    let rules = app.session_rules();
    let reason = Reason::Expired;
    let mut total = 0;
    for _ in 0..BATCHES {
        let mut tx = app.db.write().await?;
        let batch = sessions::end_run_out(&mut tx, reason.as_str(), &rules, now, BATCH).await?;
        for ended in &batch {
            let id = AuditId::new(now, &mut app.entropy.rng());
            let entry = Entry::new(id, now, Event::SignedOut, Outcome::Success);
            tell(app, &mut tx, ended, reason, None, entry).await?;
        }
        tx.commit().await?;
        total += batch.len() as u64;
        if batch.is_empty() {
            break;
        }
    }
    Ok(total)
}

/// Opens the ledger of a session that just ended, and writes the audit row.
async fn tell(
    app: &App,
    tx: &mut Tx,
    ended: &EndedSession,
    reason: Reason,
    view: Option<View>,
    entry: Entry,
) -> Result<Ended, DbError> {
    let notices = logouts::open(tx, ended, reason.as_str(), view, entry.at).await?;
    let entry = entry
        .of(ended.person)
        .because(reason.as_str())
        .with("sid", ended.sid.to_string())
        .with("notices", notices);
    audit::record(tx, &entry).await?;
    if notices > 0 {
        app.notice_bell.ring();
    }
    Ok(Ended {
        sid: ended.sid,
        notices,
    })
}
