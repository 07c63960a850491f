//! SSO sessions by their cookie.

pub mod ending;

use idp_domain::audit::{Event, Outcome};
use idp_domain::secrets::{Tag, hash_secret};
use idp_domain::sessions::Session;
use idp_domain::signin::{Answers, Denial, Holder, PersonState};
use idp_storage::{audit, sessions};

use crate::cookies::{CookieKind, SetCookie};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The hash under which a session's cookie is kept.
pub fn cookie_hash(value: &str) -> Tag {
    hash_secret("session", value)
}

/// A session and its person, as they arrive at a protocol: not yet the authority to issue
/// anything, which is `ActiveSession::establish`'s to give.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub session: Session,
    pub holder: Holder,
    /// Credentials were shown in this very request chain.
    pub fresh: bool,
    /// What she was asked on the way, and said yes to.
    pub answers: Answers,
    /// She said no to one of them.
    pub declined: bool,
}

/// The live session of this browser. A cookie of a dead one is removed.
pub async fn current(visit: &mut Visit) -> Result<Option<Arrival>, Refusal> {
    let Some(cookie) = visit.cookie(CookieKind::Session) else {
        return Ok(None);
    };
    let id_hash = cookie_hash(cookie);
    let found = find_live(visit, &id_hash).await?;
    if found.is_none() {
        visit.set_cookie(SetCookie::removed(CookieKind::Session));
    }
    Ok(found)
}

/// The live session whose secret has this hash. The secret of a dead one is noted (TKT-13).
pub async fn find_live(visit: &mut Visit, id_hash: &Tag) -> Result<Option<Arrival>, Refusal> {
    let found = sessions::find(&mut visit.app.db.read().await?, id_hash).await?;
    let rules = visit.app.session_rules();
    match found {
        Some((session, holder))
            if session.is_live(&rules, visit.now) && holder.state == PersonState::Active =>
        {
            Ok(Some(Arrival {
                session,
                holder,
                fresh: false,
                answers: Answers::default(),
                declined: false,
            }))
        }
        Some((session, holder)) => {
            let entry = visit
                .audit(Event::SessionReplayed, Outcome::Refused)
                .of(session.person)
                .because(match holder.state {
                    PersonState::Suspended | PersonState::Probe => Denial::Suspended.as_str(),
                    PersonState::Active if session.ended => "ended",
                    PersonState::Active => "expired",
                });
            let mut tx = visit.app.db.write().await?;
            audit::record(&mut tx, &entry).await?;
            tx.commit().await?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Takes the session's cookie from this browser; gives the hash of the session it named, live or
/// not. An invented cookie names none, and costs a read.
pub async fn let_go(visit: &mut Visit) -> Result<Option<Tag>, Refusal> {
    let Some(cookie) = visit.cookie(CookieKind::Session) else {
        return Ok(None);
    };
    let id_hash = cookie_hash(cookie);
    visit.set_cookie(SetCookie::removed(CookieKind::Session));
    let found = sessions::find(&mut visit.app.db.read().await?, &id_hash).await?;
    Ok(found.map(|_| id_hash))
}
