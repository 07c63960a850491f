//! Whom the application doctor sends: a person of nobody's roster. Without a number in the roster
//! there is no way to sign in, no import and no group that could name it; and it may have something
//! for one application only, the one that it was made to probe.

use uuid::Uuid;

use super::{HeldNumber, Holder, PersonState};
use crate::accounts::Affiliation;
use crate::applications::ApplicationId;
use crate::ids::PersonId;

/// The probe of every installation. A fixed id, so that there is one whoever makes it first.
pub const PROBE: PersonId = PersonId(Uuid::from_u128(0x0000_0000_0000_7000_8000_7072_6f62_6531));

/// The user name that applications get; no import may give it to anybody.
pub const PROBE_NUMBER: &str = "yimen-probe";

/// The name that goes with it where an entry releases names.
pub const PROBE_NAME: &str = "一门探针 / Yimen probe";

impl Holder {
    /// The probe on its way to this application.
    pub fn probe_of(application: ApplicationId) -> Self {
        Self {
            person: PROBE,
            state: PersonState::Probe,
            activated: false,
            must_change_password: false,
            phone_bound: false,
            notice_version: None,
            numbers: vec![HeldNumber {
                display: PROBE_NUMBER.to_owned(),
                number: PROBE_NUMBER.to_owned(),
                name: PROBE_NAME.to_owned(),
                // The least that there is, and told to nobody.
                affiliation: Affiliation::Affiliate,
                org: None,
                valid_from: None,
                valid_until: None,
                import_seq: 0,
            }],
            groups: Vec::new(),
            probes: Some(application),
        }
    }

    pub fn is_probe(&self) -> bool {
        self.state == PersonState::Probe
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::applications::{AccessDenial, Application, NumberFor, parse_entries};
    use crate::signin::{Denial, StepPolicy, may_issue};

    fn application(id: &str, more: &str) -> Application {
        let entry = format!(
            r#"{{ "id": "{id}", "name": {{ "zh-CN": "甲", "en": "A" }},
                "cas": {{ "services": ["https://{id}.example.edu/*"] }} {more} }}"#
        );
        parse_entries(&entry, false).unwrap().remove(0)
    }

    fn ask(holder: &Holder, application: Option<&Application>) -> Result<(), Denial> {
        let policy = StepPolicy {
            phone_required: true,
            notice_version: "1".into(),
            zone: TimeZone::UTC,
        };
        may_issue(holder, application, &policy, Timestamp::UNIX_EPOCH)
    }

    #[test] // TKT-11: neither a session of its own, nor another application, nor a proxy target
    fn the_probe_enters_the_application_that_it_probes_and_nothing_else() {
        let library = application("library", "");
        let probe = Holder::probe_of(library.id.clone());
        assert_eq!(ask(&probe, Some(&library)), Ok(()));
        let mail = application("mail", "");
        assert_eq!(ask(&probe, Some(&mail)), Err(Denial::Suspended));
        assert_eq!(ask(&probe, None), Err(Denial::Suspended));
        let astray = Holder {
            probes: None,
            ..probe
        };
        assert_eq!(ask(&astray, Some(&library)), Err(Denial::Suspended));
    }

    #[test]
    fn access_rules_are_for_people_and_a_switched_off_application_is_for_nobody() {
        let staff = r#", "access": { "affiliations": ["staff"], "groups": ["g"] },
            "account_number": "student""#;
        let closed = application("library", staff);
        let probe = Holder::probe_of(closed.id.clone());
        assert_eq!(ask(&probe, Some(&closed)), Ok(()));
        let NumberFor::One(number) = closed.number_for(&probe, None, Timestamp::UNIX_EPOCH) else {
            panic!("the probe has no number");
        };
        assert_eq!(number.display, PROBE_NUMBER);
        let off = application("library", r#", "enabled": false"#);
        assert_eq!(
            ask(&probe, Some(&off)),
            Err(Denial::NoAccess(AccessDenial::Disabled))
        );
    }
}
