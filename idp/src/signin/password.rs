//! Number and password: counted and lined up for the hash. What comes of it is `settle`'s.

use std::time::Duration;

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, normalise_password};
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use idp_domain::signin::{Destination, Wishes};
use idp_storage::devices;
use idp_storage::persons::{self, SignInAccount};
use themes::pages::Notice;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::form::SignInForm;
use super::queue::{Parked, Stamp};
use super::settle::{settle, upgrade};
use crate::cookies::SetCookie;
use crate::factors::captcha::Answer;
use crate::factors::guard::{self, Held, Reservation, Subject, Verdict};
use crate::factors::hash_pool::Place;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Past this the visitor sees her place in the line instead of a waiting browser.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longer input is not hashed at all.
const LONGEST_PASSWORD: usize = 4 * 1024;

/// Who shows a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The person's own browser: it has cookies, a place in the line, and pages for what is missing.
    Browser,
    /// An application's server. It has none of these: a session begins under the ticket of this
    /// hash, or nothing does; the hash is gone once nobody waits for it any more.
    Program { ticket: Option<Tag> },
}

/// What was typed.
#[derive(Debug)]
pub struct Attempt<'a> {
    pub username: &'a str,
    pub password: &'a str,
    pub captcha: Option<Answer<'a>>,
    pub destination: Destination,
    pub wishes: Wishes,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The session has begun; its cookie is set.
    Complete,
    /// Steps are missing; the sign-in's cookie is set.
    Steps,
    Refused {
        notice: Notice,
        captcha: bool,
    },
}

/// An outcome with the cookies that go with it, as the task that settled it leaves them.
#[derive(Debug)]
pub struct Settled {
    pub outcome: Outcome,
    pub cookies: Vec<SetCookie>,
}

/// What came of an attempt, for now.
#[derive(Debug)]
pub enum Begun {
    Finished(Outcome),
    /// It waits in the line; `/signin/queue` shows the place.
    Waiting,
}

/// Whose account, as far as there is one.
pub(super) struct Target {
    pub(super) account: Option<SignInAccount>,
    pub(super) subject: Subject,
}

/// An attempt that was counted.
pub(super) struct Tried {
    pub(super) target: Target,
    pub(super) reservation: Reservation,
    pub(super) password: Zeroizing<String>,
    pub(super) destination: Destination,
    pub(super) wishes: Wishes,
    pub(super) surface: Surface,
}

/// An attempt in the line for the hash.
pub(super) struct InLine {
    pub(super) settled: Settlement,
    place: Place,
    stamp: Stamp,
}

/// Begins an attempt: counts it, lines it up for the hash, and waits a moment for the outcome.
/// `form` is kept with one that has to wait longer.
pub async fn begin(
    visit: &mut Visit,
    attempt: Attempt<'_>,
    form: &SignInForm,
) -> Result<Begun, Refusal> {
    let refused = |notice, captcha| Ok(Begun::Finished(Outcome::Refused { notice, captcha }));
    if attempt.username.trim().is_empty() || attempt.password.is_empty() {
        return refused(Notice::Missing, attempt.captcha.is_some());
    }
    let mut in_line = match try_password(visit, &attempt, Surface::Browser).await? {
        Ok(in_line) => in_line,
        Err(held) => {
            let notice = match held {
                Held::CaptchaWanted => Notice::CaptchaWanted,
                Held::CaptchaWrong => Notice::WrongCaptcha,
                Held::SecondChannel => Notice::SecondChannel,
                Held::Slowed(until) => Notice::Slowed {
                    until: visit.clock_time(until),
                },
            };
            return refused(notice, true);
        }
    };
    if let Ok(settled) = tokio::time::timeout(PATIENCE, &mut in_line.settled).await {
        let settled = settled.map_err(|_| Refusal::INTERNAL)??;
        take_cookies(visit, settled.cookies);
        return Ok(Begun::Finished(settled.outcome));
    }
    let InLine {
        settled,
        place,
        stamp,
    } = in_line;
    let (username, destination) = (attempt.username, attempt.destination);
    let parked = Parked::new(settled, place, form, username, destination, visit.now);
    visit.app.clone().waiting.park(visit, parked, &stamp)?;
    Ok(Begun::Waiting)
}

