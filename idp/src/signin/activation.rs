//! First sign-in for those whom the initial password doesn't serve: a code to the phone that the
//! school has, or an activation code. Unknown and active accounts get the same pages (ENM-01).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::AccountNumber;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{CodePurpose, Factor};
use idp_domain::signin::{PersonState, Proof};
use idp_storage::audit;
use idp_storage::persons::{self, SignInAccount};
use themes::pages::{Activation, Notice};

use super::carried::Carried;
use super::evidence::{SchoolSecret, school_phone, try_school_secret};
use super::password::Outcome as SignInOutcome;
use super::settle::go_on;
use super::steps::new_signin;
use super::stranger_code::{self, passes_captcha};
use crate::cookies::{CookieKind, SetCookie};
use crate::factors::codes::{self, Tried};
use crate::factors::guard::account_key;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::visit::Visit;

const HERE: &str = "/signin/activation";

/// `GET /signin/activation`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let carried = Carried::read(&visit.here);
    page(&mut visit, &carried, "", None, None)
}

/// `POST /signin/activation`: `intent` is `send` (with `method` `sms` or `code`) or `verify`.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let carried = Carried::read(form.pairs());
    visit.speak(carried.pairs());
    visit.context.here = carried.shared();
    let username = form.get("username");
    let began = if form.get("intent") == "verify" {
        verify(&mut visit, &form, &carried).await?
    } else if form.get("method") == "code" {
        by_secret(&mut visit, &form, &carried).await?
    } else {
        send(&mut visit, &form).await?
    };
    match began {
        Began::SignIn => Ok(visit.redirect_home("/signin/continue")),
        Began::Asked(notice) => {
            let code = stranger_code::entry(&visit, CodePurpose::Evidence).await?;
            page(&mut visit, &carried, username, Some(notice), code)
        }
        Began::Refused(notice) => page(&mut visit, &carried, username, Some(notice), None),
    }
}

enum Began {
    SignIn,
    /// The page that takes the code.
    Asked(Notice),
    /// The first page again.
    Refused(Notice),
}

/// The account of what was typed, if it may be activated now.
async fn waiting_account(
    visit: &Visit,
    username: &str,
) -> Result<(String, Option<SignInAccount>), Refusal> {
    let number = AccountNumber::parse(username)
        .map(|number| number.as_str().to_owned())
        .unwrap_or_default();
    let mut conn = visit.app.db.read().await?;
    let account = persons::for_sign_in(&mut conn, &number).await?;
    let waiting = account.filter(|account| {
        !account.activated
            && account.state == PersonState::Active
            && account.valid_from.is_none_or(|from| from <= visit.now)
            && account.valid_until.is_none_or(|until| visit.now < until)
    });
    Ok((number, waiting))
}

async fn send(visit: &mut Visit, form: &Fields) -> Result<Began, Refusal> {
    let username = form.get("username");
    if username.trim().is_empty() {
        return Ok(Began::Refused(Notice::Missing));
    }
    if !passes_captcha(visit, form).await? {
        return Ok(Began::Refused(Notice::WrongCaptcha));
    }
    let (number, account) = waiting_account(visit, username).await?;
    let phone = match &account {
        Some(account) => school_phone(visit, account)?,
        None => None,
    };
    stranger_code::begin(visit);
    let person = account.as_ref().map(|account| account.person);
    let flow = stranger_code::flow(visit, CodePurpose::Evidence, &number, person)
        .ok_or(Refusal::INTERNAL)?;
    // Limited or sent, known or not: the same page.
    codes::ask(visit, &flow, phone.as_ref()).await?;
    Ok(Began::Asked(Notice::CodeSent))
}

