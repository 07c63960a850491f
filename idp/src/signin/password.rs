//! Number and password: counted, checked in the pool, settled.

use std::time::Duration;

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, matches_initial, normalise_password};
use idp_domain::audit::{Event, Outcome as AuditOutcome};
use idp_domain::factors::Factor;
use idp_domain::ids::{EventId, PersonId};
use idp_domain::secrets::{Tag, Use};
use idp_domain::signin::{Destination, PersonState, SignIn, Step, next_step};
use idp_storage::persons::{self, SignInAccount};
use idp_storage::{audit, devices, failed_secrets, passwords, signins, throttle};
use migrations::Tx;
use themes::pages::Notice;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::complete::{Completed, begin_session};
use super::queue::{Parked, Stamp};
use super::steps::new_signin;
use crate::cookies::{CookieKind, SetCookie};
use crate::factors::captcha::Answer;
use crate::factors::guard::{self, Reservation, Subject, Verdict};
use crate::factors::hash_pool::Checked;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Past this the visitor sees her place in the line instead of a waiting browser.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longer input is not hashed at all.
const LONGEST_PASSWORD: usize = 4 * 1024;

/// What was typed.
#[derive(Debug)]
pub struct Attempt<'a> {
    pub username: &'a str,
    pub password: &'a str,
    pub captcha: Option<Answer<'a>>,
    pub destination: Destination,
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
struct Target {
    account: Option<SignInAccount>,
    subject: Subject,
}

/// Begins an attempt: counts it, lines it up for the hash, and waits a moment for the outcome.
/// `form` is kept with one that has to wait longer.
pub async fn begin(
    visit: &mut Visit,
    attempt: Attempt<'_>,
    form: &super::form::SignInForm,
) -> Result<Begun, Refusal> {
    let refused = |notice, captcha| Ok(Begun::Finished(Outcome::Refused { notice, captcha }));
    if attempt.username.trim().is_empty() || attempt.password.is_empty() {
        return refused(Notice::Missing, attempt.captcha.is_some());
    }
    if attempt.password.len() > LONGEST_PASSWORD {
        return Err(Refusal::new(themes::pages::Failure::TooLarge));
    }
    let target = target(visit, attempt.username).await?;
    let reservation = match guard::reserve(visit, &target.subject, attempt.captcha).await? {
        Verdict::Go(reservation) => reservation,
        Verdict::CaptchaWanted => return refused(Notice::CaptchaWanted, true),
        Verdict::CaptchaWrong => return refused(Notice::WrongCaptcha, true),
        Verdict::SecondChannel => return refused(Notice::SecondChannel, true),
        Verdict::Slowed(until) => {
            let until = visit.clock_time(until);
            return refused(Notice::Slowed { until }, true);
        }
    };
    let stamp = Stamp::of_visit(visit, &target.subject.account);
    let password = Zeroizing::new(normalise_password(attempt.password));
    let phc = target
        .account
        .as_ref()
        .and_then(|a| a.password_phc.as_deref());
    let lined_up =
        visit
            .app
            .hashing
            .verify(reservation.lane, stamp.arrived_at, phc, password.clone());
    let (place, checked) = match lined_up {
        Ok(lined_up) => lined_up,
        // Nothing was tried, so nothing may count: least of all one of ten in a lifetime.
        Err(full) => {
            let mut tx = visit.app.db.write().await?;
            guard::give_back(&mut tx, &target.subject, &reservation).await?;
            tx.commit().await?;
            return Err(full.into());
        }
    };

    let (reply, mut settled) = oneshot::channel();
    let mut worker = Visit::new(visit.context.clone());
    let destination = attempt.destination.clone();
    // Goes on when the visitor's connection breaks: what was counted is also settled.
    tokio::spawn(async move {
        let Ok(checked) = checked.await else { return };
        let known = Known {
            target,
            reservation,
            password,
            destination,
        };
        let outcome = settle(&mut worker, &known, checked).await;
        let _gone = reply.send(outcome.map(|outcome| Settled {
            outcome,
            cookies: std::mem::take(&mut worker.set_cookies),
        }));
        if checked.outdated {
            upgrade(&mut worker, &known).await;
        }
    });
    match tokio::time::timeout(PATIENCE, &mut settled).await {
        Ok(settled) => {
            let settled = settled.map_err(|_| Refusal::INTERNAL)??;
            take_cookies(visit, settled.cookies);
            Ok(Begun::Finished(settled.outcome))
        }
        Err(_) => {
            let (username, destination) = (attempt.username, attempt.destination);
            let parked = Parked::new(settled, place, form, username, destination, visit.now);
            visit.app.clone().waiting.park(visit, parked, &stamp)?;
            Ok(Begun::Waiting)
        }
    }
}

