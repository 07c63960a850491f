//! The end of a sign-in: the session begins.

use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::Factor;
use idp_domain::ids::{PersonId, Sid};
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_domain::signin::{Destination, Wishes};
use idp_storage::sessions::SessionKind;
use idp_storage::{audit, devices, sessions};
use jiff::SignedDuration;
use migrations::Tx;

use crate::cookies::{CookieKind, SetCookie};
use crate::factors::guard::device_hash;
use crate::refusal::Refusal;
use crate::sessions::{cookie_hash, ending};
use crate::visit::Visit;

/// Who completed a sign-in, and how.
#[derive(Clone, Debug)]
pub struct Completed<'a> {
    pub person: PersonId,
    /// Canonical number that was typed.
    pub number: &'a str,
    pub factors: &'a [Factor],
    pub wishes: Wishes,
}

/// Begins the session in the caller's transaction, under a cookie that nobody has seen before
/// (SES-01). The browser's former session ends.
pub async fn begin_session(
    visit: &mut Visit,
    tx: &mut Tx,
    completed: &Completed<'_>,
) -> Result<(), Refusal> {
    let former = visit.cookies.get(CookieKind::Session).map(cookie_hash);
    let secret = random_secret(&mut visit.rng);
    let rules = visit.app.session_rules();
    let wishes = Wishes {
        remember: completed.wishes.remember && rules.remembered.is_some(),
        ..completed.wishes
    };
    let life = rules.life(wishes.remember);
    let new = New {
        id_hash: cookie_hash(&secret),
        kind: SessionKind::Browser,
        wishes,
        life,
    };
    let sid = create(visit, tx, completed, &new).await?;
    if let Some(former) = former {
        ending::replace(visit, tx, &former, completed.person, sid).await?;
    }
    remember_browser(visit, tx, completed.person).await?;
    visit.set_cookie(if wishes.remember {
        SetCookie::lasting(CookieKind::Session, secret, life)
    } else {
        SetCookie::session(CookieKind::Session, secret)
    });
    visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
    visit.set_cookie(SetCookie::removed(CookieKind::Queue));
    Ok(())
}

/// Begins the session that a program holds by its ticket. No browser is known by it, and no other
/// session ends.
pub async fn begin_program_session(
    visit: &mut Visit,
    tx: &mut Tx,
    completed: &Completed<'_>,
    ticket: Tag,
) -> Result<(), Refusal> {
    let new = New {
        id_hash: ticket,
        kind: SessionKind::Rest,
        wishes: completed.wishes,
        life: visit.app.session_rules().ordinary,
    };
    create(visit, tx, completed, &new).await?;
    Ok(())
}

/// What a session is besides its person's.
struct New {
    id_hash: Tag,
    kind: SessionKind,
    wishes: Wishes,
    life: SignedDuration,
}

/// The row, and the audit's.
async fn create(
    visit: &mut Visit,
    tx: &mut Tx,
    completed: &Completed<'_>,
    new: &New,
) -> Result<Sid, Refusal> {
    let now = visit.now;
    let sid = Sid::new(now, &mut visit.rng);
    sessions::create(
        tx,
        &sessions::NewSession {
            id_hash: new.id_hash,
            sid,
            person: completed.person,
            number: completed.number,
            factors: completed.factors,
            signed_in_at: now,
            expires_at: now.checked_add(new.life).unwrap_or(Timestamp::MAX),
            address: Some(visit.address.to_string()),
            user_agent: visit.user_agent.as_deref(),
            wishes: new.wishes,
            kind: new.kind,
        },
    )
    .await?;
    let factors: Vec<&str> = completed.factors.iter().map(|f| f.as_str()).collect();
    let entry = visit
        .audit(Event::SignedIn, Outcome::Success)
        .of(completed.person)
        .with("sid", sid.to_string())
        .with("kind", new.kind.as_str())
        .with("factors", factors)
        .with("remembered", new.wishes.remember);
    audit::record(tx, &entry).await?;
    Ok(sid)
}

/// This browser is known from now on, under a new value each time.
pub async fn remember_browser(
    visit: &mut Visit,
    tx: &mut Tx,
    person: PersonId,
) -> Result<(), Refusal> {
    let now = visit.now;
    let life = visit.app.config.session.known_device();
    let secret = random_secret(&mut visit.rng);
    let expires_at = now.checked_add(life).unwrap_or(Timestamp::MAX);
    let hash = hash_secret("device", &secret);
    if let Some(former) = device_hash(visit) {
        devices::forget(tx, &former, person).await?;
    }
    devices::remember(tx, &hash, person, now, expires_at).await?;
    visit.set_cookie(SetCookie::lasting(CookieKind::Device, secret, life));
    Ok(())
}

/// The session that this visit just began goes on to where it was going.
pub async fn arrive(visit: &mut Visit, destination: &Destination) -> Result<Response, Refusal> {
    let mut arrival = crate::sessions::current(visit)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    arrival.fresh = true;
    let arrive = visit.app.arrive;
    arrive(visit, arrival, destination).await
}
