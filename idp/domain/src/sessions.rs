//! SSO sessions, and the authority to issue that a live one gives.

use jiff::{SignedDuration, Timestamp};

use crate::applications::{AccessDenial, Application, NumberFor};
use crate::cas::ProxyGrant;
use crate::factors::Factor;
use crate::ids::{PersonId, ProxyGrantingId, Sid};
use crate::secrets::Tag;
use crate::signin::{Denial, HeldNumber, Holder, StepPolicy, may_issue};

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct SessionRules {
    /// From the sign-in, whatever happens.
    pub life: SignedDuration,
    /// From the last use.
    pub idle: SignedDuration,
}

/// A session as its row says.
#[derive(Clone, Debug)]
pub struct Session {
    pub id_hash: Tag,
    pub sid: Sid,
    pub person: PersonId,
    pub factors: Vec<Factor>,
    pub signed_in_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended: bool,
    /// She wants to be asked before each further application.
    pub warn: bool,
    /// It came from a remembered sign-in: it outlives the browser, and idleness doesn't end it.
    pub remembered: bool,
    /// The person's: no session older than this counts (password change, lock, restore).
    pub not_before: Timestamp,
}

impl Session {
    /// Whether it still counts: not ended, not too old, not idle too long, not overtaken.
    pub fn is_live(&self, rules: &SessionRules, now: Timestamp) -> bool {
        let idle_end = self.last_seen_at.checked_add(rules.idle);
        !self.ended
            && now < self.expires_at
            && (self.remembered || idle_end.is_ok_and(|end| now < end))
            && self.signed_in_at >= self.not_before
    }
}

/// A complete sign-in that may receive something now. Every issuing function takes one, and there
/// is one way to get it, so that a required step can't be forgotten on any path.
#[derive(Clone, Debug)]
pub struct ActiveSession {
    session: Session,
    holder: Holder,
    /// Credentials were shown in this very request chain, not only a cookie (CAS `renew`).
    fresh: bool,
    application: Option<Application>,
    number: HeldNumber,
}

impl ActiveSession {
    /// `chosen` is the number by which she once chose to be known there, if she did.
    ///
    /// # Errors
    /// The [`Denial`] of [`may_issue`], then that of the number.
    pub fn establish(
        session: Session,
        holder: Holder,
        application: Option<&Application>,
        chosen: Option<&str>,
        policy: &StepPolicy,
        fresh: bool,
        now: Timestamp,
    ) -> Result<Self, Denial> {
        may_issue(&holder, application, policy, now)?;
        let number = match application {
            None => holder.latest_number(now).ok_or(Denial::NoValidNumber)?,
            Some(application) => number_at(application, &holder, chosen, now)?,
        }
        .clone();
        Ok(Self {
            session,
            holder,
            fresh,
            application: application.cloned(),
            number,
        })
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The number that she is known by at the application; her newest, without one.
    pub fn number(&self) -> &HeldNumber {
        &self.number
    }

    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The application that it was established for.
    pub fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }
}

fn number_at<'a>(
    application: &Application,
    holder: &'a Holder,
    chosen: Option<&str>,
    now: Timestamp,
) -> Result<&'a HeldNumber, Denial> {
    match application.number_for(holder, chosen, now) {
        NumberFor::One(number) => Ok(number),
        NumberFor::Ask(_) => Err(Denial::MustChooseNumber),
        NumberFor::None => Err(Denial::NoAccess(AccessDenial::Number {
            rule: application.account_number,
        })),
    }
}

