//! What a service is told about people: never more than it was.

use serde_json::{Value, json};

use super::attributes::{AttributeNames, Word};
use super::document::{class, flag, is_blank, list, pairs, text, texts};
use super::notes::Notes;
use crate::cas::AttributeName;

const KEY: &[&str] = &["attributeReleasePolicy"];

/// Attributes by the names that the service knows them by.
#[derive(Debug, Default)]
pub(super) struct Releases {
    found: Vec<(String, Source)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Word(Word),
    Constant(String),
}

impl Releases {
    pub(super) fn of(service: &Value, names: &AttributeNames, notes: &mut Notes) -> Self {
        let policy = &service["attributeReleasePolicy"];
        let mut releases = Self::default();
        if !is_blank(policy) {
            releases.policy(policy, names, notes);
            releases.tell(notes);
        }
        releases
    }

    pub(super) fn to_json(&self) -> Value {
        self.found
            .iter()
            .map(|(name, source)| match source {
                Source::Word(word) if word.as_str() == name => json!(name),
                Source::Word(word) => json!({ "attribute": word.as_str(), "as": name }),
                Source::Constant(text) => json!({ "constant": text, "as": name }),
            })
            .collect()
    }

    fn tell(&self, notes: &mut Notes) {
        if self.found.is_empty() {
            notes.converted(KEY, "→ nothing but the user name");
        } else {
            notes.converted(KEY, format!("→ \"release\": {}", self.to_json()));
        }
    }

    fn policy(&mut self, policy: &Value, names: &AttributeNames, notes: &mut Notes) {
        let mut own = Self::default();
        let allowed = &policy["allowedAttributes"];
        match class(policy) {
            "" | "ReturnAllowedAttributeReleasePolicy" => {
                for name in texts(allowed) {
                    own.attribute(&name, &name, names, notes);
                }
            }
            "ReturnMappedAttributeReleasePolicy" => {
                for (name, targets) in pairs(allowed) {
                    for target in texts(targets) {
                        own.attribute(name, &target, names, notes);
                    }
                }
            }
            "ReturnAllAttributeReleasePolicy" => own.everything(policy, names, notes),
            "ReturnStaticAttributeReleasePolicy" => own.constants(allowed, notes),
            "DenyAllAttributeReleasePolicy" => {}
            "ChainingAttributeReleasePolicy" => own.chain(policy, names, notes),
            other => {
                let says = "decides what is told in a way that has no counterpart; nothing is told";
                notes
                    .left_out(KEY, says)
                    .value(other)
                    .instead("\"release\" with the attributes that the service needs");
            }
        }
        own.filter(&policy["attributeFilter"], policy, notes);
        switches(policy, notes);
        self.found.append(&mut own.found);
    }

    /// An attribute of the old server under the name that the service knows.
    fn attribute(&mut self, name: &str, target: &str, names: &AttributeNames, notes: &mut Notes) {
        let script = ["groovy", "file:", "classpath:", "#{"];
        let path = [KEY, &["allowedAttributes"]].concat();
        if script
            .iter()
            .any(|begin| target.trim_start().starts_with(begin))
        {
            let says = "is made by a script, which isn't run here; it isn't told";
            notes
                .left_out(&path, says)
                .value(format!("{name}: {target}"));
            return;
        }
        match names.word(name) {
            Some(Word::None) => {
                notes
                    .left_out(&path, "isn't told, as the file of --attributes says")
                    .value(name);
            }
            Some(word) => self.add(target, Source::Word(word), &path, notes),
            None => {
                let instead = format!(
                    "in the file of --attributes: [attributes] {name:?} = \"org\", or another"
                );
                let says = "is no attribute that is known here; it isn't told";
                notes.left_out(&path, says).value(name).instead(instead);
            }
        }
    }

    fn add(&mut self, target: &str, source: Source, path: &[&str], notes: &mut Notes) {
        if AttributeName::parse(target).is_none() {
            let says = "can't be the name of an attribute in an answer; it isn't told";
            notes.left_out(path, says).value(target);
            return;
        }
        match self.found.iter().find(|(name, _)| name == target) {
            Some((_, known)) if *known == source => {}
            Some(_) => {
                notes
                    .left_out(path, "has two sources; the first is told")
                    .value(target);
            }
            None => self.found.push((target.to_owned(), source)),
        }
    }

