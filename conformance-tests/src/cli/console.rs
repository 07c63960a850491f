//! What the terminal shows.

use std::cell::Cell;
use std::io::IsTerminal as _;

use conformance_tests::suite::case::About;
use conformance_tests::suite::report::Report;
use conformance_tests::suite::runner::{Outcome, Standing};

/// One line a case, as it ends.
#[derive(Debug)]
pub struct Console {
    count: usize,
    done: Cell<usize>,
    colours: bool,
}

impl Console {
    pub fn new(count: usize) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            count,
            done: Cell::new(0),
            colours,
        }
    }

    pub fn show(&self, outcome: &Outcome) {
        self.done.set(self.done.get() + 1);
        let (word, colour) = match outcome.standing {
            Standing::Pass => ("pass", "32"),
            Standing::Fail => ("FAIL", "31;1"),
            Standing::Warning => ("warn", "33"),
            Standing::NotApplicable => ("n/a ", "2"),
        };
        let word = if self.colours {
            format!("\x1b[{colour}m{word}\x1b[0m")
        } else {
            word.to_owned()
        };
        let case = outcome.case;
        println!(
            "[{:>3}/{}] {word} {:>5}  {}",
            self.done.get(),
            self.count,
            case.id(),
            case.title
        );
        if !outcome.message.is_empty() {
            println!("{:21}{}", "", outcome.message);
        }
    }
}

/// The last lines; true where nothing failed, or exactly what was expected to.
pub fn summary(report: &Report) -> bool {
    println!(
        "\n{} passed, {} failed, {} warnings, {} not applicable; {} of {} assertions judged in {:.0} s",
        report.count(Standing::Pass),
        report.count(Standing::Fail),
        report.count(Standing::Warning),
        report.count(Standing::NotApplicable),
        report.assertions(),
        report.suite.assertions,
        report.took().as_secs_f64(),
    );
    let Some(expectations) = &report.expectations else {
        return report.count(Standing::Fail) == 0;
    };
    let surprises = expectations.surprises(&report.outcomes);
    for surprise in &surprises {
        println!("{surprise}");
    }
    if surprises.is_empty() {
        println!("As expected of {}.", expectations.server);
    }
    surprises.is_empty()
}

/// `--list`
pub fn list<'a>(cases: impl Iterator<Item = &'a About>) {
    for case in cases {
        println!(
            "{:>5}  {:8} {:24} {}",
            case.id(),
            case.level.as_str(),
            case.section,
            case.title
        );
    }
}
