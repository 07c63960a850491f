//! Shows that an account which was never activated is hers: a code to the phone that the school
//! has, or a secret that the school gave out. The tail of an id number is not enough (PWD-01).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::{ActivationCode, AdmissionNumber, PhoneNumber};
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{CodePurpose, Factor, Limit};
use idp_domain::ids::{EventId, PersonId};
use idp_domain::secrets::{Tag, Use};
use idp_domain::signin::{Proof, Step};
use idp_storage::persons::{self, SignInAccount};
use idp_storage::{audit, signins, throttle};
use migrations::Tx;
use themes::pages::{Evidence, Notice};

use super::steps::{self, At, Current};
use crate::accounts::sealed;
use crate::factors::codes::{self, Asked, CodeFlow, Tried};
use crate::factors::guard::account_key;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::visit::Visit;

const HERE: &str = "/signin/evidence";
/// Wrong activation codes and admission numbers of an account in a day.
const SECRETS_A_DAY: u32 = 10;

/// `GET /signin/evidence`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    match steps::at(&mut visit, &[Step::Evidence]).await? {
        At::Here(current) => page(&mut visit, &current, None).await,
        At::Elsewhere(response) => Ok(response),
    }
}

/// `POST /signin/evidence`: `intent` is `send`, `verify` or `activation`.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let current = match steps::at_with(&mut visit, &[Step::Evidence], &form).await? {
        At::Here(current) => current,
        At::Elsewhere(response) => return Ok(response),
    };
    let account = account(&visit, &current).await?;
    let refused = match form.get("intent") {
        "send" => send(&mut visit, &current, &account).await?,
        "activation" => {
            try_secret(&mut visit, &current, &account, form.get("activation_code")).await?
        }
        _ => try_code(&mut visit, &current, form.get("code")).await?,
    };
    match refused {
        Some(notice) => page(&mut visit, &current, Some(notice)).await,
        None => steps::onward(&mut visit).await,
    }
}

async fn account(visit: &Visit, current: &Current) -> Result<SignInAccount, Refusal> {
    let mut conn = visit.app.db.read().await?;
    persons::for_sign_in(&mut conn, &current.signin.number)
        .await?
        .filter(|account| account.person == current.signin.person)
        .ok_or(Refusal::FLOW_EXPIRED)
}

/// The flow of this step's codes.
pub fn code_flow(visit: &Visit, current: &Current, purpose: CodePurpose) -> CodeFlow {
    CodeFlow {
        flow: current.signin.id_hash,
        purpose,
        person: Some(current.signin.person),
        account: account_key(visit, Some(current.signin.person), ""),
        proved: true,
    }
}

/// The phone that the school has for this number.
pub fn school_phone(
    visit: &Visit,
    account: &SignInAccount,
) -> Result<Option<PhoneNumber>, Refusal> {
    match &account.school_phone {
        Some((sealed, _)) => Ok(Some(sealed::open_phone(
            &visit.app.keys,
            account.person,
            sealed,
        )?)),
        None => Ok(None),
    }
}

async fn send(
    visit: &mut Visit,
    current: &Current,
    account: &SignInAccount,
) -> Result<Option<Notice>, Refusal> {
    // The number is the school's, never one that came with the form.
    let Some(phone) = school_phone(visit, account)? else {
        return Ok(Some(Notice::CodeUndelivered));
    };
    let flow = code_flow(visit, current, CodePurpose::Evidence);
    Ok(Some(match codes::ask(visit, &flow, Some(&phone)).await? {
        Asked::Sent => Notice::CodeSent,
        Asked::Limited => Notice::CodeLimit,
    }))
}

async fn try_code(
    visit: &mut Visit,
    current: &Current,
    typed: &str,
) -> Result<Option<Notice>, Refusal> {
    if typed.trim().is_empty() {
        return Ok(Some(Notice::Missing));
    }
    let flow = code_flow(visit, current, CodePurpose::Evidence);
    let mut tx = visit.app.db.write().await?;
    let refused = match codes::try_code(visit, &mut tx, &flow, typed).await? {
        Tried::Right { recipient, .. } => {
            prove(
                visit,
                &mut tx,
                current,
                Factor::SchoolPhone,
                Some(recipient),
            )
            .await?;
            None
        }
        Tried::Wrong => Some(Notice::WrongCode),
        Tried::Dead => Some(Notice::DeadCode),
        Tried::Limited => Some(Notice::CodeLimit),
    };
    tx.commit().await?;
    Ok(refused)
}