    fn everything(&mut self, policy: &Value, names: &AttributeNames, notes: &mut Notes) {
        let excluded = texts(&policy["excludedAttributes"]);
        let (all, said) = names.return_all();
        for name in all.into_iter().filter(|n| !excluded.iter().any(|e| e == n)) {
            self.attribute(name, name, names, notes);
        }
        if !said {
            let says = "the service was told all there is; it is told a few facts, and neither \
                        mail nor phone nor groups";
            notes.differs(KEY, says).value(class(policy)).instead(
                "in the file of --attributes: return_all = [\"uid\", \"mail\", …], as the old \
                 server resolves them",
            );
        }
    }

    fn constants(&mut self, allowed: &Value, notes: &mut Notes) {
        let path = [KEY, &["allowedAttributes"]].concat();
        for (name, values) in pairs(allowed) {
            match texts(values).as_slice() {
                [text] if text.contains("#{") || text.contains("${") => {
                    notes
                        .left_out(&path, "is computed, which isn't done here")
                        .value(text);
                }
                [text] => self.add(name, Source::Constant(text.clone()), &path, notes),
                several => {
                    let says = "a constant has one value here; it isn't told";
                    notes
                        .left_out(&path, says)
                        .value(format!("{name}: {}", several.join(", ")));
                }
            }
        }
    }

    fn chain(&mut self, policy: &Value, names: &AttributeNames, notes: &mut Notes) {
        let mut policies = list(&policy["policies"]);
        policies.sort_by_key(|policy| policy["order"].as_i64().unwrap_or_default());
        if policies
            .iter()
            .any(|p| class(p) == "DenyAllAttributeReleasePolicy")
        {
            notes.differs(KEY, "one policy of the chain denies all: nothing is told");
            return;
        }
        // With REPLACE a later policy overrides an earlier one.
        if text(&policy["mergingPolicy"]).eq_ignore_ascii_case("replace") {
            policies.reverse();
        }
        for policy in policies {
            let mut own = Self::default();
            own.policy(policy, names, notes);
            for (name, source) in own.found {
                self.add(&name, source, KEY, notes);
            }
        }
    }

    /// Leaves out the attributes whose values were looked at.
    fn filter(&mut self, filter: &Value, policy: &Value, notes: &mut Notes) {
        if is_blank(filter) {
            return;
        }
        let mapped = matches!(
            class(filter),
            "RegisteredServiceMappedRegexAttributeFilter"
                | "RegisteredServiceReverseMappedRegexAttributeFilter"
        );
        let path = [KEY, &["attributeFilter"]].concat();
        if !mapped || flag(filter, "excludeUnmappedAttributes", false) {
            self.found.clear();
            let says = "values can't be filtered: nothing of this policy is told";
            notes.left_out(&path, says).value(class(filter));
            return;
        }
        let renamed = pairs(&policy["allowedAttributes"]);
        for (name, _) in pairs(&filter["patterns"]) {
            let mut targets = vec![name.to_owned()];
            let maps = renamed.iter().filter(|(from, _)| *from == name);
            targets.extend(maps.flat_map(|(_, to)| texts(to)));
            self.found.retain(|(target, _)| !targets.contains(target));
            let says = "its values can't be filtered: it isn't told";
            notes.left_out(&path, says).value(name);
        }
    }
}

/// What a policy says beside the attributes.
fn switches(policy: &Value, notes: &mut Notes) {
    for (key, says) in [
        (
            "authorizedToReleaseCredentialPassword",
            "a password is never told to anybody",
        ),
        (
            "authorizedToReleaseProxyGrantingTicket",
            "a proxy-granting ticket goes to its callback only",
        ),
    ] {
        if flag(policy, key, false) {
            notes.left_out(&[KEY, &[key]].concat(), says);
        }
    }
    let consent = &policy["consentPolicy"];
    let asked = text(&consent["status"]).eq_ignore_ascii_case("true");
    if asked || flag(consent, "enabled", false) {
        let says = "nobody is asked before attributes are told";
        notes.left_out(&[KEY, &["consentPolicy"]].concat(), says);
    }
    let repository = class(&policy["principalAttributesRepository"]);
    if !matches!(repository, "" | "DefaultPrincipalAttributesRepository") {
        let says = "attributes come from the roster always";
        notes.left_out(&[KEY, &["principalAttributesRepository"]].concat(), says);
    }
}
