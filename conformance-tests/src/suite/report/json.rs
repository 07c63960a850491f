//! JSON with everything, for programs.

use anyhow::Result;
use serde::Serialize;

use super::Report;
use crate::suite::evidence::Kept;
use crate::suite::options::Profile;
use crate::suite::runner::{Outcome, Standing};

#[derive(Serialize)]
struct Run<'a> {
    suite: &'static str,
    base: &'a str,
    profile: &'static str,
    started: String,
    seconds: f64,
    assertions_judged: usize,
    passed: usize,
    failed: usize,
    warnings: usize,
    not_applicable: usize,
    cases: Vec<CaseRow<'a>>,
}

#[derive(Serialize)]
struct CaseRow<'a> {
    case: String,
    assertion: u16,
    level: &'static str,
    section: &'static str,
    title: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    module: &'static str,
    verdict: Standing,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a str>,
    seconds: f64,
    evidence: &'a Kept,
}

/// The document.
pub fn write(report: &Report) -> Result<String> {
    let run = Run {
        suite: report.suite.protocol,
        base: &report.base,
        profile: match report.profile {
            Profile::Strict => "strict",
            Profile::Lenient => "lenient",
        },
        started: format!("{:.0}", report.started),
        seconds: report.took().as_secs_f64(),
        assertions_judged: report.assertions(),
        passed: report.count(Standing::Pass),
        failed: report.count(Standing::Fail),
        warnings: report.count(Standing::Warning),
        not_applicable: report.count(Standing::NotApplicable),
        cases: report
            .outcomes
            .iter()
            .map(|outcome| row(report, outcome))
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&run)?)
}

fn row<'a>(report: &'a Report, outcome: &'a Outcome) -> CaseRow<'a> {
    CaseRow {
        case: outcome.case.id(),
        assertion: outcome.case.number,
        level: outcome.case.level.as_str(),
        section: outcome.case.section,
        title: outcome.case.title,
        module: outcome.case.module,
        verdict: outcome.standing,
        message: &outcome.message,
        known: report.known(outcome),
        seconds: outcome.took.as_secs_f64(),
        evidence: &outcome.evidence,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::suite::report::samples;

    #[test]
    fn it_has_everything() {
        let text = super::write(&samples::report()).unwrap();
        let run: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(run["failed"], 2);
        assert_eq!(run["assertions_judged"], 4);
        assert_eq!(run["profile"], "lenient");
        assert_eq!(run["started"], "2026-01-02T03:04:05Z");
        let cases = run["cases"].as_array().unwrap();
        let verdicts: Vec<&Value> = cases.iter().map(|case| &case["verdict"]).collect();
        assert_eq!(
            json!(verdicts),
            json!(["pass", "fail", "warning", "not_applicable", "fail"])
        );
        assert_eq!(cases[4]["known"], "It <never> did.");
        assert_eq!(cases[1]["evidence"]["exchanges"][0]["status"], 200);
        assert_eq!(cases[1]["evidence"]["left_out"], 3);
    }
}
