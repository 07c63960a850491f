//! One HTML file for people: no script, no other file; looks right on a phone and on paper.

use std::fmt::Write as _;

use super::{Report, escape};
use crate::suite::evidence::Exchange;
use crate::suite::options::Profile;
use crate::suite::runner::{Outcome, Standing};

const STYLE: &str = include_str!("report.css");

/// The verdicts in the order of the filter.
const VERDICTS: [Standing; 4] = [
    Standing::Fail,
    Standing::Warning,
    Standing::Pass,
    Standing::NotApplicable,
];

/// The document. Writing into a String can't fail, so the results of `write!` say nothing.
pub fn write(report: &Report) -> String {
    let mut html = String::new();
    let (base, protocol) = (escape(&report.base), report.suite.protocol);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{protocol} conformance of {base}</title><style>{STYLE}</style></head><body>\n"
    );
    header(&mut html, report);
    filter(&mut html, report);
    html.push_str("<main>\n");
    for (group, outcomes) in report.groups() {
        let (letter, title) = (group.letter, escape(group.title));
        let _ = writeln!(
            html,
            "<section><h2><span class=\"letter\">{letter}</span> {title}</h2>"
        );
        for outcome in outcomes {
            case(&mut html, report, outcome);
        }
        html.push_str("</section>\n");
    }
    html.push_str("</main></body></html>\n");
    html
}

fn header(html: &mut String, report: &Report) {
    let profile = match report.profile {
        Profile::Strict => "strict: everything counts",
        Profile::Lenient => "lenient: only a MUST counts",
    };
    let _ = write!(
        html,
        "<header><p class=\"kicker\">{} conformance</p><h1>{}</h1><dl>\
         <div><dt>Started</dt><dd>{}</dd></div><div><dt>Took</dt><dd>{:.0} s</dd></div>\
         <div><dt>Profile</dt><dd>{profile}</dd></div>\
         <div><dt>Cases</dt><dd>{}, on {} of {} assertions</dd></div>",
        report.suite.protocol,
        escape(&report.base),
        report.started.strftime("%Y-%m-%d %H:%M UTC"),
        report.took().as_secs_f64(),
        report.outcomes.len(),
        report.assertions(),
        report.suite.assertions,
    );
    if let Some(expectations) = &report.expectations {
        let known = report
            .outcomes
            .iter()
            .filter(|it| report.known(it).is_some())
            .count();
        let server = escape(&expectations.server);
        let _ = write!(
            html,
            "<div><dt>Known failures</dt><dd>{known}, of {server}</dd></div>"
        );
    }
    html.push_str("</dl>");
    bar(html, report);
    html.push_str("</header>\n");
}

/// The shares of the verdicts; the filter beside it has the figures.
fn bar(html: &mut String, report: &Report) {
    html.push_str("<div class=\"bar\" aria-hidden=\"true\">");
    for standing in VERDICTS {
        let count = report.count(standing);
        if count > 0 {
            let _ = write!(
                html,
                "<i class=\"{}\" style=\"flex-grow:{count}\"></i>",
                class(standing)
            );
        }
    }
    html.push_str("</div>");
}

/// Radio buttons that the style sheet obeys: no script is needed.
fn filter(html: &mut String, report: &Report) {
    html.push_str("<fieldset><legend>Show</legend>");
    let all = report.outcomes.len();
    let _ = write!(
        html,
        "<label><input type=\"radio\" name=\"show\" id=\"show-all\" checked><span>All <b>{all}</b></span></label>"
    );
    for standing in VERDICTS {
        let (class, count) = (class(standing), report.count(standing));
        let word = heading(standing);
        let disabled = if count == 0 { " disabled" } else { "" };
        let _ = write!(
            html,
            "<label class=\"{class}\"><input type=\"radio\" name=\"show\" id=\"show-{class}\"{disabled}>\
             <span>{word} <b>{count}</b></span></label>"
        );
    }
    html.push_str("</fieldset>\n");
}

fn case(html: &mut String, report: &Report, outcome: &Outcome) {
    let case = outcome.case;
    let class = class(outcome.standing);
    let known = report.known(outcome);
    let (word, marked) = match known {
        Some(_) => ("known", " known"),
        None => (outcome.standing.as_str(), ""),
    };
    let id = case.id();
    let _ = write!(
        html,
        "<details class=\"case {class}{marked}\" id=\"case-{id}\"><summary><span class=\"verdict\">{word}</span>\
         <span class=\"id\">{id}</span><span class=\"title\">{}</span>\
         <span class=\"clause\">{}, {}{}</span>",
        with_code(case.title),
        escape(case.section),
        case.level.as_str(),
        module(case.module),
    );
    if !outcome.message.is_empty() {
        let _ = write!(
            html,
            "<span class=\"message\">{}</span>",
            with_code(&outcome.message)
        );
    }
    html.push_str("</summary><div class=\"inside\">");
    if let Some(reason) = known {
        let _ = write!(
            html,
            "<p class=\"reason\"><b>Known:</b> {}</p>",
            with_code(reason)
        );
    }
    evidence(html, outcome);
    html.push_str("</div></details>\n");
}

