//! 我已完成: the account is active, the session begins, and on to the application.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::Factor;
use idp_domain::signin::Step;
use idp_storage::{audit, persons, signins};
use themes::pages::Done;

use super::complete::{self, Completed};
use super::goal::goal;
use super::steps::{self, At, Current};
use crate::factors::phones;
use crate::forgery::{Csrf, Fields};
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /signin/done`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    match steps::at(&mut visit, &[Step::Done, Step::Complete]).await? {
        At::Here(current) => page(&mut visit, &current).await,
        At::Elsewhere(response) => Ok(response),
    }
}

/// `POST /signin/done`
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let current = match steps::at_with(&mut visit, &[Step::Done, Step::Complete], &form).await? {
        At::Here(current) => current,
        At::Elsewhere(response) => return Ok(response),
    };
    let signin = &current.signin;
    let now = visit.now;
    let mut tx = visit.app.db.write().await?;
    // True for one of two clicks; the other one finds the sign-in over.
    if !signins::finish(&mut tx, &signin.id_hash, signin.version, now).await? {
        return Err(Refusal::FLOW_EXPIRED);
    }
    if persons::activate(&mut tx, signin.person, now).await? {
        let entry = visit
            .audit(Event::Activated, Outcome::Success)
            .of(signin.person);
        audit::record(&mut tx, &entry).await?;
    }
    let factors: Vec<Factor> = signin.proofs.iter().map(|proof| proof.factor).collect();
    let completed = Completed {
        person: signin.person,
        number: &signin.number,
        factors: &factors,
        wishes: signin.wishes,
    };
    complete::begin_session(&mut visit, &mut tx, &completed).await?;
    tx.commit().await?;
    complete::arrive(&mut visit, &signin.destination).await
}

async fn page(visit: &mut Visit, current: &Current) -> Result<Response, Refusal> {
    let person = current.signin.person;
    let app = visit.app.clone();
    let mut conn = app.db.read().await?;
    let phone = phones::bound(&mut conn, &app.keys, person).await?;
    let holder = persons::holder(&mut conn, person).await?;
    drop(conn);
    let goal = goal(visit, &current.signin.destination, None).await?;
    let page = Done {
        form: visit.form(Csrf::SignIn, "/signin/done", steps::carried(current)),
        progress: steps::progress(visit, current),
        name: holder
            .and_then(|holder| holder.latest_number(visit.now).map(|n| n.name.clone()))
            .unwrap_or_default(),
        phone: phone.map(|phone| phone.masked()),
        application: goal
            .as_ref()
            .map(|goal| page_names(goal.application.names.clone())),
    };
    let target = goal.as_ref().map(|goal| goal.origin.as_str());
    visit.page_leading_to(StatusCode::OK, &page, target)
}