/// Hands the cookies of a settled attempt to the visit that answers.
pub fn take_cookies(visit: &mut Visit, cookies: Vec<SetCookie>) {
    for cookie in cookies {
        visit.set_cookie(cookie);
    }
}

async fn target(visit: &mut Visit, username: &str) -> Result<Target, Refusal> {
    // What can't be a number is nobody's, and costs the same.
    let number = AccountNumber::parse(username)
        .map(|number| number.as_str().to_owned())
        .unwrap_or_default();
    let mut conn = visit.app.db.read().await?;
    let account = persons::for_sign_in(&mut conn, &number).await?;
    let person = account.as_ref().map(|account| account.person);
    let asked = person.unwrap_or(PersonId(uuid::Uuid::nil()));
    let device = guard::device_hash(visit);
    let hash = device.unwrap_or(Tag([0; 32]));
    let known = devices::knows(&mut conn, &hash, asked, visit.now).await?;
    drop(conn);
    let tail_only = account.as_ref().is_some_and(has_nothing_but_the_tail);
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

fn may_use_initial(account: &SignInAccount) -> bool {
    !account.activated && account.password_phc.is_none() && account.initial_mac.is_some()
}

fn has_nothing_but_the_tail(account: &SignInAccount) -> bool {
    account.school_phone.is_none()
        && account.activation_code.is_none()
        && account.admission_mac.is_none()
}

struct Known {
    target: Target,
    reservation: Reservation,
    password: Zeroizing<String>,
    destination: Destination,
}

/// After the hash: writes what came of it, in one transaction.
async fn settle(visit: &mut Visit, known: &Known, checked: Checked) -> Result<Outcome, Refusal> {
    // The wait may have been long.
    visit.context.now = visit.app.clock.now();
    let right = proved(visit, known, checked);
    let mut tx = visit.app.db.write().await?;
    let outcome = match (&known.target.account, right) {
        (Some(account), Some(factor)) => succeed(visit, &mut tx, known, account, factor).await?,
        _ => fail(visit, &mut tx, known, checked).await?,
    };
    tx.commit().await?;
    Ok(outcome)
}

/// Replaces a hash of former parameters by one of today's (PWD-09). The visitor doesn't wait for
/// it; if it fails, the next sign-in does it.
async fn upgrade(visit: &mut Visit, known: &Known) {
    let Some(account) = &known.target.account else {
        return;
    };
    let Some(old) = &account.password_phc else {
        return;
    };
    let app = visit.app.clone();
    let hashed = app
        .hashing
        .hash(visit.now, known.password.clone(), &mut visit.rng);
    let Ok(hashed) = hashed else { return };
    let Ok(Some(new)) = hashed.await else { return };
    let written = async {
        let mut tx = app.db.write().await?;
        passwords::rehash(&mut tx, account.person, old, &new).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "a password hash could not be upgraded");
    }
}

/// What was shown, if it was right and the account may be used at all. The same work for every
/// account and for none (ENM-01).
fn proved(visit: &Visit, known: &Known, checked: Checked) -> Option<Factor> {
    let nobody = PersonId(uuid::Uuid::nil());
    let account = known.target.account.as_ref();
    let stored = account.and_then(|a| a.initial_mac).unwrap_or(Tag([0; 32]));
    let person = account.map_or(nobody, |account| account.person);
    let initial = matches_initial(&visit.app.keys, person, &known.password, &stored);
    let account = account.filter(|account| is_usable(account, visit.now))?;
    if account.password_phc.is_some() && checked.matches {
        Some(Factor::Password)
    } else if may_use_initial(account) && initial && known.reservation.initial {
        Some(Factor::InitialPassword)
    } else {
        None
    }
}