/// The name of another suite's module, after a comma.
fn module(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!(", {}", escape(name)),
    }
}

/// Words in backticks are code; a backtick without a second one stands for itself.
fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let mut html = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let part = escape(part);
        let _ = match index % 2 {
            0 => write!(html, "{part}"),
            _ if index == last => write!(html, "`{part}"),
            _ => write!(html, "<code>{part}</code>"),
        };
    }
    html
}

fn evidence(html: &mut String, outcome: &Outcome) {
    let kept = &outcome.evidence;
    let (count, seconds) = (
        kept.exchanges.len() + kept.left_out,
        outcome.took.as_secs_f64(),
    );
    let plural = if count == 1 { "" } else { "s" };
    let _ = write!(
        html,
        "<p class=\"count\">{count} exchange{plural} in {seconds:.1} s</p>"
    );
    for each in &kept.exchanges {
        exchange(html, each);
    }
    if kept.left_out > 0 {
        let _ = write!(
            html,
            "<p class=\"count\">{} more were not kept</p>",
            kept.left_out
        );
    }
}

fn exchange(html: &mut String, exchange: &Exchange) {
    let status = exchange
        .status
        .map_or_else(|| "no answer".to_owned(), |it| it.to_string());
    let _ = write!(
        html,
        "<details class=\"exchange\"><summary><span class=\"party\">{}</span> <code>{} {}</code> \
         <b>{status}</b></summary><pre>",
        exchange.party.as_str(),
        escape(&exchange.method),
        escape(&exchange.url),
    );
    lines(html, &exchange.request_headers);
    if let Some(body) = exchange
        .request_body
        .as_deref()
        .filter(|body| !body.is_empty())
    {
        let _ = write!(html, "\n{}\n", escape(body));
    }
    let _ = writeln!(
        html,
        "</pre><pre><b>{status} after {} ms</b>",
        exchange.milliseconds
    );
    lines(html, &exchange.headers);
    let rest = exchange.error.as_deref().unwrap_or(&exchange.body);
    let _ = write!(html, "\n{}</pre></details>", escape(rest));
}

fn lines(html: &mut String, headers: &[(String, String)]) {
    for (name, value) in headers {
        let _ = writeln!(html, "{}: {}", escape(name), escape(value));
    }
}

fn heading(standing: Standing) -> &'static str {
    match standing {
        Standing::Fail => "Failed",
        Standing::Warning => "Warnings",
        Standing::Pass => "Passed",
        Standing::NotApplicable => "Not applicable",
    }
}

fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Fail => "fail",
        Standing::Warning => "warning",
        Standing::Pass => "pass",
        Standing::NotApplicable => "na",
    }
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use crate::suite::report::samples;

    fn count(html: &Html, selector: &str) -> usize {
        html.select(&Selector::parse(selector).unwrap()).count()
    }

    #[test]
    fn what_was_exchanged_can_do_nothing_in_the_page() {
        let text = super::write(&samples::report());
        let html = Html::parse_document(&text);
        assert_eq!(count(&html, "script, img, link, iframe"), 0);
        assert!(!text.contains("http-equiv"));
        assert!(text.contains("&lt;script&gt;alert(2)&lt;/script&gt;"));
    }

    #[test]
    fn each_case_is_there_with_its_verdict_and_evidence() {
        let html = Html::parse_document(&super::write(&samples::report()));
        assert_eq!(count(&html, "details.case"), 5);
        for (class, number) in [("pass", 1), ("fail", 2), ("warning", 1), ("na", 1)] {
            assert_eq!(
                count(&html, &format!("details.case.{class}")),
                number,
                "{class}"
            );
            assert_eq!(count(&html, &format!("input#show-{class}")), 1);
        }
        assert_eq!(count(&html, "p.reason"), 1);
        assert_eq!(count(&html, "details.case details.exchange"), 5);
        assert_eq!(count(&html, "section"), 2);
    }

    #[test]
    fn words_in_backticks_are_shown_as_code() {
        let with_code = super::with_code;
        assert_eq!(with_code("A `<b>` is"), "A <code>&lt;b&gt;</code> is");
        assert_eq!(with_code("got a ` from <x>"), "got a ` from &lt;x&gt;");
        assert_eq!(with_code("`a` and `"), "<code>a</code> and `");
    }
}
