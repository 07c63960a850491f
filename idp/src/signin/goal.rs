//! What the steps need to know of where somebody is going; only her protocol can say it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use idp_domain::applications::Application;
use idp_domain::oidc::{Disclosure, UserCode};
use idp_domain::signin::{Destination, Question};

use crate::refusal::Refusal;
use crate::sessions::Arrival;
use crate::visit::Visit;

/// An application that somebody is on the way to, and the origin that the last answer redirects to.
#[derive(Clone, Debug)]
pub struct Goal {
    pub application: Arc<Application>,
    pub origin: String,
    /// What she is to be asked next, once she is there.
    pub question: Option<Question>,
    /// What it would learn of her, where she is asked about that.
    pub disclosure: Disclosure,
    /// Her consent counts another time.
    pub remembers_consent: bool,
    /// It is a device that would be let in, which shows this code.
    pub device: Option<UserCode>,
}

/// Says where a destination leads; nothing for the sign-in's own sake, or when the application was
/// removed meanwhile, which is told on arrival. Set once by `lib.rs`, like
/// [`Arrive`](crate::app::Arrive).
pub type FindGoal = for<'a> fn(
    &'a mut Visit,
    &'a Destination,
    Option<&'a Arrival>,
) -> BoxFuture<'a, Result<Option<Goal>, Refusal>>;

/// Where a destination leads, for who is there or for nobody yet.
pub async fn goal(
    visit: &mut Visit,
    destination: &Destination,
    arrival: Option<&Arrival>,
) -> Result<Option<Goal>, Refusal> {
    let find = visit.app.goal;
    find(visit, destination, arrival).await
}
