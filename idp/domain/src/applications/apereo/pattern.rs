//! A `serviceId` as a list of our patterns, none of which is wider than it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::claim::{Claim, Dropped, Narrowed, Query, Reach, Reading, literal};
use super::document::{class, text};
use super::expand::{Expansion, Sequence, Token};
use super::expression::Node;
use super::notes::Notes;
use super::report::Mark;
use crate::applications::{PatternRules, Scheme, ServicePattern};

const KEY: &[&str] = &["serviceId"];

/// What a `serviceId` became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Services {
    pub(super) patterns: Vec<ServicePattern>,
    /// Services of other schemes, for proxy tickets only.
    pub(super) opaque: Vec<String>,
}

impl Services {
    pub(super) fn plain_http(&self) -> bool {
        self.patterns.iter().any(|p| p.scheme() == Scheme::Http)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.opaque.is_empty()
    }
}

/// Reads `serviceId`, in the way that `matchingStrategy` says.
pub(super) fn convert(service: &Value, demo: bool, notes: &mut Notes) -> Services {
    let id = text(&service["serviceId"]);
    let strategy = &service["matchingStrategy"];
    let path = &["matchingStrategy"];
    let literal = match class(strategy) {
        "" | "FullRegexRegisteredServiceMatchingStrategy" => false,
        "PartialRegexRegisteredServiceMatchingStrategy" => {
            let says = "was read as if it had to match the whole address; what else holds a match \
                        is left out";
            notes.differs(path, says).value(class(strategy));
            false
        }
        "LiteralRegisteredServiceMatchingStrategy" => true,
        other => {
            notes
                .left_out(path, "is no way to match that is known here")
                .value(other);
            return Services::default();
        }
    };
    let expansion = if literal {
        Ok(Expansion {
            sequences: vec![id.chars().map(Token::Char).collect()],
            shortened: Vec::new(),
        })
    } else {
        match Node::read(&id) {
            Ok(node) => Expansion::of(&node).map_err(|error| error.to_string()),
            Err(unread) => Err(unread.to_string()),
        }
    };
    match expansion {
        Ok(expansion) => services(&id, &expansion, demo, notes),
        Err(problem) => {
            let instead = "write each address or folder: https://HOST/FOLDER/*";
            notes.left_out(KEY, problem).value(&id).instead(instead);
            Services::default()
        }
    }
}

fn services(id: &str, expansion: &Expansion, demo: bool, notes: &mut Notes) -> Services {
    let rules = PatternRules {
        plain_http: true,
        demo,
    };
    let readings: Vec<(&Sequence, Reading)> = expansion
        .sequences
        .iter()
        .map(|sequence| (sequence, Reading::of(sequence)))
        .collect();
    let mut services = Services::default();
    let mut remarks = Remarks::default();
    for wild in &expansion.shortened {
        remarks.add(
            Mark::Differs,
            format!("`{wild}` stands for endless repetitions, of which the first was taken"),
            None,
        );
    }
    for text in merged(&readings, &mut remarks) {
        match ServicePattern::parse(&text, rules) {
            Ok(pattern) if services.patterns.contains(&pattern) => {}
            Ok(pattern) => services.patterns.push(pattern),
            Err(error) => remarks.add(Mark::LeftOut, format!("{text} {error}"), None),
        }
    }
    without_covered(&mut services.patterns);
    for (sequence, reading) in &readings {
        for narrowed in &reading.narrowed {
            remarks.narrowed(narrowed);
        }
        for dropped in &reading.dropped {
            if let Dropped::NotWeb {
                literal: Some(text),
                ..
            } = dropped
            {
                services.opaque.push(text.clone());
            } else if !readings.iter().any(|(other, _)| holds(other, sequence)) {
                remarks.dropped(dropped);
            }
        }
    }
    remarks.tell(id, &services, notes);
    services
}

/// Whether the first alternative matches whatever the second does, and could be expressed.
fn holds(wide: &[Token], narrow: &[Token]) -> bool {
    let Some((Token::Many { set, min: 0, .. }, begin)) = wide.split_last() else {
        return false;
    };
    set.covers_queries()
        && narrow.starts_with(begin)
        && begin.last() == Some(&Token::Char('/'))
        && Reading::of(wide).dropped.is_empty()
        && wide != narrow
}

/// The claims as patterns. One of a path without a query and one of the same with any make the
/// pattern that accepts any.
fn merged(readings: &[(&Sequence, Reading)], remarks: &mut Remarks) -> Vec<String> {
    let claims: BTreeSet<&Claim> = readings.iter().flat_map(|(_, r)| &r.claims).collect();
    let has = |claim: &Claim, query: Query| {
        claims.contains(&Claim {
            query,
            ..claim.clone()
        })
    };
    let mut texts = Vec::new();
    for claim in &claims {
        let wild = match claim.reach {
            Reach::Exact => "",
            Reach::Below => "*",
            Reach::Beyond => "*+",
        };
        let begin = format!("{}{}", claim.origin, claim.path);
        match &claim.query {
            Query::None if has(claim, Query::Some) => texts.push(format!("{begin}{wild}")),
            Query::None => texts.push(format!("{begin}{wild}?")),
            Query::Exactly(query) => texts.push(format!("{begin}{wild}?{query}")),
            Query::Some if has(claim, Query::None) => {}
            Query::Some => remarks.dropped(&Dropped::QueryNeeded {
                begin: format!("{begin}{wild}"),
            }),
        }
    }
    texts
}

/// Leaves out what another pattern of the list covers anyway.
fn without_covered(patterns: &mut Vec<ServicePattern>) {
    let all = patterns.clone();
    patterns.retain(|pattern| {
        !all.iter()
            .any(|other| other != pattern && other.holds(pattern))
    });
}

