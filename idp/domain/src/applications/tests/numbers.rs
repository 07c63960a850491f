use super::{application, holder, now};
use crate::applications::{Application, NumberFor};

fn with_rule(rule: &str) -> Application {
    application(
        &serde_json::json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
            "cas": { "services": ["https://a.edu.cn/*"] }, "account_number": rule,
            "access": { "affiliations": ["student", "staff", "faculty", "employee", "alum"] } })
        .to_string(),
    )
}

/// The number, those to choose from, or nothing.
fn given(rule: &str, numbers: &[&str], chosen: Option<&str>) -> Vec<String> {
    match with_rule(rule).number_for(&holder(numbers), chosen, now()) {
        NumberFor::One(number) => vec![number.number.clone()],
        NumberFor::Ask(numbers) => {
            assert!(numbers.len() > 1);
            let all = numbers.iter().map(|n| n.number.clone());
            std::iter::once("?".to_owned()).chain(all).collect()
        }
        NumberFor::None => Vec::new(),
    }
}

const BOTH: &[&str] = &["s1/student", "t1/faculty", "s2/student", "v1/affiliate"];

#[test]
fn the_rule_decides_between_the_numbers_that_are_admitted() {
    assert_eq!(given("latest", BOTH, None), ["s2"]);
    assert_eq!(given("student", BOTH, None), ["s2"]);
    assert_eq!(given("staff", BOTH, None), ["t1"]);
    assert_eq!(given("staff", &["t1/employee", "t2/staff"], None), ["t2"]);
    assert_eq!(given("staff", &["s1/student", "a1/alum"], None), [""; 0]);
    assert_eq!(given("student", &["t1/faculty"], None), [""; 0]);
    assert_eq!(given("latest", &["v1/affiliate"], None), [""; 0]);
}

#[test]
fn a_choice_counts_where_it_is_asked_for_and_while_the_number_does() {
    assert_eq!(given("ask", BOTH, None), ["?", "s2", "t1", "s1"]);
    assert_eq!(given("ask", BOTH, Some("t1")), ["t1"]);
    assert_eq!(given("ask", &["t1/faculty"], None), ["t1"]);
    // A number that isn't hers, isn't admitted, or is over: asked again.
    for chosen in ["x9", "v1", "S1", ""] {
        assert_eq!(given("ask", BOTH, Some(chosen))[0], "?", "{chosen}");
    }
    let mut later = holder(BOTH);
    later.numbers[1].valid_until = Some(now());
    let ask = with_rule("ask");
    assert!(matches!(
        ask.number_for(&later, Some("t1"), now()),
        NumberFor::Ask(_)
    ));
    // Elsewhere it changes nothing.
    assert_eq!(given("latest", BOTH, Some("t1")), ["s2"]);
    assert_eq!(given("staff", BOTH, Some("s1")), ["t1"]);
}
