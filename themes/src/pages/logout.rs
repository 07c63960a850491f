//! The page after the sign-out, and the ledger of the applications that were told of it.

use serde::Serialize;

use super::{Form, Names};

/// `/oidc/logout`: somebody wants this browser signed out and didn't show that it is an application
/// of this very session.
#[derive(Clone, Debug, Serialize)]
pub struct SignOut {
    pub form: Form,
    /// Who says it asks; none: nobody said, or what they showed is worth nothing.
    pub application: Option<Names>,
    pub name: String,
    pub number: String,
    /// Where “no” leads.
    pub cancel: String,
}

/// `/cas/logout`, `/oidc/logout`.
#[derive(Clone, Debug, Serialize)]
pub struct SignedOut {
    pub sign_in: String,
    /// False when there was nobody to sign out.
    pub ended: bool,
    /// None when no application had a ticket.
    pub ledger: Option<Ledger>,
    /// Told by this browser, in frames that nobody sees; `frame-src` must name their origins.
    /// Empty when the page is only looked at again.
    pub front: Vec<FrontChannel>,
    /// Where the browser goes on to, after the frames had a moment.
    pub onward: Option<Onward>,
}

/// Which applications know of the sign-out.
#[derive(Clone, Debug, Serialize)]
pub struct Ledger {
    pub delivered: u32,
    /// Told without a confirmation: [`LedgerState::Told`] and [`LedgerState::Shown`].
    pub told: u32,
    pub retrying: u32,
    pub failed: u32,
    pub rows: Vec<LedgerRow>,
    /// The random address under which the ledger can be looked at again.
    pub refresh_url: String,
    /// The page looks again by itself after so many seconds; none: nothing moves any more.
    pub refresh_seconds: Option<u32>,
    /// Until when the address lives, a clock time of the school's zone such as `14:45`.
    pub until: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct LedgerRow {
    pub application: Names,
    pub state: LedgerState,
}

/// How far the notice to one application has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// It answered that it knows.
    Delivered,
    /// It got the notice and sent it to our sign-in, without a word on what came of it.
    Told,
    /// Not tried yet.
    Waiting,
    /// Tried in vain, and will be again.
    Retrying,
    /// Given up.
    Failed,
    /// Told by a frame of this browser, which can't see the answer.
    Shown,
}

/// A notice by the browser itself.
#[derive(Clone, Debug, Serialize)]
pub struct FrontChannel {
    pub application: Names,
    /// A proven address with the notice in its query.
    pub url: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Onward {
    /// A proven address.
    pub url: String,
    pub application: Names,
}
