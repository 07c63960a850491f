//! Who is signed in at the hall.

use jiff::{SignedDuration, Timestamp};
use migrations::{DbError, Tx};
use rand::Rng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::renew;
use crate::app::App;
use crate::cookies::{CookieKind, SetCookie};
use crate::provider::{Kept, SignedInAs, UserInfo};
use crate::refusal::Refusal;
use crate::secrets::{Hash, Sealed, hash, random_secret};
use crate::store::endings::{self, Name};
use crate::store::sessions::{self, New, Row};
use crate::visit::Visit;

/// A session's use is noted so often, not at each click.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
/// Tokens are renewed a little before they run out.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);

/// The person as the provider told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) number: String,
    /// An eduPerson affiliation.
    pub(crate) affiliation: Option<String>,
    pub(crate) org: Option<String>,
}

/// No name is longer; a provider that says so is not to fill our pages.
const LONGEST_TEXT: usize = 80;

impl Person {
    pub(super) fn of(told: &UserInfo) -> Self {
        let standard = told.standard_claims();
        let campus = told.additional_claims();
        let name = standard
            .name()
            .and_then(|names| names.get(None))
            .map(|name| name.as_str())
            .unwrap_or_default();
        let number = standard
            .preferred_username()
            .map(|number| number.as_str())
            .unwrap_or_default();
        // The number that the hall is given says what she is here; `member` says nothing more.
        let current = campus.numbers.iter().find(|one| one.number == number);
        let current = current.or(campus.numbers.first());
        let affiliation = current
            .and_then(|one| one.affiliation.as_deref())
            .or_else(|| {
                let all = campus.eduperson_affiliation.all();
                let telling = all.iter().find(|one| one.as_str() != "member");
                telling.or(all.first()).map(String::as_str)
            });
        let org = current
            .and_then(|one| one.org.first())
            .or(campus.org.first());
        let short = |text: &str| text.chars().take(LONGEST_TEXT).collect::<String>();
        Self {
            name: short(if name.is_empty() { number } else { name }),
            number: short(number),
            affiliation: affiliation.map(short),
            org: org.map(short),
        }
    }
}

/// What a session's row has sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Inside {
    pub(super) person: Person,
    pub(super) tokens: Kept,
}

impl Inside {
    pub(super) fn seal(&self, app: &App, id: Uuid) -> Vec<u8> {
        // Strings always serialize.
        let clear = serde_json::to_vec(self).unwrap_or_default();
        let mut rng = app.ambient.rng();
        app.keys
            .seal(Sealed::Session, &place(app, id), &clear, &mut rng)
    }

    fn open(app: &App, row: &Row) -> Option<Self> {
        let clear = app
            .keys
            .open(Sealed::Session, &place(app, row.id), &row.sealed)?;
        serde_json::from_slice(&clear).ok()
    }
}

/// A row serves where it lies, for the provider and client that it is of.
fn place(app: &App, id: Uuid) -> Vec<u8> {
    let config = &app.config;
    let of = hash("session", &[&config.issuer, &config.client_id]);
    [id.as_bytes().as_slice(), &of].concat()
}

/// A live session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(super) row: Row,
    pub(super) inside: Inside,
}

impl Session {
    /// The session of this visit, its tokens renewed where they run out. A cookie without a
    /// session is taken back.
    pub(crate) async fn of(visit: &mut Visit) -> Result<Option<Self>, Refusal> {
        let Some(cookie) = visit.cookies.get(CookieKind::Session) else {
            return Ok(None);
        };
        let cookie = cookie_hash(cookie);
        let (app, now) = (std::sync::Arc::clone(&visit.app), visit.now);
        let idle_since = idle_since(&app, now);
        let found = sessions::find(&mut app.db.read().await?, &cookie, now, idle_since).await?;
        let session = found.and_then(|row| {
            let inside = Inside::open(&app, &row)?;
            Some(Self { row, inside })
        });
        let session = match session {
            Some(session) => renew::if_due(&app, session, now).await?,
            None => None,
        };
        match &session {
            Some(session) if now.duration_since(session.row.seen_at()) >= NOTED => {
                let mut tx = app.db.write().await?;
                sessions::seen(&mut tx, session.row.id, now).await?;
                tx.commit().await?;
            }
            Some(_) => {}
            None => visit.set_cookie(SetCookie::removed(CookieKind::Session)),
        }
        Ok(session)
    }

    pub(crate) fn person(&self) -> &Person {
        &self.inside.person
    }
}

pub(super) fn cookie_hash(cookie: &str) -> Hash {
    hash("cookie", &[cookie])
}

pub(crate) fn idle_since(app: &App, now: Timestamp) -> Timestamp {
    now.saturating_sub(app.config.idle).unwrap_or(now)
}

/// When tokens that live until `until` are to be renewed, where they can be.
pub(super) fn renew_at(tokens: &Kept, until: Timestamp) -> Option<Timestamp> {
    tokens.refresh.as_ref()?;
    until.saturating_sub(AHEAD).ok()
}

/// Begins a session under a new cookie (SES-01); the one that this browser had ends. False when
/// the provider has told meanwhile that its session is over.
pub(super) async fn begin(
    visit: &mut Visit,
    proven: SignedInAs,
    person: Person,
) -> Result<bool, Refusal> {
    let (app, now) = (std::sync::Arc::clone(&visit.app), visit.now);
    let cookie = random_secret(&mut visit.rng);
    let id = random_id(visit);
    let renew_at = renew_at(&proven.tokens, proven.access_until);
    let inside = Inside {
        person,
        tokens: proven.tokens.clone(),
    };
    let sealed = inside.seal(&app, id);
    let mut tx = app.db.write().await?;
    if is_over(&mut tx, &proven, now).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    if let Some(old) = visit.cookies.get(CookieKind::Session) {
        sessions::end_by_cookie(&mut tx, &cookie_hash(old)).await?;
    }
    let new = New {
        id,
        cookie: &cookie_hash(&cookie),
        subject: &proven.subject,
        sid: proven.sid.as_deref(),
        sealed: &sealed,
        renew_at,
        now,
        ends_at: now.saturating_add(app.config.life).unwrap_or(now),
    };
    sessions::insert(&mut tx, &new).await?;
    tx.commit().await?;
    visit.set_cookie(SetCookie::session(CookieKind::Session, cookie));
    Ok(true)
}

/// A sign-in that was under way when its session ended comes back within this, or never.
pub(super) const REVIVAL: SignedDuration = SignedDuration::from_mins(15);

/// Whether the provider ended what was proven before it came to be here; it can't do so between
/// this and the end of the transaction.
async fn is_over(tx: &mut Tx, proven: &SignedInAs, now: Timestamp) -> Result<bool, DbError> {
    let until = now.saturating_add(REVIVAL).unwrap_or(now);
    let session = match &proven.sid {
        Some(sid) => endings::hold(tx, Name::Session(sid), until).await?,
        None => None,
    };
    let person = endings::hold(tx, Name::Person(&proven.subject), until).await?;
    // A session of the provider ends once; a person signs in again, and that is no longer over.
    Ok(session.is_some() || person.is_some_and(|ended| proven.issued_at <= ended))
}

fn random_id(visit: &mut Visit) -> Uuid {
    let mut bytes = [0; 16];
    visit.rng.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
