//! The one gate in front of every password check: an attempt is counted before it costs a hash,
//! so that no number of parallel guesses gets past the limits (BRU-01, BRU-02).

use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{DAY, Gate, SourceClass};
use idp_domain::ids::{EventId, PersonId};
use idp_domain::secrets::{Tag, Use, hash_secret};
use idp_storage::{audit, persons, throttle};
use migrations::{DbError, Tx};

use super::captcha::{self, Answer};
use super::hash_pool::Lane;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Whose secret is tried, and from where.
#[derive(Clone, Debug)]
pub struct Subject {
    /// A MAC of the person, or of the number where nobody has it: both count alike (ENM-01).
    pub account: Tag,
    pub person: Option<PersonId>,
    /// The cookie of a browser in which this account was signed in before.
    pub device: Option<Tag>,
    /// The initial password is tried, of which a lifetime has ten.
    pub initial: bool,
    /// Tries of the initial password a day, where it alone would open the wizard (PWD-01).
    pub tail_only: bool,
}

impl Subject {
    pub fn class(&self) -> SourceClass {
        if self.device.is_some() {
            SourceClass::Known
        } else {
            SourceClass::Stranger
        }
    }
}

/// What the tries of this account from this source class are counted under.
pub fn bucket(visit: &Visit, subject: &Subject) -> Tag {
    let device = subject.device.as_ref().map_or(&[][..], Tag::as_bytes);
    let parts = [b"password".as_slice(), subject.account.as_bytes(), device];
    visit.app.keys.mac(Use::Throttle, &parts)
}

/// Wrong initial passwords in a lifetime.
pub const INITIAL_TRIES: i64 = 10;
/// Initial passwords a day, where the tail alone opens the wizard.
const TAIL_TRIES_A_DAY: u32 = 3;

/// A place under the limits, taken before the hash.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    pub event: EventId,
    /// One of the ten initial ones was taken too; false when none was left.
    pub initial: bool,
    pub lane: Lane,
}

/// What came of asking for a try.
#[derive(Clone, Debug)]
pub enum Verdict {
    Go(Reservation),
    Held(Held),
}

/// Why there is no try now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A captcha is wanted and none came.
    CaptchaWanted,
    /// One came, and was wrong, used or too old.
    CaptchaWrong,
    Slowed(Timestamp),
    SecondChannel,
}

/// The key under which an account is counted.
pub fn account_key(visit: &Visit, person: Option<PersonId>, number: &str) -> Tag {
    let keys = &visit.app.keys;
    match person {
        Some(person) => keys.mac(Use::AccountKey, &[b"person", person.0.as_bytes()]),
        None => keys.mac(Use::AccountKey, &[b"number", number.as_bytes()]),
    }
}

/// The hash of the device cookie, if the browser has one.
pub fn device_hash(visit: &Visit) -> Option<Tag> {
    visit
        .cookie(crate::cookies::CookieKind::Device)
        .map(|value| hash_secret("device", value))
}

/// Takes a try, if one may be had.
pub async fn reserve(
    visit: &mut Visit,
    subject: &Subject,
    answer: Option<Answer<'_>>,
) -> Result<Verdict, Refusal> {
    let now = visit.now;
    let event = EventId::new(now, &mut visit.rng);
    let bucket = bucket(visit, subject);
    let rules = visit.app.config.limits.password_rules();
    let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);

    let mut tx = visit.app.db.write().await?;
    throttle::lock(&mut tx, &bucket, now).await?;
    let tally = throttle::tally(&mut tx, &bucket, since).await?;
    let alarm = visit.app.alarm_stands();
    let gate = rules.gate(subject.class(), tally.events, tally.last, alarm, now);
    // A captcha is used up whether or not it was wanted.
    let solved = match answer {
        Some(answer) => Some(captcha::redeem(visit, &mut tx, answer).await?),
        None => None,
    };
    let refused = match (gate, solved) {
        (Gate::SecondChannel, _) => Some(("second_channel", Held::SecondChannel)),
        (Gate::Slowed(until), _) => Some(("slowed", Held::Slowed(until))),
        (Gate::Captcha, None) => Some(("captcha_wanted", Held::CaptchaWanted)),
        (Gate::Captcha, Some(false)) => Some(("captcha_wrong", Held::CaptchaWrong)),
        (Gate::Captcha, Some(true)) | (Gate::Open, _) => None,
    };
    if let Some((reason, held)) = refused {
        let mut entry = visit
            .audit(Event::PasswordHeld, Outcome::Refused)
            .claiming(subject.account)
            .because(reason);
        entry.person = subject.person;
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        return Ok(Verdict::Held(held));
    }
    throttle::add(&mut tx, event, &bucket, now).await?;
    // The same statements for everybody, so that the time tells nothing.
    let person = subject.person.unwrap_or(PersonId(uuid::Uuid::nil()));
    let most = if subject.initial && may_try_tail(subject, tally.events) {
        INITIAL_TRIES
    } else {
        0
    };
    let initial = persons::reserve_initial_try(&mut tx, person, most).await?;
    tx.commit().await?;
    Ok(Verdict::Go(Reservation {
        event,
        initial,
        lane: match (subject.class(), tally.events) {
            (SourceClass::Known, _) => Lane::Known,
            (SourceClass::Stranger, 0) => Lane::Clean,
            (SourceClass::Stranger, _) => Lane::Failing,
        },
    }))
}

/// Gives a try back that was no failure: it was right, or never got to its hash.
pub async fn give_back(
    tx: &mut Tx,
    subject: &Subject,
    reservation: &Reservation,
) -> Result<(), DbError> {
    throttle::release(tx, reservation.event).await?;
    if let (Some(person), true) = (subject.person, reservation.initial) {
        persons::release_initial_try(tx, person).await?;
    }
    Ok(())
}

fn may_try_tail(subject: &Subject, failures: u32) -> bool {
    !subject.tail_only || failures < TAIL_TRIES_A_DAY
}
