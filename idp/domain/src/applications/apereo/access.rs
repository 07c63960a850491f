//! Who may enter: never more than the old server let in. What can't be said closes the entry.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::attributes::{AttributeNames, Word};
use super::document::{class, flag, is_blank, list, pairs, text, texts};
use super::moment;
use super::notes::Notes;
use super::values::admitted;

/// What an entry's access policy is made of; all that is given must hold.
#[derive(Debug, Default)]
pub(super) struct Access {
    affiliations: Option<Vec<String>>,
    org_units: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    from: Option<Date>,
    until: Option<Date>,
    pub(super) require_fresh: bool,
}

/// What the conversion goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) names: &'a AttributeNames,
    /// The school's.
    pub(super) zone: &'a TimeZone,
}

impl Access {
    pub(super) fn of(service: &Value, context: Context, notes: &mut Notes) -> Self {
        let mut access = Self::default();
        let strategy = &service["accessStrategy"];
        if !is_blank(strategy) {
            access.strategy(strategy, &["accessStrategy"], context, notes);
        }
        // Registries of version 3 and older have the switches outside.
        access.switches(service, &[], notes);
        access.expiration(&service["expirationPolicy"], context, notes);
        access.participation(&service["singleSignOnParticipationPolicy"], notes);
        access
    }

    pub(super) fn to_json(&self) -> Value {
        let mut json = Map::new();
        let lists = [
            ("affiliations", &self.affiliations),
            ("org_units", &self.org_units),
            ("groups", &self.groups),
        ];
        for (key, list) in lists {
            if let Some(list) = list {
                json.insert(key.to_owned(), json!(list));
            }
        }
        for (key, date) in [("from", self.from), ("until", self.until)] {
            if let Some(date) = date {
                json.insert(key.to_owned(), json!(date.to_string()));
            }
        }
        Value::Object(json)
    }

    fn strategy(&mut self, strategy: &Value, path: &[&str], context: Context, notes: &mut Notes) {
        match class(strategy) {
            "" | "DefaultRegisteredServiceAccessStrategy" => {}
            "TimeBasedRegisteredServiceAccessStrategy" => {
                self.times(strategy, path, context, notes);
            }
            "ChainingRegisteredServiceAccessStrategy" => {
                return self.chain(strategy, path, context, notes);
            }
            other => {
                notes
                    .closes(
                        path,
                        "asks someone else who may enter, which has no counterpart",
                    )
                    .value(other);
                return self.switches(strategy, path, notes);
            }
        }
        self.switches(strategy, path, notes);
        self.required(strategy, path, context, notes);
        rest_of(strategy, path, notes);
    }

    fn switches(&mut self, holder: &Value, path: &[&str], notes: &mut Notes) {
        if !flag(holder, "enabled", true) {
            notes.closed = true;
            let path = [path, &["enabled"]].concat();
            notes.converted(&path, "→ \"enabled\": false");
        }
        if !flag(holder, "ssoEnabled", true) {
            self.require_fresh = true;
            let path = [path, &["ssoEnabled"]].concat();
            notes.converted(&path, "→ \"require_fresh\": true");
        }
    }

    fn chain(&mut self, strategy: &Value, path: &[&str], context: Context, notes: &mut Notes) {
        let strategies = list(&strategy["strategies"]);
        let any = text(&strategy["operator"]).eq_ignore_ascii_case("or");
        if any && strategies.len() > 1 {
            let path = [path, &["operator"]].concat();
            notes
                .closes(
                    &path,
                    "one of several conditions suffices, and here all of them count",
                )
                .value("OR")
                .instead("a group of all who may enter: \"access\": {\"groups\": [\"NAME\"]}");
            return;
        }
        let path = [path, &["strategies"]].concat();
        for strategy in strategies {
            self.strategy(strategy, &path, context, notes);
        }
    }

