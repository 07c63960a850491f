//! After too many failures: a code to the bound phone makes this browser a known one, with a
//! counter of its own, so that strangers can't keep the owner out (BRU-03). Unknown numbers get
//! the same pages and no message.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::AccountNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::CodePurpose;
use idp_domain::ids::PersonId;
use idp_storage::{audit, persons};
use themes::pages::{Notice, Unlock};

use super::carried::Carried;
use super::complete::remember_browser;
use super::stranger_code::{self, passes_captcha};
use crate::cookies::{CookieKind, SetCookie};
use crate::factors::codes::{self, Tried};
use crate::factors::phones;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::visit::Visit;

const HERE: &str = "/signin/unlock";

/// `GET /signin/unlock`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let carried = Carried::read(&visit.here);
    page(&mut visit, &carried, "", None, None)
}

/// `POST /signin/unlock`: `intent` is `send` or `verify`.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let carried = Carried::read(form.pairs());
    visit.speak(carried.pairs());
    visit.context.here = carried.shared();
    let username = form.get("username");
    if form.get("intent") == "verify" {
        return match verify(&mut visit, &form).await? {
            None => Ok(visit.redirect_home(&carried.sign_in())),
            Some(notice) => {
                let code = stranger_code::entry(&visit, CodePurpose::Unlock).await?;
                page(&mut visit, &carried, username, Some(notice), code)
            }
        };
    }
    let refused = send(&mut visit, &form).await?;
    let code = match &refused {
        None => stranger_code::entry(&visit, CodePurpose::Unlock).await?,
        Some(_) => None,
    };
    let notice = refused.unwrap_or(Notice::CodeSent);
    page(&mut visit, &carried, username, Some(notice), code)
}

async fn person(visit: &Visit, username: &str) -> Result<(String, Option<PersonId>), Refusal> {
    let number = AccountNumber::parse(username)
        .map(|number| number.as_str().to_owned())
        .unwrap_or_default();
    let mut conn = visit.app.db.read().await?;
    let account = persons::for_sign_in(&mut conn, &number).await?;
    Ok((
        number,
        account
            .filter(|a| a.activated)
            .map(|account| account.person),
    ))
}

/// `None`: asked for, as far as anybody can see.
async fn send(visit: &mut Visit, form: &Fields) -> Result<Option<Notice>, Refusal> {
    if form.get("username").trim().is_empty() {
        return Ok(Some(Notice::Missing));
    }
    if !passes_captcha(visit, form).await? {
        return Ok(Some(Notice::WrongCaptcha));
    }
    let (number, person) = person(visit, form.get("username")).await?;
    let app = visit.app.clone();
    let phone = match person {
        Some(person) => phones::bound(&mut app.db.read().await?, &app.keys, person).await?,
        None => None,
    };
    stranger_code::begin(visit);
    let flow = stranger_code::flow(visit, CodePurpose::Unlock, &number, person)
        .ok_or(Refusal::INTERNAL)?;
    codes::ask(visit, &flow, phone.as_ref()).await?;
    Ok(None)
}

/// `None`: this browser is known now.
async fn verify(visit: &mut Visit, form: &Fields) -> Result<Option<Notice>, Refusal> {
    if form.get("code").trim().is_empty() {
        return Ok(Some(Notice::Missing));
    }
    let (number, person) = person(visit, form.get("username")).await?;
    let flow = stranger_code::flow(visit, CodePurpose::Unlock, &number, person);
    let Some(flow) = flow else {
        return Ok(Some(Notice::DeadCode));
    };
    let mut tx = visit.app.db.write().await?;
    let refused = match (
        codes::try_code(visit, &mut tx, &flow, form.get("code")).await?,
        person,
    ) {
        (Tried::Right { .. }, Some(person)) => {
            remember_browser(visit, &mut tx, person).await?;
            visit.set_cookie(SetCookie::removed(CookieKind::Unlock));
            let entry = visit
                .audit(Event::BrowserUnlocked, Outcome::Success)
                .of(person);
            audit::record(&mut tx, &entry).await?;
            None
        }
        (Tried::Wrong | Tried::Right { .. }, _) => Some(Notice::WrongCode),
        (Tried::Dead, _) => Some(Notice::DeadCode),
        (Tried::Limited, _) => Some(Notice::CodeLimit),
    };
    tx.commit().await?;
    Ok(refused)
}

fn page(
    visit: &mut Visit,
    carried: &Carried,
    username: &str,
    notice: Option<Notice>,
    code: Option<themes::pages::CodeEntry>,
) -> Result<Response, Refusal> {
    let query = carried.query();
    let page = Unlock {
        notice,
        username: username.chars().take(64).collect(),
        captcha: Some(visit.new_captcha()),
        other_captcha: Some(format!("{HERE}{query}")),
        code,
        sign_in: carried.sign_in(),
        form: visit.form(Csrf::Visitor, HERE, carried.shared()),
    };
    visit.page(StatusCode::OK, &page)
}
