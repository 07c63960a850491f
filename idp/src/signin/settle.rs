//! What comes of a password attempt once its hash was computed, in one transaction.

use idp_domain::Timestamp;
use idp_domain::accounts::matches_initial;
use idp_domain::audit::{Event, Outcome as AuditOutcome};
use idp_domain::factors::Factor;
use idp_domain::ids::{EventId, PersonId};
use idp_domain::secrets::{Tag, Use};
use idp_domain::signin::{PersonState, SignIn, Step, Wishes, next_step};
use idp_storage::persons::{self, SignInAccount};
use idp_storage::{audit, failed_secrets, passwords, signins, throttle};
use migrations::Tx;
use themes::pages::Notice;

use super::complete::{Completed, begin_program_session, begin_session};
use super::password::{Outcome, Surface, Tried, has_nothing_but_the_tail, may_use_initial};
use super::steps::new_signin;
use crate::cookies::{CookieKind, SetCookie};
use crate::factors::guard::{self, Subject};
use crate::factors::hash_pool::Checked;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// After the hash: writes what came of it, in one transaction.
pub(super) async fn settle(
    visit: &mut Visit,
    tried: &Tried,
    checked: Checked,
) -> Result<Outcome, Refusal> {
    // The wait may have been long.
    visit.context.now = visit.app.clock.now();
    let mut right = proved(visit, tried, checked);
    let mut tx = visit.app.db.write().await?;
    if !still_in_force(&mut tx, tried, right).await? {
        right = None;
    }
    let outcome = match (&tried.target.account, right) {
        (Some(account), Some(factor)) => succeed(visit, &mut tx, tried, account, factor).await?,
        _ => fail(visit, &mut tx, tried, checked).await?,
    };
    tx.commit().await?;
    Ok(outcome)
}

/// The attempt may have waited while the owner chose another password (SES-10): one that was right
/// when it lined up opens nothing any more.
async fn still_in_force(
    tx: &mut Tx,
    tried: &Tried,
    right: Option<Factor>,
) -> Result<bool, Refusal> {
    let account = tried.target.account.as_ref();
    match (
        right,
        account.and_then(|a| Some((a.person, a.password_phc.as_deref()?))),
    ) {
        (Some(Factor::Password), Some((person, phc))) => {
            Ok(passwords::hold(tx, person, phc).await?)
        }
        _ => Ok(true),
    }
}

