//! A password that a program shows for a person (CAS's REST protocol): counted, lined up and
//! settled like one that she types herself, with no page to go on with.

use std::time::Duration;

use idp_domain::secrets::Tag;
use idp_domain::signin::{Destination, Wishes};

use super::password::{Attempt, Outcome, Surface, try_password};
use crate::factors::guard::Held;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// So long a program waits in the line; its person waits behind it.
const PATIENCE: Duration = Duration::from_secs(20);
/// When the line is that long, trying again makes sense after so many seconds.
const RETRY_SECONDS: u32 = 30;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The session has begun under the ticket.
    Complete,
    /// The password was right; the person must do something in her browser first.
    Steps,
    Wrong,
    Held(Held),
}

/// Tries a password. Only [`Ended::Complete`] leaves a session, under the hash of `ticket`.
///
/// # Errors
/// [`Refusal`]: too long a password, a full line, or one that moves too slowly.
pub async fn sign_in(
    visit: &mut Visit,
    username: &str,
    password: &str,
    ticket: Tag,
) -> Result<Ended, Refusal> {
    let attempt = Attempt {
        username,
        password,
        captcha: None,
        destination: Destination::Home,
        wishes: Wishes::default(),
    };
    let surface = Surface::Program {
        ticket: Some(ticket),
    };
    let in_line = match try_password(visit, &attempt, surface).await? {
        Ok(in_line) => in_line,
        Err(held) => return Ok(Ended::Held(held)),
    };
    let Ok(settled) = tokio::time::timeout(PATIENCE, in_line.settled).await else {
        return Err(Refusal::busy(RETRY_SECONDS));
    };
    let settled = settled.map_err(|_| Refusal::INTERNAL)??;
    Ok(match settled.outcome {
        Outcome::Complete => Ended::Complete,
        Outcome::Steps => Ended::Steps,
        Outcome::Refused { .. } => Ended::Wrong,
    })
}
