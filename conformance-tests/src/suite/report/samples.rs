//! A small run for the tests of the writers.

use std::time::Duration;

use super::Report;
use crate::suite::cas;
use crate::suite::evidence::{Exchange, Kept, Party};
use crate::suite::expectations::Expectations;
use crate::suite::options::Profile;
use crate::suite::runner::{Outcome, Standing};

/// A case that came out so.
pub fn outcome(id: &str, standing: Standing) -> Outcome {
    let case = &cas::all().find(|case| case.id() == id).unwrap().about;
    let message = match standing {
        Standing::Pass => String::new(),
        _ => "expected <a> & \"b\",\u{1b} got ']]>'".to_owned(),
    };
    let exchange = Exchange {
        party: Party::Browser,
        method: "GET".to_owned(),
        url: "http://localhost/cas/login?service=a&b=<script>alert(1)</script>".to_owned(),
        request_headers: vec![("accept".to_owned(), "*/*".to_owned())],
        request_body: Some("a=1".to_owned()),
        status: Some(200),
        headers: vec![("x".to_owned(), "\"quoted\"".to_owned())],
        body: "<script>alert(2)</script>\0".to_owned(),
        error: None,
        milliseconds: 12,
    };
    Outcome {
        case,
        standing,
        message,
        took: Duration::from_millis(1500),
        evidence: Kept {
            exchanges: vec![exchange],
            left_out: 3,
        },
    }
}

/// One of each standing, and a known failure.
pub fn report() -> Report {
    let known = "server = 'x 1'\n[[known]]\ncase = '49'\nreason = 'It <never> did.'\n";
    Report {
        suite: &cas::SUITE,
        base: "http://localhost/cas?<x>".to_owned(),
        profile: Profile::Lenient,
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        outcomes: vec![
            outcome("1", Standing::Pass),
            outcome("2a", Standing::Fail),
            outcome("4", Standing::Warning),
            outcome("42a", Standing::NotApplicable),
            outcome("49", Standing::Fail),
        ],
        expectations: Some(Expectations::parse(&cas::SUITE, known).unwrap()),
    }
}
