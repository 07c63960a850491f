//! One-time codes by SMS: asked for, sent through the outbox, tried.

use idp_domain::Timestamp;
use idp_domain::accounts::PhoneNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{CodePurpose, Limit, OneTimeCode};
use idp_domain::ids::{CodeId, EventId, OutboxId, PersonId};
use idp_domain::secrets::{Tag, Use};
use idp_storage::{audit, one_time_codes, outbox, throttle};
use jiff::SignedDuration;
use migrations::{DbError, Tx};
use serde::{Deserialize, Serialize};
use themes::pages::Notice;

use super::phones;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// A code lives this long.
pub const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// And may be asked for again after this.
pub const RESEND: SignedDuration = SignedDuration::from_secs(60);
/// Wrong codes of an account in a day, over all its codes (OTP-01).
const FAILURES_A_DAY: u32 = 10;
/// Of these, and of the codes sent, the share that somebody may use up who only knows a number:
/// the rest is the owner's (BRU-03).
const STRANGERS_SHARE: u32 = 2;
/// Codes of one flow, whatever it is.
const SENDS_A_FLOW: u32 = 5;

/// For which flow, person and purpose a code is.
#[derive(Clone, Debug)]
pub struct CodeFlow {
    /// The hash of the cookie that the flow is kept under.
    pub flow: Tag,
    pub purpose: CodePurpose,
    pub person: Option<PersonId>,
    /// Under which the account is counted; also where nobody has the number.
    pub account: Tag,
    /// Somebody who proved more than a number asks, so virtual operators' numbers may be used.
    pub proved: bool,
}

/// What came of asking for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Sent,
    /// Too soon, or too many of this flow, account or address.
    Limited,
}

/// What came of trying one.
#[derive(Clone, Debug)]
pub enum Tried {
    /// It was right, and is used up in this transaction.
    Right {
        phone: PhoneNumber,
        recipient: Tag,
    },
    Wrong,
    /// No live code: too old, tried too often, or none was asked for.
    Dead,
    /// Too many wrong ones of this account today.
    Limited,
}

/// What the outbox carries to the gateway. Sealed while it waits.
#[derive(Clone, Serialize, Deserialize)]
pub struct CodeMessage {
    pub code_id: CodeId,
    /// `None`: nobody to send to; the message goes the same way and ends there (ENM-10).
    pub to: Option<String>,
    pub purpose: String,
    pub code: String,
    pub minutes: u32,
    pub locale: String,
    pub proved: bool,
}

impl std::fmt::Debug for CodeMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeMessage")
            .field("code_id", &self.code_id)
            .finish_non_exhaustive()
    }
}

/// The outbox's word for it.
pub const OUTBOX_KIND: &str = "sms_code";
/// What the sealed payload is authenticated with.
pub const OUTBOX_PLACE: &[u8] = b"outbox.sms_code";

/// Asks for a code. With no `phone` all goes the same way and nothing is sent.
pub async fn ask(
    visit: &mut Visit,
    flow: &CodeFlow,
    phone: Option<&PhoneNumber>,
) -> Result<Asked, Refusal> {
    let mut tx = visit.app.db.write().await?;
    let asked = ask_in(visit, &mut tx, flow, phone).await?;
    tx.commit().await?;
    visit.app.bell.ring();
    Ok(asked)
}

async fn ask_in(
    visit: &mut Visit,
    tx: &mut Tx,
    flow: &CodeFlow,
    phone: Option<&PhoneNumber>,
) -> Result<Asked, Refusal> {
    if !reserve_send(visit, tx, flow).await? {
        let entry = visit
            .audit(Event::CodeRequested, Outcome::Refused)
            .because("limit")
            .claiming(flow.account)
            .with("purpose", flow.purpose.as_str());
        audit::record(tx, &entry).await?;
        return Ok(Asked::Limited);
    }
    let now = visit.now;
    let code = OneTimeCode::generate(&mut visit.rng);
    let id = CodeId::new(now, &mut visit.rng);
    let keys = &visit.context.app.keys;
    let recipient_index = phone.map_or(Tag([0; 32]), |phone| phone.index(keys));
    let recipient_enc = phone
        .map(|phone| phones::seal_recipient(keys, id, phone, &mut visit.rng))
        .unwrap_or_default();
    // Without a recipient the row can't be answered: its MAC is over another code.
    let kept = if phone.is_some() {
        code.clone()
    } else {
        OneTimeCode::generate(&mut visit.rng)
    };
    let row = one_time_codes::NewCode {
        id,
        flow: flow.flow,
        purpose: flow.purpose,
        person: flow.person,
        recipient_enc,
        recipient_index,
        code_mac: kept.mac(
            keys,
            &flow.flow,
            flow.purpose,
            flow.person,
            &recipient_index,
        ),
        created_at: now,
        expires_at: now.checked_add(LIFE).unwrap_or(Timestamp::MAX),
    };
    one_time_codes::replace(tx, &row).await?;
    let message = CodeMessage {
        code_id: id,
        to: phone.map(|phone| phone.as_str().to_owned()),
        purpose: flow.purpose.as_str().to_owned(),
        code: code.reveal().to_owned(),
        minutes: u32::try_from(LIFE.as_mins()).unwrap_or(5),
        locale: visit.context.locale.tag().to_owned(),
        proved: flow.proved,
    };
    put_into_outbox(visit, tx, &message).await?;
    let entry = visit
        .audit(Event::CodeRequested, Outcome::Success)
        .claiming(flow.account)
        .with("purpose", flow.purpose.as_str());
    audit::record(
        tx,
        &flow.person.map_or(entry.clone(), |person| entry.of(person)),
    )
    .await?;
    Ok(Asked::Sent)
}

