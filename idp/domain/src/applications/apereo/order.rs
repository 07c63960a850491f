//! Of several services that match an address, the old server asked the one that comes first.

use regex::{Regex, RegexBuilder};

use super::report::{Finding, Mark};
use super::service::Draft;
use crate::applications::ServicePattern;

/// Bytes that a compiled expression may take.
const MAX_COMPILED: usize = 1 << 20;

/// Sorts as the old server does, and takes from each what another one before it decides.
pub(super) fn settle(drafts: &mut [Draft]) {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by(|a, b| rank(&drafts[*a]).cmp(&rank(&drafts[*b])));
    let expressions: Vec<Option<Regex>> = drafts.iter().map(compiled).collect();
    for (position, &index) in order.iter().enumerate() {
        let earlier = &order[..position];
        let verdicts: Vec<Verdict> = drafts[index]
            .services
            .patterns
            .iter()
            .map(|pattern| judge(pattern, earlier, drafts, &expressions))
            .collect();
        let lost: Vec<String> = opaque_lost(index, earlier, drafts);
        apply(&mut drafts[index], &verdicts, &lost);
    }
}

fn rank(draft: &Draft) -> (i64, String, &str, Option<i64>) {
    let name = draft.name.to_lowercase();
    (draft.order, name, &draft.service_id, draft.number)
}

/// The expression as the old server compares it: without regard to case.
fn compiled(draft: &Draft) -> Option<Regex> {
    let id = &draft.service_id;
    let expression = match draft.strategy.as_str() {
        "LiteralRegisteredServiceMatchingStrategy" => format!("^(?:{})$", regex::escape(id)),
        "PartialRegexRegisteredServiceMatchingStrategy" => id.clone(),
        _ => format!("^(?:{id})$"),
    };
    let mut builder = RegexBuilder::new(&expression);
    builder.case_insensitive(true).size_limit(MAX_COMPILED);
    builder.build().ok()
}

/// Who decides about a pattern.
enum Verdict {
    Own,
    /// Another entry of ours has it.
    Lost(String),
    /// A service that comes first and wasn't converted there; whether it kept people out.
    Overlaid {
        by: String,
        strict: bool,
    },
}

fn judge(
    pattern: &ServicePattern,
    earlier: &[usize],
    drafts: &[Draft],
    expressions: &[Option<Regex>],
) -> Verdict {
    let samples = samples(pattern);
    for &index in earlier {
        let other = &drafts[index];
        let by = || format!("{} ({})", other.name, other.file);
        if other.services.patterns.iter().any(|p| p.holds(pattern)) {
            return Verdict::Lost(by());
        }
        let matches = |regex: &Regex| samples.iter().all(|sample| regex.is_match(sample));
        if expressions[index].as_ref().is_some_and(matches) {
            return Verdict::Overlaid {
                by: by(),
                strict: other.restricted,
            };
        }
    }
    Verdict::Own
}

/// Addresses of a pattern, of which whoever matches all decides about it.
fn samples(pattern: &ServicePattern) -> Vec<String> {
    let text = pattern.to_string();
    let (begin, query) = match text.split_once('?') {
        Some((begin, query)) => (begin, Some(query)),
        None => (text.as_str(), None),
    };
    let open = begin.strip_suffix('+').unwrap_or(begin).strip_suffix('*');
    let paths = match open {
        Some(folder) => vec![format!("{folder}q"), format!("{folder}q7/r.s")],
        None => vec![begin.to_owned()],
    };
    let with_query = |path: String| match query {
        Some("") => vec![path],
        Some(query) => vec![format!("{path}?{query}")],
        None => vec![format!("{path}?q=7"), path],
    };
    paths.into_iter().flat_map(with_query).collect()
}

fn opaque_lost(index: usize, earlier: &[usize], drafts: &[Draft]) -> Vec<String> {
    let taken = |text: &&String| {
        let mut others = earlier.iter().map(|other| &drafts[*other]);
        // One that becomes no entry takes nothing away, unless it kept people out.
        others.any(|other| {
            let counts = !other.services.patterns.is_empty() || other.restricted;
            counts && other.services.opaque.contains(text)
        })
    };
    let own = drafts[index].services.opaque.iter();
    own.filter(taken).cloned().collect()
}

fn apply(draft: &mut Draft, verdicts: &[Verdict], opaque: &[String]) {
    let patterns = std::mem::take(&mut draft.services.patterns);
    let (order, line) = (draft.order, draft.line);
    let mut tell = |mark: Mark, key: &str, value: String, says: String| {
        draft.findings.push(Finding {
            mark,
            line,
            key: key.to_owned(),
            value: Some(value),
            says,
            instead: None,
        });
    };
    for (pattern, verdict) in patterns.into_iter().zip(verdicts) {
        let text = pattern.to_string();
        match verdict {
            Verdict::Own => draft.services.patterns.push(pattern),
            Verdict::Lost(by) => {
                let says = format!(
                    "goes to {by}, which comes before this one (evaluationOrder {order}) and has it"
                );
                tell(Mark::LeftOut, "evaluationOrder", text, says);
            }
            Verdict::Overlaid { by, strict } => {
                let mut says = format!("was decided by {by}, which came before this one");
                if *strict {
                    draft.closed = true;
                    says.push_str(
                        " and kept people out; the entry is closed until you have looked",
                    );
                } else {
                    says.push_str("; here this entry's own rules count");
                }
                tell(Mark::Differs, "evaluationOrder", text, says);
                draft.services.patterns.push(pattern);
            }
        }
    }
    for text in opaque {
        let says = "goes to a service that comes before this one".to_owned();
        tell(Mark::LeftOut, "evaluationOrder", text.clone(), says);
    }
    draft.services.opaque.retain(|text| !opaque.contains(text));
}