/// Counts an attempt and lines it up for the hash, unless it may not be made now. Every password
/// that anybody shows comes through here (BRU-01).
pub(super) async fn try_password(
    visit: &mut Visit,
    attempt: &Attempt<'_>,
    surface: Surface,
) -> Result<Result<InLine, Held>, Refusal> {
    if attempt.password.len() > LONGEST_PASSWORD {
        return Err(Refusal::new(themes::pages::Failure::TooLarge));
    }
    let target = target(visit, attempt.username, surface).await?;
    let reservation = match guard::reserve(visit, &target.subject, attempt.captcha).await? {
        Verdict::Go(reservation) => reservation,
        Verdict::Held(held) => return Ok(Err(held)),
    };
    let stamp = Stamp::of_visit(visit, &target.subject.account);
    let tried = Tried {
        target,
        reservation,
        password: Zeroizing::new(normalise_password(attempt.password)),
        destination: attempt.destination.clone(),
        wishes: attempt.wishes,
        surface,
    };
    let (place, settled) = line_up(visit, tried, stamp.arrived_at).await?;
    Ok(Ok(InLine {
        settled,
        place,
        stamp,
    }))
}

/// What comes of an attempt once it was checked.
pub type Settlement = oneshot::Receiver<Result<Settled, Refusal>>;

/// Lines the password up for its check, and sees to it that what was counted is also settled,
/// even when the visitor's connection breaks.
async fn line_up(
    visit: &mut Visit,
    mut tried: Tried,
    arrived_at: Timestamp,
) -> Result<(Place, Settlement), Refusal> {
    let lane = tried.reservation.lane;
    let phc = tried.target.account.as_ref();
    let phc = phc.and_then(|account| account.password_phc.as_deref());
    let hashing = &visit.app.hashing;
    let (place, checked) = match hashing.verify(lane, arrived_at, phc, tried.password.clone()) {
        Ok(lined_up) => lined_up,
        // Nothing was tried, so nothing may count: least of all one of ten in a lifetime.
        Err(full) => {
            let mut tx = visit.app.db.write().await?;
            guard::give_back(&mut tx, &tried.target.subject, &tried.reservation).await?;
            tx.commit().await?;
            return Err(full.into());
        }
    };
    let (reply, settlement) = oneshot::channel();
    let mut worker = Visit::new(visit.context.clone());
    tokio::spawn(async move {
        let Ok(checked) = checked.await else { return };
        if let Surface::Program { ticket } = &mut tried.surface
            && reply.is_closed()
        {
            // It stopped waiting: nobody would ever know the ticket.
            *ticket = None;
        }
        let outcome = settle(&mut worker, &tried, checked).await;
        let _gone = reply.send(outcome.map(|outcome| Settled {
            outcome,
            cookies: std::mem::take(&mut worker.set_cookies),
        }));
        if checked.outdated {
            upgrade(&mut worker, &tried).await;
        }
    });
    Ok((place, settlement))
}

/// Hands the cookies of a settled attempt to the visit that answers.
pub fn take_cookies(visit: &mut Visit, cookies: Vec<SetCookie>) {
    for cookie in cookies {
        visit.set_cookie(cookie);
    }
}

async fn target(visit: &mut Visit, username: &str, surface: Surface) -> Result<Target, Refusal> {
    // What can't be a number is nobody's, and costs the same.
    let number = AccountNumber::parse(username)
        .map(|number| number.as_str().to_owned())
        .unwrap_or_default();
    let mut conn = visit.app.db.read().await?;
    let account = persons::for_sign_in(&mut conn, &number).await?;
    let person = account.as_ref().map(|account| account.person);
    let asked = person.unwrap_or(PersonId(uuid::Uuid::nil()));
    let device = match surface {
        Surface::Browser => guard::device_hash(visit),
        // It acts for many, and is nobody's own browser.
        Surface::Program { .. } => None,
    };
    let hash = device.unwrap_or(Tag([0; 32]));
    let known = devices::knows(&mut conn, &hash, asked, visit.now).await?;
    drop(conn);
    let tail_only = account
        .as_ref()
        .is_some_and(|account| has_nothing_but_the_tail(account, visit.now));
    Ok(Target {
        subject: Subject {
            account: guard::account_key(visit, person, &number),
            person,
            device: device.filter(|_| known),
            initial: account.as_ref().is_some_and(may_use_initial),
            tail_only,
        },
        account,
    })
}

pub(super) fn may_use_initial(account: &SignInAccount) -> bool {
    !account.activated && account.password_phc.is_none() && account.initial_mac.is_some()
}

pub(super) fn has_nothing_but_the_tail(account: &SignInAccount, now: Timestamp) -> bool {
    account.school_phone.is_none()
        && account.live_code(now).is_none()
        && account.admission_mac.is_none()
}
