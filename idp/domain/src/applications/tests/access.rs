use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{application, holder, now};
use crate::accounts::Affiliation;
use crate::applications::{AccessDenial, Application, NumberRule};
use crate::signin::{Holder, PersonState};

fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn with_access(access: &Value) -> Application {
    application(
        &json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
            "cas": { "services": ["https://a.edu.cn/*"] }, "access": access })
        .to_string(),
    )
}

fn at(access: &Value, moment: &str) -> Result<(), AccessDenial> {
    let moment: Timestamp = moment.parse().unwrap();
    with_access(access).admits(&holder(&["s1/student"]), &shanghai(), moment)
}

#[test]
fn nothing_given_lets_everybody_in_and_a_switch_nobody() {
    let mut open = with_access(&json!({}));
    let student = holder(&["s1/student"]);
    assert_eq!(open.admits(&student, &shanghai(), now()), Ok(()));
    open.enabled = false;
    let denial = open.admits(&student, &shanghai(), now());
    assert_eq!(denial, Err(AccessDenial::Disabled));
}

#[test]
fn dates_are_days_of_the_school() {
    let term = json!({ "from": "2026-09-01", "until": "2027-01-31" });
    let day = |text: &str| text.parse::<Date>().unwrap();
    // Midnight in Shanghai is 16:00 UTC of the day before.
    let not_yet = Err(AccessDenial::NotYet {
        from: day("2026-09-01"),
    });
    let over = Err(AccessDenial::Over {
        until: day("2027-01-31"),
    });
    assert_eq!(at(&term, "2026-08-31T15:59:59Z"), not_yet);
    assert_eq!(at(&term, "2026-08-31T16:00:00Z"), Ok(()));
    assert_eq!(at(&term, "2027-01-30T15:59:59Z"), Ok(()));
    assert_eq!(at(&term, "2027-01-30T16:00:00Z"), over);
}

#[test]
fn hours_are_the_schools_and_may_pass_midnight() {
    // 2026-11-21 is a Saturday; times below are Shanghai's.
    let open = |window: &Value, local: &str| {
        let moment = format!("2026-11-{local}+08:00");
        match at(&json!({ "times": [window] }), &moment) {
            Ok(()) => true,
            Err(AccessDenial::Time { windows }) => {
                assert_eq!(windows.len(), 1);
                false
            }
            other => panic!("{other:?}"),
        }
    };
    let day = json!({ "days": ["sat"], "from": "08:00", "to": "22:00" });
    assert!(!open(&day, "21T07:59:59") && open(&day, "21T08:00:00"));
    assert!(open(&day, "21T21:59:59") && !open(&day, "21T22:00:00"));
    assert!(!open(&day, "20T12:00:00") && !open(&day, "22T12:00:00"));
    let night = json!({ "days": ["sat"], "from": "22:00", "to": "06:00" });
    assert!(!open(&night, "21T21:59:59") && open(&night, "21T22:00:00"));
    assert!(open(&night, "22T05:59:59") && !open(&night, "22T06:00:00"));
    assert!(!open(&night, "21T03:00:00") && !open(&night, "22T23:00:00"));
    let always = json!({ "from": "00:00", "to": "24:00" });
    assert!(open(&always, "21T00:00:00") && open(&always, "22T23:59:59"));
    let every_night = json!({ "from": "23:00", "to": "00:00" });
    assert!(open(&every_night, "22T23:30:00") && !open(&every_night, "22T00:00:00"));
}

#[test]
fn affiliation_and_org_unit_are_of_one_number() {
    let policy = with_access(&json!({
        "affiliations": ["student"], "org_units": ["计算机学院", "数学系/统计"] }));
    let admits = |numbers: &[&str]| policy.admits(&holder(numbers), &shanghai(), now());
    for numbers in [
        &["s1/student/计算机学院"][..],
        &["s1/student/计算机学院/软件工程系"],
        &["s1/student/数学系/统计"],
        &["s1/student/物理系", "s2/student/计算机学院"],
    ] {
        assert_eq!(admits(numbers), Ok(()), "{numbers:?}");
    }
    let org_unit = Err(AccessDenial::OrgUnit {
        admitted: policy.access.org_units.clone(),
    });
    for numbers in [
        &["s1/student"][..],
        &["s1/student/计算机学院二"],
        &["s1/student/信息学部/计算机学院"],
        &["s1/student/数学系"],
        &["s1/student/物理系", "t1/faculty/计算机学院"],
    ] {
        assert_eq!(admits(numbers), org_unit, "{numbers:?}");
    }
    let affiliation = Err(AccessDenial::Affiliation {
        admitted: vec![Affiliation::Student],
    });
    assert_eq!(admits(&["t1/faculty/计算机学院"]), affiliation);
}

