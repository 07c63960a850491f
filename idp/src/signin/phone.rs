//! Binds a phone: the number is read from the proof of its code, never from the form that
//! confirms it (BND-02).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::PhoneNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{CodePurpose, Factor};
use idp_domain::secrets::Tag;
use idp_domain::signin::{Proof, Step};
use idp_storage::{audit, one_time_codes, persons, signins};
use migrations::Tx;
use themes::pages::{BindPhone, Notice};

use super::evidence::{code_flow, school_phone};
use super::steps::{self, At, Current};
use crate::factors::codes::{self, Asked, Tried};
use crate::factors::phones;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /signin/phone`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    match steps::at(&mut visit, &[Step::Phone]).await? {
        At::Here(current) => page(&mut visit, &current, None, "").await,
        At::Elsewhere(response) => Ok(response),
    }
}

/// `POST /signin/phone`: `intent` is `send`, `verify`, `keep` or `change`.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let current = match steps::at_with(&mut visit, &[Step::Phone], &form).await? {
        At::Here(current) => current,
        At::Elsewhere(response) => return Ok(response),
    };
    let typed = form.get("phone");
    let refused = match form.get("intent") {
        "send" => send(&mut visit, &current, typed).await?,
        "keep" => keep(&mut visit, &current).await?,
        "change" => {
            change(&visit, &current).await?;
            return page(&mut visit, &current, None, "").await;
        }
        _ => verify(&mut visit, &current, form.get("code")).await?,
    };
    match refused {
        Some(notice) => page(&mut visit, &current, Some(notice), typed).await,
        None => steps::onward(&mut visit).await,
    }
}

async fn send(
    visit: &mut Visit,
    current: &Current,
    typed: &str,
) -> Result<Option<Notice>, Refusal> {
    let app = visit.app.clone();
    // A resend names no number: it goes where the last one went.
    let phone = if typed.trim().is_empty() {
        last_recipient(visit, current).await?
    } else {
        PhoneNumber::parse(typed).ok()
    };
    let Some(phone) = phone.filter(|phone| (app.sms.permits)(phone)) else {
        return Ok(Some(Notice::BadPhone));
    };
    let flow = code_flow(visit, current, CodePurpose::BindPhone);
    Ok(Some(match codes::ask(visit, &flow, Some(&phone)).await? {
        Asked::Sent => Notice::CodeSent,
        Asked::Limited => Notice::CodeLimit,
    }))
}

async fn last_recipient(visit: &Visit, current: &Current) -> Result<Option<PhoneNumber>, Refusal> {
    let mut conn = visit.app.db.read().await?;
    let flow = &current.signin.id_hash;
    let sent = one_time_codes::sent(&mut conn, flow, CodePurpose::BindPhone, visit.now).await?;
    match sent {
        Some(sent) => Ok(Some(phones::open_recipient(
            &visit.app.keys,
            sent.id,
            &sent.recipient_enc,
        )?)),
        None => Ok(None),
    }
}

async fn change(visit: &Visit, current: &Current) -> Result<(), Refusal> {
    let mut tx = visit.app.db.write().await?;
    one_time_codes::forget(&mut tx, &current.signin.id_hash, CodePurpose::BindPhone).await?;
    tx.commit().await?;
    Ok(())
}

async fn verify(
    visit: &mut Visit,
    current: &Current,
    typed: &str,
) -> Result<Option<Notice>, Refusal> {
    if typed.trim().is_empty() {
        return Ok(Some(Notice::Missing));
    }
    let flow = code_flow(visit, current, CodePurpose::BindPhone);
    let mut tx = visit.app.db.write().await?;
    let refused = match codes::try_code(visit, &mut tx, &flow, typed).await? {
        Tried::Right { phone, recipient } => {
            bind(visit, &mut tx, current, &phone, recipient).await?
        }
        Tried::Wrong => Some(Notice::WrongCode),
        Tried::Dead => Some(Notice::DeadCode),
        Tried::Limited => Some(Notice::CodeLimit),
    };
    tx.commit().await?;
    Ok(refused)
}

/// Binds the school's number that was proved a step before, by that proof.
async fn keep(visit: &mut Visit, current: &Current) -> Result<Option<Notice>, Refusal> {
    let Some((phone, recipient)) = proved(visit, current).await? else {
        return Ok(Some(Notice::DeadCode));
    };
    let mut tx = visit.app.db.write().await?;
    let refused = bind(visit, &mut tx, current, &phone, recipient).await?;
    tx.commit().await?;
    Ok(refused)
}

/// The school's number, if the code of the evidence step went to that very one.
async fn proved(visit: &Visit, current: &Current) -> Result<Option<(PhoneNumber, Tag)>, Refusal> {
    let recipient = current
        .signin
        .proof(Factor::SchoolPhone)
        .and_then(|proof| proof.recipient);
    let Some(recipient) = recipient else {
        return Ok(None);
    };
    let mut conn = visit.app.db.read().await?;
    let account = persons::for_sign_in(&mut conn, &current.signin.number).await?;
    let Some(account) = account.filter(|a| a.person == current.signin.person) else {
        return Ok(None);
    };
    let phone = school_phone(visit, &account)?;
    Ok(phone
        .filter(|phone| phone.index(&visit.app.keys) == recipient)
        .map(|phone| (phone, recipient)))
}

async fn bind(
    visit: &mut Visit,
    tx: &mut Tx,
    current: &Current,
    phone: &PhoneNumber,
    recipient: Tag,
) -> Result<Option<Notice>, Refusal> {
    let signin = &current.signin;
    let now = visit.now;
    let app = visit.app.clone();
    // Of two sign-ins at this step the slower one must not replace what the other bound.
    persons::hold(tx, signin.person).await?;
    if persons::standing(tx, signin.person)
        .await?
        .is_some_and(|s| s.phone_bound)
    {
        return Ok(None);
    }
    let bound = phones::bind(tx, &app.keys, signin.person, phone, now, &mut visit.rng).await?;
    if !bound {
        // Told only here, after the code proved that the number is hers.
        let entry = visit
            .audit(Event::PhoneBound, Outcome::Refused)
            .of(signin.person)
            .because("taken");
        audit::record(tx, &entry).await?;
        return Ok(Some(Notice::PhoneTaken));
    }
    if !steps::take(visit, tx, current).await? {
        return Err(Refusal::FLOW_EXPIRED);
    }
    let proof = Proof {
        factor: Factor::BoundPhone,
        recipient: Some(recipient),
        shown_at: now,
    };
    signins::prove(tx, &signin.id_hash, &proof).await?;
    let entry = visit
        .audit(Event::PhoneBound, Outcome::Success)
        .of(signin.person);
    audit::record(tx, &entry).await?;
    Ok(None)
}

async fn page(
    visit: &mut Visit,
    current: &Current,
    notice: Option<Notice>,
    typed: &str,
) -> Result<Response, Refusal> {
    let flow = current.signin.id_hash;
    let (code, notice) = codes::shown(visit, &flow, CodePurpose::BindPhone, notice).await?;
    let proved = proved(visit, current).await?;
    let page = BindPhone {
        form: visit.form(Csrf::SignIn, "/signin/phone", steps::carried(current)),
        progress: steps::progress(visit, current),
        notice,
        phone: typed.chars().take(32).collect(),
        proved: proved.map(|(phone, _)| phone.masked()),
        code,
    };
    visit.page(StatusCode::OK, &page)
}
