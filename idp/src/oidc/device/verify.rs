//! `/oidc/device/verify`: the page where a person types in what her device shows (RFC 8628 §3.3).
//! Also when the address has the code already, she sees it and sends it on herself (§3.3.1).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::factors::Limit;
use idp_domain::ids::EventId;
use idp_domain::oidc::UserCode;
use idp_domain::secrets::Use;
use idp_domain::signin::{DEVICE_PAGE, Destination};
use idp_storage::{device_grants, throttle};
use themes::pages::{DeviceVerify, Notice};

use super::decide::enter;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::sessions::{self, Arrival};
use crate::signin::carried::{Carried, USER_CODE};
use crate::visit::Visit;

/// Codes that are none (§5.1): of one person, whatever session she begins, and of one network.
const WRONG_A_PERSON: Limit = Limit::per_hour(10);
const WRONG_A_NETWORK: Limit = Limit::per_hour(100);

/// `GET /oidc/device/verify`: asks nothing of the database about the code in the address.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let named = visit.here.iter().find(|(name, _)| name == USER_CODE);
    let code = named.and_then(|(_, typed)| UserCode::parse(typed).ok());
    match sessions::current(&mut visit).await? {
        Some(arrival) => page(&mut visit, &arrival, StatusCode::OK, code, None),
        None => Ok(to_sign_in(&mut visit, code)),
    }
}

/// `POST /oidc/device/verify`: on to what it would let in.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let typed = form.get(USER_CODE);
    let code = UserCode::parse(typed).ok();
    let Some(arrival) = sessions::current(&mut visit).await? else {
        return Ok(to_sign_in(&mut visit, code));
    };
    let (status, notice) = match code {
        None if typed.trim().is_empty() => (StatusCode::BAD_REQUEST, Notice::Missing),
        None => (StatusCode::BAD_REQUEST, Notice::WrongUserCode),
        Some(code) => match try_code(&mut visit, &arrival, code).await? {
            Tried::Right => return enter(&mut visit, arrival, code).await,
            Tried::Wrong => (StatusCode::BAD_REQUEST, Notice::WrongUserCode),
            Tried::Limited => (StatusCode::TOO_MANY_REQUESTS, Notice::UserCodeLimit),
        },
    };
    page(&mut visit, &arrival, status, code, Some(notice))
}

/// The page says the same of a code that never was, that is used, and that is too old.
pub(super) fn page(
    visit: &mut Visit,
    arrival: &Arrival,
    status: StatusCode,
    code: Option<UserCode>,
    notice: Option<Notice>,
) -> Result<Response, Refusal> {
    let number = arrival.holder.latest_number(visit.now);
    // The language switch comes back by a GET.
    DEVICE_PAGE.clone_into(&mut visit.context.path);
    visit.context.here = Carried::of(&Destination::Device { user_code: code })
        .pairs()
        .to_vec();
    let page = DeviceVerify {
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        user_code: code.map(|code| code.to_string()).unwrap_or_default(),
        notice,
        form: visit.form(Csrf::Session, DEVICE_PAGE, Vec::new()),
    };
    visit.page(status, &page)
}

fn to_sign_in(visit: &mut Visit, user_code: Option<UserCode>) -> Response {
    let sign_in = Carried::of(&Destination::Device { user_code }).sign_in();
    visit.redirect_home(&sign_in)
}

enum Tried {
    Right,
    Wrong,
    Limited,
}

/// Takes its place under the limits first, and gives it back if the code was right.
async fn try_code(visit: &mut Visit, arrival: &Arrival, code: UserCode) -> Result<Tried, Refusal> {
    let now = visit.now;
    let network = crate::config::household(visit.address).to_string();
    let app = visit.app.clone();
    let buckets = [
        (
            [b"user-code".as_slice(), arrival.session.person.0.as_bytes()],
            WRONG_A_PERSON,
        ),
        (
            [b"user-code-network".as_slice(), network.as_bytes()],
            WRONG_A_NETWORK,
        ),
    ];
    let mut taken = Vec::new();
    let mut tx = app.db.write().await?;
    for (parts, limit) in buckets {
        let bucket = app.keys.mac(Use::Throttle, &parts);
        let event = EventId::new(now, &mut visit.rng);
        let place = throttle::reserve(&mut tx, event, &bucket, &[limit], now).await?;
        if place.is_err() {
            // Nothing is kept: what is over the limit isn't looked up either.
            return Ok(Tried::Limited);
        }
        taken.push(event);
    }
    let found = device_grants::waiting(&mut tx, &code.mac(&app.keys), now).await?;
    if found.is_some() {
        for event in taken {
            throttle::release(&mut tx, event).await?;
        }
    }
    tx.commit().await?;
    Ok(found.map_or(Tried::Wrong, |_| Tried::Right))
}
