//! The pages of the service hall (办事大厅).

use serde::Serialize;

use super::{Failure, Form, Names};

/// `/` of the hall, which a guest may see.
#[derive(Clone, Debug, Serialize)]
pub struct HallHome {
    pub said: Option<HallNotice>,
    /// None: a guest.
    pub person: Option<HallPerson>,
    pub sign_in: String,
    /// What was searched for, in the field `q` of a GET form; may be empty.
    pub search: String,
    /// False: the provider hasn't told of any applications yet.
    pub loaded: bool,
    /// How many there are without the search.
    pub total: usize,
    /// Those that the search found.
    pub groups: Vec<HallGroup>,
}

/// Who is signed in at the hall.
#[derive(Clone, Debug, Serialize)]
pub struct HallPerson {
    pub name: String,
    /// May be empty.
    pub number: String,
    /// An eduPerson affiliation.
    pub affiliation: Option<String>,
    pub org: Option<String>,
    /// 账号管理, at the identity provider.
    pub account: String,
    /// 退出登录, everywhere.
    pub sign_out: Form,
}

/// Applications of one category; the category may be empty.
#[derive(Clone, Debug, Serialize)]
pub struct HallGroup {
    pub category: Names,
    pub tiles: Vec<HallTile>,
}

/// An application of the launcher.
#[derive(Clone, Debug, Serialize)]
pub struct HallTile {
    pub name: Names,
    /// May be empty.
    pub description: Names,
    /// `https:` or `http:`, never anything else.
    pub url: String,
    /// In place of a picture; may be empty.
    pub initial: String,
    /// A tint, 0 to 5.
    pub colour: u32,
}

/// What the home page says above everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HallNotice {
    /// Here and at the identity provider.
    SignedOut,
    /// Here only: the identity provider was away.
    SignedOutHere,
    /// The identity provider is away: nobody can sign in.
    Away,
}

/// Why a sign-in at the hall came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HallFailure {
    /// It took too long, was used before, or began in another browser.
    Expired,
    /// The provider says that this person may not, or she said no.
    Denied,
    /// The provider wants something of her first.
    Required,
    /// Her session ended while she came here.
    Ended,
    /// The provider can't be reached.
    Away,
    /// The provider doesn't know the hall as it is configured.
    Misconfigured,
    /// The answer isn't one that may be believed.
    Untrusted,
}

impl HallFailure {
    pub const ALL: [Self; 7] = [
        Self::Expired,
        Self::Denied,
        Self::Required,
        Self::Ended,
        Self::Away,
        Self::Misconfigured,
        Self::Untrusted,
    ];

    /// For texts and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Required => "required",
            Self::Ended => "ended",
            Self::Away => "away",
            Self::Misconfigured => "misconfigured",
            Self::Untrusted => "untrusted",
        }
    }
}

/// A sign-in at the hall that came to nothing.
#[derive(Clone, Debug, Serialize)]
pub struct HallRefused {
    pub failure: HallFailure,
    /// Begins anew.
    pub again: String,
    pub home: String,
    pub request_id: String,
}

/// The hall's page of every other failure.
#[derive(Clone, Debug, Serialize)]
pub struct HallError {
    pub failure: Failure,
    pub request_id: String,
    pub retry_seconds: Option<u32>,
    pub home: String,
}
