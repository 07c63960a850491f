//! Pages between the person and one application: asked, chosen, handed over, refused.

use serde::Serialize;

use super::{Form, Names, Notice};

/// `/signin/hop`: she asked to be warned before an application is entered (CAS 3.0.3 §2.2.1).
#[derive(Clone, Debug, Serialize)]
pub struct EnterService {
    pub form: Form,
    pub application: Names,
    /// `https://lib.example.edu`: where the ticket would go, for people who look twice.
    pub origin: String,
    pub name: String,
    pub number: String,
    /// Where “no” leads.
    pub cancel: String,
}

/// `/signin/hop`: she has several numbers that this application admits, and it wants her to say
/// which. Radio field `number`; the choice is kept for this application.
#[derive(Clone, Debug, Serialize)]
pub struct ChooseNumber {
    pub form: Form,
    pub application: Names,
    pub name: String,
    pub numbers: Vec<NumberOption>,
    pub notice: Option<Notice>,
}

/// One number to choose.
#[derive(Clone, Debug, Serialize)]
pub struct NumberOption {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub display: String,
    /// An eduPerson value such as `student`.
    pub affiliation: String,
    pub org: Option<String>,
}

/// `method=POST` (CAS 3.0.3 §2.1.1), `response_mode=form_post` (OAuth 2.0 Form Post Response Mode):
/// hands a ticket or an answer over in a form, which a script sends and a button where there is none. `form-action` must name the target's origin.
#[derive(Clone, Debug, Serialize)]
pub struct PostTicket {
    /// A proven address; nothing else may stand here.
    pub target: String,
    pub fields: Vec<(String, String)>,
    pub application: Names,
}

/// An authorization request of a client or with an address that isn't registered, or one that can't
/// be read: nobody but the person may hear of it.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedClient {
    /// A fixed word such as `unregistered_redirect_uri`, for the application's developers; nothing
    /// of the request.
    pub reason: String,
    pub sign_in: String,
    pub request_id: String,
}

/// Signed in, but this application is not for this person, or not now.
#[derive(Clone, Debug, Serialize)]
pub struct NoAccess {
    pub application: Names,
    pub name: String,
    /// The account number that she is signed in by; empty where she has no valid one.
    pub number: String,
    pub reason: AccessReason,
    /// Whom to ask about this application; none: the service desk.
    pub contact: Option<Names>,
    pub switch: Form,
    pub request_id: String,
}

/// Why this application can't be entered.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccessReason {
    /// Switched off for everybody.
    Disabled,
    /// Opens on a day of the school's zone, `2026-09-01`.
    NotYet { from: String },
    /// Closed since a day of the school's zone, `2027-01-31`: the first on which it was.
    Over { until: String },
    /// Closed at this hour.
    Times { windows: Vec<TimeWindow> },
    /// The account is in a state that this application does not admit.
    State,
    /// For others, by eduPerson values (`student`, `staff`, …).
    Affiliation { admitted: Vec<String> },
    /// For others, by org units such as `计算机学院`.
    OrgUnit { admitted: Vec<String> },
    /// For the members of groups.
    Group,
    /// She has no valid number of the kind: `student`, `staff`; `latest` and `ask` say any.
    Number { rule: String },
}

/// Hours of the school's zone in which an application is open.
#[derive(Clone, Debug, Serialize)]
pub struct TimeWindow {
    /// `mon` to `sun`; none means every day.
    pub days: Vec<String>,
    /// `08:00`
    pub from: String,
    /// `22:00`; one that is not after `from` is on the next day.
    pub to: String,
}