async fn try_secret(
    visit: &mut Visit,
    current: &Current,
    account: &SignInAccount,
    typed: &str,
) -> Result<Option<Notice>, Refusal> {
    if typed.trim().is_empty() {
        return Ok(Some(Notice::Missing));
    }
    let counted_as = account_key(visit, Some(account.person), "");
    let mut tx = visit.app.db.write().await?;
    let refused = match try_school_secret(visit, &mut tx, &counted_as, Some(account), typed).await?
    {
        SchoolSecret::Right(factor) => {
            prove(visit, &mut tx, current, factor, None).await?;
            None
        }
        SchoolSecret::Wrong => Some(Notice::WrongActivationCode),
        SchoolSecret::Limited => Some(Notice::CodeLimit),
    };
    tx.commit().await?;
    Ok(refused)
}

/// What came of a secret that the school gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchoolSecret {
    Right(Factor),
    Wrong,
    Limited,
}

/// Tries an activation code or an admission number; counted before it is compared. The same for
/// nobody's number as for somebody's (ENM-01).
///
/// A code stays good until a password was set behind it: who stops half-way begins again with it.
pub async fn try_school_secret(
    visit: &mut Visit,
    tx: &mut Tx,
    counted_as: &Tag,
    account: Option<&SignInAccount>,
    typed: &str,
) -> Result<SchoolSecret, Refusal> {
    let now = visit.now;
    let event = EventId::new(now, &mut visit.rng);
    let keys = &visit.app.keys;
    let bucket = keys.mac(Use::Throttle, &[b"school-secret", counted_as.as_bytes()]);
    let limit = [Limit::per_day(SECRETS_A_DAY)];
    let place = throttle::reserve(tx, event, &bucket, &limit, now).await?;
    let person = account.map_or(PersonId(uuid::Uuid::nil()), |account| account.person);
    let code = account.and_then(|account| account.live_code(now));
    let admission = account.and_then(|account| account.admission_mac);
    let nothing = Tag([0; 32]);
    let is_code = ActivationCode::matches(keys, person, typed, &code.unwrap_or(nothing));
    let is_admission = AdmissionNumber::matches(keys, person, typed, &admission.unwrap_or(nothing));
    let (secret, reason) = match place {
        Err(_) => (SchoolSecret::Limited, "limit"),
        Ok(()) if account.is_some() && is_code => (SchoolSecret::Right(Factor::ActivationCode), ""),
        Ok(()) if account.is_some() && is_admission => {
            (SchoolSecret::Right(Factor::AdmissionNumber), "")
        }
        Ok(()) => (SchoolSecret::Wrong, "wrong_secret"),
    };
    if let SchoolSecret::Right(_) = secret {
        throttle::release(tx, event).await?;
    } else {
        let mut entry = visit
            .audit(Event::EvidenceShown, Outcome::Refused)
            .claiming(*counted_as)
            .because(reason);
        entry.person = account.map(|account| account.person);
        audit::record(tx, &entry).await?;
    }
    Ok(secret)
}

/// Writes the proof and takes the step.
async fn prove(
    visit: &mut Visit,
    tx: &mut Tx,
    current: &Current,
    factor: Factor,
    recipient: Option<Tag>,
) -> Result<(), Refusal> {
    if !steps::take(visit, tx, current).await? {
        return Err(Refusal::FLOW_EXPIRED);
    }
    let proof = Proof {
        factor,
        recipient,
        shown_at: visit.now,
    };
    signins::prove(tx, &current.signin.id_hash, &proof).await?;
    let entry = visit
        .audit(Event::EvidenceShown, Outcome::Success)
        .of(current.signin.person)
        .with("factor", factor.as_str());
    audit::record(tx, &entry).await?;
    Ok(())
}

async fn page(
    visit: &mut Visit,
    current: &Current,
    notice: Option<Notice>,
) -> Result<Response, Refusal> {
    let account = account(visit, current).await?;
    let phone = school_phone(visit, &account)?;
    let flow = current.signin.id_hash;
    let (code, notice) = codes::shown(visit, &flow, CodePurpose::Evidence, notice).await?;
    let page = Evidence {
        form: visit.form(Csrf::SignIn, HERE, steps::carried(current)),
        progress: steps::progress(visit, current),
        notice,
        name: account.name.clone(),
        phone: phone.map(|phone| phone.masked()),
        code,
        activation_code: account.live_code(visit.now).is_some() || account.admission_mac.is_some(),
        help: "/help".into(),
    };
    visit.page(StatusCode::OK, &page)
}