/// In whose name something is issued. Each kind has one constructor, which asks [`may_issue`].
#[derive(Clone, Copy, Debug)]
pub enum Authority<'a> {
    ActiveSession(&'a ActiveSession),
    ProxyGrant(&'a ProxyGrant),
}

impl<'a> Authority<'a> {
    /// The session that it stands on: what is issued ends with it.
    pub fn session(self) -> &'a Session {
        match self {
            Self::ActiveSession(active) => active.session(),
            Self::ProxyGrant(grant) => grant.session(),
        }
    }

    /// The number that the application gets.
    pub fn number(self) -> &'a HeldNumber {
        match self {
            Self::ActiveSession(active) => active.number(),
            Self::ProxyGrant(grant) => grant.number(),
        }
    }

    /// Credentials were shown in this very request chain.
    pub fn is_fresh(self) -> bool {
        match self {
            Self::ActiveSession(active) => active.is_fresh(),
            Self::ProxyGrant(_) => false,
        }
    }

    /// The application that acts for her, by what it holds; nothing for herself.
    pub fn proxied_by(self) -> Option<ProxyGrantingId> {
        match self {
            Self::ActiveSession(_) => None,
            Self::ProxyGrant(grant) => Some(grant.granting().id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Affiliation;
    use crate::applications::{NumberRule, parse_entries};
    use crate::signin::PersonState;
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    fn session(last_seen: &str) -> Session {
        Session {
            id_hash: Tag([0; 32]),
            sid: Sid(Uuid::nil()),
            person: PersonId(Uuid::nil()),
            factors: vec![Factor::Password],
            signed_in_at: "2026-11-21T08:00:00Z".parse().unwrap(),
            last_seen_at: last_seen.parse().unwrap(),
            expires_at: "2026-11-21T16:00:00Z".parse().unwrap(),
            ended: false,
            warn: false,
            remembered: false,
            not_before: Timestamp::UNIX_EPOCH,
        }
    }

    fn holder(numbers: &[(&str, Affiliation)]) -> Holder {
        let number = |(index, (number, affiliation)): (usize, &(&str, Affiliation))| HeldNumber {
            display: (*number).to_owned(),
            number: (*number).to_owned(),
            name: "李明".to_owned(),
            affiliation: *affiliation,
            org: None,
            valid_from: None,
            valid_until: None,
            import_seq: i64::try_from(index).unwrap(),
        };
        Holder {
            person: PersonId(Uuid::nil()),
            state: PersonState::Active,
            activated: true,
            must_change_password: false,
            phone_bound: true,
            notice_version: Some("1".into()),
            numbers: numbers.iter().enumerate().map(number).collect(),
            groups: Vec::new(),
            probes: None,
        }
    }

    fn established(entry: &str, holder: &Holder, chosen: Option<&str>) -> Result<String, Denial> {
        let policy = StepPolicy {
            phone_required: true,
            notice_version: "1".into(),
            zone: TimeZone::UTC,
        };
        let application = parse_entries(entry, false).unwrap().remove(0);
        ActiveSession::establish(
            session("2026-11-21T09:00:00Z"),
            holder.clone(),
            Some(&application),
            chosen,
            &policy,
            false,
            "2026-11-21T09:00:00Z".parse().unwrap(),
        )
        .map(|active| active.number().number.clone())
    }

    #[test]
    fn an_active_session_has_the_number_of_its_application() {
        let entry = |rule: &str| {
            format!(
                r#"{{ "id": "a", "name": {{"zh-CN": "甲", "en": "A"}}, "account_number": "{rule}",
                    "cas": {{ "services": ["https://a.edu.cn/*"] }} }}"#
            )
        };
        let both = holder(&[("s1", Affiliation::Student), ("t1", Affiliation::Faculty)]);
        assert_eq!(established(&entry("latest"), &both, None).unwrap(), "t1");
        assert_eq!(established(&entry("student"), &both, None).unwrap(), "s1");
        let must_choose = Err(Denial::MustChooseNumber);
        assert_eq!(established(&entry("ask"), &both, None), must_choose);
        assert_eq!(established(&entry("ask"), &both, Some("x")), must_choose);
        assert_eq!(established(&entry("ask"), &both, Some("s1")).unwrap(), "s1");
        let student = holder(&[("s1", Affiliation::Student)]);
        assert_eq!(
            established(&entry("staff"), &student, Some("s1")),
            Err(Denial::NoAccess(AccessDenial::Number {
                rule: NumberRule::Staff
            }))
        );
        // What is wrong with the account comes first: nothing is said of the application.
        let mut suspended = student;
        suspended.state = PersonState::Suspended;
        let denied = established(&entry("staff"), &suspended, None);
        assert_eq!(denied, Err(Denial::Suspended));
    }

    #[test] // SES-11, SES-10
    fn idle_absolute_end_and_overtaking_each_end_it() {
        let rules = SessionRules {
            life: SignedDuration::from_hours(8),
            idle: SignedDuration::from_hours(2),
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let s = session("2026-11-21T09:00:00Z");
        assert!(s.is_live(&rules, at("2026-11-21T10:59:59Z")));
        assert!(!s.is_live(&rules, at("2026-11-21T11:00:00Z")));
        // CAS 123: a remembered one ends with its time alone.
        let remembered = Session {
            remembered: true,
            ..s.clone()
        };
        assert!(remembered.is_live(&rules, at("2026-11-21T15:59:59Z")));
        assert!(!remembered.is_live(&rules, at("2026-11-21T16:00:00Z")));
        let busy = session("2026-11-21T15:59:00Z");
        assert!(busy.is_live(&rules, at("2026-11-21T15:59:59Z")));
        assert!(!busy.is_live(&rules, at("2026-11-21T16:00:00Z")));
        let overtaken = Session {
            not_before: at("2026-11-21T08:00:01Z"),
            ..s.clone()
        };
        assert!(!overtaken.is_live(&rules, at("2026-11-21T09:00:00Z")));
        let ended = Session { ended: true, ..s };
        assert!(!ended.is_live(&rules, at("2026-11-21T09:00:00Z")));
    }
}
