use jiff::Timestamp;

use super::StepPolicy;
use crate::accounts::Affiliation;
use crate::applications::{AccessDenial, Application, ApplicationId};
use crate::ids::PersonId;

/// The state of a person's account as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonState {
    Active,
    /// Stopped by an administrator.
    Suspended,
    /// Nobody: the application doctor's. Signs in nowhere, see [`Holder::probe_of`].
    Probe,
}

impl PersonState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Probe => "probe",
        }
    }

    /// A word that we don't know stops the account rather than opening it.
    pub fn from_column(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "probe" => Self::Probe,
            _ => Self::Suspended,
        }
    }
}

/// One account number with what the school says of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNumber {
    /// As the school writes it.
    pub display: String,
    /// Canonical.
    pub number: String,
    pub name: String,
    pub affiliation: Affiliation,
    /// `计算机学院/软件工程系`
    pub org: Option<String>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// Orders the numbers of a person where dates don't.
    pub import_seq: i64,
}

impl HeldNumber {
    /// `valid_from` counts, `valid_until` does not any more.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }
}

/// All that decides whether something may be issued to a person now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub person: PersonId,
    pub state: PersonState,
    pub activated: bool,
    pub must_change_password: bool,
    pub phone_bound: bool,
    /// The version of the privacy notice that was accepted.
    pub notice_version: Option<String>,
    pub numbers: Vec<HeldNumber>,
    /// The names of the groups she belongs to.
    pub groups: Vec<String>,
    /// The one application that a probe may enter; nothing for people.
    pub probes: Option<ApplicationId>,
}

impl Holder {
    /// The numbers that count now, the newest first.
    pub fn valid_numbers(&self, now: Timestamp) -> Vec<&HeldNumber> {
        let mut numbers: Vec<_> = self.numbers.iter().filter(|n| n.is_valid_at(now)).collect();
        numbers.sort_by(|a, b| {
            (b.valid_from, b.import_seq, &b.number).cmp(&(a.valid_from, a.import_seq, &a.number))
        });
        numbers
    }

    /// The number that applications receive unless they choose otherwise.
    pub fn latest_number(&self, now: Timestamp) -> Option<&HeldNumber> {
        self.valid_numbers(now).into_iter().next()
    }
}

/// Why nothing may be issued. Only [`Denial::NoAccess`] is told to the person as such; the others
/// lead to a step or to a uniform refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    Suspended,
    /// No number is valid today.
    NoValidNumber,
    NotActivated,
    MustChangePassword,
    MustBindPhone,
    /// The privacy notice in force was not accepted yet.
    MustAcceptNotice,
    /// The application is not for this person, or not now.
    NoAccess(AccessDenial),
    /// The session that it belonged to is over, or something since makes all that is older void.
    SessionEnded,
    /// She took back what she had agreed to, or the application's entry what it might ask for.
    ConsentWithdrawn,
    /// She has several numbers, and the application leaves it to her by which it knows her.
    MustChooseNumber,
}

impl Denial {
    /// The word in the audit trail.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::NoValidNumber => "no_valid_number",
            Self::NotActivated => "not_activated",
            Self::MustChangePassword => "must_change_password",
            Self::MustBindPhone => "must_bind_phone",
            Self::MustAcceptNotice => "must_accept_notice",
            Self::NoAccess(_) => "no_access",
            Self::SessionEnded => "session_ended",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::MustChooseNumber => "must_choose_number",
        }
    }
}

/// The one question before anything is issued, redeemed or refreshed: may this person have it,
/// now, for this application (or for a session of her own, with none)?
///
/// # Errors
/// The first [`Denial`] that holds.
pub fn may_issue(
    holder: &Holder,
    application: Option<&Application>,
    policy: &StepPolicy,
    now: Timestamp,
) -> Result<(), Denial> {
    if holder.is_probe() {
        return may_probe(holder, application);
    }
    if holder.state != PersonState::Active {
        return Err(Denial::Suspended);
    }
    if holder.valid_numbers(now).is_empty() {
        return Err(Denial::NoValidNumber);
    }
    if !holder.activated {
        return Err(Denial::NotActivated);
    }
    if holder.must_change_password {
        return Err(Denial::MustChangePassword);
    }
    if policy.phone_required && !holder.phone_bound {
        return Err(Denial::MustBindPhone);
    }
    if holder.notice_version.as_deref() != Some(&policy.notice_version) {
        return Err(Denial::MustAcceptNotice);
    }
    match application {
        Some(application) => application
            .admits(holder, &policy.zone, now)
            .map_err(Denial::NoAccess),
        None => Ok(()),
    }
}

/// A probe belongs to one application and to no affiliation: who may enter is a rule for people.
fn may_probe(holder: &Holder, application: Option<&Application>) -> Result<(), Denial> {
    match application {
        Some(application) if holder.probes.as_ref() == Some(&application.id) => {
            if application.enabled {
                Ok(())
            } else {
                Err(Denial::NoAccess(AccessDenial::Disabled))
            }
        }
        _ => Err(Denial::Suspended),
    }
}