/// Replaces a hash of former parameters by one of today's (PWD-09). The visitor doesn't wait for
/// it; if it fails, the next sign-in does it.
pub(super) async fn upgrade(visit: &mut Visit, tried: &Tried) {
    let Some(account) = &tried.target.account else {
        return;
    };
    let Some(old) = &account.password_phc else {
        return;
    };
    let app = visit.app.clone();
    let hashed = app
        .hashing
        .hash(visit.now, tried.password.clone(), &mut visit.rng);
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
fn proved(visit: &Visit, tried: &Tried, checked: Checked) -> Option<Factor> {
    let nobody = PersonId(uuid::Uuid::nil());
    let account = tried.target.account.as_ref();
    let stored = account.and_then(|a| a.initial_mac).unwrap_or(Tag([0; 32]));
    let person = account.map_or(nobody, |account| account.person);
    let initial = matches_initial(&visit.app.keys, person, &tried.password, &stored);
    let account = account.filter(|account| is_usable(account, visit.now))?;
    if account.password_phc.is_some() && checked.matches {
        Some(Factor::Password)
    } else if may_use_initial(account) && initial && tried.reservation.initial {
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
    tried: &Tried,
    account: &SignInAccount,
    factor: Factor,
) -> Result<Outcome, Refusal> {
    guard::give_back(tx, &tried.target.subject, &tried.reservation).await?;
    let entry = visit
        .audit(Event::PasswordTried, AuditOutcome::Success)
        .of(account.person)
        .with("factor", factor.as_str());
    audit::record(tx, &entry).await?;
    let mut factors = vec![factor];
    if factor == Factor::InitialPassword && tail_is_trusted(visit, account) {
        factors.push(Factor::TrustedNetwork);
    }
    let (secret, mut signin) = new_signin(visit, account, &factors, tried.destination.clone());
    signin.wishes = tried.wishes;
    match tried.surface {
        Surface::Browser => go_on(visit, tx, &signin, &secret).await,
        Surface::Program { ticket } => begin_for_program(visit, tx, &signin, ticket).await,
    }
}

/// The school lets the tail alone open the wizard, here and now, for who has nothing else.
fn tail_is_trusted(visit: &Visit, account: &SignInAccount) -> bool {
    let tail_only = visit.app.config.activation.tail_only.as_ref();
    has_nothing_but_the_tail(account, visit.now)
        && tail_only.is_some_and(|tail| tail.is_open(visit.address, visit.now))
}

/// Straight to the session when nothing is missing, else to the first step.
pub async fn go_on(
    visit: &mut Visit,
    tx: &mut Tx,
    signin: &SignIn,
    secret: &str,
) -> Result<Outcome, Refusal> {
    if is_complete(visit, tx, signin).await? {
        let factors: Vec<Factor> = signin.proofs.iter().map(|p| p.factor).collect();
        let completed = Completed {
            person: signin.person,
            number: &signin.number,
            factors: &factors,
            wishes: signin.wishes,
        };
        begin_session(visit, tx, &completed).await?;
        return Ok(Outcome::Complete);
    }
    signins::create(tx, signin).await?;
    visit.set_cookie(SetCookie::session(CookieKind::SignIn, secret));
    visit.set_cookie(SetCookie::removed(CookieKind::Queue));
    Ok(Outcome::Steps)
}

/// The session under a program's ticket when nothing is missing, else nothing at all: steps are
/// for the person, in her browser.
async fn begin_for_program(
    visit: &mut Visit,
    tx: &mut Tx,
    signin: &SignIn,
    ticket: Option<Tag>,
) -> Result<Outcome, Refusal> {
    let (true, Some(ticket)) = (is_complete(visit, tx, signin).await?, ticket) else {
        return Ok(Outcome::Steps);
    };
    let factors: Vec<Factor> = signin.proofs.iter().map(|p| p.factor).collect();
    let completed = Completed {
        person: signin.person,
        number: &signin.number,
        factors: &factors,
        wishes: Wishes::default(),
    };
    begin_program_session(visit, tx, &completed, ticket).await?;
    Ok(Outcome::Complete)
}

async fn is_complete(visit: &Visit, tx: &mut Tx, signin: &SignIn) -> Result<bool, Refusal> {
    let standing = persons::standing(tx, signin.person)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    let step = next_step(signin, &standing, &visit.app.step_policy(), visit.now);
    Ok(step == Step::Complete)
}

async fn fail(
    visit: &mut Visit,
    tx: &mut Tx,
    tried: &Tried,
    checked: Checked,
) -> Result<Outcome, Refusal> {
    let target = &tried.target;
    let now = visit.now;
    let id = EventId::new(now, &mut visit.rng);
    let keys = &visit.context.app.keys;
    let secret = keys.mac(Use::FailedSecret, &[tried.password.as_bytes()]);
    let initial = target.subject.initial;
    // Numbers that nobody has count as one account: inventing them raises no alarm.
    let account = match target.subject.person {
        Some(_) => target.subject.account,
        None => Tag([0; 32]),
    };
    failed_secrets::note(tx, id, &account, &secret, initial, now).await?;
    let mut entry = visit
        .audit(Event::PasswordTried, AuditOutcome::Refused)
        .claiming(target.subject.account)
        .because(reason(target.account.as_ref(), tried, checked, now));
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
    tried: &Tried,
    checked: Checked,
    now: Timestamp,
) -> &'static str {
    match account {
        None => "unknown_account",
        Some(account) if account.state != PersonState::Active => "suspended",
        Some(account) if !is_usable(account, now) => "no_valid_number",
        Some(account) if may_use_initial(account) && !tried.reservation.initial => "initial_cap",
        Some(_) if checked.matches => "not_permitted",
        Some(_) => "wrong_password",
    }
}
