//! CAS's REST protocol, `/cas/v1/tickets`, for applications whose entry has `cas.rest`: their
//! server shows a person's password and gets a ticket-granting ticket, and service tickets for it.
//! On the wire it is what clients of Apereo CAS expect.
//!
//! The session is one like any other, ended and timed like a browser's; only its secret is a
//! ticket instead of a cookie, and kept under a hash of another kind (TKT-16).

mod answer;
mod caller;
mod grant;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::cas::TicketGrantingTicket;

use self::answer::Fault;
use self::caller::Caller;
use crate::forgery::{self, Fields};
use crate::sessions::ending::{self, Reason};
use crate::sessions::{self, Arrival};
use crate::signin::program::{self, Ended};
use crate::visit::Visit;

/// Where tickets live; a ticket-granting ticket's own address is below.
const TICKETS: &str = "/cas/v1/tickets";

/// `POST /cas/v1/tickets`: `username` and `password`, for a ticket-granting ticket.
pub async fn sign_in(mut visit: Visit, request: Request) -> Response {
    let answered = begin(&mut visit, request).await;
    answer::finish(&visit, answered)
}

/// `POST /cas/v1/tickets/{ticket}`: `service`, for a service ticket.
pub async fn grant(mut visit: Visit, request: Request) -> Response {
    let answered = grant::grant(&mut visit, request).await;
    answer::finish(&visit, answered)
}

/// `GET /cas/v1/tickets/{ticket}`: 200 while it lives.
pub async fn look(mut visit: Visit, headers: HeaderMap) -> Response {
    let answered = is_alive(&mut visit, &headers).await;
    answer::finish(&visit, answered)
}

/// `DELETE /cas/v1/tickets/{ticket}`: ends the session. 200 for one that is over already, too.
pub async fn sign_out(mut visit: Visit, headers: HeaderMap) -> Response {
    let answered = end(&mut visit, &headers).await;
    answer::finish(&visit, answered)
}

async fn begin(visit: &mut Visit, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    Caller::trusted(visit, &parts.headers)?;
    let form = form(&parts.headers, body).await?;
    let (username, password) = (form.get("username"), form.get("password"));
    if username.trim().is_empty() || password.is_empty() {
        return Err(Fault::NO_CREDENTIALS);
    }
    let ticket = TicketGrantingTicket::generate(&mut visit.rng);
    match program::sign_in(visit, username, password, ticket.hash()).await? {
        Ended::Complete => answer::created(visit, &parts.headers, &ticket),
        Ended::Steps => Err(Fault::STEPS),
        Ended::Wrong => Err(Fault::WRONG_CREDENTIALS),
        Ended::Held(held) => Err(Fault::held(held, visit.now)),
    }
}

async fn is_alive(visit: &mut Visit, headers: &HeaderMap) -> Result<Response, Fault> {
    Caller::trusted(visit, headers)?;
    let (ticket, _) = live(visit).await?;
    Ok(answer::plain(ticket.as_str()))
}

async fn end(visit: &mut Visit, headers: &HeaderMap) -> Result<Response, Fault> {
    Caller::trusted(visit, headers)?;
    let ticket = named(visit)?;
    // Anybody whom we trust can invent one: that costs a read, and the writer is everybody's.
    if sessions::find_live(visit, &ticket.hash()).await?.is_some() {
        let mut tx = visit.app.clone().db.write().await?;
        ending::end(visit, &mut tx, &ticket.hash(), Reason::SignedOut, None).await?;
        tx.commit().await?;
    }
    Ok(answer::plain(ticket.as_str()))
}

/// The ticket of this address, if it has the form of one.
fn named(visit: &Visit) -> Result<TicketGrantingTicket, Fault> {
    let below = visit.path.strip_prefix(TICKETS);
    let text = below.and_then(|rest| rest.strip_prefix('/'));
    TicketGrantingTicket::parse(text.unwrap_or_default()).map_err(|_| Fault::UNKNOWN_TICKET)
}

/// The ticket of this address with its session, while that lives.
async fn live(visit: &mut Visit) -> Result<(TicketGrantingTicket, Arrival), Fault> {
    let ticket = named(visit)?;
    let arrival = sessions::find_live(visit, &ticket.hash()).await?;
    Ok((ticket, arrival.ok_or(Fault::UNKNOWN_TICKET)?))
}

async fn form(headers: &HeaderMap, body: axum::body::Body) -> Result<Fields, Fault> {
    if !forgery::is_form(headers) {
        return Err(Fault::NO_FORM);
    }
    Ok(forgery::read_form(body).await?)
}