    /// Takes what must hold in addition to what there is.
    fn required(&mut self, strategy: &Value, path: &[&str], context: Context, notes: &mut Notes) {
        let required = pairs(&strategy["requiredAttributes"]);
        let path = [path, &["requiredAttributes"]].concat();
        let path = path.as_slice();
        let words: Vec<_> = required
            .iter()
            .map(|(name, _)| context.names.word(name))
            .collect();
        let all = flag(strategy, "requireAllAttributes", true);
        let alike = words.windows(2).all(|pair| pair[0] == pair[1]);
        if !all && !alike {
            let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
            notes
                .closes(
                    path,
                    "one of these attributes suffices, and here all of them count",
                )
                .value(names.join(", "))
                .instead("a group of all who may enter: \"access\": {\"groups\": [\"NAME\"]}");
            return;
        }
        let ignore_case = flag(strategy, "caseInsensitive", false);
        let mut merged: Vec<(&str, Word, Vec<String>)> = Vec::new();
        for ((name, values), word) in required.into_iter().zip(words) {
            let Some(word @ (Word::Affiliation | Word::Org | Word::Groups)) = word else {
                notes
                    .closes(
                        &[path, &[name]].concat(),
                        "no rule here goes by this attribute",
                    )
                    .value(texts(values).join(", "))
                    .instead("a group of all who may enter: \"access\": {\"groups\": [\"NAME\"]}");
                continue;
            };
            let Some(mut admitted) =
                admitted(name, word, values, ignore_case, context, path, notes)
            else {
                continue;
            };
            match merged
                .iter_mut()
                .find(|(_, known, _)| !all && *known == word)
            {
                Some((_, _, values)) => values.append(&mut admitted),
                None => merged.push((name, word, admitted)),
            }
        }
        for (name, word, values) in merged {
            self.narrow(word, values, &[path, &[name]].concat(), notes);
        }
    }

    fn narrow(&mut self, word: Word, mut values: Vec<String>, path: &[&str], notes: &mut Notes) {
        let (key, list) = match word {
            Word::Affiliation => ("affiliations", &mut self.affiliations),
            Word::Org => ("org_units", &mut self.org_units),
            _ => ("groups", &mut self.groups),
        };
        if let Some(before) = list {
            values.retain(|value| before.contains(value));
        }
        if values.is_empty() {
            notes.closes(path, "no value is left that could be asked for");
            return;
        }
        values.sort();
        values.dedup();
        notes.converted(path, format!("→ \"{key}\": {}", json!(values)));
        if word == Word::Org {
            notes.differs(path, "units below these are admitted too");
        }
        let wide = |value: &&String| matches!(value.as_str(), "member" | "employee");
        if word == Word::Affiliation
            && let Some(wide) = values.iter().find(wide)
        {
            let says = format!(
                "\"{wide}\" admits here only who is on the roster as that; students, staff and \
                 faculty need their own words"
            );
            notes.differs(path, says);
        }
        *list = Some(values);
    }

    fn times(&mut self, strategy: &Value, path: &[&str], context: Context, notes: &mut Notes) {
        let theirs = strategy["zoneId"].as_str().unwrap_or("UTC");
        for (key, starts) in [("startingDateTime", true), ("endingDateTime", false)] {
            if is_blank(&strategy[key]) {
                continue;
            }
            let path = [path, &[key]].concat();
            let value = text(&strategy[key]);
            match moment::read(&value, theirs) {
                Some(moment) if starts => {
                    let (from, exact) = moment.first_whole_day(context.zone);
                    self.from = self.from.max(Some(from));
                    told("from", from, exact, &value, &path, notes);
                }
                Some(moment) => {
                    let (until, exact) = moment.first_day_after(context.zone);
                    self.end(until);
                    told("until", until, exact, &value, &path, notes);
                }
                None => {
                    notes
                        .closes(&path, "is no time that can be read")
                        .value(value);
                }
            }
        }
    }

    fn end(&mut self, until: Date) {
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
    }

