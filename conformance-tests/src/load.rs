//! Visitors in numbers: each does one thing over and over, and every answer's time is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::cas::{login_url, validate_as};
use crate::openid_hop;
use crate::people::Person;
use crate::residents::PASSWORD;
use crate::server::Node;
use crate::stats::{milliseconds, percentile};
use crate::story::{SERVICE, ticket_for, ticket_without_password};
use crate::visitor::Visitor;

/// What a visitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A stranger opens the sign-in page.
    Look,
    /// Somebody opens it, signs in with a password and is sent to the application.
    SignIn,
    /// Somebody signed in goes to an application, which validates the ticket.
    Hop,
    /// The same by OpenID Connect: the application redeems the code.
    OpenidHop,
}

impl Deed {
    pub const ALL: [Self; 4] = [Self::Look, Self::SignIn, Self::Hop, Self::OpenidHop];

    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "stranger's page view",
            Self::SignIn => "sign-in by password",
            Self::Hop => "hop and validation",
            Self::OpenidHop => "hop and redemption",
        }
    }
}

/// The times that one deed took.
#[derive(Clone, Debug)]
pub struct Times {
    pub deed: Deed,
    pub all: Vec<Duration>,
}

impl Times {
    /// Milliseconds that `share` (0 to 1) of them didn't exceed.
    pub fn at(&self, share: f64) -> f64 {
        milliseconds(percentile(&self.all, share))
    }
}

/// Visitors of one server, some of them signed in. A clone is the same crowd.
#[derive(Clone, Debug)]
pub struct Crowd(Arc<Members>);

#[derive(Debug)]
struct Members {
    node: Node,
    application: Visitor,
    residents: Vec<Person>,
    strangers: Vec<Visitor>,
    signed_in: Vec<Visitor>,
    next_resident: AtomicUsize,
}

impl Crowd {
    /// As many strangers and as many signed-in visitors as residents. Take enough of these:
    /// attempts of one account that are under way at once count as failed until they are done,
    /// so a few bring a captcha.
    pub async fn gather(node: &Node, residents: Vec<Person>) -> Result<Self> {
        let mut members = Members {
            node: node.clone(),
            application: node.visitor()?,
            residents,
            strangers: Vec::new(),
            signed_in: Vec::new(),
            next_resident: AtomicUsize::new(0),
        };
        for resident in &members.residents {
            members.strangers.push(node.visitor()?);
            let visitor = node.visitor()?;
            ticket_for(&visitor, node, SERVICE, &resident.number(), PASSWORD).await?;
            members.signed_in.push(visitor);
        }
        Ok(Self(Arc::new(members)))
    }

    /// They come at an even pace of `per_second`, the deeds by turns, whether or not earlier ones
    /// are done: a campus doesn't wait. `goes_on` is asked at each arrival, with the time since
    /// the first. Fails with the first deed that fails.
    pub async fn at_pace(
        &self,
        deeds: &[Deed],
        per_second: u32,
        mut goes_on: impl FnMut(Duration) -> Result<bool>,
    ) -> Result<Vec<Times>> {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut under_way = JoinSet::new();
        let begun = Instant::now();
        for (turn, deed) in deeds.iter().copied().cycle().enumerate() {
            pace.tick().await;
            if !goes_on(begun.elapsed())? {
                break;
            }
            let crowd = self.clone();
            under_way.spawn(async move { anyhow::Ok((deed, crowd.timed(deed, turn).await?)) });
        }
        let mut series: Vec<Times> = deeds
            .iter()
            .map(|deed| Times {
                deed: *deed,
                all: Vec::new(),
            })
            .collect();
        while let Some(done) = under_way.join_next().await {
            let (deed, took) = done??;
            for times in series.iter_mut().filter(|times| times.deed == deed) {
                times.all.push(took);
            }
        }
        Ok(series)
    }

    /// `visitors` at once do one deed for `time`, again as soon as it is done.
    pub async fn at_full_speed(
        &self,
        deed: Deed,
        visitors: usize,
        time: Duration,
    ) -> Result<Times> {
        let begun = Instant::now();
        let mut under_way = JoinSet::new();
        for visitor in 0..visitors {
            let crowd = self.clone();
            under_way.spawn(async move {
                let mut times = Vec::new();
                while begun.elapsed() < time {
                    times.push(crowd.timed(deed, visitor).await?);
                }
                anyhow::Ok(times)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = under_way.join_next().await {
            all.extend(done??);
        }
        Ok(Times { deed, all })
    }

    async fn timed(&self, deed: Deed, turn: usize) -> Result<Duration> {
        let begun = Instant::now();
        self.do_once(deed, turn).await?;
        Ok(begun.elapsed())
    }

    async fn do_once(&self, deed: Deed, turn: usize) -> Result<()> {
        let Members {
            node,
            application,
            residents,
            strangers,
            signed_in,
            ..
        } = &*self.0;
        match deed {
            Deed::Look => {
                let stranger = &strangers[turn % strangers.len()];
                stranger
                    .open(login_url(node, SERVICE)?)
                    .await?
                    .expect("sign_in")?;
            }
            Deed::SignIn => {
                // Somebody new each time: a visitor keeps the session.
                let next = self.0.next_resident.fetch_add(1, Ordering::Relaxed);
                let number = residents[next % residents.len()].number();
                ticket_for(&node.visitor()?, node, SERVICE, &number, PASSWORD).await?;
            }
            Deed::Hop => {
                let visitor = &signed_in[turn % signed_in.len()];
                let ticket = ticket_without_password(visitor, node, SERVICE).await?;
                let validation = validate_as(application, node, SERVICE, &ticket).await?;
                ensure!(
                    validation.is_success(),
                    "a fresh ticket was refused: {validation:?}"
                );
            }
            Deed::OpenidHop => {
                let visitor = &signed_in[turn % signed_in.len()];
                openid_hop::hop(visitor, application, node).await?;
            }
        }
        Ok(())
    }
}
