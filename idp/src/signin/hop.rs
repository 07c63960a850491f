//! `/signin/hop/…`: what a signed-in person is asked on the way to an application: by which of
//! her numbers it shall know her, and, where she wanted to be warned, whether to enter at all.
//!
//! Where she was going lies in a row, good once and for her session alone: a link to somebody
//! else's is worth nothing (SES-02), and what was shown in this request chain is not forgotten.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::applications::{Application, NumberFor};
use idp_domain::audit::{Event, Outcome};
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_domain::signin::{Destination, HeldNumber, Holder};
use idp_storage::hops::{self, Hop};
use idp_storage::{audit, number_choices};
use jiff::SignedDuration;
use themes::pages::{ChooseNumber, EnterService, Notice, NumberOption};

use super::done::{Goal, goal};
use crate::forgery::{Csrf, Fields};
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::sessions::{self, Arrival};
use crate::visit::Visit;

/// As long as a page may lie open.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
const ACTION: &str = "/signin/hop";

/// Keeps where she was going, and leads to the question.
pub async fn ask(
    visit: &mut Visit,
    arrival: &Arrival,
    destination: Destination,
) -> Result<Response, Refusal> {
    let secret = random_secret(&mut visit.rng);
    let hop = Hop {
        destination,
        fresh: arrival.fresh,
    };
    let expires_at = visit.now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
    let mut tx = visit.app.db.write().await?;
    let sid = arrival.session.sid;
    hops::create(&mut tx, &id_hash(&secret), sid, &hop, visit.now, expires_at).await?;
    tx.commit().await?;
    Ok(visit.redirect_home(&format!("{ACTION}/{secret}")))
}

fn id_hash(secret: &str) -> Tag {
    hash_secret("hop", secret)
}

/// Which number an application shall know a person by, as far as she said so before.
pub async fn chosen_number(
    visit: &Visit,
    holder: &Holder,
    application: &Application,
) -> Result<Option<String>, Refusal> {
    match application.number_for(holder, None, visit.now) {
        // A read of its own, since few applications ask.
        NumberFor::Ask(_) => {
            let mut conn = visit.app.db.read().await?;
            Ok(number_choices::find(&mut conn, holder.person, &application.id).await?)
        }
        NumberFor::One(_) | NumberFor::None => Ok(None),
    }
}

/// A hop with the session that it belongs to and the application that it leads to.
struct Here {
    id_hash: Tag,
    arrival: Arrival,
    hop: Hop,
    goal: Goal,
}

/// What is still to be asked.
enum Question {
    /// By which of these the application shall know her.
    Number(Vec<HeldNumber>),
    /// Whether to enter, known by this one.
    Enter(Option<HeldNumber>),
}

impl Here {
    async fn question(&self, visit: &Visit) -> Result<Question, Refusal> {
        let holder = &self.arrival.holder;
        let application = &self.goal.application;
        let chosen = chosen_number(visit, holder, application).await?;
        Ok(
            match application.number_for(holder, chosen.as_deref(), visit.now) {
                NumberFor::Ask(numbers) => Question::Number(numbers.into_iter().cloned().collect()),
                NumberFor::One(number) => Question::Enter(Some(number.clone())),
                NumberFor::None => Question::Enter(None),
            },
        )
    }
}

async fn find(visit: &mut Visit, secret: &str) -> Result<Here, Refusal> {
    let arrival = sessions::current(visit)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    let id_hash = id_hash(secret);
    let mut conn = visit.app.db.read().await?;
    let hop = hops::find(&mut conn, &id_hash, arrival.session.sid, visit.now)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    drop(conn);
    let goal = goal(visit, &hop.destination).ok_or(Refusal::FLOW_EXPIRED)?;
    Ok(Here {
        id_hash,
        arrival,
        hop,
        goal,
    })
}

/// `GET /signin/hop/{id}`
pub async fn show(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let here = find(&mut visit, &secret).await?;
    show_question(&mut visit, &here, &secret, None).await
}

/// `POST /signin/hop`: answers the question that is open, with `number` or by going on.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let secret = form.get("hop").to_owned();
    let mut here = find(&mut visit, &secret).await?;
    let question = here.question(&visit).await?;
    let mut tx = visit.app.clone().db.write().await?;
    // A number that comes when it is known already was chosen in another tab: no answer to whether
    // she wants to enter.
    here.arrival.confirmed = form.get("number").is_empty();
    if let Question::Number(numbers) = question {
        let chosen = numbers.iter().find(|n| n.number == form.get("number"));
        let Some(chosen) = chosen else {
            drop(tx);
            return show_question(&mut visit, &here, &secret, Some(Notice::Missing)).await;
        };
        let person = here.arrival.holder.person;
        let application = &here.goal.application.id;
        number_choices::keep(&mut tx, person, application, &chosen.number, visit.now).await?;
        let entry = visit
            .audit(Event::NumberChosen, Outcome::Success)
            .of(person)
            .at_application(application.as_str())
            .with("number", chosen.number.clone());
        audit::record(&mut tx, &entry).await?;
    }
    // True for one of two clicks.
    if !hops::take(&mut tx, &here.id_hash, here.arrival.session.sid, visit.now).await? {
        return Err(Refusal::FLOW_EXPIRED);
    }
    tx.commit().await?;
    here.arrival.fresh = here.hop.fresh;
    let arrive = visit.app.arrive;
    arrive(&mut visit, here.arrival, &here.hop.destination).await
}

/// The page of what is open.
async fn show_question(
    visit: &mut Visit,
    here: &Here,
    secret: &str,
    notice: Option<Notice>,
) -> Result<Response, Refusal> {
    let question = here.question(visit).await?;
    let carried = vec![("hop".to_owned(), secret.to_owned())];
    let form = visit.form(Csrf::Session, ACTION, carried);
    let application = page_names(here.goal.application.names.clone());
    let newest = here.arrival.holder.latest_number(visit.now);
    let name = newest.map(|n| n.name.clone()).unwrap_or_default();
    let target = Some(here.goal.origin.as_str());
    // The language switch comes back here by the address with the id.
    visit.context.path = format!("{ACTION}/{secret}");
    visit.context.here.clear();
    match question {
        Question::Enter(number) => {
            let page = EnterService {
                form,
                application,
                origin: here.goal.origin.clone(),
                number: number.map(|n| n.display).unwrap_or_default(),
                name,
                cancel: "/cas/login".into(),
            };
            visit.page_leading_to(StatusCode::OK, &page, target)
        }
        Question::Number(numbers) => {
            let page = ChooseNumber {
                form,
                application,
                name,
                numbers: numbers.into_iter().map(option).collect(),
                notice,
            };
            visit.page_leading_to(StatusCode::OK, &page, target)
        }
    }
}

fn option(number: HeldNumber) -> NumberOption {
    NumberOption {
        value: number.number,
        display: number.display,
        affiliation: number.affiliation.as_str().to_owned(),
        org: number.org,
    }
}
