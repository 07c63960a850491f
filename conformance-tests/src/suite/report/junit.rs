//! `JUnit`'s XML, as build servers read it: a suite for each group, warnings in the output, known
//! failures and what doesn't apply as skipped.

use std::fmt::Write as _;

use super::{Report, escape};
use crate::suite::evidence::Exchange;
use crate::suite::runner::{Outcome, Standing};

/// The document.
pub fn write(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Outcome> = report.outcomes.iter().collect();
    let totals = totals(report, &all);
    let name = escape(&format!("{}: {}", report.suite.protocol, report.base));
    // Writing into a String can't fail.
    let _ = writeln!(xml, "<testsuites name=\"{name}\" {totals}>");
    for (group, outcomes) in report.groups() {
        let name = escape(&format!("{}. {}", group.letter, group.title));
        let totals = self::totals(report, &outcomes);
        let started = report.started;
        let _ = writeln!(
            xml,
            "<testsuite name=\"{name}\" timestamp=\"{started:.0}\" {totals}>"
        );
        for outcome in outcomes {
            write_case(&mut xml, report, outcome, group.letter);
        }
        xml.push_str("</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn totals(report: &Report, outcomes: &[&Outcome]) -> String {
    let failures = outcomes.iter().filter(|it| is_failure(report, it)).count();
    let skipped = outcomes
        .iter()
        .filter(|it| skip_reason(report, it).is_some())
        .count();
    let seconds: f64 = outcomes.iter().map(|it| it.took.as_secs_f64()).sum();
    let tests = outcomes.len();
    format!(
        "tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{seconds:.3}\""
    )
}

fn is_failure(report: &Report, outcome: &Outcome) -> bool {
    outcome.standing == Standing::Fail && report.known(outcome).is_none()
}

fn skip_reason(report: &Report, outcome: &Outcome) -> Option<String> {
    if outcome.standing == Standing::NotApplicable {
        return Some(format!("not applicable: {}", outcome.message));
    }
    report
        .known(outcome)
        .map(|reason| format!("known: {reason}"))
}

fn write_case(xml: &mut String, report: &Report, outcome: &Outcome, letter: char) {
    let case = outcome.case;
    let name = escape(&format!("{} {} ({})", case.id(), case.title, case.section));
    let seconds = outcome.took.as_secs_f64();
    let _ = write!(
        xml,
        "<testcase classname=\"cas.{letter}\" name=\"{name}\" time=\"{seconds:.3}\">"
    );
    if let Some(reason) = skip_reason(report, outcome) {
        let _ = write!(xml, "<skipped message=\"{}\"/>", escape(&reason));
    } else if outcome.standing == Standing::Fail {
        let message = escape(&outcome.message);
        let level = case.level.as_str();
        let _ = write!(
            xml,
            "<failure type=\"{level}\" message=\"{message}\">{}</failure>",
            steps(outcome)
        );
    } else if outcome.standing == Standing::Warning {
        let _ = write!(
            xml,
            "<system-out>warning: {}</system-out>",
            escape(&outcome.message)
        );
    }
    xml.push_str("</testcase>\n");
}

/// The exchanges, a line each: the whole of them is in the other reports.
fn steps(outcome: &Outcome) -> String {
    let lines = outcome.evidence.exchanges.iter().map(step);
    escape(&lines.collect::<Vec<_>>().join("\n"))
}

fn step(exchange: &Exchange) -> String {
    let status = exchange
        .status
        .map_or_else(|| "no answer".to_owned(), |it| it.to_string());
    let to = exchange.headers.iter().find(|(name, _)| name == "location");
    let to = to
        .map(|(_, value)| format!(" → {value}"))
        .unwrap_or_default();
    format!(
        "{}: {} {} {status}{to}",
        exchange.party.as_str(),
        exchange.method,
        exchange.url
    )
}

#[cfg(test)]
mod tests {
    use crate::suite::report::samples;

    #[test]
    fn it_is_xml_that_counts_right() {
        let xml = super::write(&samples::report());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        let count = |name: &str| {
            root.descendants()
                .filter(|it| it.has_tag_name(name))
                .count()
        };
        assert_eq!(count("testsuite"), 2);
        assert_eq!(count("testcase"), 5);
        assert_eq!(count("failure"), 1);
        assert_eq!(count("skipped"), 2);
        assert_eq!(count("system-out"), 1);
        for (name, value) in [
            ("tests", "5"),
            ("failures", "1"),
            ("skipped", "2"),
            ("time", "7.500"),
        ] {
            assert_eq!(root.attribute(name), Some(value), "{name}");
        }
        let failure = root
            .descendants()
            .find(|it| it.has_tag_name("failure"))
            .unwrap();
        assert_eq!(
            failure.attribute("message"),
            Some("expected <a> & \"b\",\u{fffd} got ']]>'")
        );
        assert!(
            failure
                .text()
                .unwrap()
                .contains("GET http://localhost/cas/login?service=a&b=<script>")
        );
        assert!(xml.contains("known: It &lt;never&gt; did."), "{xml}");
    }
}