/// What is to be said about a pattern, each thing once.
#[derive(Default)]
struct Remarks {
    found: Vec<(Mark, String, Option<String>)>,
    dots: bool,
}

impl Remarks {
    fn add(&mut self, mark: Mark, says: String, instead: Option<String>) {
        let remark = (mark, says, instead);
        if !self.found.contains(&remark) {
            self.found.push(remark);
        }
    }

    fn narrowed(&mut self, narrowed: &Narrowed) {
        let says = match narrowed {
            Narrowed::Dot => {
                self.dots = true;
                return;
            }
            Narrowed::AfterHost(wild) => format!(
                "`{wild}` straight behind the host also matches longer host names and any port; \
                 this host and port alone were taken"
            ),
            Narrowed::InSegment { path, wild } => format!(
                "`{wild}` behind {path} also matches other names that begin so ({path}x); what \
                 lies below {path}/ was taken, and {path} itself if nothing need follow"
            ),
            Narrowed::Alphabet { path, wild } => format!(
                "`{wild}` permits some characters only, which a pattern can't say; {path} alone \
                 was taken"
            ),
        };
        self.add(Mark::Differs, says, None);
    }

    fn dropped(&mut self, dropped: &Dropped) {
        let (says, instead) = explain(dropped);
        self.add(Mark::LeftOut, says, instead);
    }

    fn tell(self, id: &str, services: &Services, notes: &mut Notes) {
        if services.is_empty() {
            let says = "matches no address that can be taken over";
            notes.left_out(KEY, says).value(id);
        } else {
            let patterns = services.patterns.iter().map(ToString::to_string);
            let all: Vec<String> = patterns.chain(services.opaque.iter().cloned()).collect();
            let mut says = format!("→ {}", all.join("  "));
            if self.dots {
                says.push_str("  (dots without a backslash read as full stops)");
            }
            notes.converted(KEY, says).value(id);
        }
        if services.plain_http() {
            let says = "accepts http:, so tickets travel in clear; \"plain_http\" is set, since \
                        the expression asks for it";
            notes
                .differs(KEY, says)
                .instead("take the http: patterns out when the application speaks https");
        }
        if !services.opaque.is_empty() {
            let says = format!(
                "{} is no web address: it is taken as a service for proxy tickets",
                services.opaque.join(" ")
            );
            notes.differs(KEY, says);
        }
        for (mark, says, instead) in self.found {
            notes.add(mark, KEY, says).instead = instead;
        }
    }
}

/// What is wrong with an alternative, and the nearest that is safe.
fn explain(dropped: &Dropped) -> (String, Option<String>) {
    match dropped {
        Dropped::Scheme(wild) => (
            format!("`{wild}` leaves the scheme open: any address at all would be a service"),
            Some("https://HOST/* for each application that there is".to_owned()),
        ),
        Dropped::NotWeb { scheme, .. } => (
            format!("{scheme}: is no scheme of the web, and its addresses aren't written out"),
            Some("\"opaque_services\" with each address, for proxy tickets".to_owned()),
        ),
        Dropped::NoUrl => ("is no address with scheme and host".to_owned(), None),
        Dropped::Host { wild, scheme, tail } => {
            let host = if tail.is_empty() {
                "HOST"
            } else {
                &format!("HOST{tail}")
            };
            (
                format!("`{wild}` leaves the host open: whoever has such a host gets tickets"),
                Some(format!("{scheme}://{host}/* for each host that there is")),
            )
        }
        Dropped::Port { wild, origin } => (
            format!("`{wild}` leaves the port open; a pattern names one"),
            Some(format!("{origin}:PORT/* for each port in use")),
        ),
        Dropped::Path { wild, begin } => (
            format!(
                "`{wild}` behind {begin} can't be said: a pattern is exact, or open at its end for \
                 every character"
            ),
            Some(format!("{begin}… with each name written out")),
        ),
        Dropped::Length { wild, begin } => (
            format!("`{wild}` behind {begin} asks for a length, which a pattern can't"),
            Some(format!("{begin}… with each name written out")),
        ),
        Dropped::Query { wild, begin } => (
            format!("`{wild}` in the query of {begin} can't be said: a query is compared whole"),
            Some(format!("{begin}?NAME=VALUE for each query in use")),
        ),
        Dropped::QueryNeeded { begin } => (
            format!("{begin} is accepted with a query only, which a pattern can't ask for"),
            Some(format!("{begin}?NAME=VALUE for each query in use")),
        ),
        Dropped::Fragment { begin } => (
            format!("{begin}#… has a fragment, which never reaches a server"),
            Some(format!(
                "{begin} with \"spa_fragment\": true, if the application needs it"
            )),
        ),
        Dropped::Star { begin } => (
            format!("{begin}* means the character `*` itself, which a pattern can't hold"),
            None,
        ),
    }
}

/// The addresses that an expression matches, if they are few; for callbacks, which are compared
/// whole. Dots are read as full stops.
pub(super) fn addresses(expression: &str) -> Result<Vec<String>, String> {
    let node = Node::read(expression).map_err(|unread| unread.to_string())?;
    let expansion = Expansion::of(&node).map_err(|error| error.to_string())?;
    let addresses = expansion.sequences.iter().map(|sequence| {
        let dotted: Sequence = sequence
            .iter()
            .map(|token| match token {
                Token::Dot(_) => Token::Char('.'),
                other => other.clone(),
            })
            .collect();
        literal(&dotted)
    });
    let all: Option<Vec<String>> = addresses.collect();
    match all {
        Some(all) if expansion.shortened.is_empty() => Ok(all),
        _ => Err("matches more than a few addresses".to_owned()),
    }
}