fn is_usable(account: &SignInAccount, now: Timestamp) -> bool {
    account.state == PersonState::Active
        && account.valid_from.is_none_or(|from| from <= now)
        && account.valid_until.is_none_or(|until| now < until)
}

async fn succeed(
    visit: &mut Visit,
    tx: &mut Tx,
    known: &Known,
    account: &SignInAccount,
    factor: Factor,
) -> Result<Outcome, Refusal> {
    guard::give_back(tx, &known.target.subject, &known.reservation).await?;
    let entry = visit
        .audit(Event::PasswordTried, AuditOutcome::Success)
        .of(account.person)
        .with("factor", factor.as_str());
    audit::record(tx, &entry).await?;
    let mut factors = vec![factor];
    if factor == Factor::InitialPassword && tail_is_trusted(visit, account) {
        factors.push(Factor::TrustedNetwork);
    }
    let signin = new_signin(visit, account, &factors, known.destination.clone());
    go_on(visit, tx, &signin.1, &signin.0).await
}

/// The school lets the tail alone open the wizard, here and now, for who has nothing else.
fn tail_is_trusted(visit: &Visit, account: &SignInAccount) -> bool {
    let tail_only = visit.app.config.activation.tail_only.as_ref();
    has_nothing_but_the_tail(account)
        && tail_only.is_some_and(|tail| tail.is_open(visit.address, visit.now))
}

/// Straight to the session when nothing is missing, else to the first step.
pub async fn go_on(
    visit: &mut Visit,
    tx: &mut Tx,
    signin: &SignIn,
    secret: &str,
) -> Result<Outcome, Refusal> {
    let standing = persons::standing(tx, signin.person)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    if next_step(signin, &standing, &visit.app.step_policy(), visit.now) == Step::Complete {
        let factors: Vec<Factor> = signin.proofs.iter().map(|p| p.factor).collect();
        let completed = Completed {
            person: signin.person,
            number: &signin.number,
            factors: &factors,
        };
        begin_session(visit, tx, &completed).await?;
        return Ok(Outcome::Complete);
    }
    signins::create(tx, signin).await?;
    visit.set_cookie(SetCookie::session(CookieKind::SignIn, secret));
    visit.set_cookie(SetCookie::removed(CookieKind::Queue));
    Ok(Outcome::Steps)
}

async fn fail(
    visit: &mut Visit,
    tx: &mut Tx,
    known: &Known,
    checked: Checked,
) -> Result<Outcome, Refusal> {
    let target = &known.target;
    let now = visit.now;
    let id = EventId::new(now, &mut visit.rng);
    let keys = &visit.context.app.keys;
    let secret = keys.mac(Use::FailedSecret, &[known.password.as_bytes()]);
    let initial = target.subject.initial;
    failed_secrets::note(tx, id, &target.subject.account, &secret, initial, now).await?;
    let mut entry = visit
        .audit(Event::PasswordTried, AuditOutcome::Refused)
        .claiming(target.subject.account)
        .because(reason(target.account.as_ref(), known, checked, now));
    entry.person = target.subject.person;
    audit::record(tx, &entry).await?;
    // The next one may need a captcha already; the form asks for it then.
    let captcha = now_wants_captcha(visit, tx, &target.subject).await?;
    Ok(Outcome::Refused {
        notice: Notice::WrongPassword,
        captcha,
    })
}

async fn now_wants_captcha(visit: &Visit, tx: &mut Tx, subject: &Subject) -> Result<bool, Refusal> {
    let since = visit
        .now
        .checked_sub(idp_domain::factors::DAY)
        .unwrap_or(Timestamp::MIN);
    let tally = throttle::tally(tx, &guard::bucket(visit, subject), since).await?;
    Ok(tally.events >= visit.app.config.limits.captcha_after.get())
}

/// For the audit alone; the visitor hears the same for each.
fn reason(
    account: Option<&SignInAccount>,
    known: &Known,
    checked: Checked,
    now: Timestamp,
) -> &'static str {
    match account {
        None => "unknown_account",
        Some(account) if account.state != PersonState::Active => "suspended",
        Some(account) if !is_usable(account, now) => "no_valid_number",
        Some(account) if may_use_initial(account) && !known.reservation.initial => "initial_cap",
        Some(_) if checked.matches => "not_permitted",
        Some(_) => "wrong_password",
    }
}
