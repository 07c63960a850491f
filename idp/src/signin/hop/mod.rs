//! `/signin/hop/…`: what a signed-in person is asked on the way to an application: whether to go on
//! as who she is, by which of her numbers it shall know her, what it may learn, and, where she
//! wanted to be warned, whether to enter at all. Which of it is open is her protocol's to say.
//!
//! Where she was going lies in a row, good once and for her session alone: a link to somebody
//! else's is worth nothing (SES-02), and what was shown in this request chain is not forgotten.

mod consent;
mod questions;

use axum::extract::Path;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::applications::{Application, NumberFor};
use idp_domain::audit::{Event, Outcome};
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_domain::signin::{Destination, Holder, Question};
use idp_storage::hops::{self, Hop};
use idp_storage::{audit, number_choices};
use jiff::SignedDuration;
use migrations::Tx;
use themes::pages::Notice;

use super::goal::{Goal, goal};
use crate::forgery::Fields;
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
        answers: arrival.answers.clone(),
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
    secret: String,
    id_hash: Tag,
    arrival: Arrival,
    destination: Destination,
    goal: Goal,
}

impl Here {
    /// What is open; where another tab settled it all, only the way on.
    fn question(&self) -> Question {
        self.goal.question.unwrap_or(Question::Enter)
    }
}

async fn find(visit: &mut Visit, secret: &str) -> Result<Here, Refusal> {
    let mut arrival = sessions::current(visit)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    let id_hash = id_hash(secret);
    let mut conn = visit.app.db.read().await?;
    let hop = hops::find(&mut conn, &id_hash, arrival.session.sid, visit.now)
        .await?
        .ok_or(Refusal::FLOW_EXPIRED)?;
    drop(conn);
    visit.speak_as(&hop.destination);
    arrival.fresh = hop.fresh;
    arrival.answers = hop.answers;
    let goal = goal(visit, &hop.destination, Some(&arrival)).await?;
    Ok(Here {
        secret: secret.to_owned(),
        id_hash,
        arrival,
        destination: hop.destination,
        goal: goal.ok_or(Refusal::FLOW_EXPIRED)?,
    })
}

/// `GET /signin/hop/{id}`
pub async fn show(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let here = find(&mut visit, &secret).await?;
    questions::page(&mut visit, &here, None).await
}

/// `POST /signin/hop`: answers the question that is open.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let mut here = find(&mut visit, form.get("hop")).await?;
    let question = here.question();
    // Nothing is open any more: another tab settled it, or she must sign in once more.
    let settled = here.goal.question.is_none() && form.get("decision") != "deny";
    // An answer to what was settled meanwhile is none to what is open now.
    if !settled && form.get("question") != question.as_str() {
        // Unless this very answer settled it, from a faster click.
        let here = find(&mut visit, &here.secret).await?;
        return questions::page(&mut visit, &here, None).await;
    }
    let mut tx = visit.app.clone().db.write().await?;
    let answered = match question {
        Question::Account | Question::Enter => true,
        Question::Number => choose(&mut visit, &mut tx, &here, form.get("number")).await?,
        Question::Consent => consent::answer(&mut visit, &mut tx, &mut here, &form).await?,
    };
    if !answered {
        drop(tx);
        return questions::page(&mut visit, &here, Some(Notice::Missing)).await;
    }
    // True for one of two clicks.
    if !hops::take(&mut tx, &here.id_hash, here.arrival.session.sid, visit.now).await? {
        return Err(Refusal::FLOW_EXPIRED);
    }
    tx.commit().await?;
    here.arrival.answers.add(question);
    let arrive = visit.app.arrive;
    arrive(&mut visit, here.arrival, &here.destination).await
}

/// Keeps which number it shall be; false for one that isn't offered.
async fn choose(
    visit: &mut Visit,
    tx: &mut Tx,
    here: &Here,
    number: &str,
) -> Result<bool, Refusal> {
    let (holder, application) = (&here.arrival.holder, &here.goal.application);
    let NumberFor::Ask(offered) = application.number_for(holder, None, visit.now) else {
        return Ok(false);
    };
    let Some(chosen) = offered.into_iter().find(|n| n.number == number) else {
        return Ok(false);
    };
    let (person, application) = (holder.person, &application.id);
    number_choices::keep(tx, person, application, &chosen.number, visit.now).await?;
    let entry = visit
        .audit(Event::NumberChosen, Outcome::Success)
        .of(person)
        .at_application(application.as_str())
        .with("number", chosen.number.clone());
    audit::record(tx, &entry).await?;
    Ok(true)
}