    fn expiration(&mut self, policy: &Value, context: Context, notes: &mut Notes) {
        if is_blank(&policy["expirationDate"]) {
            return;
        }
        let path = ["expirationPolicy", "expirationDate"];
        let value = text(&policy["expirationDate"]);
        let zone = context.zone.iana_name().unwrap_or("UTC");
        let Some(moment) = moment::read(&value, zone) else {
            notes
                .closes(&path, "is no time that can be read")
                .value(value);
            return;
        };
        let (until, exact) = moment.first_day_after(context.zone);
        self.end(until);
        told("until", until, exact, &value, &path, notes);
        if [
            "deleteWhenExpired",
            "notifyWhenDeleted",
            "notifyWhenExpired",
        ]
        .iter()
        .any(|key| flag(policy, key, false))
        {
            let says = "an entry past its date stays, closed, and nobody is told";
            notes.differs(&["expirationPolicy"], says);
        }
    }

    /// Conditions under which a session counts; without one that can be said it never does.
    fn participation(&mut self, policy: &Value, notes: &mut Notes) {
        let path = ["singleSignOnParticipationPolicy"];
        match class(policy) {
            "" => {}
            "DefaultRegisteredServiceSingleSignOnParticipationPolicy" => {
                notes.left_out(
                    &path,
                    "a sign-in for this service begins a session as any other",
                );
            }
            other => {
                self.require_fresh = true;
                let says = "when a session counts can't be said: → \"require_fresh\": true";
                notes.differs(&path, says).value(other);
            }
        }
    }
}

fn told(key: &str, date: Date, exact: bool, value: &str, path: &[&str], notes: &mut Notes) {
    let says = format!("→ \"{key}\": \"{date}\"");
    if exact {
        notes.converted(path, says).value(value);
        return;
    }
    let says = format!("{says}: days begin and end at midnight here, so part of a day is lost");
    let other = if key == "from" {
        date.yesterday()
    } else {
        date.tomorrow()
    };
    let finding = notes.differs(path, says).value(value);
    if let Ok(other) = other {
        finding.instead(format!(
            "\"{key}\": \"{other}\", if all of that day may count"
        ));
    }
}

/// The keys of a strategy that were dealt with, or narrow nothing.
const KNOWN: [&str; 16] = [
    "@class",
    "enabled",
    "ssoEnabled",
    "requireAllAttributes",
    "requiredAttributes",
    "caseInsensitive",
    "startingDateTime",
    "endingDateTime",
    "zoneId",
    "operator",
    "strategies",
    "order",
    "rejectedAttributes",
    "unauthorizedRedirectUrl",
    "delegatedAuthenticationPolicy",
    "activationCriteria",
];

/// What else a strategy says.
fn rest_of(strategy: &Value, path: &[&str], notes: &mut Notes) {
    for (name, values) in pairs(&strategy["rejectedAttributes"]) {
        let path = [path, &["rejectedAttributes", name]].concat();
        notes
            .closes(
                &path,
                "keeping people out by an attribute has no counterpart",
            )
            .value(texts(values).join(", "))
            .instead("a group of all who may enter: \"access\": {\"groups\": [\"NAME\"]}");
    }
    if !is_blank(&strategy["unauthorizedRedirectUrl"]) {
        let path = [path, &["unauthorizedRedirectUrl"]].concat();
        let says = "who may not enter sees our page, which says why and whom to ask";
        notes
            .left_out(&path, says)
            .value(text(&strategy["unauthorizedRedirectUrl"]));
    }
    if !is_blank(&strategy["activationCriteria"]) {
        let path = [path, &["activationCriteria"]].concat();
        notes.differs(
            &path,
            "the conditions hold always here, not only where this does",
        );
    }
    let delegated = &strategy["delegatedAuthenticationPolicy"];
    if !is_blank(delegated) {
        let path = [path, &["delegatedAuthenticationPolicy"]].concat();
        if flag(delegated, "exclusive", false) {
            notes.closes(
                &path,
                "only sign-ins at other providers are wanted, which there are none of",
            );
        } else {
            notes.left_out(&path, "there is no sign-in at other providers");
        }
    }
    for (key, value) in pairs(strategy) {
        if !KNOWN.contains(&key) && !is_blank(value) {
            let path = [path, &[key]].concat();
            notes
                .closes(
                    &path,
                    "is no setting of an access strategy that is known here",
                )
                .value(text(value));
        }
    }
}
