//! SSO sessions, and the authority to issue that a live one gives.

use jiff::{SignedDuration, Timestamp};

use crate::applications::{AccessDenial, Application, NumberFor};
use crate::cas::ProxyGrant;
use crate::factors::Factor;
use crate::ids::{PersonId, ProxyGrantingId, Sid};
use crate::oidc::{ClientGrant, OfflineGrant};
use crate::secrets::Tag;
use crate::signin::{Denial, HeldNumber, Holder, StepPolicy, may_issue};

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct SessionRules {
    /// From the sign-in, whatever happens.
    pub ordinary: SignedDuration,
    /// From the last use.
    pub idle: SignedDuration,
    /// From the sign-in of who asked to be remembered, used or not. Nothing where the school
    /// doesn't offer it: a session that was remembered before is then one like any other.
    pub remembered: Option<SignedDuration>,
}

/// A session lives while its sign-in and its last use are both later than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSince {
    pub signed_in: Timestamp,
    pub seen: Timestamp,
}

impl SessionRules {
    /// From the sign-in, for one that is remembered or not.
    pub fn life(&self, remembered: bool) -> SignedDuration {
        self.remembered
            .filter(|_| remembered)
            .unwrap_or(self.ordinary)
    }

    /// By the rules of now, whatever they were at the sign-in: what was shortened since then holds.
    pub fn live_since(&self, remembered: bool, now: Timestamp) -> LiveSince {
        let before = |span| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        LiveSince {
            signed_in: before(self.life(remembered)),
            seen: match self.remembered {
                Some(_) if remembered => Timestamp::MIN,
                _ => before(self.idle),
            },
        }
    }
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
    /// It came from a remembered sign-in: it outlives the browser, and where the school offers
    /// that, idleness doesn't end it.
    pub remembered: bool,
    /// The person's: no session older than this counts (password change, lock, restore).
    pub not_before: Timestamp,
}

impl Session {
    /// Whether it still counts: not ended, not too old, not idle too long, not overtaken.
    pub fn is_live(&self, rules: &SessionRules, now: Timestamp) -> bool {
        let since = rules.live_since(self.remembered, now);
        !self.ended
            && now < self.expires_at
            && self.signed_in_at > since.signed_in
            && self.last_seen_at > since.seen
            && self.signed_in_at >= self.not_before
    }

    /// When it ends at the latest, by the rules of now.
    pub fn ends_at(&self, rules: &SessionRules) -> Timestamp {
        let life = rules.life(self.remembered);
        let end = self.signed_in_at.checked_add(life);
        end.unwrap_or(Timestamp::MAX).min(self.expires_at)
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
    /// A person who is here.
    ActiveSession(&'a ActiveSession),
    /// An application that acts for her at another one (CAS).
    ProxyGrant(&'a ProxyGrant),
    /// What an application holds of her, wherever she is (OIDC).
    OfflineGrant(&'a OfflineGrant),
    /// An application for itself (RFC 6749 §4.4).
    Client(&'a ClientGrant),
}

impl<'a> Authority<'a> {
    /// The session that it stands on: what is issued ends with it. Offline access and an
    /// application's own have none.
    pub fn session(self) -> Option<&'a Session> {
        match self {
            Self::ActiveSession(active) => Some(active.session()),
            Self::ProxyGrant(grant) => Some(grant.session()),
            Self::OfflineGrant(grant) => grant.session(),
            Self::Client(_) => None,
        }
    }

    /// The number that the application gets.
    pub fn number(self) -> Option<&'a HeldNumber> {
        match self {
            Self::ActiveSession(active) => Some(active.number()),
            Self::ProxyGrant(grant) => Some(grant.number()),
            Self::OfflineGrant(grant) => Some(grant.number()),
            Self::Client(_) => None,
        }
    }

    /// Credentials were shown in this very request chain.
    pub fn is_fresh(self) -> bool {
        match self {
            Self::ActiveSession(active) => active.is_fresh(),
            Self::ProxyGrant(_) | Self::OfflineGrant(_) | Self::Client(_) => false,
        }
    }

    /// The application that acts for her, by what it holds; nothing for herself.
    pub fn proxied_by(self) -> Option<ProxyGrantingId> {
        match self {
            Self::ProxyGrant(grant) => Some(grant.granting().id),
            Self::ActiveSession(_) | Self::OfflineGrant(_) | Self::Client(_) => None,
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
            ordinary: SignedDuration::from_hours(8),
            idle: SignedDuration::from_hours(2),
            remembered: Some(SignedDuration::from_hours(24)),
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

    #[test] // SES-11, CAS 123
    fn shorter_rules_hold_for_sessions_that_began_under_longer_ones() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let rules = |hours: i64, days: Option<i64>| SessionRules {
            ordinary: SignedDuration::from_hours(hours),
            idle: SignedDuration::from_hours(2),
            remembered: days.map(|days| SignedDuration::from_hours(24 * days)),
        };
        // Signed in on the 21st at 8, for thirty days.
        let remembered = Session {
            remembered: true,
            expires_at: at("2026-12-21T08:00:00Z"),
            ..session("2026-11-21T09:00:00Z")
        };
        let ends = |rules: SessionRules, end: &str| {
            let end = at(end);
            let before = end.checked_sub(SignedDuration::from_secs(1)).unwrap();
            assert!(remembered.is_live(&rules, before));
            assert!(!remembered.is_live(&rules, end));
        };
        ends(rules(8, Some(30)), "2026-12-21T08:00:00Z");
        ends(rules(8, Some(2)), "2026-11-23T08:00:00Z");
        // Longer ones don't: its cookie and what she was told end as they were.
        ends(rules(8, Some(90)), "2026-12-21T08:00:00Z");
        // Not offered any more: two hours of silence.
        ends(rules(8, None), "2026-11-21T11:00:00Z");
        let busy = Session {
            last_seen_at: at("2026-11-21T15:30:00Z"),
            ..remembered.clone()
        };
        assert!(busy.is_live(&rules(8, None), at("2026-11-21T15:59:59Z")));
        assert!(!busy.is_live(&rules(8, None), at("2026-11-21T16:00:00Z")));
        for (days, end) in [
            (None, "2026-11-21T16:00:00Z"),
            (Some(2), "2026-11-23T08:00:00Z"),
            (Some(90), "2026-12-21T08:00:00Z"),
        ] {
            assert_eq!(busy.ends_at(&rules(8, days)), at(end));
        }
        // One that nobody remembers ends with the shorter hours, too.
        let ordinary = session("2026-11-21T10:59:00Z");
        assert!(ordinary.is_live(&rules(3, Some(30)), at("2026-11-21T10:59:59Z")));
        assert!(!ordinary.is_live(&rules(3, Some(30)), at("2026-11-21T11:00:00Z")));
    }
}
