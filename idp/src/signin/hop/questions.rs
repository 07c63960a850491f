//! The page of each question.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::NumberFor;
use idp_domain::signin::{HeldNumber, Question};
use themes::pages::{ChooseNumber, EnterService, Notice, NumberOption, SelectAccount};

use super::{ACTION, Here, chosen_number, consent};
use crate::forgery::Csrf;
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::signin::carried::Carried;
use crate::visit::Visit;

/// The page of what is open.
pub(super) async fn page(
    visit: &mut Visit,
    here: &Here,
    notice: Option<Notice>,
) -> Result<Response, Refusal> {
    // The language switch comes back here by the address with the id.
    visit.context.path = format!("{ACTION}/{}", here.secret);
    visit.context.here.clear();
    match here.question() {
        Question::Account => select_account(visit, here),
        Question::Number => choose_number(visit, here, notice),
        Question::Consent => consent::page(visit, here).await,
        Question::Enter => enter(visit, here).await,
    }
}

/// What the form of a question carries.
pub(super) fn carried(here: &Here) -> Vec<(String, String)> {
    vec![
        ("hop".into(), here.secret.clone()),
        ("question".into(), here.question().as_str().into()),
    ]
}

/// The number by which the application knows her, once that is settled.
pub(super) async fn number(visit: &Visit, here: &Here) -> Result<Option<HeldNumber>, Refusal> {
    let (holder, application) = (&here.arrival.holder, &here.goal.application);
    let chosen = chosen_number(visit, holder, application).await?;
    Ok(
        match application.number_for(holder, chosen.as_deref(), visit.now) {
            NumberFor::One(number) => Some(number.clone()),
            NumberFor::Ask(_) | NumberFor::None => None,
        },
    )
}

fn newest_name(visit: &Visit, here: &Here) -> String {
    let newest = here.arrival.holder.latest_number(visit.now);
    newest.map(|n| n.name.clone()).unwrap_or_default()
}

fn select_account(visit: &mut Visit, here: &Here) -> Result<Response, Refusal> {
    let number = here.arrival.holder.latest_number(visit.now);
    let page = SelectAccount {
        application: page_names(here.goal.application.names.clone()),
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        other: format!("/signin/switch{}", Carried::of(&here.destination).query()),
        form: visit.form(Csrf::Session, ACTION, carried(here)),
    };
    visit.page_leading_to(StatusCode::OK, &page, Some(&here.goal.origin))
}

fn choose_number(
    visit: &mut Visit,
    here: &Here,
    notice: Option<Notice>,
) -> Result<Response, Refusal> {
    let (holder, application) = (&here.arrival.holder, &here.goal.application);
    let numbers = match application.number_for(holder, None, visit.now) {
        NumberFor::Ask(numbers) => numbers.into_iter().cloned().map(option).collect(),
        NumberFor::One(_) | NumberFor::None => Vec::new(),
    };
    let page = ChooseNumber {
        application: page_names(application.names.clone()),
        name: newest_name(visit, here),
        form: visit.form(Csrf::Session, ACTION, carried(here)),
        numbers,
        notice,
    };
    visit.page_leading_to(StatusCode::OK, &page, Some(&here.goal.origin))
}

async fn enter(visit: &mut Visit, here: &Here) -> Result<Response, Refusal> {
    let number = number(visit, here).await?;
    let page = EnterService {
        application: page_names(here.goal.application.names.clone()),
        origin: here.goal.origin.clone(),
        number: number.map(|n| n.display).unwrap_or_default(),
        name: newest_name(visit, here),
        cancel: "/cas/login".into(),
        form: visit.form(Csrf::Session, ACTION, carried(here)),
    };
    visit.page_leading_to(StatusCode::OK, &page, Some(&here.goal.origin))
}

fn option(number: HeldNumber) -> NumberOption {
    NumberOption {
        value: number.number,
        display: number.display,
        affiliation: number.affiliation.as_str().to_owned(),
        org: number.org,
    }
}
