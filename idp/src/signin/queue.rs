//! The line for the password hash, as visitors see it. A waiting attempt lies in the memory of
//! the node that took it; the browser holds a signed stamp of its arrival, so that a lost node
//! costs typing again, and not the place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::secrets::{Tag, Use, hash_secret, random_secret};
use idp_domain::signin::Destination;
use jiff::SignedDuration;
use themes::pages::Queue;
use tokio::sync::oneshot::error::TryRecvError;

use super::complete;
use super::form::{Shown, SignInForm};
use super::password::{Outcome, Settled, Settlement, take_cookies};
use crate::cookies::{CookieKind, SetCookie};
use crate::factors::hash_pool::{Full, Place};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// A stamp older than this counts no more.
const STAMP_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// An outcome that nobody fetched is dropped after this.
const FETCH_WITHIN: SignedDuration = SignedDuration::from_mins(10);
const REFRESH_SECONDS: u32 = 2;

/// When an attempt on an account first lined up, as the browser carries it:
/// `ID-MICROSECONDS-MAC`.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub arrived_at: Timestamp,
    mac: Tag,
}

impl Stamp {
    /// The browser's stamp for this account if it has one, else a new one of now.
    pub fn of_visit(visit: &Visit, account: &Tag) -> Self {
        let former = visit.cookie(CookieKind::Queue).and_then(|text| {
            let mut parts = text.split('-').skip(1);
            let micros = i64::from_str_radix(parts.next()?, 16).ok()?;
            let arrived_at = Timestamp::from_microsecond(micros).ok()?;
            let mac = mac(visit, account, arrived_at);
            let age = visit.now.duration_since(arrived_at);
            let fresh = age >= SignedDuration::ZERO && age < STAMP_LIFE;
            let signed = hash_secret("stamp", parts.next()?) == hash_secret("stamp", &mac.to_hex());
            (fresh && signed).then_some(Self { arrived_at, mac })
        });
        former.unwrap_or_else(|| Self {
            arrived_at: visit.now,
            mac: mac(visit, account, visit.now),
        })
    }
}

fn mac(visit: &Visit, account: &Tag, arrived_at: Timestamp) -> Tag {
    let visitor = visit.cookies.get(CookieKind::Visitor).unwrap_or_default();
    let micros = arrived_at.as_microsecond().to_be_bytes();
    let parts = [visitor.as_bytes(), account.as_bytes(), &micros];
    visit.app.keys.mac(Use::QueueStamp, &parts)
}

/// An attempt that waits, with the form to show if it fails.
#[derive(Debug)]
pub struct Parked {
    settled: Settlement,
    place: Place,
    shown: Shown,
    form: SignInForm,
    destination: Destination,
    since: Timestamp,
}

impl Parked {
    pub fn new(
        settled: Settlement,
        place: Place,
        form: &SignInForm,
        username: &str,
        destination: Destination,
        since: Timestamp,
    ) -> Self {
        let shown = Shown {
            username: username.chars().take(64).collect(),
            ..Shown::default()
        };
        Self {
            settled,
            place,
            shown,
            form: form.clone(),
            destination,
            since,
        }
    }
}

/// The attempts of this node that wait.
#[derive(Debug)]
pub struct WaitingRoom {
    parked: Mutex<HashMap<Tag, Parked>>,
    most: usize,
}

enum Look {
    Gone,
    Waiting(usize, Destination),
    Done(Box<Parked>, Result<Settled, Refusal>),
}

impl WaitingRoom {
    pub fn new(most: usize) -> Self {
        Self {
            parked: Mutex::default(),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tag, Parked>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an attempt and gives the browser the key to it.
    ///
    /// # Errors
    /// [`Full`]
    pub fn park(&self, visit: &mut Visit, attempt: Parked, stamp: &Stamp) -> Result<(), Full> {
        let id = random_secret(&mut visit.rng);
        let now = visit.now;
        let mut parked = self.lock();
        if parked.len() >= self.most {
            parked.retain(|_, p| now.duration_since(p.since) < FETCH_WITHIN);
            if parked.len() >= self.most {
                return Err(Full);
            }
        }
        parked.insert(hash_secret("queue", &id), attempt);
        drop(parked);
        let micros = stamp.arrived_at.as_microsecond();
        let value = format!("{id}-{micros:x}-{}", stamp.mac.to_hex());
        visit.set_cookie(SetCookie::session(CookieKind::Queue, value));
        Ok(())
    }

    fn look(&self, id: &str) -> Look {
        let key = hash_secret("queue", id);
        let mut parked = self.lock();
        let Some(attempt) = parked.get_mut(&key) else {
            return Look::Gone;
        };
        let settled = match attempt.settled.try_recv() {
            Ok(settled) => settled,
            Err(TryRecvError::Empty) => {
                return Look::Waiting(attempt.place.ahead(), attempt.destination.clone());
            }
            Err(TryRecvError::Closed) => Err(Refusal::INTERNAL),
        };
        match parked.remove(&key) {
            Some(attempt) => Look::Done(Box::new(attempt), settled),
            None => Look::Gone,
        }
    }

    /// Drops outcomes that nobody fetched.
    pub fn tidy(&self, now: Timestamp) {
        self.lock()
            .retain(|_, p| now.duration_since(p.since) < FETCH_WITHIN);
    }
}

/// `GET /signin/queue`: the place in the line, or what came of the attempt.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let id = visit
        .cookie(CookieKind::Queue)
        .and_then(|text| text.split('-').next())
        .unwrap_or_default()
        .to_owned();
    let app = visit.app.clone();
    match app.waiting.look(&id) {
        // Its node is gone, or it was fetched: the stamp stays, and typing again takes the place.
        Look::Gone => Ok(visit.redirect_home("/cas/login")),
        Look::Waiting(ahead, destination) => {
            visit.speak_as(&destination);
            let page = Queue {
                url: "/signin/queue".into(),
                place: u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1),
                refresh_seconds: REFRESH_SECONDS,
            };
            visit.page(StatusCode::OK, &page)
        }
        Look::Done(attempt, settled) => {
            let settled = settled?;
            visit.speak_as(&attempt.destination);
            take_cookies(&mut visit, settled.cookies);
            match settled.outcome {
                Outcome::Complete => complete::arrive(&mut visit, &attempt.destination).await,
                Outcome::Steps => Ok(visit.redirect_home("/signin/continue")),
                Outcome::Refused { notice, captcha } => {
                    visit.set_cookie(SetCookie::removed(CookieKind::Queue));
                    let shown = Shown {
                        notice: Some(notice),
                        captcha,
                        ..attempt.shown
                    };
                    attempt
                        .form
                        .render(&mut visit, StatusCode::UNAUTHORIZED, shown)
                }
            }
        }
    }
}