#[test]
fn a_number_that_is_over_opens_nothing() {
    let policy = with_access(&json!({ "affiliations": ["student"] }));
    let mut graduate = holder(&["s1/student", "a1/alum"]);
    assert_eq!(policy.admits(&graduate, &shanghai(), now()), Ok(()));
    graduate.numbers[0].valid_until = Some(now());
    assert_eq!(
        policy
            .admits(&graduate, &shanghai(), now())
            .unwrap_err()
            .as_str(),
        "affiliation"
    );
}

#[test]
fn one_group_of_several_suffices_and_the_state_must_be_admitted() {
    let policy = with_access(&json!({ "groups": ["lab-a", "lab-b"], "states": ["active"] }));
    let mut member = holder(&["s1/student"]);
    let denied = |holder: &Holder| policy.admits(holder, &shanghai(), now()).err();
    assert_eq!(denied(&member), Some(AccessDenial::Group));
    member.groups = vec!["lab".into(), "lab-bb".into(), "LAB-A".into()];
    assert_eq!(denied(&member), Some(AccessDenial::Group));
    member.groups = vec!["lab-b".into()];
    assert_eq!(denied(&member), None);
    member.state = PersonState::Suspended;
    assert_eq!(denied(&member), Some(AccessDenial::State));
}

#[test]
fn a_number_of_the_kind_is_wanted_last() {
    let mut staff_only = with_access(&json!({ "affiliations": ["student", "staff"] }));
    staff_only.account_number = NumberRule::Staff;
    let denied = |numbers: &[&str]| {
        staff_only
            .admits(&holder(numbers), &shanghai(), now())
            .err()
    };
    assert_eq!(denied(&["t1/staff"]), None);
    let number = AccessDenial::Number {
        rule: NumberRule::Staff,
    };
    assert_eq!(denied(&["s1/student"]), Some(number));
    assert_eq!(denied(&["a1/alum"]).unwrap().as_str(), "affiliation");
}

fn some_org() -> impl Strategy<Value = Option<String>> {
    let names = proptest::sample::select(&["a", "ab", "b"][..]);
    proptest::option::of(proptest::collection::vec(names, 1..4).prop_map(|path| path.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    // A person enters if and only if one number has both; what number_for gives is one of those.
    #[test]
    fn a_person_enters_by_one_number_that_has_all(
        affiliations in proptest::sample::subsequence(vec!["student", "staff", "alum"], 0..3),
        units in proptest::collection::btree_set(some_org().prop_map(Option::unwrap_or_default), 0..3),
        held in proptest::collection::vec(
            (proptest::sample::select(&["student", "staff", "alum"][..]), some_org()), 1..4),
    ) {
        let units: Vec<_> = units.into_iter().filter(|unit| !unit.is_empty()).collect();
        let policy = with_access(&json!({ "affiliations": affiliations, "org_units": units }));
        let numbers: Vec<_> = held.iter().enumerate()
            .map(|(i, (word, org))| match org {
                Some(org) => format!("n{i}/{word}/{org}"),
                None => format!("n{i}/{word}"),
            })
            .collect();
        let holder = holder(&numbers.iter().map(String::as_str).collect::<Vec<_>>());
        let fits = |(word, org): &(&str, Option<String>)| {
            let below = |unit: &String| org.as_ref().is_some_and(|org| {
                let (org, unit): (Vec<_>, Vec<_>) = (org.split('/').collect(), unit.split('/').collect());
                org.starts_with(&unit)
            });
            (affiliations.is_empty() || affiliations.contains(word))
                && (units.is_empty() || units.iter().any(below))
        };
        let expected: Vec<_> = held.iter().enumerate().rev()
            .filter(|(_, number)| fits(number)).map(|(i, _)| format!("n{i}")).collect();
        let admitted = policy.admits(&holder, &TimeZone::UTC, now());
        prop_assert_eq!(admitted.is_ok(), !expected.is_empty(), "{:?}", admitted);
        let candidates: Vec<_> = policy.candidates(&holder, now())
            .into_iter().map(|n| n.number.clone()).collect();
        prop_assert_eq!(candidates, expected);
    }

    // Minute by minute, against the plain meaning of the words.
    #[test]
    fn a_window_is_open_exactly_in_its_minutes(
        from in 0_u16..1440, length in 1_u16..1440, days in proptest::sample::subsequence((0_usize..7).collect::<Vec<_>>(), 1..7),
        minute in 0_u32..(7 * 1440),
    ) {
        let words = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let to = (from + length) % 1440;
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        let named: Vec<_> = days.iter().map(|d| words[*d]).collect();
        let policy = json!({ "times": [{ "days": named, "from": clock(from), "to": clock(to) }] });
        // 2026-11-16 is a Monday.
        let monday: Timestamp = "2026-11-15T16:00:00Z".parse().unwrap();
        let moment = monday + jiff::SignedDuration::from_mins(i64::from(minute));
        let open = at(&policy, &moment.to_string()).is_ok();
        let expected = days.iter().any(|day| {
            let start = u32::try_from(*day).unwrap() * 1440 + u32::from(from);
            (minute + 7 * 1440 - start) % (7 * 1440) < u32::from(length)
        });
        prop_assert_eq!(open, expected);
    }
}
