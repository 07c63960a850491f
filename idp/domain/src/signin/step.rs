use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Destination, Wishes};
use crate::factors::Factor;
use crate::ids::PersonId;
use crate::secrets::Tag;

/// A row that says which factor was shown, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub factor: Factor,
    /// The blind index of the number a code was sent to.
    pub recipient: Option<Tag>,
    pub shown_at: Timestamp,
}

/// A sign-in under way, as its row says.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub id_hash: Tag,
    pub person: PersonId,
    /// Canonical form of the number that was typed.
    pub number: String,
    pub destination: Destination,
    pub wishes: Wishes,
    /// Counts the steps taken: each one is compare-and-swap on it.
    pub version: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub proofs: Vec<Proof>,
}

impl SignIn {
    pub fn proof(&self, factor: Factor) -> Option<&Proof> {
        self.proofs.iter().find(|p| p.factor == factor)
    }

    fn shown(&self, factor: Factor) -> bool {
        self.proof(factor).is_some()
    }
}

/// What the person already has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five facts of a row, each of which may hold with each other"
)]
pub struct Standing {
    pub activated: bool,
    pub has_password: bool,
    pub must_change_password: bool,
    /// The version of the privacy notice that was accepted.
    pub notice_version: Option<String>,
    pub phone_bound: bool,
}

/// What the school requires.
#[derive(Clone, Debug)]
pub struct StepPolicy {
    pub phone_required: bool,
    pub notice_version: String,
    /// The school's: the days and hours of access policies are there.
    pub zone: TimeZone,
}

/// What the visitor sees next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Show that the account is yours.
    Evidence,
    /// Accept the privacy notice.
    Notice,
    /// Choose a password.
    Password,
    /// Bind a phone.
    Phone,
    /// 我已完成
    Done,
    /// Nothing is missing.
    Complete,
    /// Nothing was proved, or the row is too old: begin again.
    Expired,
}

/// The one dispatcher: what is missing, in the order in which it is asked for.
pub fn next_step(
    signin: &SignIn,
    standing: &Standing,
    policy: &StepPolicy,
    now: Timestamp,
) -> Step {
    if signin.expires_at <= now || !signin.proofs.iter().any(|p| opens(p.factor)) {
        return Step::Expired;
    }
    // A password of one's own proves a finished evidence step: it can be set only behind one.
    if !signin.proofs.iter().any(|p| p.factor.is_evidence()) {
        // An activated account has no initial password any more; a row that says so is stale.
        return if standing.activated {
            Step::Expired
        } else {
            Step::Evidence
        };
    }
    if standing.notice_version.as_deref() != Some(&policy.notice_version) {
        return Step::Notice;
    }
    if wants_password(signin, standing) {
        return Step::Password;
    }
    if policy.phone_required && !standing.phone_bound {
        return Step::Phone;
    }
    if !standing.activated {
        return Step::Done;
    }
    Step::Complete
}

fn opens(factor: Factor) -> bool {
    factor == Factor::InitialPassword || factor.is_evidence()
}

fn wants_password(signin: &SignIn, standing: &Standing) -> bool {
    if !standing.has_password || standing.must_change_password {
        return true;
    }
    // Begun anew with other evidence, after a password was chosen and forgotten half-way.
    !standing.activated && !signin.shown(Factor::Password) && !signin.shown(Factor::NewPassword)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const NOW: &str = "2026-11-21T08:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn signin(factors: &[Factor]) -> SignIn {
        SignIn {
            id_hash: Tag([0; 32]),
            person: PersonId(Uuid::nil()),
            number: "20230001".into(),
            destination: Destination::Home,
            wishes: Wishes::default(),
            version: 0,
            created_at: now(),
            expires_at: "2026-11-21T09:00:00Z".parse().unwrap(),
            proofs: factors
                .iter()
                .map(|f| Proof {
                    factor: *f,
                    recipient: None,
                    shown_at: now(),
                })
                .collect(),
        }
    }

    fn policy() -> StepPolicy {
        StepPolicy {
            phone_required: true,
            notice_version: "1".into(),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn the_first_sign_in_asks_step_by_step() {
        use Factor as F;
        let mut standing = Standing::default();
        let step = |factors: &[F], standing: &Standing| {
            next_step(&signin(factors), standing, &policy(), now())
        };
        assert_eq!(step(&[], &standing), Step::Expired);
        assert_eq!(step(&[F::InitialPassword], &standing), Step::Evidence);
        let mut factors = vec![F::InitialPassword, F::SchoolPhone];
        assert_eq!(step(&factors, &standing), Step::Notice);
        standing.notice_version = Some("1".into());
        assert_eq!(step(&factors, &standing), Step::Password);
        standing.has_password = true;
        factors.push(F::NewPassword);
        assert_eq!(step(&factors, &standing), Step::Phone);
        standing.phone_bound = true;
        assert_eq!(step(&factors, &standing), Step::Done);
        standing.activated = true;
        assert_eq!(step(&factors, &standing), Step::Complete);
    }

    #[test]
    fn a_half_finished_one_resumes_with_the_new_password_and_not_with_the_initial_one() {
        let standing = Standing {
            has_password: true,
            notice_version: Some("1".into()),
            ..Standing::default()
        };
        let step = |f| next_step(&signin(&[f]), &standing, &policy(), now());
        assert_eq!(step(Factor::Password), Step::Phone);
        assert_eq!(step(Factor::InitialPassword), Step::Evidence);
        assert_eq!(step(Factor::ActivationCode), Step::Password);
    }

    #[test] // PWD-03
    fn a_forced_change_or_a_new_notice_comes_before_completion() {
        let mut standing = Standing {
            activated: true,
            has_password: true,
            must_change_password: true,
            notice_version: Some("1".into()),
            phone_bound: true,
        };
        let step = |s: &Standing| next_step(&signin(&[Factor::Password]), s, &policy(), now());
        assert_eq!(step(&standing), Step::Password);
        standing.must_change_password = false;
        assert_eq!(step(&standing), Step::Complete);
        standing.notice_version = Some("0".into());
        assert_eq!(step(&standing), Step::Notice);
    }

    proptest! {
        /// PWD-01, PWD-03: whatever was shown, completion needs evidence, a password without a
        /// pending change, the notice in force, the phone, and the activation itself.
        #[test]
        fn nothing_completes_before_all_is_done(
            shown in proptest::sample::subsequence(Factor::ALL.to_vec(), 0..=Factor::ALL.len()),
            bits in 0_u8..32,
        ) {
            let standing = Standing {
                activated: bits & 1 != 0,
                has_password: bits & 2 != 0,
                must_change_password: bits & 4 != 0,
                notice_version: (bits & 8 != 0).then(|| "1".into()),
                phone_bound: bits & 16 != 0,
            };
            let signin = signin(&shown);
            if next_step(&signin, &standing, &policy(), now()) == Step::Complete {
                prop_assert!(shown.iter().any(|f| f.is_evidence()));
                prop_assert!(standing.activated && standing.has_password);
                prop_assert!(!standing.must_change_password && standing.phone_bound);
            }
            let late = signin.expires_at;
            prop_assert_eq!(next_step(&signin, &standing, &policy(), late), Step::Expired);
        }
    }
}