async fn put_into_outbox(
    visit: &mut Visit,
    tx: &mut Tx,
    message: &CodeMessage,
) -> Result<(), Refusal> {
    let now = visit.now;
    let json = serde_json::to_vec(message).map_err(|_| Refusal::INTERNAL)?;
    let keys = &visit.context.app.keys;
    let sealed = keys.seal(Use::Outbox, OUTBOX_PLACE, &json, &mut visit.rng);
    let id = OutboxId::new(now, &mut visit.rng);
    outbox::put(tx, id, OUTBOX_KIND, &sealed, now).await?;
    Ok(())
}

/// One place under every limit: of the flow, of the account, of the client address (SMS-02).
/// The number's own limits are the gateway's (SMS-01).
async fn reserve_send(visit: &mut Visit, tx: &mut Tx, flow: &CodeFlow) -> Result<bool, DbError> {
    let limits = visit.app.config.limits.clone();
    let on_campus = limits.campus_networks.contains(visit.address);
    let per_hour = if on_campus {
        limits.sms_per_campus_address_hour.get()
    } else {
        limits.sms_per_address_hour.get()
    };
    let address = crate::config::household(visit.address).to_string();
    let keys = &visit.app.keys;
    let purpose = flow.purpose.as_str().as_bytes();
    let flow_bucket = keys.mac(
        Use::Throttle,
        &[b"code-flow", flow.flow.as_bytes(), purpose],
    );
    let account_bucket = keys.mac(Use::Throttle, &[b"code-account", flow.account.as_bytes()]);
    let address_bucket = keys.mac(Use::Throttle, &[b"code-address", address.as_bytes()]);
    let mut wanted = vec![
        (
            flow_bucket,
            vec![Limit::new(1, RESEND), Limit::per_day(SENDS_A_FLOW)],
        ),
        (
            account_bucket,
            vec![Limit::per_day(limits.sms_per_account_day.get())],
        ),
    ];
    // Who proved more than a number has the limits of account and number, not of the address.
    if !flow.proved {
        let share = limits.sms_per_account_day.get().div_ceil(STRANGERS_SHARE);
        let strangers = [
            b"code-account-strangers".as_slice(),
            flow.account.as_bytes(),
        ];
        wanted.push((
            keys.mac(Use::Throttle, &strangers),
            vec![Limit::per_day(share)],
        ));
        wanted.push((address_bucket, vec![Limit::per_hour(per_hour)]));
    }
    let mut taken = Vec::new();
    for (bucket, limits) in wanted {
        let event = EventId::new(visit.now, &mut visit.rng);
        if throttle::reserve(tx, event, &bucket, &limits, visit.now)
            .await?
            .is_err()
        {
            for event in taken {
                throttle::release(tx, event).await?;
            }
            return Ok(false);
        }
        taken.push(event);
    }
    Ok(true)
}

/// Tries a code. The try is counted in any case, so the caller commits whatever comes of it.
pub async fn try_code(
    visit: &mut Visit,
    tx: &mut Tx,
    flow: &CodeFlow,
    typed: &str,
) -> Result<Tried, Refusal> {
    let tried = compare(visit, tx, flow, typed).await?;
    let (outcome, reason) = match &tried {
        Tried::Right { .. } => (Outcome::Success, None),
        Tried::Wrong => (Outcome::Refused, Some("wrong")),
        Tried::Dead => (Outcome::Refused, Some("dead")),
        Tried::Limited => (Outcome::Refused, Some("limit")),
    };
    let mut entry = visit
        .audit(Event::CodeTried, outcome)
        .claiming(flow.account)
        .with("purpose", flow.purpose.as_str());
    entry.reason = reason;
    entry.person = flow.person;
    audit::record(tx, &entry).await?;
    Ok(tried)
}