async fn verify(visit: &mut Visit, form: &Fields, carried: &Carried) -> Result<Began, Refusal> {
    if form.get("code").trim().is_empty() {
        return Ok(Began::Asked(Notice::Missing));
    }
    let (number, account) = waiting_account(visit, form.get("username")).await?;
    let person = account.as_ref().map(|account| account.person);
    let flow = stranger_code::flow(visit, CodePurpose::Evidence, &number, person);
    let Some(flow) = flow else {
        return Ok(Began::Refused(Notice::DeadCode));
    };
    let mut tx = visit.app.db.write().await?;
    let began = match (
        codes::try_code(visit, &mut tx, &flow, form.get("code")).await?,
        account,
    ) {
        (Tried::Right { recipient, .. }, Some(account)) => {
            let (secret, mut signin) = new_signin(visit, &account, &[], carried.destination());
            signin.proofs.push(Proof {
                factor: Factor::SchoolPhone,
                recipient: Some(recipient),
                shown_at: visit.now,
            });
            note_evidence(visit, &mut tx, &account, Factor::SchoolPhone).await?;
            begun(go_on(visit, &mut tx, &signin, &secret).await?)
        }
        (Tried::Wrong | Tried::Right { .. }, _) => Began::Asked(Notice::WrongCode),
        (Tried::Dead, _) => Began::Refused(Notice::DeadCode),
        (Tried::Limited, _) => Began::Refused(Notice::CodeLimit),
    };
    tx.commit().await?;
    Ok(began)
}

async fn by_secret(visit: &mut Visit, form: &Fields, carried: &Carried) -> Result<Began, Refusal> {
    let typed = form.get("activation_code");
    if form.get("username").trim().is_empty() || typed.trim().is_empty() {
        return Ok(Began::Refused(Notice::Missing));
    }
    if !passes_captcha(visit, form).await? {
        return Ok(Began::Refused(Notice::WrongCaptcha));
    }
    let (number, account) = waiting_account(visit, form.get("username")).await?;
    let person = account.as_ref().map(|account| account.person);
    let counted_as = account_key(visit, person, &number);
    let mut tx = visit.app.db.write().await?;
    let secret = try_school_secret(visit, &mut tx, &counted_as, account.as_ref(), typed).await?;
    let began = match (secret, account) {
        (SchoolSecret::Right(factor), Some(account)) => {
            let (secret, signin) = new_signin(visit, &account, &[factor], carried.destination());
            note_evidence(visit, &mut tx, &account, factor).await?;
            begun(go_on(visit, &mut tx, &signin, &secret).await?)
        }
        // Limited says the same: it would tell that the account exists.
        _ => Began::Refused(Notice::WrongActivationCode),
    };
    tx.commit().await?;
    Ok(began)
}

fn begun(outcome: SignInOutcome) -> Began {
    match outcome {
        // An account that waits for its activation always has a step left.
        SignInOutcome::Complete | SignInOutcome::Steps => Began::SignIn,
        SignInOutcome::Refused { notice, .. } => Began::Refused(notice),
    }
}

async fn note_evidence(
    visit: &mut Visit,
    tx: &mut migrations::Tx,
    account: &SignInAccount,
    factor: Factor,
) -> Result<(), Refusal> {
    visit.set_cookie(SetCookie::removed(CookieKind::Unlock));
    let entry = visit
        .audit(Event::EvidenceShown, Outcome::Success)
        .of(account.person)
        .with("factor", factor.as_str());
    audit::record(tx, &entry).await?;
    Ok(())
}

fn page(
    visit: &mut Visit,
    carried: &Carried,
    username: &str,
    notice: Option<Notice>,
    code: Option<themes::pages::CodeEntry>,
) -> Result<Response, Refusal> {
    let query = carried.query();
    let page = Activation {
        notice,
        username: username.chars().take(64).collect(),
        captcha: visit.new_captcha(),
        other_captcha: format!("{HERE}{query}"),
        code,
        sign_in: carried.sign_in(),
        form: visit.form(Csrf::Visitor, HERE, carried.shared()),
    };
    visit.page(StatusCode::OK, &page)
}
