//! Where a sign-in stands, and the way to its next step.

use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::Factor;
use idp_domain::secrets::{hash_secret, random_secret};
use idp_domain::signin::{Destination, Proof, SignIn, Standing, Step, Wishes, next_step};
use idp_storage::persons::{self, SignInAccount};
use idp_storage::{audit, signins};
use jiff::SignedDuration;
use migrations::Tx;
use themes::pages::{Failure, Progress, ProgressStep, WizardStep};

use crate::cookies::{CookieKind, SetCookie};
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// A sign-in under way lives this long; the wizard can be gone through at leisure.
const SIGN_IN_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// A sign-in that was just proved, with the secret of its cookie.
pub fn new_signin(
    visit: &mut Visit,
    account: &SignInAccount,
    factors: &[Factor],
    destination: Destination,
) -> (String, SignIn) {
    let now = visit.now;
    let secret = random_secret(&mut visit.rng);
    let proofs = factors
        .iter()
        .map(|factor| Proof {
            factor: *factor,
            recipient: None,
            shown_at: now,
        })
        .collect();
    let signin = SignIn {
        id_hash: hash_secret("signin", &secret),
        person: account.person,
        number: account.number.clone(),
        destination,
        wishes: Wishes::default(),
        version: 0,
        created_at: now,
        expires_at: now.checked_add(SIGN_IN_LIFE).unwrap_or(Timestamp::MAX),
        proofs,
    };
    (secret, signin)
}

/// A sign-in under way, with what is missing.
#[derive(Clone, Debug)]
pub struct Current {
    pub signin: SignIn,
    pub standing: Standing,
    pub step: Step,
}

/// The sign-in of this browser's cookie. The address or a field never names one (SES-02).
///
/// # Errors
/// [`Refusal::FLOW_EXPIRED`] when there is none: begin again.
pub async fn current(visit: &mut Visit) -> Result<Current, Refusal> {
    let hash = visit
        .cookie(CookieKind::SignIn)
        .map(|value| hash_secret("signin", value))
        .ok_or(Refusal::FLOW_EXPIRED)?;
    let mut conn = visit.app.db.read().await?;
    let signin = signins::find(&mut conn, &hash, visit.now)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    visit.speak_as(&signin.destination);
    let standing = persons::standing(&mut conn, signin.person)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    let step = next_step(&signin, &standing, &visit.app.step_policy(), visit.now);
    if step == Step::Expired {
        return Err(Refusal::FLOW_EXPIRED);
    }
    Ok(Current {
        signin,
        standing,
        step,
    })
}

/// The page of a step.
pub fn path(step: Step) -> &'static str {
    match step {
        Step::Evidence => "/signin/evidence",
        Step::Notice => "/signin/notice",
        Step::Password => "/signin/password",
        Step::Phone => "/signin/phone",
        // A complete one still has to be taken on to its application, by a POST.
        Step::Done | Step::Complete => "/signin/done",
        Step::Expired => "/cas/login",
    }
}

/// What a handler of a step begins with.
#[derive(Debug)]
pub enum At {
    /// Here.
    Here(Box<Current>),
    /// Elsewhere: a stale tab, the back button, a double click. On to where the sign-in stands.
    Elsewhere(Response),
}

/// The current sign-in if it stands at one of `steps`.
pub async fn at(visit: &mut Visit, steps: &[Step]) -> Result<At, Refusal> {
    let current = current(visit).await?;
    if steps.contains(&current.step) {
        return Ok(At::Here(Box::new(current)));
    }
    Ok(At::Elsewhere(visit.redirect_home(path(current.step))))
}

/// The same for a POST, which also says from which version of the sign-in its page came.
pub async fn at_with(visit: &mut Visit, steps: &[Step], form: &Fields) -> Result<At, Refusal> {
    match at(visit, steps).await {
        Ok(At::Here(current)) if form.get("version") != current.signin.version.to_string() => {
            Ok(At::Elsewhere(visit.redirect_home(path(current.step))))
        }
        Err(refusal) if refusal.failure == Failure::FlowExpired => {
            note_expired(visit).await?;
            Err(refusal)
        }
        at => at,
    }
}

/// A step of a sign-in that is over or overtaken: left open too long, or replayed (TKT-15).
async fn note_expired(visit: &mut Visit) -> Result<(), Refusal> {
    let path = visit.path.clone();
    let entry = visit
        .audit(Event::FlowExpired, Outcome::Refused)
        .with("path", path);
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}

/// What the forms of the steps carry.
pub fn carried(current: &Current) -> Vec<(String, String)> {
    vec![("version".into(), current.signin.version.to_string())]
}

/// Takes the step in the caller's transaction. Of two requests at once the second one gets
/// `false`, and must leave everything as it is.
pub async fn take(visit: &Visit, tx: &mut Tx, current: &Current) -> Result<bool, Refusal> {
    let signin = &current.signin;
    Ok(signins::advance(tx, &signin.id_hash, signin.version, visit.now).await?)
}

/// On to the next step, after one was taken.
pub async fn onward(visit: &mut Visit) -> Result<Response, Refusal> {
    let current = current(visit).await?;
    Ok(visit.redirect_home(path(current.step)))
}

/// `GET /signin/continue`: resumes what was left half-way.
pub async fn resume(mut visit: Visit) -> Result<Response, Refusal> {
    match current(&mut visit).await {
        Ok(current) => Ok(visit.redirect_home(path(current.step))),
        Err(refusal) if refusal.failure == Failure::FlowExpired => {
            visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
            Ok(visit.redirect_home("/cas/login"))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The step bar.
pub fn progress(visit: &Visit, current: &Current) -> Progress {
    let mut steps = vec![
        (WizardStep::Notice, Step::Notice),
        (WizardStep::Password, Step::Password),
    ];
    if !current.standing.activated {
        steps.insert(0, (WizardStep::Evidence, Step::Evidence));
    }
    if visit.app.phone_required() {
        steps.push((WizardStep::Phone, Step::Phone));
    }
    steps.push((WizardStep::Done, Step::Done));
    let here = steps
        .iter()
        .position(|(_, step)| *step == current.step)
        .unwrap_or(steps.len() - 1);
    Progress {
        steps: steps
            .into_iter()
            .enumerate()
            .map(|(at, (name, _))| ProgressStep {
                name,
                done: at < here,
                current: at == here,
            })
            .collect(),
    }
}