async fn compare(
    visit: &mut Visit,
    tx: &mut Tx,
    flow: &CodeFlow,
    typed: &str,
) -> Result<Tried, Refusal> {
    let now = visit.now;
    let event = EventId::new(now, &mut visit.rng);
    let keys = &visit.app.keys;
    let failures = keys.mac(Use::Throttle, &[b"code-failures", flow.account.as_bytes()]);
    let limit = [Limit::per_day(FAILURES_A_DAY)];
    if throttle::reserve(tx, event, &failures, &limit, now)
        .await?
        .is_err()
    {
        return Ok(Tried::Limited);
    }
    let strangers_event = EventId::new(now, &mut visit.rng);
    if !flow.proved {
        let strangers = [
            b"code-failures-strangers".as_slice(),
            flow.account.as_bytes(),
        ];
        let bucket = visit.app.keys.mac(Use::Throttle, &strangers);
        let limit = [Limit::per_day(FAILURES_A_DAY / STRANGERS_SHARE)];
        if throttle::reserve(tx, strangers_event, &bucket, &limit, now)
            .await?
            .is_err()
        {
            throttle::release(tx, event).await?;
            return Ok(Tried::Limited);
        }
    }
    let keys = &visit.app.keys;
    let Some(row) = one_time_codes::take_try(tx, &flow.flow, flow.purpose, now).await? else {
        throttle::release(tx, strangers_event).await?;
        throttle::release(tx, event).await?;
        return Ok(Tried::Dead);
    };
    let right = OneTimeCode::parse(typed).is_some_and(|code| {
        let person = row.person;
        let mac = code.mac(keys, &flow.flow, flow.purpose, person, &row.recipient_index);
        mac == row.code_mac && person == flow.person
    });
    if !right || row.recipient_enc.is_empty() {
        return Ok(Tried::Wrong);
    }
    if !one_time_codes::spend(tx, row.id, now).await? {
        return Ok(Tried::Dead);
    }
    throttle::release(tx, strangers_event).await?;
    throttle::release(tx, event).await?;
    Ok(Tried::Right {
        phone: phones::open_recipient(keys, row.id, &row.recipient_enc)?,
        recipient: row.recipient_index,
    })
}

/// Seconds until the next code may be asked for, and how the last one fared, for the page.
pub async fn entry(
    visit: &Visit,
    flow: &Tag,
    purpose: CodePurpose,
    show_number: bool,
) -> Result<Option<(themes::pages::CodeEntry, String)>, Refusal> {
    let mut conn = visit.app.db.read().await?;
    let Some(sent) = one_time_codes::sent(&mut conn, flow, purpose, visit.now).await? else {
        return Ok(None);
    };
    let masked = if show_number && !sent.recipient_enc.is_empty() {
        Some(phones::open_recipient(&visit.app.keys, sent.id, &sent.recipient_enc)?.masked())
    } else {
        None
    };
    let again = sent.created_at.checked_add(RESEND).unwrap_or(visit.now);
    let wait = again.duration_since(visit.now).as_secs().max(0);
    let page = themes::pages::CodeEntry {
        masked,
        resend_seconds: u32::try_from(wait).unwrap_or(0),
        minutes: u32::try_from(LIFE.as_mins()).unwrap_or(5),
    };
    Ok(Some((page, sent.delivery)))
}

/// A code that was sent to somebody who may see where to, and what there is to say of it: the
/// page's own notice, unless the delivery went wrong.
pub async fn shown(
    visit: &Visit,
    flow: &Tag,
    purpose: CodePurpose,
    notice: Option<Notice>,
) -> Result<(Option<themes::pages::CodeEntry>, Option<Notice>), Refusal> {
    Ok(match entry(visit, flow, purpose, true).await? {
        Some((_, delivery)) if delivery == "limited" => (None, Some(Notice::CodeLimit)),
        Some((_, delivery)) if delivery == "failed" => (None, Some(Notice::CodeUndelivered)),
        Some((code, _)) => (Some(code), notice),
        None => (None, notice),
    })
}

/// What is shown where no code is kept, so that nothing tells.
pub fn blank_entry() -> themes::pages::CodeEntry {
    themes::pages::CodeEntry {
        masked: None,
        resend_seconds: u32::try_from(RESEND.as_secs()).unwrap_or(60),
        minutes: u32::try_from(LIFE.as_mins()).unwrap_or(5),
    }
}
